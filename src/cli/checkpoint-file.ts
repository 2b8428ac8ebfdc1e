import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../domain/audit-chain.js';
import { syncDirectory } from './durable-files.js';
import { UsageError } from './errors.js';

/** What a file of checkpoints, one a line, holds. */
export interface CheckpointsRead {
  checkpoints: readonly Checkpoint[];
  /** What a person should know, e.g. of a line that a crash cut short. */
  notes: readonly string[];
}

const checkpointSchema: z.ZodType<Checkpoint> = z.strictObject({
  sequence: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime({ precision: 3 }),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** How every line begins; what begins so and ends too soon was cut short. */
const LINE_START = '{"sequence":';

/**
 * Appends one checkpoint, on disk when this returns. Only ever appends, so that it works on a file with the append-only
 * attribute: a line that a crash cut short is left behind, and the next begins on a line of its own. Throws UsageError that
 * names the file.
 */
export function appendCheckpoint(file: string, checkpoint: Checkpoint): void {
  const { sequence, hash, at, key, signature } = checkpoint;
  const line = `${JSON.stringify({ sequence, hash, at, key, signature })}\n`;
  try {
    const isNew = appendLine(file, line);
    if (isNew) syncDirectory(dirname(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `The checkpoint file ${file} cannot be written (${codeOf(error)}). Check its directory and permissions, and the room on its disk.`,
    );
  }
}

function appendLine(file: string, line: string): boolean {
  const descriptor = openSync(file, 'a+', 0o644);
  try {
    const { size } = fstatSync(descriptor);
    refuseForeign(descriptor, size, file);
    writeAll(descriptor, size > 0 && lastByte(descriptor, size) !== '\n' ? `\n${line}` : line);
    fsyncSync(descriptor);
    return size === 0;
  } finally {
    closeSync(descriptor);
  }
}

/** A line appended to a database or a key would destroy it. */
function refuseForeign(descriptor: number, size: number, file: string): void {
  const begin = Buffer.alloc(Math.min(size, LINE_START.length));
  readSync(descriptor, begin, 0, begin.length, 0);
  if (LINE_START.startsWith(begin.toString('utf8'))) return;
  throw new UsageError(
    `${file} holds something else than checkpoints, and nothing was written to it. Name another file.`,
  );
}

function lastByte(descriptor: number, size: number): string {
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, size - 1);
  return byte.toString('latin1');
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

/** Reads all checkpoints. Throws UsageError with file and line where something else stands between them. */
export function readCheckpoints(file: string): CheckpointsRead {
  const lines = readText(file).split('\n');
  const checkpoints: Checkpoint[] = [];
  const notes: string[] = [];
  for (const [index, line] of lines.entries()) {
    const text = line.replace(/\r$/, '');
    if (text.trim() === '') continue;
    const place = `${file}:${index + 1}`;
    const checked = checkpointSchema.safeParse(parsedJson(text));
    if (checked.success) checkpoints.push(checked.data);
    else if (isCutShort(text))
      notes.push(`${place}: this line was cut short, as by a crash; it is left out.`);
    else throw notACheckpoint(place);
  }
  return { checkpoints, notes };
}

function notACheckpoint(place: string): UsageError {
  return new UsageError(
    `${place}: this is no checkpoint; expected one JSON object per line with sequence, hash, at, key and signature. Compare the file with another copy of it.`,
  );
}

function isCutShort(line: string): boolean {
  const begins = line.startsWith(LINE_START) || LINE_START.startsWith(line);
  return begins && parsedJson(line) === undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The checkpoint file ${file} cannot be read (${codeOf(error)}). Check the path and its permissions.`,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
