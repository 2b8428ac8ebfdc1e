import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

/** The files of a folder of the project whose names end so, in the order of their names. */
export function filesOf(folder: string, ending: string): { name: string; bytes: Buffer }[] {
  const url = new URL(folder, ROOT);
  return readdirSync(url)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(new URL(name, url)) }));
}

export function textOf(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8');
}
