import type { CustomerTree } from './config.js';

/**
 * Whether a customer is the target or one of its descendants. `unknown` where the stated tree does not lead both to one
 * common ancestor: the target may then stand above the customer, so whatever weighs or takes has to count it as inside.
 */
export function relationTo(
  tree: CustomerTree,
  target: number,
  customer: number | undefined,
): 'inside' | 'outside' | 'unknown' {
  if (customer === undefined) return 'unknown';
  const ancestry = chainUp(tree, customer);
  if (ancestry.includes(target)) return 'inside';
  return ancestry.at(-1) === chainUp(tree, target).at(-1) ? 'outside' : 'unknown';
}

/** The customer and its stated ancestors, the highest one last. */
function chainUp(tree: CustomerTree, customer: number): number[] {
  const chain = [customer];
  for (let parent = tree.get(customer); parent !== undefined; parent = tree.get(parent)) {
    // The config refuses cycles; a tree from elsewhere must not hang a pass.
    if (chain.includes(parent)) break;
    chain.push(parent);
  }
  return chain;
}
