import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeMethodResponse } from 'xmlrpc/lib/serializer.js';
import { CallwardenError } from '../../../src/domain/errors.js';
import { decodeCalls, decodeValue } from '../../../src/switch/codec/answer-decoder.js';
import { cutAt, cuts, fraction, int32, memberName, responseOf, written, xmlText } from './arbitraries.js';
import { chunksOf, jsonOf } from './support.js';

const require = createRequire(import.meta.url);
const dateFormatter = require('xmlrpc/lib/date_formatter.js') as { encodeIso8601(date: Date): string };
const Deserializer = require('xmlrpc/lib/deserializer.js') as new () => {
  deserializeMethodResponse(stream: Readable, done: (error: unknown, value: unknown) => void): void;
};

function oracle(bytes: Buffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new Deserializer().deserializeMethodResponse(Readable.from([bytes]), (error, value) =>
      error ? reject(error) : resolve(value),
    );
  });
}

/** What xmlrpc's deserializer returns, in the words of `jsonOf`. Members are sorted: an object moves numeric names. */
function oracleJson(value: unknown): unknown {
  if (value instanceof Date) return { dateTime: dateFormatter.encodeIso8601(value) };
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return jsonOf(value);
  if (Array.isArray(value)) return value.map(oracleJson);
  return { struct: byName(Object.entries(value).map(([name, member]) => [name, oracleJson(member)])) };
}

function sortedJson(value: unknown): unknown {
  if (value instanceof Map) return { struct: byName([...value].map(([k, v]) => [k, sortedJson(v)])) };
  return Array.isArray(value) ? value.map(sortedJson) : jsonOf(value);
}

function byName(members: (readonly [string, unknown] | unknown[])[]): unknown[] {
  return members.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
}

/**
 * What xmlrpc's serializer writes correctly and its deserializer reads correctly: no name `__proto__`, no carriage
 * return (lost in its CDATA), no second "]]>" (breaks its CDATA), no i8.
 */
const plainText = xmlText.map((text) => text.replaceAll('\r', '').replaceAll(']]>', ''));
const plainValue = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    int32,
    fraction,
    plainText,
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(
      memberName.map((name) => name.replaceAll('\r', '')).filter((name) => name !== '__proto__'),
      tie('any'),
      { maxKeys: 5 },
    ),
  ),
})).any;

