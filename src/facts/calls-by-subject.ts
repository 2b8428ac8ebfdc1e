import type { AggregateScope } from '../domain/scope.js';
import { fieldId } from './call-index.js';
import type { PastCall } from './past-call.js';
import { createTimeline, type Timeline } from './timeline.js';
import { type Bucket, CONCERNS, type View, type WindowView } from './window-view.js';

/** The calls that a view may look at: those of a login, or those of one subject. */
export interface ViewedCalls {
  readonly live: ReadonlySet<PastCall>;
  /** By start, by end, and by the last sight of calls that ended somewhere in a gap. */
  readonly started: Timeline;
  readonly ended: Timeline;
  readonly lost: Timeline;
}

/** Scopes whose subjects are so few that each can have its own timelines; a call is of one subject of each, or of none. */
const DIVIDED = ['account', 'customer', 'connection'] as const;
type DividedScope = (typeof DIVIDED)[number];

/** The instants by which timelines are in order. */
export const startOfCall = (past: PastCall) => past.startedAt;
export const endOfCall = (past: PastCall) => past.endedAt;
export const lossOfCall = (past: PastCall) => (past.endedInGap ? past.lastSeenAt : undefined);

/** A view of one subject that has been asked for of late. */
interface KeptView {
  of: SubjectsView;
  view: WindowView;
  /** How often a call changed in it since it was asked. */
  unasked: number;
}

/** Fewer changes than this are not worth a view's end. */
const FEWEST_UNASKED = 8;

/**
 * The calls of a login, divided by subject, so that views count only for those who are asked about: a replay asks about few,
 * and a view of all subjects would have to follow the calls of every one. What a subject's view has not been asked for it does
 * not follow in time either.
 */
export interface CallsBySubject {
  /** A view that counts for each subject on its own; undefined where subjects of the scope have no timelines of their own. */
  view(scope: AggregateScope, options: SubjectsViewOptions): WindowView | undefined;
  add(past: PastCall): void;
  /** Before a call changes or is forgotten: takes it out of the views that the change concerns, a bit of CONCERNS. */
  leave(past: PastCall, what: number): void;
  /** After it has changed: it may be another subject's now. */
  enter(past: PastCall, what: number): void;
  forget(forgotten: readonly PastCall[]): void;
  /** This view, if it is one of these, will not be asked any more: what its subjects have of it is let go. */
  drop(view: View): void;
}

export interface SubjectsViewOptions extends Pick<View, 'concerns'> {
  /** Calls that have not ended are in it whenever they began. */
  openEnded: boolean;
  /** Every call that goes on, or ended in the window, is in it. */
  holdsAll: boolean;
  create: (calls: ViewedCalls, subjectId: string) => WindowView;
}

/** `all`: every call that is known, to begin with. */
export function createCallsBySubject(all: (visit: (past: PastCall) => void) => void): CallsBySubject {
  const scopes: DividedCalls[] = [];

  function open(scope: DividedScope): DividedCalls {
    let divided = scopes.find((one) => one.scope === scope);
    if (divided === undefined) {
      divided = new DividedCalls(scope);
      scopes.push(divided);
      all((past) => divided?.add(past));
    }
    return divided;
  }

  return {
    view: (scope, options) => (isDivided(scope) ? new SubjectsView(open(scope), options) : undefined),
    add(past) {
      for (const scope of scopes) scope.add(past);
    },
    leave(past, what) {
      for (const scope of scopes) scope.leave(past, what);
    },
    enter(past, what) {
      for (const scope of scopes) scope.enter(past, what);
    },
    forget(forgotten) {
      for (const scope of scopes) scope.forget(forgotten);
    },
    drop(view) {
      for (const scope of scopes) scope.drop(view);
    },
  };
}

function isDivided(scope: AggregateScope): scope is DividedScope {
  return (DIVIDED as readonly string[]).includes(scope);
}

/** The calls of one subject. */
class SubjectCalls implements ViewedCalls {
  readonly live = new Set<PastCall>();
  readonly started = createTimeline(startOfCall);
  readonly ended = createTimeline(endOfCall);
  readonly lost = createTimeline(lossOfCall);
  size = 0;
  private views: KeptView[] = [];
  /** How many of the views are open-ended. */
  private openEnded = 0;
  /** No view has been asked for what lies after this instant. */
  private askedUntil = -Infinity;

  insert(past: PastCall): void {
    this.size += 1;
    this.started.insert(past);
    this.ended.insert(past);
    if (past.endedInGap) this.lost.insert(past);
    this.settle(past);
  }

  settle(past: PastCall): void {
    if (past.endedAt === undefined) this.live.add(past);
    else this.live.delete(past);
  }

  compact(forgotten: number): void {
    this.size -= forgotten;
    this.started.compact(forgotten);
    this.ended.compact(forgotten);
    this.lost.compact(forgotten);
  }

  /** Whether a call that goes on, or ended after this instant, is in it. */
  hasSince(from: number): boolean {
    return this.live.size > 0 || this.ended.newest() > from;
  }

  view(of: SubjectsView, now: number, create: (calls: ViewedCalls) => WindowView): WindowView {
    this.askedUntil = Math.max(this.askedUntil, now);
    let kept = this.views.find((one) => one.of === of);
    if (kept === undefined) {
      kept = { of, view: create(this), unasked: 0 };
      this.views.push(kept);
      if (of.openEnded) this.openEnded += 1;
    }
    kept.unasked = 0;
    return kept.view;
  }

