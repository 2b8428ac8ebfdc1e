import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../../domain/config.js';
import type { Pause } from '../../domain/pause.js';
import type { RulesReport } from '../../domain/rules-in-force.js';
import { openStore } from '../../store/open-store.js';
import {
  type KillTimes,
  openPassReader,
  type PassSummary,
  type SwitchPasses,
} from '../../store/pass-reader.js';
import { localTime, timeHeader } from '../audit-view.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { harmless } from '../harmless-text.js';
import { chosenFormat, configOption, outputOption, switchOption, withExamples } from '../options.js';
import { type OutputFormat, type RowView, writeRows } from '../output.js';
import { lastingPause, pausedName, pauseText, resumeCommand } from '../pause-text.js';
import { type RulesStatus, rulesInForceText, rulesStatus, rulesTrouble } from '../rules-status.js';
import {
  configsBehind,
  isConfigBehind,
  type ServedSwitch,
  servedBySeveral,
  servedSwitch,
} from '../running-service.js';

interface StatusOptions {
  config: string;
  switch?: string;
  output?: OutputFormat;
}

interface StatusRow {
  switch: string;
  /** Start of the last pass that completed or failed, ISO 8601; null where there was none. */
  lastPassAt: string | null;
  ageSeconds: number | null;
  status: string | null;
  /** Of the config that the running service goes by, the first of `services`; null where none runs. */
  mode: Config['mode'] | null;
  /** That is another config than the file holds now, and takes effect at a restart. null where no service runs. */
  configChanged: boolean | null;
  /** All that poll the switch: that of this config first, otherwise what enforces. */
  services: readonly { mode: Config['mode']; config: string; startedAt: string }[];
  error: { code: string; message: string } | null;
  calls: number | null;
  durationMs: number | null;
  passesLastHour: { completed: number; failed: number; skipped: number };
  actionsLastHour: Readonly<Record<string, number>>;
  /**
   * Disconnects confirmed in that hour, and the time from the first sight of a violation to it, by the process that acted: a
   * restart sees it anew. null where there were none.
   */
  killsLastHour: { count: number; medianSeconds: number; slowestSeconds: number } | null;
  /** Disconnects that no later listing has confirmed. */
  unconfirmed: number;
  /** What keeps it from acting; of several the one that lasts longest. null where nothing does. */
  paused: PausedStatus | null;
  /** The same for every switch: all go by one set of rules. null where no rules were loaded yet. */
  rules: RulesStatus | null;
}

interface PausedStatus {
  /** All switches are paused, not this one alone. */
  allSwitches: boolean;
  /** ISO 8601 UTC. */
  since: string;
  /** null: until somebody resumes. */
  until: string | null;
  reason: string;
  actor: string;
}

/** What the store says of switches. */
interface Found {
  rows: readonly StatusRow[];
  report: RulesReport | undefined;
  pauses: readonly Pause[];
  served: readonly ServedSwitch[];
}

/** `callwarden status`: how the passes of each switch went, from the database; asks no switch. */
export function addStatus(program: Command, context: CliContext): void {
  const status = program
    .command('status')
    .summary(
      'how the passes of each switch went, the mode of the service, what is paused, and which rules are in force',
    )
    .description(
      'Shows per switch how its passes went and whether acting is paused, from the database, and tells where the rules or the config on disk are not those that the running service goes by. Asks no switch.',
    )
    .addOption(configOption())
    .addOption(switchOption())
    .addOption(outputOption())
    .action((options: StatusOptions) => printStatus(options, context));
  withExamples(
    status,
    'callwarden status -c callwarden.yaml',
    'watch callwarden status -c callwarden.yaml -o table',
  );
}

async function printStatus(options: StatusOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const names = selectSwitches(config, options.switch).map(({ name }) => name);
  const found: Found = existsSync(config.database)
    ? await readRows(config, names, context)
    : { rows: names.map((name) => toRow(name, { now: 0 })), report: undefined, pauses: [], served: [] };
  const { report, pauses, served } = found;
  const rows = shown(found.rows, context);
  const format = chosenFormat(options.output, context);
  await writeRows(rows, viewOf(rows, config.mode), format, context.stdout);
  if (format === 'table') {
    for (const line of rows.flatMap(linesBelow)) await context.stdout.write(`${harmless(line)}\n`);
  }
  // Said in any case: who only reads how the passes went would take "nothing cut" for "nothing to cut".
  for (const line of pauseLines(pauses, names, options.config)) await say(context, line);
  for (const { switches, text, next } of configsBehind(served, config)) {
    await say(context, `warning: ${switches.join(', ')}: ${text}. ${next}`);
  }
  for (const { switches, text, hidesEnforcing } of servedBySeveral(served)) {
    await say(context, `${hidesEnforcing ? 'warning: ' : ''}${switches.join(', ')}: ${text}.`);
  }
  if (report !== undefined) {
    for (const line of rulesTrouble(report, options.config)) await say(context, line);
  }
  const idle = rows.filter((row) => row.lastPassAt === null).map((row) => row.switch);
  if (idle.length > 0) {
    await say(
      context,
      `No pass was recorded yet for ${idle.join(', ')}: start \`callwarden run -c ${options.config}\`.`,
    );
  }
}

