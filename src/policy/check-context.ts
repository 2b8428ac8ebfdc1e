import type { FactCatalogue, Limit } from '../domain/facts.js';
import type { FactCondition } from '../domain/rule.js';
import type { KnownSwitch } from './check-switches.js';
import type { Findings, Place } from './findings.js';
import type { ListEntry } from './read-lists.js';

/** What the conditions of all files are checked against. */
export interface CheckContext {
  catalogue: FactCatalogue;
  lists: ReadonlyMap<string, readonly ListEntry[]>;
  limits: readonly Limit[];
  /** The shared conditions of all files, as written. */
  shared: ReadonlyMap<string, WrittenCondition>;
  /** Those of the config; undefined where none is known. */
  switches: readonly KnownSwitch[] | undefined;
  /** Milliseconds since the epoch; undefined where nothing is to be said that depends on it. */
  now: number | undefined;
  findings: Findings;
  /** Filled while checking: where each comparison stands that was accepted, for what is said of it later. */
  comparisons: Map<FactCondition, Place>;
}

/** A condition tree before checking, and where it stands. */
export interface WrittenCondition {
  value: unknown;
  place: Place;
}
