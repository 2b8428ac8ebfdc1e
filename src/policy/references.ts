import type { Condition, FactCondition, FactReference, Rule, RuleSet } from '../domain/rule.js';

/** Every comparison below a checked condition, those of shared conditions included. */
export function comparisonsIn(condition: Condition, shared: RuleSet['conditions']): readonly FactCondition[] {
  if ('all' in condition) return condition.all.flatMap((child) => comparisonsIn(child, shared));
  if ('any' in condition) return condition.any.flatMap((child) => comparisonsIn(child, shared));
  if ('not' in condition) return comparisonsIn(condition.not, shared);
  if (!('condition' in condition)) return [condition];
  const target = shared.get(condition.condition);
  return target === undefined ? [] : comparisonsIn(target, shared);
}

/** Every comparison of a rule, those under `where` included. */
export function comparisonsOf(
  { conditions, event }: Rule,
  shared: RuleSet['conditions'],
): readonly FactCondition[] {
  const where = event.where === undefined ? [] : comparisonsIn(event.where, shared);
  return [...comparisonsIn(conditions, shared), ...where];
}

/** Every fact that a rule draws on, on both sides of its comparisons and in `keep`. */
export function referencesOf(rule: Rule, shared: RuleSet['conditions']): readonly FactReference[] {
  const compared = comparisonsOf(rule, shared).flatMap((one): FactReference[] => {
    const { value } = one;
    return typeof value === 'object' && 'fact' in value ? [one, value] : [one];
  });
  return typeof rule.event.keep === 'object' ? [...compared, rule.event.keep] : compared;
}
