import type { FactValue, Observed } from '../domain/facts.js';
import type { CompiledBranch, CompiledLeaf, CompiledNode } from './compile-condition.js';
import type { ThreeValued } from './fold.js';

/**
 * What three-valued logic says of a tree, observing only what it takes to know: a fact is asked for when its comparison is
 * reached, and a branch that decides ends the walk. It serves to leave json-rules-engine out where nothing is violated,
 * which is nearly always; whatever it does not call false, the engine judges.
 */
export function quickLook(node: CompiledNode, observe: (probe: number) => Observed): ThreeValued {
  switch (node.kind) {
    case 'leaf':
      return compare(node, observe);
    case 'not': {
      const [child] = node.children;
      const result = child === undefined ? 'missing' : quickLook(child, observe);
      return result === 'missing' ? 'missing' : !result;
    }
    default:
      return combine(node, observe);
  }
}

function combine({ kind, children }: CompiledBranch, observe: (probe: number) => Observed): ThreeValued {
  const decisive = kind === 'any';
  let result: ThreeValued = !decisive;
  for (const child of children) {
    const one = quickLook(child, observe);
    if (one === decisive) return decisive;
    if (one === 'missing') result = 'missing';
  }
  return result;
}

function compare(leaf: CompiledLeaf, observe: (probe: number) => Observed): ThreeValued {
  const observed = observe(leaf.fact);
  if (!observed.known) return 'missing';
  let right: FactValue | undefined;
  if (typeof leaf.value === 'object' && 'probe' in leaf.value) {
    const compared = observe(leaf.value.probe);
    if (!compared.known || compared.atLeast) return 'missing';
    right = compared.value;
  }
  const holds = leaf.holds(observed.value, right);
  if (!observed.atLeast) return holds;
  const grows = leaf.operator === 'greaterThan' || leaf.operator === 'greaterThanInclusive';
  return grows && holds ? true : 'missing';
}
