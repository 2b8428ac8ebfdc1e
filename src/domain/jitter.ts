/** Jitter is this share of the interval, so that the switches of one schedule are not all asked in the same instant … */
const JITTER_SHARE = 0.1;
/** … and at most this long, so that a pass stays near its beat; milliseconds. */
export const MOST_JITTER_MS = 1_000;

/**
 * By how much a poll comes later than its beat at the most, so that two of them are so much closer together or further apart
 * than the interval. Milliseconds. A cooldown may be over so much sooner, as what comes at every poll would otherwise come at
 * every other one.
 */
export function jitterMsOf(intervalMs: number): number {
  return Math.min(MOST_JITTER_MS, JITTER_SHARE * intervalMs);
}
