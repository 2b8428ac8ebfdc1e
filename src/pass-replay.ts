import type { PlannedAction } from './domain/action.js';
import { type CallIdentity, hasEnded } from './domain/call.js';
import { asStated, type KnownCustomers } from './domain/customer-tree.js';
import { jitterMsOf } from './domain/jitter.js';
import type { Holding, LedgerPoll, LedgerState, RuleActed } from './domain/ledger.js';
import { EVENTS } from './domain/quiet.js';
import { subjectKey, subjectText } from './domain/scope.js';
import type { Snapshot } from './domain/snapshot.js';
import { type CallHistory, createCallHistory, type ObserveOptions } from './facts/call-history.js';
import { createKeptCalls, type KeptCalls } from './facts/kept-calls.js';
import { isGap } from './facts/poll-gaps.js';
import { type Decision, type DecisionInput, decidePass } from './pass-decide.js';
import type { LedgerStep } from './pass-ledger-world.js';
import { RECENT_DISCONNECT_MS, REPEAT_RECORD_MS } from './pass-past.js';
import { createQuietKeeper } from './pass-quiet.js';
import { createReplayedDisconnects } from './pass-replay-sent.js';
import { actedReachMs } from './plan/rule-timing.js';
import { type CompiledRule, vendorsAskedBy } from './policy/compile-rules.js';

/** What a replay is told once; the rest is what a pass is told each time. */
export interface ReplayOptions
  extends Omit<DecisionInput, 'snapshot' | 'history' | 'recentlyDisconnected' | 'holding' | 'acted'> {
  switchName: string;
  /** The rules as they stand at a poll, exceptions that have ended left out; `rules` at every one by default. See rulesOverTime. */
  rulesAt?: (now: number) => readonly CompiledRule[];
  /** What was known of customers at a poll, the same object while it held; `customers` and `protection` by default. */
  knownAt?: (at: number) => CustomersThen;
  /** What was known before the first poll; nothing by default. */
  past?: LedgerState;
  /**
   * Judges only subjects that may be anything but clear; verdicts that are clear are left out then. It takes polls that are
   * told by their changes.
   */
  skipsQuiet?: boolean;
}

/** Whom facts count together at an instant, and whom that protects. */
export interface CustomersThen extends Pick<DecisionInput, 'protection'> {
  customers: KnownCustomers;
}

/** A poll told by what changed since the last one, so that it costs no more than that. */
export interface PollChanges extends Omit<LedgerStep, 'snapshot'> {
  poll: LedgerPoll;
}

/**
 * Judges one snapshot after the other as passes would, without a switch and without a store: what a pass keeps in the
 * ledger and in the audit log is kept here in memory. Tests of rules, explanations and backtests run on it.
 */
export interface Replay {
  readonly history: CallHistory;
  readonly holding: readonly Holding[];
  /** Takes a snapshot into the history without judging it: for the time before a replay begins. */
  warmUp(snapshot: Snapshot, changes?: PollChanges): void;
  /**
   * Judges and plans; nothing counts as done before it is said to `done`. Alerts that would only repeat an unchanged record
   * are left out, as the audit log leaves them out.
   */
  poll(snapshot: Snapshot, changes?: PollChanges): Promise<Decision>;
  missed(poll: Omit<LedgerPoll, 'result'>): void;
  /** These planned actions of the last poll were carried out: their calls count as cut, their rules as having acted. */
  done(actions: readonly PlannedAction[], at: number): void;
}

