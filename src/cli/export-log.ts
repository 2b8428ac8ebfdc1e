import { resolve } from 'node:path';
import type { AuditRecord } from '../domain/action.js';
import { CallwardenError } from '../domain/errors.js';
import type { AuditQuery } from '../domain/ports.js';
import type { AuditChanges } from '../store/audit-changes.js';
import { AUDIT_VIEW } from './audit-view.js';
import type { Output } from './context.js';
import {
  type ExportAsked,
  type ExportCursor,
  readCursor,
  refuseOtherExport,
  writeCursor,
} from './export-cursor.js';
import { continueFile, type ExportFile } from './export-file.js';
import { createRowWriter } from './output.js';

export interface ExportRequest {
  query: AuditQuery;
  asked: ExportAsked;
  /** Undefined for standard output. */
  to: string | undefined;
  cursorFile: string;
}

/** The record as it may leave the database: numbers may have to be masked. */
type Shown = (record: AuditRecord) => AuditRecord;

const NOT_THE_LOG =
  'See what happened with `callwarden audit verify`. Where the database was replaced on purpose, begin anew with another cursor.';

/** What an export came to. */
export interface Exported {
  lines: number;
  /** Events that were pruned before this export came to them. */
  missed: number;
}

/**
 * Exports what has become known since the cursor, batch by batch: first the lines are on disk, then the cursor that says so.
 * Whenever it is interrupted, the next one leaves neither a hole nor a duplicate in a file; on standard output the lines of
 * one batch may come twice. Throws UsageError, OutputFailed, and STORE_FAILED where the log is not the one that the cursor knows.
 */
export async function exportChanges(
  changes: AuditChanges,
  request: ExportRequest,
  stdout: Output,
  shown: Shown = (record) => record,
): Promise<Exported> {
  const { asked, cursorFile, query } = request;
  const to = request.to === undefined ? null : resolve(request.to);
  const cursor = readCursor(cursorFile);
  if (cursor !== undefined) refuseOtherExport(cursorFile, cursor, asked, to);
  const log = sameLog(changes, cursor, cursorFile);
  const missed = missedEvents(changes, cursor, cursorFile);
  const file = to === null ? undefined : continueFile(to, asked.gzip, cursor?.file ?? undefined);
  try {
    let last: Pick<ExportCursor, 'sequence' | 'hash'> = cursor ?? { sequence: 0, hash: '' };
    // Before the first line, so that a file which was begun is known to be ours.
    if (cursor === undefined || file?.isEmpty === true) keep(request, { log, ...last }, file);
    const write = lineWriter(asked.format, file, stdout, shown);
    let lines = 0;
    for (const { upTo, records } of changes.after(last.sequence, query)) {
      await write(records);
      lines += records.length;
      last = upTo;
      keep(request, { log, ...last }, file);
    }
    return { lines, missed };
  } finally {
    file?.close();
  }
}

function keep(
  { cursorFile, asked }: ExportRequest,
  { log, sequence, hash }: Pick<ExportCursor, 'log' | 'sequence' | 'hash'>,
  file: ExportFile | undefined,
): void {
  writeCursor(cursorFile, { log, sequence, hash, asked, file: file?.sync() ?? null });
}

/** The log that this is, which has to be the one of the cursor: also where what the cursor knows of it was pruned. */
function sameLog(changes: AuditChanges, cursor: ExportCursor | undefined, cursorFile: string): string {
  const log = changes.begun();
  if (log !== undefined && (cursor === undefined || cursor.log === log)) return log;
  throw new CallwardenError(
    'STORE_FAILED',
    log === undefined
      ? 'The beginning of the log is gone.'
      : `The log is not the one that the cursor ${cursorFile} knows: it is that of another database.`,
    { hint: NOT_THE_LOG },
  );
}

function missedEvents(changes: AuditChanges, cursor: ExportCursor | undefined, cursorFile: string): number {
  const { first } = changes.reach();
  const sequence = cursor?.sequence ?? 0;
  const hash = sequence === 0 ? '' : changes.hashOf(sequence);
  const isPruned = hash === undefined && first > sequence;
  if (cursor !== undefined && hash !== cursor.hash && !isPruned) {
    throw new CallwardenError(
      'STORE_FAILED',
      `The log is not the one that the cursor ${cursorFile} knows: event ${sequence} is another one, or gone.`,
      {
        hint: NOT_THE_LOG,
      },
    );
  }
  return Math.max(0, first - sequence - 1);
}

/** Writes records in one piece, after the head where the format has one. */
function lineWriter(
  format: 'jsonl' | 'csv',
  file: ExportFile | undefined,
  stdout: Output,
  shown: Shown,
): (records: readonly AuditRecord[]) => Promise<void> {
  let text = '';
  const collected: Output = {
    isTerminal: false,
    columns: undefined,
    async write(part) {
      text += part;
    },
  };
  const rows = createRowWriter(AUDIT_VIEW, format, collected);
  let headWanted = file === undefined || file.isEmpty;
  return async (records) => {
    if (records.length === 0) return;
    await rows.flush();
    if (!headWanted) text = '';
    headWanted = true;
    for (const record of records) await rows.write(shown(record));
    if (file === undefined) {
      await stdout.write(text);
      await stdout.flush?.();
    } else file.append(text);
    text = '';
  };
}
