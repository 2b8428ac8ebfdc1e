import type { PlannedAction, WithholdReason } from './domain/action.js';
import { type CallIdentity, identityKey } from './domain/call.js';
import type { Caps } from './domain/config.js';
import type { CalledCountry, KnownAccount, LedgerCall, LedgerPoll, LedgerState } from './domain/ledger.js';
import type { Snapshot } from './domain/snapshot.js';
import { createGate } from './enforce/gate.js';
import { createLeadInNotes, type LeadIn, type LeadInNotes } from './pass-backtest-lead-in.js';
import { type CapTrips, createCapTrips } from './pass-backtest-trips.js';
import { type Unwatched, unwatchedIn } from './pass-backtest-unwatched.js';
import { type CarryingOut, carryOut } from './pass-carried-out.js';
import { endedByCut } from './pass-ledger-calls.js';
import { createLedgerWorld, type LedgerWorld, type LedgerWorldOptions } from './pass-ledger-world.js';
import { createReplay, type Replay, type ReplayOptions } from './pass-replay.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface BacktestOptions
  extends Omit<ReplayOptions, 'past' | 'caps' | 'intervalMs' | 'skipsQuiet'>,
    Pick<LedgerWorldOptions, 'calls'> {
  /** Compiled as though all of them enforced; `modes` says what is written. */
  modes: ReadonlyMap<string, string>;
  /** In order of time; those before `actsFrom` only build up the history that windows need. */
  polls: readonly LedgerPoll[];
  /** Milliseconds since the epoch, not after `since`: from here on rules act. See actingFrom. */
  actsFrom: number;
  /** From here on what they do is counted. */
  since: number;
  /** Where the span ends; the last poll lies before. */
  until: number;
  countries: readonly CalledCountry[];
  accounts: readonly KnownAccount[];
  /** As LedgerState has it; nothing by default. */
  prunedUntil?: LedgerState['prunedUntil'];
  caps: Caps;
  /** Judges every subject at every poll, as passes do: what the quick way must come to as well. For tests. */
  thorough?: boolean;
  /** Told after every poll, with the share of polls that is done. */
  onProgress?: (share: number) => void;
}

/** A call that a rule would have cut. */
export interface BacktestedCall extends CallIdentity {
  rule: string;
  account: number | undefined;
  customer: number | undefined;
  cli: string | undefined;
  cld: string | undefined;
  /** When it would have been cut; milliseconds since the epoch. */
  cutAt: number;
  /** Connected minutes until then, and those that it really went on for afterwards, up to the last poll. */
  minutesBefore: number;
  minutesCut: number;
  /** It was cut in earnest too, as the ledger knows: how long it would have gone on, nobody does. */
  reallyCut: boolean;
}

/** What one rule would have done. */
export interface BacktestedRule {
  rule: string;
  mode: string;
  /** Actions that would have been sent, and alerts that would have been recorded, those of tripped caps among them. */
  actions: number;
  alerts: number;
  /** How many calls, accounts, customers or subjects of alerts a safeguard would have held back, by reason. */
  withheld: Readonly<Partial<Record<WithholdReason, number>>>;
  /** Polls at which it could not be judged for some subject. */
  indeterminatePolls: number;
  /** Why it could not be judged at all at some polls; undefined where it always could. */
  broken: string | undefined;
  /** Vendors that it goes by and that no call was listed for: mostly because no rule asked for them at the time. */
  unseenVendors: readonly number[];
}

export interface BacktestResult {
  polls: number;
  /** Of those: without a listing, or with a doubtful one. */
  missedPolls: number;
  /** Where nobody looked. */
  unwatched: readonly Unwatched[];
  /** Calls that were on the switch in the span, those that these rules cut before it among them. */
  calls: number;
  /**
   * Calls that were cut in earnest in the span and that these rules had not cut by then: they end as they did, and nothing
   * that would have followed is known.
   */
  cutOtherwise: number;
  leadIn: LeadIn;
  rules: readonly BacktestedRule[];
  cut: readonly BacktestedCall[];
}

interface RuleCount extends Omit<BacktestedRule, 'withheld' | 'unseenVendors'> {
  /** Each once, at however many polls it is planned again. */
  withheld: Map<WithholdReason, Set<string>>;
}

/** What is counted of some polls. */
interface Figures {
  polls: number;
  missedPolls: number;
  cutOtherwise: number;
  counts: ReadonlyMap<string, RuleCount>;
  cut: BacktestedCall[];
}

/**
 * Replays the ledger at its polls and tells what these rules would have done, had all of them enforced, with the caps in
 * force. A cut call counts as ended; what its caller would have done then, nobody knows.
 */
