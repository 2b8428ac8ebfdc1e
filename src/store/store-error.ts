import Database from 'better-sqlite3';
import { CallwardenError } from '../domain/errors.js';

interface Explanation {
  /** What happened; the path is put in front. */
  what: string;
  hint: (path: string) => string;
}

/** By the beginning of the code; SQLite's extended codes (https://www.sqlite.org/rescode.html) begin with the plain one. */
const EXPLANATIONS: readonly (readonly [prefix: string, explanation: Explanation])[] = [
  [
    'SQLITE_BUSY',
    {
      what: 'is locked by another process',
      hint: (path) =>
        `See which process holds it with \`fuser -v "${path}"\` or \`lsof "${path}"\`, and end its transaction; nothing is sent to a switch meanwhile.`,
    },
  ],
  [
    'SQLITE_LOCKED',
    {
      what: 'is locked by another connection',
      hint: () => 'Wait for the other query to end, then try again.',
    },
  ],
  ['SQLITE_FULL', { what: 'cannot grow: the disk is full', hint: fullHint }],
  ['ENOSPC', { what: 'cannot grow: the disk is full', hint: fullHint }],
  [
    'SQLITE_CORRUPT',
    {
      what: 'is damaged',
      hint: (path) =>
        `Stop callwarden, look at the damage with \`sqlite3 "${path}" "PRAGMA integrity_check"\`, and restore the database from a backup.`,
    },
  ],
  [
    'SQLITE_NOTADB',
    {
      what: 'is not a SQLite database',
      hint: () => 'Name another file under `database:` in the config, or restore this one from a backup.',
    },
  ],
  ['SQLITE_READONLY', { what: 'is read-only', hint: permissionHint }],
  ['SQLITE_PERM', { what: 'may not be accessed', hint: permissionHint }],
  ['SQLITE_AUTH', { what: 'may not be accessed', hint: permissionHint }],
  ['SQLITE_CANTOPEN', { what: 'cannot be opened', hint: permissionHint }],
  ['EACCES', { what: 'may not be accessed', hint: permissionHint }],
  ['EPERM', { what: 'may not be accessed', hint: permissionHint }],
  ['EROFS', { what: 'is on a read-only file system', hint: permissionHint }],
  ['ENOENT', { what: 'is in a directory that does not exist', hint: directoryHint }],
  ['ENOTDIR', { what: 'is in a directory that does not exist', hint: directoryHint }],
  [
    'EISDIR',
    { what: 'is a directory', hint: () => 'Name a file under `database:` in the config, not a directory.' },
  ],
  [
    'SQLITE_IOERR',
    {
      what: 'cannot be read or written',
      hint: () => 'Look for disk errors and free space (`dmesg`, `df`), then start callwarden again.',
    },
  ],
  [
    'SQLITE_CONSTRAINT',
    {
      what: 'refused a record',
      hint: () =>
        'This is a fault of callwarden or of another program that writes to its database: please report it with this message.',
    },
  ],
];

const UNEXPLAINED: Explanation = {
  what: 'could not be used',
  hint: (path) => `Check the file "${path}", then start callwarden again.`,
};

/** STORE_FAILED with what happened and the next step, whatever SQLite, Node or better-sqlite3 threw. */
export function storeError(cause: unknown, path: string): CallwardenError {
  if (cause instanceof CallwardenError) return cause;
  const code = codeOf(cause);
  const found = EXPLANATIONS.find(([prefix]) => code?.startsWith(prefix))?.[1] ?? UNEXPLAINED;
  const detail = cause instanceof Error ? cause.message : String(cause);
  const message = `The database ${path} ${found.what} (${code === undefined ? detail : `${code}: ${detail}`}).`;
  return new CallwardenError('STORE_FAILED', message, { hint: found.hint(path), cause });
}

/** Runs work on the database at `path` and turns whatever it throws into STORE_FAILED. */
export function orStoreError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, path);
  }
}

/** The same for the methods of ports, which reject instead of throwing. */
export async function settle<T>(path: string, work: () => T): Promise<T> {
  return orStoreError(path, work);
}

/** True where the lock of another connection is all that stands in the way. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function codeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

function fullHint(): string {
  return 'Free space on its file system (`df -h`), or move the database to a larger one.';
}

function permissionHint(path: string): string {
  return `Check owner and permissions of "${path}" and of its directory (SQLite also writes -wal and -shm files beside it), and the user that callwarden runs as.`;
}

function directoryHint(): string {
  return 'Create the directory, or correct `database:` in the config.';
}
