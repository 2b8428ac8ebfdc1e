import type { FactParams } from '../../domain/facts.js';
import type { Condition, FactReference, Rule, RuleEvent, RuleSet } from '../../domain/rule.js';

/** Names of lists and shared conditions that nothing draws on, in their own order. */
export function unusedNames({ rules, conditions, lists }: RuleSet): {
  lists: readonly string[];
  conditions: readonly string[];
} {
  const used = { lists: new Set<string>(), conditions: new Set<string>() };
  const parts = rules.flatMap(partsOf);
  for (const part of parts) collect(part, used);
  // A shared condition that only an unused one draws on is named with it: both can go. Its lists are in use as long as it is there.
  for (const condition of conditions.values()) collect(condition, { ...used, conditions: new Set() });
  const reached = new Set<string>();
  const reach = (name: string): void => {
    const condition = conditions.get(name);
    if (condition === undefined || reached.has(name)) return;
    reached.add(name);
    const inner = { lists: used.lists, conditions: new Set<string>() };
    collect(condition, inner);
    for (const next of inner.conditions) reach(next);
  };
  for (const name of used.conditions) reach(name);
  return {
    lists: [...lists.keys()].filter((name) => !used.lists.has(name)),
    conditions: [...conditions.keys()].filter((name) => !reached.has(name)),
  };
}

interface Used {
  lists: Set<string>;
  conditions: Set<string>;
}

/** Everything in a rule that may name a list or a shared condition. */
function partsOf({ conditions, event, escalate }: Rule): readonly (Condition | FactReference)[] {
  return [conditions, ...[event, ...escalate.map((step) => step.event)].flatMap(partsOfEvent)];
}

function partsOfEvent({ where, keep }: RuleEvent): readonly (Condition | FactReference)[] {
  return [...(where === undefined ? [] : [where]), ...(typeof keep === 'object' ? [keep] : [])];
}

function collect(part: Condition | FactReference, used: Used): void {
  if ('all' in part) for (const child of part.all) collect(child, used);
  else if ('any' in part) for (const child of part.any) collect(child, used);
  else if ('not' in part) collect(part.not, used);
  else if ('condition' in part) used.conditions.add(part.condition);
  else {
    collectParams(part.params, used);
    if (!('operator' in part)) return;
    const { operator, value } = part;
    if (typeof value === 'object' && 'fact' in value) collectParams(value.params, used);
    else if (typeof value === 'string' && NAMES_A_LIST.has(operator)) used.lists.add(value);
  }
}

const NAMES_A_LIST: ReadonlySet<string> = new Set(['startsWithAnyOf', 'inList', 'notInList']);

function collectParams(params: FactParams | undefined, used: Used): void {
  // Prefixes are among these too: no list is named like one.
  for (const name of params?.to ?? []) used.lists.add(name);
}
