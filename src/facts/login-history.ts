import { type CallIdentity, identityKey } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import {
  type CallsBySubject,
  createCallsBySubject,
  endOfCall,
  lossOfCall,
  startOfCall,
  type ViewedCalls,
} from './calls-by-subject.js';
import { createKnownCalls, type Leg } from './known-calls.js';
import type { PastCall } from './past-call.js';
import { createPollGaps, type PollGaps } from './poll-gaps.js';
import { createTimeline, type Timeline } from './timeline.js';
import { CONCERNS, type View } from './window-view.js';

/** Views that no rule has asked for so many polls are dropped; a rule with a schedule comes back to a new one. */
const POLLS_UNUSED = 200;

/** A call that is over is not expected to be listed any more once it was not for so many polls. */
const POLLS_OVER = 2;

/** The calls that one login has listed, in memory. What another login listed is another history: it may see other calls. */
export interface LoginHistory extends ViewedCalls {
  readonly login: string;
  /** By answer, and by the last sight of calls that were answered and are over. */
  readonly connected: Timeline;
  readonly talked: Timeline;
  /** Where views are made subject by subject; else they are made for all subjects at once. */
  readonly bySubject: CallsBySubject | undefined;
  readonly gaps: PollGaps;
  /** Counts the polls. */
  readonly polls: number;
  /** A listing of all calls was taken in: a call that is new in the next one began or ended since. */
  wasListed: boolean;
  /**
   * Since which poll each account has lacked calls in every listing that was compared with the statistics; Infinity where calls of
   * theirs were held open before this process, until a first listing has been looked at.
   */
  readonly lackingSince: Map<number, number>;
  /** When on-net calls were cut, by the key of the entries for their other account: one may be listed first after that. */
  readonly onNetCutAt: Map<string, number>;
  /** Of a replay: the last listing. */
  listedAt: number;
  /** The vendors asked for with the listing of the poll before, and with this one; ascending. */
  askedBefore: readonly number[];
  asked: readonly number[];
  /** Of a replay told by its changes: calls that the last listing showed and none after a listing that asked for vendors. */
  readonly unconfirmed: Set<PastCall>;
  beginPoll(): void;
  /** The entry of this call and leg, else the newest of this call. */
  find(call: CallIdentity & Leg): PastCall | undefined;
  /** All entries of one call, oldest first. */
  all(identity: CallIdentity): readonly PastCall[];
  /** The same where calls that are long over may be meant, too, and SETUP_TIME may have been another one. */
  everOf(identity: CallIdentity): readonly PastCall[];
  /** The entries with this ID and CALL_ID, whatever their SETUP_TIME. */
  ofCallId(identity: CallIdentity): readonly PastCall[];
  /** Takes down a call of which nobody knows when it ended. */
  noteOver(identity: CallIdentity): void;
  /** Whether it was taken down so, and has been listed since. */
  isOver(identity: CallIdentity): boolean;
  add(past: PastCall): void;
  /** Every change of a call but the passing of time goes through here, so that indexes and views follow it. */
  change(past: PastCall, mutate: () => void): void;
  /**
   * The same for a call that goes on where nothing changes but its state and what comes of that: its answer, and how long it
   * is. When it started does not.
   */
  changeState(past: PastCall, mutate: () => void): void;
  /** The same where nothing changes but that the call ended or was cut: spares the views that do not care. */
  changeEnd(past: PastCall, mutate: () => void): void;
  /** Lets go of calls that ended before and are not listed any more. */
  forget(before: number): void;
  /** A number for an object, the same for as long as it lives: for the keys of views. */
  numberOf(object: object | undefined): number;
  /** The view kept under this key, else a new one. Those through another tree than this are dropped: it is out of date. */
  view<V extends View>(key: string, create: () => V, tree?: CustomerTree): V;
}

