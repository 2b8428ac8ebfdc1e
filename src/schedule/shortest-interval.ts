import { createTask } from 'node-cron';

/** How many beats are looked at to find the shortest interval of an uneven schedule. */
const SAMPLED_BEATS = 20;

/** The shortest time between two beats of a valid node-cron schedule, at least a second; milliseconds. */
export function shortestIntervalMs(schedule: string): number {
  const task = createTask(schedule, () => undefined);
  const beats = task.getNextRuns(SAMPLED_BEATS).map((date) => date.getTime());
  task.destroy();
  const gapsMs = beats.slice(1).map((at, index) => at - (beats[index] ?? at));
  return Math.max(1_000, Math.min(...gapsMs));
}
