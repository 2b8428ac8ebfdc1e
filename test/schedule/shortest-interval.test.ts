import { describe, expect, it } from 'vitest';
import {
  longestIntervalMs,
  shortestIntervalMs,
  usualIntervalMs,
} from '../../src/schedule/shortest-interval.js';

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

  it.each([
    ['even', '*/5 * * * * *', 5_000],
    ['every second', '* * * * * *', 1_000],
    ['uneven within a minute', '*/45 * * * * *', 45_000],
    ['twice a minute', '0,1 * * * * *', 59_000],
    ['with a pause at night', '0 * 8-18 * * *', 60_000],
    ['with a pause at night, uneven', '*/45 * 8-18 * * 1-5', 45_000],
    ['with hours about midnight', '0 0,50 22-2 * * *', 3_000_000],
    ['in a single hour', '0 */10 8 * * *', 600_000],
    ['uneven over hours', '0 0,20 * * * *', 2_400_000],
    ['in the first minutes of every hour', '0 0-10 * * * *', 3_000_000],
    ['hourly', '0 30 * * * *', 3_600_000],
    ['in hours that are no neighbours', '0 0-59/15 8,10,12 * * *', 900_000],
    ['every other hour', '0 0 */2 * * *', 7_200_000],
  ])('%s (%s) polls at the longest every %i ms', (_, schedule, expected) => {
    expect(longestIntervalMs(schedule)).toBe(expected);
  });
});
