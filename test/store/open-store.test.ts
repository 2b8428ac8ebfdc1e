import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { APPLICATION_ID } from '../../src/store/database.js';
import { openStore } from '../../src/store/open-store.js';
import { storeError } from '../../src/store/store-error.js';
import {
  alertInput,
  callInput,
  freshStore,
  killed,
  outcomeOf,
  startFixture,
  storeFailure,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';

/** Root may write whatever the permissions say, so the test steps down to a user who may not. */
function asOrdinaryUser<T>(work: () => T): T {
  const { geteuid, seteuid } = process;
  if (geteuid === undefined || seteuid === undefined || geteuid() !== 0) return work();
  seteuid(65_534);
  try {
    return work();
  } finally {
    seteuid(0);
  }
}

test('a new database belongs to its owner alone, is in WAL mode and bears our mark', async () => {
  const store = freshStore();
  await store.audit.record(alertInput(), outcomeOf('alerted'), []);
  for (const file of [store.path, `${store.path}-wal`, `${store.path}-shm`]) {
    expect(statSync(file).mode & 0o777, file).toBe(0o600);
  }
  const database = new Database(store.path, { readonly: true });
  onTestFinished(() => void database.close());
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(database.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
});

test('a file name that SQLite would read as memory or as a URI is a plain file', () => {
  const directory = temporaryDirectory();
  const before = process.cwd();
  process.chdir(directory);
  onTestFinished(() => process.chdir(before));
  openStore(':memory:').close();
  openStore('file:x?mode=memory').close();
  expect(existsSync(join(directory, ':memory:'))).toBe(true);
  expect(existsSync(join(directory, 'file:x?mode=memory'))).toBe(true);
});

test('closing twice is harmless, and a closed store answers STORE_FAILED', async () => {
  const store = freshStore();
  store.close();
  store.close();
  await storeFailure(() => store.audit.record(alertInput(), outcomeOf('alerted'), []));
  await storeFailure(() => store.audit.unconfirmed('lab'));
});

test('the database of another program is refused and left untouched', async () => {
  const path = temporaryDatabase();
  const foreign = new Database(path);
  foreign.exec('CREATE TABLE theirs (id INTEGER)');
  foreign.close();
  const before = readFileSync(path);
  expect((await storeFailure(() => openStore(path))).message).toContain('another program');
  expect((await storeFailure(() => openAuditReader(path))).message).toContain('another program');
  expect(readFileSync(path).equals(before)).toBe(true);
  const marked = new Database(path);
  marked.exec('DROP TABLE theirs');
  marked.pragma('application_id = 7');
  marked.close();
  expect((await storeFailure(() => openStore(path))).message).toContain('another program');
});

test('a file that is no database is refused and left untouched', async () => {
  const path = temporaryDatabase();
  writeFileSync(path, 'switches:\n  - name: lab\n'.repeat(200));
  const before = readFileSync(path);
  expect((await storeFailure(() => openStore(path))).message).toContain('not a SQLite database');
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a missing directory and a directory in place of the file are named as such', async () => {
  const directory = temporaryDirectory();
  const missing = await storeFailure(() => openStore(join(directory, 'none', 'callwarden.db')));
  expect(missing.message).toContain('a directory that does not exist');
  expect(missing.hint).toContain('Create the directory');
  expect((await storeFailure(() => openStore(directory))).message).toContain('is a directory');
});

test('a damaged database is STORE_FAILED with how to look at the damage', async () => {
  const path = temporaryDatabase();
  const store = openStore(path);
  for (let id = 1; id <= 200; id += 1) {
    await store.audit.record(callInput(String(id)), outcomeOf('monitored'), []);
  }
  store.close();
  const bytes = readFileSync(path);
  // The header and the schema on the first page stay; everything behind it is overwritten.
  bytes.fill(0xa5, 4096);
  writeFileSync(path, bytes);
  const error = await storeFailure(async () => {
    const damaged = openStore(path);
    onTestFinished(() => damaged.close());
    await damaged.audit.record(alertInput(), outcomeOf('alerted'), []);
  });
  expect(error.message).toContain('is damaged');
  expect(error.hint).toContain('integrity_check');
});

test('a database that was cut short is STORE_FAILED', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  truncateSync(path, 8192);
  await storeFailure(async () => {
    const cut = openStore(path);
    onTestFinished(() => cut.close());
    await cut.audit.record(alertInput(), outcomeOf('alerted'), []);
  });
});

test('while another process holds the write lock, opening works and writing is STORE_FAILED', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  const { child } = await startFixture('hold-write-lock.mjs', path);
  const store = freshStore(path, { busyTimeoutMs: 20 });
  const error = await storeFailure(() => store.audit.openIntent(callInput('1'), []));
  expect(error.message).toContain('locked by another process');
  expect(error.hint).toContain('lsof');
  const passes = await storeFailure(() => store.audit.confirm([{ id: 1, confirmed: true }], 0));
  expect(passes.message).toContain('locked');
  expect(await store.audit.unconfirmed('lab')).toEqual([]);
  await killed(child);
  expect((await store.audit.openIntent(callInput('1'), [])).id).toBe(1);
});

