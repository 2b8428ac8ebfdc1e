import { CommanderError } from 'commander';
import { CallwardenError, type ErrorCode, type Problem } from '../domain/errors.js';
import { harmless } from './harmless-text.js';
import { errnoOf, OutputFailed } from './output-failed.js';

/** Done. */
export const EXIT_DONE = 0;
/** A pass, check or query failed. */
export const EXIT_FAILED = 1;
/** The command line, the config or the rules are invalid; nothing was done. */
export const EXIT_INVALID = 2;

const INVALID_CODES: readonly ErrorCode[] = ['CONFIG_INVALID', 'RULES_INVALID'];

/** A command line that commander accepts and that is wrong all the same, e.g. a switch that the config does not name. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a name on the command line can be the reason of, rather than the disk. */
const WRONG_PLACE: readonly (string | undefined)[] = [
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'EPERM',
  'EROFS',
];

/** For a file that the command line names: whether it names a wrong one, or the disk fails. */
export function cannotBeWritten(what: string, cause: unknown): UsageError | OutputFailed {
  const code = errnoOf(cause);
  if (!WRONG_PLACE.includes(code)) return new OutputFailed(what, cause);
  return new UsageError(`${what} cannot be written (${code}). Check the path and its permissions.`);
}

/** What the person at the terminal reads, and how the process ends. */
export interface ErrorReport {
  /** Undefined where the message was written already. */
  text: string | undefined;
  exitCode: number;
}

/** Translates whatever a command threw; the only place that knows exit codes. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CommanderError) {
    // Help and version end with 0; commander has written its own message before it threw.
    return { text: undefined, exitCode: error.exitCode === 0 ? EXIT_DONE : EXIT_INVALID };
  }
  if (error instanceof OutputFailed) {
    // A reader that has seen enough (`| head`) is no error.
    return error.readerGone
      ? { text: undefined, exitCode: EXIT_DONE }
      : { text: `error: ${error.message}`, exitCode: EXIT_FAILED };
  }
  if (error instanceof UsageError) return { text: `error: ${error.message}`, exitCode: EXIT_INVALID };
  if (error instanceof CallwardenError) {
    const exitCode = INVALID_CODES.includes(error.code) ? EXIT_INVALID : EXIT_FAILED;
    return { text: describeError(error), exitCode };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    text: `error: callwarden broke; please report this with what you did before:\n${detail}`,
    exitCode: EXIT_FAILED,
  };
}

/** Every problem on its line, then what happened and the next step. */
export function describeError(error: CallwardenError): string {
  return [
    ...error.problems.map(problemLine),
    `error: ${error.code}: ${harmless(error.message)}`,
    ...(error.hint === '' ? [] : [`hint: ${harmless(error.hint)}`]),
  ].join('\n');
}

/** `file:line:column: error: …`, as compilers write it, so that editors find the place; one line whatever is quoted in it. */
export function problemLine({ severity, message, ...where }: Problem): string {
  return harmless(`${placeOf(where)}: ${severity}: ${message}`);
}

/** The same for a log, whose lines bear their level already. */
export function problemText({ message, ...where }: Problem): string {
  return harmless(`${placeOf(where)}: ${message}`);
}

function placeOf({ file, location }: Pick<Problem, 'file' | 'location'>): string {
  return location === undefined ? file : `${location.file}:${location.line}:${location.column}`;
}
