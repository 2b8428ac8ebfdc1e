// The simulated switch without HTTP: a SwitchPort straight on a World, whose clock is the world's.
import { callMethod } from '../../dist/simulator/methods.js';

/** A disconnect takes a request; milliseconds. */
const DISCONNECT_MS = 10;

const AS_ROOT = { kind: 'login', customer: 1 };

export function switchPort(world) {
  const ask = (method, params) => callMethod(world, AS_ROOT, method, [params]);
  const timing = () => ({ requestedAt: world.now, receivedAt: world.now, serverDate: undefined });
  const listing = (method, filter) => {
    const structs = ask(method, {
      ...(filter.recursive === undefined ? {} : { recursive: filter.recursive }),
      ...(filter.account === undefined ? {} : { i_account: filter.account }),
      ...(filter.vendor === undefined ? {} : { i_vendor: filter.vendor }),
      ...(filter.connection === undefined ? {} : { i_connection: filter.connection }),
    });
    return { calls: structs.map(listedCall), suspects: [], unreadableFields: {}, timing: timing() };
  };
  const disconnect = (method, params) => {
    world.advanceTo(world.now + DISCONNECT_MS);
    const { result, count } = ask(method, params);
    return { ...(result === 'OK' ? { result: 'ok', count } : { result: 'not-found' }), timing: timing() };
  };
  return {
    login: 'login:bench',
    listAllCalls: async (filter) => listing('listAllCalls', filter),
    listActiveCalls: async (filter) => listing('listActiveCalls', filter),
    disconnectCall: async (id) => disconnect('disconnectCall', { ID: id }),
    disconnectAccount: async (account) => disconnect('disconnectAccount', { i_account: account }),
    disconnectCustomer: async (customer) => disconnect('disconnectCustomer', { i_customer: customer }),
    async getAccountCallStats() {
      const { data } = ask('getAccountCallStats', {});
      const accounts = new Map(
        Object.entries(data).map(([account, [total, connected]]) => [Number(account), { total, connected }]),
      );
      return { accounts, suspect: undefined, timing: timing() };
    },
    close: async () => {},
  };
}

/** As the codec would read the listed struct. */
function listedCall(struct) {
  const whole = (value) => (value === null ? undefined : Number(value));
  return {
    id: struct.ID,
    callId: struct.CALL_ID,
    setupTimeText: struct.SETUP_TIME,
    state: struct.CC_STATE,
    cli: struct.CLI,
    cld: struct.CLD,
    account: whole(struct.I_ACCOUNT),
    customer: whole(struct.I_CUSTOMER),
    connection: whole(struct.I_CONNECTION),
    environment: whole(struct.I_ENVIRONMENT),
    direction: struct.DIRECTION,
    callerMediaIp: struct.CALLER_MEDIA_IP ?? undefined,
    calleeMediaIp: struct.CALLEE_MEDIA_IP ?? undefined,
    duration: struct.DURATION,
    delay: struct.DELAY,
  };
}
