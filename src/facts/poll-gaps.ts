import type { WindowGap } from '../domain/facts.js';
import type { LedgerPoll } from '../domain/ledger.js';

/** A stretch between two sound polls that is longer than this many intervals has a gap in it. */
const INTERVALS_WITHOUT_GAP = 2;

export function isGap(ms: number, intervalMs: number): boolean {
  return ms > INTERVALS_WITHOUT_GAP * intervalMs;
}

/** Knows when one login's listings were sound, and so what a window could not see. */
export interface PollGaps {
  /** Polls come in order of time. */
  note(poll: LedgerPoll): void;
  lastSoundAt(): number | undefined;
  /** Between its sound polls, as last configured. */
  intervalMs(): number | undefined;
  /** Whether a sound listing came so soon before a poll that there is no gap between the two. */
  coversUntil(at: number, intervalMs: number): boolean;
  /**
   * What nothing sound covers after `from` and until `now`; undefined where that is nothing. The first interval after a
   * sound poll is covered by it: so far polling ever sees.
   */
  within(from: number, now: number): WindowGap | undefined;
  forget(before: number): void;
}

export function createPollGaps(): PollGaps {
  let firstSound: LedgerPoll | undefined;
  let lastSound: LedgerPoll | undefined;
  let gaps: { from: number; to: number }[] = [];

  return {
    note(poll) {
      if (poll.result !== 'sound') return;
      firstSound ??= poll;
      const gap = stretch(lastSound, poll.at, poll.intervalMs);
      if (gap !== undefined) gaps.push(gap);
      lastSound = poll;
    },
    lastSoundAt: () => lastSound?.at,
    intervalMs: () => lastSound?.intervalMs,
    coversUntil: (at, intervalMs) =>
      lastSound !== undefined && stretch(lastSound, at, intervalMs) === undefined,
    within(from, now) {
      if (firstSound === undefined) return now > from ? { seconds: (now - from) / 1000 } : undefined;
      let ms = 0;
      const overlap = (gap: { from: number; to: number }) =>
        Math.max(0, Math.min(gap.to, now) - Math.max(gap.from, from));
      for (let at = gaps.length - 1; at >= 0; at -= 1) {
        const gap = gaps[at];
        if (gap === undefined || gap.to <= from) break;
        ms += overlap(gap);
      }
      const open = stretch(lastSound, now, 0);
      if (open !== undefined) ms += overlap(open);
      const before = Math.min(firstSound.at, now) - from;
      const beganWithin = isGap(before, firstSound.intervalMs);
      if (beganWithin) ms += before;
      if (ms === 0) return undefined;
      return { seconds: ms / 1000, ...(beganWithin ? { knownSince: firstSound.at } : {}) };
    },
    forget(before) {
      if ((gaps[0]?.to ?? Infinity) < before) gaps = gaps.filter((gap) => gap.to >= before);
    },
  };
}

function stretch(last: LedgerPoll | undefined, at: number, intervalMs: number) {
  if (last === undefined) return undefined;
  // Where the interval was changed between the two, the longer one tells what was to be expected.
  const interval = Math.max(last.intervalMs, intervalMs);
  return isGap(at - last.at, interval) ? { from: last.at + interval, to: at } : undefined;
}