export function createReplay(options: ReplayOptions): Replay {
  const history = createCallHistory({
    ...options,
    // As passes by these rules would have: the ledger does not say which vendors were.
    vendorsAsked: vendorsAskedBy(options.rules),
    asksFew: options.skipsQuiet === true,
  });
  if (options.past !== undefined) history.restore(options.past);
  const holding = new Map((options.past?.holding ?? []).map((one) => [holdingKey(one), one]));
  const reachMs = new Map(options.rules.map(({ rule }) => [rule.name, actedReachMs(rule)] as const));
  const longestReachMs = Math.max(0, ...reachMs.values());
  const windowMs = Math.max(0, ...options.rules.map((compiled) => compiled.windowMs));
  let acted: RuleActed[] = [];
  const disconnects = createReplayedDisconnects();
  /** When each alert was last recorded, by what tells records apart. */
  const alertedAt = new Map<string, number>();
  const repeatMs = new Map(
    options.rules.map(({ rule }) => [rule.name, rule.cooldownMs ?? REPEAT_RECORD_MS] as const),
  );
  const always: CustomersThen = {
    customers: options.customers ?? asStated(options.customerTree),
    protection: options.protection,
  };
  let then = always;
  const doubt = createCustomerDoubt(options);
  const { switchName, numbering } = options;
  const tree = () => then.customers.tree;
  let { rules } = options;
  const keepQuiet = () =>
    options.skipsQuiet === true ? createQuietKeeper({ switchName, numbering, rules, tree }) : undefined;
  let quiet = keepQuiet();
  let lastLogin: string | undefined;
  let lastSoundAt: number | undefined;
  const keptByLogin = new Map<string, KeptCalls>();
  let polls = 0;

  function knowThen(at: number): void {
    const next = options.knownAt?.(at) ?? always;
    if (next.customers === then.customers) return;
    then = next;
    doubt.change(next.customers);
    for (const kept of keptByLogin.values()) kept.forgetTrees();
  }

  /** What is known of subjects is known by what the rules saw before: nothing of it is taken over. */
  function judgeBy(next: readonly CompiledRule[]): void {
    if (next === rules) return;
    rules = next;
    quiet = keepQuiet();
    for (const kept of keptByLogin.values()) kept.forgetFilters();
  }

  function keptOf(login: string): KeptCalls {
    let kept = keptByLogin.get(login);
    if (kept === undefined) {
      kept = createKeptCalls(options.switchName);
      keptByLogin.set(login, kept);
    }
    return kept;
  }

  function take(snapshot: Snapshot, changes: PollChanges | undefined, own: readonly CallIdentity[]): void {
    const cuts = [...own, ...(changes?.cut ?? []).map(({ call }) => call)];
    if (changes === undefined || quiet === undefined) {
      const intervalMs = changes?.poll.intervalMs ?? options.intervalMs;
      history.observe(snapshot, { intervalMs, cuts, ...(changes && asInLedger(changes)) });
      return;
    }
    const { poll, listed, ended, passed, absent } = changes;
    for (const { call } of listed) doubt.see(call.customer, then.customers);
    const { heldOpen } = asInLedger(changes);
    history.replay({ poll, listed, ended: ended.map(({ call }) => call), cuts, ...heldOpen });
    keptOf(poll.login).step(listed, [...ended, ...passed, ...absent]);
  }

  function quietAt(
    snapshot: Snapshot,
    changes: PollChanges | undefined,
  ): Pick<DecisionInput, 'quiet' | 'indexOf'> {
    const keeper = quiet;
    if (keeper === undefined || changes === undefined) return {};
    const { listed, freshCount, ended, passed, absent, lost, cut, poll, sharesIds } = changes;
    const changed = listed.length - freshCount;
    const events = [
      { kind: EVENTS.over, calls: cut },
      { kind: EVENTS.over, calls: ended, gone: true },
      { kind: EVENTS.over, calls: passed, gone: true },
      { kind: EVENTS.over, calls: absent, gone: true, upsets: true },
      { kind: EVENTS.over, calls: lost, gone: true, upsets: true },
      { kind: EVENTS.changed, calls: listed.slice(0, changed) },
      { kind: EVENTS.fresh, calls: listed.slice(changed) },
      // What is listed as over ends with this listing. That it is gone, the next one would tell too late.
      { kind: EVENTS.over, calls: listed.filter(({ call }) => hasEnded(call.state)) },
    ];
    const afterGap = lastSoundAt === undefined || isGap(poll.at - lastSoundAt, poll.intervalMs);
    const anew = sharesIds || afterGap || poll.login !== lastLogin || doubt.isOpen();
    if (poll.result === 'sound' || poll.login !== lastLogin) lastSoundAt = poll.at;
    keeper.begin(snapshot.observedAt, events, { anew, doubtful: snapshot.doubt !== undefined });
    lastLogin = poll.login;
    return {
      quiet: (rule, away) => keeper.of(rule, away),
      // By ID alone nobody could tell such calls apart.
      ...(sharesIds ? {} : { indexOf: (...asked) => keptOf(poll.login).index(...asked) }),
    };
  }

  function forget(now: number): void {
    if (acted.length > 0) acted = acted.filter(({ at }) => at > now - longestReachMs);
    history.forget(now - windowMs - RECENT_DISCONNECT_MS);
  }

  function isRepeat(action: PlannedAction, now: number, intervalMs: number): boolean {
    if (action.action !== 'alert') return false;
    const last = alertedAt.get(alertKey(action));
    const waitMs = (repeatMs.get(action.rule) ?? REPEAT_RECORD_MS) - jitterMsOf(intervalMs);
    return last !== undefined && now - last < waitMs;
  }

  return {
    history,
    get holding() {
      return [...holding.values()];
    },
    warmUp(snapshot, changes) {
      knowThen(snapshot.observedAt);
      history.forget(snapshot.observedAt - windowMs - RECENT_DISCONNECT_MS);
      take(snapshot, changes, []);
    },
    async poll(snapshot, changes) {
      polls += 1;
      const now = snapshot.observedAt;
      forget(now);
      knowThen(now);
      judgeBy(options.rulesAt?.(now) ?? options.rules);
      const intervalMs = changes?.poll.intervalMs ?? options.intervalMs;
      const lastListedAt = history.lastListedAt(snapshot.coverage.login);
      const { cuts, recent } = disconnects.before(now, lastListedAt);
      take(snapshot, changes, cuts);
      const decision = await decidePass({
        ...options,
        ...then,
        rules,
        ...quietAt(snapshot, changes),
        intervalMs,
        snapshot,
        history,
        recentlyDisconnected: recent,
        holding: [...holding.values()],
        acted,
      });
      for (const one of decision.holding.drop) holding.delete(holdingKey(one));
      for (const one of decision.holding.put) holding.set(holdingKey(one), one);
      return {
        ...decision,
        actions: decision.actions.filter((action) => !isRepeat(action, now, intervalMs)),
      };
    },
    missed(poll) {
      polls += 1;
      history.missed({ ...poll, result: 'failed' });
    },
    done(actions, at) {
      for (const action of firstOfEach(actions)) {
        if (reachMs.get(action.rule) === 0) continue;
        acted.push({ ruleHash: action.ruleHash, subject: actedKey(action), at, passId: String(polls) });
      }
      for (const action of actions) {
        if (action.action === 'alert') alertedAt.set(alertKey(action), at);
        else disconnects.add(action, at);
      }
    },
  };
}

