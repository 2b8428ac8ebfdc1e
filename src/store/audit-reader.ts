import type { AuditRecord } from '../domain/action.js';
import type { AuditReader } from '../domain/ports.js';
import { searchIds } from './audit-search.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { storeError } from './store-error.js';

/** A row of the view audit_record: the record but for what SQLite has no type for. */
export type RecordRow = Omit<AuditRecord, 'confirmed' | 'evidence'> & {
  confirmed: number | null;
  evidence: string;
};

/**
 * Opens the audit log of a database of exactly this version, read-only; works while `callwarden run` is writing.
 * Throws STORE_FAILED where there is no database or its version is another. `query` throws STORE_FAILED while it is
 * iterated.
 *
 * `account` and the like match the record's own fields. `call` matches ID or CALL_ID. `cli` and `cld` match the number
 * as listed whether or not separators and a leading `+` or `00` are written the same. Records come in the order of
 * their time, then id, so the last one need not have the greatest id: who follows the log goes on after the greatest.
 */
export function openAuditReader(path: string, options: ReaderOptions = {}): AuditReader {
  const { database, path: file } = openCurrentForReading(path, options);
  return {
    *query(query) {
      try {
        const record = database.prepare<[number], RecordRow>('SELECT * FROM audit_record WHERE id = ?');
        for (const id of searchIds(database, query)) {
          const row = record.get(id);
          if (row !== undefined) yield toRecord(row);
        }
      } catch (error) {
        throw storeError(error, file);
      }
    },
    close: () => {
      database.close();
    },
  };
}

export function toRecord(row: RecordRow): AuditRecord {
  return {
    ...row,
    confirmed: row.confirmed === null ? null : row.confirmed === 1,
    evidence: JSON.parse(row.evidence) as unknown,
  };
}
