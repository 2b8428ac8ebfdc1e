import type { AuditChain, ChainHead } from '../domain/audit-chain.js';
import type { Clock } from '../domain/ports.js';
import { appendCheckpoint } from './checkpoint-file.js';
import { type OpenedSigner, openSigner } from './checkpoint-keys.js';
import { repeat } from './repeat.js';
import type { ServiceLog } from './service.js';

export interface CheckpointWritingOptions {
  chain: Pick<AuditChain, 'head'>;
  /** Absolute paths. */
  file: string;
  keyFile: string;
  clock: Clock;
  log: ServiceLog;
}

export interface CheckpointWriting {
  /** Appends a signed checkpoint where the log has grown since the last one; never rejects, but logs what went wrong. */
  write(): Promise<void>;
}

/**
 * Writes a checkpoint now, every so often, and at the end: `stop` resolves when the last one is written. Call it when nothing
 * is recorded any more.
 */
export async function keepCheckpoints(
  options: CheckpointWritingOptions & { everyMs: number },
): Promise<{ stop(): Promise<void> }> {
  const writing = createCheckpointWriting(options);
  await writing.write();
  const repeated = repeat(() => writing.write(), options.everyMs);
  return {
    async stop() {
      await repeated.stop();
      await writing.write();
    },
  };
}

/** Writes checkpoints beside the passes: the service goes on where they cannot be written, but says so each time. */
export function createCheckpointWriting(options: CheckpointWritingOptions): CheckpointWriting {
  const { chain, file, keyFile, clock, log } = options;
  let signer: OpenedSigner | undefined;
  let written: ChainHead | undefined;

  return {
    async write() {
      try {
        const head = await chain.head();
        if (head.sequence === 0 || head.sequence === written?.sequence) return;
        // Each time anew: a key that was changed meanwhile is the one that counts from then on.
        signer = opened(keyFile, signer, log);
        appendCheckpoint(file, signer.sign(head, clock()));
        written = head;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        log.error({ file }, `no checkpoint of the audit log could be written: ${message}`);
      }
    },
  };
}

function opened(keyFile: string, before: OpenedSigner | undefined, log: ServiceLog): OpenedSigner {
  const signer = openSigner(keyFile);
  if (signer.key === before?.key) return signer;
  if (before !== undefined) {
    log.warn(
      { key: keyFile, before: before.key, now: signer.key },
      `the key ${keyFile} is another one now: keep the older public key, what it signed is checked with --key`,
    );
  }
  if (signer.created)
    log.info({ key: keyFile }, `made the key ${keyFile} that signs checkpoints of the audit log`);
  if (signer.warning !== undefined) log.warn({ key: keyFile }, signer.warning);
  return signer;
}
