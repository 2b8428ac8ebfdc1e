import { existsSync } from 'node:fs';
import type { Verification } from '../domain/audit-chain.js';
import type { Config } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import { openAuditVerifier } from '../store/audit-verifier.js';
import { readCheckpoints } from './checkpoint-file.js';
import {
  isAuthorised,
  isGenuine,
  type PublicKeys,
  publicKeyFile,
  readPublicKeys,
} from './checkpoint-keys.js';
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

export interface VerifyRequest {
  against?: string | undefined;
  /** Public keys; by default that of the config. */
  keyFiles?: readonly string[];
  /** That of the config besides those named. */
  ownKeyToo?: boolean;
}

/**
 * Walks the audit log and compares it with the checkpoints of `against`, else of the config's own file where there is one.
 * Shows progress on a terminal. Throws UsageError for a key or checkpoint file that cannot be read, and STORE_FAILED.
 */
export function verifyLog(
  config: Config,
  { against, keyFiles = [], ownKeyToo = false }: VerifyRequest,
  context: CliContext,
): LogVerification {
  const keys = publicKeys(config.checkpoints.keyFile, keyFiles, ownKeyToo);
  if (against !== undefined && keys === undefined) {
    throw new UsageError(
      `There is no key to check the signatures of ${against} with: neither ${publicKeyFile(config.checkpoints.keyFile)} nor the private key is there. Name the public key with --key.`,
    );
  }
  // Before the log is looked at: a checkpoint that the service appends meanwhile must not seem to be of a cut tail.
  const file = against ?? (existsSync(config.checkpoints.file) ? config.checkpoints.file : undefined);
  const { checkpoints, notes } = file === undefined ? { checkpoints: [], notes: [] } : readCheckpoints(file);
  if (against !== undefined && checkpoints.length === 0) {
    throw new CallwardenError(
      'STORE_FAILED',
      `${against} holds no checkpoint, so there is nothing to compare with.`,
      {
        hint: 'Compare with another copy of the checkpoints; without --against the chain alone is verified.',
      },
    );
  }
  const verifier = openAuditVerifier(config.database);
  const bar = createProgressBar('verifying', context);
  try {
    const verification = verifier.verify({
      checkpoints,
      genuine: (checkpoint) => keys === undefined || isGenuine(checkpoint, keys),
      // A checkpoint that nobody can check says nothing; a prune that nobody can vouch for may be a theft.
      authorised: (seal) => keys !== undefined && isAuthorised(seal, keys),
      onProgress: (events, of) => bar.show(of === 0 ? 1 : events / of),
    });
    return {
      verification,
      checkpointFile: file,
      signaturesChecked: keys !== undefined,
      notes: [...notes, ...verification.notes],
    };
  } finally {
    bar.end();
    verifier.close();
  }
}

/** Those named, else the config's own; undefined where there is none. */
function publicKeys(keyFile: string, named: readonly string[], ownToo: boolean): PublicKeys | undefined {
  const own = [publicKeyFile(keyFile), keyFile].find((file) => existsSync(file));
  const files = own === undefined || (named.length > 0 && !ownToo) ? named : [...named, own];
  return files.length === 0 ? undefined : readPublicKeys(files);
}
