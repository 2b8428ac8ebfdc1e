import type { ActionType, WithholdReason } from '../domain/action.js';
import { type Call, hasEnded, type SuspectCall } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { relationTo } from '../domain/customer-tree.js';
import type { Protection } from './protection.js';

/** What disconnecting a whole account or customer would take. */
export interface TargetInspection {
  /** The calls known to belong to the target. */
  inside: readonly Call[];
  /** Calls of customers that nobody has stated to be outside the target: they may be taken along. */
  perhapsInside: readonly Call[];
  /** Why the whole must not be disconnected at once; undefined where it may be. */
  hold: WithholdReason | undefined;
  /** With a hold: the calls of `inside` that nothing protects, to be cut one by one. */
  oneByOne: readonly Call[];
}

export interface InspectionContext {
  tree: CustomerTree;
  protection: Protection;
  /** False for a call which the rule excepts: an account action would take it all the same. */
  admits: (call: Call) => boolean;
}

/** Judges an account or customer action on a listing; pure, so that planning and the last look before acting agree. */
export function inspectTarget(
  action: Extract<ActionType, 'disconnectAccount' | 'disconnectCustomer'>,
  target: number,
  listing: { calls: readonly Call[]; suspects: readonly SuspectCall[] },
  context: InspectionContext,
): TargetInspection {
  const relation = (call: { account: number | undefined; customer: number | undefined }) => {
    if (action === 'disconnectCustomer') return relationTo(context.tree, target, call.customer);
    if (call.account === undefined) return 'unknown';
    return call.account === target ? 'inside' : 'outside';
  };
  const present = listing.calls.filter((call) => !hasEnded(call.state));
  const inside = present.filter((call) => relation(call) === 'inside');
  const perhapsInside = present.filter((call) => relation(call) === 'unknown');
  const suspect = listing.suspects.some((call) => relation(call) !== 'outside');
  const taken = [...inside, ...perhapsInside];
  const hold = suspect ? 'takes-suspect' : firstHold(taken, context);
  const oneByOne = hold === undefined ? [] : inside.filter((call) => holdOf(call, context) === undefined);
  return { inside, perhapsInside, hold, oneByOne };
}

function firstHold(calls: readonly Call[], context: InspectionContext): WithholdReason | undefined {
  for (const call of calls) {
    const hold = holdOf(call, context);
    if (hold !== undefined) return hold;
  }
  return undefined;
}

function holdOf(call: Call, context: InspectionContext): WithholdReason | undefined {
  const reason = context.protection.reasonFor(call);
  if (reason === 'number-unknown') return 'takes-unknown-number';
  if (reason !== undefined) return 'takes-protected';
  return context.admits(call) ? undefined : 'takes-excepted';
}
