import { jitterMsOf } from '../domain/jitter.js';
import type { Holding, HoldingChanges, RuleActed } from '../domain/ledger.js';
import type { Rule } from '../domain/rule.js';
import type { VersionBounds } from '../domain/rule-version.js';
import type { Subject } from '../domain/scope.js';
import type { Verdict, ViolatedVerdict } from '../domain/verdict.js';

/** A violation counts as unbroken while two sights of it are at most so many polls apart. */
const POLLS_WITHOUT_A_BREAK = 3;
/** And in any case while they are at most this far apart; milliseconds. */
const SHORTEST_BREAK_MS = 15_000;

/** For how long at most two sights of a violation may be apart, so that it counts as unbroken; milliseconds. */
export function breakMsOf(intervalMs: number): number {
  return Math.max(POLLS_WITHOUT_A_BREAK * intervalMs, SHORTEST_BREAK_MS);
}

/** A violation that may not act yet, and why. */
export interface HeldVerdict {
  verdict: ViolatedVerdict;
  /** for: it has not held long enough; cooldown: the rule acted on the subject a moment ago. */
  reason: 'for' | 'cooldown';
  /** Milliseconds since the epoch: the earliest instant at which it may act. */
  until: number;
}

/** What became of the verdicts of one rule. */
export interface TimedVerdicts {
  /** Those that may act, with what time had to say in their evidence; and all that are no violations. */
  acting: readonly Verdict[];
  held: readonly HeldVerdict[];
  holding: HoldingChanges;
}

export interface TimingContext {
  now: number;
  /** How often the switch is polled; milliseconds. */
  intervalMs: number;
  /** Of this version of the rule, by subject text. */
  holding: ReadonlyMap<string, Holding>;
  /** What this version of the rule did to whom, as far back as it asks for. */
  acted: () => readonly RuleActed[];
  /** From when on `for` counts what is held, and which of those acts the escalation counts. */
  bounds: Pick<VersionBounds, 'climbsAfter' | 'since'>;
  /** Under which name what is held of a subject, and what was done to it, is kept; see subjectKey. */
  keyOf: (subject: Subject) => string;
}

/** `for`, `cooldown` and `escalate` of one rule at one instant. */
export interface RuleTiming {
  /** 0 for the rule's own event, n for `escalate[n - 1]`. */
  stepOf(subject: Subject): number;
  sift(verdicts: readonly Verdict[]): TimedVerdicts;
}

/** How far back a rule asks what it did: its cooldown, and the times of its escalation; 0 where it asks nothing. */
export function actedReachMs(rule: Rule): number {
  return Math.max(rule.cooldownMs ?? 0, ...rule.escalate.map(({ withinMs }) => withinMs));
}

export function createRuleTiming(rule: Rule, context: TimingContext): RuleTiming {
  const actedOn = instantsOf(() => (actedReachMs(rule) === 0 ? [] : context.acted()));
  const climbedOn = instantsOf(() => (rule.escalate.length === 0 ? [] : climbingOf(context)));
  const heldBefore = new RememberedSubjects(context.holding);
  const stepOf = (subject: Subject) => stepFor(rule, climbedOn(context.keyOf(subject)), context.now);
  return {
    stepOf,
    sift(verdicts) {
      const acting: Verdict[] = [];
      const held: HeldVerdict[] = [];
      const put: Holding[] = [];
      const violated = new Set<string>();
      const undecided = new Set<string>();
      for (const verdict of verdicts) {
        const key = context.keyOf(verdict.subject);
        if (verdict.result === 'indeterminate') undecided.add(key);
        if (verdict.result !== 'violated') {
          acting.push(verdict);
          continue;
        }
        violated.add(key);
        const since = heldSince(rule, key, { ...context, before: heldBefore.find(key) }, put);
        const wait = waitOf(rule, since, actedOn(key), context);
        const told = withTiming(verdict, rule, {
          since,
          acted: climbedOn(key),
          now: context.now,
          step: stepOf(verdict.subject),
        });
        if (wait === undefined) acting.push(told);
        else held.push({ verdict: told, ...wait });
      }
      return { acting, held, holding: { put, drop: dropped(context, violated, undecided) } };
    },
  };
}

/**
 * What is remembered of subjects. A call is known by its identity, of which a listing may not show the SETUP_TIME: it is found
 * all the same, whether that listing was the earlier one or the later.
 */
class RememberedSubjects<Value extends object | string> {
  private byCall: ReadonlyMap<string, readonly (readonly [string, Value])[]> | undefined;

  constructor(private readonly known: ReadonlyMap<string, Value>) {}

  /** Of the subject itself first. */
  find(key: string): readonly Value[] {
    const exact = this.known.get(key);
    const found = exact === undefined ? [] : [exact];
    const asked = identityIn(key);
    if (asked === undefined || this.known.size === 0) return found;
    this.byCall ??= groupByCall(this.known);
    for (const [other, value] of this.byCall.get(asked.call) ?? []) {
      const mayBeIt = asked.setupTime === null || identityIn(other)?.setupTime === null;
      if (other !== key && mayBeIt) found.push(value);
    }
    return found;
  }
}

