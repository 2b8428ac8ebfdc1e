import { describe, expect, it } from 'vitest';
import type { ScheduleEntry } from '../../src/domain/rule.js';
import { WEEKDAYS } from '../../src/domain/rule.js';
import { isWithinSchedule } from '../../src/policy/schedule.js';

function entry(changes: Partial<ScheduleEntry>): ScheduleEntry {
  return { days: WEEKDAYS, fromMinute: 0, toMinute: 0, timezone: 'UTC', ...changes };
}

const at = (text: string) => Date.parse(text);
const clock = (text: string) => {
  const [hours, minutes] = text.split(':');
  return Number(hours) * 60 + Number(minutes);
};
const span = (from: string, to: string, timezone = 'UTC', days: ScheduleEntry['days'] = WEEKDAYS) =>
  entry({ fromMinute: clock(from), toMinute: clock(to), timezone, days });

/** The instants of these, in steps of a quarter of an hour, at which the schedule holds, as UTC times of day. */
function quarters(entries: readonly ScheduleEntry[], from: string, hours: number): string[] {
  return Array.from({ length: hours * 4 }, (_, index) => at(from) + index * 900_000)
    .filter((now) => isWithinSchedule(entries, now))
    .map((now) => new Date(now).toISOString().slice(11, 16));
}

describe('a schedule', () => {
  it('that is empty always holds', () => {
    expect(isWithinSchedule([], at('2026-01-05T10:00:00Z'))).toBe(true);
  });

  it('holds from its first minute to before its last, and in any of its spans', () => {
    const entries = [span('09:00', '12:00'), span('13:00', '18:00')];
    const holds = (time: string) => isWithinSchedule(entries, at(`2026-01-05T${time}Z`));
    expect(['08:59:59.999', '12:00:00', '12:59:59', '18:00:00'].map(holds)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['09:00:00', '11:59:59.999', '13:00:00', '17:59:59'].map(holds)).toEqual([true, true, true, true]);
  });

  it('holds for whole days', () => {
    const weekend = [entry({ days: ['sat', 'sun'] })];
    const holds = (day: number) => isWithinSchedule(weekend, at(`2026-01-0${day}T12:00:00Z`));
    // 2026-01-05 is a Monday.
    expect([2, 3, 4, 5].map(holds)).toEqual([false, true, true, false]);
    expect(isWithinSchedule(weekend, at('2026-01-03T00:00:00Z'))).toBe(true);
    expect(isWithinSchedule(weekend, at('2026-01-04T23:59:59Z'))).toBe(true);
    expect(isWithinSchedule(weekend, at('2026-01-05T00:00:00Z'))).toBe(false);
  });

  it('may end at midnight', () => {
    const entries = [span('22:00', '24:00')];
    expect(isWithinSchedule(entries, at('2026-01-05T23:59:59Z'))).toBe(true);
    expect(isWithinSchedule(entries, at('2026-01-06T00:00:00Z'))).toBe(false);
  });

  it('over midnight belongs to the day on which it starts, into the next week too', () => {
    const entries = [span('18:00', '08:00', 'UTC', ['sat', 'sun'])];
    const holds = (text: string) => isWithinSchedule(entries, at(text));
    expect(holds('2026-01-03T07:59:00Z')).toBe(false);
    expect(holds('2026-01-03T17:59:00Z')).toBe(false);
    expect(holds('2026-01-03T18:00:00Z')).toBe(true);
    expect(holds('2026-01-04T07:59:00Z')).toBe(true);
    expect(holds('2026-01-04T08:00:00Z')).toBe(false);
    expect(holds('2026-01-05T07:59:00Z')).toBe(true);
    expect(holds('2026-01-05T18:00:00Z')).toBe(false);
  });

  it('from a time to the same time holds for a day', () => {
    const entries = [span('18:00', '18:00', 'UTC', ['sat'])];
    const holds = (text: string) => isWithinSchedule(entries, at(text));
    expect(
      ['2026-01-03T17:59:00Z', '2026-01-03T18:00:00Z', '2026-01-04T17:59:00Z', '2026-01-04T18:00:00Z'].map(
        holds,
      ),
    ).toEqual([false, true, true, false]);
  });

  it('is in the time of its zone, the day included', () => {
    // 23:30 on Sunday in UTC is 01:30 on Monday in Kyiv.
    const now = at('2026-01-04T23:30:00Z');
    expect(isWithinSchedule([span('01:00', '02:00', 'Europe/Kyiv', ['mon'])], now)).toBe(true);
    expect(isWithinSchedule([span('01:00', '02:00', 'Europe/Kyiv', ['sun'])], now)).toBe(false);
    expect(isWithinSchedule([span('18:00', '19:00', 'America/New_York', ['sun'])], now)).toBe(true);
    expect(isWithinSchedule([span('05:00', '05:30', 'Asia/Kathmandu', ['mon'])], now)).toBe(true);
  });
});

