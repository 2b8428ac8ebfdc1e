import type { ActionType, WithholdReason } from '../domain/action.js';
import { type Call, hasEnded } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { groupById } from '../domain/conversations.js';
import { relationTo } from '../domain/customer-tree.js';
import type { Selection } from '../domain/rule.js';
import {
  endingWith,
  indexListing,
  type JudgedListing,
  type ListingIndex,
  weightOf,
  withholdCall,
} from './call-safeguards.js';
import type { Protection } from './protection.js';
import { selectVictims } from './select-victims.js';

/** What disconnecting a whole account or customer would take. */
export interface TargetInspection {
  /** The entries known to belong to the target, one of each ID, those already taken left out. */
  inside: readonly Call[];
  /** Calls of customers that nobody has stated to be outside the target: they may be taken along. */
  perhapsInside: readonly Call[];
  /** Why the whole must not be disconnected at once; undefined where it may be. */
  hold: WithholdReason | undefined;
  /** With a hold: the calls of `inside` that may be cut one by one, in the order of `select`. */
  oneByOne: readonly Call[];
  /** How many calls the whole takes, as the caps count them: both entries of an on-net call are one. */
  weight: number;
  /** With a hold: the calls that stand in the way of the whole, inside or only perhaps. */
  heldBy: readonly HoldingCall[];
}

/** A call that must not be taken along; excepted: by the rule's own `except` or `only`. */
export interface HoldingCall {
  call: Call;
  reason: WithholdReason | 'excepted';
}

export interface TargetToInspect {
  action: Extract<ActionType, 'disconnectAccount' | 'disconnectCustomer'>;
  target: number;
  select: Selection;
}

export interface InspectionContext {
  tree: CustomerTree;
  protection: Protection;
  /** False for a call which the rule excepts: the action would take it all the same. */
  admits: (call: Call) => boolean;
  /** Whether a call was taken already, in this pass or a moment ago, and is only still listed. */
  taken: (call: Call) => boolean;
}

/**
 * Judges an account or customer action on a listing of everything; pure, so that planning and the last look before
 * acting agree. It has to be of everything: a call that bears no account yet may belong to the target a moment later, and
 * an on-net call may be listed under two accounts, of which one is protected.
 */
export function inspectTarget(
  { action, target, select }: TargetToInspect,
  listing: JudgedListing,
  context: InspectionContext,
): TargetInspection {
  const relation = (owner: { account: number | undefined; customer: number | undefined }) => {
    if (action === 'disconnectCustomer') return relationTo(context.tree, target, owner.customer);
    if (owner.account === undefined) return 'unknown';
    return owner.account === target ? 'inside' : 'outside';
  };
  const index = indexListing(listing);
  const groups = index
    .allEntries()
    .map((entries) => entries.filter((call) => !hasEnded(call.state)))
    .filter((entries) => entries.length > 0);
  const inside = groups.filter((entries) => entries.some((call) => relation(call) === 'inside'));
  const known = new Set(inside);
  const perhaps = groups.filter(
    (entries) => !known.has(entries) && entries.some((call) => relation(call) === 'unknown'),
  );
  const near = perhaps.flat();
  // What a second entry of a call shows, nobody knows where that entry cannot be read.
  const suspect =
    listing.suspects.some((call) => relation(call) !== 'outside') ||
    [...inside.flat(), ...near].some((call) => index.isSuspect(call));
  const counted = perhaps.filter((entries) => entries.some(isCounted(action)));
  const taken = [...inside, ...counted].flat();
  const hold =
    listing.doubt !== undefined
      ? 'suspect-snapshot'
      : suspect
        ? 'takes-suspect'
        : firstHold(taken, near, context);
  const takes = callsTaken(taken, relation, isCounted(action), index, context);
  return {
    ...takes,
    hold,
    oneByOne:
      hold === undefined || listing.doubt !== undefined ? [] : oneByOne(takes.inside, select, index, context),
    weight: weightOf(new Set([...takes.inside, ...takes.perhapsInside].map(({ id }) => id)), index),
    heldBy: hold === undefined ? [] : holdingCalls(taken, near, context),
  };
}

