import { realpathSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { CallwardenError } from '../domain/errors.js';
import { orStoreError } from './store-error.js';

/** SQLite's own, beside the file that symbolic links lead to. */
const SIDE_FILES = ['-wal', '-shm'] as const;

/** How often a database is opened anew that was replaced while it was being opened. */
const ATTEMPTS = 3;

const PUT_BACK =
  'Nothing is sent to a switch meanwhile. Put the files back together (the database with its -wal and -shm), or stop callwarden, put a backup in their place without -wal and -shm, and start it again.';

/**
 * Whether the files of an open database still are where everybody else opens them. A process keeps a file that was removed
 * or replaced, and goes on in it: what it records then is lost, and it never sees what others write to the new one, a pause
 * among them.
 */
export interface FilesInPlace {
  /** A stat per file. Throws STORE_FAILED where one is missing or another one than was opened. */
  require(): void;
}

/** A file under a name, and what the file system knows it by. */
interface OpenedFile {
  path: string;
  /** Device and number. */
  identity: string;
}

/**
 * Opens a database that is there, and remembers which files were opened. `open` has to have read from it, so that SQLite
 * has opened its side files too. Throws what `open` throws, and STORE_FAILED.
 */
export function openInPlace(
  path: string,
  open: () => Database.Database,
): { database: Database.Database; files: FilesInPlace } {
  for (let attempt = 1; ; attempt += 1) {
    const before = identityOf(path);
    const database = open();
    try {
      // Replaced in between, nobody can say which of the two was opened.
      if (before !== undefined && before === identityOf(path)) {
        return { database, files: watched(path, openedFiles(path, before, database.readonly)) };
      }
      if (attempt === ATTEMPTS) throw outOfPlace(path, path, identityOf(path));
    } catch (error) {
      database.close();
      throw error;
    }
    database.close();
  }
}

/** Makes every method look whether the files are in place, before its work and after: what it resolves with is of this database. */
export function onFilesInPlace<T extends object>(port: T, files: FilesInPlace): T {
  const methods = Object.entries(port) as [string, (...args: readonly unknown[]) => Promise<unknown>][];
  const looking = methods.map(([name, method]) => [
    name,
    async (...args: readonly unknown[]) => {
      files.require();
      const result = await method(...args);
      files.require();
      return result;
    },
  ]);
  return Object.fromEntries(looking) as T;
}

/** Only who writes can be sure that the side files are there: a reader may do without them. */
function openedFiles(path: string, identity: string, isReader: boolean): readonly OpenedFile[] {
  const real = realpathSync.native(path);
  const beside = SIDE_FILES.flatMap((suffix): OpenedFile[] => {
    const file = `${real}${suffix}`;
    const found = identityOf(file);
    if (found !== undefined) return [{ path: file, identity: found }];
    if (isReader) return [];
    throw outOfPlace(path, file, undefined);
  });
  return [{ path, identity }, ...beside];
}

function watched(path: string, opened: readonly OpenedFile[]): FilesInPlace {
  return {
    require() {
      for (const file of opened) {
        const found = orStoreError(path, () => identityOf(file.path));
        if (found !== file.identity) throw outOfPlace(path, file.path, found);
      }
    },
  };
}

/** Never by a descriptor: closing one would drop the locks that this process has on a database. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}

function outOfPlace(database: string, file: string, found: string | undefined): CallwardenError {
  const what = file === database ? `The database ${file}` : `${file}, a part of the database ${database},`;
  const how = found === undefined ? 'was removed or moved away' : 'was replaced by another file';
  return new CallwardenError(
    'STORE_FAILED',
    `${what} ${how} while it was open: what this process records would be lost.`,
    { hint: PUT_BACK },
  );
}
