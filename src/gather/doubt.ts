import { type Call, isLive, type SuspectCall } from '../domain/call.js';
import type { AccountCallStats, SnapshotDoubt } from '../domain/snapshot.js';

/** More than this share of unreadable identities makes the whole listing doubtful. */
const SUSPECT_SHARE = 0.01;

/**
 * So many connected calls in the stats, and not one call of those accounts in the listing, cannot be explained by the
 * moment that lies between the two answers.
 */
const CONTRADICTING_CALLS = 10;

/** Why nothing may be cut on this listing, or undefined. */
export function findDoubt(
  calls: readonly Call[],
  suspects: readonly SuspectCall[],
  stats: AccountCallStats | undefined,
): SnapshotDoubt | undefined {
  const listed = calls.length + suspects.length;
  if (suspects.length > listed * SUSPECT_SHARE) {
    return {
      reason: 'suspect-share',
      detail: `${suspects.length} of ${listed} calls have no readable identity (first: ${suspects[0]?.reason})`,
    };
  }
  return stats === undefined || stats.suspect !== undefined ? undefined : contradiction(calls, stats);
}

/** An empty or cut-down listing beside lively stats is a listing that failed without saying so. */
function contradiction(calls: readonly Call[], stats: AccountCallStats): SnapshotDoubt | undefined {
  let connected = 0;
  for (const account of stats.accounts.values()) connected += account.connected;
  if (connected < CONTRADICTING_CALLS) return undefined;
  const shown = calls.some(
    (call) => isLive(call.state) && call.account !== undefined && stats.accounts.has(call.account),
  );
  if (shown) return undefined;
  return {
    reason: 'list-contradicts-stats',
    detail: `getAccountCallStats counts ${connected} connected calls, but the listing shows none of those accounts`,
  };
}
