import type { Call } from './domain/call.js';
import type { EventRoom, QuietBound } from './domain/quiet.js';
import type { AggregateScope } from './domain/scope.js';
import type { IndeterminateVerdict } from './domain/verdict.js';
import { pastAdmission } from './facts/past-filter.js';
import type { EventMasks } from './pass-quiet-events.js';
import { type RulePoll, RuleQuiet } from './pass-quiet-rule.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** Before the first round: whatever happens to the subject next is told to all rules. */
const NO_ROUND = -1;
const NO_EPOCH = -1;
const NONE: readonly number[] = [];
const ENDLESS = Number.POSITIVE_INFINITY;

/**
 * A subject of some rules. Its events are counted for all of them at once, as nearly all of them wake nobody. All of it is
 * in plain arrays of numbers: there are millions of events.
 */
export interface GroupSubject {
  readonly id: string;
  readonly group: RuleGroup;
  /** By mask: how many of these events there have ever been. */
  readonly counts: number[];
  /** By mask: up to which count nobody wakes. It may be too low, which costs a look and no more. */
  readonly holds: number[];
  /** By mask and, within it, by rule: up to which count the verdict holds. */
  readonly untils: number[];
  /** By rule: in which of its epochs it fell asleep; none where it is awake, or gone. */
  readonly epochs: number[];
  /** By rule: the span of time in which a sleeping one has to be judged again. */
  readonly spans: number[];
  /** In which round all rules were told; before they are in the present one, some may know nothing of the subject. */
  round: number;
}

/** Rules of one scope that see the same calls: all of them, or those that one rule's filter lets in. */
export class RuleGroup {
  readonly quiet: ReadonlyMap<CompiledRule, GroupQuiet>;
  private readonly rules: readonly GroupQuiet[];
  private readonly subjects = new Map<string, GroupSubject>();
  /** What every subject is at first. */
  private readonly stranger: GroupSubject;
  /** Those that any room was for: a few, as they tell kinds of events and sorts of calls apart. */
  private readonly masks: number[] = [];
  /** By the bits of an event: the indices of the masks that it counts for. */
  private readonly hits = new Map<number, readonly number[]>();
  /** Those of the last event, as most come after one that is like them. */
  private lastHits: readonly number[] = [];
  private lastBits = 0;
  private listening: readonly GroupQuiet[] = [];
  private needs = 0;
  private round = 0;

  constructor(
    readonly scope: AggregateScope,
    compiled: readonly CompiledRule[],
    private readonly eventMasks: EventMasks,
  ) {
    this.quiet = new Map(compiled.map((rule, at) => [rule, new GroupQuiet(rule, at, this)]));
    this.rules = [...this.quiet.values()];
    this.stranger = {
      id: '',
      group: this,
      counts: [],
      holds: [],
      untils: [],
      epochs: this.rules.map(() => NO_EPOCH),
      spans: this.rules.map(() => ENDLESS),
      round: NO_ROUND,
    };
  }

  /** Whether events have to be told at this poll. */
  get listens(): boolean {
    return this.listening.length > 0;
  }

  /** Whether the group sees a call: what it does not see changes nothing in what its rules say. */
  sees(call: Call, vendors: readonly number[]): boolean {
    for (const rule of this.quiet.keys())
      if (rule.filtersCalls && pastAdmission(rule, { call, vendors, vendorsAsked: NONE }) === false)
        return false;
    return true;
  }

  begin(poll: RulePoll): void {
    const before = this.listening;
    this.listening = this.rules.filter((rule) => rule.begin(poll));
    // Who listens again knows only the subjects that it has judged since: all others have to wake with an event.
    if (this.listening.some((rule) => !before.includes(rule))) this.round += 1;
    this.needs = this.listening.reduce((all, { needs }) => all | needs, 0);
  }

  /** Something has happened to a call of a subject. */
  stir(subject: GroupSubject, bits: number, lacks: number): void {
    if (this.listening.length === 0) return;
    if (bits !== this.lastBits) {
      this.lastHits = this.hits.get(bits) ?? this.hitsOf(bits);
      this.lastBits = bits;
    }
    const { counts, holds } = subject;
    for (const mask of this.lastHits) {
      const count = (counts[mask] ?? 0) + 1;
      counts[mask] = count;
      if (count > (holds[mask] ?? 0)) this.wakeBy(mask, subject);
    }
    if (subject.round === this.round && (lacks & this.needs) === 0) return;
    subject.round = this.round;
    for (const rule of this.listening) rule.tell(subject, lacks);
  }

  /** Whatever the subject's verdicts were to outlast, it has to be judged. */
  upset(subject: GroupSubject): void {
    for (const rule of this.listening) rule.wake(subject);
  }

  subjectOf(id: string): GroupSubject {
    let subject = this.subjects.get(id);
    if (subject === undefined) {
      subject = copyOf(this.stranger, id);
      this.subjects.set(id, subject);
    }
    return subject;
  }

