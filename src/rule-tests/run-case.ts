import type { PlannedAction } from '../domain/action.js';
import { relationTo } from '../domain/customer-tree.js';
import type { Location, Problem } from '../domain/errors.js';
import type { Rule } from '../domain/rule.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { CaseDecider, CaseDecision } from './case-decider.js';
import { type CaseNames, namesOf, type SeenAction } from './case-names.js';
import type { CaseWorld } from './case-world.js';
import { type Difference, differenceAt } from './compare.js';
import { createIdleRules, testsNothing } from './idle-rules.js';
import { createSilentSafeguards, type TakenCall } from './silent-safeguards.js';
import type { ExpectedAction, ExpectedVerdict, RuleTestCase } from './test-case.js';
import { createUndecidedRules } from './undecided-rules.js';
import { createReasons, type Reasons } from './why-not.js';

export interface CaseResult {
  testCase: RuleTestCase;
  failures: readonly PollFailure[];
  /** What the case passes without testing it; nothing where it fails. */
  warnings: readonly Problem[];
}

/** One poll that did not go as the case says. */
export interface PollFailure {
  /** Counted from the start of the case, in milliseconds. */
  atMs: number;
  at: number;
  /** Of the expectation; of the case where it lists none for this poll. */
  location: Location;
  listed: boolean;
  matched: readonly SeenAction[];
  missing: readonly MissingAction[];
  unexpected: readonly SeenAction[];
  verdicts: readonly WrongVerdict[];
}

export interface MissingAction {
  expected: ExpectedAction;
  count: number;
  /** Why it was not taken, as far as the decision tells; undefined where it does not. */
  why: string | undefined;
}

export interface WrongVerdict {
  expected: ExpectedVerdict;
  result: 'violated' | 'clear';
  why: string | undefined;
}

/** A case made ready to be played once. */
export interface StagedCase {
  world: CaseWorld;
  decider: CaseDecider;
}

export interface RunOptions extends StagedCase {
  /** The same case anew, as if this rule had no schedule. */
  withoutSchedule(rule: string): StagedCase;
  /** Told before every poll, failed ones included. */
  beforePoll?: () => void;
}

/** Plays a case to its end; what is cut is gone at the next poll, also where the case did not expect it. */
export async function runCase(
  testCase: RuleTestCase,
  { withoutSchedule, beforePoll, ...staged }: RunOptions,
): Promise<CaseResult> {
  const { failures, warnings, resting } = await play(testCase, staged, beforePoll);
  if (failures.length > 0) return { testCase, failures, warnings: [] };
  const unneeded: Problem[] = [];
  for (const { name } of resting) {
    const awake = await play(testCase, withoutSchedule(name));
    if (awake.failures.length === 0) unneeded.push(testsNothing(testCase, name, RESTS_ANYHOW));
  }
  return { testCase, failures, warnings: [...warnings, ...unneeded] };
}

const RESTS_ANYHOW =
  'which is outside of its schedule at every poll: it passes without the schedule as well, whatever the rule says by day or night. Let it "start" within the schedule, or write calls that the rule would act on';

interface Played {
  failures: readonly PollFailure[];
  warnings: readonly Problem[];
  /** Rules that the case names and that were outside of their schedule at every poll. */
  resting: readonly Rule[];
}

async function play(
  testCase: RuleTestCase,
  { world, decider }: StagedCase,
  beforePoll?: () => void,
): Promise<Played> {
  const names = namesOf(testCase);
  const reasons = createReasons(testCase, names, decider);
  const failures: PollFailure[] = [];
  const undecided = createUndecidedRules(testCase);
  const idle = createIdleRules(testCase);
  const safeguards = createSilentSafeguards(testCase, names, (number) => decider.isProtectedUnnamed(number));
  for (const { at, fails } of testCase.polls) {
    beforePoll?.();
    if (fails) {
      decider.missed(world.missedAt(at));
      continue;
    }
    const snapshot = world.snapshotAt(at);
    const decision = await decider.poll(snapshot);
    undecided.note(decision);
    idle.note(decision, at);
    const failure = await judgePoll(testCase, at, { decision, names, reasons, snapshot });
    if (failure !== undefined) failures.push(failure);
    const polled = decision.actions.map((planned) => ({
      planned,
      seen: names.seen(planned),
      calls: takenBy(planned, snapshot, testCase),
    }));
    safeguards.note(polled, at);
    const done = polled.filter(({ planned }) => planned.withhold === undefined);
    decider.done(
      done.map(({ planned }) => planned),
      at,
    );
    for (const { calls } of done) for (const call of calls) world.end(call);
    reasons.done(
      done.map(({ seen }) => seen),
      at,
    );
  }
  const warnings = [...undecided.problems(), ...idle.problems(), ...safeguards.problems()];
  return { failures, warnings, resting: idle.resting() };
}

interface DecidedPoll {
  decision: CaseDecision;
  names: CaseNames;
  reasons: Reasons;
  snapshot: Snapshot;
}

async function judgePoll(
  testCase: RuleTestCase,
  at: number,
  { decision, names, reasons, snapshot }: DecidedPoll,
): Promise<PollFailure | undefined> {
  const expectation = testCase.expectations.get(at);
  const seen = decision.actions.map(names.seen);
  const difference: Difference = differenceAt(expectation, seen, testCase.strict);
  const context = { at, decision, seen, snapshot };
  const verdicts: WrongVerdict[] = [];
  for (const result of ['violated', 'clear'] as const) {
    for (const expected of expectation?.[result] ?? []) {
      const isViolated = violates(decision, expected, names);
      if (isViolated === (result === 'violated')) continue;
      verdicts.push({ expected, result, why: await reasons.verdict(expected, context) });
    }
  }
  const { matched, missing, unexpected } = difference;
  if (missing.length + unexpected.length + verdicts.length === 0) return undefined;
  const explained: MissingAction[] = [];
  for (const one of missing) explained.push({ ...one, why: await reasons.missing(one.expected, context) });
  return {
    at,
    atMs: at - testCase.start,
    location: expectation?.location ?? testCase.location,
    listed: expectation?.actions !== undefined,
    matched,
    missing: explained,
    unexpected,
    verdicts,
  };
}

/** What is held back by `for` or `cooldown` is violated all the same. */
function violates({ rules }: CaseDecision, { rule, subject }: ExpectedVerdict, names: CaseNames): boolean {
  const judged = rules.find((one) => one.rule.name === rule);
  if (judged === undefined) return false;
  const violated = [
    ...judged.verdicts.filter(({ result }) => result === 'violated'),
    ...judged.held.map(({ verdict }) => verdict),
  ];
  return violated.some((verdict) => names.subject(verdict.subject) === subject);
}

/** What the switch ends: a customer's disconnect takes whoever stands below it too. */
function takenBy(action: PlannedAction, { calls }: Snapshot, testCase: RuleTestCase): readonly TakenCall[] {
  const target = Number(action.target);
  switch (action.action) {
    case 'alert':
      return [];
    case 'disconnectCall':
      return action.call === undefined ? [] : [action.call];
    case 'disconnectAccount':
      return calls.filter(({ account }) => account === target);
    case 'disconnectCustomer':
      return calls.filter(({ customer }) => relationTo(testCase.customerTree, target, customer) === 'inside');
  }
}
