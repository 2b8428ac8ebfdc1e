import type { ActionReport, PlannedAction } from './domain/action.js';
import { sameCall } from './domain/call.js';
import type { Listing, Snapshot } from './domain/snapshot.js';
import { confirmDisconnects } from './enforce/confirm-disconnects.js';
import { type Enforcement, enforcePlan } from './enforce/enforce-plan.js';
import { gatherSnapshot } from './gather/gather-snapshot.js';
import { knowCustomers, protectionBy } from './pass-customers.js';
import {
  asCallwardenError,
  enforcementOn,
  HOUR_MS,
  inspection,
  type MeasuredContext,
  measuredContext,
  type PassContext,
} from './pass-enforcement.js';
import { type HandRequest, planByHand } from './plan/plan-by-hand.js';
import type { Protection } from './plan/protection.js';

export type { HandRequest } from './plan/plan-by-hand.js';

/** Listings after a disconnect by hand that look whether the calls are gone, and the time before each. */
const CONFIRMING_LISTINGS = 3;
const CONFIRM_AFTER_MS = 1_000;

/** How often the lock is asked for again while a pass of the service holds it, and for how long. */
const LOCK_RETRY_MS = 100;
const LOCK_WAIT_MS = 30_000;

/** How often a person is asked again because there was more to disconnect than had been shown. */
const MOST_QUESTIONS = 3;

export interface HandOptions {
  passId: string;
  /** `cli:<user>` */
  actor: string;
  /** Go beyond caps; never beyond protection. */
  overCap: boolean;
  /** Asked with what would be taken before anything is sent; false sends nothing. */
  approve: (action: PlannedAction) => Promise<boolean>;
  wait: (ms: number) => Promise<void>;
  abort: AbortSignal;
}

export type HandResult =
  | { status: 'done'; actions: readonly ActionReport[]; confirmed: ReadonlyMap<number, boolean> }
  | { status: 'not-found' }
  | { status: 'declined' }
  /** Another process held the switch's lock, or the calls grew faster than a person could agree to them. */
  | { status: 'busy' };

/**
 * Disconnects by hand, on the path that rules take: listing, protection, caps, intent, request, outcome, confirmation.
 * Ignores the mode. What is taken is what was agreed to: the very call that was shown, or no more calls than were shown.
 * Rejects with a CallwardenError.
 */
export async function disconnectByHand(
  context: PassContext,
  request: HandRequest,
  options: HandOptions,
): Promise<HandResult> {
  try {
    for (let question = 0; question < MOST_QUESTIONS; question += 1) {
      // Asked without the lock: a person who thinks must not keep the service from its passes.
      const proposal = await propose(context, request, options);
      if (proposal === undefined) return { status: 'not-found' };
      const agreed = proposal.planned.withhold === undefined;
      if (agreed && !(await options.approve(proposal.planned))) return { status: 'declined' };
      const result = await act(context, request, options, agreed ? proposal.planned : undefined);
      if (result !== 'ask-again') return result;
    }
    return { status: 'busy' };
  } catch (error) {
    throw asCallwardenError(error);
  }
}

interface Proposal {
  snapshot: Snapshot;
  planned: PlannedAction;
  protection: Protection;
  newer: Listing | undefined;
}

async function propose(
  context: PassContext,
  request: HandRequest,
  options: HandOptions,
): Promise<Proposal | undefined> {
  const snapshot = await list(context, options.abort);
  const { customers, newer } = await knowCustomers(context, snapshot, options.abort);
  const protection = protectionBy(context, customers);
  const planned = planByHand(request, { snapshot, protection, tree: context.customerTree });
  return planned === undefined ? undefined : { snapshot, planned, protection, newer };
}

/** Under the lock, on a new listing: acts only on what was agreed to. */
async function act(
  given: PassContext,
  request: HandRequest,
  options: HandOptions,
  agreed: PlannedAction | undefined,
): Promise<HandResult | 'ask-again'> {
  const context = measuredContext(given);
  const release = await acquireLock(context, options);
  if (release === undefined) return { status: 'busy' };
  try {
    const startedAt = context.clock();
    await context.audit.resolveOrphans(context.switchName, startedAt);
    const proposal = await propose(context, request, options);
    if (proposal === undefined) return { status: 'not-found' };
    const planned = asAgreed(proposal.planned, agreed);
    if (planned === undefined) return 'ask-again';
    const { reports, failure } = await enforce(context, proposal, planned, agreed?.weight, request, options);
    if (failure !== undefined) throw failure.error;
    return {
      status: 'done',
      actions: reports,
      confirmed: await confirm(context, reports, options, startedAt),
    };
  } finally {
    release();
  }
}

