import { resolve } from 'node:path';
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
      const path = lockPath(databasePath, switchName);
      let database: Database.Database | undefined;
      try {
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

/** `callwarden.db.lab.lock.sqlite`; what is not a plain letter, digit, `-` or `_` of the name is written as %XX. */
export function lockPath(databasePath: string, switchName: string): string {
  const bytes = Buffer.from(switchName, 'utf8').toString('latin1');
  const name = bytes.replace(
    /[^A-Za-z0-9_-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `${resolve(databasePath)}.${name}.lock.sqlite`;
}

function releaseOnce(database: Database.Database): () => void {
  return () => {
    // Closing ends the transaction, and with it the lock.
    if (database.open) database.close();
  };
}
