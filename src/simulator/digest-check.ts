import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** How the challenge offers qop: clients meet all three in the field. absent is the old RFC 2069 way without nc. */
export type QopStyle = 'quoted' | 'unquoted' | 'absent';

export interface DigestOptions {
  username: string;
  password: string;
  realm: string;
  algorithm: DigestAlgorithm;
  qop: QopStyle;
  /** How long a nonce is good for; afterwards the challenge says stale=true. */
  nonceLifetimeMs: number;
  /** Nonces are derived from it, so that a seeded run is the same every time. */
  secret: string;
}

/** What the client's Authorization header came to. */
export type DigestVerdict = { ok: true } | { ok: false; challenge: string };

interface Nonce {
  issuedAt: number;
  usedCounts: Set<string>;
}

/** The server side of HTTP Digest, RFC 7616, for one login. Times are milliseconds of whatever clock the caller uses. */
export class DigestCheck {
  readonly #options: DigestOptions;
  readonly #nonces = new Map<string, Nonce>();
  readonly #opaque: string;
  #issued = 0;

  constructor(options: DigestOptions) {
    this.#options = options;
    this.#opaque = createHmac('sha256', options.secret).update('opaque').digest('hex').slice(0, 16);
  }

  /** Judges one request; `now` decides whether its nonce has expired. */
  check(
    request: { method: string; uri: string; authorization: string | undefined },
    now: number,
  ): DigestVerdict {
    const given = parseDigest(request.authorization);
    if (given === undefined || !this.#isRightAnswer(given, request)) {
      return { ok: false, challenge: this.#challenge(now, false) };
    }
    // The password was right, so an old or used nonce is no reason to ask a person again: stale=true, section 3.3.
    const nonce = this.#nonces.get(given['nonce'] ?? '');
    if (
      nonce === undefined ||
      now - nonce.issuedAt > this.#options.nonceLifetimeMs ||
      !this.#countUse(nonce, given)
    ) {
      return { ok: false, challenge: this.#challenge(now, true) };
    }
    return { ok: true };
  }

  #isRightAnswer(given: Fields, request: { method: string; uri: string }): boolean {
    const { username, realm, password, qop } = this.#options;
    if (given['username'] !== username || given['realm'] !== realm || given['opaque'] !== this.#opaque)
      return false;
    if (given['uri'] !== request.uri) return false;
    if ((given['algorithm'] ?? 'MD5').toUpperCase() !== this.#options.algorithm) return false;
    if ((given['qop'] === 'auth') !== (qop !== 'absent')) return false;
    const { nonce = '', nc = '', cnonce = '' } = given;
    if (qop !== 'absent' && (!/^[0-9a-f]{8}$/i.test(nc) || cnonce === '')) return false;
    const credentials = this.#hash(`${username}:${realm}:${password}`);
    const target = this.#hash(`${request.method}:${request.uri}`);
    const expected = this.#hash(
      qop === 'absent'
        ? `${credentials}:${nonce}:${target}`
        : `${credentials}:${nonce}:${nc}:${cnonce}:auth:${target}`,
    );
    const response = Buffer.from((given['response'] ?? '').toLowerCase());
    return response.length === expected.length && timingSafeEqual(response, Buffer.from(expected));
  }

  /**
   * False where this count was used before. Counts may come out of order, since requests run side by side; only a
   * repeated one is a replay.
   */
  #countUse(nonce: Nonce, given: Fields): boolean {
    if (this.#options.qop === 'absent') return true;
    const count = (given['nc'] ?? '').toLowerCase();
    if (nonce.usedCounts.has(count)) return false;
    nonce.usedCounts.add(count);
    return true;
  }

  #challenge(now: number, stale: boolean): string {
    for (const [text, nonce] of this.#nonces) {
      if (now - nonce.issuedAt > this.#options.nonceLifetimeMs) this.#nonces.delete(text);
    }
    this.#issued += 1;
    const nonce = createHmac('sha256', this.#options.secret)
      .update(`${now}/${this.#issued}`)
      .digest('base64');
    this.#nonces.set(nonce, { issuedAt: now, usedCounts: new Set() });
    const { realm, algorithm, qop } = this.#options;
    const parts = [`realm="${escapeQuoted(realm)}"`];
    if (qop === 'quoted') parts.push('qop="auth"');
    if (qop === 'unquoted') parts.push('qop=auth');
    parts.push(`algorithm=${algorithm}`, `nonce="${nonce}"`, `opaque="${this.#opaque}"`);
    if (stale) parts.push('stale=true');
    return `Digest ${parts.join(', ')}`;
  }

  #hash(text: string): string {
    return createHash(this.#options.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text, 'utf8')
      .digest('hex');
  }
}

type Fields = Readonly<Record<string, string>>;

/** The fields of an Authorization header; undefined where it is no Digest one. Header text is Latin-1 in Node. */
function parseDigest(header: string | undefined): Fields | undefined {
  if (header === undefined || !/^digest\s/i.test(header)) return undefined;
  const text = Buffer.from(header.slice(6), 'latin1').toString('utf8');
  const fields: Record<string, string> = Object.create(null);
  for (const [, name, quoted, token] of text.matchAll(
    /([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    if (name !== undefined) fields[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? token ?? '';
  }
  return fields;
}

function escapeQuoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}
