import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { CallwardenError } from '../domain/errors.js';
import { registerAuditHash } from './audit-chain-hash.js';
import { isBusy } from './store-error.js';

/** "Cwdn" in ASCII, in the file's header: marks our databases, see https://www.sqlite.org/pragma.html#pragma_application_id */
export const APPLICATION_ID = 0x4377646e;

/** How long a statement waits for another process before it is STORE_FAILED. */
export const BUSY_TIMEOUT_MS = 2_000;

/** A WAL that grew beyond this, e.g. behind a slow reader, is cut back at the next checkpoint. */
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the database for writing, which may be an empty file. A SQLite file of another program is refused untouched. Throws
 * SQLite's and Node's own errors, and CallwardenError.
 */
export function openForWriting(path: string, busyTimeoutMs: number): Database.Database {
  const database = new Database(path, { timeout: busyTimeoutMs, fileMustExist: true });
  try {
    refuseForeign(database, path);
    database.pragma('foreign_keys = ON');
    // So that INSERT OR REPLACE fires delete triggers too; the log's own insert guards do not depend on it.
    database.pragma('recursive_triggers = ON');
    switchToWal(database, path, busyTimeoutMs);
    // With NORMAL a power failure may undo the last commits of a WAL, and with them intents whose request has left.
    database.pragma('synchronous = FULL');
    database.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
    registerAuditHash(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens an existing database so that this connection cannot write. */
export function openForReading(path: string, busyTimeoutMs: number): Database.Database {
  if (!existsSync(path)) {
    throw new CallwardenError('STORE_FAILED', `There is no database at ${path}.`, {
      hint: 'The first `callwarden run` or `callwarden once` creates it; otherwise correct `database:` in the config.',
    });
  }
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    database.pragma('query_only = ON');
    refuseForeign(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Creates an empty file with mode 0600 before SQLite would with the umask's; its -wal and -shm files take over the mode.
 * Never opens an existing file: closing any descriptor of a database drops this process's locks on it
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if (statSync(path).isDirectory()) {
      throw Object.assign(new Error(`a directory in ${dirname(path)}`), { code: 'EISDIR' });
    }
  }
}

/** True for a file without a single table, as it is before the first migration. */
export function isEmpty(database: Database.Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function refuseForeign(database: Database.Database, path: string): void {
  const applicationId = () => database.pragma('application_id', { simple: true });
  const before = applicationId();
  if (before === APPLICATION_ID || (before === 0 && isEmpty(database))) return;
  // Between the two looks another process may have made it one of ours.
  if (applicationId() === APPLICATION_ID) return;
  throw new CallwardenError('STORE_FAILED', `${path} is the SQLite database of another program.`, {
    hint: 'Name another file under `database:` in the config; this one was left as it is.',
  });
}

/** SQLite does not wait for other connections when the journal mode changes, so two first starts at once need this. */
function switchToWal(database: Database.Database, path: string, busyTimeoutMs: number): void {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      const mode = database.pragma('journal_mode = WAL', { simple: true });
      if (mode === 'wal') return;
      throw new CallwardenError(
        'STORE_FAILED',
        `The file system of ${path} does not allow SQLite's WAL mode.`,
        {
          hint: 'Put the database on a local file system; network file systems cannot hold it.',
        },
      );
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
