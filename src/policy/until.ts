/** The form of a date, or of a date and time with its zone; there may be no such day. */
export const UNTIL_PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d))?$/;
const DAY_MS = 86_400_000;

/**
 * The first instant at which an exception holds no more, in milliseconds since the epoch: a date holds through that day in
 * UTC, a date and time with its zone until that instant. Undefined for anything else, days that no month has included.
 */
export function parseUntil(text: string): number | undefined {
  const [, year, month, day] = UNTIL_PATTERN.exec(text) ?? [];
  if (year === undefined) return undefined;
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  // Date takes the 30th of February for the 2nd of March.
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  return text.length === 10 ? midnight.getTime() + DAY_MS : Date.parse(text.replace(' ', 'T'));
}
