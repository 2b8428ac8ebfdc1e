import type Database from 'better-sqlite3';
import { type ChainFault, EVENT_KINDS, type EventKind } from '../domain/audit-chain.js';
import { EVENT_ROWS } from './audit-chain-hash.js';
import type { RefSet } from './audit-verify-refs.js';
import { actionOf } from './audit-verify-walk.js';

/**
 * The first row that stands in the log without an event, by the event that it stands behind: an outcome or confirmation
 * behind its action, others behind the row before them. Only for a chain that is whole: a removed event leaves such a row too.
 */
export function rowWithoutEvent(
  database: Database.Database,
  seen: Readonly<Record<EventKind, RefSet>>,
): ChainFault | undefined {
  const faults = EVENT_KINDS.flatMap((kind) => {
    const { table } = EVENT_ROWS[kind];
    const rows = database.prepare<[], number>(`SELECT count(*) FROM ${table} NOT INDEXED`).pluck().get() ?? 0;
    // An index may leave rows out. Every event has a row of its own, so as many of both leave none over.
    if (rows === seen[kind].size) return [];
    const row = firstUnseen(database, kind, seen[kind]);
    return row === undefined ? [] : [inserted(database, kind, row)];
  });
  return faults.sort((one, other) => one.event - other.event)[0];
}

/** In the order of actions where the rows belong to one. */
function firstUnseen(database: Database.Database, kind: EventKind, seen: RefSet): number | undefined {
  const { table, key } = EVENT_ROWS[kind];
  const order = kind === 'confirmation' ? 'action_id, id' : key;
  const ids = database
    .prepare<[], number>(`SELECT ${key} FROM ${table} NOT INDEXED ORDER BY ${order}`)
    .pluck();
  for (const id of ids.iterate()) if (!seen.has(id)) return id;
  return undefined;
}

function inserted(database: Database.Database, kind: EventKind, row: number): ChainFault {
  const { table } = EVENT_ROWS[kind];
  const action = actionOf(database, kind, row);
  const [neighbour, at] =
    kind === 'administration' ? [kind, row - 1] : ['action', kind === 'action' ? row - 1 : action];
  const event = database
    .prepare<[string, number], number>('SELECT max(seq) FROM audit_event WHERE kind = ? AND ref <= ?')
    .pluck()
    .get(neighbour, at ?? 0);
  return {
    event: event ?? 0,
    kind,
    row,
    action,
    what: 'inserted',
    detail: `Row ${row} of ${table} has no event: it was put in past callwarden, behind event ${event ?? 0} or later.`,
  };
}
