import type { CustomerTree } from '../domain/config.js';

/**
 * The tree by which a rule counts subcustomers: those that it excepts are nobody's, while customers below them go on to
 * count for the next one above. The same object for the same tree, so that what was counted by it can be kept.
 */
export function createCountedTree(excepted: readonly number[]): (tree: CustomerTree) => CustomerTree {
  const left = new Set(excepted);
  const known = new WeakMap<CustomerTree, CustomerTree>();
  return (tree) => {
    if (!excepted.some((customer) => tree.has(customer))) return tree;
    const counted = known.get(tree) ?? withoutThem(tree, left);
    known.set(tree, counted);
    return counted;
  };
}

function withoutThem(tree: CustomerTree, left: ReadonlySet<number>): CustomerTree {
  const counted = new Map<number, number>();
  for (const child of tree.keys()) {
    if (left.has(child)) continue;
    const passed = new Set<number>();
    let parent = tree.get(child);
    // The config refuses cycles; a tree from elsewhere must not hang a pass.
    while (parent !== undefined && left.has(parent) && !passed.has(parent)) {
      passed.add(parent);
      parent = tree.get(parent);
    }
    if (parent !== undefined && !left.has(parent)) counted.set(child, parent);
  }
  return counted;
}
