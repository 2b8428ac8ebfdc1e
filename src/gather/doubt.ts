import { type Call, isLive, type SuspectCall } from '../domain/call.js';
import type { AccountCallStats, AnswerTiming, SnapshotDoubt } from '../domain/snapshot.js';
import { findDisagreement } from './cross-check.js';

/** More than this share of unreadable identities makes the whole listing doubtful. */
const SUSPECT_SHARE = 0.01;

/**
 * So many connected calls in the stats, and not one call of those accounts in the listing, cannot be explained by the
 * moment that lies between the two answers.
 */
const CONTRADICTING_CALLS = 10;

/** Why nothing may be cut on this listing, or undefined. Compares it with the stats where there are any. */
export function findDoubt(
  calls: readonly Call[],
  suspects: readonly SuspectCall[],
  against?: {
    timing: AnswerTiming;
    stats: AccountCallStats | undefined;
    shownBefore?: ReadonlySet<number> | undefined;
  },
): SnapshotDoubt | undefined {
  const listed = calls.length + suspects.length;
  if (suspects.length > listed * SUSPECT_SHARE) {
    return {
      reason: 'suspect-share',
      detail: `${suspects.length} of ${listed} calls have no readable identity (first: ${suspects[0]?.reason})`,
    };
  }
  const stats = against?.stats;
  if (against === undefined || stats === undefined || stats.suspect !== undefined) return undefined;
  const detail =
    noneShown(calls, stats) ??
    findDisagreement(calls, suspects.length, against.timing, stats, against.shownBefore);
  return detail === undefined ? undefined : { reason: 'list-contradicts-stats', detail };
}

/** An empty or cut-down listing beside lively stats is a listing that failed without saying so. */
function noneShown(calls: readonly Call[], stats: AccountCallStats): string | undefined {
  let connected = 0;
  for (const account of stats.accounts.values()) connected += account.connected;
  if (connected < CONTRADICTING_CALLS) return undefined;
  const shown = calls.some(
    (call) => isLive(call.state) && call.account !== undefined && stats.accounts.has(call.account),
  );
  return shown
    ? undefined
    : `getAccountCallStats counts ${connected} connected calls, but the listing shows none of those accounts`;
}
