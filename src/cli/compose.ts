import { createHash } from 'node:crypto';
import { readConfig } from '../config/read-config.js';
import { didYouMean } from '../documents/did-you-mean.js';
import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { Clock, SwitchPort } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { checkRules } from '../policy/check-rules.js';
import { readRuleFiles } from '../rule-files/read-rule-files.js';
import { createSippySwitch } from '../switch/sippy-switch.js';
import { type CliContext, say } from './context.js';
import { problemLine, UsageError } from './errors.js';

/** Reads the config and tells its warnings. Throws CONFIG_INVALID. */
export async function loadConfig(file: string, context: CliContext): Promise<Config> {
  const { config, warnings } = readConfig(file, context.env);
  for (const warning of warnings) await say(context, problemLine(warning));
  return config;
}

/** Reads and checks a rules directory and tells its warnings. Throws RULES_INVALID with all problems. */
export async function loadRules(directory: string, context: CliContext): Promise<RuleSet> {
  const { ruleSet, problems } = checkRules(await readRuleFiles(directory), FACT_CATALOGUE, sha256);
  if (ruleSet === undefined) {
    const count = problems.filter(({ severity }) => severity === 'error').length;
    throw new CallwardenError(
      'RULES_INVALID',
      `The rules in ${directory} have ${count === 1 ? 'a problem' : `${count} problems`}.`,
      { hint: `Correct them, then check with \`callwarden rules check ${directory}\`.`, problems },
    );
  }
  for (const problem of problems) await say(context, problemLine(problem));
  return ruleSet;
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
