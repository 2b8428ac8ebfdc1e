import type { MonitorReason, PlannedAction } from './domain/action.js';
import type { Call } from './domain/call.js';
import type { FactSource } from './domain/facts.js';
import type { Pause } from './domain/pause.js';
import type { FactReference, Rule } from './domain/rule.js';
import type { Subject } from './domain/scope.js';
import type { Verdict, ViolatedVerdict } from './domain/verdict.js';
import type { CarriedOut } from './pass-carried-out.js';
import { decidePass, factsFor, type RuleDecision, timingFor } from './pass-decide.js';
import {
  type About,
  asThoughReady,
  type ExplainedAction,
  type Foreseen,
  foresee,
  isSame,
  plannedForOthers,
} from './pass-explain-actions.js';
import { type ExplainedCall, explainCalls, listedCallsOf } from './pass-explain-calls.js';
import type { ExplainInput } from './pass-explain-input.js';
import { createLeavingOut, type LeftOutBy } from './pass-explain-left-out.js';
import { nextOpening } from './pass-explain-schedule.js';
import { createPlan } from './plan/plan-actions.js';
import type { HeldVerdict } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';
import { isWithinSchedule } from './policy/schedule.js';
import { picksFromPool } from './policy/victims.js';

/** The calls from which a violated rule picks. */
export interface ExplainedPool {
  size: number;
  keep: number;
  /** Where the number of calls that stay was not written in the rule. */
  keepFrom: FactReference | undefined;
  /** Whether the event has a `where`, which the calls of the pool have passed. */
  where: boolean;
}

export type JudgedResult = Verdict['result'] | 'excluded' | 'not-listed' | 'recently-disconnected';

/** What a rule says of one subject at one instant, and what becomes of it. */
export interface Explanation {
  rule: Rule;
  subject: Subject;
  /**
   * excluded: `only` or `except` leave it or all of its calls out; not-listed: no such subject is there; recently-disconnected:
   * it is, but counts as gone; outside-schedule: it is not judged now.
   */
  result: JudgedResult | 'outside-schedule';
  /** What it would come to if the rule were judged on this switch now; undefined where it is. */
  ifJudged: JudgedResult | undefined;
  /** When the schedule opens next; undefined where it is open, or nothing opens it soon. */
  opensAt: number | undefined;
  /** The keys and entries of `only` and `except` that leave the subject, be it listed or not, or all of its calls out. */
  leftOutBy: readonly LeftOutBy[];
  /** Why the rule would cut nothing even if it acted; none where rule and config enforce. */
  monitors: readonly MonitorReason[];
  /** What keeps every rule from acting on this switch now. */
  pause: Pause | undefined;
  /** Of all conditions, those that did not decide included. */
  verdict: Verdict | undefined;
  /** What a pass finds instead of a violation, once rules that are planned before have taken their calls. */
  inPass: 'clear' | 'indeterminate' | 'not-judged' | undefined;
  held: HeldVerdict | undefined;
  /** The cooldown that would hold it back as well where it is held by `for`. */
  cooling: HeldVerdict | undefined;
  /** Undefined where nothing is violated, or the event picks no calls. */
  pool: ExplainedPool | undefined;
  /** Actions of this rule on this subject as they would be carried out, and what would become of each right now. */
  actions: readonly ExplainedAction[];
  /** The same if neither time nor a pause stood in the way. */
  ifReady: readonly ExplainedAction[];
  /** Of such a pass, the actions of all rules in their order. */
  inOrder: readonly CarriedOut[];
  /** Those of `actions` that are planned once for several subjects, of which this is not the first. */
  sharedWith: readonly PlannedAction[];
  /** Its live calls and those that the rule would take of others, each with its fate. */
  calls: readonly ExplainedCall[];
  broken: unknown;
}

/**
 * Judges, plans and carries out everything as a pass would, sends nothing, and tells of one rule and one subject. Where the
 * schedule is closed, it tells what would happen were it open. `askedCall`: the ID of a call that is to be among the calls
 * in any case.
 */
export async function explainRule(
  given: ExplainInput,
  compiled: CompiledRule,
  subject: Subject,
  askedCall?: string,
): Promise<Explanation> {
  const { rule } = compiled;
  const active = compiled.active(given.snapshot.observedAt);
  const input = active ? given : asThoughActive(given, rule);
  const looked = await look(input, compiled, subject);
  const { decision, own, facts, isThere, held, acting, verdict, live, judged } = looked;
  const violated = verdict?.result === 'violated' ? verdict : undefined;
  const about = { compiled, subject, violated: acting ?? held?.verdict };
  const foreseen = foresee(decision, input, about);
  const ready = await ifReady(input, { ...about, own, held, foreseen });
  const leavingOut = createLeavingOut(rule, input);
  // Calls of a vendor whom `only` does not name are never asked for, so that it is not listed either.
  const mayBeLeftOut = judged === 'excluded' || judged === 'not-listed';
  const leftOut = mayBeLeftOut ? leavingOut.ofSubject(subject, facts) : [];
  const calls = explainCalls({
    input,
    compiled,
    subject,
    foreseen,
    rules: decision.rules.map((one) => one.rule),
    violated,
    acting,
    active,
    live,
    askedCall,
    isThere,
    leavingOut,
    leftOut,
  });
  return {
    rule,
    subject,
    ...whetherJudged(given, compiled, judged),
    leftOutBy: [
      ...(active ? [] : leavingOut.ofSwitch(input.snapshot.switch)),
      ...(judged === 'excluded' && leftOut.length === 0 ? leftOutWith(calls) : leftOut),
    ],
    monitors: monitorReasons(rule, input),
    pause: input.pause,
    verdict,
    inPass:
      judged === 'violated' && acting === undefined && held === undefined && own?.broken === undefined
        ? insteadOfViolation(looked.inPass)
        : undefined,
    held,
    cooling: held?.reason === 'for' ? coolingOf(held, rule, input, facts) : undefined,
    pool: violated === undefined ? undefined : poolOf(violated, rule),
    actions: foreseen.own,
    ifReady: ready.own,
    inOrder: ready.all,
    sharedWith: plannedForOthers(foreseen.own, subject),
    calls,
    broken: own?.broken,
  };
}

