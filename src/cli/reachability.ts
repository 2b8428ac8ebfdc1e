import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';

/** One thing that doctor looked at. */
export interface Finding {
  level: 'ok' | 'warn' | 'fail';
  text: string;
  /** The next step; absent where all is well. */
  next?: string;
}

/** A certificate that runs out within this time is worth a warning. */
const SOON_MS = 14 * 86_400_000;

/**
 * Goes the way of a request step by step (name, TCP, TLS), so that the step that fails can be named. The last finding is
 * `fail` where it got no further.
 */
export async function checkReachability(
  address: string,
  ca: string | undefined,
  timeoutMs: number,
  now: number,
): Promise<readonly Finding[]> {
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const name = await checkName(host);
  if (name.level === 'fail') return [name];
  const tcp = await checkTcp(host, port, timeoutMs);
  if (tcp.level === 'fail') return [name, tcp];
  const tls = url.protocol === 'https:' ? await checkTls(host, port, ca, timeoutMs, now) : PLAIN_HTTP;
  return [name, tcp, tls];
}

const PLAIN_HTTP: Finding = {
  level: 'warn',
  text: 'no TLS: the address is http',
  next: 'Use https: digest login hides the password only, not the calls.',
};

async function checkName(host: string): Promise<Finding> {
  try {
    const addresses = await lookup(host, { all: true });
    return { level: 'ok', text: `name: ${host} is ${addresses.map(({ address }) => address).join(', ')}` };
  } catch (error) {
    return {
      level: 'fail',
      text: `name: ${host} cannot be resolved (${codeOf(error)})`,
      next: 'Correct "url" in the config, or the name service of this machine.',
    };
  }
}

function checkTcp(host: string, port: number, timeoutMs: number): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const failed = (reason: string) =>
      end({
        level: 'fail',
        text: `TCP: no connection to ${host} port ${port} (${reason})`,
        next: 'Check that the switch is up, the port in "url", and firewalls on the way.',
      });
    socket.once('connect', () => end({ level: 'ok', text: `TCP: connected to ${host} port ${port}` }));
    socket.once('timeout', () => failed(`no answer within ${timeoutMs / 1000} s`));
    socket.once('error', (error) => failed(codeOf(error)));
  });
}

function checkTls(
  host: string,
  port: number,
  ca: string | undefined,
  timeoutMs: number,
  now: number,
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port,
      // Server names are names; an address in SNI is not allowed (RFC 6066, section 3).
      ...(/[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      timeout: timeoutMs,
    });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const failed = (reason: string) => end({ level: 'fail', text: `TLS: ${reason}`, next: TLS_NEXT });
    socket.once('secureConnect', () =>
      end(certificateFinding(socket.getPeerCertificate(), socket.getProtocol(), now)),
    );
    socket.once('timeout', () => failed(`no handshake within ${timeoutMs / 1000} s`));
    socket.once('error', (error) => failed(`${error.message} (${codeOf(error)})`));
  });
}

const TLS_NEXT =
  'For a private certificate put its CA into "caFile"; the name in "url" has to be one that the certificate is for.';

function certificateFinding(certificate: PeerCertificate, protocol: string | null, now: number): Finding {
  const endsAt = Date.parse(certificate.valid_to);
  const text = `TLS: ${protocol ?? 'connected'}, certificate valid until ${certificate.valid_to}`;
  return endsAt - now < SOON_MS
    ? { level: 'warn', text, next: 'Renew the certificate of the switch before it runs out.' }
    : { level: 'ok', text };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
