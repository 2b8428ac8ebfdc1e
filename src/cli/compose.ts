import { asksForMask } from '../config/asks-for-mask.js';
import { readConfig } from '../config/read-config.js';
import { didYouMean } from '../documents/did-you-mean.js';
import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError, type Problem } from '../domain/errors.js';
import type { Clock, SwitchPort } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { type CheckedRules, checkRules } from '../policy/check-rules.js';
import type { KnownSwitch } from '../policy/check-switches.js';
import { type RulesOnDisk, readRulesOnDisk } from '../rule-files/watch-rules.js';
import { longestIntervalMs } from '../schedule/shortest-interval.js';
import { createSippySwitch } from '../switch/sippy-switch.js';
import { type CliContext, say } from './context.js';
import { problemLine, UsageError } from './errors.js';
import { limitedProblems, MOST_PROBLEMS } from './limited-problems.js';
import { sha256 } from './sha256.js';

/** Reads the config and tells its warnings. Throws CONFIG_INVALID. */
export async function loadConfig(file: string, context: CliContext): Promise<Config> {
  const { config, warnings } = readAndMask(file, context);
  for (const warning of warnings) await say(context, problemLine(warning));
  return config;
}

/** What is wrong with a config may quote the numbers in it: such a text, too, is masked where the config asks for it. */
function readAndMask(file: string, context: CliContext): ReturnType<typeof readConfig> {
  try {
    const read = readConfig(file, context.env);
    context.masksNumbers = read.config.privacy === 'mask';
    return read;
  } catch (error) {
    context.masksNumbers = asksForMask(file);
    throw error;
  }
}

/** Whether every warning of the rules is told, or only how many there are. */
export type ToldWarnings = 'each' | 'counted';

/**
 * Reads and checks a rules directory, against the config where there is one, and tells its warnings.
 * Throws RULES_INVALID with all problems.
 */
export async function loadRules(
  directory: string,
  context: CliContext,
  config?: CheckedAgainst,
  told: ToldWarnings = 'each',
): Promise<RuleSet> {
  const { ruleSet, problems } = checkRulesOnDisk(await readRulesOnDisk(directory), {
    directory,
    config,
    now: context.clock(),
  });
  if (ruleSet === undefined) throw rulesInvalid(directory, problems, config);
  await tellWarnings(problems, { told, directory, config }, context);
  return ruleSet;
}

/** Tells the warnings of rules that are good enough, or how many there are and what shows them. */
export async function tellWarnings(
  warnings: readonly Problem[],
  { told, directory, config }: { told: ToldWarnings; directory: string; config: CheckedAgainst | undefined },
  context: CliContext,
): Promise<void> {
  if (told === 'each') {
    for (const warning of warnings) await say(context, problemLine(warning));
  } else if (warnings.length > 0) {
    const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
    await say(context, `${count} in ${directory}: \`${checkCommand(directory, config)}\` shows what.`);
  }
}

/** What of a config rules depend on, and where it stands. */
export type CheckedAgainst = Pick<Config, 'file' | 'switches' | 'retention'>;

export interface RulesCheck {
  directory: string;
  /** Undefined where there is none, and nothing that depends on switches is to be checked. */
  config: CheckedAgainst | undefined;
  /** Milliseconds since the epoch: which exceptions have expired. */
  now: number;
}

/** The one check of rule files, at the start as at every reload; problems hold the warnings too. */
export function checkRulesOnDisk(
  { files, ignored }: Pick<RulesOnDisk, 'files' | 'ignored'>,
  { directory, config, now }: RulesCheck,
): CheckedRules {
  const { ruleSet, problems } = checkRules(
    files,
    FACT_CATALOGUE,
    sha256,
    config && knownSwitches(config),
    now,
  );
  const all = [...ignored, ...problems];
  if (ruleSet?.rules.length === 0) {
    const message = 'There is no rule here: nothing will ever be judged.';
    all.push({ file: directory, message, severity: 'warning' });
  }
  return { ruleSet, problems: limitedProblems(all, directory) };
}

/** For rules that cannot be taken. */
export function rulesInvalid(
  directory: string,
  problems: readonly Problem[],
  config: Pick<Config, 'file'> | undefined,
): CallwardenError {
  const count = problems.filter(({ severity }) => severity === 'error').length;
  return new CallwardenError('RULES_INVALID', `The rules in ${directory} have ${countText(count)}.`, {
    hint: `Correct them, then check with \`${checkCommand(directory, config)}\`.`,
    problems,
  });
}

function countText(count: number): string {
  if (count > MOST_PROBLEMS) return `more than ${MOST_PROBLEMS} problems`;
  return count === 1 ? 'a problem' : `${count} problems`;
}

/** Without a config the rules alone say what is wrong; with one, whatever the switches have to do with it. */
function checkCommand(directory: string, config: Pick<Config, 'file'> | undefined): string {
  return `callwarden rules check ${directory}${config === undefined ? '' : ` -c ${config.file}`}`;
}

function knownSwitches({ switches, retention }: CheckedAgainst): readonly KnownSwitch[] {
  return switches.map(({ name, numbers, schedule, customerTree, login }) => ({
    name,
    numbering: numbers.country === undefined ? undefined : createNumbering(numbers),
    pollEveryMs: longestIntervalMs(schedule),
    treeKnown: customerTree.size > 0 || login.kind === 'trusted',
    ledgerKeptMs: retention.ledgerMs,
  }));
}

/** The connection to one switch; nothing is sent before its first method is called. */
export function connectSwitch(switchConfig: SwitchConfig, clock: Clock = Date.now): SwitchPort {
  const { url, login, ca, timeoutMs, concurrency } = switchConfig;
  return createSippySwitch({ url, login, ca, timeoutMs, concurrency, clock });
}

/** All switches of the config, or the one that `--switch` names. Throws UsageError on an unknown name. */
export function selectSwitches(config: Config, name: string | undefined): readonly SwitchConfig[] {
  if (name === undefined) return config.switches;
  const found = config.switches.filter((one) => one.name === name);
  if (found.length > 0) return found;
  const names = config.switches.map((one) => one.name);
  const meant = didYouMean(name, names) || ` It names ${names.join(', ')}.`;
  throw new UsageError(`The config names no switch "${name}".${meant}`);
}
