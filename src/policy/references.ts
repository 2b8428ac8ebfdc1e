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

/** A fact that a rule draws on; `comparison` is undefined where `keep` does. */
export interface DrawnFact extends FactReference {
  comparison: FactCondition | undefined;
}

/** Every fact that a rule draws on, on both sides of its comparisons and in `keep`. */
export function referencesOf(rule: Rule, shared: RuleSet['conditions']): readonly DrawnFact[] {
  const compared = comparisonsOf(rule, shared).flatMap((comparison) => {
    const { fact, params, value } = comparison;
    const own = { fact, ...(params && { params }) };
    const references = typeof value === 'object' && 'fact' in value ? [own, value] : [own];
    return references.map((one): DrawnFact => ({ ...one, comparison }));
  });
  const kept = eventsOf(rule).flatMap(({ keep }) =>
    typeof keep === 'object' ? [{ ...keep, comparison: undefined }] : [],
  );
  return [...compared, ...kept];
}
