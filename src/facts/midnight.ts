/** A day is 25 hours long at most; the day before has begun this long ago for sure. */
const SURELY_YESTERDAY_MS = 26 * 3_600_000;
/** A day is 23 hours long at least: until then no new one has begun. */
const SURELY_TODAY_MS = 22 * 3_600_000;

const dateFormats = new Map<string, Intl.DateTimeFormat>();
/** The midnight found last, by zone: passes ask again every few seconds. */
const lastMidnights = new Map<string, number>();

/**
 * The first instant of the day that it is at `now` in a time zone (an IANA name), in milliseconds since the epoch. Where
 * the clock is put forward at midnight, that is the first instant after it. Throws a RangeError on an unknown zone.
 */
export function localMidnight(now: number, timezone: string): number {
  const last = lastMidnights.get(timezone);
  if (last !== undefined && now >= last && now - last < SURELY_TODAY_MS) return last;
  const today = dateOf(now, timezone);
  let yesterdays = now - SURELY_YESTERDAY_MS;
  let todays = now;
  while (todays - yesterdays > 1) {
    const middle = Math.floor((yesterdays + todays) / 2);
    if (dateOf(middle, timezone) === today) todays = middle;
    else yesterdays = middle;
  }
  lastMidnights.set(timezone, todays);
  return todays;
}

function dateOf(instant: number, timezone: string): string {
  let format = dateFormats.get(timezone);
  if (format === undefined) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: timezone, calendar: 'gregory', ...parts });
    dateFormats.set(timezone, format);
  }
  return format.format(instant);
}
