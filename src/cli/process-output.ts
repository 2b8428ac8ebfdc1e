import { fstatSync, fsyncSync, writeSync } from 'node:fs';
import { errnoOf, OutputFailed } from './output-failed.js';

/** How soon a write is tried again that a device had no room for. */
const RETRY_MS = 10;

const STDOUT = 'Standard output';

/** Where a command writes to. */
export interface Output {
  /** Resolves when there is room for more, so that a slow reader does not fill the memory. */
  write(text: string): Promise<void>;
  /** Resolves once all that was written is on disk, or with the reader of the pipe; where somebody depends on it. */
  flush?(): Promise<void>;
  /** True where a person is looking. */
  isTerminal: boolean;
  /** Columns of the terminal; undefined where there is none. */
  columns: number | undefined;
}

/** process.stdout and process.stderr are. */
type Descriptive = NodeJS.WriteStream & { readonly fd: number };

/** Standard output as commands write data to it; rejects with OutputFailed. */
export function dataOutput(stream: Descriptive): Output {
  const output = streamOutput(stream);
  const file = fileOf(stream);
  if (file === undefined) {
    // A pipe: what its reader has no room for yet stays in this process, and would be lost with it.
    return { ...output, flush: () => flushed(stream) };
  }
  return {
    ...output,
    async write(text) {
      orOutputFailed(() => writeWhole(file.descriptor, text));
    },
    async flush() {
      if (file.isOnDisk) orOutputFailed(() => fsyncSync(file.descriptor));
    },
  };
}

export function streamOutput(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (stream.write(text)) resolve();
        else stream.once('drain', resolve);
      }),
    isTerminal: stream.isTTY === true,
    // Asked for anew each time: a terminal can be resized.
    get columns() {
      return stream.isTTY === true ? stream.columns : undefined;
    },
  };
}

/** What Node writes to by a single write(2) and does not look whether all of it was taken: a file, or a device like /dev/full. */
function fileOf({ fd, isTTY }: Descriptive): { descriptor: number; isOnDisk: boolean } | undefined {
  const found = fstatSync(fd);
  if (isTTY === true || !(found.isFile() || found.isCharacterDevice())) return undefined;
  return { descriptor: fd, isOnDisk: found.isFile() };
}

/** On a disk that fills up, write(2) takes a part, and only the next one says why. */
function writeWhole(descriptor: number, text: string): void {
  const data = Buffer.from(text, 'utf8');
  for (let done = 0; done < data.length; ) {
    try {
      done += writeSync(descriptor, data, done);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write('', (error) => {
      if (error === null || error === undefined) resolve();
      else reject(new OutputFailed(STDOUT, error));
    });
  });
}

function orOutputFailed(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new OutputFailed(STDOUT, error);
  }
}
