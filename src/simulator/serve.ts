import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type Answer, htmlAnswer, loginPage, spoilDelivery, spoilValue, xmlAnswer } from './answer.js';
import type { DigestCheck } from './digest-check.js';
import type { Fault, FaultInjector, FaultKind } from './faults.js';
import { type Access, callMethod } from './methods.js';
import type { Random } from './random.js';
import type { World } from './world.js';
import { readMethodCall, writeAnswer, writeFault, XmlRpcFault, type XmlRpcValue } from './xml-rpc.js';

/** One request as it came in and what became of it. */
export interface RequestLogEntry {
  /** The world's time, in milliseconds since the epoch. */
  at: number;
  /** undefined where the request was refused before it was read. */
  method: string | undefined;
  params: readonly unknown[];
  /** The fault that was injected. */
  fault: FaultKind | undefined;
  /**
   * answered: carried out, and its answer was meant to arrive; faulted: answered with an XML-RPC fault; refused: not read
   * (no login, wrong path, unreadable); spoiled: an injected fault kept it from being carried out or answered.
   */
  outcome: 'answered' | 'faulted' | 'refused' | 'spoiled';
  /** HTTP status of the answer; undefined where the connection was reset instead. */
  status: number | undefined;
  /**
   * What a disconnect came to on the switch, whether or not the answer arrived; undefined where it was not carried out, and
   * for methods that only read.
   */
  disconnect: { result: string; count: number | undefined } | undefined;
}

/** What a running simulator is made of. */
export interface Service {
  readonly world: World;
  readonly access: Access;
  readonly path: string;
  readonly digest: DigestCheck | undefined;
  /** Replaced as a whole by setFaults. */
  faults: FaultInjector;
  readonly random: Random;
  readonly requests: RequestLogEntry[];
  /** Told of every request before its answer leaves. */
  readonly onRequest: ((entry: RequestLogEntry) => void) | undefined;
  /** Brings the world up to the clock and returns its time. */
  tick(): number;
}

/** A request of this API is a few hundred bytes; more than this is not one. */
const LARGEST_REQUEST_BYTES = 64 * 1024;
const KEPT_REQUESTS = 1_000;
/** Code of an injected fault; the switch's own codes are not documented. */
const INJECTED_FAULT_CODE = 500;

type Handled = { answer: Answer; entry: Omit<RequestLogEntry, 'at'> };

/** The listener of the HTTP server: path, verb, size and login first, then the method, then the injected fault. */
export function handleRequest(
  service: Service,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answerRequest(service, request).then(
      (answer) => deliver(answer, service.world.now, response),
      () => response.destroy(),
    );
  };
}

async function answerRequest(service: Service, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request);
  const at = service.tick();
  const { answer, entry } =
    refuseRequest(service, request, body, at) ?? (await answerCall(service, body ?? '', at));
  const logged = { at, ...entry };
  service.requests.push(logged);
  if (service.requests.length > KEPT_REQUESTS) service.requests.shift();
  service.onRequest?.(logged);
  return answer;
}

/** What never becomes a method call; undefined where the request may be read. */
function refuseRequest(
  service: Service,
  request: IncomingMessage,
  body: Buffer | undefined,
  now: number,
): Handled | undefined {
  const [path] = (request.url ?? '').split('?');
  if (path !== service.path) return refuse(htmlAnswer(404, 'Not Found'));
  if (request.method !== 'POST') return refuse(htmlAnswer(405, 'Method Not Allowed', { Allow: 'POST' }));
  if (body === undefined) return refuse(htmlAnswer(413, 'Content Too Large'));
  const login = service.digest?.check(
    { method: request.method, uri: request.url ?? '', authorization: request.headers.authorization },
    now,
  );
  if (login === undefined || login.ok) return undefined;
  return refuse(htmlAnswer(401, 'Unauthorized', { 'WWW-Authenticate': login.challenge }));
}

