import type { Call } from './domain/call.js';
import type { Observed } from './domain/facts.js';
import type { Numbering } from './domain/numbering.js';
import type { QuietBound } from './domain/quiet.js';
import type { IndeterminateVerdict } from './domain/verdict.js';
import { observeCall } from './facts/call-facts.js';
import type { CallEvents, EventCall } from './pass-quiet-marks.js';
import { type RulePoll, RuleQuiet } from './pass-quiet-rule.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** The calls that are listed, for the rules that judge them one by one. */
export class ScopeCalls {
  readonly quiet: ReadonlyMap<CompiledRule, CallQuiet>;
  private readonly listed = new Map<string, EventCall>();
  private listening: readonly CallQuiet[] = [];
  /** Two calls had one ID: one that is not in `listed` may be there all the same. */
  private hadSharedIds = false;
  /** IDs of calls that are gone and of which nobody was told that they were there: another one may bear each of them. */
  private strangers: ReadonlySet<string> = new Set();

  constructor(
    rules: readonly CompiledRule[],
    private readonly numbering: Numbering,
  ) {
    const own = rules.filter(({ rule }) => rule.scope === 'call');
    this.quiet = new Map(own.map((rule) => [rule, new CallQuiet(rule, (id, one) => this.tell([one], id))]));
  }

  /** Where two calls share an ID everything is judged anew, for as long as they do and once more. */
  note(events: readonly CallEvents[]): void {
    if (this.quiet.size === 0) return;
    const strangers = new Set<string>();
    for (const { calls, gone = false } of events) {
      for (const one of calls) {
        const { id } = one.call;
        const known = this.listed.get(id);
        if (!gone) {
          this.hadSharedIds ||= (known ?? one) !== one;
          this.listed.set(id, one);
        } else if (known === one) this.listed.delete(id);
        else if (known === undefined) strangers.add(id);
      }
    }
    this.strangers = strangers;
  }

  begin(poll: RulePoll): void {
    this.listening = [...this.quiet.values()].filter((quiet) => quiet.begin(poll));
  }

  look(events: readonly CallEvents[]): void {
    if (this.listening.length === 0) return;
    for (const { calls } of events) for (const { call } of calls) this.tell(this.listening, call.id);
  }

  /** What these rules can know of a call by its fields: that it is new, or has changed, or is gone. */
  private tell(rules: readonly CallQuiet[], id: string): void {
    const call = this.listed.get(id)?.call;
    if (call !== undefined) {
      const observe = this.fieldsOf(call);
      for (const rule of rules) rule.look(id, observe);
    } else if (this.hadSharedIds || this.strangers.has(id))
      for (const rule of rules) rule.settle(id, undefined);
    else for (const rule of rules) rule.leave(id);
  }

  private fieldsOf(call: Call): (name: string) => Observed | undefined {
    return (name) => observeCall(name, call, this.numbering);
  }
}

/**
 * A rule of scope call. A call that its own fields keep quiet is not judged at all, and looked at again after its next
 * event.
 */
class CallQuiet extends RuleQuiet {
  readonly undecided: readonly IndeterminateVerdict[] = [];

  constructor(
    rule: CompiledRule,
    private readonly lookAgain: (id: string, rule: CallQuiet) => void,
  ) {
    super(rule);
  }

  settle(id: string, bound: QuietBound | undefined): void {
    const span = this.spanOf(bound);
    if (span === undefined) {
      this.awake.add(id);
      return;
    }
    this.awake.delete(id);
    this.waitFor(span, id);
  }

  /** The call is new or has changed. */
  look(id: string, observe: (name: string) => Observed | undefined): void {
    this.settle(id, this.rule.callBound(observe));
  }

  /** The call is gone. */
  leave(id: string): void {
    this.letGo(id);
  }

  protected wakeAt(id: string): void {
    this.lookAgain(id, this);
  }
}
