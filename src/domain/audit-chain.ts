/**
 * The rows of the audit log that are chained, by the table they stand in: an intent or decided action, its outcome, a
 * confirmation of it, and what people did to the service itself.
 */
export const EVENT_KINDS = ['action', 'outcome', 'confirmation', 'administration'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** How far the chain reaches: the last event and its hash, which stands for everything before it. */
export interface ChainHead {
  /** The id of the event; 0 where nothing was ever written. */
  sequence: number;
  /** SHA-256 in lower-case hex. */
  hash: string;
}

/** A head that was signed, to be kept where the one who can write to the database cannot reach it. */
export interface Checkpoint extends ChainHead {
  /** When it was signed: ISO 8601 UTC with milliseconds. */
  at: string;
  /** Fingerprint of the public key: SHA-256 of its DER form (SubjectPublicKeyInfo) in lower-case hex. */
  key: string;
  /** Ed25519 over checkpointText, in base64. */
  signature: string;
}

/** The text that a checkpoint's signature covers, in UTF-8. */
export function checkpointText({ sequence, hash, at }: Pick<Checkpoint, 'sequence' | 'hash' | 'at'>): string {
  return `callwarden audit checkpoint v1\n${sequence}\n${hash}\n${at}\n`;
}

/** A span that a person had removed, and whom to ask about it. */
export interface PruneStatement extends PrunedSpan {
  /** Of the last event of the span, in lower-case hex: the chain goes on from it. */
  hash: string;
  /** The greatest ids that were in the span; 0 where there were none. */
  lastAction: number;
  lastAdministration: number;
  /** Hash of the first event of the log, which tells whose log it is. */
  begun: string;
  /** What stands for the seal before, in lower-case hex; zeros where there is none. */
  previous: string;
  /** ISO 8601 UTC with milliseconds. */
  at: string;
  actor: string;
  reason: string;
}

/** A prune that was signed: without it nobody can say that what is gone from the beginning was meant to go. */
export interface PruneSeal extends PruneStatement {
  /** As that of a checkpoint. */
  key: string;
  /** Ed25519 over pruneText, in base64. */
  signature: string;
}

/** The text that the signature of a prune covers, in UTF-8; another one than that of any checkpoint. */
export function pruneText(prune: PruneStatement): string {
  const { from, to, hash, events, at, actor, reason } = prune;
  const { actions, lastAction, lastAdministration, begun, previous } = prune;
  // As JSON, so that what a person gave as the reason cannot pass for the next lines.
  const who = [at, JSON.stringify(actor), JSON.stringify(reason)];
  const lines = [from, to, hash, events, ...who, actions, lastAction, lastAdministration, begun, previous];
  return `callwarden audit prune v1\n${lines.join('\n')}\n`;
}

/** Signs heads and prunes; holds the private key. */
export interface CheckpointSigner {
  sign(head: ChainHead, at: number): Checkpoint;
  signPrune(prune: PruneStatement): PruneSeal;
}

/** The first thing that is wrong with the log. */
export interface ChainFault {
  /** The id of the event at which the chain breaks. */
  event: number;
  /** Undefined where the event itself is gone. */
  kind: EventKind | undefined;
  /** The id of the row in its table, where it is known. */
  row: number | undefined;
  /** The action record it belongs to, where it does. */
  action: number | undefined;
  /**
   * - altered: the row is not what was hashed.
   * - removed: the event, or the row it stands for, is gone from the middle.
   * - inserted: a row that no event stands for.
   * - cut: the end of the log is gone.
   * - guard: what keeps the log append-only, or finds records in it, was changed, removed or added to, or is damaged.
   * - forged: a checkpoint, or the seal of a prune, bears no signature of a key that is known.
   */
  what: 'altered' | 'removed' | 'inserted' | 'cut' | 'guard' | 'forged';
  /** A sentence for a person. */
  detail: string;
}

/** What `audit verify` finds. */
export interface Verification {
  /** Events that are there. */
  events: number;
  /** First event that is still there; what was before it was pruned. */
  first: number;
  head: ChainHead;
  /** How many of the checkpoints bear out the chain, and how many speak of what was pruned, so that nothing is left to compare. */
  checkpoints: { matched: number; pruned: number };
  /** What the log says was pruned, in order. */
  prunes: readonly PruneSeal[];
  /** What is no fault, but should be known. */
  notes: readonly string[];
  /** The first by event id; undefined where the log is whole. */
  fault: ChainFault | undefined;
}

/** What people did to the service itself, on record in the chain. */
export const ADMINISTRATION_KINDS = ['begun', 'paused', 'resumed', 'pruned'] as const;
export type AdministrationKind = (typeof ADMINISTRATION_KINDS)[number];

/**
 * What is younger than this is never pruned, in milliseconds: the longest cooldown that a rule may have. Nothing reads
 * further back in the log to decide (escalations a day, the hourly cap an hour).
 */
export const SHORTEST_KEPT_MS = 30 * 86_400_000;

/** What pruning would take away, or took. */
export interface PrunedSpan {
  /** First and last event of it. */
  from: number;
  to: number;
  events: number;
  /** Records of actions, children included. */
  actions: number;
}

/** An action that nothing behind can be pruned before, because its outcome is not known. */
export interface OpenRecord {
  event: number;
  record: number;
  switch: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The chain of a writable log. Every method rejects with STORE_FAILED. */
export interface AuditChain {
  head(): Promise<ChainHead>;
  /**
   * The longest span at the beginning of the log in which everything happened before `before` (milliseconds since the
   * epoch) and SHORTEST_KEPT_MS ago, every action has its outcome, and nothing of which is still referred to by what stays;
   * undefined where there is none.
   */
  prunable(before: number): Promise<PrunedSpan | undefined>;
  /** The first action before `before` that has no outcome: where `prunable` ends early, it is because of it. */
  openBefore(before: number): Promise<OpenRecord | undefined>;
  /**
   * Removes the span that `prunable` names, piece by piece so that others can write meanwhile: each piece is sealed with a
   * signature, goes on record with who pruned it, and is deleted in one transaction. The chain begins later then and is
   * otherwise whole, also where it is interrupted between two pieces. Undefined where there was nothing to prune.
   */
  prune(
    before: number,
    by: { at: number; actor: string; reason: string; signer: CheckpointSigner },
  ): Promise<PrunedSpan | undefined>;
}

/** Read-only look at the chain; works while `callwarden run` is writing. Methods throw STORE_FAILED. */
export interface AuditVerifier {
  head(): ChainHead;
  /**
   * Walks the whole chain and compares it with the checkpoints. `genuine` tells whether a checkpoint's signature is good,
   * `authorised` whether that of a prune is: it has to know all keys that pruned the log. The walk yields to nobody: a million
   * records take seconds; `onProgress` is told how many events are done, now and then.
   */
  verify(options: {
    checkpoints: readonly Checkpoint[];
    genuine: (checkpoint: Checkpoint) => boolean;
    authorised: (prune: PruneSeal) => boolean;
    onProgress?: (events: number, of: number) => void;
  }): Verification;
  close(): void;
}
