import { isLive, type ListedCall } from '../domain/call.js';
import type { AccountCallStats, AnswerTiming } from '../domain/snapshot.js';

/** The switch states DURATION in whole seconds at worst, so a call may be this much younger than it looks; seconds. */
const DURATION_STEP_SECONDS = 1;

/** No two answers of one pass are this far apart; only a clock that was set makes it look so. */
const LONGEST_SPAN_SECONDS = 60;

/**
 * Where few durations can be read: short for a telephone call, so that more is put down to time rather than less. It weighs as
 * much as so many calls, since one call that is a second old says little about how long the calls of its account last.
 */
const ASSUMED_DURATION_SECONDS = 30;
const CALLS_ASSUMED = 3;

/**
 * How far beyond the expected number of ends and starts chance may go, in standard deviations of a Poisson process, and
 * how many calls are never held against a switch. Our own choice: with a thousand accounts and a poll every five seconds,
 * five deviations and four calls come out of chance alone less than once in a month.
 */
const DEVIATIONS = 5;
const ALWAYS_ALLOWED = 4;

const NONE: ReadonlySet<number> = new Set();

/** What is looked at of a listed call. */
type CountedCall = Pick<ListedCall, 'account' | 'state' | 'duration' | 'direction'>;

/** What the listing shows of one account, as far as the statistics count the same. */
interface Shown {
  connected: number;
  /** Of these, answered so lately that the statistics may have come before. */
  fresh: number;
  /** Of these, those with a duration, and the sum of it in seconds. */
  timed: number;
  seconds: number;
  /** In setup: answered by now, perhaps. */
  setup: number;
  /** Entries of on-net calls, which show once per side; nobody says how the statistics count them. */
  onNet: number;
}

/**
 * Where the listing and the statistics count connected calls of the same accounts so differently that the time between the
 * two answers cannot explain it: a sentence that names the two numbers; undefined where they agree. Compares each account
 * that both report, and their sum, which shows a listing that lost a little of every account. An account that only the
 * statistics report counts as listed without a call where this login's listings have shown it before, so that it is known
 * to see it; otherwise, and where only the listing reports it, it is not compared: neither speaks for every account.
 *
 * @param unplaced entries that cannot be put down to an account: without a readable identity or account
 * @param shownBefore accounts that sound listings under this login have shown
 */
export function findDisagreement(
  calls: readonly CountedCall[],
  unplaced: number,
  listing: AnswerTiming,
  stats: AccountCallStats,
  shownBefore: ReadonlySet<number> = NONE,
): string | undefined {
  const spanSeconds = spanOf(listing, stats.timing);
  const { byAccount, ownerless } = shownByAccount(calls, spanSeconds);
  const nowhere = unplaced + ownerless;

  const sum = { shown: nothing(), counted: 0, expected: 0 };
  let worst: { account: number; shown: Shown; counted: number; by: number } | undefined;
  for (const [account, { connected: counted }] of stats.accounts) {
    const shown = byAccount.get(account) ?? (shownBefore.has(account) ? nothing() : undefined);
    if (shown === undefined) continue;
    const expected = expectedChanges(shown, counted, spanSeconds);
    for (const key of ['connected', 'fresh', 'setup', 'onNet'] as const) sum.shown[key] += shown[key];
    sum.counted += counted;
    sum.expected += expected;
    const by = excess(shown, counted, nowhere, expected);
    if (by > (worst?.by ?? 0)) worst = { account, shown, counted, by };
  }
  const apart = `in answers ${spanSeconds.toFixed(1)} s apart at most`;
  if (worst !== undefined) {
    return `getAccountCallStats counts ${worst.counted} connected calls of account ${worst.account} and the listing shows ${worst.shown.connected}, ${apart}`;
  }
  return excess(sum.shown, sum.counted, nowhere, sum.expected) > 0
    ? `getAccountCallStats counts ${sum.counted} connected calls and the listing shows ${sum.shown.connected} of the same accounts, ${apart}`
    : undefined;
}

