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

/** Signs heads; holds the private key. */
export interface CheckpointSigner {
  sign(head: ChainHead, at: number): Checkpoint;
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
   * - guard: a trigger or table that keeps the log append-only was changed or removed.
   * - forged: a checkpoint's signature is wrong.
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
  /** How many of the checkpoints, the log's own included, bear out the chain, and how many speak of what was pruned. */
  checkpoints: { matched: number; pruned: number };
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

/** The chain of a writable log. Every method rejects with STORE_FAILED. */
export interface AuditChain {
  head(): Promise<ChainHead>;
  /**
   * The longest span at the beginning of the log in which everything happened before `before` (milliseconds since the
   * epoch) and SHORTEST_KEPT_MS ago, every action has its outcome, and nothing of which is still referred to by what stays;
   * undefined where there is none.
   */
  prunable(before: number): Promise<PrunedSpan | undefined>;
  /**
   * Seals the span that `prunable` names with a signed checkpoint, records who pruned it, and deletes it, all in one
   * transaction: a chain that begins later but is otherwise whole. Undefined where there was nothing to prune.
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
   * Walks the whole chain and compares it with the checkpoints, those given and those in the log. `genuine` tells whether a
   * checkpoint's signature is good; it is asked about the ones in the log too, so it has to know the keys that pruned it.
   * The walk yields to nobody: a million records take seconds; `onProgress` is told how many events are done, now and then.
   */
  verify(options: {
    checkpoints: readonly Checkpoint[];
    genuine: (checkpoint: Checkpoint) => boolean;
    onProgress?: (events: number, of: number) => void;
  }): Verification;
  close(): void;
}
