import type { ActionType, PlannedAction, WithholdReason } from './domain/action.js';
import { identityKey } from './domain/call.js';
import { type Subject, subjectText } from './domain/scope.js';
import type { ViolatedVerdict } from './domain/verdict.js';
import { createGate, type Gate } from './enforce/gate.js';
import { type CarriedOut, carryOut, holdOf } from './pass-carried-out.js';
import type { Decision } from './pass-decide.js';
import type { ExplainInput } from './pass-explain-input.js';
import { indexListing, withholdReasons } from './plan/call-safeguards.js';
import { targetsOf } from './plan/plan-actions.js';
import type { HeldVerdict } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** An action of the explained rule on the explained subject. */
export interface ExplainedAction extends CarriedOut {
  /** The earlier record that an alert would only repeat: it is not written. */
  recordedAs: number | undefined;
  /** What would hold a whole back that something else withholds already. */
  heldBesides: WithholdReason | undefined;
  /** Of a single call that a safeguard or a cap withholds: the safeguards that would withhold it without that. */
  others: readonly WithholdReason[];
}

/** What a pass comes to. */
export interface Foreseen {
  /** The actions of all rules, in the order in which they are carried out. */
  all: readonly CarriedOut[];
  /** Those of the explained rule on the explained subject. */
  own: readonly ExplainedAction[];
}

/** Whose actions are looked for. */
export interface About {
  compiled: CompiledRule;
  subject: Subject;
  /** The violation that asks for them; undefined where there is none. */
  violated: ViolatedVerdict | undefined;
}

/** All actions pass the gate in their order, since what goes first uses the caps first. */
export function foresee({ actions }: Decision, input: ExplainInput, about: About): Foreseen {
  const gate = createGate({
    configMode: input.configMode,
    dryRun: false,
    caps: input.caps,
    takenLastHour: input.takenLastHour,
    paused: () => input.pause !== undefined,
    halted: () => undefined,
  });
  const all = carryOut(actions, { ...input, gate });
  const isOwn = ownIn(input, about);
  return { all, own: all.filter(isOwn).map((one) => explained(one, input, gate)) };
}

function explained(one: CarriedOut, input: ExplainInput, gate: Gate): ExplainedAction {
  const { action, decision, insteadOf } = one;
  const isAlert = action.action === 'alert';
  const recordedAs = isAlert ? input.recordedAlert?.(action, decision) : undefined;
  const others = othersOf(one, input);
  const isWhole = wholeField(action.action) !== undefined && insteadOf === undefined;
  if (
    !isWhole ||
    decision.kind !== 'withheld' ||
    one.spared.length > 0 ||
    decision.reason === 'target-unknown'
  )
    return { ...one, recordedAs, heldBesides: undefined, others };
  const { hold, spared } = holdOf(action, { ...input, gate });
  return { ...one, recordedAs, spared, heldBesides: hold === decision.reason ? undefined : hold, others };
}

/** A pass records the first reason; whoever lifts that one should know of the others before. */
function othersOf({ action, decision }: CarriedOut, input: ExplainInput): readonly WithholdReason[] {
  if (action.action !== 'disconnectCall' || action.call === undefined || decision.kind !== 'withheld')
    return [];
  const key = identityKey(action.call);
  const call = input.snapshot.calls.find((one) => identityKey(one) === key);
  if (call === undefined) return [];
  const reasons = withholdReasons(call, indexListing(input.snapshot), input.protection);
  return reasons.filter((reason) => reason !== decision.reason);
}

/** An account or customer is disconnected once, for the first of several subjects that ask for it. */
function ownIn({ snapshot }: ExplainInput, { compiled, subject, violated }: About) {
  const type = violated?.event.type;
  const field = type === undefined ? undefined : wholeField(type);
  const targets =
    violated === undefined || field === undefined ? [] : targetsOf(field, violated, snapshot).map(String);
  return (one: CarriedOut): boolean => {
    const { action } = one;
    if (action.rule !== compiled.rule.name) return false;
    if (isSame(action.subject, subject)) return true;
    const whole = one.insteadOf ?? action;
    return whole.action === type && targets.includes(whole.target);
  };
}

/** Which field of a call says whether the action takes it along; undefined for what takes single calls, or none. */
function wholeField(type: ActionType): 'account' | 'customer' | undefined {
  if (type === 'disconnectAccount') return 'account';
  return type === 'disconnectCustomer' ? 'customer' : undefined;
}

/** Wholes among these that are planned for another subject. */
export function plannedForOthers(own: readonly CarriedOut[], subject: Subject): readonly PlannedAction[] {
  return own.flatMap(({ action, insteadOf }) =>
    isSame(action.subject, subject) || insteadOf !== undefined ? [] : [action],
  );
}

/** The same as though neither `for` nor `cooldown` held the rule back on this subject; all else, other subjects too, stays. */
export function asThoughReady(
  input: ExplainInput,
  { rule }: CompiledRule,
  held: readonly HeldVerdict[],
  subject: Subject,
): ExplainInput {
  const others = new Set(held.map(({ verdict }) => subjectText(verdict.subject)));
  others.delete(subjectText(subject));
  const rules = input.rules.map((one): CompiledRule => {
    if (one.rule.name !== rule.name) return one;
    return {
      ...one,
      rule: { ...one.rule, forMs: 0, cooldownMs: undefined },
      judge: async (facts, options) =>
        (await one.judge(facts, options)).filter((verdict) => !others.has(subjectText(verdict.subject))),
    };
  });
  return { ...input, rules };
}

export function isSame(one: Subject, other: Subject): boolean {
  return subjectText(one) === subjectText(other);
}
