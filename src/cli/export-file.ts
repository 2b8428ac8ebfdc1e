import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { syncDirectory } from './durable-files.js';
import { UsageError } from './errors.js';

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

/** A file that an export writes to, readable by its owner only. Methods throw UsageError that names the file. */
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
 * its rotation, begins anew; one that is not the one of the position is refused.
 */
export function continueFile(path: string, gzip: boolean, position: FilePosition | undefined): ExportFile {
  return orUsageError(path, () => {
    const existed = existsSync(path);
    const descriptor = openSync(path, existed ? 'r+' : 'wx+', 0o600);
    try {
      const { size } = fstatSync(descriptor);
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

/** Creates a file for an export that is complete or not there: it has its name only after `finish`. */
export function createFile(path: string, gzip: boolean): ExportFile & { finish(): void; discard(): void } {
  if (existsSync(path)) {
    throw new UsageError(`${path} is there already. Name another file, or add to it with --cursor.`);
  }
  const part = `${path}.part`;
  return orUsageError(path, () => {
    const file = exportFile(openSync(part, 'w+', 0o600), part, 0, gzip);
    return {
      ...file,
      finish() {
        file.sync();
        file.close();
        orUsageError(path, () => {
          renameSync(part, path);
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

function exportFile(descriptor: number, path: string, begin: number, gzip: boolean): ExportFile {
  let bytes = begin;
  let open = true;
  return {
    isEmpty: begin === 0,
    append(text) {
      const data = gzip ? gzipSync(text) : Buffer.from(text, 'utf8');
      orUsageError(path, () => {
        for (let done = 0; done < data.length; ) {
          done += writeSync(descriptor, data, done, data.length - done, bytes + done);
        }
      });
      bytes += data.length;
    },
    sync() {
      return orUsageError(path, () => {
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

function orUsageError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new UsageError(
      `${path} cannot be written (${String(error.code)}). Check the path, its permissions and the room on its disk.`,
    );
  }
}
