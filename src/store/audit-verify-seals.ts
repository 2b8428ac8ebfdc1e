import type Database from 'better-sqlite3';
import type { ChainFault, PruneSeal } from '../domain/audit-chain.js';
import { sealHash } from './audit-seals.js';

interface PruneRecord {
  id: number;
  /** Null where it has none: somebody put the record in. */
  event: number | null;
  /** Null where it names none. */
  seal: unknown;
}

const RECORDS = `
  SELECT a.id, (SELECT max(seq) FROM audit_event WHERE kind = 'administration' AND ref = a.id) AS event,
    iif(json_valid(a.detail), a.detail ->> '$.seal', NULL) AS seal
  FROM audit_administration AS a NOT INDEXED WHERE a.kind = 'pruned' ORDER BY a.id`;

/** The first seal that nobody has authorised, or that does not stand behind the one before. */
export function sealFault(
  seals: readonly PruneSeal[],
  authorised: (seal: PruneSeal) => boolean,
): ChainFault | undefined {
  for (const [index, seal] of seals.entries()) {
    const before = seals[index - 1];
    const { from, to, at, actor } = seal;
    const prune = `The prune of events ${from} to ${to} by ${actor} at ${at}`;
    if (!authorised(seal)) {
      return fault(
        to,
        `${prune} bears no signature that one of the given keys has made: nobody vouches for it.`,
      );
    }
    const isNext =
      seal.previous === sealHash(before) &&
      from === (before?.to ?? 0) + 1 &&
      to >= from &&
      (before === undefined || seal.begun === before.begun);
    if (!isNext) return fault(to, `${prune} does not follow the one before: a seal was taken out or put in.`);
  }
  return undefined;
}

/** A record of a prune without its seal, or the last seal without its record. */
export function sealRecordFault(
  database: Database.Database,
  seals: readonly PruneSeal[],
): ChainFault | undefined {
  const records = database.prepare<[], PruneRecord>(RECORDS).all();
  const known = new Set<unknown>(seals.map(sealHash));
  const bare = records.find(({ seal }) => !known.has(seal));
  if (bare !== undefined) {
    const detail = `The record of a prune (row ${bare.id} of audit_administration) has no seal: nobody vouches for it.`;
    return { ...fault(bare.event ?? 0, detail), kind: 'administration', row: bare.id };
  }
  const last = seals.at(-1);
  if (last === undefined || records.at(-1)?.seal === sealHash(last)) return undefined;
  return fault(
    last.to,
    `The prune of events ${last.from} to ${last.to} has a seal, and no record in the log.`,
  );
}

function fault(event: number, detail: string): ChainFault {
  return { event, kind: undefined, row: undefined, action: undefined, what: 'forged', detail };
}
