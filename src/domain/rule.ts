import type { Location } from './errors.js';
import type { FactParams, FactValue } from './facts.js';
import type { Scope } from './scope.js';

/** The name under which the audit log keeps actions by hand; no rule may bear it. */
export const HAND_RULE = 'by-hand';

export const RULE_MODES = ['enforce', 'monitor', 'off'] as const;
export type RuleMode = (typeof RULE_MODES)[number];

export const EVENT_TYPES = ['alert', 'disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const SELECTIONS = ['newest', 'oldest', 'longest', 'shortest'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** A rule after checking: as written but for defaults, nothing left to refuse. Lists and numbers are resolved per switch when it is compiled. */
export interface Rule {
  name: string;
  description: string | undefined;
  scope: Scope;
  mode: RuleMode;
  /** Higher is planned first; default 1 as in json-rules-engine. */
  priority: number;
  conditions: Condition;
  event: RuleEvent;
  only: SubjectFilter;
  except: SubjectFilter;
  /** How long it must be violated without a break before it acts; milliseconds, 0 for at once. */
  forMs: number;
  /** After it acted on a subject: no further action or record on it for so long; undefined where the rule names none. */
  cooldownMs: number | undefined;
  /** When it is judged at all; empty for always. */
  schedule: readonly ScheduleEntry[];
  /** Ordered by `after`. */
  escalate: readonly EscalationStep[];
  /** complete: a windowed fact on a window with gaps is missing instead of a value with its gap in the evidence. */
  needs: 'complete' | undefined;
  /** SHA-256 over the rule and every list and limit it uses, in hex: which text decided. */
  hash: string;
  location: Location;
}

export interface RuleEvent {
  type: EventType;
  select: Selection;
  /** How many of the pool are left; 0 takes all of it. */
  keep: number | FactReference;
  where: Condition | undefined;
  /** For alert: a text for a person. */
  message: string | undefined;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A span of wall-clock time on some days; where `to` is not after `from` it ends on the day after. */
export interface ScheduleEntry {
  /** The days on which it starts; all seven where the rule names none. */
  days: readonly Weekday[];
  /** Minutes after midnight, 0 to 1440; both 0 for the whole day. */
  fromMinute: number;
  toMinute: number;
  /** IANA name, e.g. Europe/Kyiv. */
  timezone: string;
}

/** Another event for whoever was acted on `after` times within `withinMs`. */
export interface EscalationStep {
  after: number;
  withinMs: number;
  event: RuleEvent;
}

/** An exception that ends by itself. */
export interface ExpiringEntry {
  key: Exclude<keyof SubjectFilter, 'expiring'>;
  entry: string | number;
  /** First instant at which it holds no more, in milliseconds since the epoch; undefined where only `because` is given. */
  until: number | undefined;
  /** Why it was made, for a person. */
  because: string | undefined;
  location: Location;
}

/** Keys that name subjects; an absent key says nothing, an empty one is refused by the checker. */
export interface SubjectFilter {
  switches?: readonly string[];
  accounts?: readonly number[];
  customers?: readonly number[];
  connections?: readonly number[];
  vendors?: readonly number[];
  /** Prefixes of the CLI, as written in the rule. */
  cli?: readonly string[];
  /** Prefixes of the CLD, as written in the rule. */
  cld?: readonly string[];
  /** Entries of the keys above that were written with `until` or `because`; only in `except`. They are not among those. */
  expiring?: readonly ExpiringEntry[];
}

export interface FactReference {
  fact: string;
  params?: FactParams;
}

export type Condition =
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition }
  | { condition: string }
  | FactCondition;

export interface FactCondition {
  fact: string;
  params?: FactParams;
  operator: string;
  value: FactValue | readonly FactValue[] | FactReference;
}

/** All rules of a directory, checked as one. */
export interface RuleSet {
  rules: readonly Rule[];
  /** Named conditions that rules share by `condition: name`. */
  conditions: ReadonlyMap<string, Condition>;
  /** rules/lists/NAME.*: entries as written. */
  lists: ReadonlyMap<string, readonly string[]>;
  limits: readonly import('./facts.js').Limit[];
  /** SHA-256 over all of it, in hex. */
  hash: string;
}
