import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import { openStore } from '../../src/store/open-store.js';
import { NOON, startFixture, storeFailure, temporaryDatabase, temporaryDirectory } from './support.js';

/** A directory with the shipped migrations and further ones. */
function migrationsWith(further: Record<string, string>): string {
  const directory = join(temporaryDirectory(), 'migrations');
  mkdirSync(directory);
  for (const file of readdirSync(MIGRATIONS_DIR)) {
    copyFileSync(join(MIGRATIONS_DIR, file), join(directory, file));
  }
  for (const [file, sql] of Object.entries(further)) writeFileSync(join(directory, file), sql);
  return directory;
}

function open(path: string, migrationsDir: string): void {
  openStore(path, { migrationsDir, clock: () => NOON }).close();
}

function look<T>(path: string, sql: string): T[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare<[], T>(sql).all();
  } finally {
    database.close();
  }
}

const TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%extra%'";
const VERSIONS = 'SELECT version, name, applied_at AS at FROM schema_migration ORDER BY version';
const next = String(readMigrations(MIGRATIONS_DIR).length + 1).padStart(4, '0');
const afterNext = String(readMigrations(MIGRATIONS_DIR).length + 2).padStart(4, '0');

test('the shipped migrations are numbered without a gap and applied once', () => {
  const path = temporaryDatabase();
  open(path, MIGRATIONS_DIR);
  const applied = look(path, VERSIONS);
  expect(applied).toEqual(
    readMigrations(MIGRATIONS_DIR).map(({ version, name }) => ({ version, name, at: NOON })),
  );
  openStore(path, { clock: () => NOON + 1 }).close();
  expect(look(path, VERSIONS)).toEqual(applied);
});

test('an older database gets only the migrations that it lacks', () => {
  const path = temporaryDatabase();
  open(path, MIGRATIONS_DIR);
  open(path, migrationsWith({ [`${next}_extra.sql`]: 'CREATE TABLE extra (id INTEGER);' }));
  expect(look(path, TABLES)).toEqual([{ name: 'extra' }]);
});

test('a database from a newer version is refused, and both versions are named', async () => {
  const path = temporaryDatabase();
  open(path, migrationsWith({ [`${next}_extra.sql`]: 'CREATE TABLE extra (id INTEGER);' }));
  const error = await storeFailure(() => open(path, MIGRATIONS_DIR));
  expect(error.message).toContain(`version ${Number(next)}`);
  expect(error.message).toContain(`the ${Number(next) - 1} that this callwarden knows`);
  expect(error.hint).toContain('newer callwarden');
});

test('an applied migration whose text changed is refused', async () => {
  const path = temporaryDatabase();
  const before = migrationsWith({ [`${next}_extra.sql`]: 'CREATE TABLE extra (id INTEGER);' });
  open(path, before);
  writeFileSync(join(before, `${next}_extra.sql`), 'CREATE TABLE extra (id TEXT);');
  const error = await storeFailure(() => open(path, before));
  expect(error.message).toContain(`Migration ${Number(next)} (extra)`);
});

test('other line ends or a byte order mark do not make another migration', () => {
  const path = temporaryDatabase();
  const directory = migrationsWith({});
  open(path, directory);
  for (const file of readdirSync(directory)) {
    const text = readFileSync(join(directory, file), 'utf8');
    writeFileSync(join(directory, file), `\uFEFF${text.replaceAll('\n', '\r\n')}`);
  }
  open(path, directory);
  const hashes = (dir: string) => readMigrations(dir).map(({ sha256 }) => sha256);
  expect(hashes(directory)).toEqual(hashes(MIGRATIONS_DIR));
});

test.each([
  ['a gap', { [`${afterNext}_late.sql`]: 'SELECT 1;' }, `migration ${next} is missing`],
  [
    'a number twice',
    { [`${next}_one.sql`]: 'SELECT 1;', [`${next}_two.sql`]: 'SELECT 1;' },
    `two migrations with the number ${next}`,
  ],
  ['a name without a number', { 'extra.sql': 'SELECT 1;' }, 'extra.sql is not named like'],
])('%s is refused before anything is applied', async (_, further, message) => {
  const path = temporaryDatabase();
  const error = await storeFailure(() => open(path, migrationsWith(further)));
  expect(error.message).toContain(message);
  expect(() => look(path, VERSIONS)).toThrow();
});

test('an empty or missing directory of migrations is refused', async () => {
  const path = temporaryDatabase();
  await storeFailure(() => open(path, temporaryDirectory()));
  await storeFailure(() => open(path, join(temporaryDirectory(), 'none')));
});

test.each([
  ['a statement that fails', 'CREATE TABLE extra (id INTEGER); INSERT INTO nowhere VALUES (1);'],
  [
    'a row that refers to nothing',
    'CREATE TABLE extra (id INTEGER, of INTEGER REFERENCES extra (id)); PRAGMA defer_foreign_keys = ON; INSERT INTO extra VALUES (1, 2);',
  ],
])('%s leaves nothing of its migration behind', async (_, sql) => {
  const path = temporaryDatabase();
  const directory = migrationsWith({ [`${next}_extra.sql`]: sql });
  const error = await storeFailure(() => open(path, directory));
  expect(error.message).toContain(`Migration ${Number(next)} (extra) failed and was undone`);
  expect(look(path, TABLES)).toEqual([]);
  expect(look(path, VERSIONS)).toHaveLength(Number(next) - 1);
  writeFileSync(join(directory, `${next}_extra.sql`), 'CREATE TABLE extra (id INTEGER);');
  open(path, directory);
  expect(look(path, TABLES)).toHaveLength(1);
});

test('a failing first migration leaves a file that the next start can still use', async () => {
  const path = temporaryDatabase();
  const directory = temporaryDirectory();
  writeFileSync(join(directory, '0001_bad.sql'), 'CREATE TABLE extra (id INTEGER); SELECT nonsense;');
  await storeFailure(() => open(path, directory));
  expect(look(path, 'SELECT * FROM sqlite_schema')).toEqual([]);
  open(path, MIGRATIONS_DIR);
});

test('processes that start at once on a new database all get it, and each adds its records', async () => {
  const path = temporaryDatabase();
  const names = ['lab', 'fra', 'iev', 'waw'];
  const started = await Promise.all(names.map((name) => startFixture('write-records.mjs', path, name, '25')));
  await Promise.all(started.map(({ child }) => child.exitCode ?? once(child, 'exit')));
  expect(started.map(({ line, child }) => [line, child.exitCode])).toEqual(names.map(() => ['done', 0]));
  expect(
    look(path, 'SELECT switch, count(*) AS records FROM audit_action GROUP BY switch ORDER BY switch'),
  ).toEqual([...names].sort().map((name) => ({ switch: name, records: 25 })));
  expect(look(path, VERSIONS)).toHaveLength(readMigrations(MIGRATIONS_DIR).length);
});
