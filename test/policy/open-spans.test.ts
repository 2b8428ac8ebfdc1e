import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ScheduleEntry, WEEKDAYS } from '../../src/domain/rule.js';
import { longestOpenMs } from '../../src/policy/open-spans.js';
import { isWithinSchedule } from '../../src/policy/schedule.js';

const STEP_MS = 900_000;
const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-06-01T00:00:00Z');

/** Zones whose clocks change on the same days of the week in every year, and an instant of the changes of 2027 or so. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'Europe/Kyiv': ['2027-03-28', '2027-10-31'],
  'America/New_York': ['2027-03-14', '2027-11-07'],
  'Australia/Lord_Howe': ['2027-04-03', '2027-10-02'],
  'Antarctica/Troll': ['2027-03-28', '2027-10-31'],
  'Asia/Kathmandu': ['2027-01-10'],
};

const quarter = fc.nat({ max: 95 }).map((one) => one * 15);
const entryOf = (zones: readonly string[]): fc.Arbitrary<ScheduleEntry> =>
  fc.record({
    days: fc.oneof(
      fc.constant(WEEKDAYS),
      fc.subarray([...WEEKDAYS], { minLength: 1 }),
      fc.constantFrom(['sat'] as const, ['sun'] as const),
    ),
    fromMinute: fc.oneof(quarter, fc.constantFrom(0, 60, 90, 120, 1_380)),
    toMinute: fc.oneof(quarter, fc.constantFrom(0, 60, 90, 180, 240)),
    timezone: fc.constantFrom(...zones),
  });
const zonesOf = fc.oneof(
  fc.constantFrom(...Object.keys(CHANGES)).map((one) => [one]),
  fc.shuffledSubarray(Object.keys(CHANGES), { minLength: 2, maxLength: 2 }),
);
const schedule = zonesOf.chain((zones) => fc.array(entryOf(zones), { minLength: 1, maxLength: 3 }));

/** The longest run of quarters of an hour at which it is open, around the changes of its zones. */
function seenOpenMs(entries: readonly ScheduleEntry[], bridgedMs: number): number {
  const zones = new Set(entries.map(({ timezone }) => timezone));
  return Math.max(
    ...[...zones].flatMap((zone) =>
      (CHANGES[zone] ?? []).map((day) => {
        let [longest, from, until] = [0, -Infinity, -Infinity];
        const change = Date.parse(day);
        for (let at = change - 9 * DAY_MS; at < change + 10 * DAY_MS; at += STEP_MS) {
          if (!isWithinSchedule(entries, at)) continue;
          if (at - until > bridgedMs) from = at;
          until = at + STEP_MS;
          longest = Math.max(longest, until - from);
        }
        return longest;
      }),
    ),
  );
}

it('is as long as the schedule is seen to be open', () => {
  const seen = { told: 0, endless: 0 };
  fc.assert(
    fc.property(schedule, fc.constantFrom(0, STEP_MS, 4 * STEP_MS), (entries, bridgedMs) => {
      const openMs = seenOpenMs(entries, bridgedMs);
      const told = longestOpenMs(entries, bridgedMs, NOW);
      if (told === Number.POSITIVE_INFINITY) seen.endless += 1;
      else seen.told += 1;
      expect(told).toBe(openMs > DAY_MS ? Number.POSITIVE_INFINITY : openMs);
    }),
    { numRuns: 150, seed: 20260105 },
  );
  expect(seen.told).toBeGreaterThan(30);
  expect(seen.endless).toBeGreaterThan(30);
});

it('knows the changes of a zone that come at another time of each year', () => {
  // Morocco's clocks are set back for Ramadan, at 03:00 on a Sunday.
  const night = { fromMinute: 120, toMinute: 240, timezone: 'Africa/Casablanca' };
  const hours = (days: ScheduleEntry['days']) => longestOpenMs([{ ...night, days }], 0, NOW) / 3_600_000;
  expect([hours(['sun']), hours(['mon'])]).toEqual([3, 2]);
});

it('says nothing of a schedule that would take long to look through', () => {
  const many = Array.from({ length: 1_000 }, (): ScheduleEntry => {
    return { days: WEEKDAYS, fromMinute: 0, toMinute: 60, timezone: 'Europe/Kyiv' };
  });
  expect(longestOpenMs(many, 0, NOW)).toBe(Number.POSITIVE_INFINITY);
  expect(longestOpenMs(many.slice(0, 1), 0, NOW)).toBe(3_600_000);
});
