import fc from 'fast-check';
import { CallwardenError } from '../../../src/domain/errors.js';
import { decodeCalls, decodeResult } from '../../../src/switch/codec/answer-decoder.js';
import { readDisconnect, readStats } from '../../../src/switch/results.js';
import { cutAt, cuts, responseOf, written } from '../../switch/codec/arbitraries.js';
import { filesOf } from '../corpus.js';
import { damaged } from '../mutate.js';
import { oracle } from '../oracle.js';
import { assert, assertSame, type Reach, type Target, target } from '../target.js';

const SEEDS = [...filesOf('test/contract/good/', '.xml'), ...filesOf('test/contract/bad/', '.xml')].map(
  ({ bytes }) => bytes,
);

const FIELDS = ['ID', 'CALL_ID', 'CC_STATE', 'CLI', 'CLD', 'I_ACCOUNT', 'DURATION', 'SETUP_TIME', 'EXTRA'];
const TAGS = [
  ...['methodResponse', 'params', 'param', 'value', 'struct', 'member', 'name', 'array', 'data', 'fault'],
  ...['string', 'int', 'i4', 'i8', 'double', 'boolean', 'nil', 'base64', 'dateTime.iso8601', 'ex:nil'],
];
const WORDS = [
  ...TAGS.flatMap((tag) => [`<${tag}>`, `</${tag}>`, `<${tag}/>`]),
  ...FIELDS.map((field) => `<member><name>${field}</name><value>1</value></member>`),
  ...['&amp;', '&#0;', '&#x1b;', '&#xd800;', '&lol;', '&', '<', '>', '"', ']]>', '<![CDATA[', '<!--', '-->'],
  ...['<!DOCTYPE a [<!ENTITY lol "lol">]>', '<?xml version="1.1"?>', '<?pi', '?>', ' a="b"', '\u0000'],
  ...['\ud83d\udcde', '\u202e', '\u0085', '\ufeff', '9'.repeat(400), 'x'.repeat(5_000), '1e999', '__proto__'],
  ...[
    'encoding="iso-8859-1"',
    'encoding="utf-16"',
    'OK',
    'Call not found or not accessible',
    'result',
    'count',
  ],
];

type Outcome<T> = { value: T } | { code: string; message: string };

/** Anything but the two errors that are documented for an answer is thrown on. */
async function outcomeOf<T>(decoding: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await decoding };
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    const { code, message, hint } = error;
    assert(code === 'SWITCH_BAD_RESPONSE' || code === 'SWITCH_FAULT', `${code} is no error of an answer`);
    assert(hint !== '', `no next step: ${message}`);
    assert(!/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(message), `steers a terminal: ${JSON.stringify(message)}`);
    assert(message.length < 1_000, `a message of ${message.length} characters`);
    return { code, message };
  }
}

const codeOf = (outcome: Outcome<unknown>) => ('value' in outcome ? 'read' : outcome.code);

/** As text, in the words of both decoders: the one keeps the digits of an int, the other its value. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string')
    return /^\s*[+-]?\d+\s*$/.test(value)
      ? BigInt(value.trim().replace(/^\+/, '')).toString()
      : value.replace(/\r\n?/g, '\n');
  return typeof value === 'number' && Number.isSafeInteger(value) ? value.toString() : undefined;
}

/** Whatever is read has as many items as another decoder reads, and its calls are among those, in their order. */
async function agreesWithOracle(
  bytes: Buffer,
  { calls, suspects }: Awaited<ReturnType<typeof decodeCalls>>,
  reach: Reach,
): Promise<void> {
  const other = await oracle(bytes);
  if (other === 'refused') return;
  reach('compared');
  assert(Array.isArray(other.value), 'another decoder reads no list');
  const items = other.value as unknown[];
  assertSame(calls.length + suspects.length, items.length, 'how many are listed');
  const listed = items.map((item) => {
    const { ID, CALL_ID, CC_STATE } = (item ?? {}) as Record<string, unknown>;
    return [asText(ID), asText(CALL_ID), asText(CC_STATE)].join('\n');
  });
  let from = 0;
  for (const { id, callId, state } of calls) {
    const at = listed.indexOf([asText(id), asText(callId), asText(state)].join('\n'), from);
    assert(at !== -1, `nobody else reads call ${JSON.stringify([id, callId, state])}`);
    from = at + 1;
  }
}

async function holdsForList([bytes, shares]: [Buffer, number[]], reach: Reach): Promise<void> {
  const whole = await outcomeOf(decodeCalls([bytes]));
  const pieces = await outcomeOf(decodeCalls(cutAt(bytes, shares)));
  assertSame(codeOf(pieces), codeOf(whole), 'in pieces');
  if (!('value' in whole)) return;
  reach('read');
  assertSame('value' in pieces && pieces.value, whole.value, 'in pieces');
  if (bytes.every((byte) => byte < 0x80)) await agreesWithOracle(bytes, whole.value, reach);
}

async function holdsForResult([bytes, shares]: [Buffer, number[]], reach: Reach): Promise<void> {
  const chunks = () => cutAt(bytes, shares);
  const disconnect = await outcomeOf(decodeResult(chunks()).then(readDisconnect));
  const stats = await outcomeOf(decodeResult(chunks()).then(readStats));
  if ('value' in disconnect && disconnect.value.result === 'ok') {
    reach('read as OK');
    const other = await oracle(bytes);
    const result = other === 'refused' ? 'OK' : (other.value as { result?: unknown } | null)?.result;
    assert(typeof result === 'string' && result.trim() === 'OK', 'read as OK, but by no other decoder');
  }
  if (!('value' in stats)) return;
  reach('read as stats');
  for (const { total, connected } of stats.value.accounts.values())
    assert(total >= connected && connected >= 0, `${total} calls, ${connected} connected`);
}

const field = fc.tuple(fc.constantFrom(...FIELDS), written);
const call = fc
  .array(field, { maxLength: 6 })
  .map((members) =>
    members.map(([name, { xml }]) => `<member><name>${name}</name><value>${xml}</value></member>`),
  )
  .map((members) => `<value><struct>${members.join('')}</struct></value>`);
/** Whole lists, of calls with any members and of other things. */
const list = fc
  .array(
    fc.oneof(
      call,
      written.map(({ xml }) => `<value>${xml}</value>`),
    ),
    { maxLength: 5 },
  )
  .map((items) => responseOf(`<array><data>${items.join('')}</data></array>`));

/** Cut off anywhere before its end, an answer is never read, whatever it was. */
async function neverReadCutShort([bytes, at]: [Buffer, number]): Promise<void> {
  const end = bytes.lastIndexOf('</methodResponse') + '</methodResponse'.length;
  const cut = bytes.subarray(0, Math.min(end, Math.floor(at * bytes.length)));
  const outcome = await outcomeOf(decodeCalls([cut]));
  assertSame(codeOf(outcome), 'SWITCH_BAD_RESPONSE', 'cut short');
}

const anywhere = fc.double({ min: 0, max: 1, noNaN: true });
const damagedAnswer = damaged(SEEDS, WORDS);
const damagedList = list.chain((bytes) => damaged([bytes], WORDS));

export const ANSWER_TARGETS: readonly Target[] = [
  target('damaged answers as lists', 3_000, fc.tuple(damagedAnswer, cuts), holdsForList),
  target('damaged lists', 1_200, fc.tuple(damagedList, cuts), holdsForList),
  target('lists cut short', 1_000, fc.tuple(list, anywhere), neverReadCutShort),
  target('damaged answers as results', 2_000, fc.tuple(damagedAnswer, cuts), holdsForResult),
];
