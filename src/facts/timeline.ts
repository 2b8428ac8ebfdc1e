import type { PastCall } from './past-call.js';

/** Calls in order of one of their instants. Keys of calls in it must not change without `move`. */
export interface Timeline {
  /** Undefined where the call has no such instant, and so no place here. */
  keyOf(call: PastCall): number | undefined;
  insert(call: PastCall): void;
  /** Puts a call right whose key was `oldKey` when it was put in. */
  move(call: PastCall, oldKey: number | undefined): void;
  /** Takes a call out whose key was this when it was put in. */
  remove(call: PastCall, key: number | undefined): void;
  /** The latest instant of any call in it; -Infinity where there is none. */
  newest(): number;
  /** Visits what lies after `from` and not after `to`, oldest first; what was forgotten is left out. */
  each(from: number, to: number, visit: (call: PastCall) => void): void;
  /** Lets go of what was forgotten; cheap, as it waits until that is half of all. */
  compact(forgotten: number): void;
}

/** Fewer than this are not worth a compaction. */
const FEWEST_FORGOTTEN = 16;

/** The calls of a poll begin in any order: so many steps from the end are tried before the place is searched for. */
const CLOSE = 64;

export function createTimeline(keyOf: (call: PastCall) => number | undefined): Timeline {
  return new KeyedTimeline(keyOf);
}

/** A class, as there may be some for each of thousands of subjects, and methods are shared then. */
class KeyedTimeline implements Timeline {
  private calls: PastCall[] = [];
  private keys: number[] = [];
  private forgottenSince = 0;
  /** What lies before it was forgotten. */
  private head = 0;

  constructor(readonly keyOf: (call: PastCall) => number | undefined) {}

  insert(call: PastCall): void {
    const key = this.keyOf(call);
    if (key === undefined) return;
    const { keys, calls } = this;
    // Nearly always it belongs at the end, or close to it.
    if (key >= (keys.at(-1) ?? -Infinity)) {
      keys.push(key);
      calls.push(call);
      return;
    }
    let at = keys.length;
    // A place close to the end is found, and made, step by step.
    const nearest = Math.max(this.head, at - CLOSE);
    while (at > nearest && (keys[at - 1] ?? -Infinity) > key) at -= 1;
    if (at === nearest) at = this.after(key);
    this.head = Math.min(this.head, at);
    if (at < nearest) {
      keys.splice(at, 0, key);
      calls.splice(at, 0, call);
      return;
    }
    keys.push(key);
    calls.push(call);
    for (let later = keys.length - 1; later > at; later -= 1) {
      keys[later] = keys[later - 1] ?? key;
      calls[later] = calls[later - 1] ?? call;
    }
    keys[at] = key;
    calls[at] = call;
  }

  move(call: PastCall, oldKey: number | undefined): void {
    if (oldKey === this.keyOf(call)) return;
    this.remove(call, oldKey);
    this.insert(call);
  }

  remove(call: PastCall, key: number | undefined): void {
    if (key === undefined) return;
    const { keys, calls } = this;
    for (let at = this.after(key) - 1; at >= 0 && keys[at] === key; at -= 1) {
      if (calls[at] !== call) continue;
      if (at < this.head) this.head -= 1;
      keys.splice(at, 1);
      calls.splice(at, 1);
      return;
    }
  }

  newest(): number {
    return this.keys.at(-1) ?? -Infinity;
  }

  each(from: number, to: number, visit: (call: PastCall) => void): void {
    const { keys, calls } = this;
    for (let at = Math.max(this.head, this.after(from)); at < keys.length; at += 1) {
      const call = calls[at];
      if (call === undefined || (keys[at] ?? Infinity) > to) return;
      if (!call.forgotten) visit(call);
    }
  }

  compact(forgotten: number): void {
    this.forgottenSince += forgotten;
    const { calls, keys } = this;
    while (calls[this.head]?.forgotten === true) this.head += 1;
    if (this.forgottenSince < FEWEST_FORGOTTEN || this.forgottenSince * 2 < calls.length) return;
    this.forgottenSince = 0;
    const kept: PastCall[] = [];
    const keptKeys: number[] = [];
    for (let at = 0; at < calls.length; at += 1) {
      const call = calls[at];
      const key = keys[at];
      if (call === undefined || key === undefined || call.forgotten) continue;
      kept.push(call);
      keptKeys.push(key);
    }
    this.calls = kept;
    this.keys = keptKeys;
    this.head = 0;
  }

  /** Position after the last key that is not greater. */
  private after(key: number): number {
    const { keys } = this;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? Infinity) <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
