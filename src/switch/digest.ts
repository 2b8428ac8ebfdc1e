import { createHash, randomBytes } from 'node:crypto';
import { type Challenge, parseAuthParams, parseChallenges } from './challenges.js';

/** What a 401 answer lets the client do next. */
export type ChallengeAnswer =
  | {
      usable: true;
      /** The login may be right and only the nonce was too old (RFC 7616, section 3.3). */
      stale: boolean;
    }
  | {
      usable: false;
      /** What the server asked for instead, as the end of a sentence. */
      reason: string;
    };

export interface DigestCredentials {
  username: string;
  password: string;
  /** A new client nonce; handed in by tests. Default: 128 random bits in hex. */
  newCnonce?: () => string;
}

interface DigestChallenge {
  /** As the server wrote it, to be echoed; undefined where it named none, which means MD5. */
  algorithm: string | undefined;
  hash: HashName;
  session: boolean;
  realm: string;
  nonce: string;
  opaque: string | undefined;
  /** False for servers of RFC 2069, which offer no qop: no nc and no cnonce then. */
  qop: boolean;
  userhash: boolean;
  utf8: boolean;
  stale: boolean;
}

/** Strongest last. */
const HASHES = ['md5', 'sha256'] as const;
type HashName = (typeof HASHES)[number];

const ALGORITHMS = new Map<string, { hash: HashName; session: boolean }>([
  ['md5', { hash: 'md5', session: false }],
  ['md5-sess', { hash: 'md5', session: true }],
  ['sha-256', { hash: 'sha256', session: false }],
  ['sha-256-sess', { hash: 'sha256', session: true }],
]);

/** A challenge that is being answered: good for many requests, each with the next nonce count. */
interface DigestSession {
  challenge: DigestChallenge;
  /** Changes with nextnonce. */
  nonce: string;
  cnonce: string;
  /** H(A1); for -sess it is fixed by the first nonce and cnonce of the session (RFC 7616, section 3.4.2). */
  ha1: string;
  username: string;
  nonceCount: number;
}

/**
 * The client side of HTTP Digest (RFC 7616, and RFC 2617 and 2069 servers) for one login at one server. It does no
 * I/O: hand it the challenges, and it gives the Authorization header of each request, reusing the nonce with a rising
 * count so that a request after the first takes one round trip. Requests under way at once get distinct counts.
 *
 * The password is in no value that leaves this class but its digest. It never answers a Basic challenge, which would
 * send the password itself.
 */
export class DigestLogin {
  readonly #username: string;
  readonly #password: string;
  readonly #newCnonce: () => string;
  #session: DigestSession | undefined;

  constructor(credentials: DigestCredentials) {
    this.#username = credentials.username;
    this.#password = credentials.password;
    this.#newCnonce = credentials.newCnonce ?? (() => randomBytes(16).toString('hex'));
  }

  /** The Authorization header of the next request; undefined until a challenge was taken. */
  authorize(method: string, uri: string): string | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    session.nonceCount += 1;
    return authorizationHeader(session, method, uri);
  }

  /** Takes the WWW-Authenticate headers of a 401 answer: the strongest challenge that this client can answer. */
  takeChallenge(wwwAuthenticate: readonly string[]): ChallengeAnswer {
    const offered = parseChallenges(wwwAuthenticate);
    const challenge = strongest(offered.flatMap((one) => readChallenge(one) ?? []));
    if (challenge === undefined) {
      this.#session = undefined;
      return { usable: false, reason: whyNone(offered) };
    }
    this.#session = this.#startSession(challenge);
    return { usable: true, stale: challenge.stale };
  }

  /** Takes the Authentication-Info headers of an answer that was let in: nextnonce replaces the nonce. */
  takeInfo(authenticationInfo: readonly string[]): void {
    for (const header of authenticationInfo) {
      const nextNonce = parseAuthParams(header).get('nextnonce');
      if (this.#session === undefined || nextNonce === undefined || nextNonce === this.#session.nonce)
        continue;
      this.#session = { ...this.#session, nonce: nextNonce, nonceCount: 0 };
    }
  }

  /** Forgets the nonce, so that the next request asks for a challenge again. */
  forget(): void {
    this.#session = undefined;
  }

  #startSession(challenge: DigestChallenge): DigestSession {
    const { hash, realm, nonce } = challenge;
    const username = utf8Bytes(challenge.utf8 ? this.#username.normalize('NFC') : this.#username);
    const password = utf8Bytes(challenge.utf8 ? this.#password.normalize('NFC') : this.#password);
    const cnonce = this.#newCnonce();
    const secret = digest(hash, `${username}:${realm}:${password}`);
    return {
      challenge,
      nonce,
      cnonce,
      ha1: challenge.session ? digest(hash, `${secret}:${nonce}:${cnonce}`) : secret,
      username: challenge.userhash ? digest(hash, `${username}:${realm}`) : username,
      nonceCount: 0,
    };
  }
}

function authorizationHeader(session: DigestSession, method: string, uri: string): string {
  const { challenge, nonce, cnonce, ha1 } = session;
  const nc = session.nonceCount.toString(16).padStart(8, '0');
  const ha2 = digest(challenge.hash, `${method}:${uri}`);
  const response = challenge.qop
    ? digest(challenge.hash, `${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`)
    : digest(challenge.hash, `${ha1}:${nonce}:${ha2}`);

  const params = [
    usernameParam(session),
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${response}"`,
  ];
  if (challenge.algorithm !== undefined) params.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop) params.push('qop=auth', `nc=${nc}`);
  // Without qop only -sess needs the cnonce: it is part of A1.
  if (challenge.qop || challenge.session) params.push(`cnonce="${cnonce}"`);
  if (challenge.opaque !== undefined) params.push(`opaque=${quoted(challenge.opaque)}`);
  if (challenge.userhash) params.push('userhash=true');
  return `Digest ${params.join(', ')}`;
}

