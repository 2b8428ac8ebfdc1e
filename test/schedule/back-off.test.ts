import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BackOff,
  decideBackOff,
  FAILURES_IN_A_ROW,
  FEWEST_PASSES,
  GREATEST_DUTY_SHARE,
  NO_BACK_OFF,
  OUTAGE_SPACING_MS,
  RECOVERY_ROOM,
} from '../../src/schedule/back-off.js';

const INTERVAL_MS = 5_000;

function decide(durationsMs: number[], current: BackOff = NO_BACK_OFF, failuresInARow = 0): BackOff {
  return decideBackOff({ durationsMs, failuresInARow, intervalMs: INTERVAL_MS }, current);
}

describe('back-off', () => {
  it('polls on every beat while passes take up to half of the interval', () => {
    expect(decide([2_500, 2_500, 2_500])).toEqual(NO_BACK_OFF);
  });

  it('skips one beat as soon as the median pass takes more than half of the interval', () => {
    expect(decide([2_501, 2_501, 2_501])).toEqual({ skipBeats: 1, reason: 'slow-passes' });
  });

  it('skips more beats the slower the passes are', () => {
    expect(decide([12_000, 12_000, 12_000])).toEqual({ skipBeats: 4, reason: 'slow-passes' });
  });

  it('is not moved by a single slow pass', () => {
    expect(decide([100, 100, 20_000, 100, 100])).toEqual(NO_BACK_OFF);
  });

  it('looks at the newest five passes only', () => {
    expect(decide([20_000, 20_000, 20_000, 20_000, 100, 100, 100, 100, 100])).toEqual(NO_BACK_OFF);
  });

  it('decides on fewer than three passes only where each took longer than the interval', () => {
    expect(decide([4_000, 4_000])).toEqual(NO_BACK_OFF);
    expect(decide([100, 20_000])).toEqual(NO_BACK_OFF);
    expect(decide([12_000])).toEqual({ skipBeats: 4, reason: 'slow-passes' });
    expect(decide([])).toEqual(NO_BACK_OFF);
  });

  it('recovers once passes are fast again', () => {
    expect(decide([100, 100, 100], { skipBeats: 3, reason: 'slow-passes' })).toEqual(NO_BACK_OFF);
  });

  it('does not swing back while the passes would only just fit', () => {
    const current: BackOff = { skipBeats: 1, reason: 'slow-passes' };
    expect(decide([2_450, 2_450, 2_450], current)).toEqual(current);
    expect(decide([1_990, 1_990, 1_990], current)).toEqual(NO_BACK_OFF);
  });

  it('asks a switch at most every 30 seconds after three failed passes in a row', () => {
    expect(decide([5, 5, 5], NO_BACK_OFF, 2)).toEqual(NO_BACK_OFF);
    expect(decide([5, 5, 5], NO_BACK_OFF, 3)).toEqual({ skipBeats: 5, reason: 'failed-passes' });
  });

  it('ends the outage pause with the first pass that does not fail', () => {
    expect(decide([5, 5, 5], { skipBeats: 5, reason: 'failed-passes' }, 0)).toEqual(NO_BACK_OFF);
  });

  const histories = fc.record({
    durationsMs: fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 8 }),
    failuresInARow: fc.integer({ min: 0, max: 10 }),
    intervalMs: fc.integer({ min: 1, max: 3_600 }).map((seconds) => seconds * 1_000),
  });
  const decisions = fc.oneof(
    fc.constant(NO_BACK_OFF),
    fc.record({
      skipBeats: fc.integer({ min: 1, max: 200 }),
      reason: fc.constantFrom('slow-passes' as const, 'failed-passes' as const),
    }),
  );

  it('never lets the median pass take more than half of the time', () => {
    fc.assert(
      fc.property(histories, decisions, (history, current) => {
        const { skipBeats } = decideBackOff(history, current);
        const newest = history.durationsMs.slice(-5).sort((one, other) => one - other);
        if (newest.length < FEWEST_PASSES) return;
        const median = newest[Math.floor(newest.length / 2)] ?? 0;
        expect(median).toBeLessThanOrEqual(GREATEST_DUTY_SHARE * history.intervalMs * (skipBeats + 1));
      }),
    );
  });

  it('skips no more beats than the reason asks for', () => {
    fc.assert(
      fc.property(histories, decisions, (history, current) => {
        const { skipBeats, reason } = decideBackOff(history, current);
        expect(Number.isInteger(skipBeats)).toBe(true);
        expect(reason === undefined).toBe(skipBeats === 0);
        const slowest = Math.max(0, ...history.durationsMs.slice(-5));
        const slowSpacingMs = (slowest / GREATEST_DUTY_SHARE) * RECOVERY_ROOM;
        const outageMs = history.failuresInARow >= FAILURES_IN_A_ROW ? OUTAGE_SPACING_MS : 0;
        expect(skipBeats * history.intervalMs).toBeLessThan(Math.max(slowSpacingMs, outageMs, 1));
      }),
    );
  });

  it('settles: deciding again on the same history changes nothing', () => {
    fc.assert(
      fc.property(histories, decisions, (history, current) => {
        const once = decideBackOff(history, current);
        expect(decideBackOff(history, once)).toEqual(once);
      }),
    );
  });
});
