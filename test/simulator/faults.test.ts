import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/simulator/faults.js';
import { parseFault } from '../../src/simulator/parse-fault.js';
import { encode, ids, openSwitch, post, type TestSwitch } from './simulator-client.js';

let lab: TestSwitch;
let id: string;
beforeEach(async () => {
  lab = await openSwitch();
  id = lab.simulator.world.addCall({ account: 40 });
});
afterEach(() => lab.simulator.close());

const inject = (...texts: string[]) => lab.simulator.setFaults(texts.map(parseFault));
const stateOfCall = () => {
  lab.clock.now += 1;
  lab.simulator.tick();
  return lab.simulator.world.call(id)?.timeline.disconnectingAt === Number.POSITIVE_INFINITY
    ? 'going on'
    : 'ended';
};
const disconnect = () => post(lab.simulator.url, encode('disconnectCall', [{ ID: id }]));

describe('faults', () => {
  test('fault answers with an XML-RPC fault and carries nothing out', async () => {
    inject('disconnectCall:fault');
    await expect(lab.call('disconnectCall', { ID: id })).rejects.toThrow('Injected fault');
    expect(stateOfCall()).toBe('going on');
    expect(lab.simulator.requests.at(-1)).toMatchObject({ fault: 'fault', outcome: 'spoiled', status: 200 });
  });

  test('html answers with a login page and status 200', async () => {
    inject('disconnectCall:html');
    const reply = await disconnect();
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toContain('text/html');
    expect(reply.body).toContain('type="password"');
    expect(stateOfCall()).toBe('going on');
  });

  test('http-500 answers with status 500', async () => {
    inject('disconnectCall:http-500');
    expect((await disconnect()).status).toBe(500);
    expect(stateOfCall()).toBe('going on');
  });

  test('reset ends the connection before anything is carried out', async () => {
    inject('disconnectCall:reset');
    await expect(disconnect()).rejects.toThrow('ECONNRESET');
    expect(stateOfCall()).toBe('going on');
    expect(lab.simulator.requests.at(-1)).toMatchObject({
      fault: 'reset',
      outcome: 'spoiled',
      status: undefined,
    });
  });

  test('the log says what a disconnect came to, also where its reply is lost and where nothing was done', async () => {
    inject('disconnectCall:lost-reply');
    await expect(disconnect()).rejects.toThrow('ECONNRESET');
    expect(lab.simulator.requests.at(-1)?.disconnect).toEqual({ result: 'OK', count: undefined });
    inject('disconnectAccount:slow:delay=1ms');
    await lab.call('disconnectAccount', { i_account: 40 });
    expect(lab.simulator.requests.at(-1)?.disconnect).toEqual({ result: 'OK', count: 0 });
    inject('disconnectCall:reset');
    await expect(disconnect()).rejects.toThrow('ECONNRESET');
    expect(lab.simulator.requests.at(-1)?.disconnect).toBeUndefined();
    inject();
    await lab.call('listAllCalls', {});
    expect(lab.simulator.requests.at(-1)?.disconnect).toBeUndefined();
  });

  test('lost-reply carries the disconnect out and never answers', async () => {
    inject('disconnectCall:lost-reply');
    await expect(disconnect()).rejects.toThrow('ECONNRESET');
    expect(stateOfCall()).toBe('ended');
    expect(lab.simulator.requests.at(-1)).toMatchObject({ fault: 'lost-reply', status: undefined });
  });

  test('cut breaks the answer off in its middle', async () => {
    inject('listAllCalls:cut');
    await expect(lab.list()).rejects.toThrow('aborted');
    inject();
    expect(await lab.list()).toHaveLength(1);
  });

  test('slow carries the disconnect out at once and answers late', async () => {
    inject('disconnectCall:slow:delay=100ms');
    const reply = disconnect();
    const first = await Promise.race([reply.then(() => 'answer'), whenLogged().then(() => 'carried out')]);
    expect(first).toBe('carried out');
    expect(stateOfCall()).toBe('ended');
    expect((await reply).body).toContain('OK');
  });

  test('closing drops late answers', async () => {
    inject('listAllCalls:slow:delay=10m');
    const reply = expect(lab.list()).rejects.toThrow('socket hang up');
    await whenLogged();
    await lab.simulator.close();
    await reply;
    lab = await openSwitch();
  });

  test('unreadable breaks the ID of exactly the given share of a list', async () => {
    for (let count = 1; count < 100; count += 1) lab.simulator.world.addCall({});
    inject('*:unreadable:share=5%');
    const calls = await lab.list();
    expect(calls).toHaveLength(100);
    const broken = calls.filter((call) => typeof call['ID'] !== 'string' || call['ID'] === '');
    expect(broken).toHaveLength(5);
    expect(await lab.call('getAccountCallStats', {})).toEqual({ result: 'OK', data: { 40: [1, 1] } });
  });

  test('empty lists nothing although the stats show calls', async () => {
    inject('*:empty');
    expect(await lab.list()).toEqual([]);
    expect(await lab.call('getAccountCallStats', {})).toEqual({ result: 'OK', data: { 40: [1, 1] } });
  });

  test('works on TLS too', async () => {
    const key = fixture('server-key.pem');
    const cert = fixture('server.pem');
    const ca = fixture('ca.pem');
    await using secure = await openSwitch({
      tls: { key, cert },
      faults: [parseFault('*:lost-reply:next=1')],
    });
    expect(secure.simulator.url).toMatch(/^https:/);
    const body = encode('listAllCalls', [{}]);
    await expect(post(secure.simulator.url, body, { ca })).rejects.toThrow();
    expect(secure.simulator.requests).toMatchObject([{ fault: 'lost-reply' }]);
    expect((await post(secure.simulator.url, body, { ca })).status).toBe(200);
  });
});

