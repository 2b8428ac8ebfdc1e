import type { Command } from 'commander';
import type { Config, SwitchConfig } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import type { RuleSet } from '../../domain/rule.js';
import type { HeldBackFile, RulesInForce, WaitingFile } from '../../domain/rules-in-force.js';
import { checkDatabase } from '../check-database.js';
import { checkNumbers } from '../check-numbers.js';
import { checkPauses } from '../check-pauses.js';
import { checkServices } from '../check-service.js';
import { checkSwitch } from '../check-switch.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, shownText } from '../context.js';
import { describeError, EXIT_DONE, EXIT_FAILED, EXIT_INVALID } from '../errors.js';
import { harmlessLines } from '../harmless-text.js';
import { configOption, switchOption, withExamples } from '../options.js';
import type { Finding } from '../reachability.js';
import { besideService, takeAloud, weighOnDisk } from '../rules-in-force-now.js';
import { acceptCommand, heldBackFinding, waitingText } from '../rules-weigh.js';

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

  let exitCode = await examineRules(config, switches, context);
  const findings = [
    { about: 'database', found: checkDatabase(config.database).then((finding) => [finding]) },
    { about: 'service', found: checkServices(config, switches) },
    { about: 'pause', found: checkPauses(config) },
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

async function examineRules(
  config: Config,
  switches: readonly SwitchConfig[],
  context: CliContext,
): Promise<number> {
  try {
    const { ruleSet, heldBack, waiting } = await rulesAsOnce(config, context);
    await tell('rules', rulesFinding(config.rulesDir, ruleSet, heldBack.length), context);
    for (const file of heldBack) {
      const next = `Restore the file, or, if this is meant: \`${acceptCommand(file, config.file)}\`.`;
      await tell('rules', { level: 'warn', text: heldBackFinding(file), next }, context);
    }
    for (const file of waiting) await tell('rules', { level: 'warn', text: waitingText(file) }, context);
    for (const one of switches) {
      for (const finding of checkNumbers(ruleSet, one)) await tell(`switch ${one.name}`, finding, context);
    }
    return EXIT_DONE;
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    await tell('rules', { level: 'fail', text: describeError(error) }, context);
    return EXIT_INVALID;
  }
}

/** What `once` would go by; what is held back is no warning on stderr here, but a finding. */
async function rulesAsOnce(
  config: Config,
  context: CliContext,
): Promise<{ ruleSet: RuleSet; heldBack: readonly HeldBackFile[]; waiting: readonly WaitingFile[] }> {
  const take = async (rulesInForce: RulesInForce | undefined) => {
    const { weighed } = await weighOnDisk(config, rulesInForce, context.clock());
    const ruleSet = await takeAloud({ ...weighed, heldBack: [], waiting: [] }, config, context);
    return { ruleSet, heldBack: weighed.heldBack, waiting: weighed.waiting };
  };
  return besideService(config.rulesDir, config.database, take).catch((error: unknown) => {
    // A database that fails is a finding of its own, and no reason to leave the rules unexamined.
    if (error instanceof CallwardenError && error.code === 'STORE_FAILED') return take(undefined);
    throw error;
  });
}

function rulesFinding(directory: string, { rules }: RuleSet, heldBack: number): Finding {
  if (rules.length === 0) {
    return {
      level: 'warn',
      text: `${directory}: no rule, so nothing will ever be judged`,
      next: 'Name the directory with your rules under "rules", or write the shipped ones with `callwarden init`.',
    };
  }
  const enforcing = rules.filter(({ mode }) => mode === 'enforce').length;
  const text = `${directory}: ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, ${enforcing} of them enforce`;
  if (heldBack === 0) return { level: 'ok', text };
  const held = heldBack === 1 ? '1 file is held back' : `${heldBack} files are held back`;
  return { level: 'warn', text: `${text}, but ${held}` };
}

async function tell(about: string, { level, text, next }: Finding, context: CliContext): Promise<void> {
  const step = next === undefined ? '' : `\n      next: ${next}`;
  const finding = shownText(`${about}: ${text}${step}`, context);
  await context.stdout.write(`${level.padEnd(4)}  ${harmlessLines(finding)}\n`);
}
