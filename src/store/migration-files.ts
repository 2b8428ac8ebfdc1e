import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CallwardenError } from '../domain/errors.js';

/** One file of migrations/. */
export interface Migration {
  version: number;
  name: string;
  sql: string;
  /** Over the text with plain line feeds, so that a checkout with other line ends is the same migration. */
  sha256: string;
}

/** The shipped migrations: beside src/ and beside dist/ alike, also in an installed package. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../migrations', import.meta.url));

const FILE_NAME = /^(\d{4})_([a-z0-9-]+)\.sql$/;

/** The migrations of a directory in order: 0001, 0002 … without a gap. Throws STORE_FAILED for anything else. */
export function readMigrations(dir: string): readonly Migration[] {
  const files = listSqlFiles(dir);
  return files.map((file, index) => {
    const match = FILE_NAME.exec(file);
    const [, digits, name] = match ?? [];
    if (digits === undefined || name === undefined) {
      throw broken(dir, `${file} is not named like 0001_what-it-does.sql`);
    }
    const version = Number(digits);
    if (version < index + 1) throw broken(dir, `there are two migrations with the number ${digits}`);
    if (version > index + 1) {
      throw broken(dir, `migration ${String(index + 1).padStart(4, '0')} is missing before ${file}`);
    }
    const sql = readFileSync(join(dir, file), 'utf8')
      .replace(/^\uFEFF/, '')
      .replaceAll('\r\n', '\n');
    return { version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

function listSqlFiles(dir: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(dir);
  } catch (cause) {
    throw broken(dir, 'the directory cannot be read', cause);
  }
  const files = entries.filter((entry) => entry.endsWith('.sql')).sort();
  if (files.length === 0) throw broken(dir, 'there are no migrations');
  return files;
}

function broken(dir: string, what: string, cause?: unknown): CallwardenError {
  return new CallwardenError('STORE_FAILED', `The migrations in ${dir} cannot be used: ${what}.`, {
    hint: 'Install callwarden anew; its package brings the migrations along.',
    cause,
  });
}
