import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CallwardenError } from '../../../src/domain/errors.js';
import {
  type ByteChunks,
  decodeCalls,
  decodeResult,
  decodeValue,
} from '../../../src/switch/codec/answer-decoder.js';
import { chunksOf, jsonOf } from './support.js';

const CONTRACT = new URL('../../contract/', import.meta.url);
const DECODERS = { calls: decodeCalls, result: decodeResult, value: decodeValue };

interface GoodCase {
  shape: keyof typeof DECODERS;
  expected: unknown;
}

interface BadCase {
  shape: keyof typeof DECODERS;
  code: string;
  message: string;
  hint?: string;
}

function casesIn<T>(kind: 'good' | 'bad'): { name: string; xml: Buffer; wanted: T }[] {
  const folder = new URL(`${kind}/`, CONTRACT);
  const names = readdirSync(folder).filter((file) => file.endsWith('.xml'));
  return names.map((file) => ({
    name: file.replace('.xml', ''),
    xml: readFileSync(new URL(file, folder)),
    wanted: JSON.parse(readFileSync(new URL(file.replace('.xml', '.json'), folder), 'utf8')) as T,
  }));
}

async function decode(shape: keyof typeof DECODERS, chunks: ByteChunks): Promise<unknown> {
  return jsonOf(await DECODERS[shape](chunks));
}

async function errorOf(decoding: Promise<unknown>): Promise<CallwardenError> {
  const error = await decoding.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof CallwardenError) return error;
  throw error;
}

const good = casesIn<GoodCase>('good');
const bad = casesIn<BadCase>('bad');

describe('good answers of the contract', () => {
  it('are there', () => {
    expect(good.length).toBeGreaterThan(15);
  });

  it.each(good)('$name decodes to its expected values', async ({ xml, wanted }) => {
    expect(await decode(wanted.shape, [xml])).toEqual(wanted.expected);
  });

  it.each(good)('$name decodes to the same at every chunk boundary', async ({ xml, wanted }) => {
    for (let at = 0; at <= xml.length; at += 1) {
      const chunks = [xml.subarray(0, at), xml.subarray(at)];
      expect(await decode(wanted.shape, chunks)).toEqual(wanted.expected);
    }
    expect(await decode(wanted.shape, chunksOf(xml, 1))).toEqual(wanted.expected);
  });

  it.each(good)('$name, cut anywhere before its end, is refused and never read as less', async (one) => {
    const end = one.xml.lastIndexOf('</methodResponse>') + '</methodResponse>'.length;
    for (let length = 0; length < end; length += 1) {
      const error = await errorOf(decode(one.wanted.shape, [one.xml.subarray(0, length)]));
      expect(error.code, `cut at ${length}`).toBe('SWITCH_BAD_RESPONSE');
    }
  });
});

describe('bad answers of the contract', () => {
  it('are there', () => {
    expect(bad.length).toBeGreaterThan(60);
  });

  it.each(bad)('$name is refused with its code, what was found and a next step', async ({ xml, wanted }) => {
    const error = await errorOf(decode(wanted.shape, [xml]));
    expect({ code: error.code, message: error.message }).toEqual({
      code: wanted.code,
      message: expect.stringContaining(wanted.message),
    });
    expect(error.hint).toContain(wanted.hint ?? '.');
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  it.each(bad)('$name is refused the same way byte by byte', async ({ xml, wanted }) => {
    const error = await errorOf(decode(wanted.shape, chunksOf(xml, 1)));
    expect(error.code).toBe(wanted.code);
    expect(error.hint).toContain(wanted.hint ?? '.');
  });

  it.each(bad.filter((one) => one.wanted.code === 'SWITCH_FAULT'))(
    '$name, cut anywhere, is a bad response and no fault',
    async ({ xml, wanted }) => {
      const end = xml.lastIndexOf('>');
      for (let length = 0; length < end; length += 7) {
        const error = await errorOf(decode(wanted.shape, [xml.subarray(0, length)]));
        expect(error.code, `cut at ${length}`).toBe('SWITCH_BAD_RESPONSE');
      }
    },
  );
});
