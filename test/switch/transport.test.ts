import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CallwardenError } from '../../src/domain/errors.js';
import { switchError } from '../../src/switch/switch-failure.js';
import { failureOf, gate, PASSWORD, post, serve, transportTo } from './support/post.js';
import { sendEmptyList } from './support/server.js';

describe('a request', () => {
  it('is a POST of text/xml that asks for no compression and keeps its connection', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    const transport = transportTo(server.url, { concurrency: 1 });
    for (let call = 0; call < 3; call += 1) await post(transport, { body: '<methodCall>é</methodCall>' });
    expect(server.requests[2]).toMatchObject({
      method: 'POST',
      url: '/xmlapi/xmlapi',
      body: '<methodCall>é</methodCall>',
      connection: 1,
      headers: { 'content-type': 'text/xml', 'accept-encoding': 'identity' },
    });
  });

  it('tells when it left, when its answer was complete, and what the clock of the switch said', async () => {
    const server = await serve((_, response) =>
      sendEmptyList(response, { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }),
    );
    let now = 1000;
    const transport = transportTo(server.url, { clock: () => now++ });
    const { value, timing } = await post(transport);
    expect(value).toContain('<methodResponse>');
    expect(timing).toEqual({ requestedAt: 1000, receivedAt: 1001, serverDate: 784111777000 });
  });

  it('has no clock of the switch where the Date header is missing or no date', async () => {
    const server = await serve((_, response) => {
      response.sendDate = false;
      sendEmptyList(response);
    });
    expect((await post(transportTo(server.url))).timing.serverDate).toBeUndefined();
  });

  it('waits its turn where as many as the concurrency are in flight, without losing time of its timeout', async () => {
    const release = gate();
    const two = gate();
    let inFlight = 0;
    let most = 0;
    const server = await serve(async (_, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      if (inFlight === 2) two.open();
      await release.opened;
      inFlight -= 1;
      sendEmptyList(response);
    });
    const transport = transportTo(server.url, { concurrency: 2 });
    const all = Promise.all(Array.from({ length: 7 }, () => post(transport)));
    await two.opened;
    expect(server.requests).toHaveLength(2);
    release.open();
    await all;
    expect(server.requests).toHaveLength(7);
    expect(most).toBe(2);
  });
});

describe('an answer that is not decoded', () => {
  it.each([301, 302, 307, 308])(
    'is SWITCH_BAD_RESPONSE for a redirect (%i), which is not followed',
    async (status) => {
      const target = await serve((_, response) => sendEmptyList(response));
      const server = await serve((_, response) => {
        response.writeHead(status, { location: `${target.url}/elsewhere` }).end();
      });
      const error = await failureOf(post(transportTo(server.url)));
      expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
      expect(error.message).toContain(`${target.url}/elsewhere`);
      expect(target.requests).toHaveLength(0);
    },
  );

  it.each([404, 405, 500, 502, 204])('is SWITCH_BAD_RESPONSE for status %i', async (status) => {
    const server = await serve((_, response) => {
      response.writeHead(status, { 'content-type': 'text/xml' }).end();
    });
    const error = await failureOf(post(transportTo(server.url), { repeatable: true }));
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
    expect(error.message).toContain(String(status));
    expect(server.requests).toHaveLength(1);
  });

  it('is SWITCH_BAD_RESPONSE for an HTML page with status 200, with a hint to path and login', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'Text/HTML; charset=utf-8' }).end('<html>log in</html>');
    });
    const error = await failureOf(post(transportTo(server.url)));
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
    expect(error.hint).toContain('a failed login may answer an HTML page even with status 200');
    expect(error.hint).toContain('URL path');
  });

  it('is SWITCH_BAD_RESPONSE where it is compressed, as that was not asked for', async () => {
    const server = await serve((_, response) => sendEmptyList(response, { 'content-encoding': 'gzip' }));
    expect(await failureOf(post(transportTo(server.url)))).toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
  });

  it('is SWITCH_BAD_RESPONSE where it is larger than the cap, and its connection is closed', async () => {
    const closed = gate();
    const server = await serve((_, response) => {
      response.on('close', closed.open);
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.write('x'.repeat(5000));
    });
    const transport = transportTo(server.url, { maxBodyBytes: 4999 });
    const error = await failureOf(post(transport));
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
    expect(error.message).toContain('larger than 4999 bytes');
    await closed.opened;
  });

  it('is taken up to the cap', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' }).end('x'.repeat(5000));
    });
    expect((await post(transportTo(server.url, { maxBodyBytes: 5000 }))).value).toHaveLength(5000);
  });

  it('is SWITCH_BAD_RESPONSE where it is cut short', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '100' });
      response.write('<methodResponse>', () => response.destroy());
    });
    const error = await failureOf(post(transportTo(server.url), { repeatable: true }));
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
    expect(error.message).toContain('broke off');
    expect(server.requests).toHaveLength(1);
  });

  it('is SWITCH_BAD_RESPONSE where it is cut short between two chunks', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.write('<methodResponse/>', () => response.destroy());
    });
    expect(await failureOf(post(transportTo(server.url)))).toMatchObject({
      code: 'SWITCH_BAD_RESPONSE',
      maybeSent: true,
    });
  });

  it('is SWITCH_BAD_RESPONSE where it is not HTTP at all', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const error = await failureOf(post(transportTo(`http://127.0.0.1:${address.port}/`)));
    server.close();
    expect(error).toMatchObject({ code: 'SWITCH_BAD_RESPONSE', maybeSent: true });
    expect(error.message).toContain('not HTTP');
  });

  it('keeps the error of the decoder, and may have been carried out only where it is not a fault', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    const transport = transportTo(server.url);
    const failing = (error: unknown) =>
      failureOf(
        transport.post({ body: '', repeatable: false, signal: undefined, read: () => Promise.reject(error) }),
      );
    const hint = 'Look.';
    expect(await failing(new CallwardenError('SWITCH_BAD_RESPONSE', 'odd', { hint }))).toMatchObject({
      message: 'odd',
      maybeSent: true,
    });
    expect(await failing(new CallwardenError('SWITCH_FAULT', 'no', { hint }))).toMatchObject({
      maybeSent: false,
    });
    expect(
      await failing(switchError('SWITCH_BAD_RESPONSE', 'odd', { hint, maybeSent: false })),
    ).toMatchObject({ maybeSent: false });
    expect(await failing(new TypeError('a mistake'))).toMatchObject({
      code: 'SWITCH_BAD_RESPONSE',
      maybeSent: true,
    });
  });

  it('names the cut as the reason, whatever the decoder makes of it', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '100' });
      response.write('<methodResponse>', () => response.destroy());
    });
    const request = transportTo(server.url).post({
      body: '',
      repeatable: false,
      signal: undefined,
      read: async (chunks) => {
        try {
          for await (const _ of chunks);
        } catch {
          throw new CallwardenError('SWITCH_BAD_RESPONSE', 'unexpected end', { hint: 'Look.' });
        }
      },
    });
    expect((await failureOf(request)).message).toContain('broke off');
  });
});

describe('a URL', () => {
  it.each([
    ['not a url', 'not valid'],
    ['ftp://example.com/', 'ftp:'],
    [`https://ops:${PASSWORD}@example.com/`, 'holds a login'],
    ['https://ops@example.com/', 'holds a login'],
  ])('is refused: %s', async (url, reason) => {
    const error = await failureOf(Promise.resolve().then(() => transportTo(url)));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(reason);
  });
});
