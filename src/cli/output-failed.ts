const FULL: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Data could not be handed over whole, through no fault of the command line. */
export class OutputFailed extends Error {
  override readonly name = 'OutputFailed';
  /** True where the reader has gone away: it may have seen enough (`| head`), which is no error. */
  readonly readerGone: boolean;

  /** @param what is written to, at the beginning of the sentence */
  constructor(what: string, cause: unknown) {
    const code = errnoOf(cause);
    const next = FULL.includes(code)
      ? 'There is no room left: make some, then run the command again.'
      : 'See where it leads, then run the command again.';
    super(`${what} cannot be written (${code ?? String(cause)}). ${next}`, { cause });
    this.readerGone = code === 'EPIPE';
  }
}

/** The system's name of an error, as Node gives it. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
