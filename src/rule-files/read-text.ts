import { constants as fsConstants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { codeOf } from './find-rule-files.js';

/** A file's text, or what keeps it from being read, as messages say it, and of which kind that is. */
export type ReadText =
  | { ok: true; text: string }
  | { ok: false; message: string; why: 'content' | 'size' | 'link' | 'permission' };

/** Reads a file of at most so many bytes of UTF-8 text. Waits for no writer of a named pipe. */
export async function readText(file: string, maxBytes: number): Promise<ReadText> {
  try {
    // Without O_NONBLOCK opening a named pipe would wait for ever for a writer.
    const handle = await open(file, fsConstants.O_RDONLY | fsConstants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return { ok: false, message: 'This is not a regular file.', why: 'content' };
      if (stats.size > maxBytes) {
        const message = `The file has ${stats.size} bytes; at most ${maxBytes} are read.`;
        return { ok: false, message, why: 'size' };
      }
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
      return { ok: true, text };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof TypeError) {
      return { ok: false, message: 'The file is not UTF-8 text: save it in that encoding.', why: 'content' };
    }
    const code = codeOf(cause);
    const target = code === 'ENOENT' || code === 'ELOOP' ? await targetOf(file) : undefined;
    if (target === undefined) {
      return { ok: false, message: `The file cannot be read (${code}).`, why: 'permission' };
    }
    const what = code === 'ELOOP' ? `in a circle, by way of ${target}` : `to nothing: ${target} is not there`;
    return { ok: false, message: `This is a link that leads ${what}.`, why: 'link' };
  }
}

/** Where a symbolic link leads to, as it is written; undefined where it is none, or is gone by now. */
async function targetOf(file: string): Promise<string | undefined> {
  try {
    return (await lstat(file)).isSymbolicLink() ? await readlink(file) : undefined;
  } catch {
    return undefined;
  }
}
