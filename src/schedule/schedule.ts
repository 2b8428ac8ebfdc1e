import { createTask, type Logger, type ScheduledTask, type TaskContext } from 'node-cron';
import { jitterMsOf } from '../domain/jitter.js';
import type { PassReport } from '../domain/pass-report.js';
import type { Clock } from '../domain/ports.js';
import { type BackOff, decideBackOff, NO_BACK_OFF, SAMPLED_PASSES } from './back-off.js';
import { shortestIntervalMs, usualIntervalMs } from './shortest-interval.js';

export interface ScheduledSwitch {
  name: string;
  /** node-cron, seconds first; already validated. */
  schedule: string;
}

/** What happened to the beats of one switch since the start. */
export interface BeatCounters {
  /** Passes begun. */
  passes: number;
  /** Passes that came to `failed`, and those that were rejected. */
  failed: number;
  /** Beats that the process was too busy to notice in time; they are not made up for. */
  missed: number;
  /** Beats that came while the pass before was still running, and were left out. */
  overlapping: number;
  /** Beats left out by back-off. */
  backedOff: number;
}

/** What the schedule tells; every callback may be called at any time until stop() has resolved. */
export interface ScheduleEvents {
  /** A beat that was not noticed in time. */
  onMissed(switchName: string, beatAt: Date, counters: BeatCounters): void;
  /** A beat that came while a pass was still running. */
  onOverlap(switchName: string, beatAt: Date, counters: BeatCounters): void;
  /** The switch is polled less often, more often again, or for another reason than before. */
  onBackOff(switchName: string, backOff: BackOff, pollEveryMs: number): void;
  /** A pass that rejected: a defect of the program, since a switch in trouble makes a failed report instead. */
  onPassRejected(switchName: string, error: unknown): void;
}

export interface ScheduleOptions {
  switches: readonly ScheduledSwitch[];
  /**
   * Runs one pass. It has to end by a deadline of its own: while it is pending, no other pass of this switch starts.
   * `skipped` (another process holds the switch) is neither a failure nor a recovery. `pollEveryMs` tells how far apart the
   * polls of this switch are to be at the moment, left-out beats included where its passes are slow.
   */
  runPass: (switchName: string, pollEveryMs: number) => Promise<Pick<PassReport, 'status'>>;
  events: ScheduleEvents;
  /** Measures how long passes take. */
  clock: Clock;
  /** Greatest random delay of a beat; by default a tenth of the interval, at most a second. 0 for none. */
  jitterMs?: number;
}

export interface Schedule {
  /** By switch. */
  readonly counters: ReadonlyMap<string, Readonly<BeatCounters>>;
  /** Starts no further pass and resolves when the running ones have ended; never rejects. */
  stop(): Promise<void>;
}

/** Runs passes on each switch's own schedule; no switch waits for another one, and no error ends a schedule. */
export function startSchedule(options: ScheduleOptions): Schedule {
  const beats = options.switches.map((target) => scheduleSwitch(target, options));
  for (const beat of beats) beat.task.start();
  return {
    counters: new Map(beats.map((beat) => [beat.name, beat.counters])),
    async stop() {
      for (const beat of beats) await beat.task.destroy();
      await Promise.all(beats.map((beat) => beat.ended()));
    },
  };
}

interface SwitchBeats {
  name: string;
  task: ScheduledTask;
  counters: BeatCounters;
  ended(): Promise<void>;
}

function scheduleSwitch(target: ScheduledSwitch, options: ScheduleOptions): SwitchBeats {
  const { events, clock } = options;
  const counters: BeatCounters = { passes: 0, failed: 0, missed: 0, overlapping: 0, backedOff: 0 };
  const intervalMs = shortestIntervalMs(target.schedule);
  const usualMs = usualIntervalMs(target.schedule);
  const durationsMs: number[] = [];
  let failuresInARow = 0;
  let backOff: BackOff = NO_BACK_OFF;
  let lastBeatAt: number | undefined;
  let running: Promise<void> = Promise.resolve();

  async function pass(): Promise<void> {
    counters.passes += 1;
    const startedAt = clock();
    let status: PassReport['status'] = 'failed';
    try {
      // Beats left out during an outage are no part of the rhythm: polls are missing then.
      const spacedMs = backOff.reason === 'slow-passes' ? (backOff.skipBeats + 1) * intervalMs : 0;
      status = (await options.runPass(target.name, Math.max(usualMs, spacedMs))).status;
    } catch (error) {
      events.onPassRejected(target.name, error);
    }
    if (status === 'skipped') return;
    if (status === 'failed') counters.failed += 1;
    failuresInARow = status === 'failed' ? failuresInARow + 1 : 0;
    durationsMs.push(clock() - startedAt);
    if (durationsMs.length > SAMPLED_PASSES) durationsMs.shift();
    const next = decideBackOff({ durationsMs, failuresInARow, intervalMs }, backOff);
    if (next.skipBeats === backOff.skipBeats && next.reason === backOff.reason) return;
    backOff = next;
    events.onBackOff(target.name, backOff, (backOff.skipBeats + 1) * intervalMs);
  }

  function beat({ date }: TaskContext): Promise<void> {
    // Beats are exact seconds, so the comparison needs no tolerance for timers that fire late.
    const beatAt = date.getTime();
    const pollEveryMs = (backOff.skipBeats + 1) * intervalMs;
    if (backOff.skipBeats > 0 && lastBeatAt !== undefined && beatAt - lastBeatAt < pollEveryMs) {
      counters.backedOff += 1;
      return Promise.resolve();
    }
    lastBeatAt = beatAt;
    running = pass();
    return running;
  }

  const task = createTask(target.schedule, beat, {
    name: target.name,
    noOverlap: true,
    maxRandomDelay: options.jitterMs ?? jitterMsOf(intervalMs),
    logger: SILENT,
  });
  task.on('execution:missed', ({ date }) => {
    counters.missed += 1;
    events.onMissed(target.name, date, counters);
  });
  task.on('execution:overlap', ({ date }) => {
    counters.overlapping += 1;
    events.onOverlap(target.name, date, counters);
  });
  return { name: target.name, task, counters, ended: () => running.catch(() => undefined) };
}

/** node-cron would write colours to the console; everything it knows reaches the callbacks as events. */
const SILENT: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};
