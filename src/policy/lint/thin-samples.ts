import type { Rule } from '../../domain/rule.js';
import { eventsOf } from '../references.js';
import { conjunction, isSide, type Literal, literalsIn, type Normal, type Side } from './normal-form.js';

/** True only of many calls, so that a rule which asks for this too does not go by a single one. */
const FLOORS: readonly string[] = ['greaterThan', 'greaterThanInclusive', 'equal'];

/**
 * Ratios and averages by which a rule disconnects and which name no `min`: they are known from the first call on, and one
 * call that failed, or one that is long, says nothing of anybody. Silent where the rule also asks for a number of calls, and
 * where `min` is stated, be it 1. By name, each once.
 */
export function thinSamples(rule: Rule, conditions: Normal): readonly string[] {
  if (eventsOf(rule).every(({ type }) => type === 'alert')) return [];
  if (conjunction([conditions]).literals.some(asksForCalls)) return [];
  const sides = literalsIn(conditions).flatMap(({ fact, value }) => (isSide(value) ? [fact, value] : [fact]));
  const thin = sides.filter(({ definition, params }) => takesMin(definition) && params.min === undefined);
  return [...new Set(thin.map(({ definition }) => definition.name))];
}

function asksForCalls({ fact, operator }: Literal): boolean {
  const { definition } = fact;
  const counts = definition.aggregate && definition.type === 'number' && !takesMin(definition);
  return counts && definition.unit !== 'seconds' && FLOORS.includes(operator);
}

function takesMin({ params }: Side['definition']): boolean {
  return params.includes('min');
}
