import type { CallIdentity } from '../domain/call.js';
import type { Holding, HoldingChanges, LedgerPoll, LedgerState, RuleActed } from '../domain/ledger.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type CallHistory, type CallHistoryOptions, createCallHistory } from '../facts/call-history.js';
import { decidePass } from '../pass-decide.js';
import { createLedgerWorld } from '../pass-ledger-world.js';
import { type BoundsOf, RECENT_DISCONNECT_MS, reachOf } from '../pass-past.js';
import { asInLedger, type CustomersThen } from '../pass-replay.js';
import { rulesOverTime, vendorsAskedBy } from '../policy/compile-rules.js';
import type { LedgerReader } from '../store/ledger-reader.js';
import type { PastDisconnect, PastReader } from '../store/past-reader.js';
import type { Judging } from './judging.js';

const HOUR_MS = 3_600_000;

/** What passes of a switch went by, as it is known today. */
export interface PastOfSwitch {
  ledger: LedgerReader;
  /** What the ledger has kept of countries and accounts, and up to when it keeps calls no more. */
  known: Pick<LedgerState, 'countries' | 'accounts' | 'prunedUntil'>;
  past: PastReader;
  /** What judges at this instant but for customers: exceptions end. */
  judgingAt(now: number): Judging;
  /** The customers that were known at each instant, to be asked for in order of time. */
  customersOverTime(): (at: number) => CustomersThen;
  /** What counted of what the rules did by then. */
  boundsOf: BoundsOf;
  /** What the rules did at or after this instant. */
  actedSince(since: number): Promise<readonly RuleActed[]>;
}

/** How far back a replay goes, and what it judges on the way. */
export interface Reach {
  /** Its last listing. */
  last: LedgerPoll;
  /** Polls so long before that one are judged; milliseconds. */
  judgeMs: number;
  /** The rule up to which rules are judged on the way: what comes after it in planning order changes nothing for it. */
  upTo: string;
}

/** What a pass knew of its switch at an instant of the past. */
export interface LivedThrough {
  judging: Judging;
  snapshot: Snapshot;
  history: CallHistory;
  holding: readonly Holding[];
  acted: readonly RuleActed[];
  boundsOf: BoundsOf;
  recentlyDisconnected: readonly CallIdentity[];
  intervalMs: number;
  /** The first sound poll that was judged: what has held since then may have held before. */
  judgedFrom: number | undefined;
}

/**
 * Lives through the polls that windows and `for` look back on, as passes did: what they really sent counts as sent, and what
 * rules really did as done.
 */
export async function liveThrough(
  { last, judgeMs, upTo }: Reach,
  pastOfSwitch: PastOfSwitch,
): Promise<LivedThrough> {
  const { ledger, past, judgingAt, actedSince } = pastOfSwitch;
  const judgedLast = judgingAt(last.at);
  const { switchName, numbering, rules } = judgedLast;
  const { reachMs, watchedMs } = reachOf(rules);
  const marginMs = 2 * last.intervalMs;
  const judgeFrom = last.at - judgeMs;
  const from = judgeFrom - Math.max(HOUR_MS, reachMs) - marginMs;
  const pollsFrom = Math.min(from, judgeFrom - watchedMs);
  const calls = ledger.calls(switchName, from, last.at + 1);
  const world = createLedgerWorld({ switchName, numbering, calls });
  // Vendors whose exception has ended by the last listing are asked for before it has.
  const asked = vendorsAskedBy(judgingAt(judgeFrom).rules);
  const history = historyAt(last.at, { switchName, numbering, vendorsAsked: asked }, pastOfSwitch);
  const sent = past.disconnects(switchName, judgeFrom - RECENT_DISCONNECT_MS, last.at);
  const acted = await actedSince(judgeFrom);
  const rulesAt = rulesOverTime((now) => judgingAt(now).rules);
  const customersAt = pastOfSwitch.customersOverTime();
  const judging = (now: number): Judging => ({ ...judgedLast, rules: rulesAt(now), ...customersAt(now) });
  const holding = new Map<string, Holding>();
  let judgedFrom: number | undefined;

  function take(poll: LedgerPoll) {
    const { snapshot, cut, outlived, ...changes } = world.step(poll);
    const { at, intervalMs } = poll;
    const cuts = [...cut, ...outlived].map(({ call }) => call);
    history.observe(snapshot, { intervalMs, cuts, ...asInLedger(changes) });
    return {
      snapshot,
      history,
      intervalMs,
      holding: [...holding.values()],
      acted: acted.filter((one) => one.at < at),
      boundsOf: pastOfSwitch.boundsOf,
      recentlyDisconnected: recentAt(at, sent),
    };
  }

  for (const poll of ledger.pollsAround(switchName, pollsFrom, last.at)) {
    if (poll.result === 'failed') {
      history.missed(poll);
      continue;
    }
    const then = take(poll);
    if (judgeMs === 0 || poll.at < judgeFrom) continue;
    if (poll.result === 'sound') judgedFrom ??= poll.at;
    const judged = judging(poll.at);
    const decided = await decidePass({ ...judged, rules: rulesUpTo(judged, upTo), ...then });
    apply(decided.holding, holding);
  }
  return { judging: judging(last.at), ...take(last), judgedFrom };
}

/** In planning order, up to this one; all where it is none of them. */
export function rulesUpTo({ rules }: Judging, name: string): Judging['rules'] {
  const at = rules.findIndex(({ rule }) => rule.name === name);
  return at < 0 ? rules : rules.slice(0, at + 1);
}

/** By when the disconnect was sent; what the pass of this listing sent itself came after it. */
function recentAt(now: number, sent: readonly PastDisconnect[]): readonly CallIdentity[] {
  return sent
    .filter(({ at, askedAt }) => at >= now - RECENT_DISCONNECT_MS && at <= now && askedAt < now)
    .map(({ call }) => call);
}

/** It knows countries and accounts, and when the switch was watched; calls and polls are still to be lived through. */
function historyAt(
  now: number,
  options: Pick<CallHistoryOptions, 'switchName' | 'numbering' | 'vendorsAsked'>,
  { known, past }: Pick<PastOfSwitch, 'known' | 'past'>,
): CallHistory {
  const history = createCallHistory(options);
  const soundHours = past.soundHours(options.switchName, now);
  history.restore({
    lastPollId: undefined,
    polls: [],
    calls: [],
    ...known,
    holding: [],
    soundHours,
  });
  return history;
}

function apply({ put, drop }: HoldingChanges, holding: Map<string, Holding>): void {
  const keyOf = ({ ruleHash, subject }: Pick<Holding, 'ruleHash' | 'subject'>) => `${ruleHash} ${subject}`;
  for (const one of drop) holding.delete(keyOf(one));
  for (const one of put) holding.set(keyOf(one), one);
}
