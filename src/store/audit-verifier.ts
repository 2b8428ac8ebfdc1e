import type Database from 'better-sqlite3';
import type { AuditVerifier, ChainFault, Verification } from '../domain/audit-chain.js';
import { chainHead } from './audit-chain-hash.js';
import { type PruneRecord, readLastPrune } from './audit-chain-pruned.js';
import { compareCheckpoints, isSealed } from './audit-verify-checkpoints.js';
import { guardFault } from './audit-verify-guard.js';
import { rowWithoutEvent } from './audit-verify-rows.js';
import { type ChainStart, chainStart, walkChain } from './audit-verify-walk.js';
import { MIGRATIONS_DIR, type Migration, readMigrations } from './migration-files.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { orStoreError } from './store-error.js';

/**
 * Opens the chain of a database of exactly this version, read-only; works while `callwarden run` is writing. Throws
 * STORE_FAILED where there is no database or its version is another.
 */
export function openAuditVerifier(path: string, options: ReaderOptions = {}): AuditVerifier {
  const { database, path: file } = openCurrentForReading(path, options);
  return {
    head: () => orStoreError(file, () => chainHead(database)),
    verify: (given) =>
      orStoreError(file, () => {
        const migrations = readMigrations(options.migrationsDir ?? MIGRATIONS_DIR);
        // One transaction, so that what is written meanwhile is not half seen.
        return database.transaction(() => verify(database, migrations, given))();
      }),
    close: () => {
      database.close();
    },
  };
}

function verify(
  database: Database.Database,
  migrations: readonly Migration[],
  { checkpoints, genuine, onProgress }: Parameters<AuditVerifier['verify']>[0],
): Verification {
  const guard = guardFault(database, migrations, () => chainHead(database).sequence);
  if (guard?.blind === true) {
    const head = { sequence: 0, hash: '' };
    return { events: 0, first: 0, head, checkpoints: { matched: 0, pruned: 0 }, fault: withoutBlind(guard) };
  }
  const head = chainHead(database);
  const { events, first } = extentOf(database);
  const prune = readLastPrune(database);
  const sealed = prune !== undefined && isSealed(prune, genuine);
  const start = chainStart(prune, sealed, first);
  const last = Math.max(head.sequence, start.after);
  const walked = walkChain(database, start, (done) => onProgress?.(done, events));
  const compared = compareCheckpoints(database, checkpoints, genuine, { start, last });
  const seal = prune === undefined || sealed ? undefined : sealFault(prune);
  const faults = [walked.fault, cutFault(database, last), ...compared.faults, seal];
  // What follows may be told of a log that is whole otherwise only: it looks the same where the record of a prune was cut off,
  // or the event of a row was removed.
  const whole = faults.every((fault) => fault === undefined || fault.what === 'forged');
  if (whole) faults.push(startFault(start, prune) ?? rowWithoutEvent(database, walked.seen));
  onProgress?.(events, events);
  const { matched, pruned } = compared;
  return {
    events,
    first,
    head,
    checkpoints: { matched, pruned },
    fault: firstOf(faults) ?? (guard && withoutBlind(guard)),
  };
}

function withoutBlind({ blind: _, ...fault }: ChainFault & { blind: boolean }): ChainFault {
  return fault;
}

function extentOf(database: Database.Database): { events: number; first: number } {
  const extent = database
    .prepare<[], { events: number; first: number | null }>(
      'SELECT count(*) AS events, min(seq) AS first FROM audit_event',
    )
    .get();
  return { events: extent?.events ?? 0, first: extent?.first ?? 0 };
}

/** Nothing says why the log begins later. */
function startFault({ hash, after }: ChainStart, prune: PruneRecord | undefined): ChainFault | undefined {
  if (hash !== undefined || prune !== undefined) return undefined;
  const detail = `Events 1 to ${after} are gone, and no record of the log says that they were pruned.`;
  return { event: 1, kind: undefined, row: undefined, action: undefined, what: 'removed', detail };
}

function sealFault({ id, event }: PruneRecord): ChainFault {
  return {
    event: event ?? 0,
    kind: 'administration',
    row: id,
    action: undefined,
    what: 'forged',
    detail: `The record of the last prune (row ${id} of audit_administration) bears no checkpoint with a good signature.`,
  };
}

/** SQLite itself remembers the last number that it gave, unless somebody thought of that too. */
function cutFault(database: Database.Database, last: number): ChainFault | undefined {
  const given = database
    .prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'audit_event'")
    .pluck()
    .get();
  // Every log has the event of its beginning at least.
  if (last >= Math.max(given ?? 0, 1)) return undefined;
  return {
    event: last + 1,
    kind: undefined,
    row: undefined,
    action: undefined,
    what: 'cut',
    detail: `The log ends at event ${last}, but event ${given ?? 1} was written: its end was cut off.`,
  };
}

/** The first of those that name the same event. */
function firstOf(faults: readonly (ChainFault | undefined)[]): ChainFault | undefined {
  return faults
    .filter((fault) => fault !== undefined)
    .reduce<ChainFault | undefined>(
      (best, fault) => (best === undefined || fault.event < best.event ? fault : best),
      undefined,
    );
}