export async function runBacktest(options: BacktestOptions): Promise<BacktestResult> {
  const { since, until, polls, rules, actsFrom } = options;
  const world = createLedgerWorld(options);
  const replay = replayOf(options);
  const leadIn = createLeadInNotes({ ...options, rules: rules.map(({ rule }) => rule) });
  const told = newFigures(options);
  // Of the lead-in: what it did is done, and nobody counts it.
  const untold = newFigures(options);
  const act = createActing(options, { world, replay, leadIn });
  const judgeFrom =
    actsFrom - Math.max(0, ...rules.map(({ rule }) => rule.forMs)) - 2 * (polls[0]?.intervalMs ?? 0);
  /** The first listing of the span, and how many calls had ended before. */
  let first: { poll: LedgerPoll; ended: number } | undefined;

  for (const [index, poll] of polls.entries()) {
    const figures = poll.at < since ? untold : told;
    figures.polls += 1;
    if (poll.result !== 'sound') figures.missedPolls += 1;
    if (poll.result === 'failed') {
      replay.missed(poll);
      options.onProgress?.((index + 1) / polls.length);
      continue;
    }
    const { snapshot, ...changes } = world.step(poll);
    figures.cutOtherwise += changes.cut.length;
    if (poll.at >= since && first === undefined) {
      const listed = snapshot.calls.length + leadIn.cutButListed(poll);
      first = { poll, ended: world.seen - listed };
    }
    if (poll.at < judgeFrom) {
      replay.warmUp(snapshot, { poll, ...changes });
    } else {
      const { actions, rules: decided } = await replay.poll(snapshot, { poll, ...changes });
      noteVerdicts(decided, figures.counts);
      if (poll.at >= actsFrom) act(actions, { poll, snapshot, figures });
    }
    options.onProgress?.((index + 1) / polls.length);
  }
  const vendorsOf = new Map(
    (options.rulesAt?.(since) ?? rules).map(({ rule, vendors }) => [rule.name, vendors]),
  );
  return {
    polls: told.polls,
    missedPolls: told.missedPolls,
    unwatched: unwatchedIn(polls, since, until),
    calls: first === undefined ? 0 : world.seen - first.ended,
    cutOtherwise: told.cutOtherwise,
    leadIn: leadIn.told(first?.poll),
    rules: Array.from(told.counts.values(), (count) => ({
      ...count,
      withheld: sizesOf(count.withheld),
      unseenVendors: vendorsOf.get(count.rule)?.filter((vendor) => !world.vendorsSeen.has(vendor)) ?? [],
    })),
    cut: told.cut,
  };
}

function replayOf(options: BacktestOptions): Replay {
  const { polls, countries, accounts, prunedUntil, thorough } = options;
  const known = prunedUntil === undefined ? {} : { prunedUntil };
  return createReplay({
    ...options,
    intervalMs: polls.at(-1)?.intervalMs ?? 0,
    skipsQuiet: thorough !== true,
    past: { lastPollId: undefined, polls: [], calls: [], countries, accounts, holding: [], ...known },
  });
}

function newFigures({ rules, modes }: BacktestOptions): Figures {
  const counts = new Map(
    rules.map(({ rule }) => [rule.name, newCount(rule.name, modes.get(rule.name) ?? rule.mode)]),
  );
  return { polls: 0, missedPolls: 0, cutOtherwise: 0, counts, cut: [] };
}

interface ActingAt {
  poll: LedgerPoll;
  snapshot: Snapshot;
  figures: Figures;
}

/** Carries out what was planned at a poll: for the replay, for its world, and for the caps of the polls to come. */
function createActing(
  options: BacktestOptions,
  { world, replay, leadIn }: { world: LedgerWorld; replay: Replay; leadIn: LeadInNotes },
): (actions: readonly PlannedAction[], at: ActingAt) => void {
  const trips = createCapTrips(options.rules);
  const taken: Taken[] = [];
  const lastAt = options.polls.at(-1)?.at ?? options.since;
  return (actions, { poll, snapshot, figures }) => {
    const { at } = poll;
    const rules = options.rulesAt?.(at) ?? options.rules;
    const { counts } = figures;
    leadIn.planned(new Set(actions.map(({ rule }) => rule)), at);
    const then = { ...options, rules, ...options.knownAt?.(at) };
    const done = decide(actions, { ...then, poll, snapshot, taken, counts, trips });
    replay.done(done, at);
    for (const action of done) {
      const { weight } = action;
      taken.push({ at, calls: weight });
      leadIn.taken(weight, at);
      for (const call of callsOf(action)) {
        const rows = world.cut(call);
        if (at < options.since) leadIn.cut(rows);
        const [row] = rows;
        if (row !== undefined) figures.cut.push(cutCall(row, { rule: action.rule, at, until: lastAt }));
      }
    }
  };
}

