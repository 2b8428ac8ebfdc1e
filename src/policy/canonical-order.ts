import type { FactParams, FactValue } from '../domain/facts.js';
import {
  type Condition,
  type FactReference,
  type Rule,
  type RuleEvent,
  type SubjectFilter,
  WEEKDAYS,
} from '../domain/rule.js';

/** What order says nothing in: numbers by size, texts by their characters. Who keeps a list sorted has it so already. */
export function ascending<T extends FactValue>(entries: readonly T[]): readonly T[] {
  const isSorted = entries.every((one, index) => index === 0 || compare(entries[index - 1] ?? one, one) <= 0);
  return isSorted ? entries : entries.toSorted(compare);
}

function compare(one: FactValue, other: FactValue): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/**
 * The rule with the entries of every list in it in one order that means the same: subjects, values, prefixes, states and days.
 * `except` is left as it is. Conditions and spans of a schedule stay as they stand, as they have no order of their own.
 */
export function inCanonicalOrder<T extends Omit<Rule, 'hash'>>(rule: T): T {
  const { conditions, event, escalate, only, schedule } = rule;
  return {
    ...rule,
    conditions: orderedCondition(conditions),
    event: orderedEvent(event),
    escalate: escalate.map((step) => ({ ...step, event: orderedEvent(step.event) })),
    only: orderedFilter(only),
    schedule: schedule.map((entry) => ({
      ...entry,
      days: entry.days.toSorted((one, other) => WEEKDAYS.indexOf(one) - WEEKDAYS.indexOf(other)),
    })),
  };
}

function orderedEvent(event: RuleEvent): RuleEvent {
  const { where, keep } = event;
  return {
    ...event,
    where: where === undefined ? undefined : orderedCondition(where),
    keep: typeof keep === 'number' ? keep : orderedReference(keep),
  };
}

function orderedFilter(filter: SubjectFilter): SubjectFilter {
  return Object.fromEntries(
    Object.entries(filter).map(([key, entries]) => [key, key === 'expiring' ? entries : ascending(entries)]),
  );
}

/** The same of the conditions that rules share. */
export function orderedCondition(condition: Condition): Condition {
  if ('all' in condition) return { ...condition, all: condition.all.map(orderedCondition) };
  if ('any' in condition) return { ...condition, any: condition.any.map(orderedCondition) };
  if ('not' in condition) return { ...condition, not: orderedCondition(condition.not) };
  if ('condition' in condition) return condition;
  const { value } = condition;
  const ordered =
    typeof value !== 'object' ? value : 'fact' in value ? orderedReference(value) : ascending(value);
  return { ...condition, ...orderedReference(condition), value: ordered };
}

function orderedReference<T extends FactReference>(reference: T): T {
  const { params } = reference;
  return params === undefined ? reference : { ...reference, params: orderedParams(params) };
}

function orderedParams(params: FactParams): FactParams {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key, Array.isArray(value) ? ascending(value) : value]),
  );
}
