import type Database from 'better-sqlite3';
import { type ChainFault, EVENT_KINDS, type EventKind, type PruneSeal } from '../domain/audit-chain.js';
import { EVENT_ROWS, type EventRow, eventHash, eventsSql, NO_HASH } from './audit-chain-hash.js';
import { RefSet } from './audit-verify-refs.js';

/** Progress is told each time so many events are done. */
const EVENTS_PER_PROGRESS = 50_000;

/** What the first event that is there has to follow. */
export interface ChainStart {
  /** The number of the event before it. */
  after: number;
  /** Its hash; undefined where nothing says it that can be believed. */
  hash: Buffer | undefined;
}

interface ChainedRow extends EventRow {
  /** A Buffer, unless somebody has put something else in its place. */
  hash: unknown;
}

/** Where the chain begins: at the beginning, or behind what the last seal says, where somebody vouches for that. */
export function chainStart(seal: PruneSeal | undefined, sealed: boolean, first: number): ChainStart {
  if (seal === undefined && first <= 1) return { after: 0, hash: NO_HASH };
  return seal !== undefined && sealed
    ? { after: seal.to, hash: Buffer.from(seal.hash, 'hex') }
    : { after: first - 1, hash: undefined };
}

/** Walks the events in order up to the first that is wrong; says which rows were accounted for. */
export function walkChain(
  database: Database.Database,
  start: ChainStart,
  tell: (events: number) => void,
): { fault: ChainFault | undefined; seen: Readonly<Record<EventKind, RefSet>> } {
  const seen = {
    action: new RefSet(),
    outcome: new RefSet(),
    confirmation: new RefSet(),
    administration: new RefSet(),
  };
  let { after, hash: before } = start;
  let events = 0;
  for (const event of chained(database).iterate({ after: 0, limit: -1 })) {
    const { seq, hash } = event;
    const wrong = whatIsWrong(event, { after, before, seen });
    if (wrong !== undefined) return { fault: describe(database, event, after, wrong), seen };
    // Where nothing says what the hash has to be, it still has to be one.
    if (!Buffer.isBuffer(hash)) return { fault: describe(database, event, after, 'altered'), seen };
    after = seq;
    before = hash;
    events += 1;
    if (events % EVENTS_PER_PROGRESS === 0) tell(events);
  }
  return { fault: undefined, seen };
}

function chained(database: Database.Database) {
  return database.prepare<{ after: number; limit: number }, ChainedRow>(
    eventsSql(database, 'audit_event', 'e.hash,'),
  );
}

type Wrong = 'missing-before' | 'not-pruned' | 'twice' | 'row-gone' | 'altered';

function whatIsWrong(
  { seq, kind, ref, hash, message }: ChainedRow,
  {
    after,
    before,
    seen,
  }: { after: number; before: Buffer | undefined; seen: Readonly<Record<EventKind, RefSet>> },
): Wrong | undefined {
  if (seq > after + 1) return 'missing-before';
  if (seq <= after) return 'not-pruned';
  const twice = isEventKind(kind) && !seen[kind].add(ref);
  if (twice) return 'twice';
  if (message === null) return 'row-gone';
  if (before !== undefined && !isHash(hash, eventHash(before, message))) return 'altered';
  return undefined;
}

function isHash(found: unknown, expected: Buffer): boolean {
  return Buffer.isBuffer(found) && expected.equals(found);
}

function describe(database: Database.Database, event: ChainedRow, after: number, wrong: Wrong): ChainFault {
  const { seq, ref } = event;
  const kind = isEventKind(event.kind) ? event.kind : undefined;
  if (wrong === 'missing-before') {
    const gone = seq === after + 2 ? `Event ${after + 1} is` : `Events ${after + 1} to ${seq - 1} are`;
    return {
      event: after + 1,
      kind: undefined,
      row: undefined,
      action: undefined,
      what: 'removed',
      detail: `${gone} gone from the middle of the log.`,
    };
  }
  const row = kind === undefined ? `row ${ref}` : `row ${ref} of ${EVENT_ROWS[kind].table}`;
  const details: Readonly<Record<Exclude<Wrong, 'missing-before'>, string>> = {
    'not-pruned': `Event ${seq} is in a span that was pruned: it was put back.`,
    twice: `Event ${seq} stands for ${row}, for which an earlier event stands already.`,
    'row-gone': `Event ${seq} stands for ${row}, which is gone.`,
    altered: `Event ${seq}, ${row}, is not what was recorded: the row or the event was changed, or one before it removed or put in.`,
  };
  return {
    event: seq,
    kind,
    row: ref,
    action: actionOf(database, kind, ref),
    what: wrong === 'altered' ? 'altered' : wrong === 'row-gone' ? 'removed' : 'inserted',
    detail: details[wrong],
  };
}

/** The action that a row belongs to, where it is there to tell. */
export function actionOf(
  database: Database.Database,
  kind: EventKind | undefined,
  ref: number,
): number | undefined {
  if (kind === 'action' || kind === 'outcome') return ref;
  if (kind !== 'confirmation') return undefined;
  return database
    .prepare<[number], number>('SELECT action_id FROM audit_confirmation WHERE id = ?')
    .pluck()
    .get(ref);
}

function isEventKind(kind: string): kind is EventKind {
  return EVENT_KINDS.some((known) => known === kind);
}
