import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { digestServer } from './support/digest-server.js';
import { CREDENTIALS, failureOf, gate, post, serve, transportTo } from './support/post.js';
import { sendEmptyList, tlsFile } from './support/server.js';

const SHORT_MS = 100;
const never = (): void => {};
const cleanUp: (() => void)[] = [];

afterEach(() => {
  for (const close of cleanUp.splice(0)) close();
});

/** A TCP server that does with its connections what it is told. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

describe('a switch that is not reached', () => {
  it('is SWITCH_UNREACHABLE where the connection is refused', async () => {
    const { port, server } = await rawServer(never);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const error = await failureOf(post(transportTo(`http://127.0.0.1:${port}/xmlapi`)));
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
    expect(error.message).toContain('refused');
    expect(error.hint).toBe(
      `Check that http://127.0.0.1:${port}/xmlapi is reachable from this host and that the port is open; \`callwarden doctor\` tests it.`,
    );
  });

  it('is SWITCH_UNREACHABLE where its name does not resolve', async () => {
    // RFC 6761: .invalid never resolves.
    const error = await failureOf(post(transportTo('http://switch.invalid/xmlapi')));
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
    expect(error.hint).toContain('host name switch.invalid');
  });

  it('is SWITCH_UNREACHABLE where it closes the connection during the TLS handshake', async () => {
    const { port } = await rawServer((socket) => socket.once('data', () => socket.destroy()));
    const error = await failureOf(post(transportTo(`https://127.0.0.1:${port}/`)));
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
  });

  it('is SWITCH_TIMEOUT where it does not finish the connection, and nothing was sent', async () => {
    const { port } = await rawServer(never);
    const transport = transportTo(`https://127.0.0.1:${port}/`, { timeoutMs: SHORT_MS });
    const error = await failureOf(post(transport));
    expect(error).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
    expect(error.message).toContain('no connection');
  });
});

describe('TLS', () => {
  const withTls = (tls: string) => serve((_, response) => sendEmptyList(response), { tls });

  it('trusts a certificate of the pinned CA', async () => {
    const server = await withTls('server');
    const { value } = await post(transportTo(server.url, { ca: tlsFile('ca.pem') }));
    expect(value).toContain('methodResponse');
  });

  it.each([
    [
      'a private CA that is not pinned',
      'server',
      undefined,
      'not signed by a trusted CA',
      'name its PEM file in caFile',
    ],
    [
      'another CA than the pinned one',
      'server',
      'other-ca.pem',
      'not signed by a trusted CA',
      'Only the CA in caFile',
    ],
    ['an expired certificate', 'expired', 'ca.pem', 'expired', 'caFile'],
    ['a certificate for another host', 'wrong-host', 'ca.pem', 'another host name', 'caFile'],
  ])('refuses %s, and nothing was sent', async (_, tls, ca, reason, hint) => {
    const server = await withTls(tls);
    const transport = transportTo(server.url, { ca: ca === undefined ? undefined : tlsFile(ca) });
    const error = await failureOf(post(transport, { repeatable: true }));
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
    expect(error.message).toContain(reason);
    expect(error.hint).toContain(hint);
    expect(server.requests).toHaveLength(0);
  });

  it('verifies although the environment asks Node not to', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const server = await withTls('server');
      expect(await failureOf(post(transportTo(server.url)))).toMatchObject({ code: 'SWITCH_UNREACHABLE' });
      expect(server.requests).toHaveLength(0);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('says so where the port speaks plain HTTP', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    const error = await failureOf(post(transportTo(server.url.replace('http:', 'https:'))));
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
    expect(error.hint).toContain('right scheme');
  });

  it('refuses a caFile without a certificate', async () => {
    const error = await failureOf(
      Promise.resolve().then(() => transportTo('https://x/', { ca: 'nonsense' })),
    );
    expect(error.code).toBe('CONFIG_INVALID');
  });
});

describe('a connection that ends without an answer', () => {
  it('is SWITCH_UNREACHABLE and may have been carried out, also before the login', async () => {
    const server = await serve((_, response) => void response.destroy());
    const error = await failureOf(
      post(transportTo(server.url, { credentials: CREDENTIALS }), { repeatable: true }),
    );
    expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: true });
    expect(server.requests).toHaveLength(1);
  });

  it.each([false, true])(
    'of a request with a login may have been carried out (kept-alive: %s)',
    async (keptAlive) => {
      let cut = !keptAlive;
      const digest = digestServer({
        ...CREDENTIALS,
        respond: (_, response) => (cut ? void response.destroy() : sendEmptyList(response)),
      });
      const server = await serve(digest.respond);
      const transport = transportTo(server.url, { credentials: CREDENTIALS, concurrency: 1 });
      if (keptAlive) await post(transport);
      cut = true;
      const sentBefore = server.requests.length;
      const error = await failureOf(post(transport));
      expect(error).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: true });
      expect(server.requests.length - sentBefore).toBe(keptAlive ? 1 : 2);
    },
  );

  it('is never followed by a second disconnect', async () => {
    const server = await serve((_, response, index) => {
      if (index === 0) sendEmptyList(response);
      else response.destroy();
    });
    const transport = transportTo(server.url, { concurrency: 1 });
    await post(transport);
    await failureOf(post(transport, { repeatable: false }));
    expect(server.requests).toHaveLength(2);
  });

  it('is followed by one more request where that only reads and the connection was kept alive', async () => {
    const server = await serve((_, response, index) => {
      if (index === 1) response.destroy();
      else sendEmptyList(response);
    });
    const transport = transportTo(server.url, { concurrency: 1 });
    await post(transport);
    await post(transport, { repeatable: true });
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it('is given up after the second request', async () => {
    const server = await serve((_, response, index) => {
      if (index === 0) sendEmptyList(response);
      else response.destroy();
    });
    const transport = transportTo(server.url, { concurrency: 1 });
    await post(transport);
    expect(await failureOf(post(transport, { repeatable: true }))).toMatchObject({
      code: 'SWITCH_UNREACHABLE',
    });
    expect(server.requests).toHaveLength(3);
  });
});

describe('a switch that is too slow', () => {
  it('is SWITCH_TIMEOUT where no answer comes, and the request may have been carried out', async () => {
    const server = await serve(never);
    const error = await failureOf(
      post(transportTo(server.url, { timeoutMs: SHORT_MS }), { repeatable: true }),
    );
    expect(error).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: true });
    expect(error.message).toContain(`longer than ${SHORT_MS} ms: no answer`);
    expect(server.requests).toHaveLength(1);
  });

  it('is SWITCH_TIMEOUT where the answer does not end, though it keeps trickling', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' });
      const trickle = setInterval(() => response.write(' '), SHORT_MS / 10);
      response.on('close', () => clearInterval(trickle));
    });
    const error = await failureOf(post(transportTo(server.url, { timeoutMs: SHORT_MS })));
    expect(error).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: true });
    expect(error.message).toContain('not complete');
  });

  it('was not carried out where only the page that refuses the login is slow', async () => {
    const server = await serve((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n"' });
      response.write('<html>');
    });
    const transport = transportTo(server.url, { timeoutMs: SHORT_MS, credentials: CREDENTIALS });
    expect(await failureOf(post(transport))).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
  });

  it('does not keep later requests from being answered', async () => {
    const arrived = gate();
    const server = await serve((_, response, index) =>
      index === 0 ? arrived.open() : sendEmptyList(response),
    );
    const transport = transportTo(server.url, { concurrency: 1 });
    const ending = new AbortController();
    const first = failureOf(post(transport, { signal: ending.signal }));
    const second = post(transport);
    await arrived.opened;
    ending.abort();
    await first;
    expect((await second).value).toContain('methodResponse');
  });
});

describe('a request that is ended by its caller', () => {
  it('is SWITCH_TIMEOUT and may have been carried out once it was sent', async () => {
    const arrived = gate();
    const server = await serve(() => arrived.open());
    const ending = new AbortController();
    const request = failureOf(post(transportTo(server.url), { signal: ending.signal }));
    await arrived.opened;
    ending.abort(new Error('the deadline of the pass'));
    expect(await request).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: true });
  });

  it('is SWITCH_TIMEOUT and was not sent where it was ended before', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    const error = await failureOf(post(transportTo(server.url), { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
    expect(server.requests).toHaveLength(0);
  });

  it('is not sent where it was still waiting its turn', async () => {
    const arrived = gate();
    const release = gate();
    const server = await serve(async (_, response) => {
      arrived.open();
      await release.opened;
      sendEmptyList(response);
    });
    const transport = transportTo(server.url, { concurrency: 1 });
    const first = post(transport);
    await arrived.opened;
    const ending = new AbortController();
    const waiting = failureOf(post(transport, { signal: ending.signal }));
    ending.abort();
    expect(await waiting).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
    release.open();
    await first;
    await post(transport);
    expect(server.requests).toHaveLength(2);
  });

  it('is not sent where its connection was still being made', async () => {
    const connected = gate();
    const bytes: Buffer[] = [];
    const { port } = await rawServer((socket) => {
      connected.open();
      socket.on('data', (chunk) => bytes.push(chunk));
    });
    const ending = new AbortController();
    const transport = transportTo(`https://127.0.0.1:${port}/`, { timeoutMs: 1000 });
    const request = failureOf(post(transport, { signal: ending.signal }));
    await connected.opened;
    ending.abort();
    expect(await request).toMatchObject({ code: 'SWITCH_TIMEOUT', maybeSent: false });
  });
});

describe('close', () => {
  it('refuses later requests, of which nothing is sent', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    const transport = transportTo(server.url);
    await transport.close();
    expect(await failureOf(post(transport))).toMatchObject({ code: 'SWITCH_UNREACHABLE', maybeSent: false });
    expect(server.requests).toHaveLength(0);
  });

  it('lets a request under way end', async () => {
    const arrived = gate();
    const release = gate();
    const server = await serve(async (_, response) => {
      arrived.open();
      await release.opened;
      sendEmptyList(response);
    });
    const transport = transportTo(server.url);
    const request = post(transport);
    await arrived.opened;
    const closed = transport.close();
    release.open();
    expect((await request).value).toContain('methodResponse');
    await closed;
  });

  it('does not wait for a connection that hangs once its request was ended', async () => {
    const connected = gate();
    const { port } = await rawServer(() => connected.open());
    // The connection itself would take longer to time out than this test may.
    const transport = transportTo(`https://127.0.0.1:${port}/`, { timeoutMs: 120_000 });
    const ending = new AbortController();
    const request = failureOf(post(transport, { signal: ending.signal }));
    await connected.opened;
    ending.abort();
    await request;
    await transport.close();
  });
});
