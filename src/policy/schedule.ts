import { type ScheduleEntry, WEEKDAYS, type Weekday } from '../domain/rule.js';

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

interface WallClock {
  day: Weekday;
  /** Minutes after midnight. */
  minute: number;
}

const MINUTE_MS = 60_000;
/** By time zone, the last answer: rules with one zone ask it for the same minute, and replays minute after minute. */
const lastAnswers = new Map<string, WallClock & { of: number }>();

/** Clocks go forward and back at full minutes, and so a minute is one of the wall clock everywhere. */
function wallClock(timezone: string, now: number): WallClock {
  const of = Math.floor(now / MINUTE_MS);
  let answer = lastAnswers.get(timezone);
  if (answer?.of !== of) {
    answer = { of, ...readWallClock(timezone, of * MINUTE_MS) };
    lastAnswers.set(timezone, answer);
  }
  return answer;
}

/** Making one costs a hundred times what asking it does. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function readWallClock(timezone: string, now: number): WallClock {
  let formatter = formatters.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formatters.set(timezone, formatter);
  }
  const parts = new Map(formatter.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.find((one) => one === parts.get('weekday')?.toLowerCase());
  if (day === undefined) throw new Error(`No weekday is known for ${now} in ${timezone}.`);
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}
