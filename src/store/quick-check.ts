import { CallwardenError } from '../domain/errors.js';
import { openCurrentForReading } from './open-reader.js';
import { orStoreError } from './store-error.js';

/**
 * Lets SQLite look through the whole file for damage (https://www.sqlite.org/pragma.html#pragma_quick_check); takes
 * seconds per gigabyte. Throws STORE_FAILED with the first thing found.
 */
export function quickCheck(path: string): void {
  const { database, path: file } = openCurrentForReading(path);
  try {
    const found = orStoreError(file, () => database.pragma('quick_check(1)', { simple: true }));
    if (found === 'ok') return;
    throw new CallwardenError('STORE_FAILED', `The database ${file} is damaged: ${String(found)}.`, {
      hint: 'Stop callwarden and restore the database from a backup.',
    });
  } finally {
    database.close();
  }
}
