import fc from 'fast-check';
import { expect, it } from 'vitest';
import { world } from './history-support.js';
import { call } from './support.js';

const FIRST = 4_930_100;
const DIGITS = 12;

/** By trying all places: how many numbers have to be added so that `length` neighbours are there. */
function missingTo(length: number, numbers: ReadonlySet<number>): number {
  const places = Array.from({ length: DIGITS + length + 1 }, (_, at) => FIRST - length + at);
  const present = places.map(
    (from) => Array.from({ length }, (_, at) => from + at).filter((one) => numbers.has(one)).length,
  );
  return length - Math.max(...present);
}

function dialled(id: string, cld: string) {
  return call({ id, callId: `c${id}`, setupTimeText: undefined, cld, cldNumber: cld, duration: 0, age: 0 });
}

it('tells how many calls a run of numbers lacks at the least', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(DIGITS), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 14 }),
      (offsets, length) => {
        const numbers = offsets.map((offset) => FIRST + offset);
        const shown = world();
        shown.poll(0, [
          ...numbers.map((number, index) => dialled(String(index), String(number))),
          dialled('far', '881'),
        ]);
        const observed = shown
          .facts({})
          .observe({ scope: 'account', id: '10' }, 'account.sequentialCld', { within: 60 });
        if (!observed.known) throw new Error(observed.reason);
        const missing = missingTo(length, new Set(numbers));
        expect(observed.callsTo?.(length)).toBe(missing);
        expect(missing === 0).toBe(Number(observed.value) >= length);
      },
    ),
    { numRuns: 500 },
  );
});
