export const TIME_EXPECTED =
  'a time such as 1h, 30min, "2 days ago", today, yesterday, now, 2026-01-05, "2026-01-05 10:00" (local time) or 2026-01-05T10:00:00Z';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The units of systemd.time(7), "Parsing time spans"; months and years are its averages. */
const UNITS: readonly (readonly [words: readonly string[], unitMs: number])[] = [
  [['msec', 'ms'], 1],
  [['seconds', 'second', 'sec', 's'], SECOND_MS],
  [['minutes', 'minute', 'min', 'm'], MINUTE_MS],
  [['hours', 'hour', 'hr', 'h'], HOUR_MS],
  [['days', 'day', 'd'], DAY_MS],
  [['weeks', 'week', 'w'], 7 * DAY_MS],
  [['months', 'month', 'M'], 30.44 * DAY_MS],
  [['years', 'year', 'y'], 365.25 * DAY_MS],
];

const UNIT_MS: ReadonlyMap<string, number> = new Map(
  UNITS.flatMap(([words, unitMs]) => words.map((word) => [word, unitMs] as const)),
);

/**
 * The instant, in milliseconds since the epoch, that a person means by journalctl's words (systemd.time(7)). A bare span
 * such as `1h` lies in the past, `+1h` in the future. Dates without a zone are local time, and a date without a time is
 * its beginning. Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const trimmed = text.trim();
  return (
    namedTime(trimmed, now) ?? relativeTime(trimmed, now) ?? epochTime(trimmed) ?? calendarTime(trimmed, now)
  );
}

function namedTime(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  const days = ['yesterday', 'today', 'tomorrow'].indexOf(text) - 1;
  if (days < -1) return undefined;
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

function relativeTime(text: string, now: number): number | undefined {
  const [, sign, span, ago] = /^([-+]?)(.*?)(\s+ago)?$/s.exec(text) ?? [];
  if (span === undefined || (sign !== '' && ago !== undefined)) return undefined;
  const spanMs = parseSpan(span);
  if (spanMs === undefined) return undefined;
  const at = sign === '+' ? now + spanMs : now - spanMs;
  return Number.isSafeInteger(at) && !Number.isNaN(new Date(at).getTime()) ? at : undefined;
}

/** `1h`, `1h 30min`, `2 days`; undefined for anything else, a number without a unit included. */
function parseSpan(text: string): number | undefined {
  if (!/^(\s*\d+(\.\d+)?\s*[a-zA-Z]+)+\s*$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zA-Z]+)/g)) {
    const unitMs = UNIT_MS.get(unit ?? '');
    if (unitMs === undefined) return undefined;
    totalMs += Number(amount) * unitMs;
  }
  return Math.round(totalMs);
}

function epochTime(text: string): number | undefined {
  const [, seconds] = /^@(\d{1,11}(?:\.\d{1,3})?)$/.exec(text) ?? [];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * SECOND_MS);
}

const CALENDAR =
  /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(?:^|[T ])(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?$/;

function calendarTime(text: string, now: number): number | undefined {
  const match = CALENDAR.exec(text);
  if (match === null || text === '') return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = match;
  const today = new Date(now);
  const date =
    year === undefined
      ? [today.getFullYear(), today.getMonth() + 1, today.getDate()]
      : [Number(year), Number(month), Number(day)];
  const [y = 0, m = 0, d = 0] = date;
  const clock = [Number(hour), Number(minute), Number(second), Math.floor(Number(fraction) * 1_000)] as const;
  const isDate = new Date(Date.UTC(y, m - 1, d)).getUTCDate() === d && m >= 1 && m <= 12 && d >= 1;
  if (!isDate || clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return undefined;
  if (zone === undefined) return new Date(y, m - 1, d, ...clock).getTime();
  const offsetMs = zoneOffsetMs(zone);
  return offsetMs === undefined ? undefined : Date.UTC(y, m - 1, d, ...clock) - offsetMs;
}

function zoneOffsetMs(zone: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS);
}
