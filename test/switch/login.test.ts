import { describe, expect, it } from 'vitest';
import { type DigestServerOptions, digestServer } from './support/digest-server.js';
import { CREDENTIALS, failureOf, gate, PASSWORD, post, serve, transportTo } from './support/post.js';
import { sendEmptyList } from './support/server.js';

const accept = (options: Partial<DigestServerOptions> = {}) =>
  digestServer({ ...CREDENTIALS, respond: (_, response) => sendEmptyList(response), ...options });

describe('logging in', () => {
  it.each<[string, Partial<DigestServerOptions>]>([
    ['qop in quotes', { qop: 'qop="auth"' }],
    ['qop without quotes', { qop: 'qop=auth' }],
    ['several qops', { qop: 'qop="auth-int, auth"' }],
    ['no qop', { qop: '' }],
    ['MD5-sess', { algorithm: 'MD5-sess' }],
    ['SHA-256', { algorithm: 'SHA-256' }],
    ['SHA-256-sess', { algorithm: 'SHA-256-sess' }],
    ['SHA-256-sess without qop', { algorithm: 'SHA-256-sess', qop: '' }],
    ['an opaque', { opaque: 'a/b=c' }],
    ['a realm with commas, quotes and backslashes', { realm: 'Sippy, "lab" \\ 1, nonce=x' }],
    ['userhash', { algorithm: 'SHA-256', userhash: true, charset: true }],
    ['a user name outside of ASCII', { username: 'Jürgen', charset: true }],
    ['a new nonce with every answer', { nextNonce: true }],
  ])('works with %s, and every call after the first is one round trip', async (_, options) => {
    const digest = accept(options);
    const server = await serve(digest.respond);
    const transport = transportTo(server.url, {
      credentials: { username: options.username ?? 'ops', password: PASSWORD },
      concurrency: 1,
    });
    await post(transport);
    expect(server.requests).toHaveLength(2);
    for (let call = 0; call < 5; call += 1) await post(transport);
    expect(server.requests).toHaveLength(7);
    expect(digest.challenges).toBe(1);
    expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
  });

  it('signs the path with its query, and does not show the query in errors', async () => {
    const digest = accept();
    const server = await serve(digest.respond);
    await post(transportTo(`${server.url}?a=b`, { credentials: CREDENTIALS }));
    expect(server.requests[1]?.url).toBe('/xmlapi/xmlapi?a=b');
    expect(digest.counts).toEqual(['00000001']);
  });

  it('gives requests that are under way at once distinct nonce counts', async () => {
    const together = gate();
    let arrived = 0;
    const digest = accept({
      respond: async (_, response, index) => {
        arrived += index > 1 ? 1 : 0;
        if (arrived === 4) together.open();
        if (index > 1) await together.opened;
        sendEmptyList(response);
      },
    });
    const server = await serve(digest.respond);
    const transport = transportTo(server.url, { credentials: CREDENTIALS });
    await post(transport);
    await Promise.all([post(transport), post(transport), post(transport), post(transport)]);
    expect(digest.counts.toSorted()).toEqual(['00000001', '00000002', '00000003', '00000004', '00000005']);
    expect(server.requests).toHaveLength(6);
  });

  it('repeats a request whose nonce was stale, without taking it for a failed login', async () => {
    const digest = accept({ nonceUses: 2 });
    const server = await serve(digest.respond);
    const transport = transportTo(server.url, { credentials: CREDENTIALS });
    for (let call = 0; call < 5; call += 1) await post(transport);
    // 1 challenge at first, then a stale one after each 2 calls: 5 calls + 3.
    expect(server.requests).toHaveLength(8);
    expect(digest.counts).toHaveLength(5);
  });

  it('logs in again where the switch has forgotten the nonce without calling it stale', async () => {
    let digest = accept();
    const server = await serve((...args) => digest.respond(...args));
    const transport = transportTo(server.url, { credentials: CREDENTIALS });
    await post(transport);
    digest = accept();
    await post(transport);
    expect(server.requests).toHaveLength(4);
  });
});

describe('a login that fails', () => {
  it('is SWITCH_AUTH_FAILED after two requests, and nothing was carried out', async () => {
    const server = await serve(accept().respond);
    const transport = transportTo(server.url, {
      credentials: { username: 'ops', password: `${PASSWORD}-wrong` },
    });
    const error = await failureOf(post(transport));
    expect(error).toMatchObject({ code: 'SWITCH_AUTH_FAILED', maybeSent: false });
    expect(error.hint).toContain('username and password');
    expect(server.requests).toHaveLength(2);
  });

  it('ends where a switch calls every nonce stale', async () => {
    const server = await serve(accept({ nonceUses: 0 }).respond);
    const error = await failureOf(post(transportTo(server.url, { credentials: CREDENTIALS })));
    expect(error).toMatchObject({ code: 'SWITCH_AUTH_FAILED', maybeSent: false });
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ['Basic realm="x"', 'only basic'],
    ['Digest realm="x", nonce="n", qop="auth-int"', 'qop auth-int'],
    [undefined, 'no way to log in'],
  ])('is SWITCH_AUTH_FAILED with the reason where the challenge is %s', async (challenge, reason) => {
    const server = await serve((_, response) => {
      response.writeHead(401, challenge === undefined ? {} : { 'www-authenticate': challenge });
      response.end();
    });
    const error = await failureOf(post(transportTo(server.url, { credentials: CREDENTIALS })));
    expect(error).toMatchObject({ code: 'SWITCH_AUTH_FAILED', maybeSent: false });
    expect(error.message).toContain(reason);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('is SWITCH_AUTH_FAILED in trusted mode, where there is no login to try', async () => {
    const server = await serve(accept().respond);
    const error = await failureOf(post(transportTo(server.url)));
    expect(error).toMatchObject({ code: 'SWITCH_AUTH_FAILED', maybeSent: false });
    expect(error.hint).toContain('trusted');
    expect(server.requests).toHaveLength(1);
  });

  it('is SWITCH_AUTH_FAILED for status 403', async () => {
    const server = await serve((_, response) => {
      response.writeHead(403).end('forbidden');
    });
    expect(await failureOf(post(transportTo(server.url)))).toMatchObject({
      code: 'SWITCH_AUTH_FAILED',
      maybeSent: false,
    });
  });
});

it('leaks neither password nor Authorization header when a logged-in request fails', async () => {
  const digest = accept({ respond: (request) => void request, nonceUses: 9 });
  const server = await serve((request, response, index) => {
    if (index < 1) return digest.respond(request, response, index);
    response.writeHead(302, { location: `http://ops:${PASSWORD}@example.com/?p=${PASSWORD}` }).end();
  });
  // failureOf looks through the whole error for both.
  const error = await failureOf(post(transportTo(server.url, { credentials: CREDENTIALS })));
  expect(error.message).toContain('http://example.com/');
});
