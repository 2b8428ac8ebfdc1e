import { ROOT_CUSTOMER } from './carrier.js';
import {
  isGoingOn,
  isListOrder,
  isVisible,
  knownAccount,
  listedStruct,
  orderCalls,
  type Selection,
  selectCalls,
} from './list-calls.js';
import { isAuthenticated, type SimulatedCall, stateAt } from './simulated-call.js';
import type { World } from './world.js';
import { XmlRpcFault, type XmlRpcValue } from './xml-rpc.js';

/** The six methods of Sippy's "XML-RPC API - Manage Active Calls". */
export const METHODS = [
  'listAllCalls',
  'listActiveCalls',
  'disconnectCall',
  'disconnectAccount',
  'disconnectCustomer',
  'getAccountCallStats',
] as const;
export type Method = (typeof METHODS)[number];

/** Under whose rights a request runs: a login's customer, or whoever a trusted client says. */
export type Access = { kind: 'login'; customer: number } | { kind: 'trusted' };

type Struct = Readonly<Record<string, unknown>>;

/** The numbers and wording of faults are ours: Sippy documents that there are faults, but not which. */
const BAD_PARAMETER = 400;
const NOT_ALLOWED = 403;
const NOT_FOUND = 404;

const CALL_NOT_FOUND = 'Call not found or not accessible';

export function isMethod(name: string): name is Method {
  return (METHODS as readonly string[]).includes(name);
}

/** Carries out one method call on the world as it is now. Throws an XmlRpcFault where the switch answers with one. */
export function callMethod(
  world: World,
  access: Access,
  name: string,
  params: readonly unknown[],
): XmlRpcValue {
  if (!isMethod(name)) throw new XmlRpcFault(NOT_FOUND, `There is no method ${name}.`);
  const struct = singleStruct(name, params);
  switch (name) {
    case 'listAllCalls':
      return listCalls(world, access, struct, 'all');
    case 'listActiveCalls':
      return listCalls(world, access, struct, 'active');
    case 'disconnectCall':
      return disconnectCall(world, access, struct);
    case 'disconnectAccount':
      return disconnectAccount(world, access, struct);
    case 'disconnectCustomer':
      return disconnectCustomer(world, access, struct);
    case 'getAccountCallStats':
      return accountCallStats(world, access);
  }
}

/** Every method takes one struct, also when it is empty. */
function singleStruct(name: string, params: readonly unknown[]): Struct {
  const [struct] = params;
  const isStruct = typeof struct === 'object' && struct !== null && !Array.isArray(struct);
  if (params.length !== 1 || !isStruct || struct instanceof Date || Buffer.isBuffer(struct)) {
    throw new XmlRpcFault(BAD_PARAMETER, `${name} takes one struct as its single parameter.`);
  }
  return struct as Struct;
}

function listCalls(world: World, access: Access, struct: Struct, states: 'all' | 'active'): XmlRpcValue {
  const viewer = access.kind === 'login' ? access.customer : requiredInteger(struct, 'i_customer');
  if (!world.carrier.hasCustomer(viewer)) throw new XmlRpcFault(NOT_FOUND, `There is no customer ${viewer}.`);
  const account = optionalInteger(struct, 'i_account');
  const vendor = optionalInteger(struct, 'i_vendor');
  const connection = optionalInteger(struct, 'i_connection');
  const selection: Selection = {
    viewer,
    states,
    recursive: optionalBoolean(struct, 'recursive') ?? true,
    ...(account === undefined ? {} : { account }),
    ...(vendor === undefined ? {} : { vendor }),
    ...(connection === undefined ? {} : { connection }),
  };
  const order = optionalString(struct, 'order') ?? 'oldest_first';
  if (!isListOrder(order))
    throw new XmlRpcFault(BAD_PARAMETER, `order: "${order}" is not one of the known orders.`);
  return orderCalls(world, selectCalls(world, selection), order).map((call) => listedStruct(world, call));
}

