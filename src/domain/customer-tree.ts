import type { CustomerTree } from './config.js';

/**
 * Whether a customer is the target or one of its descendants. `unknown` where the stated tree does not mention the
 * customer: it may be inside, so whatever protects or weighs has to count it as inside.
 */
export function relationTo(
  tree: CustomerTree,
  target: number,
  customer: number | undefined,
): 'inside' | 'outside' | 'unknown' {
  if (customer === undefined) return 'unknown';
  const seen = new Set<number>();
  let current = customer;
  while (current !== target) {
    const parent = tree.get(current);
    if (parent === undefined || seen.has(current)) return isStated(tree, customer) ? 'outside' : 'unknown';
    seen.add(current);
    current = parent;
  }
  return 'inside';
}

function isStated(tree: CustomerTree, customer: number): boolean {
  if (tree.has(customer)) return true;
  for (const parent of tree.values()) if (parent === customer) return true;
  return false;
}
