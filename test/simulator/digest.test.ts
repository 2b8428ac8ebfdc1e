import { describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/start-simulator.js';
import { authorization, challengeOf, encode, openSwitch, post, type TestSwitch } from './simulator-client.js';

const URI = '/xmlapi/xmlapi';
const LOGIN = { username: 'ops', password: 'pass"wörd', uri: URI };
const BODY = encode('listAllCalls', [{}]);

const openGuarded = (options: Partial<SimulatorOptions> = {}) =>
  openSwitch({ username: LOGIN.username, password: LOGIN.password, ...options });

const send = (lab: TestSwitch, header?: string) =>
  post(lab.simulator.url, BODY, header === undefined ? {} : { headers: { Authorization: header } });

describe('digest login', () => {
  test.each([
    { algorithm: 'MD5', qop: 'quoted' },
    { algorithm: 'SHA-256', qop: 'quoted' },
    { algorithm: 'SHA-256', qop: 'unquoted' },
    { algorithm: 'MD5', qop: 'absent' },
  ] as const)('lets the right login in with $algorithm and qop $qop', async (options) => {
    await using lab = await openGuarded({ ...options, realm: 'lab, "north" \\ 1' });
    const refused = await send(lab);
    expect(refused.status).toBe(401);
    expect(refused.headers['content-type']).toContain('text/html');
    const challenge = challengeOf(refused);
    expect(challenge).toMatchObject({ realm: 'lab, "north" \\ 1', algorithm: options.algorithm });
    expect(challenge).not.toHaveProperty('stale');
    const reply = await send(lab, authorization(challenge, LOGIN));
    expect(reply.status).toBe(200);
    expect(reply.body).toContain('<methodResponse>');
    expect(lab.simulator.requests.map((entry) => entry.status)).toEqual([401, 200]);
  });

  test('refuses a wrong password, user, uri or scheme without calling it stale', async () => {
    await using lab = await openGuarded();
    const challenge = challengeOf(await send(lab));
    const wrong = [
      authorization(challenge, { ...LOGIN, password: 'other' }),
      authorization(challenge, { ...LOGIN, username: 'root' }),
      authorization(challenge, { ...LOGIN, uri: '/other' }),
      authorization(challenge, LOGIN).replace(`uri="${URI}"`, 'uri="/other"'),
      authorization(challenge, { ...LOGIN, method: 'GET' }),
      authorization({ ...challenge, realm: 'elsewhere' }, LOGIN),
      authorization({ ...challenge, opaque: 'x' }, LOGIN),
      authorization({ ...challenge, qop: '' }, LOGIN),
      `Basic ${Buffer.from('ops:pass').toString('base64')}`,
      'Digest',
      'Digest response=""',
    ];
    for (const header of wrong) {
      const reply = await send(lab, header);
      expect(reply.status).toBe(401);
      expect(challengeOf(reply)).not.toHaveProperty('stale');
    }
    expect((await send(lab, authorization(challenge, LOGIN))).status).toBe(200);
  });

  test('one nonce serves many requests with rising counts, also out of order', async () => {
    await using lab = await openGuarded();
    const challenge = challengeOf(await send(lab));
    for (const nc of [1, 3, 2, 10]) {
      expect((await send(lab, authorization(challenge, { ...LOGIN, nc }))).status).toBe(200);
    }
  });

  test('refuses a count that was used before, as stale with a new nonce', async () => {
    await using lab = await openGuarded();
    const challenge = challengeOf(await send(lab));
    const header = authorization(challenge, LOGIN);
    expect((await send(lab, header)).status).toBe(200);
    const replayed = await send(lab, header);
    expect(replayed.status).toBe(401);
    expect(challengeOf(replayed)).toMatchObject({ stale: 'true' });
    expect(challengeOf(replayed)['nonce']).not.toBe(challenge['nonce']);
  });

  test('calls an expired or unknown nonce stale, and accepts the new one', async () => {
    await using lab = await openGuarded({ nonceLifetimeMs: 60_000 });
    const challenge = challengeOf(await send(lab));
    lab.clock.now += 60_000;
    expect((await send(lab, authorization(challenge, LOGIN))).status).toBe(200);
    lab.clock.now += 1;
    const expired = await send(lab, authorization(challenge, { ...LOGIN, nc: 2 }));
    expect(challengeOf(expired)).toMatchObject({ stale: 'true' });
    const forged = await send(lab, authorization({ ...challenge, nonce: 'made-up' }, LOGIN));
    expect(challengeOf(forged)).toMatchObject({ stale: 'true' });
    expect((await send(lab, authorization(challengeOf(expired), LOGIN))).status).toBe(200);
  });

  test('a refused login reaches no method', async () => {
    await using lab = await openGuarded();
    const id = lab.simulator.world.addCall({});
    await post(lab.simulator.url, encode('disconnectCall', [{ ID: id }]));
    lab.clock.now += 10_000;
    lab.simulator.tick();
    expect(lab.simulator.world.call(id)).toBeDefined();
  });

  test('half a login is refused at the start', async () => {
    await expect(openSwitch({ username: 'ops' })).rejects.toThrow('both a username and a password');
  });
});
