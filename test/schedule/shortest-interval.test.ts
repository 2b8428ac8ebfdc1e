import { expect, it } from 'vitest';
import { shortestIntervalMs } from '../../src/schedule/shortest-interval.js';

it.each([
  ['* * * * * *', 1_000],
  ['*/5 * * * * *', 5_000],
  ['0,10,45 * * * * *', 10_000],
  ['0 */2 * * * *', 120_000],
])('%s polls at the shortest every %i ms', (schedule, expected) => {
  expect(shortestIntervalMs(schedule)).toBe(expected);
});
