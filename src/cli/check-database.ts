import { access, constants, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CallwardenError } from '../domain/errors.js';
import { openAuditReader } from '../store/audit-reader.js';
import { quickCheck } from '../store/quick-check.js';
import { storeError } from '../store/store-error.js';
import type { Finding } from './reachability.js';

/** What a pass of some size writes. */
const TRIED_BYTES = 1024 * 1024;

/**
 * Checks the database without changing or creating it: its version, the soundness of the whole file, that it may be
 * written and that there is room beside it.
 */
export async function checkDatabase(path: string): Promise<Finding> {
  const found = await stat(path).catch(() => undefined);
  const exists = found !== undefined;
  const trouble = found?.isDirectory() === true ? codeError('EISDIR') : await roomTrouble(path, exists);
  if (trouble !== undefined) {
    const { code, message, hint } = storeError(trouble, path);
    return { level: 'fail', text: `${code}: ${message}`, next: hint };
  }
  if (exists && !(await isWritable(path))) {
    return {
      level: 'fail',
      text: `${path} cannot be written to`,
      next: 'Give it to the user that callwarden runs as, or name another file under "database".',
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

/**
 * What stands in the way of writing beside the database, found by writing a file there and removing it: permissions do not
 * tell of a full disk.
 */
async function roomTrouble(path: string, exists: boolean): Promise<unknown> {
  const directory = dirname(exists ? await realpath(path) : path);
  const file = join(directory, `.callwarden-doctor-${process.pid}`);
  try {
    await writeFile(file, Buffer.alloc(TRIED_BYTES, 1), { flag: 'wx', mode: 0o600, flush: true });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

function codeError(code: string): Error {
  return Object.assign(new Error('expected a file'), { code });
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
