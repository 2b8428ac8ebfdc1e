import type { SeenAction } from './case-names.js';
import { shareOut } from './share-out.js';
import type { Expectation, ExpectedAction } from './test-case.js';

/** Where what happened at one poll differs from what should have happened. */
export interface Difference {
  /** Expected, and as expected. */
  matched: readonly SeenAction[];
  missing: readonly { expected: ExpectedAction; count: number }[];
  unexpected: readonly SeenAction[];
}

/**
 * Nothing is missing and nothing unexpected wherever the actions can be shared out among the expectations so that each gets as
 * many as it asks for. Where they cannot, the expectation that says most goes first.
 */
export function compareActions(expected: readonly ExpectedAction[], seen: readonly SeenAction[]): Difference {
  const holders = shareOut(expected.toSorted(saysMoreFirst), seen, meets);
  const taken = new Map<ExpectedAction, number>();
  for (const holder of holders.values()) taken.set(holder, (taken.get(holder) ?? 0) + 1);
  return {
    matched: seen.filter((action) => holders.has(action)),
    missing: expected.flatMap((one) => {
      const count = one.count - (taken.get(one) ?? 0);
      return count > 0 ? [{ expected: one, count }] : [];
    }),
    // A case that does not speak of what safeguards stopped allows it.
    unexpected: seen.filter((action) => !holders.has(action) && action.withheld === undefined),
  };
}

/** What must not happen at a poll of which the case lists no actions. */
export function unlistedActions(seen: readonly SeenAction[], strict: boolean): readonly SeenAction[] {
  return seen.filter(({ action, withheld }) => withheld === undefined && (strict || action !== 'alert'));
}

export function differenceAt(
  expectation: Expectation | undefined,
  seen: readonly SeenAction[],
  strict: boolean,
): Difference {
  if (expectation?.actions !== undefined) return compareActions(expectation.actions, seen);
  return { matched: [], missing: [], unexpected: unlistedActions(seen, strict) };
}

/** Whether an action is one that an expectation describes. */
export function meets(action: SeenAction, expected: ExpectedAction): boolean {
  const { rule, target, subject, withheld } = expected;
  if (rule !== undefined && rule !== action.rule) return false;
  if (expected.action !== undefined && expected.action !== action.action) return false;
  if (subject !== undefined && subject !== action.subject) return false;
  if (target !== undefined && !meetsTarget(action.target, target)) return false;
  return withheld === true ? action.withheld !== undefined : withheld === action.withheld;
}

function meetsTarget(target: string, expected: string): boolean {
  return expected.endsWith('*') ? target.startsWith(expected.slice(0, -1)) : target === expected;
}

/** By how closely the target is told, an exact one before a beginning and a longer beginning before a shorter; then by what else is said. */
function saysMoreFirst(one: ExpectedAction, other: ExpectedAction): number {
  const byTarget = closenessOf(other.target) - closenessOf(one.target);
  return byTarget === 0 ? keysOf(other) - keysOf(one) : byTarget;
}

function closenessOf(target: string | undefined): number {
  if (target === undefined) return 0;
  return target.endsWith('*') ? target.length : Number.MAX_SAFE_INTEGER;
}

function keysOf({ rule, action, subject, withheld }: ExpectedAction): number {
  return [rule, action, subject, withheld].filter((one) => one !== undefined).length;
}
