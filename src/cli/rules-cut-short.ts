import { parseDocument } from '../documents/located-document.js';
import type { Problem } from '../domain/errors.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { stockName } from './rules-held-back.js';
import { sha256 } from './sha256.js';

/** So many looks, one a second, have to find a file at rest that may be half-written: writers that pause pause for less. */
const LOOKS_OF_LONGER_REST = 15;

/**
 * An error for each rule file that held something in force and holds nothing now. Its rules would be gone without anybody
 * having said so: a full disk or `> file` empties a file, while whoever means it can delete the file.
 */
export function emptiedRuleFiles(
  disk: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): readonly Problem[] {
  return changedFiles(disk, inForce)
    .filter(({ now: { kind } }) => kind === 'rules')
    .filter(({ before, now }) => saysNothing(now) && !saysNothing(before))
    .map(({ now: { file } }) => ({
      file,
      message:
        'This file holds nothing any more but is there, so that its rules stay in force. To remove them delete the file; otherwise put them back.',
      severity: 'error',
    }));
}

/** A file as a writer leaves it who is in the midst of it. */
export interface UnfinishedFile {
  file: string;
  /** SHA-256 of its text, in hex. */
  hash: string;
  /** It holds the beginning of what is in force, byte for byte; or a list or limits ended with a line break before. */
  because: 'only-the-beginning' | 'no-line-break-at-the-end';
}

/** Those of the files to be put in force that may be half-written, by what is in force of each. */
export function unfinishedFiles(
  files: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): readonly UnfinishedFile[] {
  return changedFiles(files, inForce).flatMap((change) => {
    const because = whyUnfinished(change);
    const { file, text } = change.now;
    return because === undefined ? [] : [{ file, hash: sha256(text), because }];
  });
}

/** Files that are to be left alone for longer than others before they are taken. */
export interface LongerRests {
  /** Those that have not been at rest for long enough. To be asked at each look that finds the directory at rest. */
  awaited(unfinished: readonly UnfinishedFile[]): readonly Problem[];
}

export function createLongerRests(): LongerRests {
  let resting = new Map<string, { hash: string; looks: number }>();
  return {
    awaited(unfinished) {
      resting = new Map(
        unfinished.map(({ file, hash }) => {
          const last = resting.get(file);
          return [file, { hash, looks: last?.hash === hash ? last.looks + 1 : 1 }];
        }),
      );
      return unfinished
        .filter(({ file }) => (resting.get(file)?.looks ?? 0) < LOOKS_OF_LONGER_REST)
        .map(awaitedProblem);
    },
  };
}

const AWAITED_TEXT: Readonly<Record<UnfinishedFile['because'], string>> = {
  'only-the-beginning': 'This is only the beginning of what is in force',
  'no-line-break-at-the-end': 'This has no line break at its end any more, unlike what is in force',
};

function awaitedProblem({ file, because }: UnfinishedFile): Problem {
  const message = `${AWAITED_TEXT[because]}, as where the file is still being written: it is taken, together with all other changes, once it has been left alone for ${LOOKS_OF_LONGER_REST} seconds.`;
  return { file, message, severity: 'warning' };
}

interface ChangedFile {
  before: RuleFileText;
  now: RuleFileText;
}

function changedFiles(
  files: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): readonly ChangedFile[] {
  const texts = new Map(inForce.map((one) => [stockName(one), one]));
  return files.flatMap((now) => {
    const before = texts.get(stockName(now));
    return before === undefined || before.text === now.text ? [] : [{ before, now }];
  });
}

/** A blank end more or less is no change that a writer could be waited for. */
function whyUnfinished({ before, now }: ChangedFile): UnfinishedFile['because'] | undefined {
  if (before.text.trimEnd() === now.text.trimEnd()) return undefined;
  if (before.text.startsWith(now.text)) return 'only-the-beginning';
  const lacksLineBreak = before.text.endsWith('\n') && !now.text.endsWith('\n');
  return now.kind !== 'rules' && lacksLineBreak ? 'no-line-break-at-the-end' : undefined;
}

/** Empty, or comments alone. What cannot be parsed says something. */
function saysNothing({ file, text }: RuleFileText): boolean {
  if (text.trim() === '') return true;
  const parsed = parseDocument(text, file);
  return parsed.ok && parsed.document.value === null;
}
