import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/start-simulator.js';

const require = createRequire(import.meta.url);
const serializer = require('xmlrpc/lib/serializer.js') as {
  serializeMethodCall(method: string, params: unknown[]): string;
};
const Deserializer = require('xmlrpc/lib/deserializer.js') as new () => {
  deserializeMethodResponse(stream: Readable, callback: (error: Error | null, value: unknown) => void): void;
};

/** 2026-03-10, a Tuesday, 02:10 UTC. */
export const NIGHT = Date.UTC(2026, 2, 10, 2, 10, 0);

export interface TestSwitch extends AsyncDisposable {
  simulator: Simulator;
  /** The clock, in milliseconds; tests move it by hand. */
  clock: { now: number };
  /** Calls a method as xmlrpc's own client code would, and returns the decoded value; faults reject. */
  call(method: string, ...params: unknown[]): Promise<unknown>;
  list(params?: object, method?: string): Promise<ListedStruct[]>;
}

export type ListedStruct = Record<string, unknown>;

export async function openSwitch(options: Partial<SimulatorOptions> = {}): Promise<TestSwitch> {
  const clock = { now: NIGHT };
  const simulator = await startSimulator({ seed: 1, traffic: 'none', clock: () => clock.now, ...options });
  const call = async (method: string, ...params: unknown[]) => {
    const reply = await post(simulator.url, serializer.serializeMethodCall(method, params));
    return decode(reply.body);
  };
  return {
    simulator,
    clock,
    call,
    list: async (params = {}, method = 'listAllCalls') => (await call(method, params)) as ListedStruct[],
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One request on a connection of its own; rejects where the answer does not arrive whole. */
export function post(
  url: string,
  body: string,
  options: { method?: string; headers?: Record<string, string>; ca?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const { method = 'POST', headers = {}, ca } = options;
    const request = send(
      url,
      { method, headers, agent: false, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export function encode(method: string, params: unknown[]): string {
  return serializer.serializeMethodCall(method, params);
}

function decode(body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new Deserializer().deserializeMethodResponse(Readable.from([body]), (error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

export function ids(calls: readonly ListedStruct[]): unknown[] {
  return calls.map((call) => call['ID']);
}

/** The fields of a WWW-Authenticate header. */
export function challengeOf(reply: Reply): Record<string, string> {
  const header = String(reply.headers['www-authenticate']);
  const fields: Record<string, string> = {};
  for (const [, name, quoted, token] of header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    fields[name ?? ''] = quoted?.replace(/\\(.)/g, '$1') ?? token ?? '';
  }
  return fields;
}

/** The client's side of RFC 7616, straight from its section 3.4. */
export function authorization(
  challenge: Record<string, string>,
  login: { username: string; password: string; uri: string; nc?: number; method?: string },
): string {
  const algorithm = challenge['algorithm'] === 'SHA-256' ? 'sha256' : 'md5';
  const hash = (text: string) => createHash(algorithm).update(text, 'utf8').digest('hex');
  const nc = String(login.nc ?? 1).padStart(8, '0');
  const cnonce = '0a4f113b';
  const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const a1 = hash(`${login.username}:${challenge['realm']}:${login.password}`);
  const a2 = hash(`${login.method ?? 'POST'}:${login.uri}`);
  const withQop = challenge['qop'] === 'auth';
  const response = hash(
    withQop ? `${a1}:${challenge['nonce']}:${nc}:${cnonce}:auth:${a2}` : `${a1}:${challenge['nonce']}:${a2}`,
  );
  const fields = [
    `username=${quote(login.username)}`,
    `realm=${quote(challenge['realm'] ?? '')}`,
    `nonce=${quote(challenge['nonce'] ?? '')}`,
    `uri=${quote(login.uri)}`,
    `algorithm=${challenge['algorithm']}`,
    `response="${response}"`,
    `opaque=${quote(challenge['opaque'] ?? '')}`,
    ...(withQop ? ['qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${fields.join(', ')}`;
}
