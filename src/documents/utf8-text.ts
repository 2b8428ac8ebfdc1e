/** A text, or why the bytes are none and where that first shows, as they are to be told of the file that they are of. */
export type DecodedText =
  | { ok: true; text: string }
  | { ok: false; message: string; place: { line: number; column: number } };

/** U+FFFD as UTF-8. */
const REPLACEMENT = Buffer.from('\u{FFFD}');

/** Decodes UTF-8 text without its byte order mark. Other encodings are refused: their letters would be read as others. */
export function decodeUtf8(bytes: Uint8Array): DecodedText {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const message = 'The file is not UTF-8 text: save it in that encoding.';
    return { ok: false, message, place: firstFault(bytes) };
  }
}

/**
 * Where bytes that are no UTF-8 text first show it: what cannot be read is decoded as U+FFFD. That may stand there as itself, too,
 * where somebody saved such a text before.
 */
function firstFault(bytes: Uint8Array): { line: number; column: number } {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let at = 0;
  for (let offset = 0; ; at += 1, offset += REPLACEMENT.length) {
    const next = text.indexOf('\u{FFFD}', at);
    offset += Buffer.byteLength(text.slice(at, next));
    at = next;
    if (!REPLACEMENT.equals(bytes.subarray(offset, offset + REPLACEMENT.length))) break;
  }
  const before = text.slice(0, at).replace(/^\u{FEFF}/u, '');
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}
