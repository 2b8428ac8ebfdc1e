import { type CallIdentity, identityKey } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { createKnownCalls, type Leg } from './known-calls.js';
import type { PastCall } from './past-call.js';
import { createPollGaps, type PollGaps } from './poll-gaps.js';
import { createTimeline, type Timeline } from './timeline.js';
import type { View } from './window-view.js';

/** Views that no rule has asked for so many polls are dropped; a rule with a schedule comes back to a new one. */
const POLLS_UNUSED = 200;

/** A call that is over is not expected to be listed any more once it was not for so many polls. */
const POLLS_OVER = 2;

/** The calls that one login has listed, in memory. What another login listed is another history: it may see other calls. */
export interface LoginHistory {
  readonly login: string;
  readonly live: ReadonlySet<PastCall>;
  /** By start, by end, by answer, and by the last sight of calls that were answered and are over. */
  readonly started: Timeline;
  readonly ended: Timeline;
  readonly connected: Timeline;
  readonly talked: Timeline;
  /** By the last sight, of calls that ended somewhere in a gap; mostly empty. */
  readonly lost: Timeline;
  readonly gaps: PollGaps;
  /** Counts the polls. */
  readonly polls: number;
  /** A listing of all calls was taken in: a call that is new in the next one began or ended since. */
  wasListed: boolean;
  /** Of a replay: the last listing. */
  listedAt: number;
  /** The vendors asked for with the listing of the poll before, and with this one; ascending. */
  askedBefore: readonly number[];
  asked: readonly number[];
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

/** Which views a change may concern. */
type Concerned = (view: View) => boolean;

const EVERY_VIEW: Concerned = () => true;
const OF_STATE: Concerned = ({ dependsOnState }) => dependsOnState;
const OF_END: Concerned = ({ dependsOnEnd }) => dependsOnEnd;

export function createLoginHistory(login: string): LoginHistory {
  const live = new Set<PastCall>();
  const known = createKnownCalls(
    ({ endedAt, listedIn }) => endedAt === undefined || listedIn >= polls - POLLS_OVER,
  );
  /** By identity: the poll that listed them last. */
  const over = new Map<string, number>();
  const started = createTimeline((past) => past.startedAt);
  const ended = createTimeline((past) => past.endedAt);
  const connected = createTimeline((past) => past.connectedAt);
  const talked = createTimeline(({ endedAt, answered, lastSeenAt }) =>
    endedAt !== undefined && answered ? lastSeenAt : undefined,
  );
  const lost = createTimeline((past) => (past.endedInGap ? past.lastSeenAt : undefined));
  const timelines = [started, ended, connected, talked, lost];
  const gaps = createPollGaps();
  let views = new Map<string, View>();
  let viewsThrough: { tree: CustomerTree | undefined; keys: Set<string> } = {
    tree: undefined,
    keys: new Set(),
  };
  const objectNumbers = new WeakMap<object, number>();
  let lastObject = 0;
  let polls = 0;

  function settle(past: PastCall, concerned: Concerned): void {
    if (past.endedAt === undefined) live.add(past);
    else live.delete(past);
    for (const view of views.values()) if (concerned(view)) view.enter(past);
  }

  function change(past: PastCall, mutate: () => void, concerned: Concerned): void {
    for (const view of views.values()) if (concerned(view)) view.leave(past);
    const keys = timelines.map((timeline) => timeline.keyOf(past));
    mutate();
    for (const [at, timeline] of timelines.entries()) timeline.move(past, keys[at]);
    settle(past, concerned);
  }

  function dropUnusedViews(): void {
    const used = [...views].filter(([, view]) => view.usedIn >= polls - POLLS_UNUSED);
    if (used.length < views.size) views = new Map(used);
  }

  return {
    login,
    live,
    started,
    ended,
    connected,
    talked,
    lost,
    gaps,
    wasListed: false,
    listedAt: Number.NEGATIVE_INFINITY,
    askedBefore: [],
    asked: [],
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
      settle(past, EVERY_VIEW);
    },
    change: (past, mutate) => change(past, mutate, EVERY_VIEW),
    changeState: (past, mutate) => change(past, mutate, OF_STATE),
    changeEnd: (past, mutate) => change(past, mutate, OF_END),
    forget(before) {
      let forgotten = 0;
      ended.each(-Infinity, before, (past) => {
        if (past.listedIn === polls) return;
        for (const view of views.values()) view.leave(past);
        past.forgotten = true;
        forgotten += 1;
        known.remove(past);
      });
      for (const timeline of timelines) timeline.compact(forgotten);
      gaps.forget(before);
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
