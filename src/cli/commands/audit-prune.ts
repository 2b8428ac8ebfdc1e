import type { Command } from 'commander';
import { durationText } from '../../documents/duration.js';
import { type OpenRecord, type PrunedSpan, SHORTEST_KEPT_MS } from '../../domain/audit-chain.js';
import type { Config } from '../../domain/config.js';
import { openStore } from '../../store/open-store.js';
import { actorOfCommandLine } from '../actor.js';
import { askYesNo } from '../ask.js';
import { localTime } from '../audit-view.js';
import { openSigner } from '../checkpoint-keys.js';
import { loadConfig } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED, UsageError } from '../errors.js';
import { givenReason } from '../given-reason.js';
import { configOption, timeWord, withExamples } from '../options.js';
import { verificationReport, verificationText } from '../verification-text.js';
import { verifyLog } from '../verify-log.js';

interface PruneOptions {
  config: string;
  before: number;
  reason: string;
  key?: readonly string[];
  yes?: true;
  dryRun?: true;
}

/** `callwarden audit prune`: removes the oldest records for good, on record, and leaves a chain that can be verified. */
export function addAuditPrune(audit: Command, context: CliContext): void {
  const prune = audit
    .command('prune')
    .summary('remove the oldest records for good')
    .description(
      'Removes what is older than a time from the beginning of the audit log. Verifies the log first, seals what goes with a signed checkpoint and records who removed it and why; what stays can be verified as before. Nothing else ever removes a record.',
    )
    .addOption(configOption())
    .requiredOption(
      '--before <time>',
      'records before: 2y, "2026-01-05", "6 months ago" …',
      timeWord(context),
    )
    .requiredOption('--reason <text>', 'why, for the audit log')
    .option('--key <file...>', 'older public keys that have signed, besides that of the config')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would go')
    .action((options: PruneOptions) => pruneAudit(options, context));
  withExamples(
    prune,
    'callwarden audit export -c callwarden.yaml --until "2 years ago" --to until-2024.jsonl.gz',
    'callwarden audit prune -c callwarden.yaml --before "2 years ago" --reason "kept for two years" --dry-run',
    'callwarden audit prune -c callwarden.yaml --before "2 years ago" --reason "kept for two years"',
  );
}

async function pruneAudit(options: PruneOptions, context: CliContext): Promise<void> {
  const reason = givenReason(options.reason);
  const now = context.clock();
  if (options.before > now) throw new UsageError('--before is in the future: expected a time that is over.');
  if (options.yes !== true && options.dryRun !== true && !process.stdin.isTTY) {
    throw new UsageError('Nobody is there to ask. Give --yes to prune without asking, or --dry-run to look.');
  }
  const config = await loadConfig(options.config, context);
  if (!(await isWhole(config, options.key ?? [], context))) return;
  const newest = now - SHORTEST_KEPT_MS;
  if (options.before > newest) {
    await say(
      context,
      `Records of the last ${durationText(SHORTEST_KEPT_MS)} are never removed: rules still go by them.`,
    );
  }
  const { span, open } = await prunable(config, options.before);
  if (open !== undefined) await say(context, openText(open, options.config));
  const before = `before ${localTime(Math.min(options.before, newest))}`;
  if (span === undefined) {
    await context.stdout.write(`Nothing to remove: no whole span of the log lies ${before}.\n`);
    return;
  }
  if (options.dryRun === true) {
    await context.stdout.write(`Would remove ${spanText(span)}, all ${before}.\n`);
    return;
  }
  if (options.yes !== true) {
    const question = `Remove ${spanText(span)}, all ${before}, for good? Export them first if anybody may ask for them.`;
    if (!(await askYesNo(question))) {
      await say(context, 'Nothing was removed.');
      context.setExitCode(EXIT_FAILED);
      return;
    }
  }
  await remove(config, options.before, reason, context);
}

/** What was tampered with would be gone for good with the span that it lies in. */
async function isWhole(config: Config, keyFiles: readonly string[], context: CliContext): Promise<boolean> {
  const verified = verifyLog(config, { keyFiles, ownKeyToo: true }, context);
  for (const note of verified.notes) await say(context, note);
  if (verified.verification.fault === undefined) return true;
  await context.stderr.write(verificationText(shown(verificationReport(verified), context)));
  await say(context, 'Nothing was removed: what is not whole is evidence.');
  context.setExitCode(EXIT_FAILED);
  return false;
}

async function prunable(
  { database }: Config,
  before: number,
): Promise<{ span: PrunedSpan | undefined; open: OpenRecord | undefined }> {
  const { chain, close } = openStore(database, { readonly: true });
  try {
    return { span: await chain.prunable(before), open: await chain.openBefore(before) };
  } finally {
    close();
  }
}

/** A switch that is not in the config any more has no pass to end what it left open. */
function openText({ event, record, switch: name, at }: OpenRecord, config: string): string {
  return `Record ${record} (event ${event}, switch ${name}, ${localTime(at)}) has no outcome yet, so nothing from it on can go. A pass of that switch ends it as \`unknown\`: \`callwarden once -c ${config} --switch ${name}\`. Where the config does not name the switch any more, put it back for that one pass, with any url.`;
}

async function remove(
  { database, checkpoints }: Config,
  before: number,
  reason: string,
  context: CliContext,
): Promise<void> {
  const signer = openSigner(checkpoints.keyFile);
  if (signer.warning !== undefined) await say(context, signer.warning);
  const store = openStore(database);
  try {
    const actor = actorOfCommandLine(context.env);
    const removed = await store.chain.prune(before, { at: context.clock(), actor, reason, signer });
    if (removed === undefined) await context.stdout.write('Nothing to remove any more.\n');
    else {
      await context.stdout.write(`Removed ${spanText(removed)}. On record as done by ${actor}.\n`);
      await say(
        context,
        'The file keeps its size, and new records fill the room. To shrink it, stop callwarden and run `sqlite3 <database> VACUUM`.',
      );
    }
  } finally {
    store.close();
  }
}

function spanText({ from, to, events, actions }: PrunedSpan): string {
  return `${counted(actions, 'record')} (${counted(events, 'event')}, ${from} to ${to})`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