/** username* is for servers that announce UTF-8 (RFC 7616, section 3.4); older ones read the bytes as they come. */
function usernameParam({ challenge, username }: DigestSession): string {
  const ascii = /^[\x20-\x7e]*$/.test(username);
  if (ascii || !challenge.utf8) return `username=${quoted(username)}`;
  const encoded = [...Buffer.from(username, 'latin1')].map(percentEncoded).join('');
  return `username*=UTF-8''${encoded}`;
}

/** RFC 8187, section 3.2.1: a byte that is no attr-char. */
function percentEncoded(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9!#$&+.^_`|~-]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function readChallenge({ scheme, params }: Challenge): DigestChallenge | undefined {
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithm = params.get('algorithm');
  const known = ALGORITHMS.get((algorithm ?? 'MD5').toLowerCase());
  const qops = words(params.get('qop'));
  if (scheme !== 'digest' || realm === undefined || nonce === undefined || known === undefined)
    return undefined;
  if (qops.length > 0 && !qops.includes('auth')) return undefined;
  return {
    ...known,
    algorithm,
    realm,
    nonce,
    opaque: params.get('opaque'),
    qop: qops.length > 0,
    userhash: params.get('userhash')?.toLowerCase() === 'true',
    utf8: params.get('charset')?.toLowerCase() === 'utf-8',
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
}

/** Among equals the server's order decides, as it names what it prefers first. */
function strongest(challenges: readonly DigestChallenge[]): DigestChallenge | undefined {
  return challenges.toSorted((one, other) => HASHES.indexOf(other.hash) - HASHES.indexOf(one.hash))[0];
}

function whyNone(offered: readonly Challenge[]): string {
  const digests = offered.filter(({ scheme }) => scheme === 'digest');
  if (offered.length === 0) return 'it names no way to log in (WWW-Authenticate is missing or unreadable)';
  if (digests.length === 0) {
    const schemes = [...new Set(offered.map(({ scheme }) => scheme))].join(', ');
    return `it offers only ${schemes}, and only Digest is answered, because it never sends the password itself`;
  }
  const supported = digests.filter(({ params }) =>
    ALGORITHMS.has((params.get('algorithm') ?? 'MD5').toLowerCase()),
  );
  if (supported.length === 0) {
    const algorithms = digests.map(({ params }) => params.get('algorithm')).join(', ');
    return `it offers Digest only with ${algorithms}; MD5 and SHA-256 are supported`;
  }
  const qops = supported.map(({ params }) => words(params.get('qop'))).find((list) => list.length > 0);
  if (qops !== undefined && !qops.includes('auth')) {
    return `it offers Digest only with qop ${qops.join(', ')}; auth is supported`;
  }
  return 'its Digest challenge lacks a realm or a nonce';
}

function words(list: string | undefined): string[] {
  return (list ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** Headers carry bytes: each character of a string here stands for one (latin1), also for the hash. */
function digest(hash: HashName, bytes: string): string {
  return createHash(hash).update(bytes, 'latin1').digest('hex');
}

function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