type Relation = ReturnType<typeof relationTo>;

/**
 * One entry of each ID of what the whole takes, or may take. Here entries are one call only where they surely are: what may be
 * another call may be taken as well.
 */
function callsTaken(
  entries: readonly Call[],
  relation: (call: Call) => Relation,
  counts: (call: Call) => boolean,
  index: ListingIndex,
  { taken }: InspectionContext,
): Pick<TargetInspection, 'inside' | 'perhapsInside'> {
  const allOf = (is: (call: Call) => boolean) => endingWith(idsOf(entries.filter(is)), index);
  const [gone, inside, counted] = [allOf(taken), allOf((call) => relation(call) === 'inside'), allOf(counts)];
  const present = entries.filter(({ id }) => !gone.has(id));
  const ofUnknown = present.filter((call) => relation(call) === 'unknown');
  return {
    inside: oneOfEachId(present.filter((call) => relation(call) === 'inside')),
    perhapsInside: oneOfEachId(ofUnknown.filter(({ id }) => !inside.has(id) && counted.has(id))),
  };
}

function idsOf(calls: readonly Call[]): readonly string[] {
  return calls.map(({ id }) => id);
}

function oneOfEachId(calls: readonly Call[]): readonly Call[] {
  return [...groupById(calls).values()].flatMap(([first]) => first ?? []);
}

/**
 * Before it is routed a call may name no owner: the switch does not count it to anybody yet. Later it has one, which was not
 * listed or cannot be read.
 */
function isCounted(action: TargetToInspect['action']): (call: Call) => boolean {
  return (call) =>
    (action === 'disconnectCustomer' ? call.customer : call.account) !== undefined ||
    !BEFORE_ROUTING.has(call.state);
}

const BEFORE_ROUTING: ReadonlySet<string> = new Set(['Idle', 'WaitAuth', 'WaitRoute']);

function firstHold(
  taken: readonly Call[],
  near: readonly Call[],
  { protection, admits }: InspectionContext,
): WithholdReason | undefined {
  for (const call of taken) {
    const reason = protection.reasonFor(call);
    if (reason !== undefined) return reason === 'number-unknown' ? 'takes-unknown-number' : 'takes-protected';
  }
  for (const call of near) {
    const reason = protection.reasonFor(call);
    if (reason === 'number-unknown') return 'takes-unknown-number';
    // A call that names no owner yet is no protected one until it does; its number is what counts.
    if (reason !== undefined && reason !== 'owner-unknown') return 'takes-protected';
  }
  return taken.every(admits) ? undefined : 'takes-excepted';
}

/** All that firstHold may have met. */
function holdingCalls(
  taken: readonly Call[],
  near: readonly Call[],
  { protection, admits }: InspectionContext,
): readonly HoldingCall[] {
  const found = new Map<Call, HoldingCall>();
  for (const call of taken) {
    const reason = protection.reasonFor(call) ?? (admits(call) ? undefined : 'excepted');
    if (reason !== undefined) found.set(call, { call, reason });
  }
  for (const call of near) {
    const reason = protection.reasonFor(call);
    if (reason !== undefined && reason !== 'owner-unknown') found.set(call, { call, reason });
  }
  return [...found.values()];
}

function oneByOne(
  inside: readonly Call[],
  select: Selection,
  index: ListingIndex,
  { protection, admits }: InspectionContext,
): Call[] {
  const admitted = new Map<readonly Call[], boolean>();
  const admitsAll = (group: readonly Call[]) => {
    const known = admitted.get(group) ?? group.every(admits);
    admitted.set(group, known);
    return known;
  };
  const safe = inside.filter(
    (call) => withholdCall(call, index, protection) === undefined && admitsAll(index.perhapsOneWith(call.id)),
  );
  return selectVictims(safe, select, 0);
}
