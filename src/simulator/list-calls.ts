import { type CallState, hasEnded } from '../domain/call.js';
import { LIST_ORDERS, type ListOrder } from '../domain/snapshot.js';
import {
  delaySeconds,
  durationSeconds,
  isAuthenticated,
  isRouted,
  type SimulatedCall,
  stateAt,
} from './simulated-call.js';
import type { World } from './world.js';
import type { XmlRpcValue } from './xml-rpc.js';

/** What a listing is narrowed to. */
export interface Selection {
  /** Only calls under this customer are visible. */
  viewer: number;
  /** Calls of its subcustomers too. */
  recursive: boolean;
  states: 'all' | 'active';
  account?: number;
  vendor?: number;
  /** Beats vendor. */
  connection?: number;
}

const ACTIVE_STATES: readonly CallState[] = ['WaitRoute', 'ARComplete', 'Connected'];

/** The calls that a customer may see; filters judge what the listing shows, so an unrouted call has no connection yet. */
export function selectCalls(world: World, selection: Selection): readonly SimulatedCall[] {
  const { states, account, vendor, connection } = selection;
  return world.calls().filter((call) => {
    if (!isVisible(world, call, selection)) return false;
    if (states === 'active' && !ACTIVE_STATES.includes(stateAt(call.timeline, world.now))) return false;
    if (account !== undefined && knownAccount(world, call) !== account) return false;
    if (connection !== undefined) return knownConnection(world, call) === connection;
    return vendor === undefined || vendorOf(world, call) === vendor;
  });
}

/** Whether the viewer owns the call; before authentication nobody but the root is known to. */
export function isVisible(
  world: World,
  call: SimulatedCall,
  { viewer, recursive }: Pick<Selection, 'viewer' | 'recursive'>,
): boolean {
  const customer = isAuthenticated(call.timeline, world.now) ? call.customer : undefined;
  if (customer === undefined) return viewer === 1;
  return recursive ? world.carrier.isUnder(customer, viewer) : customer === viewer;
}

/** I_ACCOUNT as listed: undefined before authentication. */
export function knownAccount(world: World, call: SimulatedCall): number | undefined {
  return isAuthenticated(call.timeline, world.now) ? call.account : undefined;
}

/** I_CONNECTION as listed: undefined before routing. */
function knownConnection(world: World, call: SimulatedCall): number | undefined {
  return isRouted(call.timeline, world.now) ? call.connection : undefined;
}

function vendorOf(world: World, call: SimulatedCall): number | undefined {
  const connection = knownConnection(world, call);
  return connection === undefined ? undefined : world.carrier.vendorOf(connection);
}

/** Idle to Connected. */
export function isGoingOn(world: World, call: SimulatedCall): boolean {
  return !hasEnded(stateAt(call.timeline, world.now));
}

export function isListOrder(text: string): text is ListOrder {
  return (LIST_ORDERS as readonly string[]).includes(text);
}

/** Sorts by SETUP_TIME or DURATION; equal ones by ID, so that the order is the same every time. */
export function orderCalls(
  world: World,
  calls: readonly SimulatedCall[],
  order: ListOrder,
): readonly SimulatedCall[] {
  const byDuration = order === 'longest_first' || order === 'longest_last';
  const descending = order === 'oldest_last' || order === 'longest_first';
  const keyed = calls.map((call) => ({
    call,
    key: byDuration ? durationSeconds(call.timeline, world.now) : call.timeline.setupAt,
  }));
  keyed.sort((one, other) => one.key - other.key || Number(one.call.id) - Number(other.call.id));
  const sorted = keyed.map(({ call }) => call);
  return descending ? sorted.reverse() : sorted;
}

/**
 * The struct of one call. Types wander as on the real switch: I_CUSTOMER and I_ENVIRONMENT are strings though
 * documented as integers, and DURATION is the int 0 before the answer (Sippy's own example shows both).
 */
export function listedStruct(
  world: World,
  call: SimulatedCall,
): { readonly [name: string]: XmlRpcValue | undefined } {
  const { timeline } = call;
  const routed = isRouted(timeline, world.now);
  const authenticated = isAuthenticated(timeline, world.now);
  const struct = {
    CLI: call.cli,
    I_CONNECTION: knownConnection(world, call) ?? null,
    CLD: call.cld,
    CALL_ID: call.callId,
    DELAY: delaySeconds(timeline, world.now),
    DURATION: durationSeconds(timeline, world.now),
    CC_STATE: stateAt(timeline, world.now),
    I_ACCOUNT: knownAccount(world, call) ?? null,
    ID: call.id,
    I_CUSTOMER: authenticated && call.customer !== undefined ? String(call.customer) : null,
    I_ENVIRONMENT: String(call.environment),
    CALLER_MEDIA_IP: routed ? call.callerMediaIp : null,
    CALLEE_MEDIA_IP: routed ? call.calleeMediaIp : null,
    SETUP_TIME: setupTimeText(timeline.setupAt),
    DIRECTION: call.direction,
  };
  return { ...struct, ...call.listedFields };
}

/** `YYYYMMDDTHH:MM:SS.mmm`, UTC. */
function setupTimeText(setupAt: number): string {
  return new Date(setupAt).toISOString().replaceAll('-', '').replace('Z', '');
}
