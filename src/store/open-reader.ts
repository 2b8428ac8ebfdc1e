import { resolve } from 'node:path';
import type Database from 'better-sqlite3';
import { BUSY_TIMEOUT_MS, openForReading } from './database.js';
import { requireCurrentSchema } from './migrate.js';
import { MIGRATIONS_DIR, readMigrations } from './migration-files.js';
import { orStoreError } from './store-error.js';

export interface ReaderOptions {
  /** Other than the shipped migrations; for tests. */
  migrationsDir?: string;
  /** How long to wait for another process. */
  busyTimeoutMs?: number;
}

/** Opens a database of exactly this program's version so that it cannot be written to. Throws STORE_FAILED. */
export function openCurrentForReading(
  path: string,
  { migrationsDir = MIGRATIONS_DIR, busyTimeoutMs = BUSY_TIMEOUT_MS }: ReaderOptions = {},
): { database: Database.Database; path: string } {
  const file = resolve(path);
  return orStoreError(file, () => {
    const database = openForReading(file, busyTimeoutMs);
    try {
      requireCurrentSchema(database, file, readMigrations(migrationsDir));
      return { database, path: file };
    } catch (error) {
      database.close();
      throw error;
    }
  });
}
