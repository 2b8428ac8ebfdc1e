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

export interface GuardFault extends ChainFault {
  /** True where the log cannot even be read as it should be. */
  blind: boolean;
}

/** Indexes only make the log fast, and statistics and the like are nobody's business; what guards it has a text. */
const GUARDS = `
  SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema
  WHERE tbl_name LIKE 'audit\\_%' ESCAPE '\\' AND type IN ('table', 'view', 'trigger') ORDER BY name`;

/**
 * Compares the tables, views and triggers of the log with what these migrations make of an empty database.
 *
 * @param event told as the place of a fault, since nobody can know when it happened: the last event
 */
export function guardFault(
  database: Database.Database,
  migrations: readonly Migration[],
  event: () => number,
): GuardFault | undefined {
  const expected = expectedGuards(migrations);
  const found = guardsOf(database);
  // Tables first: without them there is nothing else to say.
  for (const type of ['table', 'view', 'trigger']) {
    const names = new Set([...expected.keys(), ...found.keys()]);
    for (const name of [...names].sort()) {
      const [want, have] = [expected.get(name), found.get(name)];
      if ((want ?? have)?.type !== type) continue;
      const wrong = difference(want, have);
      if (wrong === undefined) continue;
      const blind = type === 'table' && want !== undefined;
      return {
        event: blind ? 0 : event(),
        kind: undefined,
        row: undefined,
        action: undefined,
        what: 'guard',
        detail: `The ${type} ${name} ${wrong}.`,
        blind,
      };
    }
  }
  return undefined;
}

function difference(want: SchemaObject | undefined, have: SchemaObject | undefined): string | undefined {
  if (want === undefined) return 'is not one of callwarden: it was added';
  if (have === undefined) return 'is gone: it keeps the log append-only and chained';
  if (have.type !== want.type || have.table !== want.table || have.sql !== want.sql) {
    return 'was changed: it keeps the log append-only and chained';
  }
  return undefined;
}

function expectedGuards(migrations: readonly Migration[]): ReadonlyMap<string, SchemaObject> {
  const fresh = new Database(':memory:');
  try {
    registerAuditHash(fresh);
    migrate(fresh, 'in memory', migrations, 0);
    return guardsOf(fresh);
  } finally {
    fresh.close();
  }
}

function guardsOf(database: Database.Database): ReadonlyMap<string, SchemaObject> {
  const objects = database.prepare<[], SchemaObject>(GUARDS).all();
  return new Map(objects.map((object) => [object.name, object]));
}
