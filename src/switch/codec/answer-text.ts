import { isUtf8 } from 'node:buffer';
import { badAnswer, printable } from './bad-answer.js';

/** An XML declaration is shorter than this; its encoding is looked for no further. */
const DECLARATION_BYTES = 256;

type Encoding = 'utf-8' | 'iso-8859-1';

/**
 * Turns the bytes of an answer into text, whatever the boundaries of the chunks. Read are UTF-8 (also where nothing or
 * US-ASCII is declared) and, where the XML declaration names it, ISO-8859-1; anything else, and bytes that are not
 * UTF-8, are refused with SWITCH_BAD_RESPONSE.
 *
 * Node's TextDecoder would do for UTF-8, but as a stream it takes four times as long and yields two-byte strings;
 * checking and converting whole characters at once stays with one byte per ASCII character.
 */
export class AnswerText {
  private encoding: Encoding | undefined;
  /** Bytes that wait for the rest of the XML declaration, or of a character. */
  private held: Buffer = Buffer.alloc(0);

  /** The text that is complete with this chunk; may be empty. */
  decode(chunk: Uint8Array): string {
    const bytes = this.held.length === 0 ? asBuffer(chunk) : Buffer.concat([this.held, chunk]);
    if (this.encoding === undefined) {
      if (!declarationIsComplete(bytes)) {
        this.held = Buffer.from(bytes);
        return '';
      }
      this.encoding = declaredEncoding(bytes);
    }
    return this.convert(bytes, this.encoding);
  }

  /** What was still held back. Throws where the bytes end inside a character. */
  end(): string {
    const bytes = this.held;
    this.encoding ??= declaredEncoding(bytes);
    const text = this.convert(bytes, this.encoding);
    if (this.held.length > 0) throw badAnswer('the answer was cut short: it ends inside a character');
    return text;
  }

  private convert(bytes: Buffer, encoding: Encoding): string {
    if (encoding === 'iso-8859-1') {
      this.held = Buffer.alloc(0);
      return bytes.toString('latin1');
    }
    const whole = bytes.length - unfinishedBytes(bytes);
    const part = bytes.subarray(0, whole);
    if (!isUtf8(part)) {
      throw badAnswer('the answer is not valid UTF-8', {
        hint: 'Nothing was decided on this answer. If the switch writes another encoding, its XML declaration has to say so; ISO-8859-1 is understood as well.',
      });
    }
    // Copied, since the transport may use the chunk's memory again.
    this.held = Buffer.from(bytes.subarray(whole));
    return part.toString('utf8');
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How many bytes at the end begin a UTF-8 character without finishing it: 0 to 3. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > back ? back : 0;
  }
  return 0;
}

function declarationIsComplete(bytes: Buffer): boolean {
  if (bytes.length >= DECLARATION_BYTES) return true;
  const head = headText(bytes);
  // A byte order mark takes up to three bytes before "<?xml".
  if (bytes.length < 8) return false;
  return !head.startsWith('<?xml') || head.includes('?>');
}

function headText(bytes: Buffer): string {
  return bytes.subarray(hasUtf8Mark(bytes) ? 3 : 0, DECLARATION_BYTES).toString('latin1');
}

function hasUtf8Mark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** XML 1.0, section 4.3.3 and appendix F: the byte order mark goes first, then the declaration, then UTF-8. */
function declaredEncoding(bytes: Buffer): Encoding {
  if (bytes[0] === 0 || bytes[1] === 0 || (bytes[0] === 0xff && bytes[1] === 0xfe) || bytes[0] === 0xfe) {
    throw unknownEncoding('UTF-16 or UTF-32');
  }
  if (hasUtf8Mark(bytes)) return 'utf-8';
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']/.exec(headText(bytes))?.[1];
  switch (declared?.toLowerCase()) {
    case undefined:
    case 'utf-8':
    case 'utf8':
    case 'us-ascii':
    case 'ascii':
      return 'utf-8';
    case 'iso-8859-1':
    case 'latin1':
      return 'iso-8859-1';
    default:
      throw unknownEncoding(`"${printable(declared ?? '', 40)}"`);
  }
}

function unknownEncoding(name: string) {
  return badAnswer(`the answer is encoded as ${name}`, {
    hint: 'Nothing was decided on this answer. UTF-8, US-ASCII and ISO-8859-1 are understood; have the switch, or the proxy before it, answer in one of them.',
  });
}
