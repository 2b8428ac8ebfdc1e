import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Respond, SeenRequest } from './server.js';

/**
 * The server's side of HTTP Digest for tests, written from RFC 7616 without sharing a line with the client, so that one
 * mistake cannot hide in both.
 */
export interface DigestServerOptions {
  username: string;
  password: string;
  realm?: string;
  /** How the challenge writes qop, e.g. `qop="auth"` or `qop=auth`; '' leaves it out. */
  qop?: string;
  algorithm?: 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';
  opaque?: string;
  userhash?: boolean;
  charset?: boolean;
  /** Uses of one nonce, after which it is stale. */
  nonceUses?: number;
  /** Every answer names the nonce of the next request. */
  nextNonce?: boolean;
  /** Answers a request that is logged in. */
  respond: Respond;
}

interface DigestServer {
  respond: Respond;
  /** The nonce counts of the requests that were let in. */
  counts: string[];
  challenges: number;
}

export function digestServer(options: DigestServerOptions): DigestServer {
  const realm = options.realm ?? 'xmlapi';
  const uses = new Map<string, Set<string>>();
  let nonces = 0;
  const newNonce = (): string => {
    nonces += 1;
    const nonce = `nonce-${nonces}==`;
    uses.set(nonce, new Set());
    return nonce;
  };
  const state: DigestServer = { respond: handle, counts: [], challenges: 0 };

  function challenge(response: ServerResponse, stale: boolean): void {
    state.challenges += 1;
    const parts = [
      `realm="${realm.replace(/["\\]/g, '\\$&')}"`,
      `nonce="${newNonce()}"`,
      options.qop ?? 'qop="auth"',
      options.algorithm ? `algorithm=${options.algorithm}` : '',
      options.opaque ? `opaque="${options.opaque}"` : '',
      options.userhash ? 'userhash=true' : '',
      options.charset ? 'charset=UTF-8' : '',
      stale ? 'stale=true' : '',
    ];
    response.writeHead(401, {
      'www-authenticate': `Digest ${parts.filter((part) => part !== '').join(', ')}`,
    });
    response.end('<html>log in</html>');
  }

  async function handle(request: SeenRequest, response: ServerResponse, index: number): Promise<void> {
    const given = fieldsOf(request.headers.authorization ?? '');
    const used = uses.get(given['nonce'] ?? '');
    if (used === undefined || !isRight(options, realm, request, given)) return challenge(response, false);
    const count = given['nc'] ?? `legacy-${used.size}`;
    if (used.has(count)) throw new Error(`nonce count ${count} came twice`);
    if (used.size >= (options.nonceUses ?? Number.POSITIVE_INFINITY)) return challenge(response, true);
    used.add(count);
    state.counts.push(count);
    if (options.nextNonce) response.setHeader('authentication-info', `nextnonce="${newNonce()}", qop=auth`);
    await options.respond(request, response, index);
  }

  return state;
}

function isRight(
  options: DigestServerOptions,
  realm: string,
  request: SeenRequest,
  given: Record<string, string>,
): boolean {
  const hash = (text: string): string =>
    createHash(options.algorithm?.startsWith('SHA') ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  let user = given['username'] ?? decodeURIComponent((given['username*'] ?? '').replace("UTF-8''", ''));
  if (options.userhash && user === hash(`${options.username}:${realm}`)) user = options.username;
  let a1 = hash(`${user}:${realm}:${options.password}`);
  if (options.algorithm?.endsWith('-sess')) a1 = hash(`${a1}:${given['nonce']}:${given['cnonce']}`);
  const a2 = hash(`${request.method}:${request.url}`);
  const middle = options.qop === '' ? '' : `:${given['nc']}:${given['cnonce']}:${given['qop']}`;
  return (
    user === options.username &&
    given['uri'] === request.url &&
    given['realm'] === realm &&
    given['opaque'] === options.opaque &&
    given['response'] === hash(`${a1}:${given['nonce']}${middle}:${a2}`)
  );
}

function fieldsOf(authorization: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const match of authorization.matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    fields[match[1]!] = match[2]?.replace(/\\(.)/g, '$1') ?? match[3]!;
  }
  return fields;
}
