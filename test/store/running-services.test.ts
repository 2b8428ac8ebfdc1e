import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { StartedWith } from '../../src/domain/running-service.js';
import { freshStore, killed, NOON, rawDatabase, startFixture, storeFailure } from './support.js';

const ENFORCING: StartedWith = {
  configFile: '/etc/cuts.yaml',
  mode: 'enforce',
  configHash: 'a'.repeat(64),
  startedAt: NOON,
};
const MONITORING: StartedWith = {
  configFile: '/etc/watches.yaml',
  mode: 'monitor',
  configHash: 'b'.repeat(64),
  startedAt: NOON + 1,
};

function lockFiles(path: string): readonly string[] {
  return readdirSync(dirname(path)).filter((name) => name.includes('.service+'));
}

function rows(path: string): readonly unknown[] {
  return rawDatabase(path).prepare('SELECT * FROM running_service').all();
}

test('a service is told of on the switches that it polls, until it ends and leaves nothing', async () => {
  const { services, path } = freshStore();
  expect(await services.of('lab')).toEqual([]);
  const end = await services.begin(['lab', 'fra'], ENFORCING);
  const reader = freshStore(path, { readonly: true }).services;
  expect([await reader.of('lab'), await reader.of('fra'), await reader.of('iev')]).toEqual([
    [ENFORCING],
    [ENFORCING],
    [],
  ]);
  expect(lockFiles(path)).toHaveLength(1);
  end();
  end();
  expect(await reader.of('lab')).toEqual([]);
  expect([lockFiles(path), rows(path)]).toEqual([[], []]);
});

test('a service that was killed is told of no more', async () => {
  const { services, path } = freshStore();
  const { child, line } = await startFixture('begin-service.mjs', path, 'lab', 'enforce');
  expect(line).toBe('serving');
  expect(await services.of('lab')).toMatchObject([{ mode: 'enforce' }]);
  await killed(child);
  expect(await services.of('lab')).toEqual([]);
});

test('a service that was killed is not vouched for by one that lives, whichever began first', async () => {
  const { services, path } = freshStore();
  const first = await startFixture('begin-service.mjs', path, 'lab', 'monitor');
  const end = await services.begin(['lab'], ENFORCING);
  const last = await startFixture('begin-service.mjs', path, 'lab', 'monitor');
  expect(await services.of('lab')).toMatchObject([
    { mode: 'monitor' },
    { mode: 'monitor' },
    { mode: 'enforce' },
  ]);
  await killed(first.child);
  await killed(last.child);
  expect(await services.of('lab')).toEqual([ENFORCING]);
  end();
});

test('what services left that were killed is gone at the next start, and what others hold stays', async () => {
  const { services, path } = freshStore();
  const dead = await startFixture('begin-service.mjs', path, 'fra', 'enforce');
  const living = await startFixture('begin-service.mjs', path, 'lab', 'enforce');
  await killed(dead.child);
  // Of one that was killed before it had a row.
  const early = `${path}.service+early.lock.sqlite`;
  writeFileSync(early, '');
  expect([lockFiles(path), rows(path)]).toMatchObject([{ length: 3 }, { length: 2 }]);
  const end = await services.begin(['lab'], MONITORING);
  expect([lockFiles(path), rows(path)]).toMatchObject([{ length: 2 }, { length: 2 }]);
  expect(existsSync(early)).toBe(false);
  expect(await services.of('lab')).toMatchObject([{ mode: 'enforce' }, { mode: 'monitor' }]);
  end();
  await killed(living.child);
});

test('services that overlap are told of all, the first to begin first, and each until it ends', async () => {
  const { services, path } = freshStore();
  const other = freshStore(path).services;
  const second = await other.begin(['lab'], MONITORING);
  const first = await services.begin(['lab', 'fra'], ENFORCING);
  expect([await services.of('lab'), await services.of('fra')]).toEqual([
    [ENFORCING, MONITORING],
    [ENFORCING],
  ]);
  second();
  expect([await services.of('lab'), await services.of('fra')]).toEqual([[ENFORCING], [ENFORCING]]);
  first();
});

test('a service that cannot have a lock file says nothing', async () => {
  // The longest name that still leaves room for the files of the database itself, but not for a longer ending.
  const path = join(dirname(freshStore().path), `${'d'.repeat(240)}.db`);
  const { services } = freshStore(path);
  await storeFailure(() => services.begin(['lab', 'fra'], ENFORCING));
  expect(rows(path)).toEqual([]);
});

test('a service whose rows are refused leaves no lock file', async () => {
  const { services, path } = freshStore();
  await storeFailure(() => services.begin(['lab', 'lab'], ENFORCING));
  expect([lockFiles(path), rows(path)]).toEqual([[], []]);
});

test('a copy of the database has no service, and a look makes no files', async () => {
  const { services, path } = freshStore();
  const end = await services.begin(['lab'], ENFORCING);
  const copy = join(dirname(path), 'copy.db');
  rawDatabase(path).pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, copy);
  const before = lockFiles(path);
  expect(await freshStore(copy, { readonly: true }).services.of('lab')).toEqual([]);
  expect(lockFiles(path)).toEqual(before);
  end();
});

test('a service that ends after its database was closed leaves a row that counts no more', async () => {
  const store = freshStore();
  const end = await store.services.begin(['lab'], ENFORCING);
  store.close();
  end();
  expect(await freshStore(store.path).services.of('lab')).toEqual([]);
});
