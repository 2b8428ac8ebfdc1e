import type { LedgerPoll } from './domain/ledger.js';
import { isGap } from './facts/poll-gaps.js';

/** A stretch in which no sound listing came; milliseconds since the epoch. */
export interface Unwatched {
  from: number;
  to: number;
}

/**
 * Where nobody looked in a span, so that a replay of it knows nothing: stretches between two sound polls that are longer than
 * two intervals, also at its beginning and its end. The polls are in order of time.
 */
export function unwatchedIn(
  polls: readonly LedgerPoll[],
  since: number,
  until: number,
): readonly Unwatched[] {
  const found: Unwatched[] = [];
  let last: { at: number; intervalMs: number } | undefined;
  const stretch = (at: number, intervalMs: number) => {
    const from = last?.at ?? since;
    if (isGap(at - from, Math.max(intervalMs, last?.intervalMs ?? 0))) found.push({ from, to: at });
  };
  for (const { at, intervalMs, result } of polls) {
    if (at < since || result !== 'sound') continue;
    stretch(at, intervalMs);
    last = { at, intervalMs };
  }
  stretch(until, last?.intervalMs ?? 0);
  return found;
}
