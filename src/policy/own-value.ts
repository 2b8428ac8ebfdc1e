import type { FactValue, Observed } from '../domain/facts.js';
import type { CompiledLeaf } from './compile-condition.js';
import { decisiveChildren, type Folded, isProbe } from './fold.js';

/**
 * Of a fact that is the most which one number comes to: whether another number, by what it comes to itself, would have made
 * the result what it is, and is high enough for a comparison that decided. With several comparisons of the fact under `all`
 * that means each of them, under `any` one of those that the fact met. Where no comparison asks for a high value it is never
 * so: nearly every number is called less than 50 times, which is no reason to take the calls to all of them.
 */
export function decidesAlone(
  folded: Folded,
  probe: number,
  observations: readonly Observed[],
): (value: number) => boolean {
  const known = new Map<number, boolean>();
  return (value) => {
    let decides = known.get(value);
    if (decides === undefined) {
      decides = weigh(folded, { probe, value, observations }) === 'carries';
      known.set(value, decides);
    }
    return decides;
  };
}

interface Instead {
  probe: number;
  value: number;
  observations: readonly Observed[];
}

/** What becomes of a result: another one, the same, or the same because the value is high enough. */
type Weight = 'changes' | 'leaves' | 'carries';

/** Undefined where no comparison with the fact is among those that decided. */
function weigh(folded: Folded, instead: Instead): Weight | undefined {
  const { node, result } = folded;
  if (node.kind === 'leaf') return weighLeaf(node, result, instead);
  const weights = decisiveChildren(folded).flatMap((child) => weigh(child, instead) ?? []);
  const restsOnEach = result === (node.kind === 'all');
  return (restsOnEach ? EACH : ONE).find((weight) => weights.includes(weight));
}

/** Which weight comes before the others, where a branch rests on each of its children, and where one is enough. */
const EACH = ['changes', 'carries', 'leaves'] as const;
const ONE = ['carries', 'leaves', 'changes'] as const;

function weighLeaf(leaf: CompiledLeaf, result: Folded['result'], instead: Instead): Weight | undefined {
  const { fact, operator, value } = leaf;
  const compared = isProbe(value) ? value.probe : undefined;
  const isLeft = fact === instead.probe;
  const isRight = compared === instead.probe;
  if (!isLeft && !isRight) return undefined;
  const left = side(fact, instead);
  if (left === undefined) return 'changes';
  if (leaf.holds(left, compared === undefined ? undefined : side(compared, instead)) !== result)
    return 'changes';
  // Compared with itself, no value is too low.
  if (isLeft && isRight) return 'leaves';
  const asksForMore = isLeft === (result === true) ? MORE : LESS;
  return asksForMore.has(operator) ? 'carries' : 'leaves';
}

function side(index: number, { probe, value, observations }: Instead): FactValue | undefined {
  if (index === probe) return value;
  const observed = observations[index];
  return observed?.known === true ? observed.value : undefined;
}

const MORE: ReadonlySet<string> = new Set(['greaterThan', 'greaterThanInclusive']);
const LESS: ReadonlySet<string> = new Set(['lessThan', 'lessThanInclusive']);
