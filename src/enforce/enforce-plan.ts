import type { ActionCall, ActionReport, PlannedAction, WithholdReason } from '../domain/action.js';
import { hasEnded, identityKey, sameCall } from '../domain/call.js';
import { exceedsShare } from '../domain/share-cap.js';
import { countLive } from '../domain/snapshot.js';
import {
  createRun,
  type EnforceContext,
  type EnforcementRun,
  type FinalDecision,
  type Inspection,
  type JudgedCalls,
} from './enforcement-run.js';
import type { Decision } from './gate.js';
import { type Beside, type FreshListing, isFresh } from './relisting.js';
import { singleAction } from './single-action.js';

/** What became of a plan; `failure` where something could not be recorded, from when on nothing was sent. */
export interface Enforcement {
  reports: ActionReport[];
  failure: { error: unknown } | undefined;
}

/**
 * Carries out a plan in its order and tells what became of each action. Decisions are made one after the other, so that
 * higher priorities use the caps first; requests run concurrently, and all have ended when this resolves.
 */
export async function enforcePlan(
  actions: readonly PlannedAction[],
  context: EnforceContext,
): Promise<Enforcement> {
  const run = createRun(context);
  let failure: { error: unknown } | undefined;
  try {
    for (const action of actions) {
      if (run.failure() !== undefined) break;
      // Thousands of records in a row would keep timers, the deadline's among them, and other switches waiting.
      await context.yieldNow();
      if (action.action === 'disconnectAccount' || action.action === 'disconnectCustomer') {
        await enforceWhole(action, run);
      } else {
        await enforceSingle(action, run, context.snapshot.observedAt);
      }
    }
  } catch (error) {
    failure = { error };
  }
  await run.settled();
  return { reports: run.reports(), failure: failure ?? run.failure() };
}

async function enforceSingle(
  action: PlannedAction,
  run: EnforcementRun,
  observedAt: number,
  parent?: number,
): Promise<void> {
  const { context, gate } = run;
  // Taken along meanwhile by an account or customer action, whose newer listing showed more than the snapshot.
  if (action.action === 'disconnectCall' && action.call !== undefined && run.taken(action.call)) return;
  let look: Look = { withhold: undefined, observedAt };
  if (action.action === 'disconnectCall' && mayAct(await gate.preview(action, action.weight))) {
    await run.freePlace();
    look = await lookAgain(action, context, observedAt);
  }
  const decision = await gate.decide(
    { ...action, withhold: action.withhold ?? look.withhold },
    action.weight,
  );
  if (decision.kind === 'send') await run.send(action, look.observedAt, parent);
  else await run.conclude(action, decision, parent);
}

/** Sending, and a dry run of sending: those go the whole way. Mere monitoring costs the switch no extra listing. */
function mayAct(decision: Decision): boolean {
  return decision.kind === 'send' || (decision.kind === 'monitored' && decision.rehearses);
}

/** What a second look at a call found, and the instant of the listing that it rests on. */
interface Look {
  withhold: WithholdReason | undefined;
  observedAt: number;
}

/**
 * A call that was last seen too long ago is listed again, and cut only if it is still the same and still unprotected. What
 * a listing made for another action shows of it counts as well, however fresh the one is that it was planned on.
 */
async function lookAgain(action: PlannedAction, context: EnforceContext, observedAt: number): Promise<Look> {
  const { call } = action;
  if (call === undefined) return { withhold: undefined, observedAt };
  // The second leg of an on-net call appears under its own account once the call is routed; a listing of one account
  // would not show it. A connected call has both legs, and planning has looked at both.
  const place = call.state === 'Connected' ? action.account : undefined;
  const newer = context.relisting.since(observedAt, place);
  const isRecent = isFresh(newer?.observedAt ?? observedAt, context.maxSnapshotAgeMs, context.clock());
  const listing = isRecent ? newer : await context.relisting.of(place);
  if (listing === undefined && !isRecent) return { withhold: 'stale-snapshot', observedAt };
  const others = context.relisting.showing(call.id, observedAt);
  const beside = context.relisting.beside(call, observedAt);
  const own = listing ?? (isEmpty(beside) ? undefined : context.snapshot);
  const withhold = [...(own === undefined ? [] : [own]), ...others]
    .map((one) => whatChanged(call, one, beside, context))
    .find((reason) => reason !== undefined);
  return { withhold, observedAt: listing?.observedAt ?? observedAt };
}

function isEmpty({ calls, suspects }: Beside): boolean {
  return calls.length === 0 && suspects.length === 0;
}

/**
 * What a listing shows of a call, with its other entries from listings that were made for other accounts: one of its own account
 * does not show them.
 */
