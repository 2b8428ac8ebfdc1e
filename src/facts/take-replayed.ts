import { type Call, type CallIdentity, hasEnded, isLive } from '../domain/call.js';
import type { LedgerPoll } from '../domain/ledger.js';
import { sameLeg } from './known-calls.js';
import type { PastCall } from './past-call.js';
import {
  end,
  endingWith,
  giveUp,
  type HeldOpen,
  holdOpen,
  markCuts,
  type PollRun,
  pastOf,
  takeCall,
} from './take-poll.js';

/** One poll of a replay, told by what changed rather than by a whole listing. */
export interface ReplayStep extends Partial<HeldOpen> {
  poll: LedgerPoll;
  /** Calls that are new or not as at the last poll. All others that are live are listed as they were, durations apart. */
  listed: readonly { call: Call; vendors?: readonly number[] }[];
  /** Calls that are live no more; nothing ends where the poll is not sound. */
  ended: readonly CallIdentity[];
  cuts: readonly CallIdentity[];
}

/** Takes one poll of a replay in: its cost is that of what changed. */
export function takeReplayed(
  run: PollRun,
  { poll, listed, ended, cuts, absent = [], givenUp = [] }: ReplayStep,
): void {
  const { history } = run;
  const { listedAt } = history;
  history.listedAt = poll.at;
  const sound = poll.result === 'sound';
  const fresh: PastCall[] = [];
  const others = endingWith(history, cuts);
  for (const { call, vendors = [] } of listed) {
    const found = history.find(call);
    // Both entries of one call, for each of two accounts, are listed by this poll.
    const isOther = found?.listedIn === history.polls && !sameLeg(found.call, call);
    const known = isOther ? undefined : found;
    if (known !== undefined) stop(known, listedAt);
    const past = takeCall(run, known, call, vendors, sound);
    goOn(past);
    if (known === undefined && run.asksVendors) fresh.push(past);
  }
  // What was cut may be listed for a while yet, or go on: it stops once it is told as gone.
  markCuts(run, cuts, others);
  for (const past of pastOf(run, absent)) {
    stop(past, listedAt);
    if (sound && past.absent === undefined) holdOpen(run, past);
  }
  const lost = pastOf(run, givenUp);
  for (const identity of ended) {
    const past = history.find(identity);
    if (past === undefined || past.endedAt !== undefined) continue;
    stop(past, listedAt);
    // It is listed no more, though only a sound listing ends it.
    if (!sound) continue;
    if (lost.has(past)) giveUp(run, past);
    else end(run, past);
  }
  if (history.unconfirmed.size > 0) confirmVendors(run, [...ended, ...absent]);
  for (const past of fresh) history.unconfirmed.add(past);
}

/** Whose vendors were asked for with the listing before, and who is listed still, is known to be of none but those. */
function confirmVendors({ history }: PollRun, left: readonly CallIdentity[]): void {
  const gone = new Set(left.map((identity) => history.find(identity)));
  const { unconfirmed, askedBefore } = history;
  for (const past of unconfirmed) {
    const isListed = past.endedAt === undefined && !hasEnded(past.call.state) && !gone.has(past);
    if (isListed && askedBefore.length === 0) continue;
    unconfirmed.delete(past);
    if (isListed && past.vendorsAsked !== askedBefore)
      history.change(past, () => {
        past.vendorsAsked = askedBefore;
      });
  }
}

/** From now on it is listed at every poll, until something else is told of it. */
function goOn(past: PastCall): void {
  if (past.endedAt === undefined && isLive(past.call.state)) past.lastSeenAt = Number.POSITIVE_INFINITY;
}

function stop(past: PastCall, listedAt: number): void {
  if (past.lastSeenAt === Number.POSITIVE_INFINITY) past.lastSeenAt = listedAt;
}
