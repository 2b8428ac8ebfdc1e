import { evidenceText } from '../documents/evidence-text.js';
import type { Location } from '../domain/errors.js';
import type { SeenAction } from './case-names.js';
import { durationText } from './duration-text.js';
import type { PollFailure } from './run-case.js';
import type { ExpectedAction } from './test-case.js';

/** More lines of one kind than this at one poll say nothing new. */
const SHOWN_LINES = 8;
/** What goes wrong at one poll goes wrong at the next ones too. */
const SHOWN_POLLS = 5;

/** `rules/tests/scan.yaml:12:5` */
export function placeText({ file, line, column }: Location): string {
  return `${file}:${line}:${column}`;
}

/** The polls that failed: each with its place, then `-` what was expected and did not happen, `+` what happened instead. */
export function failureLines(failures: readonly PollFailure[]): readonly string[] {
  const lines = failures.slice(0, SHOWN_POLLS).flatMap(pollLines);
  const left = failures.length - SHOWN_POLLS;
  return left > 0 ? [...lines, `${left} more ${left === 1 ? 'poll' : 'polls'} failed after these`] : lines;
}

function pollLines(failure: PollFailure): readonly string[] {
  const unlisted = failure.listed ? '' : ', where no action is listed';
  return [
    `${placeText(failure.location)}: at ${durationText(failure.atMs)} (${new Date(failure.at).toISOString()})${unlisted}:`,
    ...failure.missing.flatMap(({ expected, count, why }) => [
      `- ${expectedText(expected, count)}`,
      ...(why === undefined ? [] : [`      ${why}`]),
    ]),
    ...shortened(
      failure.unexpected.map((action) => `+ ${seenText(action)}`),
      '+',
    ),
    ...shortened(
      failure.matched.map((action) => `  ${seenText(action)}`),
      ' ',
    ),
    ...failure.verdicts.flatMap(({ expected, result, why }) => [
      `- ${result} ${expected.subject} by ${expected.rule}`,
      ...(why === undefined ? [] : [`      ${why}`]),
    ]),
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function shortened(lines: readonly string[], sign: string): readonly string[] {
  const left = lines.length - SHOWN_LINES;
  return left > 0 ? [...lines.slice(0, SHOWN_LINES), `${sign} and ${left} more`] : lines;
}

/** `disconnectCall a-31 by account-concurrent-calls` */
export function expectedText(
  { rule, action, target, subject, withheld }: ExpectedAction,
  count: number,
): string {
  return [
    ...(count > 1 ? [`${count} times`] : []),
    ...(withheld === undefined ? [] : [withheld === true ? 'withheld' : `withheld (${withheld})`]),
    action ?? 'any action',
    ...(target === undefined ? [] : [target]),
    ...(rule === undefined ? [] : [`by ${rule}`]),
    ...(subject === undefined ? [] : [`of ${subject}`]),
  ].join(' ');
}

function seenText({ rule, action, target, subject, withheld, conditions }: SeenAction): string {
  const stopped = withheld === undefined ? '' : `withheld (${withheld}) `;
  const about = subject.endsWith(`:${target}`) ? '' : ` of ${subject}`;
  const met = conditions === undefined ? '' : evidenceText(conditions);
  return `${stopped}${action} ${target} by ${rule}${about}${met === '' ? '' : `: ${met}`}`;
}