async function readRows(config: Config, names: readonly string[], context: CliContext): Promise<Found> {
  const { database, rulesDir } = config;
  const passes = openPassReader(database, { clock: context.clock });
  const store = openStore(database, { readonly: true });
  try {
    const report = await store.rulesInForce.lastReport(rulesDir);
    const rules = report === undefined ? null : rulesStatus(report);
    const now = context.clock();
    const pauses = await store.pauses.list(now);
    const served = await Promise.all(
      names.map(async (name) => servedSwitch(name, await store.services.of(name), config)),
    );
    const rows = await Promise.all(
      served.map(async ({ name, services, service }) => {
        const unconfirmed = await store.audit.unconfirmed(name);
        return toRow(name, {
          passes: passes.last(name)[0],
          unconfirmed: unconfirmed.length,
          pause: lastingPause(pauses, name),
          now,
          rules,
          mode: service?.mode ?? null,
          configChanged: service === undefined ? null : isConfigBehind(service, config),
          services: services.map(({ mode, configFile, startedAt }) => ({
            mode,
            config: configFile,
            startedAt: new Date(startedAt).toISOString(),
          })),
        });
      }),
    );
    return { rows, report, pauses, served };
  } finally {
    passes.close();
    store.close();
  }
}

function toRow(
  name: string,
  {
    passes,
    unconfirmed = 0,
    pause,
    now,
    rules = null,
    mode = null,
    configChanged = null,
    services = [],
  }: {
    passes?: SwitchPasses | undefined;
    unconfirmed?: number;
    pause?: Pause | undefined;
    now: number;
  } & Partial<Pick<StatusRow, 'rules' | 'mode' | 'configChanged' | 'services'>>,
): StatusRow {
  const last = newest(passes?.lastCompleted ?? null, passes?.lastFailed ?? null);
  const { completed = 0, failed = 0, skipped = 0, actions = {}, kills } = passes?.lastHour ?? {};
  return {
    switch: name,
    lastPassAt: last?.startedAt ?? null,
    ageSeconds: last === null ? null : Math.max(0, Math.round((now - Date.parse(last.startedAt)) / 1000)),
    status: last?.status ?? null,
    mode,
    configChanged,
    services,
    error: last?.error ?? null,
    calls: last?.status === 'completed' ? last.calls : null,
    durationMs: last?.durationMs ?? null,
    passesLastHour: { completed, failed, skipped },
    actionsLastHour: actions,
    killsLastHour: kills === undefined ? null : killsOf(kills),
    unconfirmed,
    paused: pause === undefined ? null : pausedStatus(pause),
    rules,
  };
}

function killsOf({ count, medianMs, slowestMs }: KillTimes): NonNullable<StatusRow['killsLastHour']> {
  return { count, medianSeconds: medianMs / 1000, slowestSeconds: slowestMs / 1000 };
}

function pausedStatus({ switch: name, at, until, reason, actor }: Pause): PausedStatus {
  return {
    allSwitches: name === undefined,
    since: new Date(at).toISOString(),
    until: until === undefined ? null : new Date(until).toISOString(),
    reason,
    actor,
  };
}

/** Every pause that concerns one of these switches. */
function pauseLines(
  pauses: readonly Pause[],
  names: readonly string[],
  configFile: string,
): readonly string[] {
  return pauses
    .filter((pause) => pause.switch === undefined || names.includes(pause.switch))
    .map(
      (pause) =>
        `warning: ${pausedName(pause.switch)}: ${pauseText(pause)}. Rules disconnect nothing; \`${resumeCommand(configFile, pause.switch)}\` ends it.`,
    );
}

function newest(one: PassSummary | null, other: PassSummary | null): PassSummary | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one.startedAt) > Date.parse(other.startedAt) ? one : other;
}

