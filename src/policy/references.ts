import type { Condition, FactCondition, FactReference, Rule, RuleEvent, RuleSet } from '../domain/rule.js';

/** Every comparison below a checked condition, those of shared conditions included. */
export function comparisonsIn(condition: Condition, shared: RuleSet['conditions']): readonly FactCondition[] {
  if ('all' in condition) return condition.all.flatMap((child) => comparisonsIn(child, shared));
  if ('any' in condition) return condition.any.flatMap((child) => comparisonsIn(child, shared));
  if ('not' in condition) return comparisonsIn(condition.not, shared);
  if (!('condition' in condition)) return [condition];
  const target = shared.get(condition.condition);
  return target === undefined ? [] : comparisonsIn(target, shared);
}

/** The rule's own event, then those it escalates to. */
export function eventsOf({ event, escalate }: Pick<Rule, 'event' | 'escalate'>): readonly RuleEvent[] {
  return [event, ...escalate.map((step) => step.event)];
}

/** Every comparison of a rule, those under `where` of its events included. */
export function comparisonsOf(rule: Rule, shared: RuleSet['conditions']): readonly FactCondition[] {
  const where = eventsOf(rule).flatMap((event) =>
    event.where === undefined ? [] : comparisonsIn(event.where, shared),
  );
  return [...comparisonsIn(rule.conditions, shared), ...where];
}

/** Every fact that a rule draws on, on both sides of its comparisons and in `keep`. */
export function referencesOf(rule: Rule, shared: RuleSet['conditions']): readonly FactReference[] {
  const compared = comparisonsOf(rule, shared).flatMap((one): FactReference[] => {
    const { value } = one;
    return typeof value === 'object' && 'fact' in value ? [one, value] : [one];
  });
  const kept = eventsOf(rule).flatMap(({ keep }) => (typeof keep === 'object' ? [keep] : []));
  return [...compared, ...kept];
}
