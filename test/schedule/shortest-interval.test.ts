import { describe, expect, it } from 'vitest';
import { shortestIntervalMs, usualIntervalMs } from '../../src/schedule/shortest-interval.js';

describe('a schedule', () => {
  it.each([
    ['* * * * * *', 1_000],
    ['*/5 * * * * *', 5_000],
    ['0,10,45 * * * * *', 10_000],
    ['0 */2 * * * *', 120_000],
  ])('%s polls at the shortest every %i ms', (schedule, expected) => {
    expect(shortestIntervalMs(schedule)).toBe(expected);
  });

  it.each([
    ['*/5 * * * * *', 5_000],
    ['*/50 * * * * *', 50_000],
    ['0,5 * * * * *', 55_000],
    ['0 * 9-17 * * *', 60_000],
  ])('%s usually polls every %i ms', (schedule, expected) => {
    expect(usualIntervalMs(schedule)).toBe(expected);
  });
});
