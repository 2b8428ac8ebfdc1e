import { existsSync } from 'node:fs';
import { basename, extname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import type { HeldBackFile, LossOfEntries, WaitingFile } from '../../domain/rules-in-force.js';
import { readRulesOnDisk } from '../../rule-files/watch-rules.js';
import { openStore, type Store } from '../../store/open-store.js';
import { realPathOf, realPlace } from '../../store/real-paths.js';
import { actorOfCommandLine } from '../actor.js';
import { loadConfig } from '../compose.js';
import { type CliContext, say, shownText } from '../context.js';
import { problemLine, UsageError } from '../errors.js';
import { harmlessLines } from '../harmless-text.js';
import { configOption, withExamples } from '../options.js';
import { entriesText, type WeighedRules, waitingText, weighRules } from '../rules-weigh.js';

/** `callwarden rules accept FILE`: lets a list or limits file that lost more than a fifth of its entries, or seems cut off, take effect. */
export function addRulesAccept(rules: Command, context: CliContext): void {
  const accept = rules
    .command('accept')
    .summary('let a held-back list or limits file take effect')
    .description(
      'Accepts a list or limits file that is held back because it lost more than a fifth of its entries at once, or ends in the middle of a line of what is in force, exactly as it is now; the running service takes it up within seconds. For a file that is gone, accepts that.',
    )
    .argument('<file>', 'the file, as a path, relative to the rules directory, or the name of the list')
    .addOption(configOption())
    .action((file: string, options: { config: string }) => acceptFile(file, options.config, context));
  withExamples(accept, 'callwarden rules accept rules/lists/high-risk-prefixes.txt -c callwarden.yaml');
}

async function acceptFile(named: string, configFile: string, context: CliContext): Promise<void> {
  const config = await loadConfig(configFile, context);
  // Without a database nothing was ever in force, and nothing can be held back.
  const store = existsSync(config.database) ? openStore(config.database) : undefined;
  try {
    const weighed = await weigh(config, store, [], context);
    const found = meantBy(named, weighed.heldBack, config.rulesDir);
    if (store === undefined || found === undefined) throw notHeldBack(named, weighed, config.rulesDir);
    const { rulesInForce } = store;
    const { open: before } = await rulesInForce.accepted(config.rulesDir);
    const left = await weigh(config, store, [...before, found], context);
    const without = await weigh(config, store, before, context);
    refuseHarm(found, without, left);
    await rulesInForce.accept(config.rulesDir, found, actorOfCommandLine(context.env), context.clock());
    await context.stdout.write(harmlessLines(`${shownText(`accepted ${acceptedText(found)}`, context)}\n`));
    for (const file of noLongerWaiting(without, left)) {
      await context.stdout.write(harmlessLines(`${shownText(`with it takes effect ${file}`, context)}\n`));
    }
    await tellWhatIsLeft(left, context);
  } finally {
    store?.close();
  }
}

/** As the service does at its next look. */
async function weigh(
  config: Config,
  store: Store | undefined,
  accepted: readonly LossOfEntries[],
  context: CliContext,
): Promise<WeighedRules> {
  const directory = config.rulesDir;
  const disk = await readRulesOnDisk(directory);
  const lastGood = (await store?.rulesInForce.load(directory)) ?? [];
  return weighRules(disk, { lastGood, accepted }, { directory, config, now: context.clock() });
}

/** What was accepted and is then refused by the check would change nothing, and stand there as done. Throws RULES_INVALID. */
function refuseHarm({ file, gone }: HeldBackFile, before: WeighedRules, after: WeighedRules): void {
  const known = new Set(before.problems.map(problemLine));
  const problems = after.problems.filter((one) => one.severity === 'error' && !known.has(problemLine(one)));
  if (problems.length === 0) return;
  const as = gone === true ? 'Without it' : 'As it is now';
  throw new CallwardenError(
    'RULES_INVALID',
    `${shortest(file)} was not accepted. ${as} the rules would be refused, and its last good text stays in force.`,
    { hint: 'Put entries back, or correct what needs them; then accept it again.', problems },
  );
}

function acceptedText({ file, entriesBefore, entriesNow, lost, gone, endsMidLine }: HeldBackFile): string {
  if (gone === true) return `that ${file} is gone, with its ${entriesText(entriesBefore)}`;
  const loss = `with ${entriesText(entriesNow)} instead of ${entriesBefore}, ${lost} of them lost`;
  if (endsMidLine !== true) return `${file} ${loss}`;
  return `${file}, which ends in the middle of a line of what is in force${lost === 0 ? '' : `, ${loss}`}`;
}

/** Files that waited for what was accepted. */
function noLongerWaiting(before: WeighedRules, after: WeighedRules): readonly string[] {
  const still = new Set(after.waiting.map(({ file }) => file));
  return before.waiting.map(({ file }) => file).filter((file) => !still.has(file));
}

async function tellWhatIsLeft(
  { ruleSet, problems, heldBack, waiting }: WeighedRules,
  context: CliContext,
): Promise<void> {
  for (const { file } of heldBack) await say(context, `still held back: ${file}`);
  for (const file of waiting) await say(context, waitingText(file));
  if (ruleSet !== undefined) return;
  for (const problem of problems) await say(context, problemLine(problem));
  await say(context, 'warning: with these problems the rules on disk are not taken; correct them.');
}

/** By place, by what a link leads to, or by name; the file may be gone. Throws UsageError where a name may be that of several. */
function meantBy<T extends { file: string }>(
  named: string,
  heldBack: readonly T[],
  directory: string,
): T | undefined {
  const paths = [resolve(named), resolve(directory, named)];
  const [places, targets] = [paths.map(realPlace), paths.map(realPathOf)];
  const ways: ((file: string) => boolean)[] = [
    (file) => places.includes(realPlace(file)),
    (file) => targets.includes(realPathOf(file)),
    (file) => basename(file) === named,
    (file) => basename(file, extname(file)) === named,
  ];
  const found = ways
    .map((isMeant) => heldBack.filter(({ file }) => isMeant(file)))
    .find(({ length }) => length > 0);
  if (found !== undefined && found.length > 1) {
    const names = found.map(({ file }) => shortest(file)).join(', ');
    throw new UsageError(`${named} may be any of ${names}: name one of them as a path.`);
  }
  return found?.[0];
}

function notHeldBack(named: string, { heldBack, waiting }: WeighedRules, directory: string): UsageError {
  const found: WaitingFile | undefined = meantBy(named, waiting, directory);
  if (found !== undefined) {
    const behind = found.behind.map(shortest).join(' and ');
    return new UsageError(
      `${named} waits for ${behind}, which has to be accepted: they take effect together.`,
    );
  }
  const names = heldBack.map(({ file }) => shortest(file));
  const held = names.length === 0 ? 'No file of the rules is held back.' : `Held back: ${names.join(', ')}.`;
  return new UsageError(`${named} is not held back, so there is nothing to accept. ${held}`);
}

/** As seen from the working directory where that is shorter. */
function shortest(file: string): string {
  const seenFromHere = relative(process.cwd(), file);
  return seenFromHere.length < file.length ? seenFromHere : file;
}
