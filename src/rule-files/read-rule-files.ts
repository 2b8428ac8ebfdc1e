import { constants as fsConstants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CallwardenError, type Problem } from '../domain/errors.js';
import type { RuleFileKind, RuleFileText } from '../domain/rule-files.js';
import {
  codeOf,
  compareText,
  type Entry,
  entriesOf,
  findRuleFiles,
  isMeant,
  isNote,
  isRules,
  isSchema,
} from './find-rule-files.js';

/** Some four hundred long rules; checking more takes seconds (bench/rules-check.mjs). Prefixes by the thousand belong in lists. */
const MAX_RULE_FILE_BYTES = 512 * 1024;
/** All rule files together: they are checked as one. */
const MAX_RULES_BYTES = 1024 * 1024;
const MAX_LIMITS_BYTES = 5 * 1024 * 1024;
/** Number lists from fraud intelligence run to hundreds of thousands of lines. */
const MAX_LIST_FILE_BYTES = 50 * 1024 * 1024;
const MAX_BYTES: Readonly<Record<RuleFileKind, number>> = {
  rules: MAX_RULE_FILE_BYTES,
  limits: MAX_LIMITS_BYTES,
  list: MAX_LIST_FILE_BYTES,
};

/**
 * Reads a rules directory: DIR/*.yaml, *.yml and *.json as rules, DIR/lists/* as lists, DIR/limits.csv. Other folders,
 * hidden files, editors' backup files, *.schema.json and notes in lists (*.md) are left out; see findIgnoredFiles. Sorted by name, so that the same files give the
 * same rule set. Throws RULES_INVALID with every file that cannot be read, is too large or is not UTF-8. `place`
 * is where the directory lies; files are named as if they stood in `dir`.
 */
export async function readRuleFiles(dir: string, place = dir): Promise<readonly RuleFileText[]> {
  const files: RuleFileText[] = [];
  const problems: Problem[] = [];
  const hints = new Set<string>();
  for (const { file: found, kind } of await findRuleFiles(place)) {
    const read = await readText(found, MAX_BYTES[kind]);
    const file = join(dir, relative(place, found));
    if (read.ok) files.push({ file, kind, text: read.text });
    else {
      problems.push({ file, message: read.message, severity: 'error' });
      hints.add(read.hint);
    }
  }
  if (bytesOf(files) > MAX_RULES_BYTES) {
    const message = `The rule files have ${bytesOf(files)} bytes together; at most ${MAX_RULES_BYTES} are read.`;
    problems.push({ file: dir, message, severity: 'error' });
    hints.add(SIZE_HINT);
  }
  if (problems.length > 0) {
    throw new CallwardenError('RULES_INVALID', `${problems.length} rule file(s) cannot be read.`, {
      hint: [...hints].join(' '),
      problems,
    });
  }
  return files;
}

/** Of the rules; lists and limits have bounds of their own. */
function bytesOf(files: readonly RuleFileText[]): number {
  return files
    .filter(({ kind }) => kind === 'rules')
    .reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
}

/**
 * A warning for everything in a rules directory that might be meant as a rule, a list or limits, but is not read. Folders
 * for tests, notes (*.md), schemas, hidden files and editors' backup files are none of that. Throws as readRuleFiles does.
 */
export async function findIgnoredFiles(dir: string, place = dir): Promise<readonly Problem[]> {
  const listsDir = join(dir, 'lists');
  const entries = (await entriesOf(place)) ?? [];
  const inLists = ((await entriesOf(join(place, 'lists'))) ?? []).filter(({ isFolder }) => isFolder);
  const ignored = [
    ...entries.filter(isIgnored).map((entry) => ({ entry, file: join(dir, entry.name) })),
    ...inLists.filter(isMeant).map((entry) => ({ entry, file: join(listsDir, entry.name) })),
  ];
  return ignored
    .map(({ entry, file }): Problem => ({ file, message: whyIgnored(entry), severity: 'warning' }))
    .sort((one, other) => compareText(one.file, other.file));
}

function isIgnored(entry: Entry): boolean {
  const { name } = entry;
  if (!isMeant(entry)) return false;
  if (entry.isFolder) return name !== 'lists' && name !== 'tests';
  return !isRules(name) && !isSchema(name) && !isNote(name) && name !== 'limits.csv';
}

function whyIgnored(entry: Entry): string {
  if (entry.isFolder) {
    return 'This folder is not read: rules stand in the rules directory itself, lists in its folder "lists".';
  }
  const meant = entry.name.toLowerCase() === 'limits.csv' ? ' Did you mean "limits.csv"?' : '';
  return `This file is not read: expected *.yaml, *.yml or *.json, limits.csv, or a list in the folder "lists".${meant}`;
}

type ReadText = { ok: true; text: string } | { ok: false; message: string; hint: string };

const PERMISSION_HINT = 'Make the files readable for this user, or move them out of the rules directory.';
const CONTENT_HINT = 'Replace the files, or move them out of the rules directory.';
const SIZE_HINT =
  'Move prefixes and numbers into lists, which may be larger, and take out rules that are not needed.';
const LINK_HINT = 'Let the link lead to a file that is there, or remove the link.';

async function readText(file: string, maxBytes: number): Promise<ReadText> {
  try {
    // Without O_NONBLOCK opening a named pipe would wait for ever for a writer.
    const handle = await open(file, fsConstants.O_RDONLY | fsConstants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return refused('This is not a regular file.');
      if (stats.size > maxBytes) {
        const message = `The file has ${stats.size} bytes; at most ${maxBytes} are read.`;
        return { ok: false, message, hint: SIZE_HINT };
      }
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
      return { ok: true, text };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof TypeError) return refused('The file is not UTF-8 text: save it in that encoding.');
    const code = codeOf(cause);
    const target = code === 'ENOENT' || code === 'ELOOP' ? await targetOf(file) : undefined;
    if (target === undefined) {
      return { ok: false, message: `The file cannot be read (${code}).`, hint: PERMISSION_HINT };
    }
    const what = code === 'ELOOP' ? `in a circle, by way of ${target}` : `to nothing: ${target} is not there`;
    return { ok: false, message: `This is a link that leads ${what}.`, hint: LINK_HINT };
  }
}

function refused(message: string): ReadText {
  return { ok: false, message, hint: CONTENT_HINT };
}

/** Where a symbolic link leads to, as it is written; undefined where it is none, or is gone by now. */
async function targetOf(file: string): Promise<string | undefined> {
  try {
    return (await lstat(file)).isSymbolicLink() ? await readlink(file) : undefined;
  } catch {
    return undefined;
  }
}
