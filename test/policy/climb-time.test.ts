import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EscalationStep } from '../../src/domain/rule.js';
import { createClimbPauses, greatest, leastPausesMs, usualPausesMs } from '../../src/policy/climb-time.js';

const someClimb = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 4 }), alert: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((written) => {
    let after = 0;
    return written.map(({ gap, alert }, index): EscalationStep => {
      if (index > 0) after += gap;
      const event: EscalationStep['event'] = {
        type: alert ? 'alert' : 'disconnectAccount',
        select: 'newest',
        keep: 0,
        where: undefined,
        message: undefined,
      };
      return { after, withinMs: 600_000, event };
    });
  });

it('reckons what counting action by action comes to', () => {
  fc.assert(
    fc.property(someClimb, fc.nat(40), (climb, acts) => {
      const isAlert = (act: number) => climb.findLast(({ after }) => after <= act)?.event.type === 'alert';
      let pauses = 0;
      for (let act = 1; act < acts; act += 1) if (isAlert(act) && isAlert(act - 1)) pauses += 1;
      expect(createClimbPauses(climb)(acts)).toBe(pauses);
    }),
  );
});

it('knows what pauses take at the least, and what they take with polls as they come', () => {
  expect(leastPausesMs(3, 60_000)).toBe(177_000);
  expect(leastPausesMs(3, 500)).toBe(0);
  expect(usualPausesMs(3, 60_000, 5_000)).toBe(180_000);
  expect(usualPausesMs(3, 6_000, 5_000)).toBe(30_000);
});

it('finds the greatest number of which something is so', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), (most, bound) => {
      expect(greatest(most, (number) => number <= bound)).toBe(Math.min(most, bound));
    }),
  );
  expect(greatest(5, () => false)).toBe(0);
});
