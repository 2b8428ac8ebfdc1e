import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import type { ActionRecordInput, Outcome } from '../../src/domain/action.js';
import type { PassReport } from '../../src/domain/pass-report.js';
import { createPassLog } from '../../src/store/pass-log.js';
import { openPassReader } from '../../src/store/pass-reader.js';
import {
  accountInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  storeFailure,
  temporaryDatabase,
} from './support.js';

const HOUR = 3_600_000;

function report(at: number, changes: Partial<PassReport> = {}, outcomes: Outcome[] = []): PassReport {
  return {
    switch: 'lab',
    passId: `pass-${at}`,
    startedAt: new Date(at).toISOString(),
    durationMs: 12.6,
    status: 'completed',
    error: null,
    calls: 100,
    suspect: 1,
    violations: [],
    indeterminate: [
      { rule: 'a', missing: ['call.age'], subjects: 3 },
      { rule: 'b', missing: ['call.cld'], subjects: 4 },
    ],
    actions: outcomes.map((outcome, index) => ({
      id: index,
      rule: 'a',
      action: 'disconnectCall',
      target: '1',
      mode: 'enforce',
      outcome,
      reason: null,
    })),
    ...changes,
  };
}

function reading(path: string, now = NOON) {
  const reader = openPassReader(path, { clock: () => now });
  onTestFinished(() => reader.close());
  return reader;
}

test('the last completed and the last failed pass of each switch are read back with their counts', async () => {
  const { passes, audit, path } = freshStore();
  await audit.record(callInput('1', { at: NOON - 3 }), outcomeOf('alerted'), []);
  await audit.record(callInput('2', { at: NOON - 2 }), outcomeOf('withheld'), []);
  await audit.record(callInput('2', { at: NOON - HOUR - 5 }), outcomeOf('withheld'), []);
  await passes.save(report(NOON - 3, {}, ['alerted']));
  await passes.save(report(NOON - 2, {}, ['disconnected', 'withheld', 'disconnected']));
  const error = { code: 'SWITCH_TIMEOUT', message: 'no answer within 10 s' } as const;
  await passes.save(report(NOON - 1, { status: 'failed', error, calls: 0 }));
  await passes.save(report(NOON, { switch: 'fra', status: 'skipped' }));
  const [fra, lab] = reading(path).last();
  expect(fra).toEqual({
    switch: 'fra',
    lastCompleted: null,
    lastFailed: null,
    lastHour: { completed: 0, failed: 0, skipped: 1, actions: {}, kills: undefined },
  });
  expect(lab?.lastCompleted).toEqual({
    switch: 'lab',
    passId: `pass-${NOON - 2}`,
    startedAt: '2026-03-01T11:59:59.998Z',
    durationMs: 13,
    status: 'completed',
    error: null,
    calls: 100,
    suspect: 1,
    violations: 0,
    indeterminate: 7,
    actions: { disconnected: 2, withheld: 1 },
  });
  expect(lab?.lastFailed).toMatchObject({ passId: `pass-${NOON - 1}`, error });
  expect(lab?.lastHour).toEqual({
    completed: 2,
    failed: 1,
    skipped: 0,
    actions: { alerted: 1, withheld: 1 },
    kills: undefined,
  });
});

test('the last hour tells how long confirmed kills took since their violation was first seen, wholes by their own', async () => {
  const { audit, passes, path } = freshStore();
  await passes.save(report(NOON));
  const evidence = (secondsBefore: number) => ({
    reason: 'test',
    violatedSince: new Date(NOON - secondsBefore * 1000).toISOString(),
  });
  const kill = async (input: ActionRecordInput, children: ActionRecordInput[], confirmedAt: number) => {
    const intent = await audit.openIntent(input, children);
    await audit.closeIntent(
      intent,
      outcomeOf('disconnected'),
      children.map(() => outcomeOf('disconnected')),
      NOON,
    );
    const ids = children.length === 0 ? [intent.id] : intent.childIds;
    await audit.confirm(
      ids.map((id) => ({ id, confirmed: true })),
      confirmedAt,
    );
  };
  await kill(callInput('1', { evidence: evidence(60) }), [], NOON - HOUR - 1);
  await kill(callInput('2', { evidence: evidence(1) }), [], NOON + 2_000);
  await kill(callInput('3', { evidence: evidence(4) }), [], NOON + 5_000);
  const whole = accountInput({ target: '10', evidence: evidence(7) });
  await kill(whole, [callInput('4', { evidence: { reason: 'taken along' } })], NOON + 6_000);
  await kill(callInput('5', { evidence: { reason: 'by hand' } }), [], NOON + 6_000);
  expect(reading(path, NOON + 10_000).last('lab')[0]?.lastHour.kills).toEqual({
    count: 3,
    medianMs: 9_000,
    slowestMs: 13_000,
  });
});

test("the last hour ends at the reader's now, and one switch can be asked for alone", async () => {
  const { passes, path } = freshStore();
  await passes.save(report(NOON - HOUR - 1, {}, ['disconnected']));
  await passes.save(report(NOON - HOUR, {}, ['disconnected']));
  await passes.save(report(NOON - 1, { switch: 'fra' }));
  const found = reading(path).last('lab');
  expect(found).toHaveLength(1);
  expect(found[0]?.lastHour).toMatchObject({ completed: 1, actions: {} });
  expect(reading(path, NOON + HOUR).last('lab')[0]?.lastHour.completed).toBe(0);
  expect(reading(path).last('none')).toEqual([]);
});

test('the newest passes of each switch are kept', async () => {
  const { path } = freshStore();
  const database = new Database(path);
  onTestFinished(() => void database.close());
  const passes = createPassLog(database, path, 3);
  await passes.save(report(NOON, { switch: 'fra' }));
  for (let at = 1; at <= 6; at += 1) await passes.save(report(at));
  const kept = database.prepare('SELECT switch, started_at AS at FROM pass ORDER BY id').all();
  expect(kept).toEqual([
    { switch: 'fra', at: NOON },
    { switch: 'lab', at: 4 },
    { switch: 'lab', at: 5 },
    { switch: 'lab', at: 6 },
  ]);
});

test('a pass that cannot be saved is STORE_FAILED, and so is reading where there is no database', async () => {
  const { passes, close } = freshStore();
  close();
  await storeFailure(() => passes.save(report(NOON)));
  await storeFailure(() => openPassReader(temporaryDatabase()));
});
