import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CallwardenError } from '../domain/errors.js';
import type { RuleFileKind } from '../domain/rule-files.js';

/** A file of a rules directory that counts, not yet read. */
export interface WantedFile {
  file: string;
  kind: RuleFileKind;
}

/** What stands in a folder; a link is what it leads to. */
export interface Entry {
  name: string;
  isFolder: boolean;
}

/** The files of a rules directory that count, sorted by name. Throws RULES_INVALID where there is no such directory. */
export async function findRuleFiles(dir: string): Promise<readonly WantedFile[]> {
  const wanted = [...(await ruleEntries(dir)), ...(await listEntries(join(dir, 'lists')))];
  return wanted.sort((one, other) => compareText(one.file, other.file));
}

async function ruleEntries(dir: string): Promise<WantedFile[]> {
  const entries = await entriesOf(dir);
  if (entries === undefined) {
    throw new CallwardenError('RULES_INVALID', `There is no rules directory ${dir}.`, {
      hint: 'Name a directory that exists, or write one with "callwarden init".',
    });
  }
  return entries.filter(isWanted).flatMap(({ name }): WantedFile[] => {
    if (name === 'limits.csv') return [{ file: join(dir, name), kind: 'limits' }];
    return isRules(name) ? [{ file: join(dir, name), kind: 'rules' }] : [];
  });
}

async function listEntries(dir: string): Promise<WantedFile[]> {
  const entries = (await entriesOf(dir)) ?? [];
  return entries
    .filter((entry) => isWanted(entry) && !isNote(entry.name))
    .map(({ name }) => ({ file: join(dir, name), kind: 'list' as const }));
}

export function isRules(name: string): boolean {
  return /\.(yaml|yml|json)$/i.test(name) && !isSchema(name);
}

export function isSchema(name: string): boolean {
  return /\.schema\.json$/i.test(name);
}

/** Text for people, such as README.md. */
export function isNote(name: string): boolean {
  return /\.md$/i.test(name);
}

/** Undefined where there is no such directory. */
export async function entriesOf(dir: string): Promise<Entry[] | undefined> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return await Promise.all(
      entries.map(async (entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink() ? await leadsToFolder(join(dir, entry.name)) : entry.isDirectory(),
      })),
    );
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') {
      throw new CallwardenError('RULES_INVALID', `${dir} is no directory.`, {
        hint: 'Name the directory that the rules lie in; what is called "lists" or "tests" there has to be one, too.',
        cause,
      });
    }
    throw new CallwardenError('RULES_INVALID', `The directory ${dir} cannot be read (${code}).`, {
      hint: 'Name a directory that this user may read.',
      cause,
    });
  }
}

/** A link that leads to nothing counts as a file: reading it tells what is wrong. */
async function leadsToFolder(link: string): Promise<boolean> {
  return stat(link).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Everything but directories, hidden files and what editors leave behind: a~, .a.swp, #a#, a.bak. */
function isWanted(entry: Entry): boolean {
  return !entry.isFolder && isMeant(entry);
}

export function isMeant({ name }: Entry): boolean {
  return !/^[.#]|~$|\.(swp|swo|tmp|bak|orig)$/.test(name);
}

export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
}

/** By code unit, so that the order does not depend on the machine's language. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
