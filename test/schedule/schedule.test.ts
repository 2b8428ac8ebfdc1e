import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PassReport } from '../../src/domain/pass-report.js';
import type { BackOff } from '../../src/schedule/back-off.js';
import { type Schedule, type ScheduleEvents, startSchedule } from '../../src/schedule/schedule.js';

const EVERY_SECOND = '* * * * * *';
const BEGINNING = new Date('2026-01-05T10:00:00.500Z');

type Status = Pick<PassReport, 'status'>;

interface Log {
  missed: string[];
  overlaps: string[];
  backOffs: { name: string; backOff: BackOff; pollEveryMs: number }[];
  rejected: unknown[];
}

function recorder(): { log: Log; events: ScheduleEvents } {
  const log: Log = { missed: [], overlaps: [], backOffs: [], rejected: [] };
  return {
    log,
    events: {
      onMissed: (_name, beatAt) => log.missed.push(beatAt.toISOString()),
      onOverlap: (_name, beatAt) => log.overlaps.push(beatAt.toISOString()),
      onBackOff: (name, backOff, pollEveryMs) => log.backOffs.push({ name, backOff, pollEveryMs }),
      onPassRejected: (_name, error) => log.rejected.push(error),
    },
  };
}

let schedule: Schedule | undefined;

/** Starts on a stopped clock at BEGINNING; advance it with vi.advanceTimersByTimeAsync. */
function start(
  runPass: (name: string, pollEveryMs: number) => Promise<Status>,
  events: ScheduleEvents,
  names = ['lab'],
): Schedule {
  vi.useFakeTimers({ now: BEGINNING, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  schedule = startSchedule({
    switches: names.map((name) => ({ name, schedule: EVERY_SECOND })),
    runPass,
    events,
    clock: Date.now,
    jitterMs: 0,
  });
  return schedule;
}

const completed = async (): Promise<Status> => ({ status: 'completed' });

afterEach(async () => {
  vi.useRealTimers();
  await schedule?.stop();
  schedule = undefined;
});

describe('the schedule', () => {
  it('runs one pass per beat and switch', async () => {
    const passes: string[] = [];
    start(
      async (name) => {
        passes.push(`${name} ${new Date().toISOString()}`);
        return { status: 'completed' };
      },
      recorder().events,
      ['lab', 'main'],
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect(passes).toEqual([
      'lab 2026-01-05T10:00:01.000Z',
      'main 2026-01-05T10:00:01.000Z',
      'lab 2026-01-05T10:00:02.000Z',
      'main 2026-01-05T10:00:02.000Z',
    ]);
  });

  it('goes on after a pass that rejects, and tells it', async () => {
    const { log, events } = recorder();
    const broken = new Error('broken');
    const { counters } = start(() => Promise.reject(broken), events);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(log.rejected).toEqual([broken, broken]);
    expect(counters.get('lab')).toMatchObject({ passes: 2, failed: 2 });
  });

  it('leaves out, counts and tells the beats that come while a pass is still running', async () => {
    const { log, events } = recorder();
    let end: (status: Status) => void = () => undefined;
    const { counters } = start(() => new Promise((resolve) => (end = resolve)), events);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(counters.get('lab')).toMatchObject({ passes: 1, overlapping: 2 });
    expect(log.overlaps).toEqual(['2026-01-05T10:00:02.000Z', '2026-01-05T10:00:03.000Z']);
    end({ status: 'completed' });
  });

  it('does not hold up one switch while the pass of another hangs', async () => {
    const passes: string[] = [];
    let end: (status: Status) => void = () => undefined;
    start(
      (name) => {
        passes.push(name);
        return name === 'lab' ? new Promise((resolve) => (end = resolve)) : completed();
      },
      recorder().events,
      ['lab', 'main'],
    );
    await vi.advanceTimersByTimeAsync(3_000);
    expect(passes).toEqual(['lab', 'main', 'main', 'main']);
    end({ status: 'completed' });
  });

  it('counts and tells the beats that a busy process did not notice, and does not make up for them', async () => {
    const { log, events } = recorder();
    const { counters } = start(completed, events);
    await vi.advanceTimersByTimeAsync(500);
    // Time goes by without a chance for timers, as under blocking work; the timer then fires at 10:00:06.2.
    vi.setSystemTime(new Date('2026-01-05T10:00:05.200Z'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log.missed).toEqual([
      '2026-01-05T10:00:02.000Z',
      '2026-01-05T10:00:03.000Z',
      '2026-01-05T10:00:04.000Z',
      '2026-01-05T10:00:05.000Z',
    ]);
    expect(counters.get('lab')).toMatchObject({ passes: 2, missed: 4 });
  });

  it('polls a slow switch less often, says so once, and polls it on schedule again when it is fast', async () => {
    const { log, events } = recorder();
    let passMs = 700;
    const startedAt: number[] = [];
    const told: number[] = [];
    const { counters } = start(async (_name, pollEveryMs) => {
      startedAt.push(Date.now());
      told.push(pollEveryMs);
      await new Promise((resolve) => setTimeout(resolve, passMs));
      return { status: 'completed' };
    }, events);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(log.backOffs).toEqual([
      { name: 'lab', backOff: { skipBeats: 1, reason: 'slow-passes' }, pollEveryMs: 2_000 },
    ]);
    expect(startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0))).toEqual([
      1_000, 1_000, 2_000, 2_000, 2_000,
    ]);
    // What was left out on purpose is no interruption of what is watched.
    expect(told).toEqual([1_000, 1_000, 1_000, 2_000, 2_000, 2_000]);
    expect(counters.get('lab')?.backedOff).toBe(3);

    passMs = 50;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(log.backOffs.at(-1)).toEqual({
      name: 'lab',
      backOff: { skipBeats: 0, reason: undefined },
      pollEveryMs: 1_000,
    });
  });

  it('polls a switch in an outage every 30 seconds until a pass completes', async () => {
    const { log, events } = recorder();
    let status: PassReport['status'] = 'failed';
    const told = new Set<number>();
    const { counters } = start(async (_name, pollEveryMs) => {
      told.add(pollEveryMs);
      return { status };
    }, events);
    await vi.advanceTimersByTimeAsync(33_000);
    expect(counters.get('lab')).toMatchObject({ passes: 4, failed: 4 });
    status = 'completed';
    await vi.advanceTimersByTimeAsync(32_000);
    expect(log.backOffs.map(({ pollEveryMs }) => pollEveryMs)).toEqual([30_000, 1_000]);
    expect(counters.get('lab')?.passes).toBe(7);
    expect([...told]).toEqual([1_000]);
  });

  it('takes a skipped pass neither for a failure nor for a recovery', async () => {
    const { log, events } = recorder();
    const statuses: PassReport['status'][] = ['failed', 'skipped', 'failed', 'skipped', 'skipped', 'failed'];
    const { counters } = start(async () => ({ status: statuses.shift() ?? 'completed' }), events);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.backOffs).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log.backOffs.map(({ backOff }) => backOff.reason)).toEqual(['failed-passes']);
    expect(counters.get('lab')).toMatchObject({ passes: 6, failed: 3 });
  });

  it('waits at stop for the running pass and starts no other', async () => {
    let end: (status: Status) => void = () => undefined;
    const { counters, stop } = start(() => new Promise((resolve) => (end = resolve)), recorder().events);
    await vi.advanceTimersByTimeAsync(1_000);
    let stopped = false;
    const stopping = stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(stopped).toBe(false);
    end({ status: 'completed' });
    await stopping;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(counters.get('lab')?.passes).toBe(1);
  });

  it('runs on real time, with its own jitter, and writes nothing to the console', async () => {
    const written = vi.spyOn(console, 'warn');
    const passes: number[] = [];
    schedule = startSchedule({
      switches: [{ name: 'lab', schedule: EVERY_SECOND }],
      runPass: async () => {
        passes.push(Date.now());
        if (passes.length === 1) await delay(1_200);
        return { status: 'completed' };
      },
      events: recorder().events,
      clock: Date.now,
    });
    await vi.waitFor(() => expect(passes.length).toBeGreaterThanOrEqual(2), {
      timeout: 10_000,
      interval: 50,
    });
    expect(schedule.counters.get('lab')?.overlapping).toBeGreaterThanOrEqual(1);
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
  });
});
