import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type ChainHead, EVENT_KINDS, type EventKind } from '../domain/audit-chain.js';

/** What stands for the event before the first. */
export const NO_HASH: Buffer = Buffer.alloc(32);

/** The table of each kind, and the column that an event's `ref` names. */
export const EVENT_ROWS: Readonly<Record<EventKind, { table: string; key: string }>> = {
  action: { table: 'audit_action', key: 'id' },
  outcome: { table: 'audit_outcome', key: 'action_id' },
  confirmation: { table: 'audit_confirmation', key: 'id' },
  administration: { table: 'audit_administration', key: 'id' },
};

/** An event as eventsSql reads it. */
export interface EventRow {
  seq: number;
  kind: string;
  ref: number;
  /** What is hashed behind the hash before it; null where the row is gone. */
  message: Buffer | null;
}

/**
 * Lets the triggers of migration 0005, which describes the encoding, add events on this connection: audit_hash(hash of the
 * event before, message).
 */
export function registerAuditHash(database: Database.Database): void {
  const options = { deterministic: true, directOnly: false };
  database.function('audit_hash', options, (before: unknown, message: unknown) => {
    if (Buffer.isBuffer(before) && Buffer.isBuffer(message)) return eventHash(before, message);
    throw new TypeError('audit_hash takes two blobs');
  });
}

export function eventHash(before: Buffer, message: Buffer): Buffer {
  return createHash('sha256').update(before).update(message).digest();
}

/** The last event that is there. */
export function readHead(database: Database.Database): { seq: number; hash: Buffer } {
  const head = database
    .prepare<[], { seq: number; hash: Buffer }>('SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1')
    .get();
  return head ?? { seq: 0, hash: NO_HASH };
}

export function chainHead(database: Database.Database): ChainHead {
  const head = database
    .prepare<[], ChainHead>(
      'SELECT seq AS sequence, lower(hex(hash)) AS hash FROM audit_event ORDER BY seq DESC LIMIT 1',
    )
    .get();
  return head ?? { sequence: 0, hash: NO_HASH.toString('hex') };
}

/**
 * Reads events in order, each with the message that its row of now would be hashed as. SQLite puts it together from the bytes
 * that it stores, so that no conversion on the way can hide a change. Binds `after` and `limit`, -1 for all.
 *
 * @param source a table with seq, kind and ref
 * @param columns more of its columns to read, as `e.…`
 */
export function eventsSql(database: Database.Database, source: string, columns = ''): string {
  const rows = EVENT_KINDS.map((kind) => {
    const { table, key } = EVENT_ROWS[kind];
    const message = [
      fieldSql('e.seq'),
      literalField(kind),
      ...storedColumns(database, table).map(
        (column) => `coalesce(${literalField(column)} || ${fieldSql(`r.${column}`)}, '')`,
      ),
    ];
    return `WHEN '${kind}' THEN (SELECT CAST(${message.join(' || ')} AS BLOB) FROM ${table} AS r WHERE r.${key} = e.ref)`;
  });
  return `SELECT e.seq, e.kind, e.ref, ${columns} CASE e.kind ${rows.join(' ')} END AS message
    FROM ${source} AS e WHERE e.seq > @after ORDER BY e.seq LIMIT @limit`;
}

/** In the order of the table, without generated ones. */
export function storedColumns(database: Database.Database, table: string): readonly string[] {
  return database.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
}

/** NULL for NULL, since that is what || makes of it. */
function fieldSql(value: string): string {
  return `substr(typeof(${value}), 1, 1) || octet_length(${value}) || ':' || ${value}`;
}

function literalField(text: string): string {
  return `'t${Buffer.byteLength(text)}:${text}'`;
}
