import type { Call } from './domain/call.js';
import type { CustomerTree } from './domain/config.js';
import type { Numbering } from './domain/numbering.js';
import type { QuietSubjects } from './domain/quiet.js';
import type { AggregateScope, Scope } from './domain/scope.js';
import { ancestryOf } from './facts/ancestry.js';
import { observeCall } from './facts/call-facts.js';
import { fieldId } from './facts/call-index.js';
import { lacksOf } from './facts/call-lacks.js';
import { createEventMasks, type EventMasks } from './pass-quiet-events.js';
import { CallQuiet, GroupQuiet, type RuleQuiet, type Slots } from './pass-quiet-rule.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** What has happened to some calls since the last poll. */
export interface CallEvents {
  /** One of EVENTS. */
  kind: number;
  calls: readonly EventCall[];
  /** They are listed no more. */
  gone?: boolean;
}

interface EventCall {
  readonly call: Call;
  readonly vendors: readonly number[];
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
  /** By which subcustomers count at the moment. */
  tree: () => CustomerTree;
  rules: readonly CompiledRule[];
}

/**
 * Keeps, for every rule of a replay, which of its subjects need not be judged at a poll, because their last verdict must
 * still be what it was (see quietBound). It holds only as long as every event is told, poll by poll: calls that are gone
 * before those that are new, as an ID may be used again.
 */
export interface QuietKeeper {
  /** Begins a poll: what has happened since the last one. */
  begin(now: number, events: readonly CallEvents[], changes: ListingChanges): void;
  of(rule: CompiledRule, away: AwayCalls): QuietSubjects;
}

export function createQuietKeeper(context: QuietContext): QuietKeeper {
  const { rules, numbering } = context;
  const needs = rules.reduce((all, rule) => all | rule.needs, 0);
  const masks = createEventMasks();
  const calls = new ScopeCalls(rules, numbering);
  const groups = groupScopesOf(rules).map((scope) => new ScopeGroups(scope, context, masks));
  const quietOf = new Map<CompiledRule, RuleQuiet>([calls, ...groups].flatMap((scope) => [...scope.quiet]));
  let poll = 0;

  return {
    begin(now, events, { anew, doubtful }) {
      // Who misses a poll begins anew.
      poll += anew ? 2 : 1;
      calls.note(events);
      for (const scope of [calls, ...groups]) scope.begin({ poll, now, doubtful });
      calls.look(events);
      for (const { kind, calls } of events) {
        for (const one of calls) {
          const bits = masks.bitsOf(kind, one.call);
          const lacks = lacksOf(one.call, needs, numbering);
          for (const scope of groups) scope.stir(one, bits, lacks);
        }
      }
    },
    of(rule, { goneCount, gone, vendorsOf }) {
      const quiet = quietOf.get(rule);
      if (quiet === undefined) throw new Error(`Nobody told of the rule "${rule.rule.name}".`);
      const { scope } = rule.rule;
      let found: readonly Call[] | undefined;
      const away = () => {
        found ??= gone();
        return found;
      };
      quiet.judgeWith({
        count: goneCount,
        lacks: () => away().some((call) => lacksOf(call, rule.needs, numbering) !== 0),
        subjectIds: () =>
          away().flatMap((call) => [...subjectIdsOf({ call, vendors: vendorsOf(call) }, scope, context)]),
      });
      return quiet;
    },
  };
}

function groupScopesOf(rules: readonly CompiledRule[]): readonly AggregateScope[] {
  const scopes = new Set(rules.map(({ rule }) => rule.scope));
  scopes.delete('call');
  return [...scopes] as AggregateScope[];
}

interface Listener {
  quiet: GroupQuiet;
  /** Where the rule does not see every call. */
  filter: CompiledRule | undefined;
}

type BeginPoll = Parameters<RuleQuiet['begin']>[0];

/** The subjects of one scope, for all of its rules. */
class ScopeGroups {
  readonly quiet: ReadonlyMap<CompiledRule, GroupQuiet>;
  private readonly slots = new Map<string, Slots>();
  private listening: readonly Listener[] = [];

  constructor(
    private readonly scope: AggregateScope,
    private readonly context: QuietContext,
    masks: EventMasks,
  ) {
    const own = context.rules.filter(({ rule }) => rule.scope === scope);
    this.quiet = new Map(
      own.map((rule, at) => [rule, new GroupQuiet(rule, at, (id) => this.slotsOf(id), masks.maskOf)]),
    );
  }

  begin(poll: BeginPoll): void {
    this.listening = Array.from(this.quiet)
      .filter(([, quiet]) => quiet.begin(poll))
      .map(([rule, quiet]) => ({ quiet, filter: rule.filtersCalls ? rule : undefined }));
  }

  stir(one: EventCall, bits: number, lacks: number): void {
    const { listening } = this;
    if (listening.length === 0) return;
    for (const id of subjectIdsOf(one, this.scope, this.context)) {
      const slots = this.slotsOf(id);
      for (const { quiet, filter } of listening) {
        // What a rule does not see changes nothing in what it says.
        if (filter === undefined || filter.admits(one.call, () => one.vendors) !== false)
          quiet.stir(id, slots, bits, lacks);
      }
    }
  }

  private slotsOf(id: string): Slots {
    let slots = this.slots.get(id);
    if (slots === undefined) {
      slots = [];
      this.slots.set(id, slots);
    }
    return slots;
  }
}

/** The calls that are listed, for the rules that judge them one by one. */
class ScopeCalls {
  readonly quiet: ReadonlyMap<CompiledRule, CallQuiet>;
  private readonly listed = new Map<string, EventCall>();
  private listening: CallQuiet[] = [];
  /** Two calls had one ID: one that is not in `listed` may be there all the same. */
  private hadSharedIds = false;

  constructor(rules: readonly CompiledRule[], numbering: Numbering) {
    const own = rules.filter(({ rule }) => rule.scope === 'call');
    const boundOf = (rule: CompiledRule, id: string) => {
      const call = this.listed.get(id)?.call;
      return call === undefined ? undefined : rule.callBound((name) => observeCall(name, call, numbering));
    };
    const mayBeListed = (id: string) => this.hadSharedIds || this.listed.has(id);
    this.quiet = new Map(own.map((rule) => [rule, new CallQuiet(rule, boundOf, mayBeListed)]));
  }

  /** Where two calls share an ID everything is judged anew, for as long as they do and once more. */
  note(events: readonly CallEvents[]): void {
    if (this.quiet.size === 0) return;
    for (const { calls, gone = false } of events) {
      for (const one of calls) {
        const { id } = one.call;
        const known = this.listed.get(id);
        this.hadSharedIds ||= !gone && (known ?? one) !== one;
        if (!gone) this.listed.set(id, one);
        else if (known === one) this.listed.delete(id);
      }
    }
  }

  begin(poll: BeginPoll): void {
    this.listening = [...this.quiet.values()].filter((quiet) => quiet.begin(poll));
  }

  look(events: readonly CallEvents[]): void {
    for (const quiet of this.listening) {
      for (const { calls } of events) {
        for (const { call } of calls) quiet.look(call.id);
      }
    }
  }
}

function subjectIdsOf({ call, vendors }: EventCall, scope: Scope, context: QuietContext): readonly string[] {
  if (scope === 'call') return [call.id];
  if (scope === 'vendor') return vendors.map(String);
  // Whoever counts the calls of descendants too is stirred by them.
  if (scope === 'customer' && call.customer !== undefined) return ancestryOf(call.customer, context.tree());
  const id = fieldId(call, scope satisfies AggregateScope, context.switchName);
  return id === undefined ? [] : [id];
}
