import { describe, expect, it } from 'vitest';
import type { SwitchPort } from '../../src/domain/ports.js';
import { createSippySwitch, type SippySwitchOptions } from '../../src/switch/sippy-switch.js';
import { digestServer } from './support/digest-server.js';
import { CREDENTIALS, failureOf, serve, transportTo } from './support/post.js';
import { type Respond, sendEmptyList, sendStruct, type TestServer } from './support/server.js';

const TRUSTED = { kind: 'trusted', customer: 2, wholesaler: 1 } as const;
const DIGEST = { kind: 'digest', ...CREDENTIALS } as const;

async function switchWith(
  respond: Respond,
  options: Partial<SippySwitchOptions> = {},
): Promise<{ server: TestServer; sippy: SwitchPort }> {
  const server = await serve(respond);
  let now = 1000;
  const sippy = createSippySwitch({
    url: server.url,
    login: TRUSTED,
    ca: undefined,
    timeoutMs: 10_000,
    concurrency: 4,
    clock: () => now++,
    ...options,
  });
  return { server, sippy };
}

/** Method and parameters of a request, each as `name: <type>value`. */
function asked(server: TestServer, index = 0): [string | undefined, string[]] {
  const body = server.requests[index]?.body ?? '';
  const members = body.matchAll(/<name>(.*?)<\/name><value>(.*?)<\/value>/g);
  expect(body.match(/<param>/g)).toHaveLength(1);
  expect(body).toContain('<struct');
  return [
    /<methodName>(.*?)<\/methodName>/.exec(body)?.[1],
    [...members].map(([, name, value]) => `${name}: ${value?.replace(/<\/\w+>/, '')}`),
  ];
}

const empty: Respond = (_, response) => sendEmptyList(response);
const ok: Respond = (_, response) =>
  sendStruct(response, { result: '<string>OK</string>', count: '<int>2</int>' });

describe('the parameters that are sent', () => {
  it.each(['listAllCalls', 'listActiveCalls'] as const)('of %s are those of the filter', async (method) => {
    const { server, sippy } = await switchWith(empty, { login: DIGEST });
    await sippy[method]({});
    await sippy[method]({ recursive: false, account: 3, vendor: 4, connection: 5, order: 'longest_first' });
    await sippy.close();
    expect(asked(server, 0)).toEqual([method, []]);
    expect(asked(server, 1)).toEqual([
      method,
      [
        'recursive: <boolean>0',
        'i_account: <int>3',
        'i_vendor: <int>4',
        'i_connection: <int>5',
        'order: <string>longest_first',
      ],
    ]);
  });

  it.each(['listAllCalls', 'listActiveCalls'] as const)(
    'of %s name the customer in trusted mode',
    async (method) => {
      const { server, sippy } = await switchWith(empty);
      await sippy[method]({ account: 3 });
      await sippy.close();
      expect(asked(server)).toEqual([method, ['i_account: <int>3', 'i_customer: <int>2']]);
    },
  );

  it('of disconnectCall are the ID as a string', async () => {
    const { server, sippy } = await switchWith(ok);
    await sippy.disconnectCall('960');
    await sippy.close();
    expect(asked(server)).toEqual(['disconnectCall', ['ID: <string>960']]);
  });

  it('of disconnectAccount are the account', async () => {
    const { server, sippy } = await switchWith(ok);
    expect(await sippy.disconnectAccount(3)).toMatchObject({ result: 'ok', count: 2 });
    await sippy.close();
    expect(asked(server)).toEqual(['disconnectAccount', ['i_account: <int>3']]);
  });

  it('of disconnectCustomer are its target, and only in trusted mode the wholesaler whose rights are used', async () => {
    const trusted = await switchWith(ok);
    await trusted.sippy.disconnectCustomer(7);
    await trusted.sippy.close();
    expect(asked(trusted.server)).toEqual([
      'disconnectCustomer',
      ['i_customer: <int>7', 'i_wholesaler: <int>1'],
    ]);
    const withLogin = await switchWith(ok, { login: DIGEST });
    await withLogin.sippy.disconnectCustomer(7);
    await withLogin.sippy.close();
    expect(asked(withLogin.server)).toEqual(['disconnectCustomer', ['i_customer: <int>7']]);
  });

  it('of getAccountCallStats are none', async () => {
    const { server, sippy } = await switchWith((_, response) =>
      sendStruct(response, { result: 'OK', data: '<struct></struct>' }),
    );
    await sippy.getAccountCallStats();
    await sippy.close();
    expect(asked(server)).toEqual(['getAccountCallStats', []]);
  });
});

