import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { createPrivately } from './database.js';
import { realPath } from './pass-lock.js';
import { lockAlone, lockShared } from './service-lock.js';
import { storeError } from './store-error.js';

const ENDING = '.lock.sqlite';

/**
 * Which services live. Each reads a lock file of its own in a transaction that never ends; whoever gets one for itself alone knows
 * that its service lives no more. As with the pass lock, the operating system's file locks end with the process however it ends.
 */
export interface LifeLocks {
  /** Until the returned function is called, which takes the file away and may be called twice. Throws STORE_FAILED. */
  hold(service: string): () => void;
  /**
   * False where it lives no more. Whoever may not lock the file cannot know, nor in the instant in which another process asks the
   * same. Throws Node's own errors.
   */
  mayLive(service: string): boolean;
  /** Takes the files away of services that live no more, as far as it can. Only while no service begins. */
  clear(): void;
}

export function createLifeLocks(databasePath: string): LifeLocks {
  // `callwarden.db.service+<id>.lock.sqlite`; no pass lock has a `+` in its name (see lockPath).
  const beginning = () => `${realPath(databasePath)}.service+`;
  const pathOf = (service: string) => `${beginning()}${service}${ENDING}`;

  return {
    hold(service) {
      const path = pathOf(service);
      const lock = held(path);
      return () => {
        lock.close();
        remove(path);
      };
    },
    mayLive(service) {
      const path = pathOf(service);
      // A copy of a database has no lock files, and no service. One who only reads makes none.
      return existsSync(path) && !unlessHeld(path, () => {});
    },
    clear() {
      for (const path of filesBeginning(beginning())) unlessHeld(path, () => remove(path));
    },
  };
}

function held(path: string): Database.Database {
  let lock: Database.Database | undefined;
  try {
    createPrivately(path);
    lock = new Database(path, { fileMustExist: true });
    lockShared(lock);
    return lock;
  } catch (error) {
    lock?.close();
    remove(path);
    throw storeError(error, path);
  }
}

/** Whether nobody holds it, and so the work was done. */
function unlessHeld(path: string, work: () => void): boolean {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(path, { timeout: 0, fileMustExist: true });
    lockAlone(lock);
    work();
    return true;
  } catch {
    return false;
  } finally {
    lock?.close();
  }
}

function filesBeginning(beginning: string): readonly string[] {
  const directory = dirname(beginning);
  try {
    return readdirSync(directory)
      .filter((name) => name.startsWith(basename(beginning)) && name.endsWith(ENDING))
      .map((name) => join(directory, name));
  } catch {
    // Files that stay say nothing of a service that has no rows; no service must fail to start for them.
    return [];
  }
}

/** A file that stays is taken away at the next start of a service. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Without its lock it says nothing.
  }
}
