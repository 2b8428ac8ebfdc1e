import { WEEKDAYS, type Weekday } from '../domain/rule.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** What the clocks of a time zone show. */
export interface WallClock {
  day: Weekday;
  /** Minutes after midnight. */
  minute: number;
}

/** By time zone, the last answer: rules with one zone ask it for the same minute, and replays minute after minute. */
const lastAnswers = new Map<string, WallClock & { of: number }>();

/** Clocks go forward and back at full minutes, and so a minute is one of the wall clock everywhere. */
export function wallClock(timezone: string, now: number): WallClock {
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

/** From this instant on, clocks are so far ahead of UTC; milliseconds. */
export interface ZoneOffset {
  from: number;
  aheadMs: number;
}

/**
 * How far the clocks of a time zone are ahead of UTC from one instant to another: at first, and anew at each change. Changes
 * that take each other back within a day are not seen, and no zone has any.
 */
export function zoneOffsets(timezone: string, from: number, until: number): readonly ZoneOffset[] {
  let aheadMs = aheadAt(timezone, from);
  const offsets: ZoneOffset[] = [{ from, aheadMs }];
  for (let at = from; at < until; at += DAY_MS) {
    let [before, after] = [at, at + DAY_MS];
    const next = aheadAt(timezone, after);
    if (next === aheadMs) continue;
    while (after - before > MINUTE_MS) {
      const middle = before + Math.floor((after - before) / (2 * MINUTE_MS)) * MINUTE_MS;
      if (aheadAt(timezone, middle) === aheadMs) before = middle;
      else after = middle;
    }
    aheadMs = next;
    offsets.push({ from: after, aheadMs });
  }
  return offsets;
}

/** The first of January 1970 was a Thursday. */
const EPOCH_WEEKDAY = WEEKDAYS.indexOf('thu');

function aheadAt(timezone: string, now: number): number {
  const { day, minute } = readWallClock(timezone, now);
  const shown = (WEEKDAYS.indexOf(day) - EPOCH_WEEKDAY) * DAY_MINUTES + minute;
  const ahead = (((shown - Math.floor(now / MINUTE_MS)) % WEEK_MINUTES) + WEEK_MINUTES) % WEEK_MINUTES;
  // Behind UTC rather than days ahead of it.
  return (ahead > WEEK_MINUTES / 2 ? ahead - WEEK_MINUTES : ahead) * MINUTE_MS;
}
