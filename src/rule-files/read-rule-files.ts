import { join, relative } from 'node:path';
import { CallwardenError, type Problem } from '../domain/errors.js';
import type { RuleFileKind, RuleFileText } from '../domain/rule-files.js';
import {
  compareText,
  type Entry,
  entriesOf,
  findRuleFiles,
  isMeant,
  isNote,
  isRules,
  isSchema,
} from './find-rule-files.js';
import { problemOf, readText } from './read-text.js';

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
      problems.push(problemOf(file, read));
      hints.add(HINTS[read.why]);
    }
  }
  if (bytesOf(files) > MAX_RULES_BYTES) {
    const message = `The rule files have ${bytesOf(files)} bytes together; at most ${MAX_RULES_BYTES} are read.`;
    problems.push({ file: dir, message, severity: 'error' });
    hints.add(HINTS.size);
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

/** What to do about files that cannot be read, by what keeps them from it. */
const HINTS = {
  permission: 'Make the files readable for this user, or move them out of the rules directory.',
  content: 'Replace the files, or move them out of the rules directory.',
  size: 'Move prefixes and numbers into lists, which may be larger, and take out rules that are not needed.',
  link: 'Let the link lead to a file that is there, or remove the link.',
};
