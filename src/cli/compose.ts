import { createHash } from 'node:crypto';
import { readConfig } from '../config/read-config.js';
import { didYouMean } from '../documents/did-you-mean.js';
import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { Clock, SwitchPort } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { checkRules } from '../policy/check-rules.js';
import type { KnownSwitch } from '../policy/check-switches.js';
import { findIgnoredFiles, readRuleFiles } from '../rule-files/read-rule-files.js';
import { createSippySwitch } from '../switch/sippy-switch.js';
import { type CliContext, say } from './context.js';
import { problemLine, UsageError } from './errors.js';

/** Reads the config and tells its warnings. Throws CONFIG_INVALID. */
export async function loadConfig(file: string, context: CliContext): Promise<Config> {
  const { config, warnings } = readConfig(file, context.env);
  for (const warning of warnings) await say(context, problemLine(warning));
  return config;
}

/**
 * Reads and checks a rules directory, against the switches of the config where there is one, and tells its warnings.
 * Throws RULES_INVALID with all problems.
 */
export async function loadRules(
  directory: string,
  context: CliContext,
  switches?: readonly SwitchConfig[],
): Promise<RuleSet> {
  const files = await readRuleFiles(directory);
  const ignored = await findIgnoredFiles(directory);
  const checked = checkRules(files, FACT_CATALOGUE, sha256, switches?.map(knownSwitch));
  const { ruleSet } = checked;
  const problems = [...ignored, ...checked.problems];
  if (ruleSet === undefined) {
    const count = problems.filter(({ severity }) => severity === 'error').length;
    // Only the doctor knows the switches of the config as well.
    const check = switches === undefined ? `callwarden rules check ${directory}` : 'callwarden doctor';
    throw new CallwardenError(
      'RULES_INVALID',
      `The rules in ${directory} have ${count === 1 ? 'a problem' : `${count} problems`}.`,
      { hint: `Correct them, then check with \`${check}\`.`, problems },
    );
  }
  if (ruleSet.rules.length === 0) {
    const message = 'There is no rule here: nothing will ever be judged.';
    problems.push({ file: directory, message, severity: 'warning' });
  }
  for (const problem of problems) await say(context, problemLine(problem));
  return ruleSet;
}

function knownSwitch({ name, numbers }: SwitchConfig): KnownSwitch {
  return { name, numbering: numbers.country === undefined ? undefined : createNumbering(numbers) };
}

/** SHA-256 of a text in hex: names the version of a rule that decided. */
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
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
