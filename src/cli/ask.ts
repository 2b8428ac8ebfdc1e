import { createInterface } from 'node:readline/promises';

/** Asks the person at the terminal; anything but y or yes is no. The question must be harmless text. */
export async function askYesNo(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
