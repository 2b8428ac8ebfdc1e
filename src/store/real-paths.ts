import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

/**
 * A path without symbolic links. Of what is not there, or cannot be looked at, as much of it as can be: a directory on a network
 * drive that is away is to be known again when it is back.
 */
export function realPathOf(named: string): string {
  const path = resolve(named);
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

/** A file by the real name of the directory that it stands in; where it is a link itself, that is no part of it. */
export function realPlace(file: string): string {
  const path = resolve(file);
  return join(realPathOf(dirname(path)), basename(path));
}

/** The path that a file has where one directory is taken for another; as it is where it does not stand in it. */
export function movedTo(directory: string, file: string, from: string): string {
  return file.startsWith(from + sep) ? join(directory, file.slice(from.length + 1)) : file;
}
