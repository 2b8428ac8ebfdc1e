import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { openInPlace } from '../../src/store/files-in-place.js';
import { openStore, type Store } from '../../src/store/open-store.js';
import {
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  storeFailure,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';

/** Every method that a pass calls, and some more. */
const METHODS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'lock.acquire': ({ lock }) => lock.acquire('lab'),
  'audit.openIntent': ({ audit }) => audit.openIntent(callInput('1'), []),
  'audit.openIntentUnlessPaused': ({ audit }) => audit.openIntentUnlessPaused(callInput('1'), []),
  'audit.record': ({ audit }) => audit.record(alertInput(), outcomeOf('alerted'), []),
  'audit.resolveOrphans': ({ audit }) => audit.resolveOrphans('lab', NOON),
  'audit.unconfirmed': ({ audit }) => audit.unconfirmed('lab'),
  'audit.callsTakenSince': ({ audit }) => audit.callsTakenSince('lab', 0),
  'pauses.of': ({ pauses }) => pauses.of('lab', NOON),
  'pauses.list': ({ pauses }) => pauses.list(NOON),
  'ledger.lastPollId': ({ ledger }) => ledger.lastPollId('lab'),
  'chain.head': ({ chain }) => chain.head(),
  'rulesInForce.accepted': ({ rulesInForce }) => rulesInForce.accepted('rules'),
};

/** What can happen to a file while others have it open. */
const MISHAPS: Readonly<Record<string, (file: string) => void>> = {
  removed: (file) => rmSync(file),
  'moved away': (file) => renameSync(file, `${file}.old`),
  'replaced by a copy': (file) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  },
  'replaced by an empty file': (file) => {
    writeFileSync(`${file}.empty`, '');
    renameSync(`${file}.empty`, file);
  },
};

