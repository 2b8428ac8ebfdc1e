import { resolve } from 'node:path';
import type { AuditChain } from '../domain/audit-chain.js';
import type { Ledger } from '../domain/ledger.js';
import type { Pauses } from '../domain/pause.js';
import type { AuditLog, Clock, PassLock, PassLog } from '../domain/ports.js';
import type { RulesInForce } from '../domain/rules-in-force.js';
import type { RunningServices } from '../domain/running-service.js';
import { createAuditChain } from './audit-chain.js';
import { registerAuditHash } from './audit-chain-hash.js';
import { createAuditLog } from './audit-log.js';
import { BUSY_TIMEOUT_MS, createPrivately, openForWriting } from './database.js';
import { type FilesInPlace, onFilesInPlace, openInPlace } from './files-in-place.js';
import { createLedger } from './ledger.js';
import { migrate } from './migrate.js';
import { MIGRATIONS_DIR, readMigrations } from './migration-files.js';
import { openCurrentForReading } from './open-reader.js';
import { createPassLock } from './pass-lock.js';
import { createPassLog } from './pass-log.js';
import { createPauses } from './pauses.js';
import { createRulesInForce } from './rules-in-force.js';
import { createRunningServices } from './running-services.js';
import { orStoreError } from './store-error.js';

/**
 * The database of one callwarden: what it did and saw, what its passes came to, which rules are in force, with which config
 * services run, whether acting is paused, and who may act. Its methods reject with STORE_FAILED once the file, its -wal or its
 * -shm was removed or replaced; an intent then rejects whether or not it was committed before, so that nothing is sent.
 */
export interface Store {
  audit: AuditLog;
  chain: AuditChain;
  ledger: Ledger;
  passes: PassLog;
  rulesInForce: RulesInForce;
  services: RunningServices;
  pauses: Pauses;
  lock: PassLock;
  /** May be called twice. Held pass locks are not released by it. */
  close(): void;
}

export interface StoreOptions {
  /** Other than the shipped migrations; for tests. */
  migrationsDir?: string;
  /** Neither creates nor migrates; every method that would write rejects with STORE_FAILED. */
  readonly?: boolean;
  /** How long a statement waits for another process before it is STORE_FAILED. */
  busyTimeoutMs?: number;
  /** For the time noted with an applied migration. */
  clock?: Clock;
}

/**
 * Opens the database at `path`, creates it where there is none (mode 0600) and applies what migrations are missing.
 * Throws STORE_FAILED: locked, damaged, read-only, of another program, of a newer version, directory missing.
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  // Resolved, so that neither `:memory:` nor a `file:` URI means anything but a file of that name.
  const file = resolve(path);
  const { database, files } = orStoreError(file, () => openDatabase(file, options));
  const clock = options.clock ?? Date.now;
  return orStoreError(file, () => ({
    audit: auditInPlace(createAuditLog(database, file), files),
    chain: onFilesInPlace(createAuditChain(database, file, clock), files),
    ledger: onFilesInPlace(createLedger(database, file), files),
    passes: onFilesInPlace(createPassLog(database, file), files),
    rulesInForce: onFilesInPlace(createRulesInForce(database, file), files),
    services: onFilesInPlace(createRunningServices(database, file), files),
    pauses: onFilesInPlace(createPauses(database, file, clock), files),
    lock: lockInPlace(createPassLock(file), files),
    close: () => {
      database.close();
    },
  }));
}

/** The outcome of a request that was sent is written in any case: a file that was moved away, not removed, shall have it. */
function auditInPlace(audit: AuditLog, files: FilesInPlace): AuditLog {
  return {
    ...onFilesInPlace(audit, files),
    async closeIntent(...given) {
      await audit.closeIntent(...given);
      files.require();
    },
  };
}

/** Whoever gets the lock has to release it, so nothing may be in the way afterwards. */
function lockInPlace(lock: PassLock, files: FilesInPlace): PassLock {
  return {
    async acquire(switchName) {
      files.require();
      return lock.acquire(switchName);
    },
  };
}

function openDatabase(file: string, options: StoreOptions) {
  const { migrationsDir = MIGRATIONS_DIR, busyTimeoutMs = BUSY_TIMEOUT_MS, clock = Date.now } = options;
  if (options.readonly === true) {
    return openInPlace(file, () => {
      const { database } = openCurrentForReading(file, { migrationsDir, busyTimeoutMs });
      // Statements that could not run here are prepared all the same, with the triggers that they would fire.
      registerAuditHash(database);
      return database;
    });
  }
  const migrations = readMigrations(migrationsDir);
  createPrivately(file);
  return openInPlace(file, () => {
    const database = openForWriting(file, busyTimeoutMs);
    try {
      migrate(database, file, migrations, clock());
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}
