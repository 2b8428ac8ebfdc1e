import { constants as fsConstants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
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

/** U+FFFD as UTF-8. */
const REPLACEMENT = Buffer.from('\u{FFFD}');

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
      return decoded(await handle.readFile());
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

function decoded(bytes: Uint8Array): ReadText {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const message = 'The file is not UTF-8 text: save it in that encoding.';
    return { ok: false, message, why: 'content', place: firstFault(bytes) };
  }
}

/**
 * Where bytes that are no UTF-8 text first show it: what cannot be read is decoded as U+FFFD. That may stand there as itself, too,
 * where somebody saved such a text before.
 */
function firstFault(bytes: Uint8Array): { line: number; column: number } {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let at = 0;
  for (let offset = 0; ; at += 1, offset += REPLACEMENT.length) {
    const next = text.indexOf('\u{FFFD}', at);
    offset += Buffer.byteLength(text.slice(at, next));
    at = next;
    if (!REPLACEMENT.equals(bytes.subarray(offset, offset + REPLACEMENT.length))) break;
  }
  const before = text.slice(0, at).replace(/^\u{FEFF}/u, '');
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** Where a symbolic link leads to, as it is written; undefined where it is none, or is gone by now. */
async function targetOf(file: string): Promise<string | undefined> {
  try {
    return (await lstat(file)).isSymbolicLink() ? await readlink(file) : undefined;
  } catch {
    return undefined;
  }
}