/** Beyond the expected changes so many standard deviations, for accounts that may lack calls; see accountsLacking. */
const DEVIATIONS_OF_LACKING = 2;

/**
 * The accounts of which the statistics count more connected calls than the listing shows and time explains, by as little as
 * one call: those that `findDisagreement` lets pass. Accounts that the listing does not show at all are among them.
 */
export function accountsLacking(
  calls: readonly CountedCall[],
  unplaced: number,
  listing: AnswerTiming,
  stats: AccountCallStats,
): ReadonlySet<number> {
  const spanSeconds = spanOf(listing, stats.timing);
  const { byAccount, ownerless } = shownByAccount(calls, spanSeconds);
  const lacking = new Set<number>();
  for (const [account, { connected: counted }] of stats.accounts) {
    const shown = byAccount.get(account) ?? nothing();
    const expected = expectedChanges(shown, counted, spanSeconds);
    const explained = shown.connected + shown.onNet + shown.setup + unplaced + ownerless + expected;
    if (counted > explained + DEVIATIONS_OF_LACKING * Math.sqrt(expected)) lacking.add(account);
  }
  return lacking;
}

/** From the first request to the last answer: no two states that they show lie further apart. */
function spanOf(one: AnswerTiming, other: AnswerTiming): number {
  const from = Math.min(one.requestedAt, other.requestedAt);
  const to = Math.max(one.receivedAt, other.receivedAt);
  // A clock that was set in between makes nonsense of this; then little, or nothing, is put down to time.
  return Math.min(Math.max(0, to - from) / 1000, LONGEST_SPAN_SECONDS);
}

function nothing(): Shown {
  return { connected: 0, fresh: 0, timed: 0, seconds: 0, setup: 0, onNet: 0 };
}

/**
 * How many calls of an account are expected to end, and as many to be answered, in such a time: each account by the length of
 * its own calls, as one that makes calls of seconds may stand beside others that talk for hours. In a steady flow the mean age
 * of what is there is the mean length of what is there.
 */
function expectedChanges({ connected, timed, seconds }: Shown, counted: number, spanSeconds: number): number {
  const duration = (seconds + CALLS_ASSUMED * ASSUMED_DURATION_SECONDS) / (timed + CALLS_ASSUMED);
  return (Math.max(counted, connected) * spanSeconds) / duration;
}

function shownByAccount(
  calls: readonly CountedCall[],
  spanSeconds: number,
): { byAccount: ReadonlyMap<number, Shown>; ownerless: number } {
  const byAccount = new Map<number, Shown>();
  let ownerless = 0;
  for (const { account, state, duration, direction } of calls) {
    if (!isLive(state)) continue;
    if (account === undefined) {
      ownerless += 1;
      continue;
    }
    let shown = byAccount.get(account);
    if (shown === undefined) {
      shown = nothing();
      byAccount.set(account, shown);
    }
    if (state !== 'Connected') {
      shown.setup += 1;
      continue;
    }
    shown.connected += 1;
    if (duration !== undefined) {
      shown.timed += 1;
      shown.seconds += Math.max(0, duration);
    }
    if ((duration ?? 0) <= spanSeconds + DURATION_STEP_SECONDS) shown.fresh += 1;
    if (direction?.startsWith('onnet') === true) shown.onNet += 1;
  }
  return { byAccount, ownerless };
}

/** By how many calls the difference exceeds what can be explained; 0 or less where it can be. */
function excess(
  { connected, fresh, setup, onNet }: Shown,
  counted: number,
  nowhere: number,
  expected: number,
): number {
  const difference = counted - connected;
  const certain = onNet + (difference > 0 ? setup + nowhere : fresh);
  return Math.abs(difference) - certain - expected - DEVIATIONS * Math.sqrt(expected) - ALWAYS_ALLOWED;
}
