import type { Rule } from '../../domain/rule.js';
import { eventsOf } from '../references.js';
import { conjunction, isSide, type Literal, literalsIn, type Normal, type Side } from './normal-form.js';

/** True only of many calls, so that a rule which asks for this too does not go by a single one. */
const FLOORS: readonly string[] = ['greaterThan', 'greaterThanInclusive', 'equal'];

/** A fact that goes by a single call, and the first comparison that asks for it. */
export interface ThinSample {
  fact: string;
  literal: Literal;
}

/**
 * Ratios and averages by which a rule disconnects and which name no `min`: they are known from the first call on, and one
 * call that failed, or one that is long, says nothing of anybody. Silent where the rule also asks for a number of calls, and
 * where `min` is stated, be it 1. By name, each once.
 */
export function thinSamples(rule: Rule, conditions: Normal): readonly ThinSample[] {
  if (eventsOf(rule).every(({ type }) => type === 'alert')) return [];
  if (conjunction([conditions]).literals.some(asksForCalls)) return [];
  const thin = new Map<string, ThinSample>();
  for (const literal of literalsIn(conditions)) {
    const sides = isSide(literal.value) ? [literal.fact, literal.value] : [literal.fact];
    for (const { definition, params } of sides) {
      if (!takesMin(definition) || params.min !== undefined || thin.has(definition.name)) continue;
      thin.set(definition.name, { fact: definition.name, literal });
    }
  }
  return [...thin.values()];
}

function asksForCalls({ fact, operator }: Literal): boolean {
  const { definition } = fact;
  const counts = definition.aggregate && definition.type === 'number' && !takesMin(definition);
  return counts && definition.unit !== 'seconds' && FLOORS.includes(operator);
}

function takesMin({ params }: Side['definition']): boolean {
  return params.includes('min');
}
