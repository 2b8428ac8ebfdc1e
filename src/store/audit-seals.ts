import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type PruneSeal, pruneText } from '../domain/audit-chain.js';

/** What the first seal says of the one before. */
const NO_SEAL = '0'.repeat(64);

const COLUMNS = `
  first_event AS "from", last_event AS "to", events, actions, last_action AS lastAction,
  last_administration AS lastAdministration, hash, begun, previous, at, actor, reason, key, signature`;

const INSERT = `
  INSERT INTO audit_seal (
    first_event, last_event, events, actions, last_action, last_administration, hash, begun, previous,
    at, actor, reason, key, signature
  ) VALUES (
    @from, @to, @events, @actions, @lastAction, @lastAdministration, @hash, @begun, @previous,
    @at, @actor, @reason, @key, @signature
  )`;

/** In the order in which they were set. */
export function readSeals(database: Database.Database): readonly PruneSeal[] {
  return database.prepare<[], PruneSeal>(`SELECT ${COLUMNS} FROM audit_seal ORDER BY id`).all();
}

export function readLastSeal(database: Database.Database): PruneSeal | undefined {
  return database.prepare<[], PruneSeal>(`SELECT ${COLUMNS} FROM audit_seal ORDER BY id DESC LIMIT 1`).get();
}

export function insertSeal(database: Database.Database, seal: PruneSeal): void {
  database.prepare<PruneSeal>(INSERT).run(seal);
}

/** What stands for a seal in the record of its prune and in the seal after it. */
export function sealHash(seal: PruneSeal | undefined): string {
  if (seal === undefined) return NO_SEAL;
  return createHash('sha256').update(pruneText(seal)).update(seal.signature).digest('hex');
}

/**
 * Hash of the first event that the log ever had, in lower-case hex, which tells it from every other log; undefined where
 * neither the event nor a seal is there.
 */
export function readBegun(database: Database.Database): string | undefined {
  const begun = database
    .prepare<[], string | null>(
      `SELECT coalesce(
        (SELECT lower(hex(hash)) FROM audit_event WHERE seq = 1),
        (SELECT begun FROM audit_seal ORDER BY id DESC LIMIT 1)
      )`,
    )
    .pluck()
    .get();
  return begun ?? undefined;
}
