import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerText } from '../../../src/switch/codec/answer-text.js';
import { cutAt, cuts } from './arbitraries.js';

function textOf(chunks: Iterable<Uint8Array>): string {
  const decoder = new AnswerText();
  let text = '';
  for (const chunk of chunks) {
    text += decoder.decode(chunk);
    // The transport may use the memory of a chunk again.
    chunk.fill(0x3f);
  }
  return text + decoder.end();
}

function orRefused(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

describe('the text of an answer', () => {
  it('is what a strict UTF-8 decoder makes of the same bytes, wherever the chunks end', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4, min: 0x7f }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 4 }), cuts, (parts, shares) => {
        const bytes = Buffer.concat([Buffer.from('<value>'), ...parts]);
        const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
        const wanted = orRefused(() => strict.decode(bytes));
        expect(orRefused(() => textOf(cutAt(Buffer.from(bytes), shares)))).toBe(wanted);
      }),
      { numRuns: 1000, seed: 10 },
    );
  });

  it('accepts a single Uint8Array that is no Buffer', () => {
    expect(textOf([new Uint8Array([0x3c, 0xc3, 0xb6, 0x3e])])).toBe('<ö>');
  });

  it.each([
    ['iso-8859-1', 'ö\u0080ÿ'],
    ['ISO-8859-1', 'ö\u0080ÿ'],
    ['latin1', 'ö\u0080ÿ'],
  ])('is read as declared: %s', (encoding, text) => {
    const xml = `<?xml version='1.0' encoding='${encoding}' ?><a>${text}</a>`;
    for (const size of [1, 7, 1000]) {
      expect(textOf(pieces(Buffer.from(xml, 'latin1'), size))).toBe(xml);
    }
  });

  it('follows the byte order mark rather than a declaration that contradicts it', () => {
    const xml = '\ufeff<?xml version="1.0" encoding="ISO-8859-1"?><a>ö</a>';
    expect(textOf([Buffer.from(xml)])).toBe(xml);
  });

  it('does not take a declaration from inside the document', () => {
    const xml = '<a><![CDATA[<?xml version="1.0" encoding="ISO-8859-1"?>]]>ö</a>';
    expect(textOf([Buffer.from(xml)])).toBe(xml);
  });

  it.each(['UTF-16', 'windows-1252', 'UTF-7', 'koi8-r', ''])(
    'is refused where the declaration names "%s"',
    (encoding) => {
      const xml = Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><a/>`);
      expect(() => textOf(pieces(xml, 5))).toThrow('the answer is encoded as');
    },
  );

  it.each([
    ['UTF-16, little end first', Buffer.from('\ufeff<a/><b/>', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('<a/><b/>', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\ufeff<a/><b/>', 'utf16le').swap16()],
    ['UTF-32', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c])],
  ])('is refused in %s', (_what, bytes) => {
    expect(() => textOf([bytes])).toThrow('the answer is encoded as UTF-16 or UTF-32');
  });
});

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}
