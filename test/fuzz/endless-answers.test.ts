import { describe, expect, it } from 'vitest';
import { decodeCalls, decodeResult } from '../../src/switch/codec/answer-decoder.js';

const CHUNK_BYTES = 16 * 1024;
/** What the decoder may ask for before it refuses; the transport's own cap is 256 MiB. */
const MOST_BYTES = 8 * 1024 * 1024;

const IN_LIST = '<methodResponse><params><param><value><array><data>';
const IN_CALL = `${IN_LIST}<value><struct>`;

/** A beginning, and then the same again and again for as long as anybody asks. */
function endless(beginning: string, again: string) {
  const asked = { bytes: 0 };
  const piece = Buffer.from(again.repeat(Math.max(1, Math.floor(CHUNK_BYTES / again.length))));
  function* chunks(): Generator<Uint8Array> {
    yield Buffer.from(beginning);
    // Ends after four times what is allowed, so that a decoder that goes on fails and does not hang.
    while (asked.bytes < 4 * MOST_BYTES) {
      asked.bytes += piece.length;
      yield piece;
    }
  }
  return { asked, chunks };
}

describe('an answer without end', () => {
  it.each([
    ['nested lists', IN_LIST, '<value><array><data>'],
    ['nested structs', IN_LIST, '<value><struct><member><name>a</name>'],
    ['nested unknown elements', IN_LIST, '<value><deep>'],
    ['attributes of one tag', `${IN_LIST}<value><string a="`, '" b="'],
    ['one attribute', `${IN_LIST}<value><string a="`, 'x'],
    ['different attributes', `${IN_LIST}<value><string `, 'a="" '],
    ['one tag name', `${IN_LIST}<value><`, 'x'],
    ['one member name', `${IN_CALL}<member><name>`, 'x'],
    ['one text', `${IN_CALL}<member><name>ID</name><value>`, 'x'],
    ['one text of references', `${IN_CALL}<member><name>ID</name><value>`, '&#x78;'],
    ['one reference', `${IN_CALL}<member><name>ID</name><value>&`, 'x'],
    ['one comment', `${IN_LIST}<!--`, 'x'],
    ['one CDATA section', `${IN_CALL}<member><name>ID</name><value><![CDATA[`, 'x'],
    ['one processing instruction', `${IN_LIST}<?a `, 'x'],
    ['one XML declaration', '<?xml ', ' '],
    ['entity declarations', '<!DOCTYPE a [', '<!ENTITY a "b">'],
    ['closing tags', IN_LIST, '</data>'],
    ['no XML at all', '', 'HTTP/1.1 200 OK '],
    ['half a character', '', '\u00e9'],
    ['zeros', '', '\u0000'],
  ])('of %s is refused after a bounded part of it', async (_, beginning, again) => {
    for (const decode of [decodeCalls, decodeResult]) {
      const { asked, chunks } = endless(beginning, again);
      await expect(decode(chunks())).rejects.toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
      expect(asked.bytes).toBeLessThan(MOST_BYTES);
    }
  });

  it('of calls is refused at the most that may be listed', async () => {
    const { asked, chunks } = endless(IN_LIST, '<value><struct></struct></value>');
    await expect(decodeCalls(chunks(), { maxCalls: 10_000 })).rejects.toThrow('more than 10000 calls');
    expect(asked.bytes).toBeLessThan(MOST_BYTES);
  });

  it('of members that mean nothing is passed over without being kept', async () => {
    const { chunks } = endless(IN_CALL, '<member><name>EXTRA</name><value>1</value></member>');
    // Cut short by the transport's cap in the end; until then nothing of it is held.
    await expect(decodeCalls(chunks())).rejects.toMatchObject({ code: 'SWITCH_BAD_RESPONSE' });
  });
});
