import type { ActionReport, PlannedAction } from './domain/action.js';
import type { Snapshot } from './domain/snapshot.js';
import { confirmDisconnects } from './enforce/confirm-disconnects.js';
import { enforcePlan } from './enforce/enforce-plan.js';
import { gatherSnapshot } from './gather/gather-snapshot.js';
import {
  asCallwardenError,
  enforcementOn,
  HOUR_MS,
  inspection,
  type PassContext,
} from './pass-enforcement.js';
import { type HandRequest, planByHand } from './plan/plan-by-hand.js';
import { createProtection, type Protection } from './plan/protection.js';

export type { HandRequest } from './plan/plan-by-hand.js';

/** Listings after a disconnect by hand that look whether the calls are gone. */
const CONFIRMING_LISTINGS = 3;

export interface HandOptions {
  passId: string;
  /** `cli:<user>` */
  actor: string;
  /** Go beyond caps; never beyond protection. */
  overCap: boolean;
  /** Asked after the calls to be taken are known and before anything is sent; false sends nothing. */
  approve: (action: PlannedAction) => Promise<boolean>;
  /** Waits between the listings that confirm. */
  pause: () => Promise<void>;
  abort: AbortSignal;
}

export type HandResult =
  | { status: 'done'; actions: readonly ActionReport[]; confirmed: ReadonlyMap<number, boolean> }
  | { status: 'not-found' }
  | { status: 'declined' }
  /** Another process held the switch's lock. */
  | { status: 'busy' };

/**
 * Disconnects by hand, on the path that rules take: listing, protection, caps, intent, request, outcome, confirmation.
 * Ignores the mode. Rejects with a CallwardenError.
 */
export async function disconnectByHand(
  context: PassContext,
  request: HandRequest,
  options: HandOptions,
): Promise<HandResult> {
  const protection = createProtection(context.protect, context.customerTree, context.matchProtectedNumber);
  const planOn = async () => {
    const snapshot = await list(context, options.abort);
    return { snapshot, planned: planByHand(request, { snapshot, protection, tree: context.customerTree }) };
  };
  try {
    // Asked for without the lock: a person who thinks must not keep the service from its passes.
    const proposal = await planOn();
    if (proposal.planned === undefined) return { status: 'not-found' };
    if (proposal.planned.withhold === undefined && !(await options.approve(proposal.planned))) {
      return { status: 'declined' };
    }
    const release = await context.lock.acquire(context.switchName);
    if (release === undefined) return { status: 'busy' };
    try {
      await context.audit.resolveOrphans(context.switchName, context.clock());
      const { snapshot, planned } = await planOn();
      if (planned === undefined) return { status: 'not-found' };
      const actions = await enforce(context, snapshot, protection, planned, request, options);
      return { status: 'done', actions, confirmed: await confirm(context, actions, options) };
    } finally {
      release();
    }
  } catch (error) {
    throw asCallwardenError(error);
  }
}

function list(context: PassContext, signal: AbortSignal): Promise<Snapshot> {
  const { switchName, port, numbering } = context;
  return gatherSnapshot({ switchName, port, numbering, vendors: [], signal });
}

async function enforce(
  context: PassContext,
  snapshot: Snapshot,
  protection: Protection,
  planned: PlannedAction,
  request: HandRequest,
  options: HandOptions,
): Promise<ActionReport[]> {
  const takenLastHour = await context.audit.callsTakenSince(context.switchName, context.clock() - HOUR_MS);
  return enforcePlan([planned], {
    ...enforcementOn(snapshot, context, protection, options.abort),
    ...(options.overCap && {
      caps: { perPass: Number.POSITIVE_INFINITY, perHour: Number.POSITIVE_INFINITY },
    }),
    configMode: 'enforce',
    dryRun: false,
    takenLastHour,
    unchanged: new Map(),
    halted: () => (options.abort.aborted ? 'stopping' : undefined),
    origin: { switchName: context.switchName, passId: options.passId, actor: options.actor },
    handReason: request.reason,
    inspect: inspection(context, protection, () => true),
  });
}

/** Lists a few times more, so that the person reads whether the calls are gone and not only that the switch said OK. */
async function confirm(
  context: PassContext,
  actions: readonly ActionReport[],
  options: HandOptions,
): Promise<ReadonlyMap<number, boolean>> {
  const confirmed = new Map<number, boolean>();
  const sent = actions.some(({ outcome }) => outcome === 'disconnected' || outcome === 'unknown');
  for (let round = 0; sent && round < CONFIRMING_LISTINGS; round += 1) {
    await options.pause();
    const unconfirmed = await context.audit.unconfirmed(context.switchName);
    if (unconfirmed.length === 0) break;
    const snapshot = await list(context, options.abort).catch(() => undefined);
    // The disconnect stands; that it cannot be confirmed now is for the next pass to mend.
    if (snapshot === undefined) break;
    const confirmations = confirmDisconnects(unconfirmed, snapshot);
    await context.audit.confirm(confirmations, context.clock());
    for (const { id, confirmed: gone } of confirmations) confirmed.set(id, gone);
  }
  return confirmed;
}
