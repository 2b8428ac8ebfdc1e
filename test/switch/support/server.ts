import { readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Which connection it came on, counted from 1. */
  connection: number;
}

export type Respond = (request: SeenRequest, response: ServerResponse, index: number) => void | Promise<void>;

export interface TestServer {
  url: string;
  port: number;
  requests: SeenRequest[];
  close(): Promise<void>;
}

const EMPTY_LIST =
  '<?xml version="1.0"?><methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>';

/** An answer with no calls. */
export function sendEmptyList(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/xml', ...headers });
  response.end(EMPTY_LIST);
}

/** An answer that is a struct with the given members, as XML. */
export function sendStruct(response: ServerResponse, members: Record<string, string>): void {
  const xml = Object.entries(members).map(
    ([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`,
  );
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<?xml version="1.0"?><methodResponse><params><param><value><struct>${xml.join('')}</struct></value></param></params></methodResponse>`,
  );
}

/** A real HTTP server on loopback; with `tls` the name of a certificate in fixtures/tls. */
export async function startServer(respond: Respond, options: { tls?: string } = {}): Promise<TestServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Map<Socket, number>();
  const onRequest = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const request: SeenRequest = {
      method: message.method ?? '',
      url: message.url ?? '',
      headers: message.headers,
      body: Buffer.concat(chunks).toString(),
      connection: sockets.get(message.socket) ?? 0,
    };
    requests.push(request);
    await respond(request, response, requests.length - 1);
  };
  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    onRequest(message, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server: Server = options.tls
    ? createHttpsServer(
        { key: tlsFile(`${options.tls}-key.pem`), cert: tlsFile(`${options.tls}.pem`) },
        listener,
      )
    : createHttpServer(listener);
  let connections = 0;
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}/xmlapi/xmlapi`,
    port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** PEM text of a file in fixtures/tls. */
export function tlsFile(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
}
