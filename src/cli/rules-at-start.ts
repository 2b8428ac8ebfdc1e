import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../domain/config.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import type { RulesOnDisk } from '../rule-files/watch-rules.js';
import { rulesInvalid, type ToldWarnings } from './compose.js';
import type { CliContext } from './context.js';
import { takeAloud, weighOnDisk } from './rules-in-force-now.js';
import type { WeighedRules } from './rules-weigh.js';

/** Rules as a process took them up. */
export interface RulesAtStart {
  ruleSet: RuleSet;
  weighed: WeighedRules;
  disk: RulesOnDisk;
  /** What they were compared with. */
  lastGood: readonly RuleFileText[];
  loadedAt: number;
}

/**
 * Reads and checks the rules of a config as `run` and `once` begin with them: lists and limits that lost too much since
 * they were last in force are held back. Tells warnings and what is held back. Throws RULES_INVALID and STORE_FAILED.
 */
export async function rulesAtStart(
  config: Config,
  rulesInForce: RulesInForce,
  context: CliContext,
  told: ToldWarnings = 'each',
): Promise<RulesAtStart> {
  const loadedAt = context.clock();
  const { weighed, disk, lastGood } = await weighOnDisk(config, rulesInForce, loadedAt);
  const ruleSet = await takeAloud(weighed, config, context, told);
  return { ruleSet, weighed, disk, lastGood, loadedAt };
}

/** Where there is no database yet nothing can be held back: invalid rules are refused without one being made. */
export async function refuseInvalidRules(config: Config, context: CliContext): Promise<void> {
  if (existsSync(config.database)) return;
  const { weighed } = await weighOnDisk(config, undefined, context.clock());
  if (weighed.ruleSet === undefined) throw rulesInvalid(config.rulesDir, weighed.problems, config);
}

/** What `status` shows of rules that were just taken up. */
export function reportAtStart(directory: string, { ruleSet, weighed, loadedAt }: RulesAtStart): RulesReport {
  return {
    directory,
    loadedHash: weighed.filesHash,
    diskHash: weighed.diskHash,
    loadedAt,
    rules: ruleSet.rules.length,
    problems: [],
    heldBack: weighed.heldBack,
    waiting: weighed.waiting,
  };
}

/**
 * Takes down for `status` what a single pass went by, unless the same is said already, or a service goes by the directory:
 * that may be at other rules, for a bad edit or an older config, and is what `status` is asked about.
 */
export async function reportOnce(
  directory: string,
  started: RulesAtStart,
  rulesInForce: RulesInForce,
): Promise<void> {
  const report = reportAtStart(directory, started);
  const last = await rulesInForce.lastReport(directory);
  const same = last !== undefined && isDeepStrictEqual({ ...last, loadedAt: 0 }, { ...report, loadedAt: 0 });
  if (!same) await rulesInForce.reportUnlessServed(report);
}