function disconnectCall(world: World, access: Access, struct: Struct): XmlRpcValue {
  const id = struct['ID'];
  if (typeof id !== 'string') throw new XmlRpcFault(BAD_PARAMETER, 'ID: a string is required.');
  const call = world.call(id);
  const viewer = viewerOf(access, struct, 'i_customer');
  const accessible = call !== undefined && isVisible(world, call, { viewer, recursive: true });
  return { result: accessible && world.disconnect(id) ? 'OK' : CALL_NOT_FOUND };
}

function disconnectAccount(world: World, access: Access, struct: Struct): XmlRpcValue {
  const account = requiredInteger(struct, 'i_account');
  const viewer = viewerOf(access, struct, 'i_customer');
  const owner = world.carrier.ownerOf(account);
  if (owner === undefined || !world.carrier.isUnder(owner, viewer)) {
    throw new XmlRpcFault(NOT_FOUND, `Account ${account} not found.`);
  }
  return disconnectAll(
    world,
    world.calls().filter((call) => knownAccount(world, call) === account),
  );
}

function disconnectCustomer(world: World, access: Access, struct: Struct): XmlRpcValue {
  const customer = requiredInteger(struct, 'i_customer');
  const viewer = viewerOf(access, struct, 'i_wholesaler');
  if (!world.carrier.hasCustomer(customer) || !world.carrier.isUnder(customer, viewer)) {
    throw new XmlRpcFault(NOT_ALLOWED, `Customer ${customer} is not in the hierarchy of customer ${viewer}.`);
  }
  return disconnectAll(
    world,
    world.calls().filter((call) => {
      const owner = isAuthenticated(call.timeline, world.now) ? call.customer : undefined;
      return owner !== undefined && world.carrier.isUnder(owner, customer);
    }),
  );
}

/** The calls are chosen first: where both sides of an on-net call are among them, both count. */
function disconnectAll(world: World, calls: readonly SimulatedCall[]): XmlRpcValue {
  const live = calls.filter((call) => isGoingOn(world, call));
  for (const call of live) world.disconnect(call.id);
  return { result: 'OK', count: live.length };
}

/** "Currently limited to accounts of root customer only", as Sippy writes: a reseller's login gets none. */
function accountCallStats(world: World, access: Access): XmlRpcValue {
  if (access.kind === 'login' && access.customer !== ROOT_CUSTOMER) return { result: 'OK', data: {} };
  const counts = new Map<number, [total: number, connected: number]>();
  for (const call of world.calls()) {
    const account = knownAccount(world, call);
    if (account === undefined || call.customer !== ROOT_CUSTOMER || !isGoingOn(world, call)) continue;
    const [total, connected] = counts.get(account) ?? [0, 0];
    counts.set(account, [total + 1, connected + (stateAt(call.timeline, world.now) === 'Connected' ? 1 : 0)]);
  }
  return { result: 'OK', data: Object.fromEntries(counts) };
}

/** A trusted client that does not say for whom it asks acts as the root. */
function viewerOf(access: Access, struct: Struct, trustedParameter: string): number {
  if (access.kind === 'login') return access.customer;
  return optionalInteger(struct, trustedParameter) ?? ROOT_CUSTOMER;
}

function requiredInteger(struct: Struct, name: string): number {
  const value = optionalInteger(struct, name);
  if (value === undefined) throw new XmlRpcFault(BAD_PARAMETER, `${name}: an integer is required.`);
  return value;
}

function optionalInteger(struct: Struct, name: string): number | undefined {
  const value = struct[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new XmlRpcFault(BAD_PARAMETER, `${name}: an integer is expected.`);
  }
  return value;
}

function optionalBoolean(struct: Struct, name: string): boolean | undefined {
  const value = struct[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new XmlRpcFault(BAD_PARAMETER, `${name}: a boolean is expected.`);
}

function optionalString(struct: Struct, name: string): string | undefined {
  const value = struct[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new XmlRpcFault(BAD_PARAMETER, `${name}: a string is expected.`);
}
