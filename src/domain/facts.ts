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
  /** Counts or measures a set of calls; false for plain attributes and for limit. */
  aggregate: boolean;
  /** Exact definition, with its bias where it has one; one or two sentences for a person. */
  description: string;
}

export type FactCatalogue = ReadonlyMap<string, FactDefinition>;

/** Why a fact has no value; a closed list that feeds reports. */
export type MissingReason =
  | 'not-listed'
  | 'unreadable'
  | 'too-few-samples'
  | 'no-limit'
  | 'unknown-vendor'
  | 'lower-bound';

/** A fact about a subject as it was observed. */
export type Observed = KnownFact | MissingFact;

export interface KnownFact {
  known: true;
  value: FactValue;
  /**
   * True where calls could not be assigned (their CLD, state or duration is not known): the value is a lower bound, so
   * only greaterThan and greaterThanInclusive may use it; for every other operator the fact is missing.
   */
  atLeast: boolean;
  /** The calls which an aggregate counted, unordered; absent for attributes and limits. */
  counted?: readonly Call[];
}

export interface MissingFact {
  known: false;
  reason: MissingReason;
}

/** Derives facts from one snapshot, with the calls that are already planned to be cut counted as gone. */
export interface FactSource {
  /** Every subject of a scope that the snapshot shows, ordered by ID, so that the same snapshot gives the same plan. */
  subjects(scope: Scope): readonly Subject[];
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
