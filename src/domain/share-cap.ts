/** What takes fewer calls than this is never judged by its share of the switch's calls. */
const SHARE_CAP_FROM_CALLS = 20;

/**
 * Whether something that takes so many of the switch's live calls, as countLive counts them, is more likely wrong than right.
 * They are only counted where that matters.
 */
export function exceedsShare(taken: number, liveCalls: () => number, share: number): boolean {
  return taken >= SHARE_CAP_FROM_CALLS && taken > share * liveCalls();
}
