import type { Call } from './domain/call.js';
import type { EventRoom } from './domain/quiet.js';
import { prefixTestOf } from './facts/call-filter.js';

/**
 * Bits for what an event is: its kind, and the kind once more for every list of prefixes that the dialled number begins
 * with one of, so that whoever only counts calls to some prefixes does not stir at any other.
 */
export interface EventMasks {
  /** The bits of the events that a room is for. */
  maskOf(room: Pick<EventRoom, 'of' | 'to'>): number;
  /** The bits of an event of this kind of this call. */
  bitsOf(kind: number, call: Call): number;
}

const BITS_OF_A_KIND = 3;
/** Bits of a number that is still a small one: those lists that find no place are taken for all calls, which is too often. */
const MOST_LISTS = Math.floor(30 / BITS_OF_A_KIND) - 1;

export function createEventMasks(): EventMasks {
  const shifts = new Map<readonly string[], number>();
  const shiftsByText = new Map<string, number>();
  const tests: ((number: string) => boolean)[] = [];

  function shiftOf(to: readonly string[] | undefined): number {
    if (to === undefined) return 0;
    let shift = shifts.get(to);
    if (shift === undefined) {
      const text = JSON.stringify(to);
      shift = shiftsByText.get(text) ?? nextShift(to);
      shiftsByText.set(text, shift);
      shifts.set(to, shift);
    }
    return shift;
  }

  function nextShift(to: readonly string[]): number {
    if (tests.length === MOST_LISTS) return 0;
    tests.push(prefixTestOf(to));
    return tests.length * BITS_OF_A_KIND;
  }

  return {
    maskOf: ({ of, to }) => of << shiftOf(to),
    bitsOf(kind, { cldNumber }) {
      let bits = kind;
      for (let index = 0; index < tests.length; index += 1) {
        // Without a number it may be of any list.
        if (cldNumber === undefined || tests[index]?.(cldNumber) === true)
          bits |= kind << ((index + 1) * BITS_OF_A_KIND);
      }
      return bits;
    },
  };
}
