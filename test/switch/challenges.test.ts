import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthParams, parseChallenges } from '../../src/switch/challenges.js';

const plain = (headers: string[]): [string, Record<string, string>][] =>
  parseChallenges(headers).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe('parseChallenges', () => {
  it('reads several challenges of one header and several headers', () => {
    expect(
      plain([
        'Negotiate, Basic realm="a, b", Digest realm="c", nonce=abc==, qop="auth,auth-int"',
        'Negotiate YII0a/+=, digest Realm=d,NONCE="e"',
      ]),
    ).toEqual([
      ['negotiate', {}],
      ['basic', { realm: 'a, b' }],
      ['digest', { realm: 'c', nonce: 'abc==', qop: 'auth,auth-int' }],
      ['negotiate', {}],
      ['digest', { realm: 'd', nonce: 'e' }],
    ]);
  });

  it('takes commas, equals signs, quotes and backslashes in a quoted realm as they are meant', () => {
    expect(plain(['Digest realm="a \\"b\\", nonce=\\\\x", nonce="n"'])).toEqual([
      ['digest', { realm: 'a "b", nonce=\\x', nonce: 'n' }],
    ]);
  });

  it('allows spaces around the equals sign and empty list elements', () => {
    expect(plain([' , Digest realm = "a" ,, nonce ="n",'])).toEqual([['digest', { realm: 'a', nonce: 'n' }]]);
  });

  it('keeps the first of two values and skips what is malformed', () => {
    expect(plain(['Digest realm="a", realm="b", "stray, nonce=1", =x, nonce=n, opaque='])).toEqual([
      ['digest', { realm: 'a', nonce: 'n' }],
    ]);
  });

  it('comes to an end on every input', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB= ,"\\\t/é'), maxLength: 60 }), (header) => {
        parseChallenges([header]);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('returns every realm that was quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (realm) => {
        fc.pre(!/[\r\n\u2028\u2029]/.test(realm));
        const quoted = realm.replace(/["\\]/g, '\\$&');
        expect(plain([`Basic realm="x", Digest realm="${quoted}", nonce="n"`])[1]).toEqual([
          'digest',
          { realm, nonce: 'n' },
        ]);
      }),
      { seed: 2 },
    );
  });
});

describe('parseAuthParams', () => {
  it('reads nextnonce', () => {
    expect(parseAuthParams('nextnonce="a,b", qop=auth, rspauth="00"').get('nextnonce')).toBe('a,b');
  });
});
