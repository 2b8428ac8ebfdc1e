import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { ACTION_TYPES, type AuditRecord, OUTCOMES } from '../../domain/action.js';
import type { AuditQuery, AuditReader } from '../../domain/ports.js';
import { openAuditReader } from '../../store/audit-reader.js';
import { AUDIT_VIEW } from '../audit-view.js';
import { addComing } from '../coming.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say } from '../context.js';
import { UsageError } from '../errors.js';
import { type FollowStart, followedRecords, followStart } from '../follow-audit.js';
import {
  chosenFormat,
  configOption,
  oneOf,
  outputOption,
  timeWord,
  wholeNumber,
  withExamples,
} from '../options.js';
import { createRowWriter, type OutputFormat, type RowWriter } from '../output.js';

/** Records printed where -n says nothing else; the same as journalctl -n would be too few for a burst. */
const DEFAULT_COUNT = 100;

/** How long -f waits between two looks into the database. */
const FOLLOW_INTERVAL_MS = 500;

interface AuditOptions {
  config: string;
  since?: number;
  until?: number;
  rule?: string;
  account?: number;
  customer?: number;
  call?: string;
  cli?: string;
  cld?: string;
  action?: string;
  outcome?: string;
  switch?: string;
  mode?: string;
  lines: number | 'all';
  follow?: boolean;
  output?: OutputFormat;
}

/** `callwarden audit [list]`: who was cut, when, by which rule, on what evidence. */
export function addAudit(program: Command, context: CliContext): void {
  const audit = program
    .command('audit')
    .summary('query the audit log')
    .description(
      'Queries the audit log. Without a further word the same as `audit list`, whose options it takes.',
    );

  const list = audit
    .command('list', { isDefault: true })
    .description('Lists the records of actions, oldest first; by default the last 100.')
    .addOption(configOption())
    .option(
      '--since <time>',
      'at or after: 1h, "2 days ago", yesterday, "2026-01-05 10:00" …',
      timeWord(context),
    )
    .option('--until <time>', 'before, in the same words', timeWord(context))
    .option('--rule <name>', 'by this rule')
    .option('--account <id>', 'of this account', wholeNumber('the number of an account'))
    .option('--customer <id>', 'of this customer', wholeNumber('the number of a customer'))
    .option('--call <id>', 'of the call with this ID or CALL_ID')
    .option(
      '--cli <number>',
      'from this number; separators and a leading + or 00 do not matter',
      telephoneNumber,
    )
    .option('--cld <number>', 'to this number, likewise', telephoneNumber)
    .option('--action <type>', ACTION_TYPES.join(', '), oneOf(ACTION_TYPES))
    .option('--outcome <outcome>', OUTCOMES.join(', '), oneOf(OUTCOMES))
    .option('--switch <name>', 'on this switch of the config')
    .option('--mode <mode>', 'enforce, monitor', oneOf(['enforce', 'monitor']))
    .option('-n, --lines <count>', 'the last so many, or all', countOfLines, DEFAULT_COUNT)
    .option('-f, --follow', 'go on printing new records until interrupted; each once its outcome is known')
    .addOption(outputOption())
    .action((options: AuditOptions) => listRecords(options, context));
  withExamples(list, ...EXAMPLES);
  addComing(audit, 'verify', 'export', 'prune');
  // Its options are those of list, and who asks for help wants to see them.
  audit.addHelpText('after', () => `\n${optionsHelp(list)}`);
  withExamples(audit, ...EXAMPLES);
}

function optionsHelp(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const width = Math.max(...options.map((option) => help.optionTerm(option).length));
  const rows = options.map((option) =>
    help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help),
  );
  return ['Options of audit list:', ...rows].join('\n');
}

const EXAMPLES = [
  'callwarden audit -c callwarden.yaml --since 1h',
  'callwarden audit -c callwarden.yaml --cld +4930123456 --since yesterday -n all',
  'callwarden audit -c callwarden.yaml --outcome disconnected -f',
  'callwarden audit -c callwarden.yaml --rule account-concurrent-calls -o csv > cut.csv',
];

function countOfLines(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of records, or all.');
}

function telephoneNumber(text: string): string {
  if (/\d/.test(text)) return text;
  throw new InvalidArgumentError('Expected a telephone number, with digits.');
}

async function listRecords(options: AuditOptions, context: CliContext): Promise<void> {
  const { since, until } = options;
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError('--since is not before --until: expected the earlier time first.');
  }
  if (options.follow === true && until !== undefined) {
    throw new UsageError('--follow prints what is still to come: it does not go with --until.');
  }
  const config = await loadConfig(options.config, context);
  if (!existsSync(config.database)) selectSwitches(config, options.switch);
  const reader = openAuditReader(config.database);
  try {
    // The log also holds what was done on switches that are no longer in the config.
    if (!hasRecordOf(reader, options.switch)) selectSwitches(config, options.switch);
    const writer = createRowWriter(AUDIT_VIEW, chosenFormat(options.output, context), context.stdout);
    const query = toQuery(options);
    const start = options.follow === true ? startOf(reader, context) : undefined;
    let found = options.lines === 0;
    for (const record of newest(reader, query, options.lines)) {
      found = true;
      if (record.outcome !== null) start?.seen.add(record.id);
      await writer.write(record);
    }
    if (start !== undefined) {
      await writer.flush();
      await follow(reader, query, start, writer, context);
    }
    await writer.end();
    if (!found && start === undefined) await say(context, 'no records match');
  } finally {
    reader.close();
  }
}

function hasRecordOf(reader: AuditReader, switchName: string | undefined): boolean {
  if (switchName === undefined) return true;
  return [...reader.query({ switch: switchName, limit: 1 })].length > 0;
}

function toQuery(options: AuditOptions): AuditQuery {
  const { since, until, rule, account, customer, call, cli, cld, action, outcome, mode } = options;
  const asked = {
    since,
    until,
    rule,
    account,
    customer,
    call,
    cli,
    cld,
    action,
    outcome,
    mode,
    switch: options.switch,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function newest(reader: AuditReader, query: AuditQuery, lines: number | 'all'): Iterable<AuditRecord> {
  if (lines === 0) return [];
  return reader.query(lines === 'all' ? query : { ...query, limit: lines });
}

function startOf(reader: AuditReader, context: CliContext): FollowStart {
  return followStart((query) => reader.query(query), context.clock());
}

async function follow(
  reader: AuditReader,
  { outcome, ...query }: AuditQuery,
  start: FollowStart,
  writer: RowWriter<AuditRecord>,
  context: CliContext,
): Promise<void> {
  const signal = context.interrupted();
  const batches = followedRecords({
    read: (afterId) => reader.query({ ...query, afterId }),
    outcome,
    start,
    clock: context.clock,
    wait: () => delay(FOLLOW_INTERVAL_MS, undefined, { signal }).catch(() => undefined),
    stopped: () => signal.aborted,
  });
  for await (const batch of batches) {
    for (const record of batch) await writer.write(record);
    if (batch.length > 0) await writer.flush();
  }
}
