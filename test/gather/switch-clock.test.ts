import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerTiming } from '../../src/domain/snapshot.js';
import { measureClock } from '../../src/gather/switch-clock.js';

const NOW = Date.UTC(2026, 0, 5, 10);

/** An answer of a server whose clock is off by so much, dated when so much of the request's time had passed. */
function answered(
  offsetMs: number,
  tookMs: number,
  datedAfterMs = tookMs / 2,
  requestedAt = NOW,
): AnswerTiming {
  return {
    requestedAt,
    receivedAt: requestedAt + tookMs,
    serverDate: Math.floor((requestedAt + datedAfterMs + offsetMs) / 1000) * 1000,
  };
}

describe('the clock of a switch', () => {
  it('is measured by the answer that came fastest', () => {
    // The listing of eight seconds was dated when it began, which alone looks like four seconds behind.
    const listing = answered(0, 8_000, 0);
    expect(measureClock(listing, []).offsetMs).toBeLessThan(-3_000);
    const { offsetMs, note } = measureClock(listing, [answered(0, 20)]);
    expect(Math.abs(offsetMs ?? Number.NaN)).toBeLessThanOrEqual(510);
    expect(note).toBeUndefined();
  });

  it('is measured by any answer that bears a Date', () => {
    const undated = { ...answered(0, 20), serverDate: undefined };
    expect(measureClock(undated, [undated])).toEqual({ offsetMs: undefined });
    expect(measureClock(undated, [answered(60_000, 20)]).offsetMs).toBeGreaterThan(59_000);
  });

  it('is that of the main listing where servers behind one address contradict each other, which is told', () => {
    const { offsetMs, note } = measureClock(answered(0, 200), [answered(60_000, 20)]);
    expect(Math.abs(offsetMs ?? Number.NaN)).toBeLessThan(700);
    expect(note).toContain('clocks that are about 60 s apart');
  });

  it('is off by no more than half the time that the fastest answer took and half a second, whatever was slow', () => {
    const timing = fc
      .tuple(fc.integer({ min: 0, max: 30_000 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(10_000))
      .map(([tookMs, share, late]) => ({ tookMs, datedAfterMs: Math.round(tookMs * share), late }));
    fc.assert(
      fc.property(
        fc.integer({ min: -86_400_000, max: 86_400_000 }),
        fc.array(timing, { minLength: 1 }),
        (off, all) => {
          const answers = all.map(({ tookMs, datedAfterMs, late }) =>
            answered(off, tookMs, datedAfterMs, NOW + late),
          );
          const [main, ...others] = answers as [AnswerTiming, ...AnswerTiming[]];
          const { offsetMs, note } = measureClock(main, others);
          const fastest = Math.min(...all.map(({ tookMs }) => tookMs));
          expect(note).toBeUndefined();
          expect(Math.abs((offsetMs ?? Number.NaN) - off)).toBeLessThanOrEqual(fastest / 2 + 501);
        },
      ),
    );
  });
});
