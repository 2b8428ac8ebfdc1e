import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import type { Pause } from '../../src/domain/pause.js';
import { callInput, freshStore, NOON, storeFailure } from './support.js';

const MINUTE = 60_000;
const RESUMED = { at: NOON + MINUTE, reason: 'done', actor: 'cli:bob' };

function aPause(changes: Partial<Pause> = {}): Pause {
  return {
    switch: undefined,
    at: NOON,
    until: undefined,
    reason: 'a rule is wrong',
    actor: 'cli:anna',
    ...changes,
  };
}

function administration(path: string): Record<string, unknown>[] {
  const database = new Database(path, { readonly: true });
  try {
    return database
      .prepare<[], Record<string, unknown>>(
        "SELECT at, actor, kind, switch, reason, json(detail) AS detail FROM audit_administration WHERE kind IN ('paused', 'resumed') ORDER BY id",
      )
      .all();
  } finally {
    database.close();
  }
}

it('nothing is paused at first', async () => {
  const { pauses } = freshStore();
  expect(await pauses.list(NOON)).toEqual([]);
  expect(await pauses.of('lab', NOON)).toBeUndefined();
});

it('a pause of all holds for every switch, also for those that come later', async () => {
  const { pauses } = freshStore();
  await pauses.pause(aPause());
  expect(await pauses.of('lab', NOON)).toEqual(aPause());
  expect(await pauses.of('not there yet', NOON + 1e9)).toEqual(aPause());
});

it('a pause of one switch holds for that one alone, and is told before the one for all', async () => {
  const { pauses } = freshStore();
  const ofLab = aPause({ switch: 'lab', reason: 'maintenance' });
  await pauses.pause(ofLab);
  expect(await pauses.of('lab', NOON)).toEqual(ofLab);
  expect(await pauses.of('fra', NOON)).toBeUndefined();
  await pauses.pause(aPause());
  expect(await pauses.of('lab', NOON)).toEqual(ofLab);
  expect(await pauses.of('fra', NOON)).toEqual(aPause());
  expect(await pauses.list(NOON)).toEqual([aPause(), ofLab]);
});

it('a pause, and its end, are of the instant at which they came into force, not of that of the command', async () => {
  let now = NOON;
  const { pauses, path } = freshStore(undefined, { clock: () => now });
  now = NOON + MINUTE;
  await pauses.pause(aPause({ until: NOON + 10 * MINUTE }));
  expect(await pauses.list(now)).toEqual([aPause({ at: now, until: NOON + 11 * MINUTE })]);
  now = NOON + 3 * MINUTE;
  await pauses.resume(undefined, RESUMED);
  expect(administration(path).map(({ at }) => at)).toEqual([NOON + MINUTE, NOON + 3 * MINUTE]);
});

it('a pause with an end ends by itself, at that instant of the clock', async () => {
  const { pauses } = freshStore();
  const until = NOON + MINUTE;
  await pauses.pause(aPause({ until }));
  expect(await pauses.of('lab', until - 1)).toEqual(aPause({ until }));
  expect(await pauses.of('lab', until)).toBeUndefined();
  expect(await pauses.list(until)).toEqual([]);
});

it('a clock that was set back to before the pause does not end it', async () => {
  const { pauses } = freshStore();
  await pauses.pause(aPause({ until: NOON + MINUTE }));
  expect(await pauses.of('lab', NOON - 60 * MINUTE)).toBeDefined();
});

it('of a switch whose own pause has ended the one for all is told', async () => {
  const { pauses } = freshStore();
  await pauses.pause(aPause());
  await pauses.pause(aPause({ switch: 'lab', until: NOON + MINUTE }));
  expect(await pauses.of('lab', NOON + MINUTE)).toEqual(aPause());
});

it('another pause of the same switch, or of all, takes the place of the first', async () => {
  const { pauses } = freshStore();
  for (const name of [undefined, 'lab']) {
    await pauses.pause(aPause({ switch: name }));
    await pauses.pause(aPause({ switch: name, until: NOON + MINUTE, actor: 'cli:bob' }));
  }
  expect((await pauses.list(NOON)).map((pause) => [pause.switch, pause.actor])).toEqual([
    [undefined, 'cli:bob'],
    ['lab', 'cli:bob'],
  ]);
});

it('resuming one switch ends its own pause alone, resuming all ends every one', async () => {
  const { pauses } = freshStore();
  const [all, lab, fra] = [aPause(), aPause({ switch: 'lab' }), aPause({ switch: 'fra' })];
  for (const pause of [all, lab, fra]) await pauses.pause(pause);
  expect(await pauses.resume('lab', RESUMED)).toEqual([lab]);
  expect(await pauses.list(NOON)).toEqual([all, fra]);
  expect(await pauses.resume('lab', RESUMED)).toEqual([]);
  expect(await pauses.resume(undefined, RESUMED)).toEqual([all, fra]);
  expect(await pauses.list(NOON)).toEqual([]);
});

