import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../domain/config.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { RulesInForce, RulesReport } from '../domain/rules-in-force.js';
import { type RulesOnDisk, readRulesOnDisk } from '../rule-files/watch-rules.js';
import { rulesInvalid } from './compose.js';
import { type CliContext, say } from './context.js';
import { problemLine } from './errors.js';
import { listsAndLimits } from './rules-held-back.js';
import { heldBackText, type WeighedRules, weighRules } from './rules-weigh.js';

/** Rules as a process took them up. */
export interface RulesAtStart {
  ruleSet: RuleSet;
  weighed: WeighedRules;
  disk: RulesOnDisk;
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
): Promise<RulesAtStart> {
  const { rulesDir: directory, switches } = config;
  const disk = await readRulesOnDisk(directory);
  const lastGood = await rulesInForce.load(directory);
  const accepted = await rulesInForce.accepted(directory);
  const loadedAt = context.clock();
  const weighed = weighRules(disk, { lastGood, accepted }, { directory, switches, now: loadedAt });
  const { ruleSet } = weighed;
  for (const file of weighed.heldBack) await say(context, `warning: ${heldBackText(file, config.file)}`);
  if (ruleSet === undefined) throw rulesInvalid(directory, weighed.problems, true);
  for (const problem of weighed.problems) await say(context, problemLine(problem));
  return { ruleSet, weighed, disk, loadedAt };
}

/** Where there is no database yet nothing can be held back: invalid rules are refused without one being made. */
export async function refuseInvalidRules(config: Config, context: CliContext): Promise<void> {
  if (existsSync(config.database)) return;
  const { rulesDir: directory, switches } = config;
  const disk = await readRulesOnDisk(directory);
  const nothing = { lastGood: [], accepted: new Set<string>() };
  const weighed = weighRules(disk, nothing, { directory, switches, now: context.clock() });
  if (weighed.ruleSet === undefined) throw rulesInvalid(directory, weighed.problems, true);
}

/** Takes down for the next start what is in force now, where that is not what is kept already. */
export async function keepInForce(
  directory: string,
  files: readonly RuleFileText[],
  rulesInForce: RulesInForce,
  now: number,
): Promise<void> {
  const kept = listsAndLimits(files);
  if (sameTexts(kept, await rulesInForce.load(directory))) return;
  await rulesInForce.keep(directory, kept, now);
}

function sameTexts(one: readonly RuleFileText[], other: readonly RuleFileText[]): boolean {
  if (one.length !== other.length) return false;
  const texts = new Map(other.map(({ file, text }) => [file, text]));
  return one.every(({ file, text }) => texts.get(file) === text);
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
  };
}

/** Takes down for `status` what a single pass went by, unless a service has said the same of the same files already. */
export async function reportOnce(
  directory: string,
  started: RulesAtStart,
  rulesInForce: RulesInForce,
): Promise<void> {
  const report = reportAtStart(directory, started);
  const last = await rulesInForce.lastReport(directory);
  const same = last !== undefined && isDeepStrictEqual({ ...last, loadedAt: 0 }, { ...report, loadedAt: 0 });
  if (!same) await rulesInForce.report(report);
}
