import type { PlannedAction } from './domain/action.js';
import { type Call, identityKey } from './domain/call.js';
import type { Caps } from './domain/config.js';
import type { Rule } from './domain/rule.js';
import { type Subject, subjectText } from './domain/scope.js';
import type { Verdict } from './domain/verdict.js';
import { createGate, type Decision as GateDecision } from './enforce/gate.js';
import {
  type Decision,
  type DecisionInput,
  decidePass,
  factsFor,
  type RuleDecision,
  timingFor,
} from './pass-decide.js';
import type { HeldVerdict } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';

export interface ExplainInput extends DecisionInput {
  caps: Caps;
  configMode: 'enforce' | 'monitor';
  /** Calls that this switch lost to us within the last hour. */
  takenLastHour: number;
}

/** What a rule says of one subject at one instant, and what becomes of it. */
export interface Explanation {
  rule: Rule;
  subject: Subject;
  /** excluded: `only` or `except` leave it out; not-listed: no such subject is there; outside-schedule: it is not judged now. */
  result: Verdict['result'] | 'excluded' | 'not-listed' | 'outside-schedule';
  /** Of all conditions, those that did not decide included. */
  verdict: Verdict | undefined;
  held: HeldVerdict | undefined;
  /** Actions of this rule on this subject, and what would become of each right now. */
  actions: readonly { action: PlannedAction; decision: GateDecision }[];
  /** Its live calls, with what another rule takes of them first. */
  calls: readonly { call: Call; takenBy: string | undefined }[];
  broken: unknown;
}

/** Judges and plans everything as a pass would, sends nothing, and tells of one rule and one subject. */
export async function explainRule(
  input: ExplainInput,
  compiled: CompiledRule,
  subject: Subject,
): Promise<Explanation> {
  const decision = await decidePass(input);
  const own = decision.rules.find(({ rule }) => rule.name === compiled.rule.name);
  const facts = factsFor(input, compiled);
  const listed = facts.subjects(subject.scope).some(({ id }) => id === subject.id);
  const verdict = listed
    ? await compiled.explain(facts, subject, timingFor(input, compiled.rule).stepOf(subject))
    : undefined;
  const acting = own?.verdicts.find((one) => one.result === 'violated' && isSame(one.subject, subject));
  return {
    rule: compiled.rule,
    subject,
    result: resultOf(own, listed, verdict),
    // What acts bears what time had to say in its evidence.
    verdict: acting ?? verdict,
    held: own?.held.find((one) => isSame(one.verdict.subject, subject)),
    actions: gated(decision, input).filter(
      ({ action }) => action.rule === compiled.rule.name && isSame(action.subject, subject),
    ),
    calls: callsOf(decision, compiled.rule, facts.callsOf(subject)),
    broken: own?.broken,
  };
}

function isSame(one: Subject, other: Subject): boolean {
  return subjectText(one) === subjectText(other);
}

function resultOf(
  own: RuleDecision | undefined,
  listed: boolean,
  verdict: Verdict | undefined,
): Explanation['result'] {
  if (own?.active === false) return 'outside-schedule';
  if (!listed) return 'not-listed';
  return verdict?.result ?? 'excluded';
}

/** All actions pass the gate in their order, since what goes first uses the caps first. */
function gated({ actions }: Decision, input: ExplainInput) {
  const gate = createGate({
    configMode: input.configMode,
    dryRun: false,
    caps: input.caps,
    takenLastHour: input.takenLastHour,
    halted: () => undefined,
  });
  return actions.map((action) => ({ action, decision: gate.decide(action, action.weight) }));
}

/** What rules that are planned before take is gone for this one; a rule that only watches takes nothing from one that acts. */
function callsOf({ actions, rules }: Decision, own: Rule, calls: readonly Call[]): Explanation['calls'] {
  const names = rules.map(({ rule }) => rule.name);
  const earlier = new Set(names.slice(0, names.indexOf(own.name)));
  const takenBy = new Map<string, string>();
  for (const action of actions) {
    if (!earlier.has(action.rule) || action.action === 'alert' || action.withhold !== undefined) continue;
    if (own.mode === 'enforce' && action.mode !== 'enforce') continue;
    const taken = action.call === undefined ? action.takes : [action.call];
    for (const call of taken) takenBy.set(identityKey(call), action.rule);
  }
  return calls.map((call) => ({ call, takenBy: takenBy.get(identityKey(call)) }));
}
