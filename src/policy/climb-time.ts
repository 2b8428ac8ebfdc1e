import { MOST_JITTER_MS } from '../domain/jitter.js';
import type { EscalationStep } from '../domain/rule.js';

/** An unchanged record of a rule without a cooldown is repeated so often; milliseconds. */
export const RECORD_AGAIN_MS = 300_000;

/**
 * How many milliseconds so many pauses take at the least, whenever polls come: a cooldown, or the time after which a record is
 * repeated, may be over earlier by the jitter.
 */
export function leastPausesMs(pauses: number, pauseMs: number): number {
  return pauses * Math.max(0, pauseMs - MOST_JITTER_MS);
}

/** How many milliseconds they take where a poll comes every interval: each pause is over with the first poll after it. */
export function usualPausesMs(pauses: number, pauseMs: number, everyMs: number): number {
  return pauses * Math.ceil(pauseMs / everyMs) * everyMs;
}

/**
 * How often a repetition is waited for from the first of so many actions on a subject until the next one can come, for a
 * rule without a cooldown. `climb`: its own event, then its steps, in rising order of `after`. One that disconnects acts at
 * every pass, and so does the step after it; only an alert waits for its repetition. A step may ask for millions of actions,
 * and a rule may have thousands of steps, so that nothing is counted one by one.
 */
export function createClimbPauses(climb: readonly EscalationStep[]): (acts: number) => number {
  const stretches: { from: number; first: number; isAlert: boolean; waitsBefore: number }[] = [];
  for (const { after, event } of climb) {
    const last = stretches.at(-1);
    const isAlert = event.type === 'alert';
    stretches.push({
      from: after,
      // Whether the first action of it already waits: the one before was an alert as well.
      first: isAlert && last?.isAlert === true ? 1 : 0,
      isAlert,
      waitsBefore: last === undefined ? 0 : waitsIn(last, after),
    });
  }
  return (acts) => {
    const at = greatest(stretches.length - 1, (index) => (stretches[index]?.from ?? 0) < acts);
    const stretch = stretches[at];
    return stretch === undefined || acts <= stretch.from ? 0 : waitsIn(stretch, acts);
  };
}

function waitsIn(
  {
    from,
    first,
    isAlert,
    waitsBefore,
  }: { from: number; first: number; isAlert: boolean; waitsBefore: number },
  acts: number,
): number {
  return waitsBefore + (isAlert ? acts - 1 - from + first : 0);
}

/** The greatest number from 0 to `most` of which it is so, where it is so of all below that one too; 0 where of none. */
export function greatest(most: number, isSo: (number: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if (isSo(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
