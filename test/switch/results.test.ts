import { describe, expect, it } from 'vitest';
import type { PlainStruct, PlainValue } from '../../src/switch/codec/plain-value.js';
import { readDisconnect, readStats } from '../../src/switch/results.js';

const struct = (members: Record<string, PlainValue>): PlainStruct => new Map(Object.entries(members));

describe('readDisconnect', () => {
  it.each<[string, Record<string, PlainValue>, unknown]>([
    ['OK', { result: 'OK' }, { result: 'ok', count: undefined }],
    ['OK with a count', { result: 'OK', count: 3 }, { result: 'ok', count: 3 }],
    ['OK with a count of zero', { result: 'OK', count: 0 }, { result: 'ok', count: 0 }],
    ['OK with a count as text', { result: 'OK', count: '3' }, { result: 'ok', count: 3 }],
    ['OK in other letters', { result: ' Ok\n' }, { result: 'ok', count: undefined }],
    ['OK with an odd count', { result: 'OK', count: -1 }, { result: 'ok', count: undefined }],
    ['a call that is gone', { result: 'Call not found or not accessible' }, { result: 'not-found' }],
    ['anything else', { result: 'Not now\u202e' }, { result: 'refused', text: 'Not now ' }],
  ])('reads %s', (_, members, expected) => {
    expect(readDisconnect(struct(members))).toEqual(expected);
  });

  it.each<[string, Record<string, PlainValue>]>([
    ['no result', { count: 1 }],
    ['nil', { result: null }],
    ['a number', { result: 1 }],
    ['an empty text', { result: ' ' }],
  ])('refuses %s, as it says nothing', (_, members) => {
    expect(() => readDisconnect(struct(members))).toThrow(
      expect.objectContaining({ code: 'SWITCH_BAD_RESPONSE' }),
    );
  });
});

describe('readStats', () => {
  const stats = (data: Record<string, PlainValue>) => readStats(struct({ result: 'OK', data: struct(data) }));

  it('reads total and connected calls by account', () => {
    expect(stats({ '1': [2, 1], '40': [0, 0], '7': ['5', 5] })).toEqual({
      accounts: new Map([
        [1, { total: 2, connected: 1 }],
        [40, { total: 0, connected: 0 }],
        [7, { total: 5, connected: 5 }],
      ]),
      suspect: undefined,
    });
  });

  it('reads an empty struct as no accounts', () => {
    expect(stats({})).toEqual({ accounts: new Map(), suspect: undefined });
  });

  it.each<[string, string, PlainValue]>([
    ['more connected calls than calls', '1', [1, 2]],
    ['one number', '1', [1]],
    ['three numbers', '1', [3, 2, 1]],
    ['a negative number', '1', [1, -1]],
    ['a fraction', '1', [1.5, 1]],
    ['nil', '1', null],
    ['nil in the pair', '1', [1, null]],
    ['an account that is no number', 'total', [1, 1]],
    ['an account written in two ways', '01', [1, 1]],
  ])('is suspect for %s, and leaves the entry out', (_, key, entry) => {
    const { accounts, suspect } = stats({ [key]: entry, '9': [1, 1] });
    expect(suspect).toContain(`"${key}"`);
    expect([...accounts.keys()]).toEqual([9]);
  });

  it('names the first of several suspect entries and counts the others', () => {
    expect(stats({ '1': [1, 2], '2': [1, 2], '3': [1, 2] }).suspect).toBe(
      'entry "1" has 2 connected calls of 1, and 2 more entries like it',
    );
  });

  it.each<[string, Record<string, PlainValue>]>([
    ['no data', { result: 'OK' }],
    ['nil data', { result: 'OK', data: null }],
    ['a list', { result: 'OK', data: [] }],
    ['another result than OK', { result: 'Busy', data: new Map() }],
    ['no result', { data: new Map() }],
  ])('refuses %s: it is not "no calls"', (_, members) => {
    expect(() => readStats(struct(members))).toThrow(
      expect.objectContaining({ code: 'SWITCH_BAD_RESPONSE' }),
    );
  });
});
