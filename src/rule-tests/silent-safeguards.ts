import type { ActionCall, PlannedAction, WithholdReason } from '../domain/action.js';
import type { CallIdentity } from '../domain/call.js';
import type { Problem } from '../domain/errors.js';
import type { CaseNames, SeenAction } from './case-names.js';
import { meets } from './compare.js';
import { durationText } from './duration-text.js';
import type { RuleTestCase } from './test-case.js';
import { withheldText } from './withheld-text.js';

/** A call that an action would end. */
export type TakenCall = CallIdentity & Pick<ActionCall, 'cli' | 'cld'>;

/** One action of a poll, withheld or carried out. */
export interface PolledAction {
  planned: PlannedAction;
  seen: SeenAction;
  calls: readonly TakenCall[];
}

/** Disconnects that only a safeguard stopped, though the case does not speak of it: what looks left alone may be by chance. */
export interface SilentSafeguards {
  /** Takes in what one poll came to. */
  note(actions: readonly PolledAction[], at: number): void;
  /** A warning for every rule and reason, at the first action of them. */
  problems(): readonly Problem[];
}

interface Stopped {
  first: SeenAction;
  at: number;
  targets: Set<string>;
}

/** `isProtectedUnnamed` knows the numbers that are protected though the case names none of them. */
export function createSilentSafeguards(
  testCase: RuleTestCase,
  names: CaseNames,
  isProtectedUnnamed: (number: string) => boolean,
): SilentSafeguards {
  const listed = [...testCase.expectations.values()]
    .flatMap(({ actions }) => actions ?? [])
    .filter(({ withheld }) => withheld !== undefined);
  const acted = new Set<string>();
  const stopped = new Map<string, Stopped>();

  function isByChance({ planned, seen, calls }: PolledAction): boolean {
    if (planned.withhold === undefined || listed.some((one) => meets(seen, one))) return false;
    // A whole is followed by its calls that may go, and the case has to list those.
    if (planned.action !== 'disconnectCall' && acted.has(actedKey(seen))) return false;
    return !isMeant(planned.withhold, calls, isProtectedUnnamed);
  }

  return {
    note(actions, at) {
      for (const { planned, seen } of actions) if (planned.withhold === undefined) acted.add(actedKey(seen));
      for (const action of actions.filter(isByChance)) {
        const { seen } = action;
        const key = JSON.stringify([seen.rule, seen.withheld]);
        const known = stopped.get(key) ?? { first: seen, at, targets: new Set() };
        known.targets.add(seen.target);
        stopped.set(key, known);
      }
    },
    problems() {
      return [...stopped.values()].map(({ first, at, targets }) => ({
        file: testCase.location.file,
        location: testCase.location,
        message: `The case "${testCase.name}" passes only because a safeguard stops what the rule "${first.rule}" asks for: ${first.action} ${first.target} at ${durationText(at - testCase.start)}${moreText(targets.size - 1)}, ${withheldText(first, names)}. ${wayOut(first.withheld)}, or list it with "withheld: ${first.withheld}" where that is what the case shows.`,
        severity: 'warning',
      }));
    },
  };
}

function actedKey({ rule, subject }: SeenAction): string {
  return `${rule} ${subject}`;
}

/** Whether the case itself names in `protect`, or the rule in `except`, what must not go. */
function isMeant(
  reason: WithholdReason,
  calls: readonly TakenCall[],
  isProtectedUnnamed: (number: string) => boolean,
): boolean {
  switch (reason) {
    case 'protected-account':
    case 'protected-customer':
    case 'takes-excepted':
      return true;
    case 'protected-number':
    case 'takes-protected':
      return !calls.some(({ cli, cld }) =>
        [cli, cld].some((number) => number !== undefined && isProtectedUnnamed(number)),
      );
    default:
      return false;
  }
}

function moreText(more: number): string {
  return more === 0 ? '' : ` and ${more} more`;
}

function wayOut(reason: WithholdReason | undefined): string {
  switch (reason) {
    case 'number-unknown':
    case 'takes-unknown-number':
      return 'Give every call a CLD that can be read';
    case 'protected-number':
    case 'takes-protected':
      return 'Emergency numbers are protected everywhere: write other ones';
    default:
      return 'Write calls that no safeguard spares';
  }
}
