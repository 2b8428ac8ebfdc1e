import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { PassLock } from '../domain/ports.js';
import { createPrivately } from './database.js';
import { isBusy, storeError } from './store-error.js';

/**
 * One lock file per switch beside the database, locked by an exclusive SQLite transaction that never writes. It rests
 * on the operating system's file locks (https://www.sqlite.org/lockingv3.html), which end with the process however it
 * ends, so nothing has to find out whether a holder is still alive. The files stay: deleting one that another process
 * has just opened would give two holders. They need a local file system, as the database does.
 */
export function createPassLock(databasePath: string): PassLock {
  return {
    async acquire(switchName) {
      let path = resolve(databasePath);
      let database: Database.Database | undefined;
      try {
        path = lockPath(databasePath, switchName);
        createPrivately(path);
        database = new Database(path, { timeout: 0, fileMustExist: true });
        database.exec('BEGIN EXCLUSIVE');
        return releaseOnce(database);
      } catch (error) {
        database?.close();
        if (isBusy(error)) return undefined;
        throw storeError(error, path);
      }
    },
  };
}

/**
 * `callwarden.db.lab.lock.sqlite`; what is not a plain letter, digit, `-` or `_` of the name is written as %XX. It is
 * beside the file that symbolic links lead to, so that every name of one database has the same lock; hard links, which
 * SQLite itself cannot bear (https://www.sqlite.org/howtocorrupt.html, section 2.5), are not seen through. Throws Node's
 * own errors.
 */
export function lockPath(databasePath: string, switchName: string): string {
  const bytes = Buffer.from(switchName, 'utf8').toString('latin1');
  const name = bytes.replace(
    /[^A-Za-z0-9_-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `${realPath(databasePath)}.${name}.lock.sqlite`;
}

/** Where there is no database yet, the same path as after its creation. */
export function realPath(databasePath: string): string {
  const path = resolve(databasePath);
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return join(realpathSync.native(dirname(path)), basename(path));
  }
}

function releaseOnce(database: Database.Database): () => void {
  return () => {
    // Closing ends the transaction, and with it the lock.
    if (database.open) database.close();
  };
}
