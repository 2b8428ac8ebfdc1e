import { type ScheduleEntry, WEEKDAYS, type Weekday } from '../domain/rule.js';
import { wallClock } from './zone-clock.js';

/**
 * Whether an instant lies in one of the spans; with none, always. Spans are wall-clock time where they are written for: an
 * hour that the clocks skip is in no span, and one that they repeat is in it twice.
 */
export function isWithinSchedule(entries: readonly ScheduleEntry[], now: number): boolean {
  return entries.length === 0 || entries.some((entry) => isWithin(entry, now));
}

function isWithin({ days, fromMinute, toMinute, timezone }: ScheduleEntry, now: number): boolean {
  const { day, minute } = wallClock(timezone, now);
  const startsOn = (one: Weekday) => days.includes(one);
  if (toMinute > fromMinute) return startsOn(day) && minute >= fromMinute && minute < toMinute;
  return (startsOn(day) && minute >= fromMinute) || (startsOn(dayBefore(day)) && minute < toMinute);
}

function dayBefore(day: Weekday): Weekday {
  return WEEKDAYS.at(WEEKDAYS.indexOf(day) - 1) ?? day;
}
