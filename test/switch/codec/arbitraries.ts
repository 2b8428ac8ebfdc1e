import fc from 'fast-check';

/** A value in XML as some server may write it, and in the words of `jsonOf` what it has to decode to. */
export interface Written {
  xml: string;
  json: unknown;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML forbids
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;

/** Any text that XML 1.0 can carry. */
export const xmlText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('<', '&', ']', '>', '\r', '\n', ' ', '"', 'ö', '📞', '\u0085') }),
  )
  .map((text) => text.replace(FORBIDDEN, ''));

/** Names as switches write them, and those that JavaScript objects trip over. */
export const memberName = fc.oneof(
  xmlText,
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '10', ''),
);

export const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

export const fraction = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })
  .filter((value) => !Number.isInteger(value));

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;');
}

/** The same text escaped, or in CDATA where that can hold it. */
const writtenText = fc.tuple(xmlText, fc.boolean()).map(([text, asCdata]) => ({
  xml:
    asCdata && !text.includes('\r')
      ? `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
      : escaped(text),
  text,
}));

const writtenScalar: fc.Arbitrary<Written> = fc.oneof(
  fc.constantFrom('<nil/>', '<ex:nil/>', '<nil></nil>').map((xml) => ({ xml, json: null })),
  fc.boolean().map((json) => ({ xml: `<boolean>${json ? 1 : 0}</boolean>`, json })),
  fc
    .tuple(int32, fc.constantFrom('int', 'i4'))
    .map(([json, tag]) => ({ xml: `<${tag}>${json}</${tag}>`, json })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({
    xml: `<i8>${value}</i8>`,
    json: Number.isSafeInteger(Number(value)) ? Number(value) : { i8: value.toString() },
  })),
  fraction.map((json) => ({ xml: `<double>${json}</double>`, json })),
  writtenText.map(({ xml, text }) => ({ xml: `<string>${xml}</string>`, json: text })),
  writtenText.map(({ xml, text }) => ({ xml, json: text })),
  fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes).toString('base64'))
    .map((base64) => ({ xml: `<base64>${base64.replace(/.{10}/g, '$&\n')}</base64>`, json: { base64 } })),
  fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 19).replaceAll('-', ''))
    .map((dateTime) => ({
      xml: `<dateTime.iso8601>${dateTime}</dateTime.iso8601>`,
      json: { dateTime },
    })),
);

const gap = fc.constantFrom('', '\n', '  ', '<!-- gap -->');

/** Any XML-RPC value, nested, with white space and comments where they may stand. */
export const written: fc.Arbitrary<Written> = fc.letrec<{ any: Written }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    writtenScalar,
    fc.tuple(gap, fc.array(tie('any'), { maxLength: 5 })).map(([space, items]) => ({
      xml: `${space}<array>${space}<data>${items.map((item) => `${space}<value>${item.xml}</value>`).join('')}${space}</data></array>`,
      json: items.map((item) => item.json),
    })),
    fc
      .tuple(
        gap,
        fc.uniqueArray(fc.tuple(memberName, tie('any')), { maxLength: 5, selector: ([name]) => name }),
      )
      .map(([space, members]) => ({
        xml: `${space}<struct>${members.map(([name, value]) => `${space}<member><name>${escaped(name)}</name>${space}<value>${value.xml}</value>${space}</member>`).join('')}</struct>${space}`,
        json: { struct: members.map(([name, value]) => [name, value.json]) },
      })),
  ),
})).any;

export function responseOf(valueXml: string): Buffer {
  return Buffer.from(
    `<?xml version="1.0"?><methodResponse><params><param><value>${valueXml}</value></param></params></methodResponse>`,
  );
}

/** The bytes cut at these places, given as shares of the whole. */
export function cutAt(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].sort(
    (one, other) => one - other,
  );
  let from = 0;
  return places.map((to) => {
    const chunk = bytes.subarray(from, to);
    from = to;
    return chunk;
  });
}

export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
