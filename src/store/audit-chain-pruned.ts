import type Database from 'better-sqlite3';
import type { Checkpoint, PrunedSpan } from '../domain/audit-chain.js';

/** What the record of a prune says in its detail; the views and triggers of migration 0005 read it too. */
export interface PruneDetail extends PrunedSpan {
  /** Of the last event of the span, in lower-case hex: the chain goes on from it. */
  hash: string;
  /** The greatest ids that were in the span; 0 where there were none. */
  lastAction: number;
  lastAdministration: number;
  checkpoint: Checkpoint;
}

/** The record of the last prune, as far as it can be read. */
export interface PruneRecord {
  /** In audit_administration. */
  id: number;
  /** Undefined where it has none. */
  event: number | undefined;
  /** Undefined where it is no detail that a prune writes. */
  detail: PruneDetail | undefined;
}

/** One without an event was put in by somebody, unless it is the only one. */
const LAST_PRUNE = `
  SELECT a.id, a.detail, (SELECT max(seq) FROM audit_event WHERE kind = 'administration' AND ref = a.id) AS event
  FROM audit_administration AS a WHERE a.kind = 'pruned' ORDER BY event IS NULL, a.id DESC LIMIT 1`;

export function readLastPrune(database: Database.Database): PruneRecord | undefined {
  const row = database
    .prepare<[], { id: number; detail: string | null; event: number | null }>(LAST_PRUNE)
    .get();
  if (row === undefined) return undefined;
  const detail = parsed(row.detail ?? 'null');
  return { id: row.id, event: row.event ?? undefined, detail: isPruneDetail(detail) ? detail : undefined };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isPruneDetail(value: unknown): value is PruneDetail {
  if (!isRecord(value) || !isRecord(value['checkpoint'])) return false;
  const { checkpoint } = value;
  const numbers = [value['to'], value['lastAction'], value['lastAdministration'], checkpoint['sequence']];
  const texts = [
    value['hash'],
    checkpoint['hash'],
    checkpoint['at'],
    checkpoint['key'],
    checkpoint['signature'],
  ];
  return (
    numbers.every((number) => Number.isSafeInteger(number)) && texts.every((text) => typeof text === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
