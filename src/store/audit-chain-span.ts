import type Database from 'better-sqlite3';
import type { PrunedSpan } from '../domain/audit-chain.js';

/** What may be pruned, and how far the log was looked through to say so. */
export interface SpanFound extends PrunedSpan {
  lastAction: number;
  lastAdministration: number;
  /** The latest time of an action in it; the clock may have gone back meanwhile. */
  lastAt: number;
  /** The last event of the log at that time. */
  seenUpTo: number;
}

interface SpanEvent {
  seq: number;
  kind: string;
  ref: number;
  /** Null where the row is gone: nothing from there on may be pruned. */
  at: number | null;
  /** Of an outcome or confirmation its action, of an action its parent. */
  owner: number | null;
  /** Of an action: how many outcomes, confirmations and children it has. */
  outcomes: number | null;
  others: number | null;
}

/**
 * Rows of one kind are told apart by CASE, so that each event costs the look-ups of its own kind only. The record of the
 * beginning stands before older rows that it adopted, and must not keep them for ever.
 */
const EVENTS = `
  SELECT e.seq, e.kind, e.ref,
    CASE e.kind
      WHEN 'action' THEN (SELECT at FROM audit_action WHERE id = e.ref)
      WHEN 'outcome' THEN (SELECT at FROM audit_outcome WHERE action_id = e.ref)
      WHEN 'confirmation' THEN (SELECT at FROM audit_confirmation WHERE id = e.ref)
      ELSE (SELECT iif(kind = 'begun', 0, at) FROM audit_administration WHERE id = e.ref)
    END AS at,
    CASE e.kind
      WHEN 'action' THEN (SELECT parent FROM audit_action WHERE id = e.ref)
      WHEN 'outcome' THEN e.ref
      WHEN 'confirmation' THEN (SELECT action_id FROM audit_confirmation WHERE id = e.ref)
    END AS owner,
    CASE WHEN e.kind = 'action' THEN (SELECT count(*) FROM audit_outcome WHERE action_id = e.ref) END AS outcomes,
    CASE WHEN e.kind = 'action' THEN
      (SELECT count(*) FROM audit_confirmation WHERE action_id = e.ref)
      + (SELECT count(*) FROM audit_action INDEXED BY audit_action_parent WHERE parent = e.ref)
    END AS others
  FROM audit_event AS e ORDER BY e.seq`;

/**
 * The longest span at the beginning of the log that ends before the first event at or after `before`, in which every action
 * has its outcome, and that takes an action only with its outcome, confirmations and children, and the other way round.
 * Undefined where no action can go.
 *
 * @param enough so many actions, or as few more as can go together
 */
export function findSpan(
  database: Database.Database,
  before: number,
  enough = Number.POSITIVE_INFINITY,
): SpanFound | undefined {
  const seenUpTo = database.prepare<[], number>('SELECT max(seq) FROM audit_event').pluck().get() ?? 0;
  /** How many events of an action, beside its own, are still to come. */
  const awaited = new Map<number, number>();
  const walked = {
    from: 0,
    events: 0,
    actions: 0,
    lastAction: 0,
    lastAdministration: 0,
    lastAt: Number.MIN_SAFE_INTEGER,
  };
  let span: SpanFound | undefined;
  for (const event of database.prepare<[], SpanEvent>(EVENTS).iterate()) {
    const { seq, kind, ref, at, owner, outcomes, others } = event;
    if (at === null || at >= before) break;
    if (kind === 'action') {
      // Nothing behind an intent that has no outcome can go without it.
      if (outcomes !== 1) break;
      awaited.set(ref, outcomes + (others ?? 0));
      walked.actions += 1;
      walked.lastAction = ref;
      walked.lastAt = Math.max(walked.lastAt, at);
    }
    if (kind === 'administration') walked.lastAdministration = ref;
    if (owner !== null) arrive(awaited, owner);
    if (walked.from === 0) walked.from = seq;
    walked.events += 1;
    if (awaited.size > 0 || walked.actions === 0) continue;
    span = { ...walked, to: seq, seenUpTo };
    if (walked.actions >= enough) break;
  }
  return span;
}

function arrive(awaited: Map<number, number>, action: number): void {
  const left = (awaited.get(action) ?? 1) - 1;
  if (left > 0) awaited.set(action, left);
  else awaited.delete(action);
}

/** Whether what was found is still all there is to say: nobody pruned, and nothing was added to one of its actions. */
export function isStillWhole(database: Database.Database, span: SpanFound): boolean {
  const first = database.prepare<[], number>('SELECT min(seq) FROM audit_event').pluck().get();
  const late = database
    .prepare<{ seenUpTo: number; lastAction: number }, number>(
      `SELECT EXISTS (
        SELECT 1 FROM audit_event AS e WHERE e.seq > @seenUpTo AND (
          (e.kind = 'outcome' AND e.ref <= @lastAction)
          OR (e.kind = 'confirmation' AND (SELECT action_id FROM audit_confirmation WHERE id = e.ref) <= @lastAction)
          OR (e.kind = 'action' AND (SELECT parent FROM audit_action WHERE id = e.ref) <= @lastAction)
        )
      )`,
    )
    .pluck()
    .get(span);
  return first === span.from && late === 0;
}
