import { createTask, validateDetailed } from 'node-cron';

/** How many beats are looked at to find the intervals of an uneven schedule. */
const SAMPLED_BEATS = 20;

/** The shortest time between two beats of a valid node-cron schedule, at least a second; milliseconds. */
export function shortestIntervalMs(schedule: string): number {
  return Math.max(1_000, ...gapsOf(schedule).slice(0, 1));
}

/**
 * How far apart polls usually are, milliseconds: of an uneven schedule the middle one of its gaps, or the longer one of the
 * two in the middle, so that the long gaps of a schedule like `0,5 * * * * *` are no interruptions; a pause at night is one.
 */
export function usualIntervalMs(schedule: string): number {
  const gaps = gapsOf(schedule);
  return Math.max(1_000, gaps[Math.floor(gaps.length / 2)] ?? 0);
}

/**
 * The longest time between two beats of a valid schedule while it polls, milliseconds: within an hour that has beats, and from
 * such an hour to the next one where that has beats too. All of these hours have them at the same minutes and seconds. Pauses,
 * as at night, are left out: nobody expects polls then.
 */
export function longestIntervalMs(schedule: string): number {
  const { second = [], minute = [], hour = [] } = validateDetailed(schedule).fields ?? {};
  const beats = minute
    .flatMap((minutes) => second.map((seconds) => 60 * minutes + seconds))
    .sort((one, other) => one - other);
  const [first, last] = [beats[0] ?? 0, beats.at(-1) ?? 0];
  const goesOn = hour.some((one) => hour.includes((one + 1) % 24));
  const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? at));
  if (goesOn) gaps.push(3_600 + first - last);
  return gaps.length === 0 ? usualIntervalMs(schedule) : 1_000 * Math.max(...gaps);
}

/** Between the next beats, ascending; milliseconds. */
function gapsOf(schedule: string): readonly number[] {
  const task = createTask(schedule, () => undefined);
  const beats = task.getNextRuns(SAMPLED_BEATS + 1).map((date) => date.getTime());
  task.destroy();
  return beats
    .slice(1)
    .map((at, index) => at - (beats[index] ?? at))
    .sort((one, other) => one - other);
}