function refuse(answer: Answer): Handled {
  return {
    answer,
    entry: {
      method: undefined,
      params: [],
      fault: undefined,
      outcome: 'refused',
      status: answer.status,
      disconnect: undefined,
    },
  };
}

async function answerCall(service: Service, body: Buffer | string, now: number): Promise<Handled> {
  const call = await readMethodCall(Buffer.from(body)).catch((error: unknown) => asFault(error));
  if (call instanceof XmlRpcFault) return refuse(xmlAnswer(writeFault(call)));
  const fault = service.faults.strike(call.method, now);
  const described = {
    method: call.method,
    params: call.params,
    fault: fault?.kind,
    disconnect: undefined,
  };
  const instead = answerInstead(fault);
  if (instead !== undefined) {
    const status = instead.delivery === 'whole' ? instead.status : undefined;
    return { answer: instead, entry: { ...described, outcome: 'spoiled', status } };
  }
  try {
    const value = callMethod(service.world, service.access, call.method, call.params);
    const answer = spoilDelivery(xmlAnswer(writeAnswer(spoilValue(value, fault, service.random))), fault);
    const outcome = answer.delivery === 'whole' ? 'answered' : 'spoiled';
    const status = answer.delivery === 'none' ? undefined : 200;
    const disconnect = isDisconnect(call.method) ? disconnectOf(value) : undefined;
    return { answer, entry: { ...described, outcome, status, disconnect } };
  } catch (error) {
    const answer = spoilDelivery(xmlAnswer(writeFault(asFault(error))), fault);
    return {
      answer,
      entry: { ...described, outcome: 'faulted', status: answer.delivery === 'none' ? undefined : 200 },
    };
  }
}

function isDisconnect(method: string): boolean {
  return method.startsWith('disconnect');
}

function disconnectOf(value: XmlRpcValue): RequestLogEntry['disconnect'] {
  const struct = value as { readonly result?: unknown; readonly count?: unknown };
  return {
    result: String(struct.result),
    count: typeof struct.count === 'number' ? struct.count : undefined,
  };
}

/** The answer of a fault that keeps the method from being carried out; undefined for the other kinds. */
function answerInstead(fault: Fault | undefined): Answer | undefined {
  switch (fault?.kind) {
    case 'fault':
      return xmlAnswer(
        writeFault(new XmlRpcFault(INJECTED_FAULT_CODE, 'Injected fault: the switch refuses.')),
      );
    case 'html':
      return loginPage();
    case 'http-500':
      return htmlAnswer(500, 'Internal Server Error');
    case 'reset':
      return { ...htmlAnswer(500, ''), delivery: 'none' };
    default:
      return undefined;
  }
}

/** Anything but a fault is a bug of the simulator and must not read as a refusal by the switch. */
function asFault(error: unknown): XmlRpcFault {
  if (error instanceof XmlRpcFault) return error;
  throw error;
}

/** A late answer is dropped when the client gives up or the simulator closes: both end the response. */
function deliver(answer: Answer, now: number, response: ServerResponse): void {
  if (answer.delayMs === 0) {
    send(answer, now, response);
    return;
  }
  const timer = setTimeout(() => send(answer, now, response), answer.delayMs);
  response.once('close', () => clearTimeout(timer));
}

function send(answer: Answer, now: number, response: ServerResponse): void {
  if (answer.delivery === 'none') {
    // Only a plain TCP socket can send a reset; TLS closes without a close_notify, which is as rude.
    if (response.socket instanceof TLSSocket) response.socket.destroy();
    else response.socket?.resetAndDestroy();
    return;
  }
  const body = Buffer.from(answer.body, 'utf8');
  response.writeHead(answer.status, {
    ...answer.headers,
    Date: new Date(now).toUTCString(),
    'Content-Length': String(body.length),
  });
  if (answer.delivery === 'whole') {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
}

/** The whole body, or undefined where it is too large; it is read to its end all the same, so the client hears why. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_REQUEST_BYTES) chunks.push(chunk);
  }
  return size > LARGEST_REQUEST_BYTES ? undefined : Buffer.concat(chunks);
}
