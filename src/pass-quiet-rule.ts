import type { QuietBound, QuietSubjects } from './domain/quiet.js';
import type { IndeterminateVerdict } from './domain/verdict.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** Subjects whose time comes are found by spans of time, each looked at once it has begun: a little too early is no harm. */
const SPAN_MS = 10_000;

/** What a poll is like for one rule. */
export interface RulePoll {
  poll: number;
  now: number;
  /** Nothing can be concluded from it for later polls. */
  doubtful: boolean;
}

/** Calls that count as gone for a rule; found once they are asked for. */
interface Away {
  count: number;
  lacks: () => boolean;
  subjectIds: () => readonly string[];
}

const NOBODY: Away = { count: 0, lacks: () => false, subjectIds: () => [] };

/** The subjects of one rule. Those that are awake are judged; all others are quiet, or have never been there, or have gone. */
export abstract class RuleQuiet implements QuietSubjects {
  due: ReadonlySet<string> | undefined;
  now = 0;
  protected readonly awake = new Set<string>();
  protected span = 0;
  protected concludes = false;
  private readonly bySpan = new Map<number, string[]>();
  private away = NOBODY;
  private lacksAway: boolean | undefined;
  private awayById: ReadonlyMap<string, number> | undefined;
  private poll = Number.NEGATIVE_INFINITY;
  /** The last poll at which all that were due have been judged. */
  private finished = Number.NEGATIVE_INFINITY;

  constructor(protected readonly rule: CompiledRule) {}

  abstract readonly undecided: Iterable<IndeterminateVerdict>;
  abstract settle(id: string, bound: QuietBound | undefined, verdict?: IndeterminateVerdict): void;
  /** The time of a quiet subject may have come. */
  protected abstract wakeAt(id: string): void;

  /** Begins a poll. Returns whether events have to be told: not to a rule that will judge everybody. */
  begin({ poll, now, doubtful }: RulePoll): boolean {
    const followsOn = this.finished === poll - 1;
    this.poll = poll;
    this.now = now;
    this.concludes = !doubtful;
    if (followsOn) this.wakeByTime();
    else this.forget();
    this.due = followsOn ? this.awake : undefined;
    return followsOn;
  }

  /** What other rules have planned is known when it comes to be judged. */
  judgeWith(away: Away): void {
    this.away = away;
    this.lacksAway = undefined;
    this.awayById = undefined;
    // These may be there at the next poll without being there at this one.
    if (this.due === undefined && away.count > 0) for (const id of away.subjectIds()) this.awake.add(id);
  }

  awayOf(id: string): number {
    if (this.away.count === 0) return 0;
    this.awayById ??= countsOf(this.away.subjectIds());
    return this.awayById.get(id) ?? 0;
  }

  awayLacks(): boolean {
    this.lacksAway ??= this.away.count > 0 && this.away.lacks();
    return this.lacksAway;
  }

  absent(ids: Iterable<string>): void {
    if (!this.concludes) return;
    // A call that another rule has planned to cut is only away for this poll.
    const away = this.away.count === 0 ? undefined : new Set(this.away.subjectIds());
    for (const id of ids) if (away?.has(id) !== true) this.letGo(id);
  }

  finish(): void {
    this.finished = this.poll;
  }

  /** Nothing is known of this subject any more. */
  protected letGo(id: string): void {
    this.awake.delete(id);
  }

  protected forget(): void {
    this.awake.clear();
    this.bySpan.clear();
    this.span = Math.floor(this.now / SPAN_MS);
  }

  /** The span in which a bound ends; undefined where the subject has to be judged at the next poll all the same. */
  protected spanOf(bound: QuietBound | undefined): number | undefined {
    if (bound === undefined || !this.concludes) return undefined;
    const span = Math.floor((this.now + bound.ms) / SPAN_MS);
    return span <= this.span ? undefined : span;
  }

  protected waitFor(span: number, id: string): void {
    if (span === Number.POSITIVE_INFINITY) return;
    const ids = this.bySpan.get(span);
    if (ids === undefined) this.bySpan.set(span, [id]);
    else ids.push(id);
  }

  private wakeByTime(): void {
    const span = Math.floor(this.now / SPAN_MS);
    const before = this.span;
    this.span = span;
    for (let one = before + 1; one <= span; one += 1) {
      const ids = this.bySpan.get(one);
      this.bySpan.delete(one);
      for (const id of ids ?? []) this.wakeAt(id);
    }
  }
}

function countsOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
