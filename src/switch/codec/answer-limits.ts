/** How much of an answer the decoder is willing to take in. The size of the whole body is the transport's to cap. */
export interface AnswerLimits {
  /** Structs and arrays inside each other; the deepest documented answer has three. */
  maxDepth: number;
  /** Characters of one value, name or comment. */
  maxTextLength: number;
  /** Items of a list of calls. */
  maxCalls: number;
}

export const DEFAULT_ANSWER_LIMITS: AnswerLimits = {
  maxDepth: 32,
  maxTextLength: 64 * 1024,
  maxCalls: 1_000_000,
};