function withOthers(listing: FreshListing, { id, callId }: ActionCall, beside: Beside): FreshListing {
  if (isEmpty(beside)) return listing;
  const ids = new Set([id, ...beside.calls.map((entry) => entry.id)]);
  const { suspects, doubt, observedAt } = listing;
  const related = listing.calls.filter((entry) => ids.has(entry.id) || entry.callId === callId);
  return {
    calls: [...related, ...beside.calls],
    suspects: [...suspects, ...beside.suspects],
    doubt,
    observedAt,
  };
}

function whatChanged(
  call: ActionCall,
  fresh: FreshListing,
  beside: Beside,
  context: EnforceContext,
): WithholdReason | undefined {
  // Its own alone: of an entry without an ID that is another account's, the safeguards ask whether it may be this call's.
  if (fresh.doubt !== undefined || fresh.suspects.some(({ id }) => id === undefined || id === call.id)) {
    return 'suspect-snapshot';
  }
  const entries = fresh.calls.filter((entry) => entry.id === call.id);
  if (entries.some((entry) => !sameCall(entry, call))) return 'changed-identity';
  const present = entries.find((entry) => !hasEnded(entry.state));
  if (present === undefined) return 'gone';
  if (present.state === 'Connected' && call.state !== 'Connected') return 'changed-state';
  return context.withholdOf(present, withOthers(fresh, call, beside));
}

/**
 * Disconnects a whole account or customer, on a listing made for it: a call may have come that must not be taken. Where one
 * has, the whole is withheld and the other calls are cut one by one.
 */
async function enforceWhole(planned: PlannedAction, run: EnforcementRun): Promise<void> {
  const { context, gate } = run;
  if (planned.withhold !== undefined) {
    await run.conclude(planned, withheld(planned.withhold));
    return;
  }
  const preview = await gate.preview(planned, planned.weight);
  if (preview.kind === 'withheld') {
    // Never on the way to a request: without a new listing nothing below may send.
    await run.conclude(planned, preview);
    return;
  }
  const acts = mayAct(preview);
  if (acts) await run.freePlace();
  const listing = acts ? await context.relisting.now() : context.snapshot;
  if (listing === undefined) {
    await run.conclude(planned, withheld('stale-snapshot'));
    return;
  }
  const found = context.inspect(planned, listing, run.taken);
  const { inside, perhapsInside } = found;
  if (inside.length === 0) {
    await run.conclude({ ...planned, takes: [], perhapsTakes: [] }, withheld('gone'));
    return;
  }
  // What the snapshot showed as protected holds too: the new listing may have lost a call, or show it otherwise by now.
  const before = acts ? context.inspect(planned, context.snapshot, run.taken) : found;
  const hold = found.hold ?? before.hold;
  const oneByOne = singlesOf(found, before, context.snapshot);
  const weight = hold === undefined ? found.weight : oneByOne.length;
  const excess =
    context.agreedCalls !== undefined && weight > context.agreedCalls ? 'more-than-agreed' : undefined;
  const tooMany =
    excess ??
    (exceedsShare(weight, () => countLive(listing), context.sharePerPass) ? 'cap-share' : undefined);
  if (hold !== undefined && tooMany === undefined) {
    const parent = await run.conclude({ ...planned, takes: [], perhapsTakes: [] }, withheld(hold));
    for (const call of oneByOne)
      await enforceSingle(singleAction(planned, call), run, listing.observedAt, parent);
    return;
  }
  const action: PlannedAction = { ...planned, takes: inside, perhapsTakes: perhapsInside, weight };
  const decision = await gate.decide({ ...action, withhold: tooMany }, weight);
  if (decision.kind !== 'send') {
    await run.conclude(action, decision);
    return;
  }
  // The switch counts those as well that were cut a moment ago and are still there.
  const all = context.inspect(planned, listing, () => false);
  await run.send(action, listing.observedAt, undefined, all.inside.length + all.perhapsInside.length);
}

/** The calls that may be cut one by one by both looks; what only the new listing shows goes by that alone. */
function singlesOf(found: Inspection, before: Inspection, snapshot: JudgedCalls): readonly ActionCall[] {
  if (found.hold === undefined && before.hold === undefined) return [];
  if (before.hold === undefined) return found.oneByOne;
  const free = new Set(before.oneByOne.map(identityKey));
  if (found.hold === undefined) {
    const inside = new Set(found.inside.map(identityKey));
    return before.oneByOne.filter((call) => inside.has(identityKey(call)));
  }
  const known = new Set(snapshot.calls.map(({ id }) => id));
  return found.oneByOne.filter((call) => !known.has(call.id) || free.has(identityKey(call)));
}

function withheld(reason: WithholdReason): FinalDecision {
  return { kind: 'withheld', reason };
}
