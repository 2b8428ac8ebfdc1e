import type { CustomerTree } from '../domain/config.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenCase } from './case-schema.js';

/** The customer tree of a case, held to what the config holds its own to: numbers, and no circle. */
export function treeOf(written: WrittenCase['customerTree'], findings: CaseFindings): CustomerTree {
  const tree = new Map<number, number>();
  for (const [child, parent] of Object.entries(written ?? {})) {
    if (/^(0|[1-9]\d{0,14})$/.test(child)) tree.set(Number(child), parent);
    else {
      const message = `"${child}": expected the number of a customer, as in { 3: 2 } (child: parent).`;
      findings.error(['customerTree', child], message, 'key');
    }
  }
  const reported = new Set<number>();
  for (const child of tree.keys()) {
    const circle = circleFrom(tree, child);
    if (circle === undefined || circle.some((customer) => reported.has(customer))) continue;
    for (const customer of circle) reported.add(customer);
    const message = `"customerTree" leads in a circle: ${[...circle, child].join(' is under ')}. Take one of them out.`;
    findings.error(['customerTree', String(child)], message, 'key');
  }
  return tree;
}

/** The customers from `child` back to itself; undefined where its ancestors end, or circle without it. */
function circleFrom(tree: CustomerTree, child: number): readonly number[] | undefined {
  const visited = [child];
  for (let next = tree.get(child); next !== undefined; next = tree.get(next)) {
    if (next === child) return visited;
    if (visited.includes(next)) return undefined;
    visited.push(next);
  }
  return undefined;
}
