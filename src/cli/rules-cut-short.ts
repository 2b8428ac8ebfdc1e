import { parseDocument } from '../documents/located-document.js';
import type { Problem } from '../domain/errors.js';
import type { RuleFileText } from '../domain/rule-files.js';

/** So many looks, one a second, have to find a rule file at rest that may be half-written: writers that pause pause for less. */
const LOOKS_OF_LONGER_REST = 15;

/**
 * An error for each rule file that held something in force and holds nothing now. Its rules would be gone without anybody
 * having said so: a full disk or `> file` empties a file, while whoever means it can delete the file.
 */
export function emptiedRuleFiles(
  disk: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): readonly Problem[] {
  return changedRuleFiles(disk, inForce)
    .filter(({ before, now }) => saysNothing(now) && !saysNothing(before))
    .map(({ now: { file } }) => ({
      file,
      message:
        'This file holds nothing any more but is there, so that its rules stay in force. To remove them delete the file; otherwise put them back.',
      severity: 'error',
    }));
}

/** Rule files that are to be left alone for longer than others before they are taken. */
export interface LongerRests {
  /**
   * Those that may be half-written and have not been at rest for long enough: what they hold is the beginning of what is in
   * force, byte for byte, as a writer leaves it who is in the midst of it. To be asked at each look that finds the directory
   * at rest.
   */
  awaited(files: readonly RuleFileText[], inForce: readonly RuleFileText[]): readonly Problem[];
}

export function createLongerRests(): LongerRests {
  let resting = new Map<string, { text: string; looks: number }>();
  return {
    awaited(files, inForce) {
      const beginnings = changedRuleFiles(files, inForce).filter(isBeginning);
      resting = new Map(
        beginnings.map(({ now: { file, text } }) => {
          const last = resting.get(file);
          return [file, { text, looks: last?.text === text ? last.looks + 1 : 1 }];
        }),
      );
      return [...resting].filter(([, { looks }]) => looks < LOOKS_OF_LONGER_REST).map(awaitedProblem);
    },
  };
}

function awaitedProblem([file]: readonly [string, unknown]): Problem {
  const message = `This is only the beginning of what is in force, as where the file is still being written: it is taken, together with all other changes, once it has been left alone for ${LOOKS_OF_LONGER_REST} seconds.`;
  return { file, message, severity: 'warning' };
}

interface ChangedFile {
  before: RuleFileText;
  now: RuleFileText;
}

function changedRuleFiles(
  files: readonly RuleFileText[],
  inForce: readonly RuleFileText[],
): readonly ChangedFile[] {
  const texts = new Map(inForce.filter(({ kind }) => kind === 'rules').map((one) => [one.file, one]));
  return files.flatMap((now) => {
    const before = texts.get(now.file);
    return before === undefined || before.text === now.text ? [] : [{ before, now }];
  });
}

/** A blank end more or less is no change that a writer could be waited for. */
function isBeginning({ before, now }: ChangedFile): boolean {
  return before.text.startsWith(now.text) && before.text.slice(now.text.length).trim() !== '';
}

/** Empty, or comments alone. What cannot be parsed says something. */
function saysNothing({ file, text }: RuleFileText): boolean {
  if (text.trim() === '') return true;
  const parsed = parseDocument(text, file);
  return parsed.ok && parsed.document.value === null;
}
