import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { AuditRecord } from '../../domain/action.js';
import type { Config } from '../../domain/config.js';
import { CallwardenError } from '../../domain/errors.js';
import { openAuditChanges } from '../../store/audit-changes.js';
import { openAuditReader } from '../../store/audit-reader.js';
import { createPassLock } from '../../store/pass-lock.js';
import {
  type AuditFilters,
  addFilterOptions,
  refuseEmptyTime,
  refuseUnknownSwitch,
  toQuery,
} from '../audit-filters.js';
import { AUDIT_VIEW } from '../audit-view.js';
import { loadConfig } from '../compose.js';
import { type CliContext, type Output, say, shown } from '../context.js';
import { cannotBeWritten, EXIT_FAILED, UsageError } from '../errors.js';
import type { ExportAsked } from '../export-cursor.js';
import { createFile } from '../export-file.js';
import { exportChanges } from '../export-log.js';
import { configOption, oneOf, withExamples } from '../options.js';
import { createRowWriter } from '../output.js';

const FORMATS = ['jsonl', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** Collected before it is written to a file, so that a gzip member is worth its head. */
const PIECE_CHARACTERS = 1_000_000;

interface ExportOptions extends AuditFilters {
  config: string;
  output?: Format;
  to?: string;
  gzip?: boolean;
  cursor?: string;
}

/** `callwarden audit export`: the log for other systems, whole or what is new. */
export function addAuditExport(audit: Command, context: CliContext): void {
  const command = audit
    .command('export')
    .summary('hand the records to other systems, whole or what is new')
    .description(
      'Exports the records whose outcome is known. With --cursor only what is new since the last time; a record is then exported when its outcome is known, and once more, under the same id, when a later listing confirms or refutes it.',
    )
    .addOption(configOption());
  addFilterOptions(command, context)
    .addOption(
      new Option(
        '-o, --output <format>',
        `${FORMATS.join(', ')}; by default csv where --to ends so, jsonl otherwise`,
      ).argParser(oneOf(FORMATS)),
    )
    .option('--to <file>', 'write to this file, made readable by you only; by default to standard output')
    .option('--gzip', 'compress the file, as a name that ends in .gz does')
    .option('--cursor <file>', 'note there how far the export has come, and go on from there')
    .action((options: ExportOptions) => exportAudit(options, context));
  withExamples(
    command,
    'callwarden audit export -c callwarden.yaml --since 30d --to cut.csv',
    'callwarden audit export -c callwarden.yaml --account 10 --to account-10.jsonl.gz',
    'callwarden audit export -c callwarden.yaml --cursor /var/lib/siem/callwarden.cursor --to /var/lib/siem/callwarden.jsonl',
    'callwarden audit export -c callwarden.yaml --cursor callwarden.cursor | logger --tag callwarden',
  );
}

async function exportAudit(options: ExportOptions, context: CliContext): Promise<void> {
  refuseEmptyTime(options);
  const { to } = options;
  if (options.gzip === true && to === undefined) {
    throw new UsageError(
      '--gzip goes with --to. In a pipe, compress behind it: `callwarden audit export … | gzip`.',
    );
  }
  if (options.cursor !== undefined && options.until !== undefined) {
    throw new UsageError(
      '--until does not go with --cursor: the cursor would move past later records, and they would never be exported. Leave one of them out.',
    );
  }
  if (to !== undefined && options.cursor !== undefined && isSameFile(to, options.cursor)) {
    throw new UsageError(
      `--to and --cursor both name ${to}: expected two files, one for the records and one for how far the export has come.`,
    );
  }
  const gzip = options.gzip === true || to?.endsWith('.gz') === true;
  const format = options.output ?? (/\.csv(\.gz)?$/.test(to ?? '') ? 'csv' : 'jsonl');
  const config = await loadConfig(options.config, context);
  await checkSwitch(config, options.switch);
  if (options.cursor !== undefined) {
    await exportNew(config, options, { format, gzip, filters: lasting(options) }, options.cursor, context);
  } else if (to !== undefined) await exportToFile(config, options, { to, gzip, format }, context);
  else {
    await exportAll(config, options, format, context.stdout, context);
    await context.stdout.flush?.();
  }
}

/** Also by another way of writing it, or through links. */
function isSameFile(one: string, other: string): boolean {
  return realPath(one) === realPath(other);
}

/** Of a file that need not be there. */
function realPath(path: string): string {
  for (const [place, name] of [
    [resolve(path), ''],
    [dirname(resolve(path)), basename(path)],
  ] as const) {
    if (existsSync(place)) return join(realpathSync(place), name);
  }
  return resolve(path);
}

async function checkSwitch(config: Config, name: string | undefined): Promise<void> {
  const reader = openAuditReader(config.database);
  try {
    refuseUnknownSwitch(reader, config, name);
  } finally {
    reader.close();
  }
}

/** The filters that one export shares with the next: not the times, which move on. */
function lasting(options: ExportOptions): ExportAsked['filters'] {
  const { since: _since, until: _until, ...filters } = toQuery(options);
  return filters as ExportAsked['filters'];
}

async function exportNew(
  config: Config,
  options: ExportOptions,
  asked: ExportAsked,
  cursorFile: string,
  context: CliContext,
): Promise<void> {
  const { to } = options;
  const release = await lockAll(to === undefined ? [cursorFile] : [cursorFile, to]);
  if (release === undefined) {
    const where = to === undefined ? '' : ` or to ${to}`;
    await say(
      context,
      `Another export with the cursor ${cursorFile}${where} is under way; nothing was exported.`,
    );
    context.setExitCode(EXIT_FAILED);
    return;
  }
  const changes = openAuditChanges(config.database);
  try {
    const request = { query: toQuery(options), asked, to, cursorFile };
    const { lines, missed } = await exportChanges(changes, request, context.stdout, (record) =>
      shown(record, context),
    );
    if (missed > 0) await say(context, `${missed} events were pruned before they were exported.`);
    await tellLines(lines, to, context);
  } finally {
    changes.close();
    release();
  }
}

/** For as long as an export writes to these files; undefined where another one writes to any of them. */
async function lockAll(files: readonly string[]): Promise<(() => void) | undefined> {
  const releases: (() => void)[] = [];
  const releaseAll = () => {
    for (const release of releases) release();
  };
  for (const file of files) {
    const release = await createPassLock(resolve(file))
      .acquire('export')
      .catch((error: unknown) => {
        releaseAll();
        throw error instanceof CallwardenError
          ? cannotBeWritten(`The lock beside ${file}`, error.cause)
          : error;
      });
    if (release === undefined) {
      releaseAll();
      return undefined;
    }
    releases.push(release);
  }
  return releaseAll;
}

async function exportToFile(
  config: Config,
  options: ExportOptions,
  { to, gzip, format }: { to: string; gzip: boolean; format: Format },
  context: CliContext,
): Promise<void> {
  const file = createFile(resolve(to), gzip);
  let text = '';
  const put = () => {
    if (text !== '') file.append(text);
    text = '';
  };
  const collected: Output = {
    isTerminal: false,
    columns: undefined,
    async write(part) {
      text += part;
      if (text.length > PIECE_CHARACTERS) put();
    },
  };
  try {
    const lines = await exportAll(config, options, format, collected, context);
    put();
    file.finish();
    await tellLines(lines, to, context);
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** All records that match, oldest first; returns how many. */
async function exportAll(
  config: Config,
  options: ExportOptions,
  format: Format,
  output: Output,
  context: CliContext,
): Promise<number> {
  const reader = openAuditReader(config.database);
  const writer = createRowWriter<AuditRecord>(AUDIT_VIEW, format, output);
  let lines = 0;
  let underWay = 0;
  try {
    for (const record of reader.query(toQuery(options))) {
      if (record.outcome === null) underWay += 1;
      else {
        await writer.write(shown(record, context));
        lines += 1;
      }
    }
    await writer.end();
  } finally {
    reader.close();
  }
  if (underWay > 0) await say(context, `Left out what is still under way: ${counted(underWay)}.`);
  return lines;
}

/** A person wants to see that it worked; a program that calls this at night does not. */
async function tellLines(lines: number, to: string | undefined, context: CliContext): Promise<void> {
  if (context.stderr.isTerminal)
    await say(context, `Exported ${counted(lines)}${to === undefined ? '' : ` to ${to}`}.`);
}

function counted(records: number): string {
  return `${records} ${records === 1 ? 'record' : 'records'}`;
}
