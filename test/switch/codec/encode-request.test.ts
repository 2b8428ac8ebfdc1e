import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../src/switch/codec/encode-request.js';
import { int32, xmlText } from './arbitraries.js';

const Deserializer = createRequire(import.meta.url)('xmlrpc/lib/deserializer.js') as new () => {
  deserializeMethodCall(
    stream: Readable,
    done: (error: unknown, method: string, params: unknown) => void,
  ): void;
};

function decoded(xml: string): Promise<{ method: string; params: unknown }> {
  return new Promise((resolve, reject) => {
    new Deserializer().deserializeMethodCall(
      Readable.from([Buffer.from(xml)]),
      (error, method: string, params) => (error ? reject(error) : resolve({ method, params })),
    );
  });
}

describe('encodeRequest', () => {
  it('sends one struct also where there are no parameters', () => {
    expect(encodeRequest('getAccountCallStats', {})).toBe(
      '<?xml version="1.0"?><methodCall><methodName>getAccountCallStats</methodName><params><param><value><struct/></value></param></params></methodCall>',
    );
  });

  it('keeps the ID of a call a string', () => {
    expect(encodeRequest('disconnectCall', { ID: '00960' })).toContain(
      '<member><name>ID</name><value><string>00960</string></value></member>',
    );
  });

  it('writes zero and false as themselves', () => {
    const xml = encodeRequest('listAllCalls', { recursive: false, i_account: 0 });
    expect(xml).toContain('<boolean>0</boolean>');
    expect(xml).toContain('<int>0</int>');
  });

  it.each([2 ** 31 - 1, -(2 ** 31)])('takes %d, which an int just holds', async (value) => {
    const xml = encodeRequest('disconnectAccount', { i_account: value });
    expect((await decoded(xml)).params).toEqual([{ i_account: value }]);
  });

  it.each([
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    null,
    undefined,
    new Date(0),
    [1],
    {},
  ])('refuses %s before anything is sent', (value) => {
    expect(() => encodeRequest('disconnectAccount', { i_account: value })).toThrowError(
      expect.objectContaining({
        code: 'SWITCH_FAULT',
        message: expect.stringContaining('disconnectAccount was not sent: i_account is'),
      }),
    );
  });

  it.each([
    ['\u0000', 'U+0000'],
    ['\u001b[31m', 'U+001B'],
    ['\ufffe', 'U+FFFE'],
    ['\ud83d', 'U+D83D'],
  ])('refuses the character in %j, which XML forbids, in values and names', (text, name) => {
    expect(() => encodeRequest('disconnectCall', { ID: `a${text}` })).toThrow(name);
    expect(() => encodeRequest('disconnectCall', { [`a${text}`]: '1' })).toThrow(name);
  });

  it.each([']]>]]>', '<\r'])('refuses %j, which the serializer would change on the way', (text) => {
    expect(() => encodeRequest('disconnectCall', { ID: text })).toThrow('cannot be sent unchanged');
  });

  it('sends every text and number that it accepts unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          xmlText.filter((name) => name !== '__proto__'),
          fc.oneof(xmlText, int32, fc.boolean()),
        ),
        async (params) => {
          let xml: string;
          try {
            xml = encodeRequest('listAllCalls', params);
          } catch (error) {
            expect((error as Error).message).toContain('cannot be sent unchanged');
            return;
          }
          expect(await decoded(xml)).toEqual({ method: 'listAllCalls', params: [params] });
        },
      ),
      { numRuns: 500, seed: 8 },
    );
  });
});
