import { DateTimeText } from '../../../src/switch/codec/plain-value.js';

/** The bytes in pieces of one size. */
export function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Decoded values in words of JSON, so that expectations can stand in a file beside the answer. */
export function jsonOf(value: unknown): unknown {
  if (value instanceof Map) return { struct: [...value].map(([name, member]) => [name, jsonOf(member)]) };
  if (value instanceof DateTimeText) return { dateTime: value.text };
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') return { i8: value.toString() };
  if (Array.isArray(value)) return value.map(jsonOf);
  return value;
}
