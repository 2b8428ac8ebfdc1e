import { existsSync } from 'node:fs';
import type { Config } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import type { RulesInForce } from '../domain/rules-in-force.js';
import { type RulesOnDisk, readRulesOnDisk } from '../rule-files/watch-rules.js';
import { openStore, type Store } from '../store/open-store.js';
import { rulesInvalid, type ToldWarnings, tellWarnings } from './compose.js';
import { type CliContext, say } from './context.js';
import { heldBackText, shortHash, type WeighedRules, waitingText, weighRules } from './rules-weigh.js';

/** An open store, or the path of a database, which may not be there yet. */
export type WhereInForce = Pick<Store, 'rulesInForce'> | string;

/**
 * What `once` would judge by at this moment: the rules on disk, with the last good text of what is held back. Tells what is
 * held back and how many warnings the rules have. Writes nothing. Throws RULES_INVALID and STORE_FAILED.
 */
export function rulesInForceNow(config: Config, where: WhereInForce, context: CliContext): Promise<RuleSet> {
  return besideService(config.rulesDir, where, async (rulesInForce) => {
    const { weighed } = await weighOnDisk(config, rulesInForce, context.clock());
    return takeAloud(weighed, config, context, 'counted');
  });
}

/**
 * The same, and a sentence where the passes before went by other files: what they did is then not explained by these rules.
 */
export function rulesNowAndBefore(
  config: Config,
  context: CliContext,
): Promise<{ ruleSet: RuleSet; otherwise: string | undefined }> {
  const directory = config.rulesDir;
  return besideService(directory, config.database, async (rulesInForce) => {
    const { weighed } = await weighOnDisk(config, rulesInForce, context.clock());
    const ruleSet = await takeAloud(weighed, config, context, 'counted');
    const before = await rulesInForce?.lastReport(directory);
    if (before === undefined || before.loadedHash === weighed.filesHash)
      return { ruleSet, otherwise: undefined };
    const [loaded, onDisk] = [shortHash(before.loadedHash), shortHash(weighed.filesHash)];
    const since = new Date(before.loadedAt).toISOString();
    const otherwise = `the last passes went by other rules (hash ${loaded}, loaded at ${since}); these are the ones on disk (hash ${onDisk}), which the next pass takes up.`;
    return { ruleSet, otherwise };
  });
}

/** Reads and weighs the rules of a config. Throws RULES_INVALID where they cannot be read, and STORE_FAILED. */
export async function weighOnDisk(
  config: Config,
  rulesInForce: RulesInForce | undefined,
  now: number,
): Promise<{ weighed: WeighedRules; disk: RulesOnDisk; lastGood: readonly RuleFileText[] }> {
  const directory = config.rulesDir;
  // Before the disk is read: an older state of it, compared with a newer one that was in force, would take that back.
  const lastGood = (await rulesInForce?.load(directory)) ?? [];
  const accepted = (await rulesInForce?.accepted(directory))?.open ?? [];
  const disk = await readRulesOnDisk(directory);
  return { disk, lastGood, weighed: weighRules(disk, { lastGood, accepted }, { directory, config, now }) };
}

/** The rules that were weighed; tells a person what is held back and the warnings. Throws RULES_INVALID. */
export async function takeAloud(
  { ruleSet, heldBack, waiting, problems }: WeighedRules,
  config: Config,
  context: CliContext,
  told: ToldWarnings = 'each',
): Promise<RuleSet> {
  for (const file of heldBack) await say(context, `warning: ${heldBackText(file, config.file)}`);
  for (const file of waiting) await say(context, `warning: ${waitingText(file)}`);
  if (ruleSet === undefined) throw rulesInvalid(config.rulesDir, problems, config);
  await tellWarnings(problems, { told, directory: config.rulesDir, config }, context);
  return ruleSet;
}

/**
 * Works with what is in force, read-only, or with nothing where there is no database yet: nothing was in force then. Where
 * the rules are invalid and a service said that it keeps the last good ones, the hint says so: the error alone looks as if
 * nothing were watched any more.
 */
export async function besideService<T>(
  directory: string,
  where: WhereInForce,
  work: (rulesInForce: RulesInForce | undefined) => Promise<T>,
): Promise<T> {
  if (typeof where === 'string') {
    if (!existsSync(where)) return work(undefined);
    const store = openStore(where, { readonly: true });
    try {
      return await besideService(directory, store, work);
    } finally {
      store.close();
    }
  }
  const { rulesInForce } = where;
  try {
    return await work(rulesInForce);
  } catch (error) {
    if (!(error instanceof CallwardenError) || error.code !== 'RULES_INVALID') throw error;
    const report = await rulesInForce.lastReport(directory).catch(() => undefined);
    if (report === undefined || report.problems.length === 0) throw error;
    const { code, message, hint, problems } = error;
    const more = 'A running service still goes by the last good rules; see `callwarden status`.';
    throw new CallwardenError(code, message, { hint: `${hint} ${more}`, problems, cause: error });
  }
}