test('whatever happens to whichever file, every method is STORE_FAILED and says what to do', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(METHODS)),
      fc.constantFrom(...Object.keys(MISHAPS)),
      fc.constantFrom('', '-wal', '-shm'),
      async (method, mishap, suffix) => {
        const path = temporaryDatabase();
        const store = openStore(path);
        try {
          const release = await METHODS[method]?.(store);
          if (typeof release === 'function') release();
          MISHAPS[mishap]?.(`${path}${suffix}`);
          const error = await storeFailure(() => METHODS[method]?.(store) ?? Promise.resolve());
          expect(error.message).toContain(`${path}${suffix}`);
          expect(error.message).toMatch(
            /was (removed or moved away|replaced by another file) while it was open/,
          );
          expect(error.hint).toMatch(/^Nothing is sent .* put a backup in their place .* start it again\.$/);
        } finally {
          store.close();
          rmSync(dirname(path), { recursive: true });
        }
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('a file that is put back is the one that was opened, and the work goes on', async () => {
  const store = freshStore();
  await store.audit.record(alertInput(), outcomeOf('alerted'), []);
  renameSync(store.path, `${store.path}.old`);
  await storeFailure(() => store.audit.record(alertInput(), outcomeOf('alerted'), []));
  renameSync(`${store.path}.old`, store.path);
  await store.audit.record(alertInput(), outcomeOf('alerted'), []);
  const reader = openAuditReader(store.path);
  onTestFinished(() => reader.close());
  expect([...reader.query({})].map(({ id }) => id)).toEqual([1, 2]);
});

test('a file that is removed right after the commit of an intent lets nothing be sent', async () => {
  const store = freshStore();
  const { transaction } = Database.prototype;
  const commits = vi.spyOn(Database.prototype, 'transaction').mockImplementation(function (
    this: Database.Database,
    work,
  ) {
    const immediate = () => {
      const result = transaction.call(this, work).immediate();
      rmSync(store.path);
      return result;
    };
    return { immediate } as never;
  });
  onTestFinished(() => commits.mockRestore());
  await storeFailure(() => store.audit.openIntent(callInput('1'), []));
  expect(commits).toHaveBeenCalledOnce();
});

test('the outcome of a request that was under way is in the file that was moved away', async () => {
  const store = freshStore();
  const intent = await store.audit.openIntent(callInput('1'), []);
  const away = temporaryDirectory();
  for (const suffix of ['', '-wal', '-shm']) {
    renameSync(`${store.path}${suffix}`, join(away, `callwarden.db${suffix}`));
  }
  await storeFailure(() => store.audit.closeIntent(intent, outcomeOf('disconnected'), [], NOON));
  const reader = openAuditReader(join(away, 'callwarden.db'));
  onTestFinished(() => reader.close());
  expect([...reader.query({})].map(({ outcome }) => outcome)).toEqual(['disconnected']);
});

test('a folder that was moved away is told of, and nothing is made in its place', async () => {
  const folder = join(temporaryDirectory(), 'data');
  mkdirSync(folder);
  const store = freshStore(join(folder, 'callwarden.db'));
  renameSync(folder, `${folder}.old`);
  const error = await storeFailure(() => store.lock.acquire('lab'));
  expect(error.message).toContain('was removed or moved away');
  mkdirSync(folder);
  await storeFailure(() => store.lock.acquire('lab'));
  expect(existsSync(join(folder, 'callwarden.db.lab.lock.sqlite'))).toBe(false);
});

test('a symbolic link that leads elsewhere by now is another database', async () => {
  const folder = temporaryDirectory();
  const link = join(folder, 'callwarden.db');
  for (const name of ['real.db', 'other.db']) openStore(join(folder, name)).close();
  symlinkSync('real.db', link);
  const store = freshStore(link);
  await store.pauses.list(NOON);
  rmSync(link);
  symlinkSync('other.db', link);
  expect((await storeFailure(() => store.pauses.list(NOON))).message).toContain('replaced by another file');
});

test('a store that only reads looks as well, and does without side files that were not there', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  const reader = openStore(path, { readonly: true });
  onTestFinished(() => reader.close());
  await reader.pauses.list(NOON);
  const writer = freshStore(path);
  await writer.audit.record(alertInput(), outcomeOf('alerted'), []);
  writer.close();
  await reader.pauses.list(NOON);
  renameSync(path, `${path}.old`);
  await storeFailure(() => reader.pauses.list(NOON));
});

test('a database that is replaced while it is being opened is opened anew, and given up in the end', async () => {
  const path = temporaryDatabase();
  openStore(path).close();
  let opened = 0;
  const replacing = (times: number) => () => {
    opened += 1;
    const database = new Database(path);
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    if (opened <= times) MISHAPS['replaced by a copy']?.(path);
    return database;
  };
  const { database, files } = openInPlace(path, replacing(2));
  files.require();
  database.close();
  expect(opened).toBe(3);
  await storeFailure(async () => openInPlace(path, replacing(99)));
});

test('what is committed is on disk: synchronous is FULL on the connection that writes intents', async () => {
  const transactions = vi.spyOn(Database.prototype, 'transaction');
  onTestFinished(() => transactions.mockRestore());
  const store = freshStore();
  const before = transactions.mock.contexts.length;
  await store.audit.openIntent(callInput('1'), []);
  const own = transactions.mock.contexts.slice(before) as Database.Database[];
  expect(own).toHaveLength(1);
  // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL, which syncs the WAL at every commit.
  expect(own[0]?.pragma('synchronous', { simple: true })).toBe(2);
  expect(own[0]?.pragma('journal_mode', { simple: true })).toBe('wal');
  // A reopened database, too: better-sqlite3 is built to fall back to NORMAL in WAL mode.
  store.close();
  const again = freshStore(store.path);
  await again.audit.openIntentUnlessPaused(callInput('2'), []);
  const reopened = transactions.mock.contexts.at(-1) as Database.Database;
  expect(reopened).not.toBe(own[0]);
  expect(reopened.pragma('synchronous', { simple: true })).toBe(2);
});
