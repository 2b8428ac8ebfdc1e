import { describeValue } from '../documents/found-values.js';
import { durationText } from './duration-text.js';

/** `"every": expected …, but found the number 5.`, and what else helps. */
export function butFound(expected: string, found: unknown, hint = ''): string {
  return `${expected}, but found ${describeValue(found)}.${hint}`;
}

interface CheckError {
  error: (issue: { input?: unknown }) => string | undefined;
}

/** A message for what is there and wrong; what is missing keeps the standard one. */
export function wrong(expected: string, hint = ''): CheckError {
  return { error: ({ input }) => (input === undefined ? undefined : butFound(expected, input, hint)) };
}

/** The same for a duration that is read already. */
export function wrongDuration(expected: string): CheckError {
  return { error: ({ input }) => `${expected}, but found ${durationText(Number(input))}.` };
}
