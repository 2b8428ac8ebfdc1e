import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { CallwardenError } from '../../../src/domain/errors.js';
import { parseAuthParams, parseChallenges } from '../../../src/switch/challenges.js';
import { DigestLogin } from '../../../src/switch/digest.js';
import { createSippySwitch } from '../../../src/switch/sippy-switch.js';
import { filesOf } from '../corpus.js';
import { damaged, damagedText } from '../mutate.js';
import { assert, type Reach, type Target, target } from '../target.js';

/** In no answer of the switch, so that wherever it shows it has been given away. */
const PASSWORD = 'pl4nted-0pen-Sesame';

const CHALLENGES = [
  'Digest realm="XML-RPC API", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth,auth-int", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  'Digest realm="a\\"b\\\\c", nonce=abc==, algorithm=SHA-256-sess, stale=TRUE, charset=UTF-8, userhash=true',
  'Basic realm="simple", Digest realm="x", nonce="y", algorithm=MD5, qop=auth, Negotiate YII+/==',
  'Digest realm="r", nonce="n"',
  'Basic realm="only"',
];
const CHALLENGE_WORDS = [
  ...[
    '"',
    '\\',
    '\\"',
    ',',
    '=',
    ' ',
    '\t',
    '; ',
    '""',
    '",',
    'Digest ',
    'Basic ',
    'realm=',
    'nonce=',
    'qop=',
  ],
  ...['"auth"', 'auth-int', 'algorithm=MD5-sess', 'stale=true', 'charset=utf-8', 'userhash=true', 'opaque='],
  ...['\u0000', '\r\n', '\u007f', '\u00ff', '\ufffd', 'username=', 'Digest'.repeat(200), '\\"'.repeat(500)],
];

const challenge = damagedText(CHALLENGES, CHALLENGE_WORDS);

/** Whatever is asked, the answer is one line of visible characters, says who but never the password. */
function holdsForChallenges([headers, info]: [string[], string], reach: Reach): void {
  for (const { scheme, params } of parseChallenges(headers)) {
    assert(/^[!#-'*+\-.^_`|~0-9a-z]+$/.test(scheme), `no scheme: ${JSON.stringify(scheme)}`);
    for (const [name] of params) assert(name === name.toLowerCase(), `${name} is not in lower case`);
  }
  parseAuthParams(info);
  const login = new DigestLogin({ username: 'öps', password: PASSWORD, newCnonce: () => 'c' });
  const answer = login.takeChallenge(headers);
  assert(!JSON.stringify(answer).includes(PASSWORD), 'the reason shows the password');
  login.takeInfo([info]);
  for (let request = 0; request < 2; request += 1) {
    const header = login.authorize('POST', '/xmlapi/xmlapi');
    assert((header === undefined) === !answer.usable, `${header} on ${JSON.stringify(answer)}`);
    if (header === undefined) continue;
    reach('answered');
    assert(header.startsWith('Digest '), `answers with ${header}`);
    assert(!header.includes(PASSWORD), 'the header shows the password');
    assert(!header.includes(Buffer.from(PASSWORD).toString('base64').slice(0, 12)), 'it shows it in base64');
  }
}

const LISTS = filesOf('test/contract/good/', '.xml').map(({ bytes }) => bytes);

function answerOf(status: string, headers: readonly string[], body: Buffer): Buffer {
  const head = [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), body]);
}

function withLength(status: string, type: string, body: Buffer): Buffer {
  return answerOf(
    status,
    [`Content-Type: ${type}`, `Content-Length: ${body.length}`, 'Connection: close'],
    body,
  );
}

