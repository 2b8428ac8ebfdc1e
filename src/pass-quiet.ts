import type { Call } from './domain/call.js';
import type { CustomerTree } from './domain/config.js';
import type { Numbering } from './domain/numbering.js';
import type { QuietSubjects } from './domain/quiet.js';
import type { AggregateScope } from './domain/scope.js';
import { lacksOf, passingLacksOf } from './facts/call-lacks.js';
import { ScopeCalls } from './pass-quiet-calls.js';
import { createEventMasks, type EventMasks } from './pass-quiet-events.js';
import { RuleGroup } from './pass-quiet-groups.js';
import { type CallEvents, groupIdsOf, MarksReader } from './pass-quiet-marks.js';
import type { RuleQuiet } from './pass-quiet-rule.js';
import type { CompiledRule } from './policy/compile-rules.js';

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
  const groups = groupsOf(rules, masks);
  const marks = new MarksReader({ ...context, groups, masks, needs });
  const quietOf = new Map<CompiledRule, RuleQuiet>([calls, ...groups].flatMap((scope) => [...scope.quiet]));
  let poll = 0;

  function stir(events: readonly CallEvents[]): void {
    if (!groups.some(({ listens }) => listens)) return;
    marks.begin();
    for (const { kind, calls, upsets = false } of events) {
      for (const one of calls) {
        const { sorts, lacks, subjects } = marks.marksOf(one);
        const bits = kind * sorts;
        const allLacks = lacks | passingLacksOf(one.call, needs);
        for (const subject of subjects) {
          subject.group.stir(subject, bits, allLacks);
          if (upsets) subject.group.upset(subject);
        }
      }
    }
  }

  return {
    begin(now, events, { anew, doubtful }) {
      // Who misses a poll begins anew.
      poll += anew ? 2 : 1;
      calls.note(events);
      for (const scope of [calls, ...groups]) scope.begin({ poll, now, doubtful });
      calls.look(events);
      stir(events);
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
          away().flatMap((call) =>
            scope === 'call' ? [call.id] : groupIdsOf({ call, vendors: vendorsOf(call) }, scope, context),
          ),
      });
      return quiet;
    },
  };
}

/** A rule that filters calls waits for those alone that it lets in, so it can share no count with others. */
function groupsOf(rules: readonly CompiledRule[], masks: EventMasks): readonly RuleGroup[] {
  const shared = new Map<AggregateScope, CompiledRule[]>();
  const groups: RuleGroup[] = [];
  for (const compiled of rules) {
    const { scope } = compiled.rule;
    if (scope === 'call') continue;
    if (compiled.filtersCalls) groups.push(new RuleGroup(scope, [compiled], masks));
    else shared.set(scope, [...(shared.get(scope) ?? []), compiled]);
  }
  for (const [scope, own] of shared) groups.push(new RuleGroup(scope, own, masks));
  return groups;
}
