import { expect, it } from 'vitest';
import { callsTaken } from './check.js';
import { runLab } from './run-chaos.js';

const SEED = Number(process.env['CHAOS_SEED'] ?? 1);

it('takes no more calls in an hour than the cap allows, however often it is killed meanwhile', async () => {
  const perHour = 40;
  let taken = 0;
  const tally = await runLab({ seed: SEED + 500_000, perHour }, 20, (lab) => {
    taken = callsTaken(lab);
  });
  expect(tally.violations).toEqual([]);
  expect(taken).toBeLessThanOrEqual(perHour);
  // What came to nothing counts as well, so not all of it need have been taken.
  expect(taken).toBeGreaterThan(perHour / 3);
}, 300_000);
