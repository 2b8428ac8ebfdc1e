import type { Call, CallIdentity } from './call.js';
import type { FactParams, FactValue, MissingReason } from './facts.js';
import type { FactReference, RuleEvent } from './rule.js';
import type { Subject } from './scope.js';

/** What one rule says of one subject. */
export type Verdict = ViolatedVerdict | ClearVerdict | IndeterminateVerdict;

export interface ViolatedVerdict {
  result: 'violated';
  subject: Subject;
  evidence: Evidence;
  /** The rule's own event, or that of the step it has climbed to. */
  event: RuleEvent;
  /**
   * The calls that may be taken: counted by the violated aggregate, narrowed by `where`, `only` and `except`,
   * unordered. The call itself for scope call; empty for an alert.
   */
  pool: readonly Call[];
  /** How many of the pool stay. */
  keep: number;
}

export interface ClearVerdict {
  result: 'clear';
  subject: Subject;
  /** Only where an explanation was asked for: most verdicts are clear. */
  evidence?: Evidence;
}

export interface IndeterminateVerdict {
  result: 'indeterminate';
  subject: Subject;
  /** Names of the facts that were missing and decided it, sorted, each once. */
  missing: readonly string[];
  evidence: Evidence;
}

/** Why a verdict is what it is: the engine's own condition results, as JSON. */
export interface Evidence {
  conditions: ConditionEvidence;
  /** ID, CALL_ID and SETUP_TIME of the call that an action takes, or that a rule of scope call judged. */
  call?: CallEvidence;
  /**
   * Of an account or customer action: how many calls it takes, as the caps count them. Both entries of an on-net call, each of
   * which has a record of its own, are one.
   */
  calls?: number;
  /** Of a call that is cut in place of a whole: the call that the rule, of scope call, judged. */
  judged?: CallEvidence;
  pool?: { size: number; keep: number };
  /** Where the number of calls that stay was not written in the rule: the fact that it came from. */
  keepFrom?: FactReference;
  /** Where the rule has a `for`: since when it was violated without a break, ISO 8601, and for how many seconds. */
  held?: { since: string; seconds: number };
  /**
   * Of an action: when the violation that asks for it was first seen, without a break since, ISO 8601. As the running
   * process saw it; with the confirmation of the disconnect it tells how long the violation lived.
   */
  violatedSince?: string;
  /** Of an action: when the listing was asked for that it rests on, ISO 8601. */
  listedAt?: string;
  /** Where the rule climbed: the step, and how often it had acted on the subject within the step's time. */
  escalated?: { after: number; withinSeconds: number; acted: number };
}

/** Which call it is, and of an on-net one which of its entries. */
export interface CallEvidence {
  id: string;
  callId: string;
  setupTime: string | undefined;
  direction?: string | undefined;
}

export function callEvidence({
  id,
  callId,
  setupTimeText,
  direction,
}: CallIdentity & { direction: string | undefined }): CallEvidence {
  return { id, callId, setupTime: setupTimeText, direction };
}

/** One node of the evaluated condition tree; `result` is three-valued. */
export interface ConditionEvidence {
  result: boolean | 'missing';
  all?: readonly ConditionEvidence[];
  any?: readonly ConditionEvidence[];
  not?: ConditionEvidence;
  /** Set where this node was a shared condition. */
  condition?: string;
  fact?: string;
  params?: FactParams;
  operator?: string;
  /** The value that the fact was compared with, references resolved. */
  value?: FactValue | readonly FactValue[] | null;
  /** Set where `value` was a reference. */
  valueFrom?: string;
  /** The params of that reference: which limit, and its default. */
  valueParams?: FactParams;
  /** The prefix (in normal form) or network that the observed text met, where `value` names many. */
  matched?: string;
  observed?: FactValue | null;
  atLeast?: boolean;
  missing?: MissingReason;
  /** What a windowed fact could not see. */
  gap?: GapEvidence;
}

/** What a window could not see, as a record keeps it. */
export interface GapEvidence {
  /** Seconds of the window that no sound poll covers, a time before the ledger began, or that it has let go of, included. */
  seconds: number;
  /** Where what the ledger holds begins within the window: that instant, ISO 8601. */
  knownSince?: string;
}
