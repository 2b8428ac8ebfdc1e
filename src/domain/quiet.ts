/**
 * What a call may fail to say: a bit for each field whose absence makes counts lower bounds, so that a rule which asks for
 * it can no longer be sure of its verdict.
 */
export const LACKS = {
  /** Its state is none that is known. */
  state: 1,
  cli: 2,
  cld: 4,
  direction: 8,
  /** The dialled number belongs to no single country. */
  country: 16,
  callerMediaIp: 32,
  /** It is connected, and no duration was listed. */
  answer: 64,
  account: 128,
  customer: 256,
  connection: 512,
  /** Neither SETUP_TIME nor an age tells when it started. */
  start: 1024,
} as const;

/** What can happen to a call, as bits: it is new, in another state, or over or cut. */
export const EVENTS = { fresh: 1, changed: 2, over: 4 } as const;

/**
 * How long a clear verdict must stay clear: until more events of its subject have come than `events`, or more time has
 * passed than `ms`.
 */
export interface QuietBound {
  events: number;
  /** Which events count, as bits of EVENTS. */
  of: number;
  /** Milliseconds; Infinity where time alone changes nothing. */
  ms: number;
}

/**
 * Which subjects one rule has to look at on one snapshot of a replay; kept from poll to poll, so that subjects whose
 * verdict must still be clear are not judged anew.
 */
export interface QuietSubjects {
  /** IDs of the subjects that may have become anything but clear; undefined for all. Whoever is settled may leave it. */
  readonly due: ReadonlySet<string> | undefined;
  /** How many calls are away at this poll because of what other rules have planned, and may be back at the next one. */
  readonly awayCount: number;
  /** Whether one of those lacks what the rule asks of calls: once it is back, counts are lower bounds. */
  awayLacks(): boolean;
  /** What came of a subject that was judged: how long it stays clear, undefined where nothing is known of that. */
  settle(id: string, bound: QuietBound | undefined): void;
  /** These were due and are not on the snapshot. */
  absent(ids: Iterable<string>): void;
  /** All that were due have been judged. */
  finish(): void;
}
