import { join } from 'node:path';
import { CallwardenError, type Problem } from '../domain/errors.js';
import { compareText, entriesOf, isMeant, isNote, isRules, isSchema } from './find-rule-files.js';
import { problemOf, readText } from './read-text.js';

const MAX_CASE_FILE_BYTES = 5 * 1024 * 1024;

/** What to do about files that cannot be read, by what keeps them from it. */
const HINTS = {
  permission: 'Make the files readable for this user, or move them out of the folder "tests".',
  content: 'Replace the files, or move them out of the folder "tests".',
  size: 'Split the cases over several files, or let "repeat" write calls that are alike.',
  link: 'Let the link lead to a file that is there, or remove the link.',
};

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
  const hints = new Set<string>();
  for (const file of files) {
    const found = await readText(file, MAX_CASE_FILE_BYTES);
    if (found.ok) read.push({ file, text: found.text });
    else {
      problems.push(problemOf(file, found));
      hints.add(HINTS[found.why]);
    }
  }
  if (problems.length === 0) return read;
  throw new CallwardenError('RULES_INVALID', `${problems.length} case file(s) cannot be read.`, {
    hint: [...hints].join(' '),
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
