/** How many of the newest passes the median duration is taken over: one slow pass alone changes nothing. */
export const SAMPLED_PASSES = 5;
/** Below so many passes there is no median worth acting on, unless each took longer than the interval: the first one pays
 * for connecting and warming up. */
export const FEWEST_PASSES = 3;
/** Passes take at most this share of the time, so that a busy switch has as long a rest as each listing took. */
export const GREATEST_DUTY_SHARE = 0.5;
/** Polling speeds up again only where it would fit with this much room, so that it does not swing to and fro. */
export const RECOVERY_ROOM = 1.25;
/** So many failed passes in a row count as an outage. */
export const FAILURES_IN_A_ROW = 3;
/** During an outage a switch is asked at most this often. */
export const OUTAGE_SPACING_MS = 30_000;

/** What the passes of one switch came to so far. */
export interface PassHistory {
  /** Of all finished passes, failed ones included, oldest first; only the newest SAMPLED_PASSES matter. */
  durationsMs: readonly number[];
  /** Failed passes since the last one that completed. */
  failuresInARow: number;
  /** The shortest time between two beats of the schedule. */
  intervalMs: number;
}

export type BackOffReason = 'slow-passes' | 'failed-passes';

/** How often a switch is polled: one beat is used, then `skipBeats` are left out. */
export interface BackOff {
  skipBeats: number;
  /** Undefined exactly where no beat is skipped. */
  reason: BackOffReason | undefined;
}

export const NO_BACK_OFF: BackOff = { skipBeats: 0, reason: undefined };

/**
 * Decides how many beats to leave out after each pass. Slow passes: as many as keep the duty share at or below
 * GREATEST_DUTY_SHARE, judged by the median of the last passes. Failed passes: as many as keep the spacing at or above
 * OUTAGE_SPACING_MS. Where both apply the longer pause wins. Pure; `current` is the decision in force.
 */
export function decideBackOff(history: PassHistory, current: BackOff): BackOff {
  const slow = beatsSkippedForSlowness(history, current);
  const failed =
    history.failuresInARow >= FAILURES_IN_A_ROW ? beatsWithin(OUTAGE_SPACING_MS, history.intervalMs) - 1 : 0;
  if (failed > slow) return { skipBeats: failed, reason: 'failed-passes' };
  if (slow > 0) return { skipBeats: slow, reason: 'slow-passes' };
  return NO_BACK_OFF;
}

function beatsSkippedForSlowness(history: PassHistory, current: BackOff): number {
  const durationsMs = history.durationsMs.slice(-SAMPLED_PASSES);
  // A pass longer than the interval leaves beats out by itself, so it needs no company to be believed.
  if (durationsMs.length < FEWEST_PASSES && Math.min(...durationsMs) <= history.intervalMs) return 0;
  const spacingMs = median(durationsMs) / GREATEST_DUTY_SHARE;
  const needed = beatsWithin(spacingMs, history.intervalMs) - 1;
  if (current.reason !== 'slow-passes' || needed >= current.skipBeats) return needed;
  const neededWithRoom = beatsWithin(spacingMs * RECOVERY_ROOM, history.intervalMs) - 1;
  return Math.min(neededWithRoom, current.skipBeats);
}

/** How many whole beats cover a time; at least one. */
function beatsWithin(timeMs: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(timeMs / intervalMs));
}

/** The middle one, or the greater of the two middle ones: rather too gentle with the switch than too hasty. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
