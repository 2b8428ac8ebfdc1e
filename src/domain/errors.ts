/**
 * The closed list of error codes. Only `cli/` (and later `web/`) translates a code into an exit code or a status;
 * everything else passes the error on with its cause.
 */
export const ERROR_CODES = [
  'CONFIG_INVALID',
  'RULES_INVALID',
  'SWITCH_UNREACHABLE',
  'SWITCH_TIMEOUT',
  'SWITCH_AUTH_FAILED',
  'SWITCH_FAULT',
  'SWITCH_BAD_RESPONSE',
  'STORE_FAILED',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error that an operator can act on: a closed code, what happened, and the next step to take. */
export class CallwardenError extends Error {
  override readonly name = 'CallwardenError';
  readonly code: ErrorCode;
  /** The next step, as a full sentence without a secret in it. */
  readonly hint: string;
  /** For invalid documents: every problem found, in the order of the file. */
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint: string; cause?: unknown; problems?: readonly Problem[] },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.problems = options.problems ?? [];
  }
}

/** A place in a file; lines and columns count from 1. */
export interface Location {
  file: string;
  line: number;
  column: number;
}

/** One thing wrong with a config, rule, list or limits file. */
export interface Problem {
  /** Absent where the problem has no place, e.g. a missing file. */
  location?: Location;
  file: string;
  /** What is wrong and what was expected instead, as one sentence. */
  message: string;
  severity: 'error' | 'warning';
}
