import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerPoll } from '../../src/domain/ledger.js';
import { createPollGaps } from '../../src/facts/poll-gaps.js';

const STEP_MS = 500;

const result = fc.constantFrom('sound', 'sound', 'sound', 'suspect', 'failed') as fc.Arbitrary<
  LedgerPoll['result']
>;

/** Polls on a grid of half seconds, so that every half second can be looked at by itself. */
const polls = fc
  .array(
    fc.record({ steps: fc.integer({ min: 1, max: 9 }), result, interval: fc.constantFrom(2, 2, 2, 4) }),
    {
      minLength: 1,
      maxLength: 25,
    },
  )
  .map((written) => {
    let at = 0;
    return written.map(({ steps, result, interval }): LedgerPoll => {
      at += steps * STEP_MS;
      return { at, intervalMs: interval * STEP_MS, result, login: 'ops' };
    });
  });

/** Whether what came and went in the half second before this instant would have been seen as ever. */
function isWatched(instant: number, all: readonly LedgerPoll[]): boolean {
  const sound = all.filter((poll) => poll.result === 'sound');
  const before = sound.findLast(({ at }) => at < instant);
  const after = sound.find(({ at }) => at >= instant);
  if (before === undefined) return false;
  const until = after?.at ?? all.at(-1)?.at ?? 0;
  const missed = all.filter(({ at, result }) => result !== 'sound' && at > before.at && at <= until);
  const interval = Math.max(before.intervalMs, after?.intervalMs ?? 0);
  // An interval of what lies between two sound polls is watched; nothing is after the last where a poll failed.
  if (missed.length > 0 && after === undefined) return false;
  if (missed.length > 0) return instant <= Math.min(before.at + interval, missed[0]?.at ?? 0);
  return until - before.at <= 2 * interval || instant <= before.at + interval;
}

describe('what a window could not see', () => {
  it('is every half second that is not watched, for any polls and any window', () => {
    fc.assert(
      fc.property(polls, fc.integer({ min: -5, max: 200 }), (all, steps) => {
        const now = all.at(-1)?.at ?? 0;
        const from = now - Math.max(0, steps) * STEP_MS;
        const gaps = createPollGaps();
        for (const poll of all) gaps.note(poll);
        let seconds = 0;
        for (let instant = from + STEP_MS; instant <= now; instant += STEP_MS)
          if (!isWatched(instant, all)) seconds += STEP_MS / 1000;
        expect(gaps.within(from, now)?.seconds ?? 0).toBe(seconds);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is every half second as well of which calls were let go of', () => {
    fc.assert(
      fc.property(
        polls,
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: -9, max: 220 }),
        (all, steps, since) => {
          const now = all.at(-1)?.at ?? 0;
          const from = now - steps * STEP_MS;
          const gaps = createPollGaps();
          for (const poll of all) gaps.note(poll);
          const until = now - since * STEP_MS;
          gaps.noteForgotten(until - STEP_MS);
          gaps.noteForgotten(until);
          gaps.noteForgotten(until - 3 * STEP_MS);
          let seconds = 0;
          for (let instant = from + STEP_MS; instant <= now; instant += STEP_MS)
            if (instant <= until || !isWatched(instant, all)) seconds += STEP_MS / 1000;
          const known = gaps.withinKnown(from, now);
          expect(known?.seconds ?? 0).toBe(seconds);
          const begun = Math.max(until, all.find(({ result }) => result === 'sound')?.at ?? Infinity);
          expect(known?.knownSince).toBe(begun > from && begun <= now ? begun : undefined);
          expect(gaps.within(from, now)?.seconds ?? 0).toBeLessThanOrEqual(seconds);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is nothing only where every poll since the last one before the window was sound', () => {
    fc.assert(
      fc.property(polls, fc.integer({ min: 1, max: 80 }), (all, steps) => {
        const now = all.at(-1)?.at ?? 0;
        const from = now - steps * STEP_MS;
        const gaps = createPollGaps();
        for (const poll of all) gaps.note(poll);
        const inside = all.filter(({ at }) => at > from);
        const lead = all.filter(({ at }) => at <= from).at(-1);
        const isSound = lead?.result === 'sound' && inside.every((poll) => poll.result === 'sound');
        if (gaps.within(from, now) === undefined) expect(isSound).toBe(true);
        else if (isSound) {
          // Then a poll did not come at all.
          const ats = [lead, ...inside];
          const long = ats.some((poll, index) => poll.at - (ats[index - 1]?.at ?? poll.at) > 2 * STEP_MS * 2);
          expect(long).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
