import type { CallIdentity } from '../domain/call.js';
import { sameCall } from '../domain/call.js';
import type { PastCall } from './past-call.js';
import { createPollGaps, type PollGaps } from './poll-gaps.js';
import { createTimeline, type Timeline } from './timeline.js';
import type { View } from './window-view.js';

/** Views that no rule has asked for so many polls are dropped; a rule with a schedule comes back to a new one. */
const POLLS_UNUSED = 200;

/** The calls that one login has listed, in memory. What another login listed is another history: it may see other calls. */
export interface LoginHistory {
  readonly login: string;
  readonly live: ReadonlySet<PastCall>;
  /** By start, by end, by answer, and by the last sight of calls that were answered and are over. */
  readonly started: Timeline;
  readonly ended: Timeline;
  readonly connected: Timeline;
  readonly talked: Timeline;
  readonly gaps: PollGaps;
  /** Counts the polls. */
  readonly polls: number;
  beginPoll(): void;
  find(identity: CallIdentity): PastCall | undefined;
  add(past: PastCall): void;
  /** Every change of a call but the passing of time goes through here, so that indexes and views follow it. */
  change(past: PastCall, mutate: () => void): void;
  /** The same where nothing changes but that the call ended or was cut: spares the views that do not care. */
  changeEnd(past: PastCall, mutate: () => void): void;
  /** Lets go of calls that ended before and are not listed any more. */
  forget(before: number): void;
  /** A number for an object, the same for as long as it lives: for the keys of views. */
  numberOf(object: object | undefined): number;
  /** The view kept under this key, else a new one. */
  view<V extends View>(key: string, create: () => V): V;
}

export function createLoginHistory(login: string): LoginHistory {
  const live = new Set<PastCall>();
  const sameId = new Map<string, PastCall[]>();
  const started = createTimeline((past) => past.startedAt);
  const ended = createTimeline((past) => past.endedAt);
  const connected = createTimeline((past) => past.connectedAt);
  const talked = createTimeline(({ endedAt, answered, lastSeenAt }) =>
    endedAt !== undefined && answered ? lastSeenAt : undefined,
  );
  const timelines = [started, ended, connected, talked];
  const gaps = createPollGaps();
  let views = new Map<string, View>();
  const objectNumbers = new WeakMap<object, number>();
  let lastObject = 0;
  let polls = 0;

  function settle(past: PastCall, onlyEnd: boolean): void {
    if (past.endedAt === undefined) live.add(past);
    else live.delete(past);
    for (const view of views.values()) if (!onlyEnd || view.dependsOnEnd) view.enter(past);
  }

  function change(past: PastCall, mutate: () => void, onlyEnd: boolean): void {
    for (const view of views.values()) if (!onlyEnd || view.dependsOnEnd) view.leave(past);
    const [start, end, answer, talk] = [
      started.keyOf(past),
      ended.keyOf(past),
      connected.keyOf(past),
      talked.keyOf(past),
    ];
    mutate();
    started.move(past, start);
    ended.move(past, end);
    connected.move(past, answer);
    talked.move(past, talk);
    settle(past, onlyEnd);
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
    gaps,
    get polls() {
      return polls;
    },
    beginPoll() {
      polls += 1;
      if (polls % POLLS_UNUSED === 0) dropUnusedViews();
    },
    find(identity) {
      const found = sameId.get(identity.id);
      if (found === undefined) return undefined;
      // The newest first: an ID that the switch uses again has many calls.
      for (let at = found.length - 1; at >= 0; at -= 1) {
        const past = found[at];
        if (past !== undefined && sameCall(past.call, identity)) return past;
      }
      return undefined;
    },
    add(past) {
      const found = sameId.get(past.call.id);
      if (found === undefined) sameId.set(past.call.id, [past]);
      else found.push(past);
      for (const timeline of timelines) timeline.insert(past);
      settle(past, false);
    },
    change: (past, mutate) => change(past, mutate, false),
    changeEnd: (past, mutate) => change(past, mutate, true),
    forget(before) {
      let forgotten = 0;
      ended.each(-Infinity, before, (past) => {
        if (past.listedIn === polls) return;
        for (const view of views.values()) view.leave(past);
        past.forgotten = true;
        forgotten += 1;
        const rest = sameId.get(past.call.id)?.filter((one) => one !== past) ?? [];
        if (rest.length === 0) sameId.delete(past.call.id);
        else sameId.set(past.call.id, rest);
      });
      for (const timeline of timelines) timeline.compact(forgotten);
      gaps.forget(before);
    },
    numberOf(object) {
      if (object === undefined) return 0;
      const known = objectNumbers.get(object);
      if (known !== undefined) return known;
      lastObject += 1;
      objectNumbers.set(object, lastObject);
      return lastObject;
    },
    view<V extends View>(key: string, create: () => V): V {
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
