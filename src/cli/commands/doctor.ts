import type { Command } from 'commander';
import type { Config } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import { checkDatabase } from '../check-database.js';
import { checkSwitch } from '../check-switch.js';
import { loadConfig, loadRules, selectSwitches } from '../compose.js';
import type { CliContext } from '../context.js';
import { describeError, EXIT_DONE, EXIT_FAILED, EXIT_INVALID } from '../errors.js';
import { harmlessLines } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import type { Finding } from '../reachability.js';

interface DoctorOptions {
  config: string;
  switch?: string;
}

/** `callwarden doctor`: everything that has to be right before a pass, each with the next step where it is not. */
export function addDoctor(program: Command, context: CliContext): void {
  const doctor = program
    .command('doctor')
    .summary('check config, rules, database and switches')
    .description(
      'Checks config, rules, database, and each switch: name, TCP, TLS, login, listing, clock. Disconnects nothing, so the right to disconnect is not tested.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .action((options: DoctorOptions) => examine(options, context));
  withExamples(
    doctor,
    'callwarden doctor -c callwarden.yaml',
    'callwarden doctor -c callwarden.yaml --switch lab',
  );
}

async function examine(options: DoctorOptions, context: CliContext): Promise<void> {
  // A config that is invalid ends here with all its problems and exit code 2: nothing below would mean anything.
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  await tell(
    'config',
    {
      level: 'ok',
      text: `${config.file}: ${config.switches.length} ${config.switches.length === 1 ? 'switch' : 'switches'}, mode ${config.mode}`,
    },
    context,
  );

  let exitCode = await examineRules(config, context);
  const findings = [
    { about: 'database', found: checkDatabase(config.database).then((finding) => [finding]) },
    ...switches.map((one) => ({ about: `switch ${one.name}`, found: checkSwitch(one, context.clock) })),
  ];
  for (const { about, found } of findings) {
    for (const finding of await found) {
      await tell(about, finding, context);
      if (finding.level === 'fail') exitCode = Math.max(exitCode, EXIT_FAILED);
    }
  }
  context.setExitCode(exitCode);
}

async function examineRules({ rulesDir: directory, switches }: Config, context: CliContext): Promise<number> {
  try {
    const { rules } = await loadRules(directory, context, switches);
    const enforcing = rules.filter(({ mode }) => mode === 'enforce').length;
    const count = `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`;
    await tell(
      'rules',
      rules.length === 0
        ? {
            level: 'warn',
            text: `${directory}: no rule, so nothing will ever be judged`,
            next: 'Name the directory with your rules under "rules", or write the shipped ones with `callwarden init`.',
          }
        : { level: 'ok', text: `${directory}: ${count}, ${enforcing} of them enforce` },
      context,
    );
    return EXIT_DONE;
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    await tell('rules', { level: 'fail', text: describeError(error) }, context);
    return EXIT_INVALID;
  }
}

async function tell(about: string, { level, text, next }: Finding, context: CliContext): Promise<void> {
  const step = next === undefined ? '' : `\n      next: ${next}`;
  await context.stdout.write(`${level.padEnd(4)}  ${harmlessLines(`${about}: ${text}${step}`)}\n`);
}
