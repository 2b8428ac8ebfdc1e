import type { PastCall } from './past-call.js';
import type { PastFilter, SubjectIds } from './past-filter.js';
import type { Timeline } from './timeline.js';
import { CONCERNS, type View } from './window-view.js';

export interface Minutes {
  value: number;
  /** Calls are missing in it: of unknown membership, or connected since an instant that is not known. */
  atLeast: boolean;
}

export interface MinutesView extends View {
  /** Connected minutes after the beginning of the window. */
  minutes(id: string): Minutes;
  counts(past: PastCall): boolean;
}

export interface MinutesViewOptions {
  /** By the answer, and by the end of the talk of calls that are over. */
  connected: Timeline;
  talked: Timeline;
  filter: PastFilter;
  subjectIds: SubjectIds;
  live: ReadonlySet<PastCall>;
}

interface Bucket {
  size: number;
  maybe: number;
  blank: number;
  /** Milliseconds of calls that were answered in the window and are over. */
  whole: number;
  /** Calls that were answered before the window and ended in it, and their ends, in milliseconds after `base`. */
  begunBefore: number;
  endsOfThose: number;
  live: Set<PastCall>;
}

/** Sums the time in which calls were connected; a call that is over is taken to have lasted until its last listing. */
export function createMinutesView(options: MinutesViewOptions): MinutesView {
  const { connected, talked, filter, subjectIds, live } = options;
  const buckets = new Map<string, Bucket>();
  let from = Infinity;
  let until = -Infinity;
  /** Instants are summed relative to this one, or the sums would leave the exact integers. */
  let base = 0;

  const isInside = (past: PastCall) =>
    past.answered &&
    from !== Infinity &&
    (past.endedAt === undefined || (past.lastSeenAt > from && past.lastSeenAt <= until));

  function apply(past: PastCall, sign: 1 | -1): void {
    const membership = filter(past);
    if (membership === 'out') return;
    for (const id of subjectIds(past)) {
      let bucket = buckets.get(id);
      if (bucket === undefined) {
        bucket = { size: 0, maybe: 0, blank: 0, whole: 0, begunBefore: 0, endsOfThose: 0, live: new Set() };
        buckets.set(id, bucket);
      }
      bucket.size += sign;
      if (membership === 'maybe') bucket.maybe += sign;
      else add(bucket, past, sign);
      if (bucket.size === 0) buckets.delete(id);
    }
  }

  function add(bucket: Bucket, past: PastCall, sign: 1 | -1): void {
    const { connectedAt, lastSeenAt } = past;
    if (connectedAt === undefined) bucket.blank += sign;
    else if (past.endedAt === undefined) {
      if (sign === 1) bucket.live.add(past);
      else bucket.live.delete(past);
    } else if (connectedAt > from) bucket.whole += sign * (lastSeenAt - connectedAt);
    else {
      bucket.begunBefore += sign;
      bucket.endsOfThose += sign * (lastSeenAt - base);
    }
  }

  function rebuild(to: number, now: number): void {
    buckets.clear();
    from = to;
    base = to;
    until = now;
    talked.each(from, now, (past) => apply(past, 1));
    for (const past of live) if (isInside(past)) apply(past, 1);
  }

  return {
    usedIn: 0,
    concerns: CONCERNS.all | CONCERNS.state | CONCERNS.end,
    enter(past) {
      if (isInside(past)) apply(past, 1);
    },
    leave(past) {
      if (isInside(past)) apply(past, -1);
    },
    advance(to, now) {
      if (to === from && now === until) return;
      if (to < from || now < until) {
        rebuild(to, now);
        return;
      }
      const nowBegunBefore: PastCall[] = [];
      connected.each(from, to, (past) => {
        if (past.endedAt !== undefined && past.lastSeenAt > to && isInside(past)) nowBegunBefore.push(past);
      });
      for (const past of nowBegunBefore) apply(past, -1);
      talked.each(from, Math.min(to, until), (past) => apply(past, -1));
      const seenUntil = Math.max(to, until);
      from = to;
      until = now;
      for (const past of nowBegunBefore) apply(past, 1);
      talked.each(seenUntil, now, (past) => apply(past, 1));
    },
    minutes(id) {
      const bucket = buckets.get(id);
      if (bucket === undefined) return { value: 0, atLeast: false };
      let ms = bucket.whole + bucket.endsOfThose - bucket.begunBefore * (from - base);
      for (const { connectedAt = from, lastSeenAt } of bucket.live)
        ms += Math.max(0, Math.min(lastSeenAt, until) - Math.max(connectedAt, from));
      return { value: ms / 60_000, atLeast: bucket.maybe + bucket.blank > 0 };
    },
    counts: (past) => isInside(past) && past.connectedAt !== undefined && filter(past) === 'in',
  };
}