const LIST = LISTS[0] ?? Buffer.alloc(0);
const PAGE = Buffer.from('<!DOCTYPE html><html><body><h1>Bad gateway \u202e</h1></body></html>');
const HTTP_ANSWERS: readonly Buffer[] = [
  ...LISTS.map((body) => withLength('200 OK', 'text/xml', body)),
  ...CHALLENGES.map((one) =>
    answerOf('401 Unauthorized', [`WWW-Authenticate: ${one}`, 'Content-Length: 0'], Buffer.alloc(0)),
  ),
  withLength('502 Bad Gateway', 'text/html', PAGE),
  withLength('200 OK', 'text/html; charset=utf-8', PAGE),
  answerOf(
    '302 Found',
    ['Location: https://user:pw@elsewhere.example/?token=1', 'Content-Length: 0'],
    Buffer.alloc(0),
  ),
  answerOf('200 OK', ['Content-Length: 99999999999'], LIST),
  answerOf(
    '200 OK',
    ['Transfer-Encoding: chunked'],
    Buffer.concat([Buffer.from(`${LIST.length.toString(16)}\r\n`), LIST, Buffer.from('\r\n0\r\n\r\n')]),
  ),
  answerOf('200 OK', ['Transfer-Encoding: chunked'], Buffer.concat([Buffer.from('7fffffff\r\n'), LIST])),
  answerOf('403 Forbidden', ['Content-Length: 0'], Buffer.alloc(0)),
  answerOf('204 No Content', [], Buffer.alloc(0)),
  answerOf('100 Continue', [], withLength('200 OK', 'text/xml', LIST)),
];
const HTTP_WORDS = [
  ...['\r\n', '\r\n\r\n', '\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 101 Switching\r\n', 'HTTP/1.1 401 x\r\n'],
  ...[
    'Content-Length: 5\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
    'ffffffffffffffff\r\n',
  ],
  ...[
    'Content-Encoding: gzip\r\n',
    'Date: \u0001\r\n',
    'WWW-Authenticate: Digest realm="\u0001", nonce="n"\r\n',
    'Location: \u001b]0;x\r\n',
  ],
  ...[
    `X: ${'y'.repeat(20_000)}\r\n`,
    'Connection: upgrade\r\nUpgrade: h2c\r\n',
    '\u0000',
    '\u001b[2J',
    'Trailer: x\r\n',
  ],
];

/** Answers whatever it is told to, byte by byte as it stands, and keeps what it was asked. */
class ScriptedServer {
  #server: Server | undefined;
  #answers: readonly Buffer[] = [];
  #port = 0;
  #asked = '';

  async play(answers: readonly Buffer[]): Promise<number> {
    this.#answers = answers;
    this.#asked = '';
    if (this.#server === undefined) await this.#open();
    return this.#port;
  }

  get asked(): string {
    return this.#asked;
  }

  async #open(): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        this.#asked += bytes.toString('latin1');
        if (!bytes.includes('</methodCall>')) return;
        const [answer, ...rest] = this.#answers;
        this.#answers = rest;
        if (answer === undefined) socket.destroy();
        else socket.end(answer);
      });
    });
    // The process ends with the tests, whether or not this is open.
    server.unref();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP port');
    this.#port = address.port;
    this.#server = server;
  }
}

const scripted = new ScriptedServer();

async function holdsForHttp(answers: Buffer[], reach: Reach): Promise<void> {
  const port = await scripted.play(answers);
  const port_ = createSippySwitch({
    url: `http://127.0.0.1:${port}/xmlapi/xmlapi`,
    login: { kind: 'digest', username: 'ops', password: PASSWORD },
    ca: undefined,
    timeoutMs: 20_000,
    concurrency: 1,
    clock: Date.now,
    maxBodyBytes: 1_000_000,
  });
  try {
    const { calls, suspects } = await port_.listAllCalls({});
    reach('read');
    assert(calls.length + suspects.length < 10_000, 'more calls than the answer can hold');
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    reach(error.code);
    const { code, message, hint } = error;
    assert(code.startsWith('SWITCH_') && code !== 'SWITCH_TIMEOUT', `${code}: ${message}`);
    assert(
      !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(`${message}${hint}`),
      `steers a terminal: ${JSON.stringify(message)}`,
    );
    assert(!`${message}${hint}`.includes(PASSWORD), 'the message shows the password');
  } finally {
    await port_.close();
  }
  assert(!scripted.asked.includes(PASSWORD), 'the password was sent');
  assert(!/authorization: basic/i.test(scripted.asked), 'a Basic challenge was answered');
}

export const HTTP_TARGETS: readonly Target[] = [
  target(
    'login challenges',
    3_000,
    fc.tuple(fc.array(challenge, { maxLength: 3 }), challenge),
    holdsForChallenges,
  ),
  target(
    'answers over HTTP',
    200,
    fc.array(damaged(HTTP_ANSWERS, HTTP_WORDS), { minLength: 1, maxLength: 4 }),
    holdsForHttp,
  ),
];
