import type { Limit } from '../domain/facts.js';
import type { Condition, FactReference, Rule, RuleSet, SubjectFilter } from '../domain/rule.js';
import { canonicalJson } from './canonical-json.js';
import { ascending, inCanonicalOrder, orderedCondition } from './canonical-order.js';
import type { UnhashedRule } from './check-rule.js';
import { FILTER_KEYS, filterAt } from './expiring-entries.js';
import { OPERATORS } from './operators.js';
import { eventsOf } from './references.js';
import { LIST_NAME_PATTERN } from './schema-values.js';

interface RuleSetParts {
  rules: readonly UnhashedRule[];
  conditions: ReadonlyMap<string, Condition>;
  lists: ReadonlyMap<string, readonly string[]>;
  limits: readonly Limit[];
}

/** What one rule draws on, so that its hash changes with every text that can change its verdicts, and with no other. */
interface Uses {
  lists: Set<string>;
  limits: Set<string>;
  conditions: Set<string>;
}

/**
 * Adds the hashes: of each rule with the lists, limits and shared conditions it uses, and of everything. In which order the
 * entries of a list stand changes no rule: a list that somebody writes anew every night must not begin every `for`, cooldown
 * and escalation anew.
 */
export function hashedRuleSet(parts: RuleSetParts, hash: (text: string) => string): RuleSet {
  const ordered: RuleSetParts = {
    ...parts,
    conditions: new Map(Array.from(parts.conditions, ([name, one]) => [name, orderedCondition(one)])),
    lists: new Map(Array.from(parts.lists, ([name, entries]) => [name, ascending(entries)])),
  };
  const rules: readonly Rule[] = parts.rules.map((rule) => ({
    ...rule,
    hash: hash(canonicalJson(textOf(inCanonicalOrder(rule), ordered))),
  }));
  const everything = {
    rules: rules.map((rule) => rule.hash).sort(),
    conditions: Object.fromEntries(parts.conditions),
    lists: Object.fromEntries(parts.lists),
    limits: sorted(parts.limits),
  };
  return { ...parts, rules, hash: hash(canonicalJson(everything)) };
}

/** By what they say: which stands first is no part of it. */
function sorted<T>(items: readonly T[]): readonly T[] {
  const texts = new Map(items.map((item) => [item, canonicalJson(item)]));
  const textOf = (item: T) => texts.get(item) ?? '';
  return items.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
}

/** An entry that never ends is the same with a reason and without. */
function exceptText(except: SubjectFilter): unknown {
  const forever = filterAt(except, undefined);
  const expiring = (except.expiring ?? []).flatMap(({ key, entry, until }) =>
    until === undefined ? [] : [{ key, entry, until }],
  );
  const keys = FILTER_KEYS.map((key) => [key, sorted<string | number>(forever[key] ?? [])]);
  return { ...Object.fromEntries(keys), expiring: sorted(expiring) };
}

/** Where a rule stands is no part of what it says, nor is why somebody was excepted. */
function textOf({ location: _, except, ...rule }: UnhashedRule, parts: RuleSetParts): unknown {
  const uses: Uses = { lists: new Set(), limits: new Set(), conditions: new Set() };
  collect(rule.conditions, uses, parts);
  for (const { where, keep } of eventsOf(rule)) {
    if (where !== undefined) collect(where, uses, parts);
    if (typeof keep === 'object') collectReference(keep, uses);
  }
  return {
    rule: { ...rule, except: exceptText(except) },
    conditions: [...uses.conditions].sort().map((name) => [name, parts.conditions.get(name)]),
    lists: [...uses.lists].sort().map((name) => [name, parts.lists.get(name)]),
    limits: sorted(parts.limits.filter(({ scope, name }) => uses.limits.has(`${scope}.limit ${name}`))),
  };
}

function collect(condition: Condition, uses: Uses, parts: RuleSetParts): void {
  if ('all' in condition) for (const child of condition.all) collect(child, uses, parts);
  else if ('any' in condition) for (const child of condition.any) collect(child, uses, parts);
  else if ('not' in condition) collect(condition.not, uses, parts);
  else if ('condition' in condition) {
    if (uses.conditions.has(condition.condition)) return;
    uses.conditions.add(condition.condition);
    const shared = parts.conditions.get(condition.condition);
    if (shared !== undefined) collect(shared, uses, parts);
  } else {
    collectReference(condition, uses);
    const { value } = condition;
    const operand = OPERATORS.get(condition.operator)?.operand;
    if (typeof value === 'string' && (operand === 'list' || operand === 'prefixes')) uses.lists.add(value);
    if (typeof value === 'object' && 'fact' in value) collectReference(value, uses);
  }
}

function collectReference({ fact, params }: FactReference, uses: Uses): void {
  if (params?.name !== undefined) uses.limits.add(`${fact} ${params.name}`);
  for (const entry of params?.to ?? []) if (LIST_NAME_PATTERN.test(entry)) uses.lists.add(entry);
}
