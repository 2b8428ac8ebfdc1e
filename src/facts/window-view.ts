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

/** The most that one key, or one run of keys, comes to. */
export interface Peak {
  value: number;
  /** What a key comes to, or the run in which it lies. */
  of(key: string | number): number;
  /** Where one more key may raise it by more than one: how many it takes at the least to raise it to `value`. */
  keysTo?: (value: number) => number;
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
  /** Calls that have not ended: where open-ended, all of them are in it. */
  live: ReadonlySet<PastCall>;
}

export function createWindowView(options: WindowViewOptions): WindowView {
  return new SlidingWindow(options);
}

/** A class, as a replay has many for each of its subjects, and methods are shared then. */
class SlidingWindow implements WindowView {
  usedIn = 0;
  readonly concerns: number;
  private readonly timeline: Timeline;
  private readonly lost: Timeline | undefined;
  private readonly openEnded: boolean;
  private readonly filter: PastFilter;
  private readonly subjectIds: SubjectIds;
  private readonly reading: Reading;
  private readonly live: ReadonlySet<PastCall>;
  private readonly buckets = new Map<string, Bucket>();
  private from = Infinity;
  private until = -Infinity;

  constructor(options: WindowViewOptions) {
    this.concerns = options.concerns;
    this.timeline = options.timeline;
    this.lost = options.lost;
    this.openEnded = options.openEnded;
    this.filter = options.filter;
    this.subjectIds = options.subjectIds;
    this.reading = options.reading;
    this.live = options.live;
  }

  enter(past: PastCall): void {
    if (this.isInside(past)) this.apply(past, 1);
  }

  leave(past: PastCall): void {
    if (this.isInside(past)) this.apply(past, -1);
  }

  advance(to: number, now: number): void {
    const { from, until, timeline } = this;
    if (to === from && now === until) return;
    if (to < from || now < until) {
      this.rebuild(to, now);
      return;
    }
    const inDoubtNow = this.inDoubtFrom(to);
    for (const past of inDoubtNow) this.apply(past, -1);
    timeline.each(from, Math.min(to, until), (past) => this.apply(past, -1));
    this.from = to;
    this.until = now;
    for (const past of inDoubtNow) this.apply(past, 1);
    timeline.each(Math.max(to, until), now, (past) => this.apply(past, 1));
  }

  bucket(id: string): Bucket | undefined {
    return this.buckets.get(id);
  }

  has(id: string): boolean {
    return this.buckets.has(id);
  }

  ids(): Iterable<string> {
    return this.buckets.keys();
  }

  counts(past: PastCall): boolean {
    return this.isInside(past) && this.membershipOf(past) === 'in';
  }

  private rebuild(from: number, until: number): void {
    this.buckets.clear();
    this.from = from;
    this.until = until;
    this.timeline.each(from, Infinity, (past) => this.enter(past));
    if (this.openEnded) for (const past of this.live) this.enter(past);
  }

  /** Calls that stay in the window when it begins there, and may have ended before it then. */
  private inDoubtFrom(to: number): readonly PastCall[] {
    const { lost, timeline } = this;
    if (lost === undefined || lost.newest() <= this.from) return NONE;
    const found: PastCall[] = [];
    lost.each(this.from, to, (past) => {
      if (this.isInside(past) && (timeline.keyOf(past) ?? 0) > to) found.push(past);
    });
    return found;
  }

  private isInside(past: PastCall): boolean {
    const key = this.timeline.keyOf(past);
    return key === undefined
      ? this.openEnded && this.from !== Infinity
      : key > this.from && key <= this.until;
  }

  private membershipOf(past: PastCall): Membership {
    const membership = this.filter(past);
    return membership === 'in' && (this.lost?.keyOf(past) ?? Infinity) <= this.from ? 'maybe' : membership;
  }

  private apply(past: PastCall, sign: 1 | -1): void {
    const membership = this.membershipOf(past);
    if (membership === 'out') return;
    const { buckets, reading } = this;
    for (const id of this.subjectIds(past)) {
      let bucket = buckets.get(id);
      if (bucket === undefined) {
        bucket = emptyBucket(reading);
        buckets.set(id, bucket);
      }
      bucket.size += sign;
      if (past.endedInGap && this.lost !== undefined) bucket.lost += sign;
      if (membership === 'maybe') bucket.maybe += sign;
      else tally(bucket, past, reading, sign);
      if (bucket.size === 0) buckets.delete(id);
    }
  }
}

const NONE: readonly PastCall[] = [];

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