describe('when a fault strikes', () => {
  const statuses = async (count: number) => {
    const seen: number[] = [];
    for (let request = 0; request < count; request += 1) {
      seen.push((await post(lab.simulator.url, encode('listAllCalls', [{}]))).status);
    }
    return seen;
  };

  test('next=N strikes so many requests and then never again', async () => {
    inject('listAllCalls:http-500:next=2');
    expect(await statuses(4)).toEqual([500, 500, 200, 200]);
  });

  test('after=TIME strikes only once that much time has gone by', async () => {
    inject('listAllCalls:http-500:after=30s');
    lab.clock.now += 29_999;
    expect(await statuses(1)).toEqual([200]);
    lab.clock.now += 1;
    expect(await statuses(1)).toEqual([500]);
  });

  test('a fault of one method leaves the others alone', async () => {
    inject('listActiveCalls:html');
    expect(ids(await lab.list())).toEqual([id]);
  });

  test('a probability strikes the same requests for the same seed', async () => {
    const pattern = async (seed: number) => {
      await using other = await openSwitch({ seed, faults: [parseFault('*:http-500:0.3')] });
      const seen: number[] = [];
      for (let request = 0; request < 60; request += 1) {
        seen.push((await post(other.simulator.url, encode('listAllCalls', [{}]))).status);
      }
      return seen;
    };
    const first = await pattern(7);
    expect(await pattern(7)).toEqual(first);
    expect(await pattern(8)).not.toEqual(first);
    const struck = first.filter((status) => status === 500).length;
    expect(struck).toBeGreaterThan(8);
    expect(struck).toBeLessThan(30);
  });
});

describe('parseFault', () => {
  test.each([
    ['disconnectCall:lost-reply:0.2', { method: 'disconnectCall', kind: 'lost-reply', probability: 0.2 }],
    ['*:slow:20%:delay=2s', { method: '*', kind: 'slow', probability: 0.2, delayMs: 2_000 }],
    [
      'listAllCalls:unreadable:share=1.5%:next=3',
      { method: 'listAllCalls', kind: 'unreadable', share: 0.015, next: 3 },
    ],
    ['listAllCalls:cut:after=1m', { method: 'listAllCalls', kind: 'cut', afterMs: 60_000 }],
  ])('reads %s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  test('reads every kind there is', () => {
    for (const kind of Object.keys(FAULT_KINDS))
      expect(parseFault(`*:${kind}`)).toEqual({ method: '*', kind });
  });

  test.each([
    ['', 'is no method'],
    ['listCalls:html', '"listCalls" is no method; expected listAllCalls'],
    ['listAllCalls', 'after the method comes one of'],
    ['listAllCalls:toString', 'after the method comes one of'],
    ['disconnectCall:empty', 'lists only'],
    ['*:html:0', 'is no probability'],
    ['*:html:1.5', 'is no probability'],
    ['*:html:often', 'is no probability'],
    ['*:html:next=0', 'no count of requests'],
    ['*:html:after=3', 'is no time'],
    ['*:html:delay=3s', 'no term of html'],
    ['*:slow:share=3%', 'no term of slow'],
  ])('refuses %j with what was expected', (text, message) => {
    expect(() => parseFault(text)).toThrow(message);
    expect(() => parseFault(text)).toThrow(`Fault "${text}"`);
  });
});

/** Resolves once the simulator has carried the next request out. */
async function whenLogged(): Promise<void> {
  const before = lab.simulator.requests.length;
  while (lab.simulator.requests.length === before) await new Promise((resolve) => setImmediate(resolve));
}

/** The transport's test certificates, which are valid for 127.0.0.1 until 2120. */
function fixture(name: string): string {
  return readFileSync(`test/switch/fixtures/tls/${name}`, 'utf8');
}
