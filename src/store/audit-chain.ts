import type Database from 'better-sqlite3';
import {
  type AuditChain,
  type CheckpointSigner,
  type PrunedSpan,
  SHORTEST_KEPT_MS,
} from '../domain/audit-chain.js';
import type { Clock } from '../domain/ports.js';
import { chainHead } from './audit-chain-hash.js';
import type { PruneDetail } from './audit-chain-pruned.js';
import { findSpan, isStillWhole, type SpanFound } from './audit-chain-span.js';
import { settle } from './store-error.js';

const INSERT_CHECKPOINT = `
  INSERT INTO audit_checkpoint (sequence, hash, at, key, signature) VALUES (@sequence, @hash, @at, @key, @signature)`;

const INSERT_PRUNED = `
  INSERT INTO audit_administration (at, actor, kind, reason, detail) VALUES (@at, @actor, 'pruned', @reason, @detail)`;

/**
 * Actions get their events in the order of their ids, and a span takes all or nothing of what belongs to one: so what belongs
 * to actions up to the last one in it is in the span, and nothing else. Rows that refer to others go first.
 */
const DELETIONS: readonly string[] = [
  'DELETE FROM unconfirmed_call WHERE action_id <= @lastAction',
  'DELETE FROM search_record WHERE facet_id IN (SELECT id FROM search_facet) AND at < @before AND action_id <= @lastAction',
  'DELETE FROM search_facet WHERE NOT EXISTS (SELECT 1 FROM search_record WHERE facet_id = search_facet.id)',
  'DELETE FROM acted_record WHERE acted_rule_id IN (SELECT id FROM acted_rule) AND at < @before AND action_id <= @lastAction',
  'DELETE FROM acted_rule WHERE NOT EXISTS (SELECT 1 FROM acted_record WHERE acted_rule_id = acted_rule.id)',
  'DELETE FROM audit_confirmation WHERE action_id <= @lastAction',
  'DELETE FROM audit_outcome WHERE action_id <= @lastAction',
  'DELETE FROM audit_action WHERE id <= @lastAction',
  'DELETE FROM audit_administration WHERE id <= @lastAdministration',
  'DELETE FROM audit_event WHERE seq <= @to',
];

/** The chain on an open, migrated database. */
export function createAuditChain(database: Database.Database, path: string, clock: Clock): AuditChain {
  return {
    head: () => settle(path, () => chainHead(database)),

    prunable: (before) => settle(path, () => toSpan(findSpan(database, bounded(before, clock())))),

    prune: (before, by) =>
      settle(path, () => {
        const bound = bounded(before, by.at);
        // Looked for before the write lock is taken: that takes seconds in a long log, and passes have to write meanwhile.
        const found = findSpan(database, bound);
        if (found === undefined) return undefined;
        return database
          .transaction(() => {
            const span = isStillWhole(database, found) ? found : findSpan(database, bound);
            if (span !== undefined) deleteSpan(database, span, bound, by);
            return toSpan(span);
          })
          .immediate();
      }),
  };
}

function bounded(before: number, now: number): number {
  return Math.min(before, now - SHORTEST_KEPT_MS);
}

function deleteSpan(
  database: Database.Database,
  span: SpanFound,
  before: number,
  { at, actor, reason, signer }: { at: number; actor: string; reason: string; signer: CheckpointSigner },
): void {
  const { seenUpTo: _, ...taken } = span;
  const hash = database
    .prepare<[number], string>('SELECT lower(hex(hash)) FROM audit_event WHERE seq = ?')
    .pluck()
    .get(span.to);
  if (hash === undefined) throw new Error(`event ${span.to} is gone`);
  const checkpoint = signer.sign({ sequence: span.to, hash }, at);
  database.prepare(INSERT_CHECKPOINT).run(checkpoint);
  const detail: PruneDetail = { ...taken, hash, checkpoint };
  database.prepare(INSERT_PRUNED).run({ at, actor, reason, detail: JSON.stringify(detail) });
  for (const sql of DELETIONS) database.prepare(sql).run({ ...taken, before });
}

function toSpan(span: SpanFound | undefined): PrunedSpan | undefined {
  if (span === undefined) return undefined;
  const { from, to, events, actions } = span;
  return { from, to, events, actions };
}