describe('when the clocks change', () => {
  it('Kyiv loses an hour in March: a span over it is shorter, and one within it does not come', () => {
    // 03:00 becomes 04:00 on 2026-03-29, at 01:00 UTC.
    expect(quarters([span('02:30', '04:30', 'Europe/Kyiv', ['sun'])], '2026-03-28T22:00:00Z', 6)).toEqual([
      '00:30',
      '00:45',
      '01:00',
      '01:15',
    ]);
    expect(quarters([span('03:00', '04:00', 'Europe/Kyiv')], '2026-03-28T22:00:00Z', 6)).toEqual([]);
    expect(quarters([span('22:00', '03:30', 'Europe/Kyiv', ['sat'])], '2026-03-29T00:00:00Z', 4)).toEqual([
      '00:00',
      '00:15',
      '00:30',
      '00:45',
    ]);
  });

  it('Kyiv repeats an hour in October: a span within it comes twice', () => {
    // 04:00 becomes 03:00 on 2026-10-25, at 01:00 UTC.
    const twice = ['00:00', '00:15', '00:30', '00:45', '01:00', '01:15', '01:30', '01:45'];
    expect(quarters([span('03:00', '04:00', 'Europe/Kyiv', ['sun'])], '2026-10-24T22:00:00Z', 6)).toEqual(
      twice,
    );
    expect(quarters([span('03:30', '03:45', 'Europe/Kyiv')], '2026-10-24T22:00:00Z', 6)).toEqual([
      '00:30',
      '01:30',
    ]);
  });

  it('New York does so on other days, at 02:00 local time', () => {
    // Forward on 2026-03-08 at 07:00 UTC, back on 2026-11-01 at 06:00 UTC.
    expect(
      quarters([span('01:30', '03:30', 'America/New_York', ['sun'])], '2026-03-08T05:00:00Z', 5),
    ).toEqual(['06:30', '06:45', '07:00', '07:15']);
    expect(quarters([span('02:00', '03:00', 'America/New_York')], '2026-03-08T05:00:00Z', 5)).toEqual([]);
    expect(
      quarters([span('01:30', '01:45', 'America/New_York', ['sun'])], '2026-11-01T04:00:00Z', 5),
    ).toEqual(['05:30', '06:30']);
  });

  it('a span over midnight keeps its wall-clock ends on both sides of the change', () => {
    const night = [span('22:00', '06:00', 'America/New_York', ['sat'])];
    const holds = (text: string) => isWithinSchedule(night, at(text));
    // 22:00 on Saturday is 03:00 UTC, 06:00 on Sunday is 10:00 UTC by then.
    expect(
      ['2026-03-08T02:59:00Z', '2026-03-08T03:00:00Z', '2026-03-08T09:59:00Z', '2026-03-08T10:00:00Z'].map(
        holds,
      ),
    ).toEqual([false, true, true, false]);
  });
});
