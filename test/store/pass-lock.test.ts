import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { createPassLock, lockPath } from '../../src/store/pass-lock.js';
import { killed, startFixture, storeFailure, temporaryDatabase, temporaryDirectory } from './support.js';

test('a second pass of the same process does not get the lock until the first releases it', async () => {
  const path = temporaryDatabase();
  const release = await createPassLock(path).acquire('lab');
  expect(release).toBeTypeOf('function');
  expect(await createPassLock(path).acquire('lab')).toBeUndefined();
  expect(await createPassLock(path).acquire('lab')).toBeUndefined();
  release?.();
  const again = await createPassLock(path).acquire('lab');
  expect(again).toBeTypeOf('function');
  again?.();
});

test('releasing twice does not take the lock from the next holder', async () => {
  const lock = createPassLock(temporaryDatabase());
  const first = await lock.acquire('lab');
  first?.();
  const second = await lock.acquire('lab');
  first?.();
  expect(await lock.acquire('lab')).toBeUndefined();
  second?.();
});

test('each switch and each database has a lock of its own', async () => {
  const path = temporaryDatabase();
  const releases = [
    await createPassLock(path).acquire('lab'),
    await createPassLock(path).acquire('fra'),
    await createPassLock(temporaryDatabase()).acquire('lab'),
  ];
  for (const release of releases) {
    expect(release).toBeTypeOf('function');
    release?.();
  }
});

test('a lock held by another process is refused, and free at once when that process is killed', async () => {
  const path = temporaryDatabase();
  const { child, line } = await startFixture('hold-lock.mjs', path, 'lab');
  expect(line).toBe('held');
  expect(await createPassLock(path).acquire('lab')).toBeUndefined();
  await killed(child);
  const release = await createPassLock(path).acquire('lab');
  expect(release).toBeTypeOf('function');
  release?.();
});

test('another process does not get the lock that this one holds', async () => {
  const path = temporaryDatabase();
  const release = await createPassLock(path).acquire('lab');
  expect((await startFixture('hold-lock.mjs', path, 'lab')).line).toBe('busy');
  release?.();
  const { child, line } = await startFixture('hold-lock.mjs', path, 'lab');
  expect(line).toBe('held');
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('the lock file stays beside the database, private, and keeps a hostile switch name in its directory', async () => {
  const path = temporaryDatabase();
  const name = '../../etc/x y*%é';
  const release = await createPassLock(path).acquire(name);
  expect(dirname(lockPath(path, name))).toBe(dirname(path));
  expect(basename(lockPath(path, name))).toBe(
    'callwarden.db.%2E%2E%2F%2E%2E%2Fetc%2Fx%20y%2A%25%C3%A9.lock.sqlite',
  );
  expect(statSync(lockPath(path, name)).mode & 0o777).toBe(0o600);
  release?.();
  expect(readdirSync(dirname(path))).toEqual([basename(lockPath(path, name))]);
});

test.each([
  ['the file', false],
  ['its directory', true],
  ['its directory, before the first start,', true],
])('a database has one lock, also under the name of a symbolic link to %s', async (what, toDirectory) => {
  const directory = temporaryDirectory();
  const real = join(directory, 'real');
  mkdirSync(real);
  const path = join(real, 'callwarden.db');
  const link = join(directory, 'link');
  symlinkSync(toDirectory ? real : path, link);
  if (!what.includes('before')) openStore(path).close();
  const linked = toDirectory ? join(link, 'callwarden.db') : link;
  expect(lockPath(linked, 'lab')).toBe(`${path}.lab.lock.sqlite`);
  const release = await createPassLock(linked).acquire('lab');
  expect(release).toBeTypeOf('function');
  expect(await createPassLock(path).acquire('lab')).toBeUndefined();
  // What is locked before the first start must stay locked once the database is there.
  openStore(linked).close();
  for (const name of [path, linked]) expect(await createPassLock(name).acquire('lab')).toBeUndefined();
  release?.();
});

test('whatever else goes wrong is STORE_FAILED, not "busy"', async () => {
  const directory = temporaryDirectory();
  await storeFailure(() => createPassLock(join(directory, 'missing', 'x.db')).acquire('lab'));
  const path = join(directory, 'callwarden.db');
  writeFileSync(lockPath(path, 'lab'), 'this is no database at all, but a text of some length'.repeat(40));
  chmodSync(lockPath(path, 'lab'), 0o600);
  const error = await storeFailure(() => createPassLock(path).acquire('lab'));
  expect(error.message).toContain('not a SQLite database');
  expect(existsSync(path)).toBe(false);
});
