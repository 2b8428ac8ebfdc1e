import { RULE_MODES, type RuleMode, type RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { WaitingFile } from '../domain/rules-in-force.js';
import { hashedRuleSet } from '../policy/hash-rules.js';
import { sha256 } from './sha256.js';
import { powerOf, writtenRules } from './written-rules.js';

/** By name, the modes of rules that are lower than the text in force says. */
export type LoweredModes = ReadonlyMap<string, RuleMode>;

/**
 * Rules that stay in force by the old text of a file that waits, where the disk gives them a lower mode or has them no more: to
 * turn a rule off is always possible, whatever else its file says.
 */
export function loweredModes(
  { rules }: RuleSet,
  disk: readonly RuleFileText[],
  waiting: readonly WaitingFile[],
): LoweredModes {
  const files = new Set(waiting.map(({ file }) => file));
  const staying = rules.filter(({ location }) => files.has(location.file));
  if (staying.length === 0) return new Map();
  const written = writtenRules(disk.filter(({ kind }) => kind === 'rules'));
  return new Map(
    staying.flatMap(({ name, mode }) => {
      const power = written.get(`rule ${name}`)?.power ?? powerOf('off');
      const lower = RULE_MODES.find((one) => powerOf(one) === power);
      return lower === undefined || power >= powerOf(mode) ? [] : [[name, lower] as const];
    }),
  );
}

/** The same rules in those modes: for all purposes other versions than those of the text. */
export function withModes(ruleSet: RuleSet, modes: LoweredModes): RuleSet {
  if (modes.size === 0) return ruleSet;
  const { hash: _, rules, ...parts } = ruleSet;
  const unhashed = rules.map(({ hash: __, ...rule }) => ({
    ...rule,
    mode: modes.get(rule.name) ?? rule.mode,
  }));
  return hashedRuleSet({ ...parts, rules: unhashed }, sha256);
}
