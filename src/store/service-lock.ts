import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { createPrivately } from './database.js';
import { realPath } from './pass-lock.js';
import { isBusy, storeError } from './store-error.js';

/** A single pass holds the lock for as long as it takes to write one row. */
const WAIT_FOR_SINGLE_PASS_MS = 5_000;

/**
 * Whether a service lives that goes by a rules directory. Each service reads its lock file in a transaction that never ends, which any
 * number of processes may do; whoever gets the file for itself alone knows that none lives, and that none begins meanwhile. As with the pass lock, the operating system's file locks end with the process however it ends.
 */
export interface ServiceLock {
  /** Until the returned function is called. Throws STORE_FAILED. */
  serve(name: string): () => void;
  /** Does the work while no service lives, or nothing. Throws STORE_FAILED, and what the work throws. */
  unlessServed(name: string, work: () => void): void;
}

export function createServiceLock(databasePath: string): ServiceLock {
  function locked(name: string, begin: (lock: Database.Database) => void, timeout: number) {
    let path = resolve(databasePath);
    let lock: Database.Database | undefined;
    try {
      path = serviceLockPath(databasePath, name);
      createPrivately(path);
      lock = new Database(path, { timeout, fileMustExist: true });
      begin(lock);
      return lock;
    } catch (error) {
      lock?.close();
      if (timeout === 0 && isBusy(error)) return undefined;
      throw storeError(error, path);
    }
  }

  return {
    serve(name) {
      const lock = locked(name, lockShared, WAIT_FOR_SINGLE_PASS_MS);
      return () => void lock?.close();
    },
    unlessServed(name, work) {
      // Not waited for: a service keeps it for as long as it lives, and another single pass says the same.
      const lock = locked(name, lockAlone, 0);
      try {
        if (lock !== undefined) work();
      } finally {
        lock?.close();
      }
    },
  };
}

/** `callwarden.db.rules+3f2a9c81d07b.lock.sqlite`, by a hash of the name; no pass lock has a `+` in its name (see lockPath). */
function serviceLockPath(databasePath: string, name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${realPath(databasePath)}.rules+${hash}.lock.sqlite`;
}

/** Until the lock is closed. Refused where anybody reads. */
export function lockAlone(lock: Database.Database): void {
  lock.exec('BEGIN EXCLUSIVE');
}

/** Until the lock is closed: a transaction takes its lock with the first read, and keeps it until it ends. */
export function lockShared(lock: Database.Database): void {
  lock.exec('BEGIN');
  lock.prepare('SELECT 1 FROM sqlite_schema').get();
}
