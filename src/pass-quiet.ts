import type { Call } from './domain/call.js';
import type { CustomerTree } from './domain/config.js';
import type { Numbering } from './domain/numbering.js';
import { EVENTS, type QuietBound, type QuietSubjects } from './domain/quiet.js';
import type { AggregateScope, Scope } from './domain/scope.js';
import { ancestryOf } from './facts/ancestry.js';
import { fieldId } from './facts/call-index.js';
import { lacksOf } from './facts/call-lacks.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** What has happened to some calls since the last poll. */
export interface CallEvents {
  /** One of EVENTS. */
  kind: number;
  calls: readonly EventCall[];
}

interface EventCall {
  readonly call: Call;
  readonly vendors: readonly number[];
}

/** What happened to one subject since the last poll. */
interface Stir {
  fresh: number;
  changed: number;
  over: number;
  /** What any of the calls failed to say, as bits of LACKS. */
  lacks: number;
}

/** What else may have become of a listing. */
export interface ListingChanges {
  /** Nothing that was known holds any more, as the listing is another login's. */
  anew: boolean;
  /** Nothing can be concluded from it for later polls. */
  doubtful: boolean;
}

/** Calls that count as gone for a rule, because of what other rules have planned. */
export interface AwayCalls {
  goneCount: number;
  gone: () => readonly Call[];
  vendorsOf: (call: Call) => readonly number[];
}

export interface QuietContext {
  switchName: string;
  numbering: Numbering;
  customerTree: CustomerTree;
  rules: readonly CompiledRule[];
}

/**
 * Keeps, for every rule of a replay, which of its subjects need not be judged at a poll, because their last verdict was clear
 * and must still be so (see quietBound). It holds only as long as every event is told, poll by poll.
 */
export interface QuietKeeper {
  /** Begins a poll: what has happened since the last one. */
  begin(now: number, events: readonly CallEvents[], changes: ListingChanges): void;
  of(rule: CompiledRule, away: AwayCalls): QuietSubjects;
}

export function createQuietKeeper(context: QuietContext): QuietKeeper {
  const scopes = new Set(context.rules.map(({ rule }) => rule.scope));
  const needs = context.rules.reduce((all, rule) => all | rule.needs, 0);
  const rules = new Map<CompiledRule, QuietRule>();
  let stirs: ReadonlyMap<Scope, ReadonlyMap<string, Stir>> = new Map();
  let poll = 0;
  let at = 0;
  let concludes = false;

  return {
    begin(now, events, { anew, doubtful }) {
      // Who misses a poll begins anew.
      poll += anew ? 2 : 1;
      at = now;
      concludes = !doubtful;
      stirs = stirsOf(events, { ...context, scopes, needs });
    },
    of(rule, { goneCount, gone, vendorsOf }) {
      let quiet = rules.get(rule);
      if (quiet === undefined) {
        quiet = new QuietRule(rule.needs);
        rules.set(rule, quiet);
      }
      const { scope } = rule.rule;
      const stirred = stirs.get(scope) ?? new Map();
      const awayIds = () =>
        gone().flatMap((call) => [...subjectIdsOf({ call, vendors: vendorsOf(call) }, scope, context)]);
      const awayLacks = () => gone().some((call) => lacksOf(call, rule.needs, context.numbering) !== 0);
      quiet.begin({ poll, now: at, stirred, concludes, awayCount: goneCount, awayLacks, awayIds });
      if (quiet.due === undefined && goneCount > 0) quiet.expect(awayIds());
      return quiet;
    },
  };
}

interface StirContext extends QuietContext {
  scopes: ReadonlySet<Scope>;
  needs: number;
}

function stirsOf(events: readonly CallEvents[], context: StirContext): Map<Scope, Map<string, Stir>> {
  const { scopes, needs, numbering } = context;
  const stirs = new Map([...scopes].map((scope) => [scope, new Map<string, Stir>()]));
  for (const { kind, calls } of events) {
    for (const one of calls) {
      const lacks = lacksOf(one.call, needs, numbering);
      for (const [scope, stirred] of stirs)
        for (const id of subjectIdsOf(one, scope, context)) stir(stirred, id, kind, lacks);
    }
  }
  return stirs;
}

function stir(stirred: Map<string, Stir>, id: string, kind: number, lacks: number): void {
  let known = stirred.get(id);
  if (known === undefined) {
    known = { fresh: 0, changed: 0, over: 0, lacks: 0 };
    stirred.set(id, known);
  }
  if (kind === EVENTS.fresh) known.fresh += 1;
  else if (kind === EVENTS.changed) known.changed += 1;
  else known.over += 1;
  known.lacks |= lacks;
}

