import type { Call } from './call.js';
import type { AggregateScope, Scope, Subject } from './scope.js';

export type FactValue = string | number | boolean;
export type FactType = 'number' | 'string' | 'boolean';

/** How the values that a rule compares with a string fact are to be checked and normalised. */
export type FactFormat = 'text' | 'number-plan' | 'ip' | 'country' | 'state' | 'direction';

/** Parameters of a fact: as written in a Rule, with lists resolved and prefixes normalised where a FactSource gets them. */
export interface FactParams {
  /** CLD prefixes in normal form; a call counts where its CLD starts with one of them. */
  to?: readonly string[];
  state?: readonly string[];
  direction?: readonly string[];
  /** Fewest samples for an average; below it the fact is missing. */
  min?: number;
  /** For limit: the name of the limit in rules/limits.csv. */
  name?: string;
  /** For limit: the value where limits.csv names none. */
  default?: number;
  /** Seconds that the fact looks back from the instant of the snapshot. */
  within?: number;
  /** For shortCalls: seconds below which a call is short. */
  under?: number;
  /** For equalDurations: seconds by which durations may differ and still be equal. */
  tolerance?: number;
  /** For firstSeenCountry: seconds for which an account must have been known; WATCHED_MS where it is absent. */
  history?: number;
  /** For minutesToday: IANA name of the time zone whose midnight counts; UTC where it is absent. */
  timezone?: string;
  /** For customer facts: calls of all stated descendants count too. */
  recursive?: boolean;
}

export type FactParam = keyof FactParams;

/** One entry of the catalogue: everything that the checker, `rules facts` and the JSON Schema need to know of a fact. */
export interface FactDefinition {
  /** `account.connectedCalls` */
  name: string;
  scope: Scope;
  type: FactType;
  format: FactFormat;
  /** Unit of a number: calls, seconds; undefined where it has none. */
  unit: string | undefined;
  params: readonly FactParam[];
  /** Those of them without which the fact has no meaning, e.g. `within`. */
  required: readonly FactParam[];
  /** Counts or measures a set of calls; false for plain attributes and for limit. */
  aggregate: boolean;
  /** Looks at calls of the past, from the ledger; false for what one snapshot tells. */
  windowed: boolean;
  /** Speaks of calls that have ended, which are nobody's victims: a rule that cuts by it has to say whom in `where`. */
  ofEndedCalls: boolean;
  /** Exact definition, with its bias where it has one; one or two sentences for a person. */
  description: string;
}

/**
 * So long an account must have been known at the least, and its switch watched, before a country can be new to it;
 * milliseconds. With `needs: complete` not one poll of that time may be missing. A rule may ask that the account has been
 * known for longer (`history`), but not that its switch was watched for longer: polls are kept no longer.
 */
export const WATCHED_MS = 7 * 86_400_000;

/** So long an account must have been known for a fact that asks for `history`; milliseconds. */
export function historyMsOf({ history }: FactParams): number {
  return history === undefined ? WATCHED_MS : history * 1_000;
}

/** Whether a fact rests on that time. */
export function restsOnWatch({ name }: Pick<FactDefinition, 'name'>): boolean {
  return name.endsWith('.firstSeenCountry');
}

export type FactCatalogue = ReadonlyMap<string, FactDefinition>;

/** Why a fact has no value; a closed list that feeds reports. */
export type MissingReason =
  | 'not-listed'
  | 'unreadable'
  | 'too-few-samples'
  | 'no-limit'
  | 'unknown-vendor'
  | 'lower-bound'
  /** A fact of the past where no ledger was given. */
  | 'no-history'
  /**
   * Polls are missing in the window, or the ledger does not reach back that far any more, and the rule needs it complete; or the
   * fact needs what they would have told.
   */
  | 'incomplete-window'
  /** The account has been known for less time than the fact needs. */
  | 'too-little-history';

/** What a window could not see. */
export interface WindowGap {
  /** Seconds of the window that no sound poll covers, a time before the ledger began, or that it has let go of, included. */
  seconds: number;
  /** Where what the ledger holds begins within the window: that instant, in milliseconds since the epoch. */
  knownSince?: number;
}

/** A fact about a subject as it was observed. */
export type Observed = KnownFact | MissingFact;

/** What each number that is called comes to, where a fact is the most of that. */
export interface ByNumber {
  /** What the number of this call, or the run that it lies in, comes to; 0 where no call to it counts, undefined for no number. */
  comesTo(call: Call): number | undefined;
  /** The live calls that were counted and for which this holds, with what their number comes to. */
  countedWhere(holds: (value: number, call: Call) => boolean): readonly Call[];
}

export interface KnownFact {
  known: true;
  value: FactValue;
  /**
   * True where calls could not be assigned (their CLD, state or duration is not known): the value is a lower bound, so
   * only greaterThan and greaterThanInclusive may use it; for every other operator the fact is missing.
   */
  atLeast: boolean;
  /**
   * The live calls which an aggregate counted, unordered; absent for attributes and limits. A windowed fact may compute it
   * when it is asked for; facts of ended calls give the subject's live calls that their params let in.
   */
  readonly counted?: readonly Call[];
  /** Where the value is the most that one number, or one run of numbers, comes to: what others come to. */
  readonly byNumber?: ByNumber;
  /** Set where a windowed fact rests on an incomplete window. */
  gap?: WindowGap;
  /**
   * Time alone may put the value in doubt: calls that ended in a gap come to be such that may have ended before the window,
   * and an account is not known well enough any more once nobody watched for too long.
   */
  fades?: true;
  /**
   * Of a number that one more call may raise by more than one: how many more calls it takes at the least to raise it to
   * `value`. Good until the next poll.
   */
  callsTo?: (value: number) => number;
}

export interface MissingFact {
  known: false;
  reason: MissingReason;
  /** Before this instant, in milliseconds since the epoch, nothing makes it known; absent where that cannot be told. */
  until?: number;
}

/** Derives facts from one snapshot, with the calls that are already planned to be cut counted as gone. */
export interface FactSource {
  /**
   * Every subject of a scope that the snapshot shows, and where windowed facts are asked for, that had calls in the
   * window; ordered by ID, so that the same snapshot and ledger give the same plan. With `among`, those of them that have
   * one of these IDs.
   */
  subjects(scope: Scope, among?: ReadonlySet<string>): readonly Subject[];
  /** The live calls that belong to a subject. */
  callsOf(subject: Subject): readonly Call[];
  /**
   * The subject of a wider scope that a subject belongs to, e.g. the customer of an account; undefined where the
   * snapshot does not tell, or tells two different ones.
   */
  widen(subject: Subject, scope: AggregateScope): Subject | undefined;
  /** A fact of this very subject (not of a wider one). Throws on a name that is not in the catalogue. */
  observe(subject: Subject, factName: string, params: FactParams): Observed;
}

/** One row of rules/limits.csv. */
export interface Limit {
  scope: AggregateScope;
  id: string;
  name: string;
  value: number;
  /** Only for this switch; undefined for all. */
  switch: string | undefined;
}
