import type { CheckContext, WrittenCondition } from './check-context.js';
import { inside, type Place } from './findings.js';

/** More comparisons than this in one rule are no policy, but shared conditions that multiply each other. */
const MAX_LEAVES = 1_000;

/** One comparison as written, reached through whatever nodes and shared conditions. */
export interface WrittenLeaf {
  leaf: Readonly<Record<string, unknown>>;
  place: Place;
}

/** What the nodes directly below a condition are; what is no condition has none, and is refused elsewhere. */
function childrenOf({ value, place }: WrittenCondition): WrittenCondition[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]: [string, unknown]): WrittenCondition[] => {
    if (key === 'not') return [{ value: child, place: inside(place, key) }];
    if ((key !== 'all' && key !== 'any') || !Array.isArray(child)) return [];
    return child.map((one: unknown, index) => ({ value: one, place: inside(place, key, index) }));
  });
}

function usedName({ value }: WrittenCondition): string | undefined {
  if (typeof value !== 'object' || value === null || !('condition' in value)) return undefined;
  return typeof value.condition === 'string' ? value.condition : undefined;
}

/** Longer chains of shared conditions are refused, since everything that follows them recurses. */
const MAX_CHAIN = 32;

/** Reports shared conditions that lead back to themselves, which would overflow the engine's stack, or too far. */
export function checkChains(context: CheckContext): void {
  /** How many shared conditions follow one another from here. */
  const lengths = new Map<string, number>();
  const follow = (name: string, chain: readonly string[]): number => {
    const known = lengths.get(name);
    const start = context.shared.get(name);
    if (known !== undefined || start === undefined) return known ?? 0;
    let longest = 0;
    for (const { used, place } of usesIn(start)) {
      const from = chain.indexOf(used);
      if (from === -1 && chain.length <= MAX_CHAIN)
        longest = Math.max(longest, follow(used, [...chain, used]));
      if (from === -1 && longest < MAX_CHAIN && chain.length <= MAX_CHAIN) continue;
      const cycle = [...chain.slice(from), used].join(' -> ');
      const tooLong = `Shared conditions lead from one to the next more than ${MAX_CHAIN} times.`;
      context.findings.error(
        place,
        from === -1 ? tooLong : `This shared condition leads back to itself: ${cycle}.`,
      );
    }
    lengths.set(name, longest + 1);
    return longest + 1;
  };
  for (const name of context.shared.keys()) follow(name, [name]);
}

function usesIn(condition: WrittenCondition): { used: string; place: Place }[] {
  const used = usedName(condition);
  const own = used === undefined ? [] : [{ used, place: inside(condition.place, 'condition') }];
  return [...own, ...childrenOf(condition).flatMap(usesIn)];
}

/**
 * Every comparison below a condition, each shared condition once. Ends on cyclic conditions too, so that everything
 * else about them can be reported in the same run.
 */
export function leavesOf(root: WrittenCondition, shared: CheckContext['shared']): readonly WrittenLeaf[] {
  const leaves: WrittenLeaf[] = [];
  const used = new Set<string>();
  const walk = (condition: WrittenCondition, links: number): void => {
    const { value, place } = condition;
    if (typeof value === 'object' && value !== null && 'fact' in value) {
      leaves.push({ leaf: value as Readonly<Record<string, unknown>>, place });
    }
    const name = usedName(condition);
    const target = name === undefined ? undefined : shared.get(name);
    if (name !== undefined && target !== undefined && !used.has(name) && links < MAX_CHAIN) {
      used.add(name);
      walk(target, links + 1);
    }
    for (const child of childrenOf(condition)) walk(child, links);
  };
  walk(root, 0);
  return leaves;
}

/**
 * Every comparison below a condition with whether it is under an odd number of `not`; each shared condition at most once
 * with either sign. Ends on cyclic conditions too.
 */
export function signedLeavesOf(
  root: WrittenCondition,
  shared: CheckContext['shared'],
): readonly (WrittenLeaf & { negated: boolean })[] {
  const leaves: (WrittenLeaf & { negated: boolean })[] = [];
  const used = new Set<string>();
  const walk = (condition: WrittenCondition, negated: boolean, links: number): void => {
    const { value, place } = condition;
    if (typeof value === 'object' && value !== null && 'fact' in value) {
      leaves.push({ leaf: value as WrittenLeaf['leaf'], place, negated });
    }
    const name = usedName(condition);
    const target = name === undefined ? undefined : shared.get(name);
    const use = `${negated} ${name}`;
    if (target !== undefined && !used.has(use) && links < MAX_CHAIN) {
      used.add(use);
      walk(target, negated, links + 1);
    }
    const turns = typeof value === 'object' && value !== null && 'not' in value;
    for (const child of childrenOf(condition)) walk(child, turns ? !negated : negated, links);
  };
  walk(root, false, 0);
  return leaves;
}

/** Refuses conditions which, with every shared condition written out, are larger than any policy; not for cyclic ones. */
export function checkSize(root: WrittenCondition, context: CheckContext): void {
  const sizes = new Map<string, number>();
  const sizeOf = (condition: WrittenCondition): number => {
    const name = usedName(condition);
    if (name !== undefined) {
      const target = context.shared.get(name);
      const size = sizes.get(name) ?? (target === undefined ? 0 : sizeOf(target));
      sizes.set(name, size);
      return size;
    }
    const children = childrenOf(condition);
    return children.length === 0 ? 1 : children.reduce((sum, child) => sum + sizeOf(child), 0);
  };
  const size = sizeOf(root);
  if (size <= MAX_LEAVES) return;
  const message = `With its shared conditions written out, this has ${size} comparisons: at most ${MAX_LEAVES} are evaluated.`;
  context.findings.error(root.place, message);
}
