import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TARGETS } from './targets/all.js';

/** The bounded run: the same inputs every time. `npm run fuzz` tries others for as long as wanted. */
describe('whatever comes from outside', () => {
  it.each(TARGETS.map((one) => [one.name, one] as const))('%s', async (_, { property, runs, reached }) => {
    await fc.assert(property, { seed: 20260105, numRuns: runs });
    if (process.env['FUZZ_REACHED']) console.log(Object.fromEntries(reached));
    expect(Math.min(...reached.values())).toBeGreaterThan(0);
  });
});
