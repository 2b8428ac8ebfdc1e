import type { ActionCall, PlannedAction, WithholdReason } from './domain/action.js';
import { type Call, type CallIdentity, perhapsSameCall } from './domain/call.js';
import type { Caps, CustomerTree } from './domain/config.js';
import { exceedsShare } from './domain/share-cap.js';
import { countLive, type Snapshot } from './domain/snapshot.js';
import type { Decision, Gate } from './enforce/gate.js';
import { singleAction } from './enforce/single-action.js';
import { vendorLookup } from './pass-decide.js';
import { actionCall, endingWith, indexListing, withholdReasons } from './plan/call-safeguards.js';
import { type HoldingCall, inspectTarget, type TargetInspection } from './plan/inspect-target.js';
import type { Protection } from './plan/protection.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** What it takes to tell what enforcement makes of a plan. */
export interface CarryingOut {
  snapshot: Snapshot;
  /** Those that planned: their exceptions hold for what a whole takes along too. */
  rules: readonly CompiledRule[];
  customerTree: CustomerTree;
  protection: Protection;
  caps: Pick<Caps, 'sharePerPass'>;
  recentlyDisconnected: readonly CallIdentity[];
  /** Of this pass alone, as it counts what goes through. */
  gate: Gate;
}

/** One action as it is carried out, and what the gate says of it. */
export interface CarriedOut {
  /** A whole that must not be taken bears no calls; those that may go follow as actions of their own. */
  action: PlannedAction;
  decision: Decision;
  /** Of a whole that must not be taken: the calls that stand in its way, and those that are not cut one by one either. */
  spared: readonly SparedCall[];
  /** Of a call that is cut in place of a whole: that whole. */
  insteadOf: PlannedAction | undefined;
}

export interface SparedCall extends Pick<HoldingCall, 'reason'> {
  call: ActionCall;
  /** What would spare it as well, were it not for the reason. */
  others: readonly HoldingCall['reason'][];
}

/**
 * What enforcement makes of a plan where every new listing shows what the snapshot shows and the pass has not ended: a whole
 * that would take along what must stay is withheld, and its calls that may go are cut one by one. Sends nothing. Enforcement
 * itself looks at newer listings in between; tests hold both to the same outcome.
 */
export function carryOut(actions: readonly PlannedAction[], context: CarryingOut): readonly CarriedOut[] {
  const sent = createSent(context.recentlyDisconnected);
  const result: CarriedOut[] = [];

  function conclude(
    action: PlannedAction,
    decision: Decision,
    { spared = [], insteadOf }: Partial<Pick<CarriedOut, 'spared' | 'insteadOf'>> = {},
  ): void {
    result.push({ action, decision, spared, insteadOf });
    if (decision.kind !== 'send') return;
    const taken = action.call === undefined ? action.takes : [action.call];
    for (const call of taken) sent.add(call);
    const index = indexListing(context.snapshot);
    for (const id of endingWith(idsOf(taken), index))
      for (const entry of index.entriesOf(id)) sent.add(entry);
  }

  function single(action: PlannedAction, insteadOf?: PlannedAction): void {
    if (action.action === 'disconnectCall' && action.call !== undefined && sent.has(action.call)) return;
    conclude(action, context.gate.decide(action, action.weight), { insteadOf });
  }

  function whole(planned: PlannedAction): void {
    const { gate, snapshot, caps } = context;
    const preview = gate.preview(planned, planned.weight);
    if (preview.kind === 'withheld') {
      conclude(planned, preview);
      return;
    }
    const found = inspect(planned, context, sent.has);
    const { inside, perhapsInside, hold, oneByOne } = found;
    if (inside.length === 0) {
      conclude({ ...planned, takes: [], perhapsTakes: [] }, withheld('gone'));
      return;
    }
    const weight = hold === undefined ? found.weight : oneByOne.length;
    // What may be sent is weighed on a new listing, which no longer shows what this pass has ended.
    const weighedOn = () =>
      preview.kind === 'send' ? { calls: snapshot.calls.filter((call) => !sent.hasSince(call)) } : snapshot;
    const tooMany = exceedsShare(weight, () => countLive(weighedOn()), caps.sharePerPass)
      ? 'cap-share'
      : undefined;
    if (hold !== undefined && tooMany === undefined) {
      const action = { ...planned, takes: [], perhapsTakes: [] };
      conclude(action, withheld(hold), { spared: sparedOf(planned, found, context) });
      for (const call of oneByOne) single(singleAction(planned, actionCall(call)), planned);
      return;
    }
    const takes = inside.map(actionCall);
    const action = { ...planned, takes, perhapsTakes: perhapsInside.map(actionCall), weight };
    conclude(action, gate.decide({ ...action, withhold: tooMany }, weight));
  }

  for (const action of actions) {
    if (action.action === 'disconnectAccount' || action.action === 'disconnectCustomer') whole(action);
    else single(action);
  }
  return result;
}