test('a database that cannot be migrated for a lock is STORE_FAILED and works afterwards', async () => {
  const path = temporaryDatabase();
  const other = new Database(path);
  other.exec('BEGIN EXCLUSIVE');
  const error = await storeFailure(() => openStore(path, { busyTimeoutMs: 20 }));
  expect(error.message).toContain('locked by another process');
  other.close();
  openStore(path).close();
});

test('a file or a directory that may not be written is STORE_FAILED', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  chmodSync(dirname(path), 0o555);
  chmodSync(path, 0o444);
  onTestFinished(() => chmodSync(dirname(path), 0o755));
  const file = await storeFailure(() => asOrdinaryUser(() => openStore(path).close()));
  expect(file.hint).toContain('permissions');
  const directory = await storeFailure(() => asOrdinaryUser(() => openStore(`${path}2`).close()));
  expect(directory.message).toContain('may not be accessed');
});

test('a file of mode 0000 is STORE_FAILED', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  chmodSync(dirname(path), 0o755);
  chmodSync(path, 0);
  const error = await storeFailure(() => asOrdinaryUser(() => openStore(path).close()));
  expect(error.hint).toContain('permissions');
});

test('a full disk is STORE_FAILED and says what to free', () => {
  const path = temporaryDatabase();
  const database = new Database(path);
  onTestFinished(() => void database.close());
  database.exec('CREATE TABLE t (x)');
  database.pragma('max_page_count = 2');
  let thrown: unknown;
  try {
    database.exec('INSERT INTO t VALUES (zeroblob(100000))');
  } catch (error) {
    thrown = error;
  }
  const error = storeError(thrown, path);
  expect(error.code).toBe('STORE_FAILED');
  expect(error.message).toContain('the disk is full');
  expect(error.hint).toContain('df -h');
  expect(error.cause).toBe(thrown);
});

test('read-only opening neither creates nor writes', async () => {
  const path = temporaryDatabase();
  expect((await storeFailure(() => openStore(path, { readonly: true }))).message).toContain('no database');
  expect(existsSync(path)).toBe(false);
  openStore(path).close();
  const store = freshStore(path, { readonly: true });
  expect(await store.audit.callsTakenSince('lab', 0)).toBe(0);
  const error = await storeFailure(() => store.audit.record(alertInput(), outcomeOf('alerted'), []));
  expect(error.message).toContain('read-only');
});

test('an open that fails leaves no connection behind', async () => {
  const path = temporaryDatabase();
  const broken = join(temporaryDirectory(), 'migrations');
  mkdirSync(broken);
  writeFileSync(join(broken, '0001_bad.sql'), 'nonsense');
  await storeFailure(() => openStore(path, { migrationsDir: broken }));
  // A connection left open would keep its -wal file.
  expect(existsSync(`${path}-wal`)).toBe(false);
});
