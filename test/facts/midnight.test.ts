import { describe, expect, it } from 'vitest';
import { localMidnight } from '../../src/facts/midnight.js';

const at = (text: string) => Date.parse(text);
const HOUR_MS = 3_600_000;

describe('local midnight', () => {
  it.each([
    ['on a winter day in Kyiv', '2026-01-05T10:00:00Z', 'Europe/Kyiv', '2026-01-04T22:00:00Z'],
    ['at midnight itself', '2026-01-04T22:00:00Z', 'Europe/Kyiv', '2026-01-04T22:00:00Z'],
    ['a millisecond before it', '2026-01-04T21:59:59.999Z', 'Europe/Kyiv', '2026-01-03T22:00:00Z'],
    ['before the change to summer time', '2026-03-29T00:30:00Z', 'Europe/Kyiv', '2026-03-28T22:00:00Z'],
    ['after it: the day began in winter time', '2026-03-29T20:59:59Z', 'Europe/Kyiv', '2026-03-28T22:00:00Z'],
    ['on the day after', '2026-03-29T21:00:00Z', 'Europe/Kyiv', '2026-03-29T21:00:00Z'],
    ['after the change back', '2026-10-25T21:59:59Z', 'Europe/Kyiv', '2026-10-24T21:00:00Z'],
    ['on the day after that', '2026-10-25T22:00:00Z', 'Europe/Kyiv', '2026-10-25T22:00:00Z'],
    ['in New York in spring', '2026-03-09T03:59:59Z', 'America/New_York', '2026-03-08T05:00:00Z'],
    ['in New York on the day after', '2026-03-09T04:00:00Z', 'America/New_York', '2026-03-09T04:00:00Z'],
    ['in New York in autumn', '2026-11-02T04:59:59Z', 'America/New_York', '2026-11-01T04:00:00Z'],
    ['in New York after that', '2026-11-02T05:00:00Z', 'America/New_York', '2026-11-02T05:00:00Z'],
    ['where the clock skips midnight', '2026-09-06T12:00:00Z', 'America/Santiago', '2026-09-06T04:00:00Z'],
    ['in UTC', '2026-01-05T10:00:00Z', 'UTC', '2026-01-05T00:00:00Z'],
  ])('is right %s', (_, now, timezone, midnight) => {
    expect(localMidnight(at(now), timezone)).toBe(at(midnight));
  });

  it.each([
    ['Europe/Kyiv', '2026-03-29T12:00:00Z', '2026-03-30T12:00:00Z', 23],
    ['Europe/Kyiv', '2026-10-25T12:00:00Z', '2026-10-26T12:00:00Z', 25],
    ['America/New_York', '2026-03-08T16:00:00Z', '2026-03-09T16:00:00Z', 23],
    ['America/New_York', '2026-11-01T16:00:00Z', '2026-11-02T16:00:00Z', 25],
  ])('makes the day of the change in %s (%s) as long as it is', (timezone, today, tomorrow, hours) => {
    expect(localMidnight(at(tomorrow), timezone) - localMidnight(at(today), timezone)).toBe(hours * HOUR_MS);
  });

  it('is the same when it is asked again through the day, and when it is asked of a day before', () => {
    for (let hour = 0; hour < 24; hour += 1)
      expect(localMidnight(at('2026-01-05T00:00:00Z') + hour * HOUR_MS, 'UTC')).toBe(
        at('2026-01-05T00:00:00Z'),
      );
    expect(localMidnight(at('2026-01-04T23:00:00Z'), 'UTC')).toBe(at('2026-01-04T00:00:00Z'));
  });

  it('refuses a zone that there is not', () => {
    expect(() => localMidnight(0, 'Europe/Nowhere')).toThrow(RangeError);
  });
});
