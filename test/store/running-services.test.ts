import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { StartedWith } from '../../src/domain/running-service.js';
import { freshStore, killed, NOON, rawDatabase, startFixture, storeFailure } from './support.js';

const ENFORCING: StartedWith = { mode: 'enforce', configHash: 'a'.repeat(64), startedAt: NOON };
const MONITORING: StartedWith = { mode: 'monitor', configHash: 'b'.repeat(64), startedAt: NOON + 1 };

test('a service is told of on the switches that it polls, until it ends', async () => {
  const { services, path } = freshStore();
  expect(await services.of('lab')).toBe(undefined);
  const end = await services.begin(['lab', 'fra'], ENFORCING);
  const reader = freshStore(path, { readonly: true }).services;
  expect([await reader.of('lab'), await reader.of('fra'), await reader.of('iev')]).toEqual([
    ENFORCING,
    ENFORCING,
    undefined,
  ]);
  end();
  end();
  expect(await reader.of('lab')).toBe(undefined);
  expect(rawDatabase(path).prepare('SELECT * FROM running_service').all()).toEqual([]);
});

test('a service that was killed is told of no more', async () => {
  const { services, path } = freshStore();
  const { child, line } = await startFixture('begin-service.mjs', path, 'lab', 'enforce');
  expect(line).toBe('serving');
  expect(await services.of('lab')).toMatchObject({ mode: 'enforce' });
  await killed(child);
  expect(await services.of('lab')).toBe(undefined);
  const end = await services.begin(['lab'], MONITORING);
  expect(await services.of('lab')).toEqual(MONITORING);
  end();
});

test('of services that overlap the one that began last is told of, and stays when the other ends', async () => {
  const { services, path } = freshStore();
  const other = freshStore(path).services;
  const first = await services.begin(['lab', 'fra'], ENFORCING);
  const second = await other.begin(['lab'], MONITORING);
  expect([await services.of('lab'), await services.of('fra')]).toEqual([MONITORING, ENFORCING]);
  first();
  expect([await services.of('lab'), await services.of('fra')]).toEqual([MONITORING, undefined]);
  second();
});

test('a service that one of its switches cannot be told of says nothing of the others', async () => {
  const { services, path } = freshStore();
  (await services.begin(['fra'], ENFORCING))();
  const lock = readdirSync(dirname(path)).find((name) => name.includes('.switch+')) ?? '';
  rmSync(join(dirname(path), lock));
  mkdirSync(join(dirname(path), lock));
  await storeFailure(() => services.begin(['lab', 'fra'], ENFORCING));
  expect(await services.of('lab')).toBe(undefined);
  (await services.begin(['lab'], MONITORING))();
});

test('a copy of the database has no service, and a look makes no files', async () => {
  const { services, path } = freshStore();
  const end = await services.begin(['lab'], ENFORCING);
  const copy = join(dirname(path), 'copy.db');
  rawDatabase(path).pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, copy);
  const before = readdirSync(dirname(path)).filter((name) => name.includes('lock'));
  expect(await freshStore(copy, { readonly: true }).services.of('lab')).toBe(undefined);
  expect(readdirSync(dirname(path)).filter((name) => name.includes('lock'))).toEqual(before);
  end();
});

test('a service that ends after its database was closed leaves a row that counts no more', async () => {
  const store = freshStore();
  const end = await store.services.begin(['lab'], ENFORCING);
  store.close();
  end();
  expect(await freshStore(store.path).services.of('lab')).toBe(undefined);
});
