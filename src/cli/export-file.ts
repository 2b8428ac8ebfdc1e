import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { syncDirectory } from './durable-files.js';
import { cannotBeWritten, UsageError } from './errors.js';
import { errnoOf } from './output-failed.js';

/** So much of what is before the end tells whether a file is the one that an export was writing. */
const TAIL_BYTES = 4_096;

/** Where an export has come to in its file: what the next one finds it by. */
export interface FilePosition {
  /** Absolute path. */
  path: string;
  bytes: number;
  /** SHA-256 of the last bytes before the position, in lower-case hex. */
  tail: string;
  /** What the file system knows the file by. */
  inode: string;
}

/** No link is followed, in a folder where others may have laid one; windows has no such flag. */
const NO_LINK = constants.O_NOFOLLOW ?? 0;
/** Whoever was quicker to take the name keeps it. */
const NEW = constants.O_CREAT | constants.O_EXCL;

/** A file that an export writes to, readable by its owner only. Methods throw UsageError and OutputFailed that name the file. */
export interface ExportFile {
  /** True where nothing stands in it yet, so that a format with a head begins with it. */
  isEmpty: boolean;
  /** What is written is a member of its own in gzip, so that whatever is on disk can be read. */
  append(text: string): void;
  /** Resolves once all that was appended is on disk. */
  sync(): FilePosition;
  close(): void;
}

/**
 * Opens the file of an export that goes on later. What stands behind the position is left from an export that was
 * interrupted before it had noted it, and is removed, since it will be written again. A file that is not there, as after
 * its rotation, begins anew; one that is not the one of the position is refused, and so is a symbolic link.
 */
export function continueFile(path: string, gzip: boolean, position: FilePosition | undefined): ExportFile {
  return named(path, () => {
    const { descriptor, existed } = openOrCreate(path);
    try {
      const found = fstatSync(descriptor);
      if (!found.isFile()) throw new UsageError(`${path} is no file. Name a file, or leave out --to.`);
      const { size } = found;
      const bytes = size === 0 ? 0 : matching(descriptor, path, size, position);
      ftruncateSync(descriptor, bytes);
      if (!existed) syncDirectory(dirname(path));
      return exportFile(descriptor, path, bytes, gzip);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  });
}

function openOrCreate(path: string): { descriptor: number; existed: boolean } {
  if (isLink(path)) {
    throw new UsageError(`${path} is a symbolic link. Name the file itself.`);
  }
  try {
    return { descriptor: openSync(path, constants.O_RDWR | NO_LINK), existed: true };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { descriptor: openSync(path, constants.O_RDWR | NEW | NO_LINK, 0o600), existed: false };
  }
}

/**
 * Creates a file for an export that is complete or not there: it has its name only after `finish`. Of two exports at once that
 * shall have one name the first to finish has it, and `finish` of the other throws.
 */
export function createFile(path: string, gzip: boolean): ExportFile & { finish(): void; discard(): void } {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw thereAlready(path);
  // Of a name that nobody can foresee, nor another export take.
  const part = `${path}.${randomBytes(6).toString('hex')}.part`;
  return named(path, () => {
    const file = exportFile(openSync(part, constants.O_RDWR | NEW | NO_LINK, 0o600), path, 0, gzip);
    return {
      ...file,
      finish() {
        file.sync();
        file.close();
        named(path, () => {
          giveName(part, path);
          syncDirectory(dirname(path));
        });
      },
      discard() {
        file.close();
        rmSync(part, { force: true });
      },
    };
  });
}

/** A link is refused where the name is taken, and a rename is not; not every file system has links. */
function giveName(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw thereAlready(path);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw thereAlready(path);
    renameSync(part, path);
    return;
  }
  rmSync(part);
}

function thereAlready(path: string): UsageError {
  return new UsageError(`${path} is there already. Name another file, or add to it with --cursor.`);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function exportFile(descriptor: number, path: string, begin: number, gzip: boolean): ExportFile {
  let bytes = begin;
  let open = true;
  return {
    isEmpty: begin === 0,
    append(text) {
      const data = gzip ? gzipSync(text) : Buffer.from(text, 'utf8');
      named(path, () => {
        for (let done = 0; done < data.length; ) {
          done += writeSync(descriptor, data, done, data.length - done, bytes + done);
        }
      });
      bytes += data.length;
    },
    sync() {
      return named(path, () => {
        fsyncSync(descriptor);
        return { path, bytes, tail: tailHash(descriptor, bytes), inode: inodeOf(descriptor) };
      });
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Where to go on in a file that holds something; throws where it is not the one of the position. */
function matching(
  descriptor: number,
  path: string,
  size: number,
  position: FilePosition | undefined,
): number {
  if (position === undefined) {
    throw new UsageError(
      `${path} holds something already, and the cursor does not know it. Name another file, or move this one away.`,
    );
  }
  const { bytes, tail, inode } = position;
  const isSame =
    bytes === 0 ? inode === inodeOf(descriptor) : size >= bytes && tail === tailHash(descriptor, bytes);
  if (isSame) return bytes;
  throw new UsageError(
    `${path} is not as the last export left it, and nothing was written. Move it away, and a new one goes on where the cursor stands.`,
  );
}

function tailHash(descriptor: number, bytes: number): string {
  const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
  readSync(descriptor, tail, 0, tail.length, bytes - tail.length);
  return createHash('sha256').update(tail).digest('hex');
}

function inodeOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return `${dev}:${ino}`;
}

/** Errors of the system name the file. */
function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw errnoOf(error) === undefined ? error : cannotBeWritten(path, error);
  }
}
