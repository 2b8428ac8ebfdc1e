import { type Command, Option } from 'commander';
import type { Config } from '../../domain/config.js';
import { appendCheckpoint } from '../checkpoint-file.js';
import { openSigner } from '../checkpoint-keys.js';
import { loadConfig } from '../compose.js';
import { type CliContext, say, shown } from '../context.js';
import { EXIT_FAILED } from '../errors.js';
import { harmlessJson } from '../harmless-text.js';
import { configOption, oneOf, withExamples } from '../options.js';
import { verificationReport, verificationText } from '../verification-text.js';
import { type LogVerification, verifyLog } from '../verify-log.js';

const FORMATS = ['table', 'json'] as const;

interface VerifyOptions {
  config: string;
  against?: string;
  key?: readonly string[];
  checkpoint?: string | true;
  output: (typeof FORMATS)[number];
}

/** `callwarden audit verify`: whether the log still says what was written. */
export function addAuditVerify(audit: Command, context: CliContext): void {
  const verify = audit
    .command('verify')
    .summary('find the first altered, removed or inserted event')
    .description(
      'Recomputes the chain of hashes over the whole audit log, compares it with signed checkpoints, and names the first event that is not what was written. Works while `run` is writing. Exit code 0: whole; 1: it is not.',
    )
    .addOption(configOption())
    .option('--against <file>', 'compare with these checkpoints; by default those of the config, if any')
    .option(
      '--key <file...>',
      'public keys that may have signed them, and prunes; by default that of the config',
    )
    .option(
      '--checkpoint [file]',
      'append a signed checkpoint of what was verified; by default to that of the config',
    )
    .addOption(
      new Option('-o, --output <format>', FORMATS.join(', ')).argParser(oneOf(FORMATS)).default('table'),
    )
    .action((options: VerifyOptions) => verifyAudit(options, context));
  withExamples(
    verify,
    'callwarden audit verify -c callwarden.yaml',
    'callwarden audit verify -c callwarden.yaml --against /mnt/worm/checkpoints.jsonl --key /root/callwarden.pub',
    'callwarden audit verify -c callwarden.yaml --checkpoint /mnt/usb/checkpoints.jsonl',
  );
}

async function verifyAudit(options: VerifyOptions, context: CliContext): Promise<void> {
  const config = await loadConfig(options.config, context);
  const verified = verifyLog(config, { against: options.against, keyFiles: options.key ?? [] }, context);
  for (const note of verified.notes) await say(context, note);
  const report = shown(verificationReport(verified), context);
  await context.stdout.write(
    options.output === 'json' ? `${harmlessJson(report)}\n` : verificationText(report),
  );
  if (!report.whole) context.setExitCode(EXIT_FAILED);
  if (options.checkpoint !== undefined) await keepCheckpoint(verified, options.checkpoint, config, context);
}

async function keepCheckpoint(
  { verification: { head, fault } }: LogVerification,
  asked: string | true,
  { checkpoints }: Config,
  context: CliContext,
): Promise<void> {
  if (fault !== undefined)
    return say(context, 'No checkpoint was written: it would vouch for what is not whole.');
  if (head.sequence === 0) return say(context, 'No checkpoint was written: the log is empty.');
  const file = asked === true ? checkpoints.file : asked;
  const signer = openSigner(checkpoints.keyFile);
  if (signer.warning !== undefined) await say(context, signer.warning);
  if (signer.created) await say(context, `Made the key ${checkpoints.keyFile}, which signs checkpoints.`);
  appendCheckpoint(file, signer.sign(head, context.clock()));
  await say(context, `Checkpoint of event ${head.sequence} appended to ${file}.`);
}