function subjectIdsOf({ call, vendors }: EventCall, scope: Scope, context: QuietContext): readonly string[] {
  if (scope === 'call') return [call.id];
  if (scope === 'vendor') return vendors.map(String);
  // Whoever counts the calls of descendants too is stirred by them.
  if (scope === 'customer' && call.customer !== undefined)
    return ancestryOf(call.customer, context.customerTree);
  const id = fieldId(call, scope satisfies AggregateScope, context.switchName);
  return id === undefined ? [] : [id];
}

/** Subjects whose time comes are found by spans of time, each looked at once it has begun: a little too early is no harm. */
const SPAN_MS = 10_000;

interface Quiet {
  /** Events that may still come, and which of them count. */
  events: number;
  of: number;
  /** The span of time in which it has to be judged again. */
  span: number;
}

interface QuietPoll {
  poll: number;
  now: number;
  stirred: ReadonlyMap<string, Stir>;
  concludes: boolean;
  awayCount: number;
  awayLacks: () => boolean;
  /** The subjects of the calls that are away. */
  awayIds: () => readonly string[];
}

/** The subjects of one rule. What is neither quiet nor awake has never been there, or has gone. */
class QuietRule implements QuietSubjects {
  due: ReadonlySet<string> | undefined;
  awayCount = 0;
  private lacksAway: boolean | undefined;
  private findAwayLacks: () => boolean = () => false;
  private findAwayIds: () => readonly string[] = () => [];
  private readonly quiet = new Map<string, Quiet>();
  private readonly awake = new Set<string>();
  private readonly bySpan = new Map<number, string[]>();
  private span = 0;
  private now = 0;
  private concludes = false;
  private poll = Number.NEGATIVE_INFINITY;
  /** The last poll at which all that were due have been judged. */
  private finished = Number.NEGATIVE_INFINITY;

  constructor(private readonly needs: number) {}

  begin({ poll, now, stirred, concludes, awayCount, awayLacks, awayIds }: QuietPoll): void {
    const followsOn = this.finished === poll - 1;
    this.poll = poll;
    this.now = now;
    this.concludes = concludes;
    this.awayCount = awayCount;
    this.lacksAway = awayCount === 0 ? false : undefined;
    this.findAwayLacks = awayLacks;
    this.findAwayIds = awayIds;
    if (followsOn) {
      this.wakeByTime();
      this.wakeByEvents(stirred);
    } else {
      this.forget();
    }
    this.due = followsOn ? this.awake : undefined;
  }

  awayLacks(): boolean {
    this.lacksAway ??= this.findAwayLacks();
    return this.lacksAway;
  }

  /** Subjects that may be there at the next poll without being there at this one. */
  expect(ids: readonly string[]): void {
    for (const id of ids) this.awake.add(id);
  }

  settle(id: string, bound: QuietBound | undefined): void {
    const span = bound === undefined ? 0 : Math.floor((this.now + bound.ms) / SPAN_MS);
    if (bound === undefined || !this.concludes || bound.events < 0 || span <= this.span) {
      this.awake.add(id);
      return;
    }
    this.awake.delete(id);
    this.quiet.set(id, { events: bound.events, of: bound.of, span });
    if (span === Number.POSITIVE_INFINITY) return;
    const ids = this.bySpan.get(span);
    if (ids === undefined) this.bySpan.set(span, [id]);
    else ids.push(id);
  }

  absent(ids: Iterable<string>): void {
    if (!this.concludes) return;
    // A call that another rule has planned to cut is only away for this poll.
    const away = this.awayCount === 0 ? undefined : new Set(this.findAwayIds());
    for (const id of ids) if (away?.has(id) !== true) this.awake.delete(id);
  }

  finish(): void {
    this.finished = this.poll;
  }

  private forget(): void {
    this.quiet.clear();
    this.awake.clear();
    this.bySpan.clear();
    this.span = Math.floor(this.now / SPAN_MS);
  }

  private wakeByTime(): void {
    const span = Math.floor(this.now / SPAN_MS);
    for (let one = this.span + 1; one <= span; one += 1) {
      for (const id of this.bySpan.get(one) ?? []) {
        // It may have been judged since, and sleep for longer now.
        if ((this.quiet.get(id)?.span ?? Number.POSITIVE_INFINITY) <= span) this.wake(id);
      }
      this.bySpan.delete(one);
    }
    this.span = span;
  }

  private wakeByEvents(stirred: ReadonlyMap<string, Stir>): void {
    for (const [id, { fresh, changed, over, lacks }] of stirred) {
      const quiet = this.quiet.get(id);
      if (quiet === undefined) {
        this.awake.add(id);
        continue;
      }
      const { of } = quiet;
      if ((of & EVENTS.fresh) !== 0) quiet.events -= fresh;
      if ((of & EVENTS.changed) !== 0) quiet.events -= changed;
      if ((of & EVENTS.over) !== 0) quiet.events -= over;
      if (quiet.events < 0 || (lacks & this.needs) !== 0) this.wake(id);
    }
  }

  private wake(id: string): void {
    this.quiet.delete(id);
    this.awake.add(id);
  }
}
