import type { Membership } from './call-filter.js';
import type { PastCall } from './past-call.js';
import type { PastFilter, SubjectIds } from './past-filter.js';
import type { Timeline } from './timeline.js';

/**
 * A fact over a sliding window for all subjects at once, kept in step with the calls: what a pass costs is what changed,
 * not what the window holds.
 */
export interface View {
  /** A call is about to change, or to be forgotten: takes back what it added. Nothing of it may have changed before. */
  leave(past: PastCall): void;
  /** A call is new, or has changed. */
  enter(past: PastCall): void;
  /** Moves the window: what lies after `from` counts, and nothing after `now`, which the clock may have been ahead of. */
  advance(from: number, now: number): void;
  /** Which changes of a call change anything in it, as bits of CONCERNS. */
  readonly concerns: number;
  /** The number of the last poll in which it was asked. */
  usedIn: number;
}

/**
 * What becomes of a call, as bits: anything at all; its state, its answer or its durations while it goes on; that it ended or
 * was cut.
 */
export const CONCERNS = { all: 1, state: 2, end: 4 } as const;

/** What a view knows of one subject. */
export interface Bucket {
  /** Calls in it, those in doubt too. */
  size: number;
  /** Calls that count for sure. */
  sure: number;
  /** Calls of which it is not known whether they count. */
  maybe: number;
  /** Calls in it that ended in a gap. */
  lost: number;
  /** Calls that count, but lack what is measured of them. */
  blank: number;
  /** Calls that count and are such as the fact looks for. */
  hits: number;
  /** Of the measured values, in whole units so that nothing drifts. */
  sum: number;
  /** How many calls bear each key. */
  counts: Map<string | number, number> | undefined;
  /** What was computed from counts since they last changed. */
  peak: Peak | undefined;
}

/** The most that one key, or one run of keys, comes to; and which keys bear it. */
export interface Peak {
  value: number;
  has(key: string | number): boolean;
}

/** What of a call is measured; undefined where the call does not tell, null where there is nothing to measure. */
export interface Reading {
  key?: (past: PastCall) => string | number | undefined | null;
  hit?: (past: PastCall) => boolean | undefined;
  value?: (past: PastCall) => number | undefined | null;
}

export interface WindowView extends View {
  bucket(id: string): Bucket | undefined;
  /** Whether any call of the subject is in it, in doubt or not. */
  has(id: string): boolean;
  ids(): Iterable<string>;
  /** Whether a call counts for sure. */
  counts(past: PastCall): boolean;
}

export interface WindowViewOptions {
  /** By which instant a call is in the window; a call without it is in where `openEnded`, else out. */
  timeline: Timeline;
  /** Calls that may have ended before the window where they were last seen before it; none where ends do not matter. */
  lost?: Timeline | undefined;
  openEnded: boolean;
  /** As bits of CONCERNS, `all` among them. */
  concerns: number;
  filter: PastFilter;
  subjectIds: SubjectIds;
  reading: Reading;
  /** Every call in memory that may lie in the window. */
  callsAfter: (from: number, visit: (past: PastCall) => void) => void;
}

export function createWindowView(options: WindowViewOptions): WindowView {
  const { timeline, lost, openEnded, filter, subjectIds, reading, callsAfter } = options;
  const buckets = new Map<string, Bucket>();
  let from = Infinity;
  let until = -Infinity;

  function isInside(past: PastCall): boolean {
    const key = timeline.keyOf(past);
    return key === undefined ? openEnded && from !== Infinity : key > from && key <= until;
  }

  function membershipOf(past: PastCall): Membership {
    const membership = filter(past);
    return membership === 'in' && (lost?.keyOf(past) ?? Infinity) <= from ? 'maybe' : membership;
  }

  function apply(past: PastCall, sign: 1 | -1): void {
    const membership = membershipOf(past);
    if (membership === 'out') return;
    for (const id of subjectIds(past)) {
      let bucket = buckets.get(id);
      if (bucket === undefined) {
        bucket = emptyBucket(reading);
        buckets.set(id, bucket);
      }
      bucket.size += sign;
      if (past.endedInGap && lost !== undefined) bucket.lost += sign;
      if (membership === 'maybe') bucket.maybe += sign;
      else tally(bucket, past, reading, sign);
      if (bucket.size === 0) buckets.delete(id);
    }
  }

  return {
    usedIn: 0,
    concerns: options.concerns,
    enter(past) {
      if (isInside(past)) apply(past, 1);
    },
    leave(past) {
      if (isInside(past)) apply(past, -1);
    },
    advance(to, now) {
      if (to === from && now === until) return;
      if (to < from || now < until) {
        buckets.clear();
        from = to;
        until = now;
        callsAfter(from, (past) => {
          if (isInside(past)) apply(past, 1);
        });
        return;
      }
      const inDoubtNow: PastCall[] = [];
      lost?.each(from, to, (past) => {
        if (isInside(past) && (timeline.keyOf(past) ?? 0) > to) inDoubtNow.push(past);
      });
      for (const past of inDoubtNow) apply(past, -1);
      timeline.each(from, Math.min(to, until), (past) => apply(past, -1));
      const seenUntil = Math.max(to, until);
      from = to;
      until = now;
      for (const past of inDoubtNow) apply(past, 1);
      timeline.each(seenUntil, now, (past) => apply(past, 1));
    },
    bucket: (id) => buckets.get(id),
    has: (id) => buckets.has(id),
    ids: () => buckets.keys(),
    counts: (past) => isInside(past) && membershipOf(past) === 'in',
  };
}

function emptyBucket(reading: Reading): Bucket {
  return {
    size: 0,
    sure: 0,
    maybe: 0,
    lost: 0,
    blank: 0,
    hits: 0,
    sum: 0,
    counts: reading.key === undefined ? undefined : new Map(),
    peak: undefined,
  };
}

function tally(bucket: Bucket, past: PastCall, reading: Reading, sign: 1 | -1): void {
  bucket.sure += sign;
  if (reading.key !== undefined) {
    const key = reading.key(past);
    if (key === undefined) bucket.blank += sign;
    else if (key !== null) countKey(bucket, key, sign);
  } else if (reading.hit !== undefined) {
    const hit = reading.hit(past);
    if (hit === undefined) bucket.blank += sign;
    else if (hit) bucket.hits += sign;
  } else if (reading.value !== undefined) {
    const value = reading.value(past);
    if (value === undefined) bucket.blank += sign;
    if (value === undefined || value === null) return;
    bucket.hits += sign;
    bucket.sum += sign * value;
  }
}

function countKey(bucket: Bucket, key: string | number, sign: 1 | -1): void {
  const { counts } = bucket;
  if (counts === undefined) return;
  const count = (counts.get(key) ?? 0) + sign;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
  bucket.peak = undefined;
}
