import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RuleFileText } from '../../src/domain/rule-files.js';
import type { LossOfEntries, RulesReport } from '../../src/domain/rules-in-force.js';
import { createPrivately, openForWriting } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import {
  freshStore,
  killed,
  NOON,
  rawDatabase,
  startFixture,
  storeFailure,
  temporaryDatabase,
} from './support.js';

const LIST: RuleFileText = { file: 'rules/lists/high-risk.txt', kind: 'list', text: '4420\n"x"\u0000é\r\n' };
const LIMITS: RuleFileText = { file: 'rules/limits.csv', kind: 'limits', text: '' };

test('the files in force are kept across a restart, each directory for itself', async () => {
  const store = freshStore();
  expect(await store.rulesInForce.load('/etc/a')).toEqual([]);
  await store.rulesInForce.keep('/etc/a', [LIST, LIMITS], NOON);
  await store.rulesInForce.keep('/etc/b', [LIST], NOON);
  store.close();
  const { rulesInForce } = freshStore(store.path);
  expect(await rulesInForce.load('/etc/a')).toEqual([LIMITS, LIST]);
  expect(await rulesInForce.load('/etc/b')).toEqual([LIST]);
});

test('what is kept replaces all that was kept for the directory', async () => {
  const { rulesInForce } = freshStore();
  await rulesInForce.keep('/etc/a', [LIST, LIMITS], NOON);
  const shorter = { ...LIST, text: '4420' };
  await rulesInForce.keep('/etc/a', [shorter], NOON + 1);
  expect(await rulesInForce.load('/etc/a')).toEqual([shorter]);
  await rulesInForce.keep('/etc/a', [], NOON + 2);
  expect(await rulesInForce.load('/etc/a')).toEqual([]);
});

test('files that cannot all be kept leave those in force that were', async () => {
  const { rulesInForce } = freshStore();
  await rulesInForce.keep('/etc/a', [LIST], NOON);
  const twice = [LIMITS, LIMITS];
  await storeFailure(() => rulesInForce.keep('/etc/a', twice, NOON + 1));
  expect(await rulesInForce.load('/etc/a')).toEqual([LIST]);
});

function loss(file: string, hash: string): LossOfEntries {
  return { file, hash, inForce: { file, hash: 'before' } };
}

test('accepted losses add up, each directory for itself, and may be accepted again', async () => {
  const { rulesInForce } = freshStore();
  expect(await rulesInForce.accepted('/etc/a')).toEqual({ open: [], total: 0 });
  await rulesInForce.accept('/etc/a', loss(LIST.file, 'h1'), 'cli:ops', NOON);
  await rulesInForce.accept('/etc/a', loss(LIST.file, 'h1'), 'cli:noc', NOON + 1);
  await rulesInForce.accept('/etc/a', loss(LIMITS.file, 'h1'), 'cli:ops', NOON + 1);
  await rulesInForce.accept('/etc/a', loss(LIST.file, 'h2'), 'cli:ops', NOON + 2);
  expect(await rulesInForce.accepted('/etc/a')).toEqual({
    open: [loss(LIST.file, 'h1'), loss(LIMITS.file, 'h1'), loss(LIST.file, 'h2')],
    total: 3,
  });
  expect(await rulesInForce.accepted('/etc/b')).toEqual({ open: [], total: 0 });
});

test('what was accepted is used up once the text that was in force is not kept any more', async () => {
  const { rulesInForce, path } = freshStore();
  await rulesInForce.keep('/etc/a', [LIMITS, LIST], NOON);
  await rulesInForce.keep('/etc/b', [LIST], NOON);
  const csv = { ...loss(LIST.file, 'h1'), file: 'rules/lists/high-risk.csv' };
  for (const one of [loss(LIST.file, 'h1'), csv, loss(LIMITS.file, 'h1')]) {
    await rulesInForce.accept('/etc/a', one, 'cli:ops', NOON);
  }
  await rulesInForce.accept('/etc/b', loss(LIST.file, 'h1'), 'cli:ops', NOON);
  await rulesInForce.keep('/etc/a', [LIMITS, { ...LIST, text: '4420' }], NOON + 1);
  expect(await rulesInForce.accepted('/etc/a')).toEqual({ open: [loss(LIMITS.file, 'h1')], total: 3 });
  await rulesInForce.keep('/etc/a', [], NOON + 2);
  expect(await rulesInForce.accepted('/etc/a')).toEqual({ open: [], total: 3 });
  expect((await rulesInForce.accepted('/etc/b')).open).toHaveLength(1);
  // It may be accepted anew, and who did so before stays on record.
  await rulesInForce.accept('/etc/a', loss(LIST.file, 'h1'), 'cli:noc', NOON + 3);
  const rows = rawDatabase(path)
    .prepare('SELECT actor, used_up_at AS usedUp FROM rules_accepted_loss WHERE file = ? AND directory = ?')
    .all(LIST.file, '/etc/a');
  expect(rows).toEqual([
    { actor: 'cli:ops', usedUp: NOON + 1 },
    { actor: 'cli:noc', usedUp: null },
  ]);
});

test('what was accepted with an earlier version stays on record, but lets nothing through', async () => {
  const path = temporaryDatabase();
  createPrivately(path);
  const database = openForWriting(path, 1_000);
  onTestFinished(() => void database.close());
  migrate(database, path, readMigrations(MIGRATIONS_DIR).slice(0, 12), NOON);
  const accept = 'INSERT INTO rules_accepted (directory, hash, file, actor, at) VALUES (?, ?, ?, ?, ?)';
  for (const directory of ['/etc/a', '/etc/b']) {
    database.prepare(accept).run(directory, 'h1', LIST.file, 'cli:ops', NOON);
  }
  const { rulesInForce } = freshStore(path);
  expect(await rulesInForce.accepted('/etc/a')).toEqual({ open: [], total: 1 });
  expect(database.prepare('SELECT file, hash, actor, at FROM rules_accepted_loss').all()).toEqual(
    Array(2).fill({ file: LIST.file, hash: 'h1', actor: 'cli:ops', at: NOON }),
  );
});

