import type { HandReason, PlannedAction } from '../domain/action.js';
import { hasEnded } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { HAND_RULE } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { callEvidence } from '../domain/verdict.js';
import { actionCall, indexListing, withholdCall } from './call-safeguards.js';
import { inspectTarget } from './inspect-target.js';
import { commonCustomer } from './plan-actions.js';
import type { Protection } from './protection.js';

/** What a person asks to be disconnected. */
export interface HandRequest {
  kind: Extract<Scope, 'call' | 'account' | 'customer'>;
  id: string;
  reason: HandReason;
}

export interface HandPlanContext {
  snapshot: Snapshot;
  protection: Protection;
  tree: CustomerTree;
}

/**
 * Plans an action by hand with the safeguards of a rule's: protection, ambiguous IDs, doubtful listings. Undefined where
 * the listing shows nothing to disconnect.
 */
export function planByHand(request: HandRequest, context: HandPlanContext): PlannedAction | undefined {
  return request.kind === 'call' ? planCall(request, context) : planWhole(request.kind, request, context);
}

function planCall(request: HandRequest, context: HandPlanContext): PlannedAction | undefined {
  const index = indexListing(context.snapshot);
  const call = index.entriesOf(request.id).find((entry) => !hasEnded(entry.state));
  if (call === undefined) return undefined;
  return {
    ...baseOf(request),
    action: 'disconnectCall',
    call: actionCall(call),
    account: call.account,
    customer: call.customer,
    weight: 1,
    withhold: withholdCall(call, index, context.protection),
    evidence: {
      reason: request.reason,
      call: callEvidence(call),
    },
  };
}

function planWhole(
  kind: 'account' | 'customer',
  request: HandRequest,
  context: HandPlanContext,
): PlannedAction | undefined {
  const action = kind === 'account' ? 'disconnectAccount' : 'disconnectCustomer';
  const target = { action, target: Number(request.id), select: 'newest' } as const;
  const found = inspectTarget(target, context.snapshot, {
    tree: context.tree,
    protection: context.protection,
    admits: () => true,
    taken: () => false,
  });
  if (found.inside.length === 0) return undefined;
  return {
    ...baseOf(request),
    action,
    account: kind === 'account' ? Number(request.id) : undefined,
    customer: kind === 'customer' ? Number(request.id) : commonCustomer(found.inside),
    weight: found.weight,
    takes: found.inside.map(actionCall),
    perhapsTakes: found.perhapsInside.map(actionCall),
    withhold: context.snapshot.doubt === undefined ? undefined : 'suspect-snapshot',
    evidence: { reason: request.reason },
  };
}

function baseOf(request: HandRequest): Omit<PlannedAction, 'action' | 'evidence'> {
  return {
    rule: HAND_RULE,
    ruleHash: '',
    mode: 'enforce',
    scope: request.kind,
    subject: { scope: request.kind, id: request.id },
    target: request.id,
    call: undefined,
    account: undefined,
    customer: undefined,
    weight: 0,
    takes: [],
    perhapsTakes: [],
    select: 'newest',
    withhold: undefined,
    message: undefined,
  };
}
