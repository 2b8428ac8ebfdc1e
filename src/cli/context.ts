import { isatty } from 'node:tty';
import type { Environment } from '../config/substitute-variables.js';
import { maskNumbers } from '../domain/mask.js';
import { maskText } from '../domain/mask-text.js';
import type { Clock } from '../domain/ports.js';
import { harmlessLines } from './harmless-text.js';
import { dataOutput, type Output, streamOutput } from './process-output.js';

export type { Output } from './process-output.js';

/** What a command meets of the outside world. */
export interface CliContext {
  /** Data only. */
  stdout: Output;
  /** Logs, progress, warnings and errors. */
  stderr: Output;
  env: Environment;
  clock: Clock;
  /**
   * Aborted by the first SIGINT, SIGTERM or SIGHUP after this was first asked for; from then on these signals no longer end
   * the process. Where `onHangup` is given and nobody sits at a terminal, SIGHUP calls that instead: then it does not come from
   * a terminal that was closed, but from somebody who knows it as the word for reading files anew.
   */
  interrupted(onHangup?: () => void): AbortSignal;
  /** Set once a config is read that says `privacy: mask`. */
  masksNumbers?: boolean;
  /** 0 until a command sets it; what is thrown decides by itself. */
  setExitCode(code: number): void;
}

/** A line for the person at stderr; never part of the data. */
export async function say(context: CliContext, text: string): Promise<void> {
  await context.stderr.write(`${harmlessLines(shownText(text, context))}\n`);
}

/** Free text, with what looks like a telephone number masked where the config asks for it. */
export function shownText(text: string, { masksNumbers }: Pick<CliContext, 'masksNumbers'>): string {
  return masksNumbers === true ? maskText(text) : text;
}

/** Data to be printed, with its telephone numbers masked where the config asks for it. */
export function shown<T>(data: T, { masksNumbers }: Pick<CliContext, 'masksNumbers'>): T {
  return masksNumbers === true ? maskNumbers(data) : data;
}

/** The context of this process. */
export function processContext(): CliContext {
  let controller: AbortController | undefined;
  return {
    stdout: dataOutput(process.stdout),
    stderr: streamOutput(process.stderr),
    env: process.env,
    clock: Date.now,
    interrupted(onHangup) {
      if (controller !== undefined) return controller.signal;
      const created = new AbortController();
      controller = created;
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => created.abort());
      // Asked beforehand: a terminal that was closed is none any more.
      const atTerminal = isatty(0);
      process.on('SIGHUP', () => {
        if (onHangup === undefined || atTerminal) created.abort();
        else onHangup();
      });
      return created.signal;
    },
    setExitCode(code) {
      process.exitCode = code;
    },
  };
}
