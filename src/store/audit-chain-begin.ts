import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type EventRow, eventHash, eventsSql, readHead } from './audit-chain-hash.js';

/** Of the encoding that migration 0005 describes. */
const CHAIN_VERSION = 1;

const ROWS_PER_PAGE = 5_000;

/**
 * The order in which rows from before the chain become events: by time, but an action never behind its outcome, that never
 * behind a confirmation, and actions by id as later ones are, whatever the clock did meanwhile.
 */
const OLDER_ROWS = `
  WITH action AS MATERIALIZED (SELECT id, max(at) OVER (ORDER BY id) AS at FROM audit_action),
  outcome AS MATERIALIZED (
    SELECT o.action_id AS id, max(o.at, coalesce(a.at, o.at)) AS at
    FROM audit_outcome AS o LEFT JOIN action AS a ON a.id = o.action_id
  ),
  older AS (
    SELECT 'action' AS kind, id AS ref, at, 1 AS rank FROM action
    UNION ALL SELECT 'outcome', id, at, 2 FROM outcome
    UNION ALL SELECT 'confirmation', c.id, max(c.at, coalesce(o.at, c.at)), 3
    FROM audit_confirmation AS c LEFT JOIN outcome AS o ON o.id = c.action_id
  )
  INSERT INTO temp.older_row (kind, ref) SELECT kind, ref FROM older ORDER BY at, rank, ref`;

/**
 * Begins the chain of a database to which migration 0005 has just been applied, in the migration's transaction: with a record
 * that says so, then an event for each row that was there already. No two logs begin alike, even at one instant.
 *
 * @param now milliseconds since the epoch
 */
export function beginAuditChain(database: Database.Database, now: number): void {
  database.exec(
    'CREATE TEMP TABLE older_row (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, ref INTEGER NOT NULL)',
  );
  // Its numbers go on behind the record of the beginning.
  database.exec("INSERT INTO temp.older_row VALUES (1, '', 0)");
  database.exec(OLDER_ROWS);
  database.exec('DELETE FROM temp.older_row WHERE seq = 1');
  const adopted = database.prepare<[], number>('SELECT count(*) FROM temp.older_row').pluck().get();
  database
    .prepare(
      "INSERT INTO audit_administration (at, actor, kind, detail) VALUES (?, 'callwarden', 'begun', ?)",
    )
    .run(now, JSON.stringify({ version: CHAIN_VERSION, adopted, log: randomUUID() }));
  adoptOlderRows(database);
  database.exec('DROP TABLE temp.older_row');
}

function adoptOlderRows(database: Database.Database): void {
  const page = database.prepare<{ after: number; limit: number }, EventRow>(
    eventsSql(database, 'temp.older_row'),
  );
  const event = database.prepare<[number, string, number, Buffer]>(
    'INSERT INTO audit_event VALUES (?, ?, ?, ?)',
  );
  let { seq: after, hash } = readHead(database);
  for (;;) {
    const rows = page.all({ after, limit: ROWS_PER_PAGE });
    for (const { seq, kind, ref, message } of rows) {
      if (message === null) throw new Error(`row ${ref} of ${kind} is gone`);
      hash = eventHash(hash, message);
      event.run(seq, kind, ref, hash);
      after = seq;
    }
    if (rows.length < ROWS_PER_PAGE) return;
  }
}
