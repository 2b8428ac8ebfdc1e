import { CallwardenError, type ErrorCode } from '../domain/errors.js';
import type { MaybeSent } from '../domain/ports.js';
import { printable } from './codec/bad-answer.js';

/** How far a request had come; it decides whether the switch may have carried it out. */
export type Phase =
  /** Waiting for a connection: nothing has left. Also after a 401 answer, which says that nothing was done. */
  | 'unsent'
  /** Bytes may have left; no answer yet. */
  | 'sent'
  /** The answer has begun. */
  | 'answering';

/** Who ended a request that did not end by itself. */
export type EndedBy = 'deadline' | 'caller' | undefined;

export interface FailedRequest {
  phase: Phase;
  endedBy: EndedBy;
  /** Of the switch, without query and login. */
  url: string;
  timeoutMs: number;
  /** Whether the switch's config names its own CA. */
  pinnedCa: boolean;
}

/** A SWITCH_ error that says whether the request may have reached the switch. */
export function switchError(
  code: ErrorCode,
  message: string,
  options: { hint: string; maybeSent: boolean; cause?: unknown },
): CallwardenError & MaybeSent {
  const { hint, maybeSent, cause } = options;
  const error = new CallwardenError(code, message, { hint, ...(cause === undefined ? {} : { cause }) });
  return Object.assign(error, { maybeSent });
}

/** Translates what the HTTP client, the TLS layer or the operating system raised; the only place that does. */
export function translateFailure(error: unknown, request: FailedRequest): CallwardenError & MaybeSent {
  if (error instanceof CallwardenError) return error;
  const code = codeOf(error);
  const maybeSent = request.phase !== 'unsent';
  const cause = harmlessCause(error, code);
  if (request.endedBy !== undefined || TIMEOUT_CODES.has(code)) return timedOut(request, maybeSent, cause);
  if (isTlsCode(code)) return tlsFailed(request, code, maybeSent, cause);
  if (request.phase === 'unsent') return notReached(request, code, cause);
  if (request.phase === 'answering' || NOT_HTTP_CODE.test(code)) {
    const what = request.phase === 'answering' ? 'broke off before its end' : 'is not HTTP';
    return switchError('SWITCH_BAD_RESPONSE', `the answer of ${request.url} ${what} (${code})`, {
      hint: 'Nothing was decided on this answer. Look at the log of the switch and of any proxy in between; `callwarden doctor` asks again.',
      maybeSent,
      cause,
    });
  }
  return switchError(
    'SWITCH_UNREACHABLE',
    `${request.url} closed the connection without an answer (${code})`,
    {
      hint: 'Look at the log of the switch and of any firewall or proxy in between; `callwarden doctor` tests the connection.',
      maybeSent,
      cause,
    },
  );
}

/** Whether the other side ended the connection, as opposed to answering something wrong. */
export function isConnectionEnd(error: unknown): boolean {
  return CONNECTION_END_CODES.has(codeOf(error));
}

const CONNECTION_END_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const TIMEOUT_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);
/** The parser of the HTTP client gives some of its errors a code and others only their name. */
const NOT_HTTP_CODE = /^(HPE_|HTTPParserError$|UND_ERR_HEADERS_OVERFLOW$)/;
const WRONG_HOST_CODE = 'ERR_TLS_CERT_ALTNAME_INVALID';

function isTlsCode(code: string): boolean {
  return (
    code === 'EPROTO' ||
    code === WRONG_HOST_CODE ||
    code.startsWith('ERR_SSL_') ||
    code.startsWith('CERT_') ||
    CERTIFICATE_CODES.has(code)
  );
}

function timedOut(request: FailedRequest, maybeSent: boolean, cause: Error): CallwardenError & MaybeSent {
  const stage = {
    unsent: 'no connection',
    sent: 'no answer',
    answering: 'the answer was not complete',
  }[request.phase];
  const message =
    request.endedBy === 'caller'
      ? `the request to ${request.url} was stopped early, by its deadline or a shutdown: ${stage}`
      : `${request.url} took longer than ${request.timeoutMs} ms: ${stage}`;
  return switchError('SWITCH_TIMEOUT', message, {
    hint: 'Check the load of the switch and the way to it with `callwarden doctor`; raise timeout (one request) or deadline (one pass) in the config if it is just slow.',
    maybeSent,
    cause,
  });
}

function tlsFailed(
  request: FailedRequest,
  code: string,
  maybeSent: boolean,
  cause: Error,
): CallwardenError & MaybeSent {
  return switchError(
    'SWITCH_UNREACHABLE',
    `no trusted TLS connection to ${request.url}: ${tlsReason(code)} (${code})`,
    {
      hint: `${tlsHint(code, request.pinnedCa)} Certificates are always verified; \`callwarden doctor\` tests it.`,
      maybeSent,
      cause,
    },
  );
}

function tlsReason(code: string): string {
  if (code === WRONG_HOST_CODE) return 'its certificate is for another host name';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return 'the TLS handshake failed';
  return 'its certificate is not signed by a trusted CA';
}

function tlsHint(code: string, pinnedCa: boolean): string {
  if (code === WRONG_HOST_CODE) {
    return 'Use a host name in url that the certificate names, or give the switch a certificate for this one (signed by the CA in caFile, if it is private).';
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return 'Renew the certificate of the switch, and check the clock of this host; if the CA changed with it, put the new one in caFile.';
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return 'Check that this port speaks HTTPS with TLS 1.2 or newer, and that url begins with the right scheme; a private CA goes into caFile.';
  }
  return pinnedCa
    ? 'Only the CA in caFile is trusted for this switch: put the one there that signed the certificate of the switch.'
    : 'If the certificate is signed by a private CA, name its PEM file in caFile.';
}

function notReached(request: FailedRequest, code: string, cause: Error): CallwardenError & MaybeSent {
  const dns = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  const reason = dns
    ? 'its host name cannot be resolved'
    : code === 'ECONNREFUSED'
      ? 'the connection was refused'
      : 'no connection could be made';
  const host = new URL(request.url).hostname;
  return switchError('SWITCH_UNREACHABLE', `${request.url} is unreachable: ${reason} (${code})`, {
    hint: dns
      ? `Check the host name ${host} in url and the DNS of this host; \`callwarden doctor\` tests it.`
      : `Check that ${request.url} is reachable from this host and that the port is open; \`callwarden doctor\` tests it.`,
    maybeSent: false,
    cause,
  });
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** Only words are kept of a foreign error: its object may lead to the request, whose headers hold the login. */
function harmlessCause(error: unknown, code: string): Error {
  const cause = new Error(error instanceof Error ? printable(error.message, 300) : 'not an Error');
  return Object.assign(cause, { code });
}
