import type Database from 'better-sqlite3';
import type { ChainFault, Checkpoint, PruneSeal } from '../domain/audit-chain.js';

export interface CheckpointFindings {
  matched: number;
  pruned: number;
  /** The first of each checkpoint that does not bear out the chain. */
  faults: readonly ChainFault[];
}

/**
 * Compares a chain with the heads of it that were signed.
 *
 * @param seals of what was pruned: checkpoints of the last event of a span can be compared still
 * @param last number of the last event
 */
export function compareCheckpoints(
  database: Database.Database,
  checkpoints: readonly Checkpoint[],
  genuine: (checkpoint: Checkpoint) => boolean,
  { seals, last }: { seals: readonly PruneSeal[]; last: number },
): CheckpointFindings {
  // In hex by SQLite, which makes a text in place of the hash another one.
  const hashOf = database
    .prepare<[number], string>('SELECT lower(hex(hash)) FROM audit_event WHERE seq = ?')
    .pluck();
  const sealed = new Map(seals.map(({ to, hash }) => [to, hash]));
  const faults: ChainFault[] = [];
  let [matched, pruned, matchedUpTo] = [0, 0, 0];
  for (const checkpoint of inOrder(checkpoints)) {
    const { sequence, at } = checkpoint;
    if (!genuine(checkpoint)) {
      faults.push(
        fault(sequence, 'forged', `The checkpoint of event ${sequence} of ${at} bears no good signature.`),
      );
      continue;
    }
    if (sequence > last) {
      faults.push(
        fault(
          last + 1,
          'cut',
          `The log ends at event ${last}, but event ${sequence} was there on ${at}: its end was cut off.`,
        ),
      );
      continue;
    }
    const hash = hashOf.get(sequence) ?? sealed.get(sequence);
    if (hash === undefined) {
      pruned += 1;
    } else if (hash === checkpoint.hash) {
      matched += 1;
      matchedUpTo = sequence;
    } else {
      const detail = `Event ${sequence} is not the one of which a checkpoint was signed on ${at}: the log was written anew from an event after ${matchedUpTo} on.`;
      faults.push(fault(sequence, 'altered', detail));
    }
  }
  return { matched, pruned, faults };
}

function fault(event: number, what: ChainFault['what'], detail: string): ChainFault {
  return { event, kind: undefined, row: undefined, action: undefined, what, detail };
}

function inOrder(checkpoints: readonly Checkpoint[]): readonly Checkpoint[] {
  return [...checkpoints].sort((one, other) => one.sequence - other.sequence);
}
