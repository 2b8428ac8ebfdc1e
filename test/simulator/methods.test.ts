import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encode, ids, openSwitch, post, type TestSwitch } from './simulator-client.js';

let lab: TestSwitch;
beforeEach(async () => {
  lab = await openSwitch();
});
afterEach(() => lab.simulator.close());

const NOT_FOUND = { result: 'Call not found or not accessible' };

describe('listing', () => {
  test('lists a connected call with every documented field, types wandering as on the real switch', async () => {
    lab.simulator.world.addCall({
      account: 10,
      connection: 3,
      callId: 'a<b>&c@192.0.2.9',
      cli: '442079460001',
      cld: '121255501',
      setupAt: lab.clock.now - 10_000,
      delaySeconds: 2.5,
    });
    expect(await lab.list()).toEqual([
      {
        CLI: '442079460001',
        I_CONNECTION: 3,
        CLD: '121255501',
        CALL_ID: 'a<b>&c@192.0.2.9',
        DELAY: 2.5,
        DURATION: 7.5,
        CC_STATE: 'Connected',
        I_ACCOUNT: 10,
        ID: '1',
        I_CUSTOMER: '4',
        I_ENVIRONMENT: '1',
        CALLER_MEDIA_IP: '192.0.2.1',
        CALLEE_MEDIA_IP: '198.51.100.1',
        SETUP_TIME: '20260310T02:09:50.000',
        DIRECTION: 'vendor',
      },
    ]);
  });

  test('lists nil for what is not known before authentication and routing', async () => {
    const { world } = lab.simulator;
    for (const state of ['WaitAuth', 'WaitRoute', 'ARComplete'] as const) {
      world.addCall({ account: 40, connection: 1, state });
    }
    const [waitAuth, waitRoute, routed] = await lab.list();
    expect(waitAuth).toMatchObject({ I_ACCOUNT: null, I_CUSTOMER: null, I_CONNECTION: null, DURATION: 0 });
    expect(waitRoute).toMatchObject({
      I_ACCOUNT: 40,
      I_CUSTOMER: '1',
      I_CONNECTION: null,
      CALLER_MEDIA_IP: null,
    });
    expect(routed).toMatchObject({ I_ACCOUNT: 40, I_CONNECTION: 1, CALLEE_MEDIA_IP: '198.51.100.1' });
  });

  test('sends DURATION as the int 0 before the answer and as a double after it', async () => {
    lab.simulator.world.addCall({ account: 40, state: 'ARComplete' });
    lab.simulator.world.addCall({ account: 40, delaySeconds: 0 });
    lab.clock.now += 1_500;
    const { body } = await post(lab.simulator.url, encode('listAllCalls', [{}]));
    expect(body).toContain('<name>DURATION</name><value><int>0</int></value>');
    expect(body).toContain('<name>DURATION</name><value><double>1.5</double></value>');
  });

  test('listAllCalls shows calls in every state, listActiveCalls only Connected, ARComplete and WaitRoute', async () => {
    const states = [
      'Idle',
      'WaitAuth',
      'WaitRoute',
      'ARComplete',
      'Connected',
      'Disconnecting',
      'Dead',
    ] as const;
    for (const state of states) lab.simulator.world.addCall({ account: 40, state });
    expect((await lab.list()).map((call) => call['CC_STATE'])).toEqual(states);
    expect((await lab.list({}, 'listActiveCalls')).map((call) => call['CC_STATE'])).toEqual([
      'WaitRoute',
      'ARComplete',
      'Connected',
    ]);
  });

  test('filters by account, vendor and connection, and connection beats vendor', async () => {
    const { world } = lab.simulator;
    world.addCall({ account: 10, connection: 1 });
    world.addCall({ account: 11, connection: 2 });
    world.addCall({ account: 11, connection: 3 });
    expect(ids(await lab.list({ i_account: 11 }))).toEqual(['2', '3']);
    expect(ids(await lab.list({ i_vendor: 1 }))).toEqual(['1', '2']);
    expect(ids(await lab.list({ i_connection: 3 }))).toEqual(['3']);
    expect(ids(await lab.list({ i_connection: 3, i_vendor: 1 }))).toEqual(['3']);
    expect(ids(await lab.list({ i_account: 11, i_vendor: 1 }))).toEqual(['2']);
  });

  test('orders by age and by duration, both ways, oldest first by default', async () => {
    const { world } = lab.simulator;
    const at = lab.clock.now;
    world.addCall({ account: 10, setupAt: at - 30_000, delaySeconds: 20 });
    world.addCall({ account: 10, setupAt: at - 60_000, state: 'ARComplete' });
    world.addCall({ account: 10, setupAt: at - 20_000, delaySeconds: 0 });
    expect(ids(await lab.list())).toEqual(['2', '1', '3']);
    expect(ids(await lab.list({ order: 'oldest_first' }))).toEqual(['2', '1', '3']);
    expect(ids(await lab.list({ order: 'oldest_last' }))).toEqual(['3', '1', '2']);
    expect(ids(await lab.list({ order: 'longest_first' }))).toEqual(['3', '1', '2']);
    expect(ids(await lab.list({ order: 'longest_last' }))).toEqual(['2', '1', '3']);
  });

  test('replaces listed members as scripted and leaves out those set to undefined', async () => {
    lab.simulator.world.addCall({ listedFields: { ID: null, CC_STATE: 7, CLI: undefined, EXTRA: 'x' } });
    const [call] = await lab.list();
    expect(call).toMatchObject({ ID: null, CC_STATE: 7, EXTRA: 'x' });
    expect(call).not.toHaveProperty('CLI');
  });
});

