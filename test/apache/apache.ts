import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const STARTUP_MS = 10_000;

export interface ApacheOptions {
  username: string;
  password: string;
  /** The realm itself, without the quoting of the configuration file. */
  realm: string;
  /** AuthDigestNonceLifetime; Apache's own default is 300. */
  nonceLifetimeSeconds?: number;
}

export interface Apache {
  url: string;
  /** `Apache/2.4.x (Debian)` */
  version: string;
  /** Status and Authorization header of every request so far, as Apache logged them. */
  accessLog(): { status: number; authorization: string }[];
  stop(): Promise<void>;
}

/** Starts an Apache in the foreground with a configuration of its own, and waits until it accepts connections. */
export async function startApache(options: ApacheOptions): Promise<Apache> {
  if (!existsSync(APACHE)) throw new Error('apache2 is not installed; test/apache/run.sh installs it');
  const dir = mkdtempSync(join(tmpdir(), 'callwarden-apache-'));
  const port = await freePort();
  writeConfig(dir, port, options);
  const child = spawn(APACHE, ['-f', join(dir, 'apache.conf'), '-DFOREGROUND'], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await accepting(port, child);
  } catch (error) {
    const log = join(dir, 'error.log');
    const reason = existsSync(log) ? readFileSync(log, 'utf8') : String(error);
    await stop();
    throw new Error(`apache2 did not start: ${reason}`);
  }
  return {
    url: `http://127.0.0.1:${port}/xmlapi/xmlapi`,
    version: /Apache\/\S+ \S+/.exec(execFileSync(APACHE, ['-v'], { encoding: 'utf8' }))?.[0] ?? 'unknown',
    accessLog: () =>
      readFileSync(join(dir, 'access.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => ({ status: Number(line.slice(0, 3)), authorization: line.slice(4) })),
    stop,
  };
}

function writeConfig(dir: string, port: number, options: ApacheOptions): void {
  const modules = [
    'mpm_event',
    'authn_core',
    'authn_file',
    'authz_core',
    'authz_user',
    'auth_digest',
    'cgid',
    'alias',
  ];
  const built = (name: string): boolean => existsSync(join(MODULES, `mod_${name}.so`));
  const script = join(dir, 'cgi', 'xmlapi');
  mkdirSync(join(dir, 'cgi'));
  writeFileSync(
    script,
    `#!/bin/sh
cat >/dev/null
printf 'Content-Type: text/xml\\r\\n\\r\\n'
printf '<?xml version="1.0"?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>'
`,
  );
  chmodSync(script, 0o755);
  chmodSync(dir, 0o755);
  const { username, password, realm } = options;
  // The file of htdigest(1): user:realm:MD5(user:realm:password).
  const secret = createHash('md5').update(`${username}:${realm}:${password}`).digest('hex');
  writeFileSync(join(dir, 'passwords'), `${username}:${realm}:${secret}\n`);
  writeFileSync(
    join(dir, 'apache.conf'),
    `${modules
      .filter(built)
      .map((name) => `LoadModule ${name}_module ${join(MODULES, `mod_${name}.so`)}`)
      .join('\n')}
ServerRoot "${dir}"
ServerName localhost
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
PidFile "${dir}/apache.pid"
DefaultRuntimeDir "${dir}"
ScriptSock "${dir}/cgid.sock"
ErrorLog "${dir}/error.log"
LogFormat "%>s %{Authorization}i" plain
CustomLog "${dir}/access.log" plain
KeepAlive On
ScriptAlias /xmlapi/ "${dir}/cgi/"
<Location "/xmlapi/">
  AuthType Digest
  AuthName "${realm.replace(/["\\]/g, '\\$&')}"
  AuthDigestProvider file
  AuthDigestQop auth
  ${options.nonceLifetimeSeconds === undefined ? '' : `AuthDigestNonceLifetime ${options.nonceLifetimeSeconds}`}
  AuthUserFile "${dir}/passwords"
  Require valid-user
</Location>
`,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + STARTUP_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('it accepts no connection');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
