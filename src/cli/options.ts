import { type Command, InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../documents/did-you-mean.js';
import type { CliContext } from './context.js';
import { defaultFormat, OUTPUT_FORMATS, type OutputFormat } from './output.js';
import { parseTime, TIME_EXPECTED } from './time.js';

/** Where commands look for the config when none is named. */
export const DEFAULT_CONFIG_FILE = 'callwarden.yaml';

/** `-c, --config FILE` */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'the config').default(DEFAULT_CONFIG_FILE);
}

/** `--switch NAME` */
export function switchOption(): Option {
  return new Option('--switch <name>', 'only this switch of the config');
}

/** `-o, --output FORMAT` */
export function outputOption(): Option {
  return new Option(
    '-o, --output <format>',
    `${OUTPUT_FORMATS.join(', ')}; by default table on a terminal, jsonl otherwise`,
  ).argParser(oneOf(OUTPUT_FORMATS));
}

/** The format asked for, or the one that fits whoever reads standard output. */
export function chosenFormat(asked: OutputFormat | undefined, context: CliContext): OutputFormat {
  return asked ?? defaultFormat(context.stdout);
}

/** Parses a word of a closed list; commander turns what it throws into exit code 2. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Expected one of ${words.join(', ')}.${didYouMean(text, words)}`);
  };
}

/** Parses a whole number within bounds. */
export function wholeNumber(
  expected: string,
  least = 0,
  most = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

/** Parses journalctl's time words to milliseconds since the epoch. */
export function timeWord(context: CliContext): (text: string) => number {
  return (text) => {
    const at = parseTime(text, context.clock());
    if (at === undefined) throw new InvalidArgumentError(`Expected ${TIME_EXPECTED}.`);
    return at;
  };
}

/** Adds examples to the help of a command. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    'after',
    ['', 'Examples:', ...examples.map((example) => `  $ ${example}`)].join('\n'),
  );
}
