import type { CallIdentity } from '../domain/call.js';
import type { Holding, HoldingChanges, LedgerCall, LedgerPoll } from '../domain/ledger.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type CallHistory, createCallHistory } from '../facts/call-history.js';
import { decidePass } from '../pass-decide.js';
import { createLedgerWorld } from '../pass-ledger-world.js';
import { RECENT_DISCONNECT_MS } from '../pass-past.js';
import type { LedgerReader } from '../store/ledger-reader.js';
import type { Judging } from './judging.js';

const HOUR_MS = 3_600_000;

/** What a pass knew of its switch at an instant of the past. */
export interface LivedThrough {
  snapshot: Snapshot;
  history: CallHistory;
  holding: readonly Holding[];
  recentlyDisconnected: readonly CallIdentity[];
  intervalMs: number;
  /** How many calls were cut at or after this instant, up to that listing. */
  cutSince(since: number): number;
}

/**
 * Lives through the polls that windows and `for` look back on, as passes did: what they really cut counts as cut. Ends with
 * the last listing that there was by `at`; undefined where the hour before holds none.
 */
export async function liveThrough(
  at: number,
  judging: Judging,
  reader: LedgerReader,
): Promise<LivedThrough | undefined> {
  const { switchName, numbering, rules } = judging;
  const last = reader.polls(switchName, at - HOUR_MS, at + 1).findLast(({ result }) => result !== 'failed');
  if (last === undefined) return undefined;
  const longestFor = Math.max(0, ...rules.map(({ rule }) => rule.forMs));
  const longestWindow = Math.max(HOUR_MS, ...rules.map(({ windowMs }) => windowMs));
  // The poll before a window is what proves that nothing of the window was missed.
  const marginMs = 2 * last.intervalMs;
  const judgeFrom = last.at - longestFor - marginMs;
  const from = judgeFrom - longestWindow - marginMs;
  const cuts: LedgerCall[] = [];
  // The ledger marks a cut at the first listing after it, which is the first that has to count it as gone.
  const cutBetween = (since: number, until: number) =>
    cuts.filter(({ cutAt }) => cutAt !== undefined && cutAt >= since && cutAt <= until);
  const calls = noting(reader.calls(switchName, from, last.at + 1), cuts);
  const world = createLedgerWorld({ switchName, numbering, calls });
  const history = historyAt(last, judging, reader);
  const holding = new Map<string, Holding>();

  function take(poll: LedgerPoll) {
    const { snapshot, cut } = world.step(poll);
    const { intervalMs } = poll;
    history.observe(snapshot, { intervalMs, cuts: cut.map(({ call }) => call) });
    const recentlyDisconnected = cutBetween(poll.at - RECENT_DISCONNECT_MS, poll.at);
    return { snapshot, history, intervalMs, recentlyDisconnected, holding: [...holding.values()] };
  }

  for (const poll of reader.polls(switchName, from, last.at)) {
    if (poll.result === 'failed') {
      history.missed(poll);
      continue;
    }
    const then = take(poll);
    if (longestFor === 0 || poll.at < judgeFrom) continue;
    apply((await decidePass({ ...judging, ...then, acted: [] })).holding, holding);
  }
  return { ...take(last), cutSince: (since) => cutBetween(since, last.at).length };
}

/** It knows countries and accounts; calls and polls are still to be lived through. */
function historyAt(
  { at }: LedgerPoll,
  { switchName, numbering }: Judging,
  reader: LedgerReader,
): CallHistory {
  const { countries, accounts } = reader.state(switchName, at);
  const history = createCallHistory({ numbering, switchName, vendorsKnown: true });
  history.restore({ lastPollId: undefined, polls: [], calls: [], countries, accounts, holding: [] });
  return history;
}

function* noting(calls: Iterable<LedgerCall>, cuts: LedgerCall[]): Iterable<LedgerCall> {
  for (const call of calls) {
    if (call.cutAt !== undefined) cuts.push(call);
    yield call;
  }
}

function apply({ put, drop }: HoldingChanges, holding: Map<string, Holding>): void {
  const keyOf = ({ ruleHash, subject }: Pick<Holding, 'ruleHash' | 'subject'>) => `${ruleHash} ${subject}`;
  for (const one of drop) holding.delete(keyOf(one));
  for (const one of put) holding.set(keyOf(one), one);
}
