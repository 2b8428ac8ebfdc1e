import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { CliContext } from './context.js';
import { harmlessLines } from './harmless-text.js';

/** Of the installed package: what ships beside the program (rules, migrations) is found from here. */
export const PACKAGE_ROOT = new URL('../../', import.meta.url);

/** Adds one command, with its options and what it does, to the program. */
export type AddCommand = (program: Command, context: CliContext) => void;

/**
 * The command line without its commands. Nothing here ends the process: commander throws, and main decides. Subcommands
 * must be made with `program.command()`, which hands these settings on.
 */
export function createProgram(context: CliContext, commands: readonly AddCommand[]): Command {
  const program = new Command('callwarden')
    .description('Watches the active calls of Sippy softswitches and enforces rules on them.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(add --help for an explanation)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      // What was typed is quoted here, and a script may have taken it from anywhere.
      writeErr: (text) => void context.stderr.write(harmlessLines(text)),
    });
  for (const addCommand of commands) addCommand(program, context);
  return program.addHelpText(
    'after',
    [
      '',
      'Exit codes: 0 done; 1 a pass, check or query failed; 2 the command line, config or rules are invalid.',
      'Data goes to standard output, everything else to standard error.',
    ].join('\n'),
  );
}

function packageVersion(): string {
  const text = readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