it('every change is an event of the audit log, with who, why and until when', async () => {
  const { pauses, path } = freshStore();
  await pauses.pause(aPause({ switch: 'lab', until: NOON + 2 * MINUTE }));
  await pauses.resume('lab', RESUMED);
  await pauses.resume('lab', RESUMED);
  expect(administration(path)).toEqual([
    {
      at: NOON,
      actor: 'cli:anna',
      kind: 'paused',
      switch: 'lab',
      reason: 'a rule is wrong',
      detail: '{"until":"2026-03-01T12:02:00.000Z"}',
    },
    {
      at: NOON + MINUTE,
      actor: 'cli:bob',
      kind: 'resumed',
      switch: 'lab',
      reason: 'done',
      detail:
        '{"pausedAt":"2026-03-01T12:00:00.000Z","pausedBy":"cli:anna","pausedReason":"a rule is wrong"}',
    },
  ]);
});

it('a pause that had ended by itself is not resumed by anybody', async () => {
  const { pauses, path } = freshStore();
  await pauses.pause(aPause({ until: NOON + MINUTE }));
  expect(await pauses.resume(undefined, { ...RESUMED, at: NOON + MINUTE })).toEqual([]);
  expect(administration(path).map(({ kind }) => kind)).toEqual(['paused']);
});

it('reaches other processes as soon as it is committed, and is still there after a restart', async () => {
  const { pauses, path } = freshStore();
  const other = freshStore(path);
  await pauses.pause(aPause());
  expect(await other.pauses.of('lab', NOON)).toEqual(aPause());
  other.close();
  expect(await freshStore(path).pauses.of('lab', NOON)).toEqual(aPause());
  expect(await freshStore(path, { readonly: true }).pauses.list(NOON)).toEqual([aPause()]);
});

it('a pause without its event in the audit log does not come to be, nor the other way round', async () => {
  const { pauses, path } = freshStore();
  const database = new Database(path);
  onTestFinished(() => void database.close());
  database.exec(
    "CREATE TRIGGER broken BEFORE INSERT ON audit_administration BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  await storeFailure(() => pauses.pause(aPause()));
  expect(await pauses.list(NOON)).toEqual([]);
});

it('what cannot be read or written is STORE_FAILED', async () => {
  const { pauses, path, close } = freshStore(undefined, { busyTimeoutMs: 20 });
  const database = new Database(path);
  database.exec('BEGIN IMMEDIATE');
  await storeFailure(() => pauses.pause(aPause()));
  await storeFailure(() => pauses.resume(undefined, RESUMED));
  database.exec('ROLLBACK');
  database.close();
  close();
  await storeFailure(() => pauses.of('lab', NOON));
  await storeFailure(() => pauses.list(NOON));
});

it('an intent is committed exactly where its switch is not paused at its instant', async () => {
  const { audit, pauses, path } = freshStore();
  await pauses.pause(aPause({ switch: 'lab', until: NOON + MINUTE }));
  const children = [callInput('2')];
  expect(await audit.openIntentUnlessPaused(callInput('1'), children)).toBeUndefined();
  expect(await audit.openIntentUnlessPaused(callInput('1', { switch: 'fra' }), [])).toEqual({
    id: 1,
    childIds: [],
  });
  expect(await audit.openIntentUnlessPaused(callInput('1', { at: NOON + MINUTE }), children)).toEqual({
    id: 2,
    childIds: [3],
  });
  expect((await audit.openIntent(callInput('1'), [])).id).toBe(4);
  const database = new Database(path, { readonly: true });
  expect(database.prepare('SELECT count(*) AS n FROM audit_action').get()).toEqual({ n: 4 });
  database.close();
});

it('says the same as a list of pauses kept by hand, whatever is paused and resumed', async () => {
  const name = fc.constantFrom(undefined, 'lab', 'fra');
  const minutes = fc.integer({ min: 1, max: 20 });
  const step = fc.record({ name, pause: fc.boolean(), forMinutes: fc.option(minutes), after: minutes });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { pauses, close } = freshStore();
      const kept = new Map<string | undefined, Pause>();
      let now = NOON;
      for (const { name: switchName, pause, forMinutes, after } of steps) {
        now += after * MINUTE;
        if (pause) {
          const until = forMinutes === null ? undefined : now + forMinutes * MINUTE;
          const given = aPause({ switch: switchName, at: now, until });
          kept.set(switchName, given);
          await pauses.pause(given);
        } else {
          if (switchName === undefined) kept.clear();
          else kept.delete(switchName);
          await pauses.resume(switchName, { ...RESUMED, at: now });
        }
        const inForce = (one: Pause | undefined) =>
          one !== undefined && (one.until ?? now + 1) > now ? one : undefined;
        for (const asked of ['lab', 'fra', 'new']) {
          expect(await pauses.of(asked, now)).toEqual(
            inForce(kept.get(asked)) ?? inForce(kept.get(undefined)),
          );
        }
      }
      close();
    }),
    { numRuns: 40, seed: 4 },
  );
});
