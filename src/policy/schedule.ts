import { type ScheduleEntry, WEEKDAYS, type Weekday } from '../domain/rule.js';

/**
 * Whether an instant lies in one of the spans; with none, always. Spans are wall-clock time where they are written for: an
 * hour that the clocks skip is in no span, and one that they repeat is in it twice.
 */
export function isWithinSchedule(entries: readonly ScheduleEntry[], now: number): boolean {
  return entries.length === 0 || entries.some((entry) => isWithin(entry, now));
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** Clocks are set back between 22:00 and 05:00, by an hour nearly everywhere and by two at Antarctica/Troll. */
const NIGHT = { from: 22 * 60, to: 29 * 60, longerBy: 120 };

/**
 * For how long the schedule is open at a time, at the most; milliseconds. Spans with at most `bridgedMs` between them are one.
 * Infinite where it never closes, and where it is written for several time zones, so that spans of one may follow on those of
 * another.
 */
export function longestOpenMs(entries: readonly ScheduleEntry[], bridgedMs: number): number {
  const zones = new Set(entries.map(({ timezone }) => timezone));
  if (zones.size !== 1) return Number.POSITIVE_INFINITY;
  const spans = entries.flatMap(weekSpans).sort((one, other) => one.from - other.from);
  const runs: Span[] = [];
  for (const { from, to } of spans) {
    const last = runs.at(-1);
    if (last !== undefined && from - last.to <= bridgedMs / MINUTE_MS) last.to = Math.max(last.to, to);
    else runs.push({ from, to });
  }
  const longest = Math.max(
    ...runs.map((run) => run.to - run.from + (touchesNight(run) ? NIGHT.longerBy : 0)),
  );
  return longest >= WEEK_MINUTES ? Number.POSITIVE_INFINITY : longest * MINUTE_MS;
}

/** In minutes after the midnight with which the week begins. */
interface Span {
  from: number;
  to: number;
}

/** Those of two weeks, so that what goes on from the last day to the first is in one piece. */
function weekSpans({ days, fromMinute, toMinute }: ScheduleEntry): Span[] {
  const minutes = toMinute > fromMinute ? toMinute - fromMinute : toMinute - fromMinute + DAY_MINUTES;
  return days.flatMap((day) =>
    [0, WEEK_MINUTES].map((week) => {
      const from = week + WEEKDAYS.indexOf(day) * DAY_MINUTES + fromMinute;
      return { from, to: from + minutes };
    }),
  );
}

function touchesNight({ from, to }: Span): boolean {
  const midnights = Array.from({ length: 16 }, (_, day) => (day - 1) * DAY_MINUTES);
  return midnights.some((midnight) => from < midnight + NIGHT.to && to > midnight + NIGHT.from);
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
