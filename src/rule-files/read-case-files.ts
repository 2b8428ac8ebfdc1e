import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CallwardenError, type Problem } from '../domain/errors.js';
import { codeOf, compareText, entriesOf, isMeant, isNote, isRules, isSchema } from './find-rule-files.js';

const MAX_CASE_FILE_BYTES = 5 * 1024 * 1024;

/** A file of test cases, read but not yet checked. */
export interface CaseFile {
  /** As messages name it, e.g. `rules/tests/stuck-setups.yaml`. */
  file: string;
  text: string;
}

/**
 * Reads DIR/tests/*.yaml, *.yml and *.json of a rules directory, sorted by name; none where there is no such folder.
 * Hidden files and editors' backup files are left out. Throws RULES_INVALID with every file that cannot be read.
 */
export async function readCaseFiles(dir: string): Promise<readonly CaseFile[]> {
  const folder = join(dir, 'tests');
  const files = ((await entriesOf(folder)) ?? [])
    .filter((entry) => !entry.isFolder && isMeant(entry) && isRules(entry.name))
    .map(({ name }) => join(folder, name))
    .sort(compareText);
  const read: CaseFile[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const text = await readText(file);
    if (typeof text === 'string') read.push({ file, text });
    else problems.push({ file, message: text.problem, severity: 'error' });
  }
  if (problems.length === 0) return read;
  throw new CallwardenError('RULES_INVALID', `${problems.length} case file(s) cannot be read.`, {
    hint: 'Make the files readable for this user, or move them out of the folder "tests".',
    problems,
  });
}

/**
 * A warning for everything beside the cases that might be meant as one, but is not read. Notes (*.md), schemas, hidden files
 * and editors' backup files are none of that.
 */
export async function findIgnoredCases(dir: string): Promise<readonly Problem[]> {
  const folder = join(dir, 'tests');
  return ((await entriesOf(folder)) ?? [])
    .filter((entry) => isMeant(entry) && (entry.isFolder || !isKnown(entry.name)))
    .map(
      (entry): Problem => ({
        file: join(folder, entry.name),
        message: entry.isFolder
          ? 'This folder is not read: cases stand in the folder "tests" itself.'
          : 'This file is not read: expected *.yaml, *.yml or *.json.',
        severity: 'warning',
      }),
    )
    .sort((one, other) => compareText(one.file, other.file));
}

function isKnown(name: string): boolean {
  return isRules(name) || isSchema(name) || isNote(name);
}

async function readText(file: string): Promise<string | { problem: string }> {
  try {
    // Asked before opening: a named pipe would wait for ever for a writer.
    const stats = await stat(file);
    if (!stats.isFile()) return { problem: 'This is not a regular file.' };
    if (stats.size > MAX_CASE_FILE_BYTES) {
      return { problem: `The file has ${stats.size} bytes; at most ${MAX_CASE_FILE_BYTES} are read.` };
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    if (cause instanceof TypeError) {
      return { problem: 'The file is not UTF-8 text: save it in that encoding.' };
    }
    return { problem: `The file cannot be read (${codeOf(cause)}).` };
  }
}
