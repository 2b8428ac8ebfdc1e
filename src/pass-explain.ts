import type { MonitorReason, PlannedAction } from './domain/action.js';
import type { Call } from './domain/call.js';
import type { Caps } from './domain/config.js';
import type { Pause } from './domain/pause.js';
import type { FactReference, Rule } from './domain/rule.js';
import { type Subject, subjectText } from './domain/scope.js';
import type { Verdict, ViolatedVerdict } from './domain/verdict.js';
import { createGate, type Decision as GateDecision } from './enforce/gate.js';
import { type CarriedOut, carryOut } from './pass-carried-out.js';
import { type Decision, type DecisionInput, decidePass, factsFor, timingFor } from './pass-decide.js';
import { type ExplainedCall, explainCalls, listedCallsOf } from './pass-explain-calls.js';
import { createLeavingOut, type LeftOutBy } from './pass-explain-left-out.js';
import { nextOpening } from './pass-explain-schedule.js';
import { createPlan } from './plan/plan-actions.js';
import type { HeldVerdict } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';
import { isWithinSchedule } from './policy/schedule.js';
import { picksFromPool } from './policy/victims.js';

export interface ExplainInput extends DecisionInput {
  caps: Caps;
  configMode: 'enforce' | 'monitor';
  /** Calls that this switch lost to us within the last hour. */
  takenLastHour: number;
  /** The pause that keeps the switch from being acted on now; by default there is none. */
  pause?: Pause | undefined;
  /** The record of the same alert which keeps it from being recorded anew; by default there is none. */
  recordedAlert?: (action: PlannedAction, decision: GateDecision) => number | undefined;
}

export interface ExplainedAction extends CarriedOut {
  /** The earlier record that an alert would only repeat: it is not written. */
  recordedAs: number | undefined;
}

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
  /** Why the rule would cut nothing even if it acted; undefined where rule and config enforce. */
  monitors: MonitorReason | undefined;
  /** What keeps every rule from acting on this switch now. */
  pause: Pause | undefined;
  /** Of all conditions, those that did not decide included. */
  verdict: Verdict | undefined;
  /** What a pass finds instead of a violation, once rules that are planned before have taken their calls. */
  inPass: 'clear' | 'indeterminate' | 'not-judged' | undefined;
  held: HeldVerdict | undefined;
  /** Undefined where nothing is violated, or the event picks no calls. */
  pool: ExplainedPool | undefined;
  /** Actions of this rule on this subject as they would be carried out, and what would become of each right now. */
  actions: readonly ExplainedAction[];
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
  const decision = await decidePass(input);
  const own = decision.rules.find((one) => one.rule.name === rule.name);
  // What was disconnected a moment ago is gone for every rule; the rest is here as though this rule came first.
  const before = createPlan({ ...input, tree: input.customerTree });
  const isThere = (call: Call) => before.present(call, 'enforce');
  const facts = factsFor(input, compiled, isThere);
  const listed = facts.subjects(subject.scope).some(({ id }) => id === subject.id);
  const alone = listed
    ? await compiled.explain(facts, subject, timingFor(input, rule).stepOf(subject))
    : undefined;
  const inPass = own?.verdicts.find((one) => isSame(one.subject, subject));
  const held = own?.held.find((one) => isSame(one.verdict.subject, subject));
  const acting = inPass?.result === 'violated' ? inPass : undefined;
  // What acts, or is held back, bears what time had to say in its evidence.
  const verdict = acting ?? held?.verdict ?? alone;
  const live = listedCallsOf(subject, input);
  const carried = throughGate(decision, input);
  const violated = verdict?.result === 'violated' ? verdict : undefined;
  const judged = resultOf(verdict, { listed, live, isThere });
  const leavingOut = createLeavingOut(rule, input);
  // Calls of a vendor whom `only` does not name are never asked for, so that it is not listed either.
  const mayBeLeftOut = judged === 'excluded' || judged === 'not-listed';
  const leftOut = mayBeLeftOut ? leavingOut.ofSubject(subject, facts) : [];
  const calls = explainCalls({
    input,
    compiled,
    subject,
    carried,
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
    monitors: monitorReason(rule, input),
    pause: input.pause,
    verdict,
    inPass:
      judged === 'violated' && acting === undefined && held === undefined && own?.broken === undefined
        ? insteadOfViolation(inPass)
        : undefined,
    held,
    pool: violated === undefined ? undefined : poolOf(violated, rule),
    actions: ownActions(carried, rule, subject, input),
    calls,
    broken: own?.broken,
  };
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

function monitorReason({ mode }: Rule, { configMode }: ExplainInput): MonitorReason | undefined {
  if (mode !== 'enforce') return 'rule-monitor';
  return configMode === 'monitor' ? 'config-monitor' : undefined;
}

function isSame(one: Subject, other: Subject): boolean {
  return subjectText(one) === subjectText(other);
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

/** All actions pass the gate in their order, since what goes first uses the caps first. */
function throughGate({ actions }: Decision, input: ExplainInput): readonly CarriedOut[] {
  const gate = createGate({
    configMode: input.configMode,
    dryRun: false,
    caps: input.caps,
    takenLastHour: input.takenLastHour,
    paused: () => input.pause !== undefined,
    halted: () => undefined,
  });
  return carryOut(actions, { ...input, gate });
}

function ownActions(
  carried: readonly CarriedOut[],
  rule: Rule,
  subject: Subject,
  { recordedAlert }: ExplainInput,
): readonly ExplainedAction[] {
  return carried
    .filter(({ action }) => action.rule === rule.name && isSame(action.subject, subject))
    .map((one) => ({
      ...one,
      recordedAs: one.action.action === 'alert' ? recordedAlert?.(one.action, one.decision) : undefined,
    }));
}