describe('scoping', () => {
  test('a reseller sees and disconnects only calls of its own customers', async () => {
    await using reseller = await openSwitch({ customer: 2 });
    const { world } = reseller.simulator;
    const own = world.addCall({ account: 10 });
    const foreign = world.addCall({ account: 20 });
    world.addCall({ account: 40 });
    world.addCall({ state: 'Idle' });
    expect(ids(await reseller.list())).toEqual([own]);
    expect(ids(await reseller.list({ recursive: false }))).toEqual([]);
    expect(await reseller.call('disconnectCall', { ID: foreign })).toEqual(NOT_FOUND);
    await expect(reseller.call('disconnectAccount', { i_account: 20 })).rejects.toThrow(
      'Account 20 not found',
    );
    await expect(reseller.call('disconnectCustomer', { i_customer: 1 })).rejects.toThrow('hierarchy');
    expect(await reseller.call('getAccountCallStats', {})).toEqual({ result: 'OK', data: {} });
    expect(await reseller.call('disconnectCall', { ID: own })).toEqual({ result: 'OK' });
  });

  test('recursive: false leaves the calls of subcustomers out', async () => {
    lab.simulator.world.addCall({ account: 40 });
    lab.simulator.world.addCall({ account: 10 });
    expect(ids(await lab.list({ recursive: false }))).toEqual(['1']);
    expect(ids(await lab.list({ recursive: true }))).toEqual(['1', '2']);
  });

  test('a login for a customer that does not exist is refused at the start', async () => {
    await expect(openSwitch({ customer: 99 })).rejects.toThrow('customer 99');
  });
});

describe('disconnecting', () => {
  test('disconnectCall takes a call from Connected over Disconnecting and Dead to gone', async () => {
    const id = lab.simulator.world.addCall({ account: 10 });
    const stateAfter = async (ms: number) => {
      lab.clock.now += ms;
      return (await lab.list()).map((call) => call['CC_STATE']);
    };
    expect(await lab.call('disconnectCall', { ID: id })).toEqual({ result: 'OK' });
    expect(await stateAfter(100)).toEqual(['Disconnecting']);
    expect(await lab.call('disconnectCall', { ID: id })).toEqual(NOT_FOUND);
    expect(await stateAfter(300)).toEqual(['Dead']);
    expect(await stateAfter(4_999)).toEqual(['Dead']);
    expect(await stateAfter(1)).toEqual([]);
    expect(await lab.call('disconnectCall', { ID: id })).toEqual(NOT_FOUND);
  });

  test('a call can answer OK to its disconnect and go on, and can vanish by itself', async () => {
    const id = lab.simulator.world.addCall({ survivesDisconnect: true });
    expect(await lab.call('disconnectCall', { ID: id })).toEqual({ result: 'OK' });
    lab.clock.now += 60_000;
    expect(await lab.list()).toMatchObject([{ CC_STATE: 'Connected' }]);
    expect(lab.simulator.world.removeCall(id)).toBe(true);
    expect(await lab.list()).toEqual([]);
  });

  test('disconnectAccount ends all live calls of the account and counts them', async () => {
    const { world } = lab.simulator;
    world.addCall({ account: 10 });
    world.addCall({ account: 10, state: 'ARComplete' });
    world.addCall({ account: 10, state: 'Dead' });
    world.addCall({ account: 11 });
    expect(await lab.call('disconnectAccount', { i_account: 10 })).toEqual({ result: 'OK', count: 2 });
    expect((await lab.list()).map((call) => call['CC_STATE'])).toEqual([
      'Disconnecting',
      'Disconnecting',
      'Dead',
      'Connected',
    ]);
    expect(await lab.call('disconnectAccount', { i_account: 10 })).toEqual({ result: 'OK', count: 0 });
  });

  test('disconnectCustomer ends the calls of all descendants and nobody else', async () => {
    const { world } = lab.simulator;
    for (const account of [10, 12, 20, 40]) world.addCall({ account });
    expect(await lab.call('disconnectCustomer', { i_customer: 2 })).toEqual({ result: 'OK', count: 2 });
    expect((await lab.list()).map((call) => call['CC_STATE'])).toEqual([
      'Disconnecting',
      'Disconnecting',
      'Connected',
      'Connected',
    ]);
  });
});

