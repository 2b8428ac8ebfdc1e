import type { ScheduleEntry } from './domain/rule.js';
import { isWithinSchedule } from './policy/schedule.js';

const MINUTE_MS = 60_000;
/** A span that stands on one day of the week begins again within seven days; a change of clocks may swallow an hour of it. */
const AHEAD_MS = 8 * 24 * 60 * MINUTE_MS;

/** When the next span of a schedule begins that is closed at `now`; undefined where none does within eight days. */
export function nextOpening(schedule: readonly ScheduleEntry[], now: number): number | undefined {
  const first = Math.floor(now / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  for (let at = first; at <= now + AHEAD_MS; at += MINUTE_MS) {
    if (isWithinSchedule(schedule, at)) return at;
  }
  return undefined;
}
