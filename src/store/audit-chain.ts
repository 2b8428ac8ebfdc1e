import { setTimeout } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import {
  type AuditChain,
  type CheckpointSigner,
  type OpenRecord,
  type PrunedSpan,
  SHORTEST_KEPT_MS,
} from '../domain/audit-chain.js';
import type { Clock } from '../domain/ports.js';
import { chainHead } from './audit-chain-hash.js';
import { findSpan, isStillWhole, type SpanFound } from './audit-chain-span.js';
import { insertSeal, readBegun, readLastSeal, sealHash } from './audit-seals.js';
import { settle } from './store-error.js';

/** Of one transaction, which holds the write lock for 0.1 to 0.2 seconds then. */
const ACTIONS_PER_PIECE = 2_000;

/** Between two: whoever waits for the lock looks again every 100 ms at the latest. */
const BREATH_MS = 120;

const INSERT_PRUNED = `
  INSERT INTO audit_administration (at, actor, kind, reason, detail) VALUES (@at, @actor, 'pruned', @reason, @detail)`;

/**
 * Actions get their events in the order of their ids, and a span takes all or nothing of what belongs to one: so what belongs
 * to actions up to the last one in it is in the span, and nothing else. Rows that refer to others go first.
 */
const DELETIONS: readonly string[] = [
  'DELETE FROM unconfirmed_call WHERE action_id <= @lastAction',
  'DELETE FROM search_record WHERE facet_id IN (SELECT id FROM search_facet) AND at <= @lastAt AND action_id <= @lastAction',
  'DELETE FROM search_facet WHERE NOT EXISTS (SELECT 1 FROM search_record WHERE facet_id = search_facet.id)',
  'DELETE FROM acted_record WHERE acted_rule_id IN (SELECT id FROM acted_rule) AND at <= @lastAt AND action_id <= @lastAction',
  'DELETE FROM acted_rule WHERE NOT EXISTS (SELECT 1 FROM acted_record WHERE acted_rule_id = acted_rule.id)',
  'DELETE FROM audit_confirmation WHERE action_id <= @lastAction',
  'DELETE FROM audit_outcome WHERE action_id <= @lastAction',
  'DELETE FROM audit_action WHERE id <= @lastAction',
  'DELETE FROM audit_administration WHERE id <= @lastAdministration',
  'DELETE FROM audit_event WHERE seq <= @to',
];

const OPEN_BEFORE = `
  SELECT (SELECT seq FROM audit_event WHERE kind = 'action' AND ref = a.id) AS event, a.id AS record, a.switch, a.at
  FROM audit_action AS a WHERE a.at < ? AND NOT EXISTS (SELECT 1 FROM audit_outcome WHERE action_id = a.id)
  ORDER BY a.id LIMIT 1`;

type Order = Parameters<AuditChain['prune']>[1];

/** The chain on an open, migrated database. */
export function createAuditChain(
  database: Database.Database,
  path: string,
  clock: Clock,
  { actionsPerPiece = ACTIONS_PER_PIECE }: { actionsPerPiece?: number } = {},
): AuditChain {
  const piece = (before: number, by: Order) =>
    settle(path, () => prunePiece(database, bounded(before, by.at), by, actionsPerPiece));
  return {
    head: () => settle(path, () => chainHead(database)),

    prunable: (before) => settle(path, () => toSpan(findSpan(database, bounded(before, clock())))),

    openBefore: (before) =>
      settle(path, () => database.prepare<[number], OpenRecord>(OPEN_BEFORE).get(bounded(before, clock()))),

    async prune(before, by) {
      let removed: PrunedSpan | undefined;
      for (;;) {
        const span = await piece(before, by);
        if (span === undefined) return removed;
        removed = removed === undefined ? span : joined(removed, span);
        await setTimeout(BREATH_MS);
      }
    },
  };
}

function bounded(before: number, now: number): number {
  return Math.min(before, now - SHORTEST_KEPT_MS);
}

function prunePiece(
  database: Database.Database,
  before: number,
  by: Order,
  actions: number,
): PrunedSpan | undefined {
  // Looked for before the write lock is taken, since passes have to write meanwhile.
  const found = findSpan(database, before, actions);
  if (found === undefined) return undefined;
  return database
    .transaction(() => {
      const span = isStillWhole(database, found) ? found : findSpan(database, before, actions);
      if (span !== undefined) deleteSpan(database, span, by);
      return toSpan(span);
    })
    .immediate();
}

function deleteSpan(
  database: Database.Database,
  span: SpanFound,
  { at, signer, ...by }: { at: number; actor: string; reason: string; signer: CheckpointSigner },
): void {
  const { seenUpTo: _, lastAt, ...taken } = span;
  const hash = database
    .prepare<[number], string>('SELECT lower(hex(hash)) FROM audit_event WHERE seq = ?')
    .pluck()
    .get(span.to);
  const begun = readBegun(database);
  if (hash === undefined || begun === undefined) throw new Error(`event ${span.to} or the first one is gone`);
  const [actor, reason] = [asStored(by.actor), asStored(by.reason)];
  const previous = sealHash(readLastSeal(database));
  const when = new Date(at).toISOString();
  const seal = signer.signPrune({ ...taken, hash, begun, previous, at: when, actor, reason });
  insertSeal(database, seal);
  const detail = JSON.stringify({ ...toSpan(span), hash, seal: sealHash(seal) });
  database.prepare(INSERT_PRUNED).run({ at, actor, reason, detail });
  for (const sql of DELETIONS) database.prepare(sql).run({ ...taken, lastAt });
}

/** What is signed has to be what is read later: half a surrogate pair cannot be stored. */
function asStored(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function joined(one: PrunedSpan, next: PrunedSpan): PrunedSpan {
  const { from, events, actions } = one;
  return { from, to: next.to, events: events + next.events, actions: actions + next.actions };
}

function toSpan(span: SpanFound): PrunedSpan;
function toSpan(span: SpanFound | undefined): PrunedSpan | undefined;
function toSpan(span: SpanFound | undefined): PrunedSpan | undefined {
  if (span === undefined) return undefined;
  const { from, to, events, actions } = span;
  return { from, to, events, actions };
}
