import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type Database from 'better-sqlite3';
import {
  type Checkpoint,
  type CheckpointSigner,
  checkpointText,
  type PruneSeal,
  pruneText,
  type Verification,
} from '../../src/domain/audit-chain.js';
import { type EventRow, eventHash, eventsSql, NO_HASH } from '../../src/store/audit-chain-hash.js';
import { openAuditVerifier } from '../../src/store/audit-verifier.js';
import type { Store } from '../../src/store/open-store.js';
import { callInput, NOON, outcomeOf } from './support.js';

export const DAY_MS = 86_400_000;

/** An Ed25519 key from 32 fixed bytes: its PKCS#8 form is these behind a fixed head (RFC 8410, section 7). */
function keyOf(byte: number) {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({
    key: Buffer.concat([head, Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  });
}

export function signerOf(byte: number): CheckpointSigner {
  const privateKey = keyOf(byte);
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const key = createHash('sha256').update(der).digest('hex');
  const signatureOf = (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64');
  return {
    sign(head, at) {
      const signed = { ...head, at: new Date(at).toISOString() };
      return { ...signed, key, signature: signatureOf(checkpointText(signed)) };
    },
    signPrune: (prune) => ({ ...prune, key, signature: signatureOf(pruneText(prune)) }),
  };
}

export const signer = signerOf(7);

export function genuine(checkpoint: Checkpoint): boolean {
  const text = Buffer.from(checkpointText(checkpoint));
  return verify(null, text, createPublicKey(keyOf(7)), Buffer.from(checkpoint.signature, 'base64'));
}

export function authorised(seal: PruneSeal): boolean {
  const text = Buffer.from(pruneText(seal));
  return verify(null, text, createPublicKey(keyOf(7)), Buffer.from(seal.signature, 'base64'));
}

export function verified(path: string, checkpoints: readonly Checkpoint[] = []): Verification {
  const verifier = openAuditVerifier(path);
  try {
    return verifier.verify({ checkpoints, genuine, authorised });
  } finally {
    verifier.close();
  }
}

/** Writes so many disconnected calls, one event for the intent, its outcome and its confirmation each, a minute apart. */
export async function writeCalls(
  { audit }: Pick<Store, 'audit'>,
  from: number,
  count: number,
  at = NOON,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const instant = at + index * 60_000;
    const intent = await audit.openIntent(callInput(`${from + index}`, { at: instant }), []);
    await audit.closeIntent(intent, outcomeOf('disconnected'), [], instant + 40);
    await audit.confirm([{ id: intent.id, confirmed: true }], instant + 5_000);
  }
}

/** What somebody does who can write to the file and knows its guards: without triggers, keys and checks, which are put back. */
export function tamper<T>(database: Database.Database, work: () => T): T {
  const triggers = database
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  database.pragma('foreign_keys = OFF');
  database.pragma('ignore_check_constraints = ON');
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
  try {
    return work();
  } finally {
    for (const { sql } of triggers) database.exec(sql);
  }
}

/** Makes the chain fit the rows as they are now, from an event on: what the most patient forger would do. */
export function reckonAnew(database: Database.Database, from: number): void {
  const events = database.prepare<{ after: number; limit: number }, EventRow & { hash: Buffer }>(
    eventsSql(database, 'audit_event', 'e.hash,'),
  );
  const change = database.prepare<[Buffer, number]>('UPDATE audit_event SET hash = ? WHERE seq = ?');
  let before: unknown = database.prepare('SELECT unhex(hash) FROM audit_pruned').pluck().get() ?? NO_HASH;
  for (const { seq, hash, message } of events.all({ after: 0, limit: -1 })) {
    if (!Buffer.isBuffer(before) || message === null) throw new Error('the log is not whole');
    const anew = seq < from ? hash : eventHash(before, message);
    change.run(anew, seq);
    before = anew;
  }
}
