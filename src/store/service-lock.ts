import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { createPrivately } from './database.js';
import { realPath } from './pass-lock.js';
import { isBusy, storeError } from './store-error.js';

/** A single pass holds the lock for as long as it takes to write one row. */
const WAIT_FOR_SINGLE_PASS_MS = 5_000;

/** What a service goes by: the rules of a directory, or a switch that it polls. */
type Served = 'rules' | 'switch';

/**
 * Whether a service lives that goes by a rules directory, or polls a switch. Each service reads its lock file in a transaction that
 * never ends, which any number of processes may do; whoever gets the file for itself alone knows that none lives, and that none
 * begins meanwhile. As with the pass lock, the operating system's file locks end with the process however it ends.
 */
export interface ServiceLock {
  /** Until the returned function is called. Throws STORE_FAILED. */
  serve(name: string): () => void;
  /** Does the work while no service lives, or nothing. Throws STORE_FAILED, and what the work throws. */
  unlessServed(name: string, work: () => void): void;
  /**
   * False where no service lives. Whoever may not lock the file cannot know, nor in the instant in which another process asks the
   * same. Throws Node's own errors.
   */
  mayBeServed(name: string): boolean;
}

export function createServiceLock(databasePath: string, served: Served): ServiceLock {
  function locked(name: string, begin: (lock: Database.Database) => void, timeout: number) {
    let path = resolve(databasePath);
    let lock: Database.Database | undefined;
    try {
      path = serviceLockPath(databasePath, served, name);
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
      const lock = locked(name, share, WAIT_FOR_SINGLE_PASS_MS);
      return () => void lock?.close();
    },
    unlessServed(name, work) {
      // Not waited for: a service keeps it for as long as it lives, and another single pass says the same.
      const lock = locked(name, alone, 0);
      try {
        if (lock !== undefined) work();
      } finally {
        lock?.close();
      }
    },
    mayBeServed(name) {
      const path = serviceLockPath(databasePath, served, name);
      // A copy of a database has no lock files, and no service. One who only reads makes none.
      return existsSync(path) && !canBeAlone(path);
    },
  };
}

/** `callwarden.db.rules+3f2a9c81d07b.lock.sqlite`, by a hash of the name; no pass lock has a `+` in its name (see lockPath). */
function serviceLockPath(databasePath: string, served: Served, name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${realPath(databasePath)}.${served}+${hash}.lock.sqlite`;
}

function canBeAlone(path: string): boolean {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(path, { timeout: 0, fileMustExist: true });
    alone(lock);
    return true;
  } catch {
    return false;
  } finally {
    lock?.close();
  }
}

/** Refused where anybody reads. */
function alone(lock: Database.Database): void {
  lock.exec('BEGIN EXCLUSIVE');
}

/** A transaction takes its lock with the first read, and keeps it until it ends. */
function share(lock: Database.Database): void {
  lock.exec('BEGIN');
  lock.prepare('SELECT 1 FROM sqlite_schema').get();
}
