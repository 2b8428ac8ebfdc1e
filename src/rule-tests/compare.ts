import type { SeenAction } from './case-names.js';
import type { Expectation, ExpectedAction } from './test-case.js';

/** Where what happened at one poll differs from what should have happened. */
export interface Difference {
  /** Expected, and as expected. */
  matched: readonly SeenAction[];
  missing: readonly { expected: ExpectedAction; count: number }[];
  unexpected: readonly SeenAction[];
}

/** Every expectation takes as many actions as it asks for; the one that says most chooses first. */
export function compareActions(expected: readonly ExpectedAction[], seen: readonly SeenAction[]): Difference {
  const free = new Set(seen);
  const matched: SeenAction[] = [];
  const missing: Difference['missing'][number][] = [];
  const ordered = expected.toSorted((one, other) => saidBy(other) - saidBy(one));
  for (const one of ordered) {
    let open = one.count;
    for (const action of free) {
      if (open === 0) break;
      if (!meets(action, one)) continue;
      free.delete(action);
      matched.push(action);
      open -= 1;
    }
    if (open > 0) missing.push({ expected: one, count: open });
  }
  missing.sort((one, other) => expected.indexOf(one.expected) - expected.indexOf(other.expected));
  // A case that does not speak of what safeguards stopped allows it.
  return { matched, missing, unexpected: [...free].filter(({ withheld }) => withheld === undefined) };
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

/** How closely an expectation describes an action: an exact target weighs most, then the beginning of one. */
function saidBy({ rule, action, target, subject, withheld }: ExpectedAction): number {
  const exact = target === undefined ? 0 : target.endsWith('*') ? 4 : 8;
  const said = [rule, action, subject, withheld].filter((one) => one !== undefined).length;
  return exact + said;
}