  enter(past: PastCall, what: number): void {
    if (this.views.length === 0) return;
    // Nearly always it has begun, or ended, since anybody asked: then the views come to it once they are asked.
    const changedAt = what === CONCERNS.end ? (past.endedAt ?? -Infinity) : past.startedAt;
    if (this.openEnded === 0 && changedAt > this.askedUntil) return;
    for (const { view } of this.views) if ((view.concerns & what) !== 0) view.enter(past);
  }

  leave(past: PastCall, what: number, id: string): void {
    // The end of a call that goes on is in no view but those.
    const isEnd = what === CONCERNS.end && past.endedAt === undefined;
    if (this.views.length === 0 || (isEnd && this.openEnded === 0)) return;
    let outlived = false;
    for (const kept of this.views) {
      if ((kept.view.concerns & what) === 0) continue;
      kept.view.leave(past);
      kept.unasked += 1;
      outlived ||= isOutlived(kept, id);
    }
    // To follow them further would cost more than to count them anew.
    if (outlived) this.keepViews((kept) => !isOutlived(kept, id));
  }

  drop(view: View): void {
    this.keepViews(({ of }) => of !== view);
  }

  private keepViews(isKept: (kept: KeptView) => boolean): void {
    this.views = this.views.filter(isKept);
    this.openEnded = this.views.filter(({ of }) => of.openEnded).length;
  }
}

function isOutlived({ view, unasked }: KeptView, id: string): boolean {
  return unasked > FEWEST_UNASKED && unasked > (view.bucket(id)?.size ?? 0);
}

/** The calls of one scope by subject. */
class DividedCalls {
  private readonly subjects = new Map<string, SubjectCalls>();
  /** The call that left last, and what it was like before it changed. */
  private left: PastCall | undefined;
  private leftId: string | undefined;
  private startedAt: number | undefined;
  private endedAt: number | undefined;
  private lostAt: number | undefined;

  constructor(readonly scope: DividedScope) {}

  get(id: string): SubjectCalls | undefined {
    return this.subjects.get(id);
  }

  ids(): Iterable<string> {
    return this.subjects.keys();
  }

  idOf({ call }: PastCall): string | undefined {
    return fieldId(call, this.scope, '');
  }

  add(past: PastCall): void {
    const id = this.idOf(past);
    if (id === undefined) return;
    let subject = this.subjects.get(id);
    if (subject === undefined) {
      subject = new SubjectCalls();
      this.subjects.set(id, subject);
    }
    subject.insert(past);
    subject.enter(past, CONCERNS.all);
  }

  leave(past: PastCall, what: number): void {
    const id = this.idOf(past);
    if (id !== undefined) this.subjects.get(id)?.leave(past, what, id);
    this.left = past;
    this.leftId = id;
    this.startedAt = startOfCall(past);
    this.endedAt = endOfCall(past);
    this.lostAt = lossOfCall(past);
  }

  enter(past: PastCall, what: number): void {
    const { left, leftId: id, startedAt, endedAt, lostAt } = this;
    if (left !== past) throw new Error('A call must leave before it enters.');
    this.left = undefined;
    const subject = id === undefined ? undefined : this.subjects.get(id);
    if (this.idOf(past) === id) {
      if (subject === undefined) return;
      subject.started.move(past, startedAt);
      subject.ended.move(past, endedAt);
      subject.lost.move(past, lostAt);
      subject.settle(past);
      subject.enter(past, what);
      return;
    }
    if (subject !== undefined && id !== undefined) {
      subject.started.remove(past, startedAt);
      subject.ended.remove(past, endedAt);
      subject.lost.remove(past, lostAt);
      subject.live.delete(past);
      subject.size -= 1;
      if (subject.size === 0) this.subjects.delete(id);
    }
    this.add(past);
  }

  drop(view: View): void {
    for (const subject of this.subjects.values()) subject.drop(view);
  }

  forget(forgotten: readonly PastCall[]): void {
    const counts = new Map<string, number>();
    for (const past of forgotten) {
      const id = this.idOf(past);
      if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const [id, count] of counts) {
      const subject = this.subjects.get(id);
      subject?.compact(count);
      if (subject?.size === 0) this.subjects.delete(id);
    }
  }
}

/** Views of single subjects as one. */
class SubjectsView implements WindowView {
  usedIn = 0;
  readonly concerns: number;
  readonly openEnded: boolean;
  private from = Infinity;
  private now = -Infinity;

  constructor(
    private readonly calls: DividedCalls,
    private readonly options: SubjectsViewOptions,
  ) {
    this.concerns = options.concerns;
    this.openEnded = options.openEnded;
  }

  /** The views of the subjects are told by their own calls. */
  enter(): void {}

  leave(): void {}

  advance(from: number, now: number): void {
    this.from = from;
    this.now = now;
  }

  bucket(id: string): Bucket | undefined {
    return this.viewOf(id)?.bucket(id);
  }

  has(id: string): boolean {
    if (this.options.holdsAll) return this.calls.get(id)?.hasSince(this.from) === true;
    return this.bucket(id) !== undefined;
  }

  *ids(): Iterable<string> {
    for (const id of this.calls.ids()) if (this.has(id)) yield id;
  }

  counts(past: PastCall): boolean {
    const id = this.calls.idOf(past);
    return id !== undefined && this.viewOf(id)?.counts(past) === true;
  }

  private viewOf(id: string): WindowView | undefined {
    const subject = this.calls.get(id);
    if (subject === undefined) return undefined;
    const view = subject.view(this, this.now, (calls) => this.options.create(calls, id));
    view.advance(this.from, this.now);
    return view;
  }
}
