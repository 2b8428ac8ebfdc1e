import type { Config, SwitchConfig } from '../domain/config.js';
import type { RuleSet } from '../domain/rule.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { createProtectedNumbers } from '../facts/protected-numbers.js';
import type { ReplayOptions } from '../pass-replay.js';
import { createProtection } from '../plan/protection.js';
import { compileRules } from '../policy/compile-rules.js';

/** What judging the calls of one switch takes, apart from its calls. */
export type Judging = Omit<ReplayOptions, 'past' | 'intervalMs'> & { caps: Config['caps'] };

/** Puts together what judges the calls of a switch outside of a pass: for explanations and backtests. */
export function judgingOf(
  config: Config,
  switchConfig: SwitchConfig,
  ruleSet: RuleSet,
  now: number,
): Judging {
  const { name: switchName, customerTree, protect } = switchConfig;
  const numbering = createNumbering(switchConfig.numbers);
  const protectedNumbers = createProtectedNumbers(protect.numbers, numbering);
  return {
    switchName,
    numbering,
    rules: compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering, switchName, now }),
    limits: ruleSet.limits.filter((limit) => limit.switch === undefined || limit.switch === switchName),
    caps: config.caps,
    customerTree,
    protection: createProtection(protect, customerTree, (raw) => protectedNumbers.match(raw)),
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** The same rules as though each that is not off enforced: to see what it would do. Their hashes stay. */
export function asEnforcing(ruleSet: RuleSet): RuleSet {
  return {
    ...ruleSet,
    rules: ruleSet.rules.map((rule) => (rule.mode === 'monitor' ? { ...rule, mode: 'enforce' } : rule)),
  };
}
