import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { evidenceText } from '../../documents/evidence-text.js';
import type { Config, SwitchConfig } from '../../domain/config.js';
import type { PassReport } from '../../domain/pass-report.js';
import type { RuleSet } from '../../domain/rule.js';
import type { RulesInForce } from '../../domain/rules-in-force.js';
import { runPass } from '../../pass.js';
import { openAuditReader } from '../../store/audit-reader.js';
import { openStore, type Store } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { connectSwitch, loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED } from '../errors.js';
import { harmless, harmlessJson } from '../harmless-text.js';
import { bringsListing, createLedgerPruning } from '../ledger-pruning.js';
import { shownReport } from '../mask-report.js';
import { configOption, switchOption, withExamples } from '../options.js';
import { passContext } from '../pass-context.js';
import { passLine } from '../pass-line.js';
import { lastingPause, pauseText } from '../pause-text.js';
import { type RulesAtStart, refuseInvalidRules, reportOnce, rulesAtStart } from '../rules-at-start.js';
import { besideService } from '../rules-in-force-now.js';

/** How often a pass asks again for a lock that another process holds. */
const LOCK_RETRY_MS = 100;
/** So many steps of pruning, each of which holds the database for a moment, are over within a second or so. */
const PRUNING_STEPS = 10;

interface OnceOptions {
  config: string;
  switch?: string;
  dryRun?: true;
  json?: true;
}

