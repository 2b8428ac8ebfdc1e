import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { AuditRecord } from '../../domain/action.js';
import type { AuditQuery, AuditReader } from '../../domain/ports.js';
import { openAuditReader } from '../../store/audit-reader.js';
import {
  type AuditFilters,
  addFilterOptions,
  refuseEmptyTime,
  refuseUnknownSwitch,
  toQuery,
} from '../audit-filters.js';
import { AUDIT_VIEW } from '../audit-view.js';
import { loadConfig, selectSwitches } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { UsageError } from '../errors.js';
import { type FollowStart, followedRecords, followStart } from '../follow-audit.js';
import { chosenFormat, configOption, outputOption } from '../options.js';
import { createRowWriter, type OutputFormat, type RowWriter } from '../output.js';

/** Records printed where -n says nothing else; the same as journalctl -n would be too few for a burst. */
const DEFAULT_COUNT = 100;

/** How long -f waits between two looks into the database. */
const FOLLOW_INTERVAL_MS = 500;

interface ListOptions extends AuditFilters {
  config: string;
  lines: number | 'all';
  follow?: boolean;
  output?: OutputFormat;
}

/** `callwarden audit [list]`: who was cut, when, by which rule, on what evidence. */
export function addAuditList(audit: Command, context: CliContext): Command {
  const list = audit
    .command('list', { isDefault: true })
    .description('Lists the records of actions, oldest first; by default the last 100.')
    .addOption(configOption());
  return addFilterOptions(list, context)
    .option('-n, --lines <count>', 'the last so many, or all', countOfLines, DEFAULT_COUNT)
    .option('-f, --follow', 'go on printing new records until interrupted; each once its outcome is known')
    .addOption(outputOption())
    .action((options: ListOptions) => listRecords(options, context));
}

function countOfLines(text: string): number | 'all' {
  if (text === 'all') return 'all';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number of records, or all.');
}

async function listRecords(options: ListOptions, context: CliContext): Promise<void> {
  refuseEmptyTime(options);
  if (options.follow === true && options.until !== undefined) {
    throw new UsageError('--follow prints what is still to come: it does not go with --until.');
  }
  const config = await loadConfig(options.config, context);
  if (!existsSync(config.database)) selectSwitches(config, options.switch);
  const reader = openAuditReader(config.database);
  try {
    refuseUnknownSwitch(reader, config, options.switch);
    const writer = createRowWriter(AUDIT_VIEW, chosenFormat(options.output, context), context.stdout);
    const query = toQuery(options);
    const start = options.follow === true ? startOf(reader, context) : undefined;
    let found = options.lines === 0;
    for (const record of newest(reader, query, options.lines)) {
      found = true;
      if (record.outcome !== null) start?.seen.add(record.id);
      await writer.write(shown(record, context));
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
    for (const record of batch) await writer.write(shown(record, context));
    if (batch.length > 0) await writer.flush();
  }
}
