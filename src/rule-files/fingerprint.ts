import { stat } from 'node:fs/promises';
import { CallwardenError } from '../domain/errors.js';
import { codeOf, findRuleFiles } from './find-rule-files.js';

const UNREADABLE = 'unreadable: ';

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
    if (error instanceof CallwardenError) return `${UNREADABLE}${error.message}`;
    throw error;
  }
}

/** The files that are otherwise in the second of two fingerprints than in the first; the directory itself where it cannot be looked at. */
export function changedFiles(dir: string, before: string, after: string): readonly string[] {
  const [old, fresh] = [statesOf(before), statesOf(after)];
  if (old === undefined || fresh === undefined) return before === after ? [] : [dir];
  return [...new Set([...old.keys(), ...fresh.keys()])].filter((file) => old.get(file) !== fresh.get(file));
}

function statesOf(fingerprint: string): ReadonlyMap<string, string> | undefined {
  if (fingerprint.startsWith(UNREADABLE)) return undefined;
  const states = JSON.parse(fingerprint) as readonly (readonly [string, ...string[]])[];
  return new Map(states.map(([file, ...state]) => [file, state.join(' ')]));
}

async function fileState(file: string): Promise<readonly string[]> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [file, ...[dev, ino, size, mtimeNs, ctimeNs].map(String)];
  } catch (cause) {
    return [file, codeOf(cause)];
  }
}
