import type { Command } from 'commander';
import { UsageError } from './errors.js';

/**
 * Commands of coming versions: hidden from the help, and refused by name whatever stands behind them, so that nobody
 * takes them for mistyped ones.
 */
export function addComing(parent: Command, ...names: readonly string[]): void {
  for (const name of names) {
    const coming = parent
      .command(name, { hidden: true })
      .description('Not yet supported by this version.')
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new UsageError(`"${fullName(coming)}" is not yet supported by this version.`);
      });
  }
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