/** `few`: facts are asked of few subjects at a poll, as replays do. */
export function createLoginHistory(login: string, few = false): LoginHistory {
  const live = new Set<PastCall>();
  const known = createKnownCalls(
    ({ endedAt, listedIn }) => endedAt === undefined || listedIn >= polls - POLLS_OVER,
  );
  /** By identity: the poll that listed them last. */
  const over = new Map<string, number>();
  const started = createTimeline(startOfCall);
  const ended = createTimeline(endOfCall);
  const connected = createTimeline((past) => past.connectedAt);
  const talked = createTimeline(({ endedAt, answered, lastSeenAt }) =>
    endedAt !== undefined && answered ? lastSeenAt : undefined,
  );
  const lost = createTimeline(lossOfCall);
  const timelines = [started, ended, connected, talked, lost];
  const gaps = createPollGaps();
  const onNetCutAt = new Map<string, number>();
  const bySubject = few
    ? createCallsBySubject((visit) => started.each(-Infinity, Infinity, visit))
    : undefined;
  const views = new Map<string, View>();
  let viewsThrough: { tree: CustomerTree | undefined; keys: Set<string> } = {
    tree: undefined,
    keys: new Set(),
  };
  const objectNumbers = new WeakMap<object, number>();
  let lastObject = 0;
  let polls = 0;

  function settle(past: PastCall, what: number): void {
    if (past.endedAt === undefined) live.add(past);
    else live.delete(past);
    for (const view of views.values()) if ((view.concerns & what) !== 0) view.enter(past);
  }

  /** `what` changes, as a bit of CONCERNS. */
  function change(past: PastCall, mutate: () => void, what: number): void {
    for (const view of views.values()) if ((view.concerns & what) !== 0) view.leave(past);
    bySubject?.leave(past, what);
    const startedAt = started.keyOf(past);
    const endedAt = ended.keyOf(past);
    const connectedAt = connected.keyOf(past);
    const talkedAt = talked.keyOf(past);
    const lostAt = lost.keyOf(past);
    mutate();
    started.move(past, startedAt);
    ended.move(past, endedAt);
    connected.move(past, connectedAt);
    talked.move(past, talkedAt);
    lost.move(past, lostAt);
    bySubject?.enter(past, what);
    settle(past, what);
  }

  function dropUnusedViews(): void {
    for (const [key, view] of views) {
      if (view.usedIn >= polls - POLLS_UNUSED) continue;
      views.delete(key);
      bySubject?.drop(view);
    }
  }

  return {
    login,
    live,
    started,
    ended,
    connected,
    talked,
    lost,
    bySubject,
    gaps,
    wasListed: false,
    lackingSince: new Map(),
    onNetCutAt,
    listedAt: Number.NEGATIVE_INFINITY,
    askedBefore: [],
    asked: [],
    unconfirmed: new Set(),
    get polls() {
      return polls;
    },
    beginPoll() {
      polls += 1;
      this.askedBefore = this.asked;
      this.asked = [];
      if (polls % POLLS_UNUSED === 0) dropUnusedViews();
      for (const [key, listedIn] of over) if (listedIn < polls - POLLS_OVER) over.delete(key);
    },
    find: known.find,
    all: known.all,
    everOf: known.everOf,
    ofCallId: known.ofCallId,
    noteOver(identity) {
      over.set(identityKey(identity), polls);
    },
    isOver: (identity) => over.has(identityKey(identity)),
    add(past) {
      known.add(past);
      for (const timeline of timelines) timeline.insert(past);
      bySubject?.add(past);
      settle(past, CONCERNS.all);
    },
    change: (past, mutate) => change(past, mutate, CONCERNS.all),
    changeState: (past, mutate) => change(past, mutate, CONCERNS.state),
    changeEnd: (past, mutate) => change(past, mutate, CONCERNS.end),
    forget(before) {
      const forgotten: PastCall[] = [];
      ended.each(-Infinity, before, (past) => {
        if (past.listedIn === polls) return;
        for (const view of views.values()) view.leave(past);
        bySubject?.leave(past, CONCERNS.all);
        past.forgotten = true;
        forgotten.push(past);
        known.remove(past);
      });
      for (const timeline of timelines) timeline.compact(forgotten.length);
      bySubject?.forget(forgotten);
      gaps.forget(before);
      for (const [key, at] of onNetCutAt) if (at <= before) onNetCutAt.delete(key);
    },
    numberOf(object) {
      if (object === undefined) return 0;
      const number = objectNumbers.get(object);
      if (number !== undefined) return number;
      lastObject += 1;
      objectNumbers.set(object, lastObject);
      return lastObject;
    },
    view<V extends View>(key: string, create: () => V, tree?: CustomerTree): V {
      if (tree !== undefined && tree !== viewsThrough.tree) {
        for (const old of viewsThrough.keys) views.delete(old);
        viewsThrough = { tree, keys: new Set() };
      }
      if (tree !== undefined) viewsThrough.keys.add(key);
      // A key names what made the view, so what is found under it is of the type asked for.
      let view = views.get(key) as V | undefined;
      if (view === undefined) {
        view = create();
        views.set(key, view);
      }
      view.usedIn = polls;
      return view;
    },
  };
}
