import type { CallwardenError } from '../domain/errors.js';
import type { MaybeSent } from '../domain/ports.js';
import { printable } from './codec/bad-answer.js';
import { switchError } from './switch-failure.js';

const PATH_HINT = 'Check the URL path (usually /xmlapi/xmlapi)';

/** The head of an answer, as far as it decides whether the body is worth decoding. */
export interface AnswerHead {
  status: number;
  /** All values of a header, in order; the name in lower case. */
  header(name: string): readonly string[];
}

/**
 * Why an answer that is no 401 is not decoded; undefined where it is. Only 403 proves that nothing was carried out:
 * any other status may come from something behind which the request was done.
 */
export function refusalOf(url: string, head: AnswerHead): (CallwardenError & MaybeSent) | undefined {
  if (head.status === 403) {
    return authFailed(
      url,
      'forbids the request (403)',
      'Check the permissions of the login, and that the switch lists the address of this host if it limits access by address.',
    );
  }
  if (head.status >= 300 && head.status < 400) return redirected(url, head);
  if (head.status !== 200) {
    return switchError('SWITCH_BAD_RESPONSE', `${url} answered with HTTP status ${head.status}`, {
      hint:
        head.status >= 500
          ? 'Look at the log of the switch; the next pass asks again.'
          : `${PATH_HINT} in the config; \`callwarden doctor\` tests it.`,
      maybeSent: true,
    });
  }
  return refusedContent(url, head);
}

/** SWITCH_AUTH_FAILED; `what` completes the sentence that begins with the URL. */
export function authFailed(url: string, what: string, hint: string): CallwardenError & MaybeSent {
  return switchError('SWITCH_AUTH_FAILED', `${url} ${what}`, { hint, maybeSent: false });
}

function redirected(url: string, head: AnswerHead): CallwardenError & MaybeSent {
  const location = head.header('location')[0];
  const target = location === undefined ? 'an address that it does not name' : withoutSecrets(location, url);
  return switchError('SWITCH_BAD_RESPONSE', `${url} redirects (${head.status}) to ${target}`, {
    hint: 'Redirects are not followed, as they would take the login elsewhere. If that address is right, put it in url.',
    maybeSent: true,
  });
}

function withoutSecrets(location: string, base: string): string {
  if (!URL.canParse(location, base)) return 'an address that is not valid';
  const target = new URL(location, base);
  return printable(`${target.origin}${target.pathname}`, 200);
}

function refusedContent(url: string, head: AnswerHead): (CallwardenError & MaybeSent) | undefined {
  const type = (head.header('content-type')[0] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'text/html' || type === 'application/xhtml+xml') {
    return switchError('SWITCH_BAD_RESPONSE', `${url} answered with an HTML page instead of XML-RPC`, {
      hint: `${PATH_HINT} and the login: a failed login may answer an HTML page even with status 200.`,
      maybeSent: true,
    });
  }
  const encoding = head.header('content-encoding').join(',').trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') {
    return switchError(
      'SWITCH_BAD_RESPONSE',
      `${url} answered with content encoding ${printable(encoding, 40)}, which was not asked for`,
      { hint: 'Switch compression off in the proxy in front of the switch.', maybeSent: true },
    );
  }
  return undefined;
}