/** How a history takes in a listing of which the ledger tells. */
export function asInLedger({
  absent,
  givenUp,
}: Pick<LedgerStep, 'absent' | 'givenUp'>): Required<Pick<ObserveOptions, 'fromLedger' | 'heldOpen'>> {
  const heldOpen = { absent: absent.map(({ call }) => call), givenUp: givenUp.map(({ call }) => call) };
  return { fromLedger: true, heldOpen };
}

function alertKey({ ruleHash, subject, call }: PlannedAction): string {
  return JSON.stringify([ruleHash, subjectText(subject), call?.callId ?? null, call?.setupTimeText ?? null]);
}

/** A rule acts on a subject once a pass, however many calls it takes. */
function firstOfEach(actions: readonly PlannedAction[]): readonly PlannedAction[] {
  const seen = new Set<string>();
  return actions.filter((action) => {
    const key = `${action.ruleHash} ${actedKey(action)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function holdingKey({ ruleHash, subject }: Pick<Holding, 'ruleHash' | 'subject'>): string {
  return `${ruleHash} ${subject}`;
}

/** As the audit log names who was acted on: a call by the identity that the record, or its evidence, names. */
function actedKey({ subject, call, evidence }: PlannedAction): string {
  const judged = 'judged' in evidence ? evidence.judged : undefined;
  const named = judged ?? evidence.call;
  const identity = named && { id: named.id, callId: named.callId, setupTimeText: named.setupTime };
  return subjectKey(subject, judged === undefined ? (call ?? identity) : identity);
}

/**
 * Whether a verdict may have changed though nothing happened to its subject: other customers are known now, or one with calls
 * is not placed, so that its calls put counts of others in doubt.
 */
function createCustomerDoubt({ rules }: Pick<ReplayOptions, 'rules'>) {
  const usesTree = rules.some((rule) => rule.usesTree);
  const seen = new Set<number>();
  let changed = false;
  let inDoubt = false;
  return {
    change({ isPlaced }: KnownCustomers): void {
      changed = usesTree;
      inDoubt = usesTree && [...seen].some((one) => !isPlaced(one));
    },
    see(customer: number | undefined, { isPlaced }: KnownCustomers): void {
      if (!usesTree || customer === undefined || seen.has(customer)) return;
      seen.add(customer);
      inDoubt ||= !isPlaced(customer);
    },
    isOpen(): boolean {
      const open = changed || inDoubt;
      changed = false;
      return open;
    },
  };
}
