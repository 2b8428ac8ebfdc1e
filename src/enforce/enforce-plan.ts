import type { ActionCall, ActionReport, PlannedAction, WithholdReason } from '../domain/action.js';
import { hasEnded, sameCall } from '../domain/call.js';
import {
  createRun,
  type EnforceContext,
  type EnforcementRun,
  type FinalDecision,
} from './enforcement-run.js';
import type { Decision } from './gate.js';
import type { FreshListing } from './relisting.js';

/**
 * Carries out a plan in its order and returns what became of each action. Decisions are made one after the other, so that
 * higher priorities use the caps first; requests run concurrently. Rejects with STORE_FAILED as soon as something cannot
 * be recorded, after the requests in flight have ended; from then on nothing is sent.
 */
export async function enforcePlan(
  actions: readonly PlannedAction[],
  context: EnforceContext,
): Promise<ActionReport[]> {
  const run = createRun(context);
  try {
    for (const action of actions) {
      if (run.failure() !== undefined) break;
      if (action.action === 'disconnectAccount' || action.action === 'disconnectCustomer') {
        await enforceWhole(action, run);
      } else {
        await enforceSingle(action, run, context.snapshot.observedAt);
      }
    }
  } finally {
    await run.settled();
  }
  const failure = run.failure();
  if (failure !== undefined) throw failure.error;
  return run.reports();
}

async function enforceSingle(
  action: PlannedAction,
  run: EnforcementRun,
  observedAt: number,
  parent?: number,
): Promise<void> {
  const { context, gate } = run;
  let stale: WithholdReason | undefined;
  if (mayAct(gate.preview(action, action.weight))) {
    await run.freePlace();
    stale = await lookAgain(action, context, observedAt);
  }
  const decision = gate.decide(stale === undefined ? action : { ...action, withhold: stale }, action.weight);
  if (decision.kind === 'send') run.send(action, [], parent);
  else await run.conclude(action, decision, parent);
}

/** Sending, and a dry run of sending: those go the whole way. Mere monitoring costs the switch no extra listing. */
function mayAct(decision: Decision): boolean {
  return decision.kind === 'send' || (decision.kind === 'monitored' && decision.reason === 'dry-run');
}

/** A call that was last seen too long ago is listed again, and cut only if it is still the same and still unprotected. */
async function lookAgain(
  action: PlannedAction,
  context: EnforceContext,
  observedAt: number,
): Promise<WithholdReason | undefined> {
  const { call } = action;
  if (call === undefined || context.clock() - observedAt <= context.maxSnapshotAgeMs) return undefined;
  const fresh = await context.relisting.of(action.account);
  if (fresh === undefined) return 'stale-snapshot';
  if (fresh.suspects.some((suspect) => suspect.id === undefined || suspect.id === call.id))
    return 'suspect-snapshot';
  const entries = fresh.calls.filter((entry) => entry.id === call.id);
  if (entries.some((entry) => !sameCall(entry, call))) return 'changed-identity';
  if (entries.every((entry) => hasEnded(entry.state))) return 'gone';
  return entries.map(context.protectionOf).find((reason) => reason !== undefined);
}

/**
 * Disconnects a whole account or customer, on a listing made for it: a call may have come that must not be taken. Where one
 * has, the whole is withheld and the other calls are cut one by one.
 */
async function enforceWhole(action: PlannedAction, run: EnforcementRun): Promise<void> {
  const { context, gate } = run;
  if (action.withhold !== undefined) {
    await run.conclude(action, gateWithheld(action.withhold));
    return;
  }
  const acts = mayAct(gate.preview(action, action.weight));
  if (acts) await run.freePlace();
  const listing = acts ? await listTarget(action, context) : context.snapshot;
  if (listing === undefined) {
    await run.conclude(action, gateWithheld('stale-snapshot'));
    return;
  }
  const inspection = context.inspect(action, listing);
  if (inspection.hold !== undefined) {
    const parent = await run.conclude({ ...action, takes: [] }, gateWithheld(inspection.hold));
    for (const call of inspection.oneByOne) {
      await enforceSingle(singleOf(action, call), run, listing.observedAt, parent);
    }
    return;
  }
  const fresh: PlannedAction = { ...action, takes: inspection.inside, weight: inspection.weight };
  const decision = gate.decide(
    inspection.weight === 0 ? { ...fresh, withhold: 'gone' } : fresh,
    inspection.weight,
  );
  if (decision.kind === 'send') run.send(fresh, inspection.inside);
  else await run.conclude(fresh, decision);
}

function gateWithheld(reason: WithholdReason): FinalDecision {
  return { kind: 'withheld', reason };
}

function listTarget(action: PlannedAction, context: EnforceContext): Promise<FreshListing | undefined> {
  return context.relisting.now(action.action === 'disconnectAccount' ? Number(action.target) : undefined);
}

function singleOf(action: PlannedAction, call: ActionCall): PlannedAction {
  return {
    ...action,
    action: 'disconnectCall',
    target: call.id,
    call,
    account: call.account,
    customer: call.customer,
    weight: 1,
    takes: [],
    evidence: {
      ...action.evidence,
      call: { id: call.id, callId: call.callId, setupTime: call.setupTimeText },
    },
  };
}
