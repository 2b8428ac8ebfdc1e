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
  /** False where a table of the log is not as it should be, so that it cannot even be read. */
  readable: boolean;
  notes: readonly string[];
}

/**
 * But for what SQLite makes itself: numbers given, statistics, and the indexes of keys that a table declares. Whoever writes to
 * the schema can give a trigger a name that begins with sqlite_, too.
 */
const SCHEMA = `
  SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema
  WHERE NOT (type = 'table' AND name IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4'))
    AND NOT (type = 'index' AND sql IS NULL) ORDER BY name`;

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
  const keys = [...new Set([...expected.keys(), ...found.keys()])].sort();
  const isNoted = (key: string) => !expected.has(key) && isPlainIndex(database, found.get(key));
  const notes = keys
    .filter(isNoted)
    .map((key) => `The ${key} on ${found.get(key)?.table} is not one of callwarden: it was added.`);
  for (const type of TYPES) {
    for (const key of keys) {
      const [want, have] = [expected.get(key), found.get(key)];
      const wrong = (want ?? have)?.type === type ? difference(want, have) : undefined;
      if (wrong === undefined || isNoted(key)) continue;
      const readable = type !== 'table' || want === undefined || !isOfLog(want);
      return { fault: guardFault(readable ? event() : 0, `The ${key} ${wrong}.`), readable, notes };
    }
  }
  return { fault: undefined, readable: true, notes };
}

export function guardFault(event: number, detail: string, row?: number): ChainFault {
  return { event, kind: row === undefined ? undefined : 'action', row, action: row, what: 'guard', detail };
}

function difference(want: SchemaObject | undefined, have: SchemaObject | undefined): string | undefined {
  if (want === undefined) {
    const place = have === undefined || have.table === have.name ? '' : ` to ${have.table}`;
    return `is not one of callwarden: it was added${place}`;
  }
  const job = isOfLog(want) ? ': it keeps the log append-only and chained' : '';
  if (have === undefined) return `is gone${job}`;
  return have.table === want.table && have.sql === want.sql ? undefined : `was changed${job}`;
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

/** By type and name. */
function schemaOf(database: Database.Database): ReadonlyMap<string, SchemaObject> {
  const objects = database.prepare<[], SchemaObject>(SCHEMA).all();
  // A trigger may bear the name of a table; of one type SQLite itself refuses to read a schema that has a name twice.
  return new Map(objects.map((object) => [`${object.type} ${object.name}`, object]));
}
