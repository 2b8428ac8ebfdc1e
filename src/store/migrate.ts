import type Database from 'better-sqlite3';
import { CallwardenError } from '../domain/errors.js';
import { beginAuditChain } from './audit-chain-begin.js';
import { APPLICATION_ID, isEmpty } from './database.js';
import type { Migration } from './migration-files.js';
import { isBusy, storeError } from './store-error.js';

interface AppliedMigration {
  version: number;
  name: string;
  sha256: string;
}

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS schema_migration (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`;

/** What a migration needs done that SQL cannot do, right after it and in its transaction; by its name. */
const AFTER: Readonly<Record<string, (database: Database.Database, now: number) => void>> = {
  'audit-chain': beginAuditChain,
};

/**
 * Brings the database to the newest migration, each in a transaction of its own that leaves nothing behind when it
 * fails. Two processes may do so at once. Returns the versions that this call applied. Throws STORE_FAILED where an
 * applied migration has changed since, or the database is newer than the program. The connection is one of openForWriting,
 * or has at least its functions.
 *
 * @param now milliseconds since the epoch, noted with each migration
 */
export function migrate(
  database: Database.Database,
  path: string,
  migrations: readonly Migration[],
  now: number,
): readonly number[] {
  const done: number[] = [];
  refuseMismatch(appliedMigrations(database), migrations, path);
  for (const migration of migrations) {
    // An up-to-date database is not locked at all, so it can be opened while another process writes.
    if (isApplied(database, migration)) continue;
    const apply = database.transaction(() => {
      // Read again under the write lock: another process may have been quicker.
      refuseMismatch(appliedMigrations(database), migrations, path);
      if (isApplied(database, migration)) return;
      applyMigration(database, migration, now);
      done.push(migration.version);
    });
    try {
      apply.immediate();
    } catch (error) {
      throw error instanceof CallwardenError || isBusy(error) ? error : failed(migration, path, error);
    }
  }
  return done;
}

/** Throws STORE_FAILED unless the database is exactly at the newest migration: readers do not migrate. */
export function requireCurrentSchema(
  database: Database.Database,
  path: string,
  migrations: readonly Migration[],
): void {
  const applied = appliedMigrations(database);
  refuseMismatch(applied, migrations, path);
  if (applied.length === migrations.length) return;
  const state =
    applied.length === 0
      ? 'is empty'
      : `is at version ${applied.length}, and this callwarden needs ${migrations.length}`;
  throw new CallwardenError('STORE_FAILED', `The database ${path} ${state}.`, {
    hint: 'Start `callwarden run` or `callwarden once` first: they bring the database up to date.',
  });
}

function applyMigration(database: Database.Database, migration: Migration, now: number): void {
  if (isEmpty(database)) database.pragma(`application_id = ${APPLICATION_ID}`);
  database.exec(CREATE_TABLE);
  database.exec(migration.sql);
  if (!database.inTransaction) throw new Error('a migration must not end its transaction');
  AFTER[migration.name]?.(database, now);
  const violation = database.prepare('PRAGMA foreign_key_check').get();
  if (violation !== undefined) throw new Error(`it breaks a foreign key: ${JSON.stringify(violation)}`);
  database
    .prepare('INSERT INTO schema_migration (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)')
    .run(migration.version, migration.name, migration.sha256, now);
}

function appliedMigrations(database: Database.Database): readonly AppliedMigration[] {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'").get();
  if (table === undefined) return [];
  return database
    .prepare<[], AppliedMigration>('SELECT version, name, sha256 FROM schema_migration ORDER BY version')
    .all();
}

function isApplied(database: Database.Database, migration: Migration): boolean {
  return appliedMigrations(database).some((applied) => applied.version === migration.version);
}

function refuseMismatch(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
  path: string,
): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > migrations.length) {
    throw new CallwardenError(
      'STORE_FAILED',
      `The database ${path} is at version ${newest}, newer than the ${migrations.length} that this callwarden knows.`,
      { hint: 'Use the newer callwarden that wrote it, or restore a backup from before the upgrade.' },
    );
  }
  for (const [index, { version, name, sha256 }] of applied.entries()) {
    if (version === index + 1 && migrations[index]?.sha256 === sha256) continue;
    throw new CallwardenError(
      'STORE_FAILED',
      `Migration ${version} (${name}) of the database ${path} was applied with another text than this callwarden has.`,
      {
        hint: 'Released migrations never change: use the callwarden that wrote the database, or undo the edit under migrations/.',
      },
    );
  }
}

function failed(migration: Migration, path: string, error: unknown): CallwardenError {
  const { hint, message } = storeError(error, path);
  return new CallwardenError(
    'STORE_FAILED',
    `Migration ${migration.version} (${migration.name}) failed and was undone. ${message}`,
    { hint, cause: error },
  );
}