function newCount(rule: string, mode: string): RuleCount {
  return { rule, mode, actions: 0, alerts: 0, withheld: new Map(), indeterminatePolls: 0, broken: undefined };
}

function sizesOf(withheld: RuleCount['withheld']): BacktestedRule['withheld'] {
  return Object.fromEntries(Array.from(withheld, ([reason, targets]) => [reason, targets.size]));
}

function noteVerdicts(
  decided: Awaited<ReturnType<ReturnType<typeof createReplay>['poll']>>['rules'],
  counts: ReadonlyMap<string, RuleCount>,
): void {
  for (const { rule, verdicts, broken } of decided) {
    const count = counts.get(rule.name);
    if (count === undefined) continue;
    if (broken !== undefined) count.broken ??= String(broken);
    if (verdicts.some(({ result }) => result === 'indeterminate')) count.indeterminatePolls += 1;
  }
}

interface Deciding extends Omit<CarryingOut, 'gate' | 'recentlyDisconnected' | 'caps'> {
  poll: LedgerPoll;
  snapshot: Snapshot;
  caps: Caps;
  taken: readonly Taken[];
  counts: ReadonlyMap<string, RuleCount>;
  trips: CapTrips;
}

/** What a pass would have carried out of the plan, with the gate that it has before its requests. */
function decide(actions: readonly PlannedAction[], past: Deciding): readonly PlannedAction[] {
  if (actions.length === 0) return [];
  const gate = createGate({
    configMode: 'enforce',
    dryRun: false,
    caps: past.caps,
    takenLastHour: takenSince(past.taken, past.snapshot.observedAt - HOUR_MS),
    paused: () => false,
    halted: () => undefined,
  });
  // What was cut in the replay is listed no more.
  return carryOut(actions, { ...past, recentlyDisconnected: [], gate }).flatMap(({ action, decision }) => {
    const count = past.counts.get(action.rule);
    if (count === undefined) return [];
    if (decision.kind === 'withheld') {
      noteWithheld(count.withheld, decision.reason, action);
      if (past.trips.raises(action.rule, decision.reason, past.poll)) count.alerts += 1;
      return [];
    }
    if (decision.kind === 'alerted') count.alerts += 1;
    else count.actions += 1;
    return [action];
  });
}

function noteWithheld(
  withheld: RuleCount['withheld'],
  reason: WithholdReason,
  { action, target, call }: PlannedAction,
): void {
  const known = withheld.get(reason) ?? new Set();
  withheld.set(reason, known.add(call === undefined ? `${action} ${target}` : identityKey(call)));
}

/** What an action uses up of the hourly cap. */
interface Taken {
  at: number;
  calls: number;
}

/** From the end, as they are in order of time. */
function takenSince(taken: readonly Taken[], since: number): number {
  let calls = 0;
  for (let index = taken.length - 1; index >= 0; index -= 1) {
    const one = taken[index];
    if (one === undefined || one.at < since) break;
    calls += one.calls;
  }
  return calls;
}

/** The calls that an action surely ends. */
function callsOf({ action, call, takes }: PlannedAction): readonly CallIdentity[] {
  if (action === 'alert') return [];
  return call === undefined ? takes : [call];
}

function cutCall(
  row: LedgerCall,
  { rule, at, until }: { rule: string; at: number; until: number },
): BacktestedCall {
  const { id, callId, setupTimeText, account, customer, cli, cld } = row;
  return {
    ...{ id, callId, setupTimeText, account, customer, cli, cld },
    rule,
    cutAt: at,
    reallyCut: endedByCut(row),
    ...minutesAround(row, at, until),
  };
}

/**
 * Minutes count until the end of the replay at most: of a call that has no known end, and of one whose end was seen later, so
 * that a span comes to the same whenever it is asked about.
 */
function minutesAround(row: LedgerCall, at: number, until: number) {
  const { connectedAt } = row;
  if (connectedAt === undefined) return { minutesBefore: 0, minutesCut: 0 };
  const goesOn = row.endedAt === undefined && row.absentAt === undefined;
  const end = goesOn ? until : Math.min(row.lastSeenAt, until);
  return {
    minutesBefore: Math.max(0, at - connectedAt) / MINUTE_MS,
    minutesCut: Math.max(0, end - Math.max(at, connectedAt)) / MINUTE_MS,
  };
}