describe('decodeValue', () => {
  it('returns what xmlrpc serialised, just as its deserializer does, at any chunk boundaries', async () => {
    await fc.assert(
      fc.asyncProperty(plainValue, cuts, async (value, shares) => {
        const bytes = Buffer.from(serializeMethodResponse(value));
        const decoded = sortedJson(await decodeValue(cutAt(bytes, shares)));
        expect(decoded).toEqual(oracleJson(await oracle(bytes)));
        expect(decoded).toEqual(oracleJson(value));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('reads any well-formed value, whatever the types, names and chunk boundaries', async () => {
    await fc.assert(
      fc.asyncProperty(written, cuts, async (value, shares) => {
        const bytes = responseOf(value.xml);
        expect(jsonOf(await decodeValue(cutAt(bytes, shares)))).toEqual(value.json);
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  it('reads the same from chunks of one byte as from the whole', async () => {
    await fc.assert(
      fc.asyncProperty(written, async (value) => {
        const bytes = responseOf(value.xml);
        expect(jsonOf(await decodeValue(chunksOf(bytes, 1)))).toEqual(value.json);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it('never returns from an answer that was cut short', async () => {
    await fc.assert(
      fc.asyncProperty(written, fc.double({ min: 0, max: 1, noNaN: true }), async (value, share) => {
        const bytes = responseOf(value.xml);
        const cut = bytes.subarray(0, Math.min(bytes.length - 1, Math.floor(share * bytes.length)));
        await expect(decodeValue([cut])).rejects.toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  it('gives a value or a closed error code for an answer with damaged bytes', async () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(written, damage, async (value, places) => {
        const bytes = responseOf(value.xml);
        for (const [share, byte] of places) bytes[Math.floor(share * bytes.length)] = byte;
        const outcome = await decodeValue([bytes]).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(CallwardenError);
          expect(outcome).toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
        }
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  it('keeps __proto__ a plain name and leaves every prototype alone', async () => {
    const polluting = '<struct><member><name>__proto__</name><value><struct><member><name>polluted</name>';
    const decoded = await decodeValue([
      responseOf(`${polluting}<value>yes</value></member></struct></value></member></struct>`),
    ]);
    expect(jsonOf(decoded)).toEqual({ struct: [['__proto__', { struct: [['polluted', 'yes']] }]] });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('decodeCalls', () => {
  const callObject = fc.record(
    {
      ID: fc.nat().map(String),
      CALL_ID: plainText.filter((text) => text.trim() !== ''),
      CC_STATE: fc.constantFrom('Connected', 'Idle', 'Dead', 'Parked'),
      SETUP_TIME: fc.constant('20260105T10:11:52.000'),
      CLI: plainText.filter((text) => text.trim() !== ''),
      CLD: fc.option(fc.nat().map((digits) => `4930${digits}0000000`)),
      I_ACCOUNT: fc.option(fc.nat(2 ** 31 - 1)),
      I_CUSTOMER: fc.nat(2 ** 31 - 1).map(String),
      I_CONNECTION: fc.nat(100),
      DURATION: fc.oneof(
        fc.constant(0),
        fraction.map((value) => Math.abs(value)),
      ),
      DELAY: fraction.map((value) => String(Math.abs(value))),
      EXTRA: plainValue,
    },
    { requiredKeys: ['ID', 'CALL_ID', 'CC_STATE'] },
  );

  it("agrees with xmlrpc's deserializer field by field, at any chunk boundaries", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(callObject, { maxLength: 6 }), cuts, async (listed, shares) => {
        const bytes = Buffer.from(serializeMethodResponse(listed));
        const decoded = await decodeCalls(cutAt(bytes, shares));
        const wanted = ((await oracle(bytes)) as Record<string, unknown>[]).map((call) => ({
          id: call['ID'],
          callId: call['CALL_ID'],
          state: call['CC_STATE'],
          setupTimeText: call['SETUP_TIME'],
          cli: call['CLI'],
          cld: call['CLD'] ?? undefined,
          account: call['I_ACCOUNT'] || undefined,
          customer: numberOf(call['I_CUSTOMER']) || undefined,
          connection: call['I_CONNECTION'] || undefined,
          duration: call['DURATION'],
          delay: numberOf(call['DELAY']),
        }));
        expect(decoded).toEqual({ calls: wanted, suspects: [], unreadableFields: {} });
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('takes every listed item as a call or a suspect, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 6 }), async (items) => {
        const list = items.map((item) => `<value>${item.xml}</value>`).join('');
        const decoded = await decodeCalls([responseOf(`<array><data>${list}</data></array>`)]);
        expect(decoded.calls).toEqual([]);
        expect(decoded.suspects).toHaveLength(items.length);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('passes an error of the chunks on as it is', async () => {
    const broken = new CallwardenError('SWITCH_TIMEOUT', 'no answer in time', { hint: 'Wait.' });
    async function* chunks() {
      yield Buffer.from('<methodResponse>');
      throw broken;
    }
    await expect(decodeCalls(chunks())).rejects.toBe(broken);
  });

  it('stops asking for chunks at the first error, so that the transport can let go', async () => {
    let asked = 0;
    let released = false;
    async function* chunks() {
      try {
        for (;;) {
          asked += 1;
          yield Buffer.from('<nonsense>');
        }
      } finally {
        released = true;
      }
    }
    await expect(decodeCalls(chunks())).rejects.toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
    expect({ asked, released }).toEqual({ asked: 1, released: true });
  });
});

describe('limits', () => {
  const call =
    '<value><struct><member><name>ID</name><value>1</value></member><member><name>CALL_ID</name><value>a</value></member><member><name>CC_STATE</name><value>Idle</value></member></struct></value>';
  const list = (count: number) => responseOf(`<array><data>${call.repeat(count)}</data></array>`);

  it('accepts as many calls as allowed and refuses one more, counting suspects', async () => {
    expect((await decodeCalls([list(3)], { maxCalls: 3 })).calls).toHaveLength(3);
    await expect(decodeCalls([list(4)], { maxCalls: 3 })).rejects.toThrow('more than 3 calls');
    const suspects = responseOf(`<array><data>${'<value>x</value>'.repeat(4)}</data></array>`);
    await expect(decodeCalls([suspects], { maxCalls: 3 })).rejects.toThrow('more than 3 calls');
  });

  it('counts depth, not how many structs and arrays stand beside each other', async () => {
    const item = '<value><struct/></value><value><array><data/></array></value>';
    const decoded = await decodeValue([responseOf(`<array><data>${item.repeat(50)}</data></array>`)], {
      maxDepth: 2,
    });
    expect(decoded).toHaveLength(100);
  });

  it.each([
    ['text', (length: number) => `<string>${'x'.repeat(length)}</string>`],
    ['untyped text', (length: number) => 'x'.repeat(length)],
    ['text in CDATA', (length: number) => `<string>a<![CDATA[${'x'.repeat(length - 1)}]]></string>`],
    [
      'name',
      (length: number) => `<struct><member><name>${'x'.repeat(length)}</name><value/></member></struct>`,
    ],
    ['comment', (length: number) => `<!--${'x'.repeat(length)}-->`],
  ])('accepts a %s of the allowed length and refuses a longer one', async (_what, xmlOf) => {
    const limits = { maxTextLength: 50 };
    await decodeValue([responseOf(xmlOf(50))], limits);
    await expect(decodeValue([responseOf(xmlOf(51))], limits)).rejects.toMatchObject({
      code: 'SWITCH_BAD_RESPONSE',
      message: expect.stringContaining('more than 50 characters'),
    });
  });

  it.each(['<string>', '<string>&', '<!--', '<![CDATA[', '<string a="', '<?target '])(
    'does not go on gathering an endless %s',
    async (beginning) => {
      let asked = 0;
      function* chunks() {
        yield Buffer.from(`<methodResponse><params><param><value>${beginning}`);
        for (;;) {
          asked += 1;
          yield Buffer.from('x'.repeat(100));
        }
      }
      await expect(decodeValue(chunks(), { maxTextLength: 1000 })).rejects.toMatchObject({
        code: 'SWITCH_BAD_RESPONSE',
      });
      expect(asked).toBeLessThan(200);
    },
  );
});

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}
