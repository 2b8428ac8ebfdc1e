import type Database from 'better-sqlite3';
import type { AuditVerifier, ChainFault, PruneSeal, Verification } from '../domain/audit-chain.js';
import { chainHead } from './audit-chain-hash.js';
import { readSeals } from './audit-seals.js';
import { compareCheckpoints } from './audit-verify-checkpoints.js';
import { compareGuards, guardFault } from './audit-verify-guard.js';
import { rowWithoutEvent } from './audit-verify-rows.js';
import { sealFault, sealRecordFault } from './audit-verify-seals.js';
import { type ChainStart, chainStart, walkChain } from './audit-verify-walk.js';
import { damageFault, workingFault } from './audit-verify-working.js';
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
  { checkpoints, genuine, authorised, onProgress }: Parameters<AuditVerifier['verify']>[0],
): Verification {
  const guards = compareGuards(database, migrations, () => chainHead(database).sequence);
  const { notes } = guards;
  if (!guards.readable) return { ...NOTHING_READ, notes, fault: guards.fault };
  const head = chainHead(database);
  const damaged = damagedSeals(database, head.sequence);
  if (damaged !== undefined) return { ...NOTHING_READ, notes, fault: damaged };
  const { events, first } = extentOf(database);
  const prunes = readSeals(database);
  const seal = sealFault(prunes, authorised);
  const start = chainStart(prunes.at(-1), seal === undefined, first);
  const last = Math.max(head.sequence, start.after);
  const walked = walkChain(database, start, (done) => onProgress?.(done, events));
  const compared = compareCheckpoints(database, checkpoints, genuine, { seals: prunes, last });
  const faults = [walked.fault, cutFault(database, last), ...compared.faults, seal];
  // What follows may be told of a log that is whole otherwise only: it looks the same where the record of a prune was cut off,
  // or the event of a row was removed.
  const whole = faults.every((fault) => fault === undefined || fault.what === 'forged');
  if (whole) {
    faults.push(
      startFault(start, prunes) ??
        sealRecordFault(database, prunes) ??
        rowWithoutEvent(database, walked.seen),
    );
  }
  onProgress?.(events, events);
  const { matched, pruned } = compared;
  return {
    events,
    first,
    head,
    checkpoints: { matched, pruned },
    prunes,
    notes,
    fault:
      firstOf(faults) ??
      guards.fault ??
      workingFault(database, head.sequence) ??
      damageFault(database, head.sequence),
  };
}

const NOTHING_READ: Omit<Verification, 'notes' | 'fault'> = {
  events: 0,
  first: 0,
  head: { sequence: 0, hash: '' },
  checkpoints: { matched: 0, pruned: 0 },
  prunes: [],
};

/** What is not of the type of its column can be neither checked nor compared. */
function damagedSeals(database: Database.Database, event: number): ChainFault | undefined {
  const found = database.pragma('integrity_check(audit_seal)', { simple: true });
  return found === 'ok'
    ? undefined
    : guardFault(event, `The seals of prunes are not as callwarden writes them: ${String(found)}.`);
}

function extentOf(database: Database.Database): { events: number; first: number } {
  const extent = database
    .prepare<[], { events: number; first: number | null }>(
      'SELECT count(*) AS events, min(seq) AS first FROM audit_event NOT INDEXED',
    )
    .get();
  return { events: extent?.events ?? 0, first: extent?.first ?? 0 };
}

/** Nothing says why the log begins later. */
function startFault({ hash, after }: ChainStart, prunes: readonly PruneSeal[]): ChainFault | undefined {
  if (hash !== undefined || prunes.length > 0) return undefined;
  const detail = `Events 1 to ${after} are gone, and no seal says that they were pruned.`;
  return { event: 1, kind: undefined, row: undefined, action: undefined, what: 'removed', detail };
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
