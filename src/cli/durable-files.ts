import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a file with all of its text, on disk when this returns; false, and nothing changed, where there is one already.
 * Nobody ever sees half of it. Throws Node's own errors.
 */
export function createWhole(path: string, text: string | Buffer, mode: number): boolean {
  const written = writeBeside(path, text, mode);
  try {
    linkSync(written, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(written, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

/** Puts a text in the place of a file, on disk when this returns: there is the old text or the new one, never a mixture. */
export function replaceWhole(path: string, text: string, mode: number): void {
  const written = writeBeside(path, text, mode);
  try {
    renameSync(written, path);
  } catch (error) {
    rmSync(written, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes a new name of a file outlive a power failure; some systems have no such thing, and lose nothing by it. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeBeside(path: string, text: string | Buffer, mode: number): string {
  const beside = `${path}.${process.pid}.tmp`;
  rmSync(beside, { force: true });
  try {
    writeFileSync(beside, text, { flag: 'wx', mode, flush: true });
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  return beside;
}
