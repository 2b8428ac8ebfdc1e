import Database from 'better-sqlite3';
import type { ChainFault } from '../domain/audit-chain.js';
import { registerAuditHash } from './audit-chain-hash.js';
import { migrate } from './migrate.js';
import type { Migration } from './migration-files.js';

interface SchemaObject {
  type: string;
  name: string;
  table: string;
  sql: string | null;
}

export interface GuardFindings {
  fault: ChainFault | undefined;
  /** False where a table is not as it should be, so that the log cannot even be read. */
  readable: boolean;
  notes: readonly string[];
}

/** Statistics and the like (sqlite_…) are made by SQLite itself from what is compared. */
const SCHEMA = `
  SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`;

/** Tables first: without them there is nothing else to say. */
const TYPES = ['table', 'view', 'trigger', 'index'] as const;

/**
 * Compares the whole schema with what these migrations make of an empty database: a trigger on any table can write to the log,
 * or to what is read from it, and a view or an index can leave records out. Only an index that somebody added to make his own
 * reports fast, and that refuses no row, is no fault.
 *
 * @param event told as the place of a fault, since nobody can know when it happened: the last event
 */
export function compareGuards(
  database: Database.Database,
  migrations: readonly Migration[],
  event: () => number,
): GuardFindings {
  const expected = expectedSchema(migrations);
  const found = schemaOf(database);
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort();
  const isNoted = (name: string) => !expected.has(name) && isPlainIndex(database, found.get(name));
  const notes = names
    .filter(isNoted)
    .map((name) => `The index ${name} on ${found.get(name)?.table} is not one of callwarden: it was added.`);
  for (const type of TYPES) {
    for (const name of names) {
      const [want, have] = [expected.get(name), found.get(name)];
      const wrong = (want ?? have)?.type === type ? difference(want, have) : undefined;
      if (wrong === undefined || isNoted(name)) continue;
      const readable = type !== 'table' || want === undefined;
      const detail = `The ${type} ${name} ${wrong}.`;
      return { fault: guardFault(readable ? event() : 0, detail), readable, notes };
    }
  }
  return { fault: undefined, readable: true, notes };
}

export function guardFault(event: number, detail: string, row?: number): ChainFault {
  return { event, kind: row === undefined ? undefined : 'action', row, action: row, what: 'guard', detail };
}

function difference(want: SchemaObject | undefined, have: SchemaObject | undefined): string | undefined {
  if (want === undefined)
    return `is not one of callwarden: it was added${have === undefined || have.table === have.name ? '' : ` to ${have.table}`}`;
  const job = isOfLog(want) ? ': it keeps the log append-only and chained' : '';
  if (have === undefined) return `is gone${job}`;
  if (have.type !== want.type || have.table !== want.table || have.sql !== want.sql)
    return `was changed${job}`;
  return undefined;
}

function isOfLog({ type, table }: SchemaObject): boolean {
  return type !== 'index' && table.startsWith('audit_');
}

/** Not a unique one: that keeps rows out. */
function isPlainIndex(database: Database.Database, object: SchemaObject | undefined): boolean {
  if (object?.type !== 'index') return false;
  return (
    database
      .prepare<[string, string], number>('SELECT "unique" FROM pragma_index_list(?) WHERE name = ?')
      .pluck()
      .get(object.table, object.name) === 0
  );
}

function expectedSchema(migrations: readonly Migration[]): ReadonlyMap<string, SchemaObject> {
  const fresh = new Database(':memory:');
  try {
    registerAuditHash(fresh);
    migrate(fresh, 'in memory', migrations, 0);
    return schemaOf(fresh);
  } finally {
    fresh.close();
  }
}

function schemaOf(database: Database.Database): ReadonlyMap<string, SchemaObject> {
  const objects = database.prepare<[], SchemaObject>(SCHEMA).all();
  return new Map(objects.map((object) => [object.name, object]));
}
