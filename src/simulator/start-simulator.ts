import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock } from '../domain/ports.js';
import { ROOT_CUSTOMER } from './carrier.js';
import { type DigestAlgorithm, DigestCheck, type QopStyle } from './digest-check.js';
import { type Fault, FaultInjector } from './faults.js';
import type { Access } from './methods.js';
import { createRandom } from './random.js';
import { handleRequest, type RequestLogEntry, type Service } from './serve.js';
import { World, type WorldJournal } from './world.js';

export interface SimulatorOptions {
  /** 0, the default, lets the system choose. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  seed: number;
  /** Names of SCENARIO_CHOICES; none by default. */
  scenarios?: readonly string[];
  /** none: only scenarios and scripted calls. Benign by default. */
  traffic?: 'benign' | 'none';
  /** The world has a past, so that every scenario violates something within seconds; false by default. */
  warmStart?: boolean;
  clock: Clock;
  /** The world's time at the start, in milliseconds since the epoch; the clock's own by default. */
  startAt?: number;
  /** HTTP Digest login. Without it, and not trusted, everybody acts as `customer`. */
  username?: string;
  password?: string;
  realm?: string;
  algorithm?: DigestAlgorithm;
  qop?: QopStyle;
  nonceLifetimeMs?: number;
  /** The customer that the login acts as; the root by default. */
  customer?: number;
  /** Trusted mode: no login, and lists need i_customer. */
  trusted?: boolean;
  /** PEM texts; HTTPS with them, HTTP without. */
  tls?: { key: string; cert: string };
  faults?: readonly Fault[];
  /** Told of every request once it was carried out or refused and before its answer leaves; must not throw. */
  onRequest?: (entry: RequestLogEntry) => void;
  /** Told of every call; see WorldOptions. */
  journal?: WorldJournal;
}

export interface Simulator {
  /** Of the API, e.g. `http://127.0.0.1:40123/xmlapi/xmlapi`. */
  readonly url: string;
  readonly port: number;
  /** The state of the switch; brought up to the clock by every request, or by `tick`. */
  readonly world: World;
  /** The last 1,000 requests, oldest first. */
  readonly requests: readonly RequestLogEntry[];
  /** Brings the world up to the clock and returns its time. */
  tick(): number;
  /** Replaces all faults; their `next` and `after` count from here. */
  setFaults(faults: readonly Fault[]): void;
  /** Drops all connections, late answers included. */
  close(): Promise<void>;
}

const API_PATH = '/xmlapi/xmlapi';

const FIVE_MINUTES_MS = 300_000;

/**
 * Starts a simulated switch: Sippy's XML-RPC API for active calls over real HTTP, on a world that moves with the given
 * clock. Rejects with a RangeError on an unknown scenario or half a login, and with the system's error where the port
 * cannot be had.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, seed, host = '127.0.0.1' } = options;
  const clockAtStart = clock();
  const startAt = options.startAt ?? clockAtStart;
  const world = new World({ ...options, startAt });
  const access = accessOf(options, world);
  const faultRandom = createRandom(seed, 'faults');
  const injectorFor = (faults: readonly Fault[]) => new FaultInjector(faults, faultRandom, world.now);
  const service: Service = {
    world,
    access,
    path: API_PATH,
    digest: digestOf(options),
    faults: injectorFor(options.faults ?? []),
    random: faultRandom,
    requests: [],
    onRequest: options.onRequest,
    tick() {
      world.advanceTo(startAt + clock() - clockAtStart);
      return world.now;
    },
  };

  const listener = handleRequest(service);
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The simulator got no TCP port.');

  const urlHost = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${urlHost}:${address.port}${API_PATH}`,
    port: address.port,
    world,
    requests: service.requests,
    tick: service.tick,
    setFaults(faults) {
      service.tick();
      service.faults = injectorFor(faults);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function accessOf(options: SimulatorOptions, world: World): Access {
  if (options.trusted === true) return { kind: 'trusted' };
  const customer = options.customer ?? ROOT_CUSTOMER;
  if (!world.carrier.hasCustomer(customer)) {
    throw new RangeError(
      `The login is to act as customer ${customer}, which the simulated carrier does not have.`,
    );
  }
  return { kind: 'login', customer };
}

function digestOf(options: SimulatorOptions): DigestCheck | undefined {
  const { username, password, trusted } = options;
  if ((username === undefined) !== (password === undefined)) {
    throw new RangeError('A login needs both a username and a password.');
  }
  if (trusted === true || username === undefined || password === undefined) return undefined;
  return new DigestCheck({
    username,
    password,
    realm: options.realm ?? 'XML-RPC API',
    algorithm: options.algorithm ?? 'MD5',
    qop: options.qop ?? 'quoted',
    nonceLifetimeMs: options.nonceLifetimeMs ?? FIVE_MINUTES_MS,
    secret: `simulator/${options.seed}`,
  });
}