/** What the pass comes to, and what the rule says of the subject by itself. */
async function look(input: ExplainInput, compiled: CompiledRule, subject: Subject) {
  const { rule } = compiled;
  const decision = await decidePass(input);
  const own = decision.rules.find((one) => one.rule.name === rule.name);
  // What was disconnected a moment ago is gone for every rule; the rest is here as though this rule came first.
  const before = createPlan({ ...input, tree: input.customerTree });
  const isThere = (call: Call) => before.present(call, 'enforce');
  const facts = factsFor(input, compiled, isThere);
  const listed = facts.subjects(subject.scope).some(({ id }) => id === subject.id);
  const alone = listed
    ? await compiled.explain(facts, subject, timingFor(input, rule, facts).stepOf(subject))
    : undefined;
  const inPass = own?.verdicts.find((one) => isSame(one.subject, subject));
  const held = own?.held.find((one) => isSame(one.verdict.subject, subject));
  const acting = inPass?.result === 'violated' ? inPass : undefined;
  // What acts, or is held back, bears what time had to say in its evidence.
  const verdict = acting ?? held?.verdict ?? alone;
  const live = listedCallsOf(subject, input);
  const judged = resultOf(verdict, { listed, live, isThere });
  return { decision, own, facts, isThere, inPass, held, acting, verdict, live, judged };
}

function asThoughActive(input: ExplainInput, { name }: Rule): ExplainInput {
  const rules = input.rules.map((one) => (one.rule.name === name ? { ...one, active: () => true } : one));
  return { ...input, rules };
}

/** A rule is not judged outside of its schedule, nor where an exception that ends names the whole switch. */
function whetherJudged(
  { snapshot: { observedAt } }: ExplainInput,
  { rule, active }: CompiledRule,
  judged: JudgedResult,
): Pick<Explanation, 'result' | 'ifJudged' | 'opensAt'> {
  if (active(observedAt)) return { result: judged, ifJudged: undefined, opensAt: undefined };
  if (isWithinSchedule(rule.schedule, observedAt)) {
    return { result: 'excluded', ifJudged: judged, opensAt: undefined };
  }
  const opensAt = nextOpening(rule.schedule, observedAt);
  return { result: 'outside-schedule', ifJudged: judged, opensAt };
}

/** What leaves the calls of a subject out of which none is left, each once. */
function leftOutWith(calls: readonly ExplainedCall[]): readonly LeftOutBy[] {
  const found = calls.flatMap(({ fate }) => (fate.fate === 'left-out' ? fate.by : []));
  return [...new Map(found.map((by) => [`${by.side} ${by.key} ${by.entry} ${by.until}`, by])).values()];
}

function monitorReasons({ mode }: Rule, { configMode }: ExplainInput): readonly MonitorReason[] {
  return [
    ...(mode === 'enforce' ? [] : (['rule-monitor'] as const)),
    ...(configMode === 'enforce' ? [] : (['config-monitor'] as const)),
  ];
}

/** The pass once more where time or a pause stands in the way, to see what else does. */
async function ifReady(
  input: ExplainInput,
  {
    own,
    held,
    foreseen,
    ...about
  }: About & { own: RuleDecision | undefined; held: HeldVerdict | undefined; foreseen: Foreseen },
): Promise<Foreseen> {
  if (held === undefined && input.pause === undefined) return foreseen;
  const unheld = asThoughReady(input, about.compiled, own?.held ?? [], about.subject);
  return foresee(await decidePass(unheld), { ...unheld, pause: undefined }, about);
}

function coolingOf(
  { verdict }: HeldVerdict,
  rule: Rule,
  input: ExplainInput,
  facts: FactSource,
): HeldVerdict | undefined {
  const [cooling] = timingFor(input, { ...rule, forMs: 0 }, facts).sift([verdict]).held;
  return cooling;
}

function resultOf(
  verdict: Verdict | undefined,
  { listed, live, isThere }: { listed: boolean; live: readonly Call[]; isThere: (call: Call) => boolean },
): JudgedResult {
  if (verdict !== undefined) return verdict.result;
  if (listed) return 'excluded';
  if (live.length === 0) return 'not-listed';
  return live.some(isThere) ? 'excluded' : 'recently-disconnected';
}

function insteadOfViolation(inPass: Verdict | undefined): Explanation['inPass'] {
  return inPass === undefined || inPass.result === 'violated' ? 'not-judged' : inPass.result;
}

function poolOf({ event, pool, keep, evidence }: ViolatedVerdict, rule: Rule): ExplainedPool | undefined {
  if (!picksFromPool(rule.scope, event.type)) return undefined;
  return { size: pool.length, keep, keepFrom: evidence.keepFrom, where: event.where !== undefined };
}
