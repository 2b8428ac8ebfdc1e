import { constants as fsConstants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { decodeUtf8 } from '../documents/utf8-text.js';
import type { Problem } from '../domain/errors.js';
import { codeOf } from './find-rule-files.js';

/** A file's text, or what keeps it from being read. */
export type ReadText = { ok: true; text: string } | Unreadable;

interface Unreadable {
  ok: false;
  message: string;
  why: 'content' | 'size' | 'link' | 'permission';
  /** Where the fault has one. */
  place?: { line: number; column: number };
}

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
      const decoded = decodeUtf8(await handle.readFile());
      return decoded.ok ? decoded : { ...decoded, why: 'content' };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = codeOf(cause);
    const target = code === 'ENOENT' || code === 'ELOOP' ? await targetOf(file) : undefined;
    if (target === undefined) {
      return { ok: false, message: `The file cannot be read (${code}).`, why: 'permission' };
    }
    const what = code === 'ELOOP' ? `in a circle, by way of ${target}` : `to nothing: ${target} is not there`;
    return { ok: false, message: `This is a link that leads ${what}.`, why: 'link' };
  }
}

/** As it is told of the file that messages name. */
export function problemOf(file: string, { message, place }: Unreadable): Problem {
  const problem: Problem = { file, message, severity: 'error' };
  return place === undefined ? problem : { ...problem, location: { file, ...place } };
}

/** Where a symbolic link leads to, as it is written; undefined where it is none, or is gone by now. */
async function targetOf(file: string): Promise<string | undefined> {
  try {
    return (await lstat(file)).isSymbolicLink() ? await readlink(file) : undefined;
  } catch {
    return undefined;
  }
}