/** What may be done now; undefined where a person has to be asked (again). */
function asAgreed(planned: PlannedAction, agreed: PlannedAction | undefined): PlannedAction | undefined {
  if (planned.withhold !== undefined) return planned;
  if (agreed === undefined) return undefined;
  if (planned.call !== undefined && (agreed.call === undefined || !sameCall(planned.call, agreed.call))) {
    return { ...planned, withhold: 'changed-identity' };
  }
  return planned.weight > agreed.weight ? undefined : planned;
}

async function acquireLock(context: PassContext, options: HandOptions): Promise<(() => void) | undefined> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    const release = await context.lock.acquire(context.switchName);
    if (release !== undefined || waitedMs >= LOCK_WAIT_MS || options.abort.aborted) return release;
    await options.wait(LOCK_RETRY_MS);
  }
}

function list(context: PassContext, signal: AbortSignal): Promise<Snapshot> {
  const { switchName, port, numbering, crossCheck } = context;
  return gatherSnapshot({ switchName, port, numbering, vendors: [], crossCheck, signal });
}

async function enforce(
  context: MeasuredContext,
  { snapshot, protection, newer }: Omit<Proposal, 'planned'>,
  planned: PlannedAction,
  agreedCalls: number | undefined,
  request: HandRequest,
  options: HandOptions,
): Promise<Enforcement> {
  const takenLastHour = await context.audit.callsTakenSince(context.switchName, context.clock() - HOUR_MS);
  return enforcePlan([planned], {
    ...enforcementOn(snapshot, context, protection, options.abort, newer),
    ...(options.overCap && {
      caps: { perPass: Number.POSITIVE_INFINITY, perHour: Number.POSITIVE_INFINITY },
      sharePerPass: Number.POSITIVE_INFINITY,
    }),
    configMode: 'enforce',
    dryRun: false,
    takenLastHour,
    unchanged: new Map(),
    pauses: undefined,
    halted: () => (options.abort.aborted ? 'stopping' : undefined),
    origin: {
      switchName: context.switchName,
      passId: options.passId,
      actor: options.actor,
      login: context.port.login,
    },
    recentlyDisconnected: [],
    handReason: request.reason,
    agreedCalls: planned.withhold === undefined ? agreedCalls : undefined,
    inspect: inspection(context, protection, () => true),
  });
}

/** Lists a few times more, so that the person reads whether the calls are gone and not only that the switch said OK. */
async function confirm(
  context: PassContext,
  actions: readonly ActionReport[],
  options: HandOptions,
  startedAt: number,
): Promise<ReadonlyMap<number, boolean>> {
  const confirmed = new Map<number, boolean>();
  const sent = actions.some(({ outcome }) => outcome === 'disconnected' || outcome === 'unknown');
  for (let round = 0; sent && round < CONFIRMING_LISTINGS; round += 1) {
    await options.wait(CONFIRM_AFTER_MS);
    const unconfirmed = await context.audit.unconfirmed(context.switchName);
    if (unconfirmed.length === 0) break;
    const snapshot = await list(context, options.abort).catch(() => undefined);
    // The disconnect stands; that it cannot be confirmed now is for the next pass to mend.
    if (snapshot === undefined) break;
    const { confirmations } = confirmDisconnects(unconfirmed, snapshot);
    await context.audit.confirm(confirmations, context.clock());
    // Under the lock nobody else acts on this switch, so what was closed since is ours.
    const own = new Set(
      unconfirmed.filter(({ closedAt, asked }) => asked && closedAt >= startedAt).map(({ id }) => id),
    );
    for (const { id, confirmed: gone } of confirmations) if (own.has(id)) confirmed.set(id, gone);
  }
  return confirmed;
}