test('what an earlier version kept by the path of a link is that of the directory it leads to', async () => {
  const path = temporaryDatabase();
  createPrivately(path);
  const database = openForWriting(path, 1_000);
  onTestFinished(() => void database.close());
  migrate(database, path, readMigrations(MIGRATIONS_DIR).slice(0, 14), NOON);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'callwarden-test-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'q1'));
  symlinkSync('q1', join(root, 'link'));
  const [byLink, real] = [join(root, 'link'), join(root, 'q1')];
  const listIn = (directory: string) => ({ ...LIST, file: join(directory, 'list.txt') });
  writeFileSync(listIn(real).file, '4420');
  const file = 'INSERT INTO rules_file (directory, file, kind, text, kept_at) VALUES (?, ?, ?, ?, ?)';
  database.prepare(file).run('/etc/older', '/etc/older/list.txt', 'list', '1', NOON - 1);
  database.prepare(file).run(byLink, listIn(byLink).file, 'list', LIST.text, NOON);
  const accept =
    'INSERT INTO rules_accepted_loss (directory, file, hash, in_force_file, in_force_hash, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)';
  const { file: itself } = listIn(byLink);
  database.prepare(accept).run(byLink, itself, 'h1', itself, 'before', 'cli:ops', NOON);
  const { waiting: _, ...said } = reportOf(byLink, 'aa');
  const report = 'INSERT INTO rules_report (directory, report) VALUES (?, ?)';
  database.prepare(report).run(byLink, JSON.stringify(said));

  const { rulesInForce } = freshStore(path);
  for (const directory of [byLink, real]) {
    expect(await rulesInForce.load(directory)).toEqual([listIn(directory)]);
    const open = [loss(listIn(directory).file, 'h1')];
    expect(await rulesInForce.accepted(directory)).toEqual({ open, total: 1 });
    expect(await rulesInForce.lastReport(directory)).toEqual(reportOf(byLink, 'aa'));
  }
  await rulesInForce.keep(byLink, [listIn(byLink)], NOON + 1);
  const rows = database.prepare('SELECT directory, file FROM rules_file ORDER BY directory').all();
  expect(rows).toEqual([
    { directory: '/etc/older', file: '/etc/older/list.txt' },
    { directory: real, file: listIn(real).file },
  ]);
  expect((await rulesInForce.accepted(real)).open).toEqual([loss(listIn(real).file, 'h1')]);
});

function reportOf(directory: string, loadedHash: string): RulesReport {
  return {
    directory,
    loadedHash,
    diskHash: loadedHash,
    loadedAt: NOON,
    rules: 1,
    problems: [],
    heldBack: [],
    waiting: [],
  };
}

test('the report of a service is replaced by no other process for as long as it serves that directory', async () => {
  const { rulesInForce, path } = freshStore();
  const hashOf = async (directory: string) => (await rulesInForce.lastReport(directory))?.loadedHash;
  const services = [await freshStore(path).rulesInForce.serve('/etc/a'), await rulesInForce.serve('/etc/a')];
  await rulesInForce.report(reportOf('/etc/a', 'service'));
  const single = freshStore(path).rulesInForce;
  for (const release of services) {
    await single.reportUnlessServed(reportOf('/etc/a', 'single'));
    await single.reportUnlessServed(reportOf('/etc/b', 'single'));
    expect([await hashOf('/etc/a'), await hashOf('/etc/b')]).toEqual(['service', 'single']);
    release();
    release();
  }
  await single.reportUnlessServed(reportOf('/etc/a', 'single'));
  expect(await hashOf('/etc/a')).toBe('single');
  (await rulesInForce.serve('/etc/a'))();
});

test('a service serves until its process ends, however it ends', async () => {
  const { rulesInForce, path } = freshStore();
  const { child, line } = await startFixture('serve-rules.mjs', path, '/etc/a');
  expect(line).toBe('serving');
  await rulesInForce.reportUnlessServed(reportOf('/etc/a', 'single'));
  expect(await rulesInForce.lastReport('/etc/a')).toBe(undefined);
  await killed(child);
  await rulesInForce.reportUnlessServed(reportOf('/etc/a', 'single'));
  expect(await rulesInForce.lastReport('/etc/a')).toEqual(reportOf('/etc/a', 'single'));
});

test('the last report of a directory is the one that is read', async () => {
  const { rulesInForce, path } = freshStore();
  const report: RulesReport = {
    directory: '/etc/a',
    loadedHash: 'aa',
    diskHash: 'bb',
    loadedAt: NOON,
    rules: 14,
    problems: [
      {
        location: { file: 'rules/a.yaml', line: 3, column: 5 },
        file: 'rules/a.yaml',
        message: 'mode: expected enforce, monitor or off',
        severity: 'error',
      },
    ],
    heldBack: [{ ...loss(LIST.file, 'cc'), entriesBefore: 100, entriesNow: 3, lost: 97 }],
    waiting: [],
  };
  expect(await rulesInForce.lastReport('/etc/a')).toBe(undefined);
  await rulesInForce.report({ ...report, rules: 1, problems: [] });
  await rulesInForce.report(report);
  const reading = freshStore(path, { readonly: true }).rulesInForce;
  expect(await reading.lastReport('/etc/a')).toEqual(report);
  expect(await reading.lastReport('/etc/b')).toBe(undefined);
  await storeFailure(() => reading.report(report));
});
