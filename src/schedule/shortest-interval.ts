import { createTask } from 'node-cron';

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
