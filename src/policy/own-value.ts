import type { Call } from '../domain/call.js';
import type { FactValue, Observed } from '../domain/facts.js';
import type { CompiledLeaf } from './compile-condition.js';
import { decisiveChildren, type Folded, isProbe } from './fold.js';

/**
 * Of facts that are the most which one number comes to: whether the number of a call, by what it comes to itself in each of
 * them, would have made the result what it is, and is high enough for a comparison of this fact that decided. Under `all`
 * that means each comparison of any such fact, under `any` one of this fact that was met. Where no comparison asks for a high
 * value it is never so: nearly every number is called less than 50 times, which is no reason to take the calls to all of them.
 */
export function createDecidesAlone(
  folded: Folded,
  observations: readonly (Observed | undefined)[],
): (probe: number, call: Call) => boolean {
  const ofNumbers = observations.flatMap((observed, index) =>
    observed?.known === true && observed.byNumber !== undefined ? [[index, observed.byNumber] as const] : [],
  );
  let last: { call: Call; own: Own } | undefined;
  return (probe, call) => {
    if (last?.call !== call)
      last = { call, own: new Map(ofNumbers.map(([index, { comesTo }]) => [index, comesTo(call)])) };
    return weigh(folded, { probe, own: last.own, observations }) === 'carries';
  };
}

/** By probe, what the number of a call comes to; undefined where the call bears no number. */
type Own = ReadonlyMap<number, number | undefined>;

interface Instead {
  probe: number;
  own: Own;
  observations: readonly (Observed | undefined)[];
}

/** What becomes of a result: another one, the same, or the same because the value of the fact is high enough. */
type Weight = 'changes' | 'leaves' | 'carries';

function weigh(folded: Folded, instead: Instead): Weight {
  const { node, result } = folded;
  if (node.kind === 'leaf') return weighLeaf(node, result, instead);
  const weights = decisiveChildren(folded).map((child) => weigh(child, instead));
  const restsOnEach = result === (node.kind === 'all');
  return (restsOnEach ? EACH : ONE).find((weight) => weights.includes(weight)) ?? 'leaves';
}

/** Which weight comes before the others, where a branch rests on each of its children, and where one is enough. */
const EACH = ['changes', 'carries', 'leaves'] as const;
const ONE = ['carries', 'leaves', 'changes'] as const;

function weighLeaf(leaf: CompiledLeaf, result: Folded['result'], instead: Instead): Weight {
  const { fact, operator, value } = leaf;
  const { probe, own } = instead;
  const compared = isProbe(value) ? value.probe : undefined;
  const isOwn = { left: own.has(fact), right: compared !== undefined && own.has(compared) };
  if (!isOwn.left && !isOwn.right) return 'leaves';
  const both = isOwn.left && isOwn.right;
  // Where each side is of a number, it has to meet the comparison with itself, and with the most called one.
  const readings = both && fact !== compared ? [isOwn, LEFT, RIGHT] : [isOwn];
  for (const { left, right } of readings) {
    const one = valueAt(fact, left, instead);
    const other = compared === undefined ? undefined : valueAt(compared, right, instead);
    if (one === undefined || (compared !== undefined && other === undefined)) return 'changes';
    if (leaf.holds(one, other) !== result) return 'changes';
  }
  // Compared with itself, no value is too low.
  if ((fact !== probe && compared !== probe) || fact === compared) return 'leaves';
  const asksForMore = (fact === probe) === (result === true) ? MORE : LESS;
  return asksForMore.has(operator) ? 'carries' : 'leaves';
}

const LEFT = { left: true, right: false };
const RIGHT = { left: false, right: true };

function valueAt(index: number, isOwn: boolean, { own, observations }: Instead): FactValue | undefined {
  if (isOwn) return own.get(index);
  const observed = observations[index];
  return observed?.known === true ? observed.value : undefined;
}

const MORE: ReadonlySet<string> = new Set(['greaterThan', 'greaterThanInclusive']);
const LESS: ReadonlySet<string> = new Set(['lessThan', 'lessThanInclusive']);
