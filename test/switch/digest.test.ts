import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DigestLogin } from '../../src/switch/digest.js';

const login = (username: string, password: string, cnonce = 'cnonce'): DigestLogin =>
  new DigestLogin({ username, password, newCnonce: () => cnonce });

/** The parameters of an Authorization header, quotes removed. */
function params(header: string | undefined): Record<string, string> {
  const pairs = (header ?? '').replace('Digest ', '').split(', ');
  return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]));
}

// RFC 7616, section 3.9.1
const RFC7616_NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const RFC7616_CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const rfc7616 = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${RFC7616_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

describe('the published examples', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers the %s challenge of RFC 7616, section 3.9.1', (algorithm, response) => {
    const digest = login('Mufasa', 'Circle of Life', RFC7616_CNONCE);
    expect(digest.takeChallenge([rfc7616(algorithm)])).toEqual({ usable: true, stale: false });
    expect(digest.authorize('GET', '/dir/index.html')).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="${RFC7616_NONCE}", uri="/dir/index.html", response="${response}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="${RFC7616_CNONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
    );
  });

  it('prefers SHA-256 where both are offered, as in RFC 7616, section 3.9.1', () => {
    const digest = login('Mufasa', 'Circle of Life', RFC7616_CNONCE);
    digest.takeChallenge([rfc7616('MD5'), rfc7616('SHA-256')]);
    expect(params(digest.authorize('GET', '/dir/index.html'))['response']).toBe(
      '"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
    );
  });

  it('answers the challenge of RFC 2617, section 3.5, which names no algorithm', () => {
    const digest = login('Mufasa', 'Circle Of Life', '0a4f113b');
    digest.takeChallenge([
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    const header = digest.authorize('GET', '/dir/index.html');
    expect(params(header)['response']).toBe('"6629fae49393a05397450978507c4ef1"');
    expect(header).not.toContain('algorithm');
  });

  it('answers a challenge without qop as RFC 2069 did, without nc and cnonce', () => {
    const digest = login('Mufasa', 'Circle Of Life');
    digest.takeChallenge(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"']);
    const header = digest.authorize('GET', '/dir/index.html');
    // RFC 2617, section 3.2.2.1: KD(H(A1), nonce:H(A2)), from the hashes that section 3.5 leads to.
    const expected = createHash('md5')
      .update(
        '939e7578ed9e3c518a452acee763bce9:dcd98b7102dd2f0e8b11d0f600bfb0c093:39aff3a2bab6126f332b942af96d3366',
      )
      .digest('hex');
    expect(params(header)['response']).toBe(`"${expected}"`);
    expect(header).not.toMatch(/nc=|cnonce=|qop=/);
  });
});

describe('choosing a challenge', () => {
  const usable = (headers: string[]): unknown => login('u', 'p').takeChallenge(headers);

  it('skips an unknown algorithm where a known one is offered too', () => {
    const digest = login('u', 'p');
    digest.takeChallenge([
      'Digest realm="r", nonce="1", algorithm=SHA-512-256, Digest realm="r", nonce="2", algorithm=md5',
    ]);
    expect(params(digest.authorize('POST', '/'))).toMatchObject({ nonce: '"2"', algorithm: 'md5' });
  });

  it('takes the first of two that are equally strong', () => {
    const digest = login('u', 'p');
    digest.takeChallenge([
      'Digest realm="r", nonce="1", algorithm=MD5',
      'Digest realm="r", nonce="2", algorithm=SHA-256-sess, qop=auth',
      'Digest realm="r", nonce="3", algorithm=SHA-256, qop=auth',
    ]);
    expect(params(digest.authorize('POST', '/'))['nonce']).toBe('"2"');
  });

  it.each([
    ['no challenge at all', [], 'WWW-Authenticate is missing'],
    ['only Basic', ['Basic realm="r"'], 'only basic'],
    ['only auth-int', ['Digest realm="r", nonce="n", qop="auth-int"'], 'qop auth-int'],
    ['only an unknown algorithm', ['Digest realm="r", nonce="n", algorithm=SHA-512-256'], 'SHA-512-256'],
    ['no nonce', ['Digest realm="r"'], 'lacks a realm or a nonce'],
  ])('refuses %s, and says why', (_, headers, reason) => {
    expect(usable(headers)).toEqual({ usable: false, reason: expect.stringContaining(reason) });
  });

  it('reads stale in any case, quoted or not', () => {
    expect(usable(['Digest realm="r", nonce="n", stale=TRUE'])).toEqual({ usable: true, stale: true });
    expect(usable(['Digest realm="r", nonce="n", stale="false"'])).toEqual({ usable: true, stale: false });
  });
});

describe('a session', () => {
  const started = (challenge: string): DigestLogin => {
    const digest = login('u', 'p');
    digest.takeChallenge([challenge]);
    return digest;
  };

  it('has no header before the first challenge and none after it was forgotten', () => {
    const digest = login('u', 'p');
    expect(digest.authorize('POST', '/')).toBeUndefined();
    digest.takeChallenge(['Digest realm="r", nonce="n"']);
    expect(digest.authorize('POST', '/')).toBeDefined();
    digest.forget();
    expect(digest.authorize('POST', '/')).toBeUndefined();
  });

  it('counts each use of a nonce with eight hexadecimal digits', () => {
    const digest = started('Digest realm="r", nonce="n", qop=auth');
    const counts = Array.from({ length: 17 }, () => params(digest.authorize('POST', '/'))['nc']);
    expect(counts.slice(0, 2)).toEqual(['00000001', '00000002']);
    expect(counts.at(-1)).toBe('00000011');
  });

  it('goes on with nextnonce and counts it from 1', () => {
    const digest = started('Digest realm="r", nonce="n", qop=auth');
    digest.authorize('POST', '/');
    digest.takeInfo(['rspauth="x", nextnonce="m"']);
    expect(params(digest.authorize('POST', '/'))).toMatchObject({ nonce: '"m"', nc: '00000001' });
  });

  it('keeps counting where nextnonce repeats the nonce', () => {
    const digest = started('Digest realm="r", nonce="n", qop=auth');
    digest.authorize('POST', '/');
    digest.takeInfo(['nextnonce="n"']);
    expect(params(digest.authorize('POST', '/'))['nc']).toBe('00000002');
  });

  it('escapes quotes and backslashes of realm, nonce and user name', () => {
    const digest = login('a"b', 'p');
    digest.takeChallenge(['Digest realm="x \\"y\\\\", nonce="n"']);
    expect(digest.authorize('POST', '/')).toMatch(/^Digest username="a\\"b", realm="x \\"y\\\\", nonce="n"/);
  });

  it('hashes the bytes of the realm as the server sent them', () => {
    const digest = login('u', 'p');
    const realm = 'Zürich';
    digest.takeChallenge([`Digest realm="${Buffer.from(realm).toString('latin1')}", nonce="n"`]);
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const expected = md5(`${md5(`u:${realm}:p`)}:n:${md5('POST:/')}`);
    expect(params(digest.authorize('POST', '/'))['response']).toBe(`"${expected}"`);
  });

  it('writes a user name outside of ASCII as username* where the server announces UTF-8', () => {
    const digest = login('Jäsøn Doe', 'p');
    digest.takeChallenge(['Digest realm="r", nonce="n", charset=UTF-8']);
    // Name and encoding are those of RFC 7616, section 3.9.2.
    expect(digest.authorize('POST', '/')).toContain("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,");
  });

  it('sends the hash of the user name where the server asks for it', () => {
    const digest = login('Jäsøn Doe', 'p');
    digest.takeChallenge(['Digest realm="r", nonce="n", algorithm=SHA-256, charset=UTF-8, userhash=true']);
    const userhash = createHash('sha256').update('Jäsøn Doe:r').digest('hex');
    const header = digest.authorize('POST', '/');
    expect(header).toContain(`username="${userhash}"`);
    expect(header).toContain('userhash=true');
    expect(header).not.toContain('username*');
  });

  it('never contains the password', () => {
    const digest = login('u', 'correct horse');
    digest.takeChallenge(['Digest realm="r", nonce="n", qop=auth, Basic realm="r"']);
    expect(digest.authorize('POST', '/')).not.toContain('correct horse');
    expect(JSON.stringify(digest)).not.toContain('correct horse');
  });
});
