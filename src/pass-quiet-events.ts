import type { Call } from './domain/call.js';
import type { EventRoom } from './domain/quiet.js';
import { prefixTestOf } from './facts/call-filter.js';
import { callerIsCalled } from './facts/window-measures.js';

/**
 * Bits for what an event is: its kind, and the kind once more for every sort of calls that somebody counts and that this
 * call is of, so that whoever only counts calls to some prefixes does not stir at any other.
 */
export interface EventMasks {
  /** The bits of the events that a room is for. */
  maskOf(room: Pick<EventRoom, 'of' | 'calls'>): number;
  /** Of which sorts a call is: this times the kind of an event are the bits of that event. */
  sortsOf(call: Call): number;
  /** How many sorts are told apart by now. A call is of the same ones for as long as this stays. */
  readonly sortCount: number;
}

const BITS_OF_A_KIND = 3;
/** Bits of a number that is still a small one: those sorts that find no place are taken for all calls, which is too often. */
const MOST_SORTS = Math.floor(30 / BITS_OF_A_KIND) - 1;

export function createEventMasks(): EventMasks {
  const shifts = new Map<NonNullable<EventRoom['calls']>, number>();
  const shiftsByText = new Map<string, number>();
  const tests: ((call: Call) => boolean)[] = [];

  function shiftOf(calls: EventRoom['calls']): number {
    if (calls === undefined) return 0;
    let shift = shifts.get(calls);
    if (shift === undefined) {
      const text = JSON.stringify(calls);
      shift = shiftsByText.get(text) ?? nextShift(calls);
      shiftsByText.set(text, shift);
      shifts.set(calls, shift);
    }
    return shift;
  }

  function nextShift(calls: NonNullable<EventRoom['calls']>): number {
    if (tests.length === MOST_SORTS) return 0;
    tests.push(calls === 'to-themselves' ? mayBeToItself : mayBeginWith(calls));
    return tests.length * BITS_OF_A_KIND;
  }

  return {
    maskOf: ({ of, calls }) => of << shiftOf(calls),
    sortsOf: (call) =>
      tests.reduce((sorts, test, at) => (test(call) ? sorts | (1 << ((at + 1) * BITS_OF_A_KIND)) : sorts), 1),
    get sortCount() {
      return tests.length;
    },
  };
}

/** Without a number it may be any. */
function mayBeginWith(prefixes: readonly string[]): (call: Call) => boolean {
  const startsWithOne = prefixTestOf(prefixes);
  return ({ cldNumber }) => cldNumber === undefined || startsWithOne(cldNumber);
}

function mayBeToItself(call: Call): boolean {
  return callerIsCalled(call) !== false;
}
