import type { IndeterminateVerdict } from './verdict.js';

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
  /** In a replay: which vendors it is not of, as that is known only once a later listing shows it. */
  vendor: 2048,
} as const;

/** What can happen to a call, as bits: it is new, in another state, or over or cut. */
export const EVENTS = { fresh: 1, changed: 2, over: 4 } as const;

/** How many events of a subject a verdict outlasts. */
export interface EventRoom {
  events: number;
  /** Which events count, as bits of EVENTS. */
  of: number;
  /**
   * Only those of such calls: whose dialled number begins with one of these prefixes, or is the caller's own; undefined for
   * all.
   */
  calls: readonly string[] | 'to-themselves' | undefined;
}

/** How long a verdict must stay what it is: until any of the rooms is used up, or more time has passed than `ms`. */
export interface QuietBound {
  rooms: readonly EventRoom[];
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
  /** The instant of the snapshot, in milliseconds since the epoch. */
  readonly now: number;
  /** How many of a subject's calls are away at this poll because of what other rules have planned, and may be back. */
  awayOf(id: string): number;
  /** Whether one of those lacks what the rule asks of calls: once it is back, counts are lower bounds. */
  awayLacks(): boolean;
  /** The verdicts of subjects that are not due and could not be judged, and must still be so. */
  readonly undecided: Iterable<IndeterminateVerdict>;
  /**
   * What came of a subject that was judged: how long it stays so, undefined where nothing is known of that. It is clear
   * where no verdict is told.
   */
  settle(id: string, bound: QuietBound | undefined, verdict?: IndeterminateVerdict): void;
  /** These were due and are not on the snapshot. */
  absent(ids: Iterable<string>): void;
  /** All that were due have been judged. */
  finish(): void;
}
