import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CallwardenError } from '../domain/errors.js';
import { openAuditReader } from '../store/audit-reader.js';
import { quickCheck } from '../store/quick-check.js';
import type { Finding } from './reachability.js';

/**
 * Checks the database without changing or creating it: its version, the soundness of the
 * whole file, and that it could be written.
 */
export async function checkDatabase(path: string): Promise<Finding> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  const unwritable =
    (await isWritable(dirname(path))) && (!exists || (await isWritable(path))) ? undefined : path;
  if (unwritable !== undefined) {
    return {
      level: 'fail',
      text: `${path} or its directory cannot be written to`,
      next: 'Give both to the user that callwarden runs as, or name another file under "database".',
    };
  }
  if (!exists) return { level: 'ok', text: `${path} is not there yet; the first pass creates it` };
  try {
    quickCheck(path);
    const reader = openAuditReader(path);
    try {
      const [last] = [...reader.query({ limit: 1 })];
      return { level: 'ok', text: `${path}, last record ${last === undefined ? 'none yet' : last.at}` };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    return { level: 'fail', text: `${error.code}: ${error.message}`, next: error.hint };
  }
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
