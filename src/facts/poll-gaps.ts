import type { WindowGap } from '../domain/facts.js';
import { jitterMsOf } from '../domain/jitter.js';
import type { LedgerPoll } from '../domain/ledger.js';

/** A stretch between two sound polls that is longer than this many intervals has a gap in it. */
const INTERVALS_WITHOUT_GAP = 2;

/** So far back anybody asks: the days that firstSeenCountry rests on, and one more. */
const GAPS_KEPT_MS = 8 * 86_400_000;

/** With one poll missing there is none, whatever the jitter: by it alone every other such stretch would have one. */
export function isGap(ms: number, intervalMs: number): boolean {
  return ms > INTERVALS_WITHOUT_GAP * intervalMs + jitterMsOf(intervalMs);
}

/** Knows when one login's listings were sound, and so what a window could not see. */
export interface PollGaps {
  /** Polls come in order of time, those that failed or were in doubt too. */
  note(poll: LedgerPoll): void;
  lastSoundAt(): number | undefined;
  /** Between its sound polls, as last configured. */
  intervalMs(): number | undefined;
  /** Whether a sound listing came so soon before a poll that a call which it did not show cannot be much older. */
  coversUntil(at: number, intervalMs: number): boolean;
  /** Calls that ended up to this instant may have been let go of, whoever saw them. */
  noteForgotten(until: number): void;
  /**
   * What nothing sound covers after `from` and until `now`; undefined where that is nothing. Every poll that failed or was in
   * doubt leaves a gap, up to the next sound one; so does a stretch of more than two intervals without any poll, but for its
   * first interval: so far polling ever sees. Before the first sound poll everything is a gap.
   */
  within(from: number, now: number): WindowGap | undefined;
  /** The same of what is known of calls: what lies before the forgotten ones ended is a gap as well. */
  withinKnown(from: number, now: number): WindowGap | undefined;
  forget(before: number): void;
}

interface Gap {
  from: number;
  to: number;
}

export function createPollGaps(): PollGaps {
  let firstSound: LedgerPoll | undefined;
  let lastSound: LedgerPoll | undefined;
  /** The first poll since the last sound one that was not sound. */
  let unsoundAt: number | undefined;
  let gaps: Gap[] = [];
  let forgottenUntil = Number.NEGATIVE_INFINITY;

  function closed({ at, intervalMs }: LedgerPoll): Gap | undefined {
    if (lastSound === undefined || unsoundAt === undefined) return stretch(lastSound, at, intervalMs);
    // An interval of what lies between the two sound polls is the second one's own.
    const expected = lastSound.at + Math.max(lastSound.intervalMs, intervalMs);
    return { from: Math.min(expected, unsoundAt), to: at };
  }

  function open(now: number): Gap | undefined {
    if (lastSound === undefined || unsoundAt === undefined) return stretch(lastSound, now, 0);
    return { from: lastSound.at, to: now };
  }

  /** Nothing is known of what was before `beginning` either. */
  function gapIn(from: number, now: number, beginning = Number.NEGATIVE_INFINITY): WindowGap | undefined {
    if (firstSound === undefined) return now > from ? { seconds: (now - from) / 1000 } : undefined;
    const knownSince = Math.max(firstSound.at, beginning);
    const before = Math.max(0, Math.min(knownSince, now) - from);
    let ms = before;
    const overlap = (gap: Gap) => Math.max(0, Math.min(gap.to, now) - Math.max(gap.from, from + before));
    for (let at = gaps.length - 1; at >= 0; at -= 1) {
      const gap = gaps[at];
      if (gap === undefined || gap.to <= from) break;
      ms += overlap(gap);
    }
    const last = open(now);
    if (last !== undefined) ms += overlap(last);
    if (ms === 0) return undefined;
    return { seconds: ms / 1000, ...(before > 0 && knownSince <= now ? { knownSince } : {}) };
  }

  return {
    note(poll) {
      if (poll.result !== 'sound') {
        unsoundAt ??= poll.at;
        return;
      }
      firstSound ??= poll;
      const gap = closed(poll);
      if (gap !== undefined) gaps.push(gap);
      lastSound = poll;
      unsoundAt = undefined;
    },
    lastSoundAt: () => lastSound?.at,
    intervalMs: () => lastSound?.intervalMs,
    coversUntil: (at, intervalMs) =>
      lastSound !== undefined && stretch(lastSound, at, intervalMs) === undefined,
    noteForgotten(until) {
      forgottenUntil = Math.max(forgottenUntil, until);
    },
    within: (from, now) => gapIn(from, now),
    withinKnown: (from, now) => gapIn(from, now, forgottenUntil),
    forget(before) {
      const kept = Math.min(before, (lastSound?.at ?? before) - GAPS_KEPT_MS);
      if ((gaps[0]?.to ?? Infinity) < kept) gaps = gaps.filter((gap) => gap.to >= kept);
    },
  };
}

function stretch(last: LedgerPoll | undefined, at: number, intervalMs: number): Gap | undefined {
  if (last === undefined) return undefined;
  // Where the interval was changed between the two, the longer one tells what was to be expected.
  const interval = Math.max(last.intervalMs, intervalMs);
  return isGap(at - last.at, interval) ? { from: last.at + interval, to: at } : undefined;
}
