import { inspect } from 'node:util';
import { afterEach } from 'vitest';
import { CallwardenError } from '../../../src/domain/errors.js';
import type { MaybeSent } from '../../../src/domain/ports.js';
import {
  type Answered,
  type Post,
  SwitchTransport,
  type TransportOptions,
} from '../../../src/switch/transport.js';
import { type Respond, startServer, type TestServer } from './server.js';

export const PASSWORD = 'correct-horse-battery';
export const CREDENTIALS = { username: 'ops', password: PASSWORD };

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** A server that is closed after the test. */
export async function serve(respond: Respond, options: { tls?: string } = {}): Promise<TestServer> {
  const server = await startServer(respond, options);
  opened.push(server);
  return server;
}

/** A transport that is closed after the test. */
export function transportTo(url: string, options: Partial<TransportOptions> = {}): SwitchTransport {
  const transport = new SwitchTransport({
    url,
    credentials: undefined,
    ca: undefined,
    timeoutMs: 10_000,
    concurrency: 4,
    clock: () => 1000,
    ...options,
  });
  opened.push(transport);
  return transport;
}

/** Sends a request and reads its answer as text. */
export function post(
  transport: SwitchTransport,
  options: Partial<Pick<Post<string>, 'body' | 'repeatable' | 'signal' | 'notAfter'>> = {},
): Promise<Answered<string>> {
  return transport.post({
    body: '<methodCall/>',
    repeatable: false,
    signal: undefined,
    read: textOf,
    ...options,
  });
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

/** The error of a request, which must be one of ours, with a next step and without a secret. */
export async function failureOf(request: Promise<unknown>): Promise<CallwardenError & MaybeSent> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CallwardenError))
    throw new Error(`expected a CallwardenError, got ${inspect(error)}`);
  const everything = inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
  if (everything.includes(PASSWORD) || /Digest username/.test(everything)) throw new Error('a secret leaked');
  if (!/^[A-Z].*[.!]$/.test(error.hint)) throw new Error(`the hint is no sentence: ${error.hint}`);
  return error;
}

/** A promise and the function that resolves it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened: promise, open };
}
