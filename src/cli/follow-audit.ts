import type { AuditRecord } from '../domain/action.js';
import type { AuditQuery, Clock } from '../domain/ports.js';

/** A record still without an outcome after this time is printed as it is: its process may have died. */
const GREATEST_HOLD_MS = 60_000;

export interface FollowOptions {
  /** All records with a greater id that match in all but their outcome, which is still to come. */
  read: (afterId: number) => Iterable<AuditRecord>;
  /** Only this outcome. */
  outcome: string | undefined;
  start: FollowStart;
  clock: Clock;
  /** Between two looks. */
  wait: () => Promise<void>;
  stopped: () => boolean;
}

export interface FollowStart {
  afterId: number;
  /** Behind that and not new: these are not printed. */
  seen: Set<number>;
}

/**
 * Where following begins, so that neither a record of now is missed nor an old one repeated: after the greatest id, or
 * before the first record that is still under way.
 */
export function followStart(read: (query: AuditQuery) => Iterable<AuditRecord>, now: number): FollowStart {
  let greatest = 0;
  let firstOpen: number | undefined;
  const recent = { since: now - GREATEST_HOLD_MS };
  for (const query of [{ limit: 1 }, recent]) {
    for (const { id, outcome } of read(query)) {
      greatest = Math.max(greatest, id);
      if (outcome === null) firstOpen = Math.min(firstOpen ?? id, id);
    }
  }
  const seen = new Set<number>();
  if (firstOpen === undefined) return { afterId: greatest, seen };
  const afterId = firstOpen - 1;
  for (const { id, outcome } of read({ afterId })) if (outcome !== null) seen.add(id);
  return { afterId, seen };
}

/**
 * New records as they come, in batches (empty ones included), each once. A record under way is held back until its
 * outcome is known, so that none is seen half; those behind it do not wait.
 */
export async function* followedRecords(options: FollowOptions): AsyncGenerator<readonly AuditRecord[]> {
  const { outcome, start } = options;
  /** Records behind `afterId` that are not to be printed (again): they lie behind one that is held back. */
  const { seen } = start;
  let { afterId } = start;
  while (!options.stopped()) {
    const batch: AuditRecord[] = [];
    let firstHeld: number | undefined;
    let greatest = afterId;
    for (const record of options.read(afterId)) {
      greatest = Math.max(greatest, record.id);
      const isHeld = record.outcome === null && options.clock() - Date.parse(record.at) < GREATEST_HOLD_MS;
      if (isHeld) firstHeld = Math.min(firstHeld ?? record.id, record.id);
      else if (!seen.has(record.id) && (outcome === undefined || outcome === record.outcome))
        batch.push(record);
    }
    afterId = firstHeld === undefined ? greatest : firstHeld - 1;
    for (const { id } of batch) seen.add(id);
    for (const id of seen) if (id <= afterId) seen.delete(id);
    yield batch;
    await options.wait();
  }
}
