import type { Problem } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { FactCondition, FactReference, Rule, RuleSet } from '../domain/rule.js';
import type { LimitPlace } from './read-limits.js';
import { comparisonsIn, eventsOf } from './references.js';

/**
 * Warns of limits of 0 above which a rule ends calls: whoever means "unlimited" so loses every call. A limit that only
 * alerts, or that something has to stay below, may well be 0.
 */
export function zeroLimits(
  { rules, conditions, limits }: RuleSet,
  places: readonly LimitPlace[],
): readonly Problem[] {
  if (!limits.some(({ value }) => value === 0)) return [];
  const cutters = rules.filter((rule) => eventsOf(rule).some(({ type }) => type !== 'alert'));
  return limits.flatMap((limit, index): Problem[] => {
    const location = places[index]?.row;
    if (limit.value !== 0 || location === undefined) return [];
    const rule = cutters.find((one) => endsCallsAbove(limit, one, conditions));
    if (rule === undefined) return [];
    const message = `This limit is 0, and rule "${rule.name}" ends calls above it: 0 is not "unlimited". Expected a number that ${limit.scope} ${limit.id} stays below, or an exception ("except") in the rule.`;
    return [{ file: location.file, location, message, severity: 'warning' }];
  });
}

function endsCallsAbove(limit: Limit, rule: Rule, shared: RuleSet['conditions']): boolean {
  return comparisonsIn(rule.conditions, shared).some(
    (one) => isAbove(one) && referenceIn(one)?.params?.name === limit.name && scopeIn(one) === limit.scope,
  );
}

const isAbove = ({ operator }: FactCondition) =>
  operator === 'greaterThan' || operator === 'greaterThanInclusive';

function referenceIn({ value }: FactCondition): FactReference | undefined {
  return typeof value === 'object' && 'fact' in value ? value : undefined;
}

function scopeIn(condition: FactCondition): string | undefined {
  const [scope] = referenceIn(condition)?.fact.split('.') ?? [];
  return scope;
}