  /** From now on the verdict of this rule holds for as many events as its rooms have. */
  hold({ counts, holds, untils }: GroupSubject, at: number, rooms: readonly EventRoom[]): void {
    for (const room of rooms) {
      const mask = this.indexOf(this.eventMasks.maskOf(room));
      const until = (counts[mask] ?? 0) + room.events;
      const cell = this.cellOf(mask, at);
      untils[cell] = Math.min(untils[cell] ?? 0, until);
      holds[mask] = Math.min(holds[mask] ?? 0, until);
    }
  }

  /** The verdict of this rule holds no more. */
  release({ untils }: GroupSubject, at: number): void {
    for (let mask = 0; mask < this.masks.length; mask += 1) untils[this.cellOf(mask, at)] = ENDLESS;
  }

  /** Wakes the subject for the rules that hold no further than it has been counted. */
  private wakeBy(mask: number, subject: GroupSubject): void {
    const { counts, holds, untils } = subject;
    const count = counts[mask] ?? 0;
    let least = ENDLESS;
    for (let at = 0; at < this.rules.length; at += 1) {
      const until = untils[this.cellOf(mask, at)] ?? 0;
      if (count > until) this.rules[at]?.wake(subject);
      else if (until < least) least = until;
    }
    holds[mask] = least;
  }

  private cellOf(mask: number, at: number): number {
    return mask * this.rules.length + at;
  }

  private hitsOf(bits: number): readonly number[] {
    const found = this.masks.flatMap((mask, index) => ((mask & bits) === 0 ? [] : [index]));
    this.hits.set(bits, found);
    return found;
  }

  private indexOf(mask: number): number {
    const known = this.masks.indexOf(mask);
    if (known >= 0) return known;
    this.hits.clear();
    this.lastBits = 0;
    for (const { counts, holds, untils } of [this.stranger, ...this.subjects.values()]) {
      counts.push(0);
      holds.push(ENDLESS);
      for (const _ of this.rules) untils.push(ENDLESS);
    }
    return this.masks.push(mask) - 1;
  }
}

/** Of arrays that are as long as they have to be: there may be a million of them. */
function copyOf(
  { group, counts, holds, untils, epochs, spans, round }: GroupSubject,
  id: string,
): GroupSubject {
  return {
    id,
    group,
    counts: counts.slice(),
    holds: holds.slice(),
    untils: untils.slice(),
    epochs: epochs.slice(),
    spans: spans.slice(),
    round,
  };
}

/** A rule of any scope but call. */
class GroupQuiet extends RuleQuiet {
  private readonly sleeping = new Map<string, IndeterminateVerdict>();
  /** Until the rule forgets everything. */
  private epoch = 0;

  constructor(
    rule: CompiledRule,
    private readonly at: number,
    private readonly group: RuleGroup,
  ) {
    super(rule);
  }

  get needs(): number {
    return this.rule.needs;
  }

  get undecided(): Iterable<IndeterminateVerdict> {
    return this.sleeping.values();
  }

  settle(id: string, bound: QuietBound | undefined, verdict?: IndeterminateVerdict): void {
    const span = this.spanOf(bound);
    if (bound === undefined || span === undefined || bound.rooms.some(({ events }) => events < 0)) {
      this.awake.add(id);
      return;
    }
    this.awake.delete(id);
    const subject = this.group.subjectOf(id);
    this.group.release(subject, this.at);
    this.group.hold(subject, this.at, bound.rooms);
    subject.epochs[this.at] = this.epoch;
    subject.spans[this.at] = span;
    if (verdict !== undefined) this.sleeping.set(id, verdict);
    this.waitFor(span, id);
  }

  /** An event of a subject of which the rule may know nothing, or of a call that lacks something. */
  tell(subject: GroupSubject, lacks: number): void {
    if (!this.sleeps(subject)) this.awake.add(subject.id);
    else if ((lacks & this.rule.needs) !== 0) this.wake(subject);
  }

  /** The subject has to be judged, if it was quiet. */
  wake(subject: GroupSubject): void {
    this.group.release(subject, this.at);
    if (!this.sleeps(subject)) return;
    subject.epochs[this.at] = NO_EPOCH;
    this.sleeping.delete(subject.id);
    this.awake.add(subject.id);
  }

  protected wakeAt(id: string): void {
    const subject = this.group.subjectOf(id);
    // It may have been judged since, and sleep for longer now.
    if ((subject.spans[this.at] ?? 0) <= this.span) this.wake(subject);
  }

  protected override letGo(id: string): void {
    super.letGo(id);
    // When it is back, the rule knows nothing of it.
    this.group.subjectOf(id).round = NO_ROUND;
  }

  protected override forget(): void {
    super.forget();
    this.sleeping.clear();
    this.epoch += 1;
  }

  private sleeps({ epochs }: GroupSubject): boolean {
    return epochs[this.at] === this.epoch;
  }
}
