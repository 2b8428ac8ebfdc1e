import { type ScheduleEntry, WEEKDAYS, type Weekday } from '../domain/rule.js';
import { type ZoneOffset, zoneOffsets } from './zone-clock.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;

/** After so many years every date has been every day of the week, also around leap days. */
const YEARS = 28;
/** A week holds every span, and a day more holds it whole, as far as it matters; the last one is for clocks that change. */
const AROUND_CHANGES_MS = 9 * DAY_MS;
/** More than this is no schedule that a person wrote, and would take long to look through. */
const MOST_SPANS = 500_000;

/**
 * For how long the schedule is open at a time, at the most; milliseconds. Spans with at most `bridgedMs` between them are one.
 * Goes by what the clocks of its time zones do, as far as that is known by now, in the year of `now` and the 27 after it.
 * Infinite where it is more than a day, which is longer than any `for`, and where there is too much of it to tell.
 */
export function longestOpenMs(entries: readonly ScheduleEntry[], bridgedMs: number, now: number): number {
  const windows = windowsOf(new Set(entries.map(({ timezone }) => timezone)), now);
  const days = windows.reduce((sum, { from, until }) => sum + (until - from) / DAY_MS, 0);
  if (entries.length === 0 || days * entries.length > MOST_SPANS) return Number.POSITIVE_INFINITY;
  const spans = windows
    .flatMap((window) => entries.flatMap((entry) => spansIn(entry, window)))
    .sort((one, other) => one.from - other.from);
  let longest = 0;
  let run: Span = { from: Number.NEGATIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  for (const { from, until } of spans) {
    if (from - run.until <= bridgedMs) run.until = Math.max(run.until, until);
    else run = { from, until };
    longest = Math.max(longest, run.until - run.from);
  }
  return longest > DAY_MS ? Number.POSITIVE_INFINITY : longest;
}

/** How long a span lasts by the clock, in milliseconds; in most weeks of the year it is open for so long. */
export function spanMs({ fromMinute, toMinute }: ScheduleEntry): number {
  return (toMinute > fromMinute ? toMinute - fromMinute : toMinute - fromMinute + DAY_MINUTES) * MINUTE_MS;
}

interface Span {
  from: number;
  until: number;
}

/** A time in which no clock changes. */
interface Window extends Span {
  /** By time zone. */
  aheadMs: ReadonlyMap<string, number>;
}

/** The last answers: rules are written for a zone or two, and are checked again and again. */
const offsetsSince = new Map<string, readonly ZoneOffset[]>();
const MOST_ZONES = 1_000;

function offsetsOf(timezone: string, from: number, until: number): readonly ZoneOffset[] {
  const key = `${timezone} ${from}`;
  const known = offsetsSince.get(key) ?? zoneOffsets(timezone, from, until);
  if (offsetsSince.size >= MOST_ZONES) offsetsSince.clear();
  offsetsSince.set(key, known);
  return known;
}

/** The days before and after each change; between them every week is like those. */
function windowsOf(timezones: ReadonlySet<string>, now: number): readonly Window[] {
  const year = new Date(now).getUTCFullYear();
  const [first, last] = [Date.UTC(year, 0), Date.UTC(year + YEARS, 0)];
  const offsets = new Map([...timezones].map((one) => [one, offsetsOf(one, first, last)] as const));
  const changes = new Set([...offsets.values()].flatMap((ones) => ones.map(({ from }) => from)));
  const bounds = [...changes].sort((one, other) => one - other);
  return bounds.flatMap((from, index): Window[] => {
    const until = bounds[index + 1] ?? last;
    const aheadMs = new Map(Array.from(offsets, ([zone, ones]) => [zone, aheadAmong(ones, from)]));
    if (until - from <= 3 * AROUND_CHANGES_MS) return [{ from, until, aheadMs }];
    return [
      { from, until: from + AROUND_CHANGES_MS, aheadMs },
      { from: until - AROUND_CHANGES_MS, until, aheadMs },
    ];
  });
}

function aheadAmong(offsets: readonly ZoneOffset[], at: number): number {
  return offsets.findLast(({ from }) => from <= at)?.aheadMs ?? 0;
}

/** The first of January 1970 was a Thursday. */
const EPOCH_WEEKDAY = WEEKDAYS.indexOf('thu');

function spansIn(entry: ScheduleEntry, { from, until, aheadMs }: Window): Span[] {
  const ahead = aheadMs.get(entry.timezone) ?? 0;
  const lasts = spanMs(entry);
  const spans: Span[] = [];
  // One that began on the day before may go on.
  for (let day = Math.floor((from + ahead) / DAY_MS) - 1; day * DAY_MS < until + ahead; day += 1) {
    if (!entry.days.includes(weekdayOf(day))) continue;
    const begins = day * DAY_MS + entry.fromMinute * MINUTE_MS - ahead;
    const span = { from: Math.max(begins, from), until: Math.min(begins + lasts, until) };
    if (span.from < span.until) spans.push(span);
  }
  return spans;
}

/** Of a day by the clock, counted from 1970 on. */
function weekdayOf(day: number): Weekday {
  return WEEKDAYS[(((day + EPOCH_WEEKDAY) % 7) + 7) % 7] ?? 'mon';
}