/** Goes on in the next line rather than being cut. */
const WHOLE = { wraps: true, keep: true };

/** Whether acting is paused is shown where it is, and beside the name, so that no narrow terminal hides it. */
function viewOf(rows: readonly StatusRow[], configMode: Config['mode']): RowView<StatusRow> {
  const isPaused = rows.some(({ paused }) => paused !== null);
  const columns = [
    ...PASS_COLUMNS.slice(0, 1),
    ...(isPaused ? [PAUSED_COLUMN] : []),
    ...PASS_COLUMNS.slice(1),
    modeColumn(configMode),
    RULES_COLUMN,
  ];
  return { columns, fields: FIELDS };
}

type StatusColumn = RowView<StatusRow>['columns'][number];

/** `enforce, config monitor, one of 2`: the mode of the running service, that of the file where it is another one, and how many run. */
function modeColumn(configMode: Config['mode']): StatusColumn {
  return {
    header: 'MODE',
    ...WHOLE,
    cell({ mode, configChanged, services }) {
      if (mode === null) return null;
      const changed =
        configChanged === true ? `, config ${mode === configMode ? 'changed' : configMode}` : '';
      return `${mode}${changed}${services.length > 1 ? `, one of ${services.length}` : ''}`;
    },
  };
}

const PAUSED_COLUMN: StatusColumn = {
  header: timeHeader('PAUSED UNTIL'),
  ...WHOLE,
  cell: ({ paused }) => {
    if (paused === null) return null;
    return paused.until === null ? 'until resumed' : localTime(Date.parse(paused.until));
  },
};

const PASS_COLUMNS: readonly StatusColumn[] = [
  { header: 'SWITCH', cell: (row) => row.switch, wraps: true },
  {
    header: timeHeader('LAST PASS'),
    ...WHOLE,
    cell: (row) => (row.lastPassAt === null ? 'none yet' : localTime(Date.parse(row.lastPassAt))),
  },
  { header: 'STATUS', ...WHOLE, cell: (row) => row.status },
  { header: 'CALLS', cell: (row) => row.calls, optional: 'always' },
  {
    header: 'AGE',
    cell: (row) => (row.ageSeconds === null ? null : `${row.ageSeconds} s`),
    optional: 'always',
  },
  {
    header: 'TOOK',
    cell: (row) => (row.durationMs === null ? null : `${row.durationMs} ms`),
    optional: 'always',
  },
  { header: 'PASSES/H', cell: passesText, wraps: true },
  { header: 'ACTIONS/H', cell: actionsText, wraps: true },
  { header: 'UNCONFIRMED', cell: (row) => row.unconfirmed, optional: 'always' },
];

const RULES_COLUMN: StatusColumn = {
  header: 'RULES',
  cell: ({ rules }) => (rules === null ? null : rulesInForceText(rules)),
  ...WHOLE,
};

const FIELDS: RowView<StatusRow>['fields'] = [
  'switch',
  'lastPassAt',
  'ageSeconds',
  'status',
  'mode',
  'configChanged',
  'services',
  'error',
  'calls',
  'durationMs',
  'passesLastHour',
  'actionsLastHour',
  'killsLastHour',
  'unconfirmed',
  'paused',
  'rules',
];

/** What has no room in a table, or may be left out of it, but must be read. */
function linesBelow({ switch: name, error, unconfirmed, killsLastHour }: StatusRow): readonly string[] {
  const disconnects = unconfirmed === 1 ? 'disconnect' : 'disconnects';
  return [
    ...(error === null ? [] : [`${name}: ${error.code}: ${error.message}`]),
    ...(killsLastHour === null ? [] : [`${name}: ${killsText(killsLastHour)}`]),
    ...(unconfirmed === 0
      ? []
      : [`${name}: ${unconfirmed} ${disconnects} that no later listing has confirmed`]),
  ];
}

function killsText({
  count,
  medianSeconds,
  slowestSeconds,
}: NonNullable<StatusRow['killsLastHour']>): string {
  const calls = count === 1 ? '1 cut call was' : `${count} cut calls were`;
  return `${calls} seen to be gone within the last hour, half of them ${medianSeconds.toFixed(1)} s or less after the process that cut them first saw the violation, all within ${slowestSeconds.toFixed(1)} s`;
}

function passesText({ passesLastHour: { completed, failed, skipped } }: StatusRow): string {
  const troubles = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(
    Boolean,
  );
  return [`${completed}`, ...troubles].join(', ');
}

function actionsText({ actionsLastHour }: StatusRow): string {
  return Object.entries(actionsLastHour)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}
