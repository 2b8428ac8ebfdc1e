import { existsSync } from 'node:fs';
import type { Verification } from '../domain/audit-chain.js';
import type { Config } from '../domain/config.js';
import { openAuditVerifier } from '../store/audit-verifier.js';
import { readCheckpoints } from './checkpoint-file.js';
import { isGenuine, type PublicKeys, publicKeyFile, readPublicKeys } from './checkpoint-keys.js';
import type { CliContext } from './context.js';
import { UsageError } from './errors.js';
import { createProgressBar } from './progress.js';

export interface LogVerification {
  verification: Verification;
  /** The file whose checkpoints the log was compared with; undefined where there is none. */
  checkpointFile: string | undefined;
  /** False where there was no key to check signatures with. */
  signaturesChecked: boolean;
  /** What a person should know besides. */
  notes: readonly string[];
}

/**
 * Walks the audit log and compares it with the checkpoints of `against`, else of the config's own file where there is one.
 * Shows progress on a terminal. Throws UsageError for a key or checkpoint file that cannot be read, and STORE_FAILED.
 */
export function verifyLog(
  config: Config,
  { against, keyFiles = [] }: { against?: string | undefined; keyFiles?: readonly string[] },
  context: CliContext,
): LogVerification {
  const keys = publicKeys(config.checkpoints.keyFile, keyFiles);
  if (against !== undefined && keys === undefined) {
    throw new UsageError(
      `There is no key to check the signatures of ${against} with: neither ${publicKeyFile(config.checkpoints.keyFile)} nor the private key is there. Name the public key with --key.`,
    );
  }
  // Before the log is looked at: a checkpoint that the service appends meanwhile must not seem to be of a cut tail.
  const file = against ?? (existsSync(config.checkpoints.file) ? config.checkpoints.file : undefined);
  const { checkpoints, notes } = file === undefined ? { checkpoints: [], notes: [] } : readCheckpoints(file);
  const verifier = openAuditVerifier(config.database);
  const bar = createProgressBar('verifying', context);
  try {
    const verification = verifier.verify({
      checkpoints,
      genuine: (checkpoint) => keys === undefined || isGenuine(checkpoint, keys),
      onProgress: (events, of) => bar.show(of === 0 ? 1 : events / of),
    });
    return {
      verification,
      checkpointFile: file,
      signaturesChecked: keys !== undefined,
      notes,
    };
  } finally {
    bar.end();
    verifier.close();
  }
}

/** Those named, else the config's own; undefined where there is none. */
function publicKeys(keyFile: string, named: readonly string[]): PublicKeys | undefined {
  if (named.length > 0) return readPublicKeys(named);
  const own = [publicKeyFile(keyFile), keyFile].find((file) => existsSync(file));
  return own === undefined ? undefined : readPublicKeys([own]);
}
