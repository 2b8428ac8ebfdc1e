import type Database from 'better-sqlite3';
import type { AuditRecord } from '../domain/action.js';
import type { ChainHead } from '../domain/audit-chain.js';
import type { AuditQuery } from '../domain/ports.js';
import { type RecordRow, toRecord } from './audit-reader.js';
import { readBegun } from './audit-seals.js';
import { recordCondition } from './audit-search.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { orStoreError } from './store-error.js';

/** Events in one batch: some megabytes of records. */
const BATCH_EVENTS = 5_000;

/** What has come of the log since an event. */
export interface ChangedRecords {
  /** The last event of the batch: go on after it. */
  upTo: ChainHead;
  records: readonly AuditRecord[];
}

/** Read-only: the log as it grows. Methods throw STORE_FAILED. */
export interface AuditChanges {
  /** The hash of an event in lower-case hex; undefined where it is not there. */
  hashOf(sequence: number): string | undefined;
  /** Hash of the first event that the log ever had; undefined where it is gone and no prune says it. */
  begun(): string | undefined;
  /** The first event that was not pruned, and the last; both 0 for an empty log. */
  reach(): { first: number; last: number };
  /**
   * The records that match and whose outcome, or whose confirmation, became known after this event, as they are now, in the
   * order in which it became known; a record of which both did comes once. All batches show the log at one instant, and every
   * later call that goes on after any `upTo` adds exactly what is missing.
   */
  after(sequence: number, query: AuditQuery): Iterable<ChangedRecords>;
  close(): void;
}

interface EventRow {
  seq: number;
  kind: string;
  /** The action of an outcome or confirmation. */
  action: number | null;
  confirmation: number | null;
  parent: number | null;
  /** In lower-case hex. */
  hash: string;
}

const EVENTS = `
  SELECT e.seq AS seq, e.kind AS kind, lower(hex(e.hash)) AS hash,
    CASE e.kind WHEN 'outcome' THEN e.ref ELSE c.action_id END AS action, c.id AS confirmation, a.parent AS parent
  FROM audit_event AS e
  LEFT JOIN audit_confirmation AS c ON e.kind = 'confirmation' AND c.id = e.ref
  LEFT JOIN audit_action AS a ON a.id = c.action_id
  WHERE e.seq > ? ORDER BY e.seq LIMIT ?`;

/** The last confirmation that a record shows: its own, or for an account or customer action those of its calls. */
const LAST_CONFIRMATION = `
  SELECT CASE WHEN a.call_id IS NOT NULL
    THEN (SELECT max(c.id) FROM audit_confirmation AS c WHERE c.action_id = a.id)
    ELSE (
      SELECT max(c.id) FROM audit_action AS child INDEXED BY audit_action_parent
      CROSS JOIN audit_confirmation AS c ON c.action_id = child.id WHERE child.parent = a.id
    )
  END FROM audit_action AS a
  JOIN audit_outcome AS o ON o.action_id = a.id AND o.outcome IN ('disconnected', 'unknown', 'already-gone')
  WHERE a.id = ?`;

/** Opens the log of a database of exactly this version; works while `callwarden run` is writing. Throws STORE_FAILED. */
export function openAuditChanges(
  path: string,
  { batchEvents = BATCH_EVENTS, ...options }: ReaderOptions & { batchEvents?: number } = {},
): AuditChanges {
  const { database, path: file } = openCurrentForReading(path, options);
  return {
    hashOf: (sequence) =>
      orStoreError(file, () =>
        database
          .prepare<[number], string>('SELECT lower(hex(hash)) FROM audit_event WHERE seq = ?')
          .pluck()
          .get(sequence),
      ),
    begun: () => orStoreError(file, () => readBegun(database)),
    reach: () =>
      orStoreError(file, () => {
        const row = database
          .prepare<[], { first: number | null; last: number | null }>(
            'SELECT (SELECT min(seq) FROM audit_event) AS first, (SELECT max(seq) FROM audit_event) AS last',
          )
          .get();
        return { first: row?.first ?? 0, last: row?.last ?? 0 };
      }),
    *after(sequence, query) {
      // One transaction, so that whatever is the last that happened to a record stays the last until all are read.
      orStoreError(file, () => database.exec('BEGIN'));
      try {
        const next = batches(database, query, batchEvents);
        let after = sequence;
        for (;;) {
          const batch = orStoreError(file, () => next(after));
          if (batch === undefined) return;
          yield batch;
          after = batch.upTo.sequence;
        }
      } finally {
        if (database.inTransaction) database.exec('ROLLBACK');
      }
    },
    close: () => {
      database.close();
    },
  };
}

function batches(
  database: Database.Database,
  query: AuditQuery,
  batchEvents: number,
): (after: number) => ChangedRecords | undefined {
  const events = database.prepare<[number, number], EventRow>(EVENTS);
  const lastOf = database.prepare<[number], number | null>(LAST_CONFIRMATION).pluck();
  const { condition, bound } = recordCondition(query);
  const read = database.prepare<[Record<string, string | number>], RecordRow>(
    `SELECT r.* FROM audit_action AS a CROSS JOIN audit_record AS r ON r.id = a.id WHERE a.id = @record AND ${condition}`,
  );
  // A whole action may have thousands of calls, each with a confirmation that asks for the last of all of them.
  const lastOfWholes = new Map<number, number | null>();
  const lastOfWhole = (id: number): number | null => {
    const known = lastOfWholes.get(id);
    if (known !== undefined) return known;
    const last = lastOf.get(id) ?? null;
    lastOfWholes.set(id, last);
    return last;
  };

  function changedBy({ kind, action, confirmation, parent }: EventRow): readonly number[] {
    if (action === null) return [];
    if (kind === 'outcome') return (lastOf.get(action) ?? null) === null ? [action] : [];
    const changed = lastOf.get(action) === confirmation ? [action] : [];
    return parent !== null && lastOfWhole(parent) === confirmation ? [...changed, parent] : changed;
  }

  return (after) => {
    const found = events.all(after, batchEvents);
    const last = found.at(-1);
    if (last === undefined) return undefined;
    const records = found
      .flatMap(changedBy)
      .flatMap((record) => read.all({ ...bound, record }))
      .map(toRecord);
    return { upTo: { sequence: last.seq, hash: last.hash }, records };
  };
}
