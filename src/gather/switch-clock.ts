import type { AnswerTiming } from '../domain/snapshot.js';

/** Answers that differ by more than this come from clocks of their own; milliseconds. As much as `doctor` warns at. */
const GREATEST_SPREAD_MS = 5_000;

/** What the answers of one pass say of the switch's clock. */
export interface SwitchClock {
  /** Switch clock minus ours in milliseconds; undefined where no answer bears a Date. */
  offsetMs: number | undefined;
  /** Set where answers contradict each other by more than five seconds. */
  note?: string;
}

/**
 * Switch clock minus ours in milliseconds, measured at the middle of the request; undefined without a Date header.
 * The header has a resolution of one second, hence the half second added.
 */
export function clockOffset(timing: AnswerTiming): number | undefined {
  if (timing.serverDate === undefined) return undefined;
  return timing.serverDate + 500 - (timing.requestedAt + timing.receivedAt) / 2;
}

/**
 * The offset by the answer that came fastest, since half of the time that it took is how far it may be off. Where answers
 * contradict each other, several servers stand behind the address, and the main listing goes by its own; without one, the first
 * answer decides.
 */
export function measureClock(main: AnswerTiming | undefined, others: readonly AnswerTiming[]): SwitchClock {
  const measured = [main, ...others].flatMap((timing) => {
    const offsetMs = timing && clockOffset(timing);
    return timing === undefined || offsetMs === undefined
      ? []
      : [{ offsetMs, tookMs: timing.receivedAt - timing.requestedAt }];
  });
  const [first, ...rest] = measured;
  if (first === undefined) return { offsetMs: undefined };
  // Two answers that took long may differ by half of that without a clock being off.
  const apart = Math.max(
    ...measured.map(
      ({ offsetMs, tookMs }) => Math.abs(offsetMs - first.offsetMs) - (tookMs + first.tookMs) / 2,
    ),
  );
  if (apart > GREATEST_SPREAD_MS) {
    // In steps, so that clocks which drift do not say so anew at every pass.
    const seconds = Math.round(apart / 5_000) * 5;
    return {
      offsetMs: (main && clockOffset(main)) ?? first.offsetMs,
      note: `answers of this switch come from clocks that are about ${seconds} s apart: set those of all servers behind its address by NTP`,
    };
  }
  return { offsetMs: rest.reduce((best, one) => (one.tookMs < best.tookMs ? one : best), first).offsetMs };
}
