import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import {
  type Checkpoint,
  type CheckpointSigner,
  checkpointText,
  type PruneSeal,
  pruneText,
} from '../domain/audit-chain.js';
import { createWhole } from './durable-files.js';
import { UsageError } from './errors.js';

/** Signs heads, and tells what a person should know about its key file. */
export interface OpenedSigner extends CheckpointSigner {
  /** Undefined where nobody else can read the key. */
  warning: string | undefined;
  /** True where this call made the key. */
  created: boolean;
  /** Fingerprint of its public key. */
  key: string;
}

/**
 * Opens the private key (Ed25519, PEM PKCS8) and makes it, with mode 0600, where there is none; a key that is there is never
 * overwritten. Its public key is kept beside it (`<file>.pub`). Throws UsageError that names the file and the next step.
 */
export function openSigner(keyFile: string): OpenedSigner {
  const created = createKey(keyFile);
  const privateKey = readPrivateKey(keyFile);
  const publicKey = createPublicKey(privateKey);
  keepPublicKey(keyFile, publicKey);
  const key = fingerprint(publicKey);
  const signed = (text: string) => sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64');
  return {
    created,
    key,
    warning: isOpenToOthers(keyFile)
      ? `Others on this machine can read the key ${keyFile}, and could sign in its name: chmod 600 it.`
      : undefined,
    sign(head, at) {
      const unsigned = { sequence: head.sequence, hash: head.hash, at: new Date(at).toISOString() };
      return { ...unsigned, key, signature: signed(checkpointText(unsigned)) };
    },
    signPrune: (prune) => ({ ...prune, key, signature: signed(pruneText(prune)) }),
  };
}

/** SHA-256 of the public key's DER form (SubjectPublicKeyInfo) in lower-case hex. */
export function fingerprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Public keys by their fingerprint. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** Reads public keys (PEM); a private one is taken for its public half. Throws UsageError. */
export function readPublicKeys(files: readonly string[]): PublicKeys {
  return new Map(
    files.map((file) => {
      const key = parsed(file, readText(file), createPublicKey, 'public');
      return [fingerprint(key), key] as const;
    }),
  );
}

/** Whether one of the keys, the one that the checkpoint names, has signed it. */
export function isGenuine(checkpoint: Checkpoint, keys: PublicKeys): boolean {
  return hasSigned(checkpoint, checkpointText(checkpoint), keys);
}

/** The same of the seal of a prune. */
export function isAuthorised(seal: PruneSeal, keys: PublicKeys): boolean {
  return hasSigned(seal, pruneText(seal), keys);
}

function hasSigned(
  { key: named, signature }: { key: string; signature: string },
  text: string,
  keys: PublicKeys,
): boolean {
  const key = keys.get(named);
  if (key === undefined) return false;
  return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}

export function publicKeyFile(keyFile: string): string {
  return `${keyFile}.pub`;
}

function createKey(keyFile: string): boolean {
  if (isThere(keyFile)) return false;
  // It would not go with it, and the one that does may only be mislaid.
  if (isThere(publicKeyFile(keyFile))) {
    throw new UsageError(
      `The key ${keyFile} is gone, and its public key ${publicKeyFile(keyFile)} is there. Put the key back, or move the public one away and keep it: a new pair is made then, and what the old one signed is checked with --key.`,
    );
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  // Another process may have been quicker: then its key is the one.
  try {
    return createWhole(keyFile, pem, 0o600);
  } catch (error) {
    throw new UsageError(
      `The key ${keyFile} cannot be made (${codeOf(error)}). Check its directory and permissions, or name another file under "checkpoints" in the config.`,
    );
  }
}

function keepPublicKey(keyFile: string, publicKey: KeyObject): void {
  const file = publicKeyFile(keyFile);
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  if (!isThere(file)) {
    // A mounted secret may stand where nothing can be written: whoever verifies there derives it from the private key.
    orUndefined(() => createWhole(file, pem, 0o644));
    return;
  }
  const kept = parsed(file, readText(file), createPublicKey, 'public');
  if (fingerprint(kept) === fingerprint(publicKey)) return;
  throw new UsageError(
    `${file} is not the public key of ${keyFile}. Put the key back that belongs to it, or move both away together: they are made anew then, and older checkpoints are checked with the older public key.`,
  );
}

function readPrivateKey(keyFile: string): KeyObject {
  return parsed(keyFile, readText(keyFile), createPrivateKey, 'private');
}

function parsed(
  file: string,
  pem: string,
  parse: (pem: string) => KeyObject,
  kind: 'private' | 'public',
): KeyObject {
  const key = orUndefined(() => parse(pem));
  if (key?.asymmetricKeyType === 'ed25519') return key;
  const found =
    pem.trim() === ''
      ? 'is empty'
      : key === undefined
        ? `holds no ${kind} key in PEM form that can be read without a passphrase`
        : `holds a key of another kind (${key.asymmetricKeyType ?? 'unknown'})`;
  const next =
    kind === 'private'
      ? 'Restore it from a backup, or move it and its .pub away: a new one is made then, and older checkpoints are checked with the older public key.'
      : 'Name the .pub file that stands beside the private key.';
  throw new UsageError(`The key file ${file} ${found}; expected an Ed25519 ${kind} key. ${next}`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The key file ${file} cannot be read (${codeOf(error)}). Check the path and its permissions.`,
    );
  }
}

function isThere(file: string): boolean {
  return orUndefined(() => statSync(file)) !== undefined;
}

function isOpenToOthers(file: string): boolean {
  return process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