function groupByCall<Value>(known: ReadonlyMap<string, Value>) {
  const byCall = new Map<string, (readonly [string, Value])[]>();
  for (const entry of known) {
    const call = identityIn(entry[0])?.call;
    if (call === undefined) continue;
    const same = byCall.get(call);
    if (same === undefined) byCall.set(call, [entry]);
    else same.push(entry);
  }
  return byCall;
}

/** ID and CALL_ID as one text, and SETUP_TIME, null where it was not listed; undefined for what is no call, see subjectKey. */
function identityIn(key: string): { call: string; setupTime: string | null } | undefined {
  if (!key.startsWith('call:[')) return undefined;
  const [id, callId, setupTime] = JSON.parse(key.slice('call:'.length)) as [string, string, string | null];
  return { call: JSON.stringify([id, callId]), setupTime };
}

/** What was done where it is not sure that the version was in force ever since holds back a repetition, and no more. */
function climbingOf({ acted, bounds }: TimingContext): readonly RuleActed[] {
  const { climbsAfter } = bounds;
  return climbsAfter === 0 ? acted() : acted().filter(({ actionId = Infinity }) => actionId > climbsAfter);
}

/** When the rule acted on a subject. Grouped once anybody asks: nobody does while nothing is violated, as at most polls. */
function instantsOf(acted: () => readonly RuleActed[]): (key: string) => readonly number[] {
  let grouped: RememberedSubjects<readonly number[]> | undefined;
  return (key) => {
    grouped ??= groupActed(acted());
    return grouped.find(key).flat();
  };
}

function groupActed(acted: readonly RuleActed[]): RememberedSubjects<readonly number[]> {
  const bySubject = new Map<string, number[]>();
  for (const { subject, at } of acted) {
    const instants = bySubject.get(subject);
    if (instants === undefined) bySubject.set(subject, [at]);
    else instants.push(at);
  }
  return new RememberedSubjects(bySubject);
}

/** The highest step that was earned: steps are ordered by `after`. */
function stepFor({ escalate }: Rule, acted: readonly number[], now: number): number {
  for (let step = escalate.length; step > 0; step--) {
    const earned = escalate[step - 1];
    if (earned !== undefined && actedWithin(acted, earned.withinMs, now) >= earned.after) return step;
  }
  return 0;
}

function actedWithin(acted: readonly number[], withinMs: number, now: number): number {
  return acted.filter((at) => at > now - withinMs && at <= now).length;
}

/**
 * Since when the subject violates the rule without a break, this instant included, as far as that counts. It is kept whole: by
 * what another config has it may count for longer.
 */
function heldSince(
  rule: Rule,
  subject: string,
  { now, intervalMs, bounds, before }: TimingContext & { before: readonly Holding[] },
  put: Holding[],
): number {
  if (rule.forMs === 0) return now;
  const breakMs = breakMsOf(intervalMs);
  const unbroken = before.filter(({ lastAt }) => lastAt <= now && now - lastAt <= breakMs);
  const since = Math.min(now, ...unbroken.map((one) => one.since));
  put.push({ rule: rule.name, ruleHash: rule.hash, subject, since, lastAt: now });
  return Math.min(now, Math.max(since, bounds.since));
}

function waitOf(
  rule: Rule,
  since: number,
  acted: readonly number[],
  { now, intervalMs }: Pick<TimingContext, 'now' | 'intervalMs'>,
): Pick<HeldVerdict, 'reason' | 'until'> | undefined {
  if (now - since < rule.forMs) return { reason: 'for', until: since + rule.forMs };
  // What was written while the clock was ahead was done before now all the same: it counts as done just now, so that a clock
  // that is set back never shortens a cooldown.
  const last = Math.min(now, Math.max(...acted));
  if (rule.cooldownMs !== undefined && now < last + rule.cooldownMs - jitterMsOf(intervalMs)) {
    return { reason: 'cooldown', until: last + rule.cooldownMs };
  }
  return undefined;
}

function withTiming(
  verdict: ViolatedVerdict,
  rule: Rule,
  { since, step, acted, now }: { since: number; step: number; acted: readonly number[]; now: number },
): ViolatedVerdict {
  const climbed = rule.escalate[step - 1];
  if (rule.forMs === 0 && climbed === undefined) return verdict;
  const held = { since: new Date(since).toISOString(), seconds: (now - since) / 1000 };
  return {
    ...verdict,
    evidence: {
      ...verdict.evidence,
      ...(rule.forMs > 0 && { held }),
      ...(climbed !== undefined && {
        escalated: {
          after: climbed.after,
          withinSeconds: climbed.withinMs / 1000,
          acted: actedWithin(acted, climbed.withinMs, now),
        },
      }),
    },
  };
}

/**
 * Whoever is clear, or gone, begins anew; who could not be judged keeps what was held, for as long as a break lasts.
 */
function dropped(
  { holding }: TimingContext,
  violated: ReadonlySet<string>,
  undecided: ReadonlySet<string>,
): HoldingChanges['drop'] {
  if (holding.size === 0) return [];
  const kept = new RememberedSubjects(new Map(Array.from(undecided, (key) => [key, key])));
  return [...holding.values()]
    .filter(({ subject }) => !violated.has(subject) && kept.find(subject).length === 0)
    .map(({ ruleHash, subject }) => ({ ruleHash, subject }));
}