/** `callwarden once`: one pass per switch, all at the same time. */
export function addOnce(program: Command, context: CliContext): void {
  const once = program
    .command('once')
    .summary('run one pass per switch')
    .description(
      'Runs one pass per switch: lists the calls, judges them, disconnects what violates an enforcing rule, records it.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .option('--dry-run', 'take the same path, but send no disconnect')
    .option('--json', 'print the pass reports as a JSON array')
    .action((options: OnceOptions) => runOnce(options, context));
  withExamples(
    once,
    'callwarden once -c callwarden.yaml --dry-run',
    'callwarden once -c callwarden.yaml --switch lab --json | jq .[0].actions',
  );
}

async function runOnce(options: OnceOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const switches = selectSwitches(config, options.switch);
  await refuseInvalidRules(config, context);
  const store = openStore(config.database);
  try {
    const dryRun = options.dryRun === true;
    const started = await besideService(config.rulesDir, store, () =>
      rulesAtStart(config, store.rulesInForce, context, 'counted'),
    );
    const { ruleSet } = started;
    if (!dryRun) await takeDownRules(config, started, store.rulesInForce, context);
    const passed = await Promise.all(
      switches.map((switchConfig) => passOn(switchConfig, { config, ruleSet, store, dryRun, context })),
    );
    const reports = passed.map((report) => shownReport(report, context));
    if (options.json === true) await context.stdout.write(`${harmlessJson(reports)}\n`);
    else {
      for (const report of reports) {
        const paused = (await store.pauses.of(report.switch, context.clock())) !== undefined;
        await context.stdout.write(reportText(report, errorsOf(report, config.database, context), paused));
      }
    }
    await tellPauses(store, switches, context);
    if (reports.some(bringsListing)) await pruneLedger(store, config, context);
    if (reports.some(({ status }) => status !== 'completed')) context.setExitCode(EXIT_FAILED);
  } finally {
    store.close();
  }
}

/** A pass in which nothing is cut must not look like one in which there was nothing to cut. */
async function tellPauses(
  { pauses }: Store,
  switches: readonly SwitchConfig[],
  context: CliContext,
): Promise<void> {
  const inForce = await pauses.list(context.clock());
  for (const { name } of switches) {
    const pause = lastingPause(inForce, name);
    if (pause !== undefined) await say(context, `warning: ${name}: ${pauseText(pause)}`);
  }
}

/** As the service does beside its passes, or the ledger of a cron job would grow for ever; what is left over goes next time. */
async function pruneLedger({ ledger }: Store, { retention }: Config, context: CliContext): Promise<void> {
  const interrupted = context.interrupted();
  const errors: unknown[] = [];
  let steps = 0;
  const pruning = createLedgerPruning({
    ledger,
    retentionMs: retention.ledgerMs,
    clock: context.clock,
    busy: () => {
      steps += 1;
      return steps >= PRUNING_STEPS || interrupted.aborted;
    },
    onError: (error) => errors.push(error),
  });
  pruning.begin();
  await pruning.ended();
  for (const error of errors) await say(context, `warning: the ledger could not be pruned: ${String(error)}`);
}

/** What `run` and the next `once` compare with; a pass goes ahead without it. */
async function takeDownRules(
  { rulesDir }: Config,
  started: RulesAtStart,
  rulesInForce: RulesInForce,
  context: CliContext,
): Promise<void> {
  try {
    await rulesInForce.keep(rulesDir, started.weighed.files, context.clock(), started.lastGood);
    await reportOnce(rulesDir, started, rulesInForce);
  } catch (error) {
    await say(context, `warning: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function passOn(
  switchConfig: SwitchConfig,
  parts: { config: Config; ruleSet: RuleSet; store: Store; dryRun: boolean; context: CliContext },
): Promise<PassReport> {
  const { context, store, dryRun } = parts;
  const port = connectSwitch(switchConfig, context.clock);
  const note = (text: string) => void say(context, `${switchConfig.name}: ${text}`);
  const interrupted = context.interrupted();
  try {
    const pass = passContext({ ...parts, switchConfig, port, note });
    const waitUntil = context.clock() + switchConfig.deadlineMs;
    for (;;) {
      const report = await runPass(pass, {
        passId: randomUUID(),
        actor: actorOfCommandLine(context.env),
        dryRun,
        stop: interrupted,
        abort: new AbortController().signal,
      });
      // The service beside us holds the lock for the length of its pass; a pass asked for by hand can wait for that.
      if (report.status === 'skipped' && context.clock() < waitUntil && !interrupted.aborted) {
        await wait(LOCK_RETRY_MS);
        continue;
      }
      await savePass(store, report, context);
      return report;
    }
  } finally {
    await port.close();
  }
}

async function savePass(store: Store, report: PassReport, context: CliContext): Promise<void> {
  await store.passes
    .save(report)
    .catch((error: unknown) =>
      say(context, `warning: ${error instanceof Error ? error.message : String(error)}`),
    );
}

/** What the records of a pass say went wrong, by record: the report gives the outcome alone. */
function errorsOf(report: PassReport, database: string, context: CliContext): ReadonlyMap<number, string> {
  const wrong = new Set(
    report.actions.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown').map(({ id }) => id),
  );
  if (wrong.size === 0) return new Map();
  const reader = openAuditReader(database);
  try {
    const since = Date.parse(report.startedAt);
    const records = [...reader.query({ switch: report.switch, since })].filter(({ id }) => wrong.has(id));
    return new Map(
      records.flatMap((record) => {
        const { id, error } = shown(record, context);
        return error === null ? [] : [[id, error] as const];
      }),
    );
  } finally {
    reader.close();
  }
}

function reportText(report: PassReport, errors: ReadonlyMap<number, string>, paused: boolean): string {
  const lines = [`${report.switch}: ${passLine(report, paused)}`];
  for (const { rule, subject, evidence } of report.violations) {
    lines.push(`  violated ${rule} by ${subject}: ${evidenceText(evidence.conditions)}`);
  }
  for (const { rule, missing, subjects } of report.indeterminate) {
    lines.push(`  indeterminate ${rule} for ${subjects} subjects: ${missing.join(', ')} missing`);
  }
  for (const { id, rule, action, target, outcome, reason } of report.actions) {
    const why = [reason, errors.get(id)].filter((part) => part !== null && part !== undefined).join(': ');
    lines.push(`  ${action} ${target}: ${outcome}${why === '' ? '' : ` (${why})`} by ${rule}, audit ${id}`);
  }
  return `${lines.map(harmless).join('\n')}\n`;
}
