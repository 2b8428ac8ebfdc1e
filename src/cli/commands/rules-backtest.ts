import type { Command } from 'commander';
import { didYouMean } from '../../documents/did-you-mean.js';
import type { Config, SwitchConfig } from '../../domain/config.js';
import type { RuleSet } from '../../domain/rule.js';
import type { BacktestResult } from '../../pass-backtest.js';
import { actingFrom } from '../../pass-backtest-lead-in.js';
import { type LedgerReader, openLedgerReader } from '../../store/ledger-reader.js';
import {
  type BacktestSpan,
  backtestReport,
  closingLines,
  HONEST_LIMIT,
  LEAD_IN,
  type SwitchBacktestResult,
} from '../backtest-report.js';
import { BACKTEST_DIFF_VIEW, BACKTEST_VIEW, backtestRows, diffRows, noteLines } from '../backtest-view.js';
import { loadConfig, loadRules, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { harmless, harmlessJson } from '../harmless-text.js';
import { asEnforcing } from '../judging.js';
import {
  chosenFormat,
  configOption,
  outputOption,
  switchOption,
  timeWord,
  withExamples,
} from '../options.js';
import { type OutputFormat, writeRows } from '../output.js';
import { createProgressBar } from '../progress.js';
import { replayInWorker } from '../replay-in-worker.js';
import type { Replayer } from '../replay-job.js';
import { rulesInForceNow } from '../rules-in-force-now.js';

const DAY_MS = 86_400_000;

interface BacktestCommandOptions {
  config: string;
  switch?: string;
  rules?: string;
  rule?: readonly string[];
  against?: string;
  since?: number;
  until?: number;
  output?: OutputFormat;
}

/** `callwarden rules backtest`: what rules would have done on the calls of the past. */
export function addRulesBacktest(
  rules: Command,
  context: CliContext,
  replayer: Replayer = replayInWorker,
): void {
  const backtest = rules
    .command('backtest')
    .summary('what rules would have done on the calls of the past')
    .description(
      'Replays the calls that the ledger holds, poll by poll, and tells what the rules would have done, all of them as ' +
        'though they enforced, with the caps of the config in force, which they share. Rules that are off are left out ' +
        'unless --rule names them. Asks no switch and ' +
        `writes nothing. ${LEAD_IN} ${HONEST_LIMIT}`,
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option('--rules <dir>', 'these rules instead of those of the config')
    .option('--rule <name>', 'only this rule, as though it alone enforced; repeatable', collected)
    .option(
      '--against <dir>',
      'compare with these rules: for each rule what it would have cut here and not there (ONLY HERE), and there and not ' +
        'here (ONLY AGAINST), whether or not another rule does; below the table the same of all rules together',
    )
    .option(
      '--since <time>',
      'from here on, e.g. 24h (the default), yesterday, 2026-01-05',
      timeWord(context),
    )
    .option('--until <time>', 'up to here, at the latest now, which is the default', timeWord(context))
    .addOption(outputOption())
    .action((options: BacktestCommandOptions) => backtestRules(options, context, replayer));
  withExamples(
    backtest,
    'callwarden rules backtest -c callwarden.yaml --since 24h',
    'callwarden rules backtest -c callwarden.yaml --rule irsf-burst --since 7d',
    'callwarden rules backtest -c callwarden.yaml --rules ./next --against ./rules --since yesterday --until today',
  );
}

function collected(name: string, known: readonly string[] = []): readonly string[] {
  return [...known, name];
}

async function backtestRules(
  options: BacktestCommandOptions,
  context: CliContext,
  replayer: Replayer,
): Promise<void> {
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  const span = spanOf(options, context.clock());
  const ruleSet =
    options.rules === undefined
      ? await rulesInForceNow(config, config.database, context)
      : await loadRules(options.rules, context, config, 'counted');
  const against =
    options.against === undefined ? undefined : await loadRules(options.against, context, config, 'counted');
  const named = options.rule;
  const versions = against === undefined ? [ruleSet] : [ruleSet, against];
  if (named !== undefined) checkNames(named, versions);
  // The same for both: what only the lead-in of one of them did would look like a difference of the rules.
  const actsFrom = actingFrom(
    versions.flatMap((one) => judged(one, named).rules),
    span.since,
  );
  const reader = openLedgerReader(config.database);
  try {
    const results: SwitchBacktestResult[] = [];
    for (const switchConfig of switches) {
      const found = await backtestSwitch({
        ...{ config, switchConfig, ruleSet, against, named, span, actsFrom, reader, context, replayer },
      });
      if (found !== undefined) results.push(found);
    }
    if (results.length === 0) context.setExitCode(EXIT_FAILED);
    else await print(results, span, chosenFormat(options.output, context), context);
  } finally {
    reader.close();
  }
}

/** The span that is asked for. Throws UsageError where it is empty, or where nobody can have watched it yet. */
function spanOf({ since, until }: BacktestCommandOptions, now: number): BacktestSpan {
  if (since !== undefined && since > now) {
    throw new UsageError(
      '--since lies in the future: the ledger holds nothing of then yet. Expected an earlier time, such as 24h for the last day.',
    );
  }
  if (until !== undefined && until > now) {
    throw new UsageError(
      '--until lies in the future: the ledger holds nothing of then yet. Leave it out to go up to now.',
    );
  }
  const span = { since: since ?? now - DAY_MS, until: until ?? now };
  if (span.since >= span.until) throw new UsageError('--since must lie before --until.');
  return span;
}

/** A rule may be in one of two versions only. Throws UsageError on a name that is in none. */
function checkNames(named: readonly string[], versions: readonly RuleSet[]): void {
  const names = [...new Set(versions.flatMap(({ rules }) => rules.map(({ name }) => name)))];
  for (const name of named) {
    if (names.includes(name)) continue;
    const meant = didYouMean(name, names) || ` There are ${names.join(', ')}.`;
    throw new UsageError(`There is no rule "${name}".${meant}`);
  }
}

interface SwitchBacktest {
  config: Config;
  switchConfig: SwitchConfig;
  ruleSet: RuleSet;
  against: RuleSet | undefined;
  /** The only rules that are wanted; all that are not off by default. */
  named: readonly string[] | undefined;
  span: BacktestSpan;
  /** From when on rules act. */
  actsFrom: number;
  reader: LedgerReader;
  context: CliContext;
  replayer: Replayer;
}

async function backtestSwitch(parts: SwitchBacktest): Promise<SwitchBacktestResult | undefined> {
  const { switchConfig, ruleSet, against, span, reader, context } = parts;
  const { name } = switchConfig;
  const [first] = reader.polls(name, span.since, span.until);
  if (first === undefined) {
    await say(
      context,
      `The ledger holds no poll of ${name} between ${iso(span.since)} and ${iso(span.until)}: ` +
        '`callwarden run` writes it at every pass. Choose another --since, or let it run for a while.',
    );
    return undefined;
  }
  // One interval is how far the first poll may lie after --since without anything missing.
  if (first.at - span.since > 2 * first.intervalMs) {
    await say(context, `The ledger of ${name} begins at ${iso(first.at)} in this span.`);
  }
  const prunedUntil = prunedUntilOf(reader, name);
  if (prunedUntil > span.since) {
    await say(
      context,
      `Calls of ${name} that ended by ${iso(prunedUntil)} are not kept any more: of the time before, only those are in these figures that went on.`,
    );
  }
  return {
    switch: name,
    here: await replay(ruleSet, against === undefined ? name : `${name}, rules`, parts),
    against: against === undefined ? undefined : await replay(against, `${name}, against`, parts),
  };
}

/** Polls are kept for longer than calls, so that there may be polls whose calls are gone. */
function prunedUntilOf(reader: LedgerReader, name: string): number {
  const { prunedUntil = [] } = reader.state(name, Number.MAX_SAFE_INTEGER);
  return Math.max(...prunedUntil.map(({ at }) => at));
}

async function replay(ruleSet: RuleSet, label: string, parts: SwitchBacktest): Promise<BacktestResult> {
  const { config, switchConfig, named, span, actsFrom, context, replayer } = parts;
  const bar = createProgressBar(label, context);
  try {
    return await replayer(
      {
        ...{ config, switchConfig, span, actsFrom },
        ruleSet: judged(ruleSet, named),
        modes: new Map(ruleSet.rules.map((rule) => [rule.name, rule.mode])),
      },
      (share) => bar.show(share),
    );
  } finally {
    bar.end();
  }
}

/** As they are replayed; named ones alone, whatever their mode: who names a rule that is off wants to know what it would do. */
function judged(ruleSet: RuleSet, named: readonly string[] | undefined): RuleSet {
  if (named === undefined) return asEnforcing(ruleSet);
  const rules = ruleSet.rules.filter(({ name }) => named.includes(name));
  return { ...ruleSet, rules: rules.map((rule) => ({ ...rule, mode: 'enforce' })) };
}

async function print(
  results: readonly SwitchBacktestResult[],
  span: BacktestSpan,
  format: OutputFormat,
  context: CliContext,
): Promise<void> {
  if (format === 'json') {
    await context.stdout.write(`${harmlessJson(shown(backtestReport(results, span), context))}\n`);
    return;
  }
  const compares = results.some(({ against }) => against !== undefined);
  if (compares) {
    const rows = results.flatMap((one) =>
      one.against === undefined ? [] : diffRows(one.switch, one.here, one.against),
    );
    await writeRows(shown(rows, context), BACKTEST_DIFF_VIEW, format, context.stdout);
  } else {
    const rows = shown(
      results.flatMap((one) => backtestRows(one.switch, one.here)),
      context,
    );
    await writeRows(rows, BACKTEST_VIEW, format, context.stdout);
    // The other formats have it in their rows.
    const notes = format === 'table' ? noteLines(rows) : [];
    for (const line of notes) await context.stdout.write(`${harmless(line)}\n`);
  }
  for (const line of results.flatMap((one) => closingLines(one, span))) await say(context, line);
  await say(context, HONEST_LIMIT);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