describe('the answers', () => {
  it('are calls with the times of the request', async () => {
    const call =
      '<value><struct><member><name>ID</name><value>960</value></member><member><name>CALL_ID</name><value>a@b</value></member><member><name>CC_STATE</name><value>Connected</value></member></struct></value>';
    const { sippy } = await switchWith((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', date: 'Sun, 06 Nov 1994 08:49:37 GMT' });
      response.end(
        `<methodResponse><params><param><value><array><data>${call}</data></array></value></param></params></methodResponse>`,
      );
    });
    const listing = await sippy.listAllCalls({});
    await sippy.close();
    expect(listing.calls).toMatchObject([{ id: '960', callId: 'a@b', state: 'Connected' }]);
    expect(listing.timing).toEqual({ requestedAt: 1000, receivedAt: 1001, serverDate: 784111777000 });
  });

  it('are statistics with the times of the request', async () => {
    const { sippy } = await switchWith((_, response) =>
      sendStruct(response, {
        result: 'OK',
        data: '<struct><member><name>3</name><value><array><data><value><int>2</int></value><value><int>1</int></value></data></array></value></member></struct>',
      }),
    );
    const stats = await sippy.getAccountCallStats();
    await sippy.close();
    expect(stats).toMatchObject({
      accounts: new Map([[3, { total: 2, connected: 1 }]]),
      suspect: undefined,
      timing: { requestedAt: 1000, receivedAt: 1001 },
    });
  });

  it('of a call that is gone is not-found, not an error', async () => {
    const { sippy } = await switchWith((_, response) =>
      sendStruct(response, { result: 'Call not found or not accessible' }),
    );
    expect(await sippy.disconnectCall('1')).toMatchObject({ result: 'not-found' });
    await sippy.close();
  });

  it.each(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const)(
    'of %s are what it came to with the times of the request',
    async (method) => {
      const { sippy } = await switchWith((_, response) => {
        response.setHeader('date', 'Sun, 06 Nov 1994 08:49:37 GMT');
        sendStruct(response, { result: 'OK' });
      });
      const answer = method === 'disconnectCall' ? await sippy.disconnectCall('1') : await sippy[method](1);
      await sippy.close();
      expect(answer).toEqual({
        result: 'ok',
        count: undefined,
        timing: { requestedAt: 1000, receivedAt: 1001, serverDate: 784111777000 },
      });
    },
  );
});

describe('a failure', () => {
  it('is SWITCH_FAULT for a fault, which proves that the switch did not carry it out', async () => {
    const { sippy } = await switchWith((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', date: 'Sun, 06 Nov 1994 08:49:37 GMT' });
      response.end(
        '<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>403</int></value></member><member><name>faultString</name><value>no rights</value></member></struct></value></fault></methodResponse>',
      );
    });
    const error = await failureOf(sippy.disconnectAccount(1));
    await sippy.close();
    expect(error).toMatchObject({ code: 'SWITCH_FAULT', maybeSent: false });
    expect(error.message).toContain('no rights');
    // The clock of the switch is measured by it as by any answer.
    expect(error).toMatchObject({
      timing: { requestedAt: 1000, receivedAt: 1001, serverDate: 784111777000 },
    });
  });

  it.each([
    ['no XML', 'nonsense'],
    [
      'a list instead of a result',
      '<methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>',
    ],
    [
      'no result in it',
      '<methodResponse><params><param><value><struct></struct></value></param></params></methodResponse>',
    ],
    ['an answer that stops', '<methodResponse><params><param>'],
  ])('is SWITCH_BAD_RESPONSE that may have been carried out: %s', async (_, body) => {
    const { sippy } = await switchWith((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(body);
    });
    const error = await failureOf(sippy.disconnectCall('1'));
    await sippy.close();
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
  });

  it('of a listing that is cut short never reads as no calls', async () => {
    const { sippy } = await switchWith((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.write('<methodResponse><params><param><value><array><data>', () => response.destroy());
    });
    expect(await failureOf(sippy.listAllCalls({}))).toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
    await sippy.close();
  });

  it('of a disconnect is never repeated, while a listing is asked for once more', async () => {
    const { server, sippy } = await switchWith(
      (_, response, index) =>
        index === 0 || index === 3 ? sendEmptyList(response) : void response.destroy(),
      { concurrency: 1 },
    );
    await sippy.listAllCalls({});
    expect(await failureOf(sippy.disconnectCall('1'))).toMatchObject({ maybeSent: true });
    expect(server.requests).toHaveLength(2);
    await sippy.listAllCalls({});
    await sippy.close();
    expect(server.requests).toHaveLength(4);
  });
});

it('logs in once and says under whose rights it asks, without the password', async () => {
  const digest = digestServer({ ...CREDENTIALS, respond: empty });
  const { server, sippy } = await switchWith(digest.respond, { login: DIGEST });
  expect(sippy.login).toBe('login:ops');
  for (let call = 0; call < 3; call += 1) await sippy.listActiveCalls({});
  await sippy.close();
  expect(server.requests).toHaveLength(4);
  expect(
    createSippySwitch({
      url: server.url,
      login: TRUSTED,
      ca: undefined,
      timeoutMs: 1,
      concurrency: 1,
      clock: () => 0,
    }).login,
  ).toBe('trusted:2');
});

it.each(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const)(
  'does not send %s again after a challenge that came too late for the listing on which it rests',
  async (method) => {
    let now = 1000;
    const digest = digestServer({ ...CREDENTIALS, respond: ok });
    const { server, sippy } = await switchWith(
      (request, response, index) => {
        now += 2000;
        return digest.respond(request, response, index);
      },
      { login: DIGEST, clock: () => now },
    );
    const request = { notAfter: 2000 };
    const error = await failureOf(
      method === 'disconnectCall' ? sippy.disconnectCall('7', request) : sippy[method](7, request),
    );
    await sippy.close();
    expect(error).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
    expect(server.requests).toHaveLength(1);
    expect(digest.counts).toEqual([]);
  },
);

it('ends a request whose signal was aborted before', async () => {
  const { server, sippy } = await switchWith(empty);
  expect(await failureOf(sippy.listAllCalls({}, { signal: AbortSignal.abort() }))).toMatchObject({
    code: 'SWITCH_TIMEOUT',
    maybeSent: false,
  });
  await sippy.close();
  expect(server.requests).toHaveLength(0);
});

it('refuses a URL with a login in it at once', () => {
  expect(() => transportTo('https://a:b@example.com/')).toThrow('holds a login');
});