/** What would hold a whole back that something else stops already, on the same listing. */
export function holdOf(
  planned: PlannedAction,
  context: CarryingOut,
): { hold: WithholdReason | undefined; spared: readonly SparedCall[] } {
  const found = inspect(planned, context, createSent(context.recentlyDisconnected).has);
  return { hold: found.hold, spared: found.hold === undefined ? [] : sparedOf(planned, found, context) };
}

function createSent(recently: readonly CallIdentity[]) {
  const before = new CallsById();
  const since = new CallsById();
  for (const call of recently) before.add(call);
  return {
    add: (call: CallIdentity) => since.add(call),
    has: (call: CallIdentity) => before.has(call) || since.has(call),
    /** In this pass alone. */
    hasSince: (call: CallIdentity) => since.has(call),
  };
}

class CallsById {
  private readonly byId = new Map<string, CallIdentity[]>();

  add(call: CallIdentity): void {
    this.byId.set(call.id, [...(this.byId.get(call.id) ?? []), call]);
  }

  has(call: CallIdentity): boolean {
    return (this.byId.get(call.id) ?? []).some((one) => perhapsSameCall(one, call));
  }
}

function inspect(
  planned: PlannedAction,
  context: CarryingOut,
  taken: (call: CallIdentity) => boolean,
): TargetInspection {
  const { action, target, select } = planned;
  const { snapshot, customerTree, protection } = context;
  if (action !== 'disconnectAccount' && action !== 'disconnectCustomer') {
    throw new TypeError(`${action} takes no calls along.`);
  }
  return inspectTarget({ action, target: Number(target), select }, snapshot, {
    tree: customerTree,
    protection,
    admits: admitsIn(planned, context),
    taken,
  });
}

function admitsIn({ rule }: PlannedAction, { snapshot, rules }: CarryingOut): (call: Call) => boolean {
  const compiled = rules.find((one) => one.rule.name === rule);
  const vendorsOf = vendorLookup(snapshot);
  return (call) => compiled?.admitsTaken(call, vendorsOf) === true;
}

function sparedOf(
  planned: PlannedAction,
  { inside, oneByOne, heldBy }: TargetInspection,
  context: CarryingOut,
): readonly SparedCall[] {
  const { snapshot, protection } = context;
  const index = indexListing(snapshot);
  const admits = admitsIn(planned, context);
  const going = endingWith(idsOf(oneByOne), index);
  const own = inside
    .filter(({ id }) => !going.has(id))
    .map((call): SparedCall => {
      const isExcepted = ![call, ...index.perhapsOneWith(call.id)].every(admits);
      const [reason = 'excepted', ...others] = [
        ...withholdReasons(call, index, protection),
        ...(isExcepted ? ['excepted' as const] : []),
      ];
      return { call: actionCall(call), reason, others };
    });
  const known = new Set(inside.map(({ id }) => id));
  const others = heldBy
    .filter(({ call }) => !known.has(call.id))
    .map(({ call, reason }): SparedCall => {
      // Whose it is holds a call that is not known to be the target's back only where that is the reason.
      const others = protection.reasonsFor(call).filter((one) => one !== reason && one !== 'owner-unknown');
      return { call: actionCall(call), reason, others };
    });
  return [...own, ...others];
}

function idsOf(calls: readonly CallIdentity[]): readonly string[] {
  return calls.map(({ id }) => id);
}

function withheld(reason: WithholdReason): Decision {
  return { kind: 'withheld', reason };
}
