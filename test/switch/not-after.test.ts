import { describe, expect, it } from 'vitest';
import { digestServer } from './support/digest-server.js';
import { CREDENTIALS, failureOf, gate, post, serve, transportTo } from './support/post.js';
import { sendEmptyList } from './support/server.js';

const NOT_AFTER = 2000;
const TOO_LATE = { code: 'SWITCH_TIMEOUT', maybeSent: false };

/** A clock that stands until it is moved. */
function clockAt(start: number): { now: number; read: () => number } {
  const clock = { now: start, read: () => clock.now };
  return clock;
}

describe('a request that must not leave after an instant', () => {
  it('leaves at that very instant', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    await post(transportTo(server.url, { clock: () => NOT_AFTER }), { notAfter: NOT_AFTER });
    expect(server.requests).toHaveLength(1);
  });

  it('does not connect where it is too late from the start', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    await server.close();
    const transport = transportTo(server.url, { clock: () => NOT_AFTER + 1 });
    // A connection would be refused, which is another error.
    const error = await failureOf(post(transport, { notAfter: NOT_AFTER }));
    expect(error).toMatchObject(TOO_LATE);
    expect(error.message).toContain('the listing on which the disconnect rests grew too old');
    expect(error.message).toContain('1 ms late');
    expect(error.hint).toContain('maxSnapshotAge');
  });

  it('is not sent to a connection that was made too late, and later requests are', async () => {
    const server = await serve((_, response) => sendEmptyList(response));
    // It is asked for the time before it connects, and again with the connection made.
    const times = [NOT_AFTER, NOT_AFTER + 1];
    const transport = transportTo(server.url, { clock: () => times.shift() ?? 9000, concurrency: 1 });
    expect(await failureOf(post(transport, { notAfter: NOT_AFTER }))).toMatchObject(TOO_LATE);
    expect(times).toEqual([]);
    expect(server.requests).toHaveLength(0);
    await post(transport, { notAfter: 9000 });
    expect(server.requests).toHaveLength(1);
  });

  it('is not sent where its turn came too late', async () => {
    const clock = clockAt(1000);
    const arrived = gate();
    const release = gate();
    const server = await serve(async (_, response) => {
      arrived.open();
      await release.opened;
      sendEmptyList(response);
    });
    const transport = transportTo(server.url, { clock: clock.read, concurrency: 1 });
    const first = post(transport, { notAfter: NOT_AFTER });
    await arrived.opened;
    const waiting = failureOf(post(transport, { notAfter: NOT_AFTER }));
    clock.now = NOT_AFTER + 1;
    release.open();
    // What had left in time may well be answered afterwards.
    expect((await first).value).toContain('methodResponse');
    expect(await waiting).toMatchObject(TOO_LATE);
    expect(server.requests).toHaveLength(1);
  });

  it('is not sent again where the challenge came too late', async () => {
    const clock = clockAt(1000);
    const digest = digestServer({ ...CREDENTIALS, respond: (_, response) => sendEmptyList(response) });
    const server = await serve((request, response, index) => {
      if (index === 0) clock.now = NOT_AFTER + 1;
      return digest.respond(request, response, index);
    });
    const transport = transportTo(server.url, { credentials: CREDENTIALS, clock: clock.read });
    expect(await failureOf(post(transport, { notAfter: NOT_AFTER }))).toMatchObject(TOO_LATE);
    expect(server.requests).toHaveLength(1);
    // The challenge itself was not in vain.
    await post(transport);
    expect(server.requests).toHaveLength(2);
  });

  it('is not sent again where the answer that its nonce is stale came too late', async () => {
    const clock = clockAt(1000);
    const digest = digestServer({
      ...CREDENTIALS,
      nonceUses: 1,
      respond: (_, response) => sendEmptyList(response),
    });
    const server = await serve((request, response, index) => {
      if (index === 2) clock.now = NOT_AFTER + 1;
      return digest.respond(request, response, index);
    });
    const transport = transportTo(server.url, { credentials: CREDENTIALS, clock: clock.read });
    await post(transport, { notAfter: NOT_AFTER });
    expect(await failureOf(post(transport, { notAfter: NOT_AFTER }))).toMatchObject(TOO_LATE);
    expect(server.requests).toHaveLength(3);
    expect(digest.counts).toHaveLength(1);
  });
});