test('getAccountCallStats counts live calls of accounts of the root customer only', async () => {
  const { world } = lab.simulator;
  world.addCall({ account: 40 });
  world.addCall({ account: 40, state: 'WaitRoute' });
  world.addCall({ account: 40, state: 'Disconnecting' });
  world.addCall({ account: 41, state: 'WaitAuth' });
  world.addCall({ account: 10 });
  expect(await lab.call('getAccountCallStats', {})).toEqual({ result: 'OK', data: { 40: [2, 1] } });
});

describe('bad requests', () => {
  test.each([
    ['an unknown method', 'listSomeCalls', [{}], 'no method listSomeCalls'],
    ['no struct', 'listAllCalls', [], 'one struct'],
    ['a list instead of a struct', 'getAccountCallStats', [[]], 'one struct'],
    ['two structs', 'listAllCalls', [{}, {}], 'one struct'],
    ['an ID that is no string', 'disconnectCall', [{ ID: 960 }], 'ID: a string'],
    ['no ID', 'disconnectCall', [{}], 'ID: a string'],
    ['an account that is a string', 'listAllCalls', [{ i_account: '10' }], 'i_account: an integer'],
    ['no account', 'disconnectAccount', [{}], 'i_account: an integer'],
    ['an unknown account', 'disconnectAccount', [{ i_account: 999 }], 'Account 999'],
    ['an unknown customer', 'disconnectCustomer', [{ i_customer: 999 }], 'Customer 999'],
    ['an unknown order', 'listAllCalls', [{ order: 'newest_first' }], 'newest_first'],
    ['a recursive that is no boolean', 'listActiveCalls', [{ recursive: 1 }], 'recursive: a boolean'],
  ])('answers %s with a fault', async (_case, method, params, message) => {
    await expect(lab.call(method, ...params)).rejects.toThrow(message);
    expect(lab.simulator.requests.at(-1)).toMatchObject({ method, params, outcome: 'faulted', status: 200 });
  });

  test('answers what is no XML-RPC with a fault', async () => {
    for (const body of ['', 'hello', '<methodCall><methodName>listAllCalls']) {
      expect((await post(lab.simulator.url, body)).body).toContain('<fault>');
    }
  });

  test('refuses other paths, other verbs and oversized bodies', async () => {
    const { url } = lab.simulator;
    const body = encode('listAllCalls', [{}]);
    expect((await post(url.replace('/xmlapi/xmlapi', '/'), body)).status).toBe(404);
    expect((await post(url, '', { method: 'GET' })).status).toBe(405);
    expect((await post(url, body + ' '.repeat(70_000))).status).toBe(413);
    expect(lab.simulator.requests.map((entry) => entry.outcome)).toEqual(['refused', 'refused', 'refused']);
  });
});

describe('trusted mode', () => {
  test('lists need i_customer and show what that customer may see', async () => {
    await using trusted = await openSwitch({ trusted: true, username: 'ignored', password: 'ignored' });
    trusted.simulator.world.addCall({ account: 10 });
    trusted.simulator.world.addCall({ account: 20 });
    await expect(trusted.list()).rejects.toThrow('i_customer');
    await expect(trusted.list({ i_customer: 99 })).rejects.toThrow('no customer 99');
    expect(ids(await trusted.list({ i_customer: 3 }))).toEqual(['2']);
    expect(ids(await trusted.list({ i_customer: 1 }, 'listActiveCalls'))).toEqual(['1', '2']);
  });

  test('i_wholesaler decides under whose rights a customer is disconnected', async () => {
    await using trusted = await openSwitch({ trusted: true });
    trusted.simulator.world.addCall({ account: 10 });
    const disconnect = (i_wholesaler: number) =>
      trusted.call('disconnectCustomer', { i_customer: 4, i_wholesaler });
    await expect(disconnect(3)).rejects.toThrow('hierarchy');
    expect(await disconnect(2)).toEqual({ result: 'OK', count: 1 });
  });
});

test('the Date header shows the time of the simulated world', async () => {
  await using past = await openSwitch({ startAt: Date.UTC(2020, 0, 1) });
  past.clock.now += 90_000;
  const reply = await post(past.simulator.url, encode('listAllCalls', [{}]));
  expect(reply.headers['date']).toBe('Wed, 01 Jan 2020 00:01:30 GMT');
});

test('the request log keeps the last thousand requests', async () => {
  for (let count = 0; count < 1_005; count += 1) await lab.call('getAccountCallStats', { count });
  expect(lab.simulator.requests).toHaveLength(1_000);
  expect(lab.simulator.requests[0]?.params).toEqual([{ count: 5 }]);
});
