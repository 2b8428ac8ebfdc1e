import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceWhole } from './durable-files.js';
import { cannotBeWritten, UsageError } from './errors.js';
import type { FilePosition } from './export-file.js';

/** How far an export has come, so that the next one goes on there. */
export interface ExportCursor {
  /** Hash of the first event that the log ever had, which tells it from every other. */
  log: string;
  /** The last event of the log whose record was exported, or need not be; 0 before the first. */
  sequence: number;
  /** Its hash in lower-case hex; empty before the first. It shows whether the log is still the same. */
  hash: string;
  /** What was asked for; the next export has to ask for the same. */
  asked: ExportAsked;
  /** null for standard output. */
  file: FilePosition | null;
}

/** What must not change from one export to the next, or their lines would not belong together. */
export interface ExportAsked {
  format: 'jsonl' | 'csv';
  gzip: boolean;
  /** The filters but for --since, which may. */
  filters: Readonly<Record<string, string | number>>;
}

const VERSION = 1;

const cursorSchema = z.strictObject({
  version: z.literal(VERSION),
  log: z.string().regex(/^[0-9a-f]{64}$/),
  sequence: z.int().nonnegative(),
  hash: z.string().regex(/^([0-9a-f]{64})?$/),
  asked: z.strictObject({
    format: z.enum(['jsonl', 'csv']),
    gzip: z.boolean(),
    filters: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
  file: z
    .strictObject({
      path: z.string(),
      bytes: z.int().nonnegative(),
      tail: z.string(),
      inode: z.string(),
    })
    .nullable(),
});

/** Undefined where there is none yet. Throws UsageError for a file that is no cursor. */
export function readCursor(path: string): ExportCursor | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`The cursor ${path} cannot be read (${code}). Check the path and its permissions.`);
  }
  const checked = cursorSchema.safeParse(parsedJson(text));
  if (!checked.success) {
    throw new UsageError(
      `${path} is no cursor of an export, and was left as it is. Name another file; without one the export begins anew.`,
    );
  }
  const { version: _, ...cursor } = checked.data;
  return cursor;
}

/** The old cursor or the new one is on disk, whatever happens. Throws UsageError and OutputFailed. */
export function writeCursor(path: string, cursor: ExportCursor): void {
  try {
    replaceWhole(path, `${JSON.stringify({ version: VERSION, ...cursor })}\n`, 0o600);
  } catch (error) {
    throw cannotBeWritten(`The cursor ${path}`, error);
  }
}

/** Throws UsageError where the cursor stands for another export than the one asked for. */
export function refuseOtherExport(
  path: string,
  cursor: ExportCursor,
  asked: ExportAsked,
  to: string | null,
): void {
  const differs =
    JSON.stringify(sorted(cursor.asked)) !== JSON.stringify(sorted(asked))
      ? 'other filters or another format'
      : (cursor.file?.path ?? null) !== to
        ? `another place (${cursor.file?.path ?? 'standard output'})`
        : undefined;
  if (differs === undefined) return;
  throw new UsageError(
    `The cursor ${path} belongs to an export with ${differs}: ask for the same as then, or name another cursor.`,
  );
}

function sorted({ format, gzip, filters }: ExportAsked): unknown {
  return {
    format,
    gzip,
    filters: Object.entries(filters).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
