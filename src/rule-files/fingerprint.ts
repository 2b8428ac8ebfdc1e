import { stat } from 'node:fs/promises';
import { CallwardenError } from '../domain/errors.js';
import { codeOf, findRuleFiles } from './find-rule-files.js';

/**
 * What tells one state of a rules directory from another without reading a file: path, device, inode, size and times of
 * every file that counts, seen through symbolic links. The change time is in it because it also moves when a file becomes
 * readable, or is replaced by one with an older modification time. Never rejects: a directory or a file that cannot be
 * looked at is a state of its own.
 */
export async function fingerprintRules(dir: string): Promise<string> {
  try {
    const files = await findRuleFiles(dir);
    const states = await Promise.all(files.map(({ file }) => fileState(file)));
    return JSON.stringify(states);
  } catch (error) {
    if (error instanceof CallwardenError) return `unreadable: ${error.message}`;
    throw error;
  }
}

async function fileState(file: string): Promise<readonly string[]> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [file, ...[dev, ino, size, mtimeNs, ctimeNs].map(String)];
  } catch (cause) {
    return [file, codeOf(cause)];
  }
}
