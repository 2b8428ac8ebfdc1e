import type { Command } from 'commander';
import type { Config, SwitchConfig } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import type { RuleSet } from '../../domain/rule.js';
import { type BacktestResult, runBacktest } from '../../pass-backtest.js';
import { type LedgerReader, openLedgerReader } from '../../store/ledger-reader.js';
import { BACKTEST_DIFF_VIEW, BACKTEST_VIEW, backtestRows, diffRows, notIn } from '../backtest-view.js';
import { loadConfig, loadRules, selectSwitches } from '../compose.js';
import { type CliContext, say } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { harmlessJson } from '../harmless-text.js';
import { asEnforcing, judgingOf } from '../judging.js';
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

const DAY_MS = 86_400_000;

const HONEST_LIMIT =
  'A cut call counts as ended: what its caller would have done then, nobody can know from the past. Calls that came and ' +
  'went between two polls are not in the ledger.';

interface BacktestCommandOptions {
  config: string;
  switch?: string;
  rules?: string;
  against?: string;
  since?: number;
  until?: number;
  output?: OutputFormat;
}

/** `callwarden rules backtest`: what rules would have done on the calls of the past. */
export function addRulesBacktest(rules: Command, context: CliContext): void {
  const backtest = rules
    .command('backtest')
    .summary('what rules would have done on the calls of the past')
    .description(
      'Replays the calls that the ledger holds, poll by poll, and tells what the rules would have done, all of them as ' +
        'though they enforced, with the caps of the config in force. Rules that are off are left out. Asks no switch and ' +
        `writes nothing. ${HONEST_LIMIT}`,
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option('--rules <dir>', 'these rules instead of those of the config')
    .option('--against <dir>', 'compare with these rules: what only one of the two would have cut')
    .option(
      '--since <time>',
      'from here on, e.g. 24h (the default), yesterday, 2026-01-05',
      timeWord(context),
    )
    .option('--until <time>', 'up to here; now by default', timeWord(context))
    .addOption(outputOption())
    .action((options: BacktestCommandOptions) => backtestRules(options, context));
  withExamples(
    backtest,
    'callwarden rules backtest -c callwarden.yaml --since 24h',
    'callwarden rules backtest -c callwarden.yaml --rules ./next --against ./rules --since yesterday --until today',
  );
}

interface Span {
  since: number;
  until: number;
}

async function backtestRules(options: BacktestCommandOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  const now = context.clock();
  const span = { since: options.since ?? now - DAY_MS, until: options.until ?? now };
  if (span.since >= span.until) throw new UsageError('--since must lie before --until.');
  const directory = options.rules ?? config.rulesDir;
  const ruleSet = await loadRules(directory, context, config.switches);
  const against =
    options.against === undefined ? undefined : await loadRules(options.against, context, config.switches);
  const reader = openLedgerReader(config.database);
  try {
    const results: SwitchResult[] = [];
    for (const switchConfig of switches) {
      const found = await backtestSwitch({ config, switchConfig, ruleSet, against, span, reader, context });
      if (found !== undefined) results.push(found);
    }
    if (results.length === 0) context.setExitCode(EXIT_FAILED);
    else await print(results, span, chosenFormat(options.output, context), context);
  } finally {
    reader.close();
  }
}

interface SwitchResult {
  switch: string;
  here: BacktestResult;
  against: BacktestResult | undefined;
}

interface SwitchBacktest {
  config: Config;
  switchConfig: SwitchConfig;
  ruleSet: RuleSet;
  against: RuleSet | undefined;
  span: Span;
  reader: LedgerReader;
  context: CliContext;
}

async function backtestSwitch(parts: SwitchBacktest): Promise<SwitchResult | undefined> {
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
  return {
    switch: name,
    here: await replay(ruleSet, against === undefined ? name : `${name}, rules`, parts),
    against: against === undefined ? undefined : await replay(against, `${name}, against`, parts),
  };
}

async function replay(ruleSet: RuleSet, label: string, parts: SwitchBacktest): Promise<BacktestResult> {
  const { config, switchConfig, span, reader, context } = parts;
  const { name } = switchConfig;
  const judging = judgingOf(config, switchConfig, asEnforcing(ruleSet), context.clock());
  const reachMs = Math.max(0, ...judging.rules.map(({ windowMs, rule }) => Math.max(windowMs, rule.forMs)));
  const from = span.since - reachMs;
  const { countries, accounts } = reader.state(name, span.until);
  const bar = createProgressBar(label, context);
  try {
    const result = await runBacktest({
      ...judging,
      modes: new Map(ruleSet.rules.map((rule) => [rule.name, rule.mode])),
      since: span.since,
      polls: reader.polls(name, from, span.until),
      calls: reader.calls(name, from, span.until),
      countries,
      accounts,
      onProgress: (share) => bar.show(share),
    });
    return result;
  } catch (error) {
    if (error instanceof CallwardenError) throw error;
    throw new CallwardenError('STORE_FAILED', `The backtest of ${name} broke: ${String(error)}.`, {
      hint: 'This is a defect of Callwarden: please report it with the rules and the span.',
      cause: error,
    });
  } finally {
    bar.end();
  }
}

async function print(
  results: readonly SwitchResult[],
  span: Span,
  format: OutputFormat,
  context: CliContext,
): Promise<void> {
  if (format === 'json') {
    await context.stdout.write(`${harmlessJson(report(results, span))}\n`);
    return;
  }
  const compares = results.some(({ against }) => against !== undefined);
  if (compares) {
    const rows = results.flatMap((one) =>
      one.against === undefined ? [] : diffRows(one.switch, one.here, one.against),
    );
    await writeRows(rows, BACKTEST_DIFF_VIEW, format, context.stdout);
  } else {
    const rows = results.flatMap((one) => backtestRows(one.switch, one.here));
    await writeRows(rows, BACKTEST_VIEW, format, context.stdout);
  }
  for (const { switch: name, here } of results) {
    const cutAccounts = new Set(here.cut.map(({ account }) => account ?? null)).size;
    const missed = here.missedPolls === 0 ? '' : `, ${here.missedPolls} of them failed or doubtful`;
    await say(
      context,
      `${name}: ${here.calls} calls at ${here.polls} polls${missed}; ${here.cut.length} calls of ${cutAccounts} accounts cut.`,
    );
  }
  await say(context, HONEST_LIMIT);
}

function report(results: readonly SwitchResult[], { since, until }: Span) {
  return {
    since: iso(since),
    until: iso(until),
    limit: HONEST_LIMIT,
    switches: results.map(({ switch: name, here, against }) => ({
      switch: name,
      polls: here.polls,
      missedPolls: here.missedPolls,
      calls: here.calls,
      rules: backtestRows(name, here),
      accounts: accountRows(here),
      cut: here.cut.map(cutRow),
      ...(against !== undefined && {
        against: {
          rules: backtestRows(name, against),
          diff: diffRows(name, here, against),
          onlyHere: notIn(here.cut, against.cut).map(cutRow),
          onlyAgainst: notIn(against.cut, here.cut).map(cutRow),
        },
      }),
    })),
  };
}

/** Who was hit, hardest first. */
function accountRows({ cut }: BacktestResult) {
  const byAccount = new Map<
    number | null,
    { account: number | null; callsCut: number; minutesCut: number }
  >();
  for (const { account = null, minutesCut } of cut) {
    const row = byAccount.get(account) ?? { account, callsCut: 0, minutesCut: 0 };
    row.callsCut += 1;
    row.minutesCut = Math.round((row.minutesCut + minutesCut) * 100) / 100;
    byAccount.set(account, row);
  }
  return [...byAccount.values()].sort((one, other) => other.callsCut - one.callsCut);
}

function cutRow({
  cutAt,
  minutesBefore,
  minutesCut,
  id,
  callId,
  rule,
  account,
  customer,
  cli,
  cld,
}: BacktestResult['cut'][number]) {
  return {
    at: iso(cutAt),
    rule,
    id,
    callId,
    account: account ?? null,
    customer: customer ?? null,
    cli: cli ?? null,
    cld: cld ?? null,
    minutesBefore: Math.round(minutesBefore * 100) / 100,
    minutesCut: Math.round(minutesCut * 100) / 100,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
