import type { Contradictions } from './contradictions.js';
import { conjunction, isSide, type Literal, type Normal, type Side } from './normal-form.js';
import { liesWithin, narrowed, possibleRange } from './number-range.js';
import { textImplies } from './text-constraint.js';

/** Facts that can only shrink when calls are left out: what is over a bound on fewer calls is over it on more. */
const GROWING: ReadonlySet<string> = new Set([
  'totalCalls',
  'connectedCalls',
  'setupCalls',
  'longestDuration',
]);

/** The same of facts that look back, each for itself: what another window or other calls come to nobody knows. */
const GROWING_WINDOWED: ReadonlySet<string> = new Set(['callsStarted']);

/** True where even a lower bound of the fact is enough. */
const GROWING_OPERATORS: readonly string[] = ['greaterThan', 'greaterThanInclusive'];

/**
 * Whether one condition, true on some calls, makes another one true that is judged on these calls and perhaps more of
 * them; never said where it is not certain, unknown facts and lower bounds included.
 */
export function implies(
  narrower: readonly Normal[],
  broader: Normal,
  contradictions: Contradictions,
  given: readonly Literal[] = [],
): boolean {
  const { literals, alternatives } = conjunction(narrower);
  const all = [...given, ...literals];
  if (meets(all, broader, contradictions)) return true;
  return alternatives.some((branches) =>
    branches.every((branch) => implies([branch], broader, contradictions, all)),
  );
}

function meets(literals: readonly Literal[], broader: Normal, contradictions: Contradictions): boolean {
  if (broader.kind === 'literal') return literals.some((one) => literalImplies(one, broader, contradictions));
  const { children, kind } = broader;
  return kind === 'all'
    ? children.every((child) => meets(literals, child, contradictions))
    : children.some((child) => meets(literals, child, contradictions));
}

function literalImplies(one: Literal, broader: Literal, contradictions: Contradictions): boolean {
  if (isFixed(broader.fact)) {
    if (one.fact.key !== broader.fact.key) return false;
    return isSide(broader.value) ? isSameReference(one, broader) : valueImplies(one, broader, contradictions);
  }
  const grows = GROWING_OPERATORS.includes(broader.operator) && !broader.underNot;
  const isEnough = isGrowing(broader.fact)
    ? countsAtLeast(broader.fact, one.fact)
    : GROWING_WINDOWED.has(shortName(broader.fact)) && broader.fact.key === one.fact.key;
  if (!grows || !isEnough) return false;
  return isSide(broader.value) ? isSameReference(one, broader) : valueImplies(one, broader, contradictions);
}

/** Attributes of one call and limits: the same whichever rule asks, and whatever is planned. */
export function isFixed({ definition }: Side): boolean {
  const { scope, aggregate, windowed, params } = definition;
  return windowed !== true && !aggregate && (scope === 'call' || params.includes('name'));
}

/** Counts and lengths of which a part of the calls never shows more than all of them. */
export function isGrowing({ definition }: Side): boolean {
  const { name, windowed } = definition;
  return windowed !== true && GROWING.has(name.slice(name.indexOf('.') + 1));
}

/** Whether the first fact, of the same calls, counts every call that the second counts. */
export function countsAtLeast(one: Side, other: Side): boolean {
  if (one.key === other.key) return true;
  if (one.definition.scope !== other.definition.scope || !isGrowing(one) || !isGrowing(other)) return false;
  const [own, counted] = [shortName(one), shortName(other)];
  const isPart = own === 'totalCalls' && (counted === 'connectedCalls' || counted === 'setupCalls');
  return (own === counted || isPart) && isNarrower(other.params, one.params);
}

function shortName({ definition: { name } }: Side): string {
  return name.slice(name.indexOf('.') + 1);
}

/** Each param that narrows the calls of the one also narrows those of the other, in the same words. */
function isNarrower(inner: Side['params'], outer: Side['params']): boolean {
  return (
    Object.entries(outer).every(
      ([key, value]) => JSON.stringify(inner[key as keyof Side['params']]) === JSON.stringify(value),
    ) && inner.recursive === outer.recursive
  );
}

/** Compared with the same fixed fact, in the same way or more strictly. */
function isSameReference(one: Literal, broader: Literal): boolean {
  if (!isSide(one.value) || !isSide(broader.value) || one.value.key !== broader.value.key) return false;
  if (!isFixed(broader.value)) return false;
  return one.operator === broader.operator || `${one.operator}Inclusive` === broader.operator;
}

function valueImplies(one: Literal, broader: Literal, contradictions: Contradictions): boolean {
  if (isSide(one.value) || isSide(broader.value)) return false;
  if (one.fact.definition.type === 'number') {
    const possible = possibleRange(one.fact.definition);
    return liesWithin(narrowed(possible, one), narrowed(possibleRange(broader.fact.definition), broader));
  }
  const [inner, outer] = [contradictions.constraintOf(one), contradictions.constraintOf(broader)];
  return inner !== undefined && outer !== undefined && textImplies(inner, outer);
}
