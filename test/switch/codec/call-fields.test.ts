import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScalarType } from '../../../src/switch/codec/answer-grammar.js';
import { callField, emptyDraft, readField } from '../../../src/switch/codec/call-fields.js';

/** How a field reads: its value, or why it has none. */
function reading(name: string, type: ScalarType, text: string): string | number {
  const field = callField(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  const draft = emptyDraft();
  const result = readField(draft, field, type, text);
  const value = draft[field.key];
  if ((result === 'read') !== (value !== undefined)) throw new Error(`${result} with ${String(value)}`);
  return value ?? result;
}

describe('an integer field', () => {
  it.each<[ScalarType, string, number | string]>([
    ['int', '3', 3],
    ['int', '+3', 3],
    ['int', '0', 'absent'],
    ['int', '-0', 'absent'],
    ['double', '0.0', 'absent'],
    ['int', '-1', 'unreadable'],
    ['int', '', 'unreadable'],
    ['int', '3x', 'unreadable'],
    ['i8', '9007199254740991', 9007199254740991],
    ['i8', '9007199254740992', 'unreadable'],
    ['i8', '9007199254740993', 'unreadable'],
    ['string', '1', 1],
    ['untyped', '1', 1],
    ['string', '0', 'absent'],
    ['string', '1.0', 'unreadable'],
    ['string', '1e3', 'unreadable'],
    ['string', '0x10', 'unreadable'],
    ['string', '٣', 'unreadable'],
    ['string', '', 'absent'],
    ['untyped', ' \n', 'absent'],
    ['double', '7.0', 7],
    ['double', '7.5', 'unreadable'],
    ['double', '1e300', 'unreadable'],
    ['boolean', '1', 'unreadable'],
    ['dateTime', '20260105T10:11:52', 'unreadable'],
    ['base64', 'Mw==', 'unreadable'],
    ['unknown', '3', 'unreadable'],
    ['nil', '', 'absent'],
  ])('reads %s "%s" as %s', (type, text, wanted) => {
    expect(reading('I_ACCOUNT', type, text)).toBe(wanted);
  });

  it('reads 0 as none where it names an account, customer or connection, and as 0 elsewhere', () => {
    for (const name of ['I_ACCOUNT', 'I_CUSTOMER', 'I_CONNECTION'])
      expect(reading(name, 'int', '0'), name).toBe('absent');
    expect(reading('I_ENVIRONMENT', 'int', '0')).toBe(0);
  });
});

describe('a field of seconds', () => {
  it.each<[ScalarType, string, number | string]>([
    ['double', '22.704463777', 22.704463777],
    ['double', '-0.0', 0],
    ['double', '-0.001', 'unreadable'],
    ['double', '1e-05', 0.00001],
    ['double', 'nan', 'unreadable'],
    ['double', 'inf', 'unreadable'],
    ['double', '1e999', 'unreadable'],
    ['int', '0', 0],
    ['i8', '86400', 86400],
    ['string', '22.70', 22.7],
    ['untyped', '0', 0],
    ['string', '22,70', 'unreadable'],
    ['string', '00:22', 'unreadable'],
    ['string', '', 'absent'],
    ['boolean', '0', 'unreadable'],
    ['nil', '', 'absent'],
  ])('reads %s "%s" as %s', (type, text, wanted) => {
    expect(reading('DURATION', type, text)).toBe(wanted);
  });
});

describe('a text field', () => {
  it.each<[ScalarType, string, number | string]>([
    ['string', '00960', '00960'],
    ['string', ' kept ', ' kept '],
    ['untyped', '960', '960'],
    ['int', '960', '960'],
    ['i8', '88239900000000000001', '88239900000000000001'],
    ['string', '', 'absent'],
    ['untyped', '\n ', 'absent'],
    ['double', '960.0', 'unreadable'],
    ['boolean', '1', 'unreadable'],
    ['dateTime', '20260105T10:11:52', 'unreadable'],
    ['base64', 'OTYw', 'unreadable'],
    ['nil', '', 'absent'],
  ])('reads %s "%s" as %s', (type, text, wanted) => {
    expect(reading('ID', type, text)).toBe(wanted);
  });

  it('reads a dateTime as text only where a time belongs', () => {
    expect(reading('SETUP_TIME', 'dateTime', '20260105T10:11:52')).toBe('20260105T10:11:52');
    expect(reading('SETUP_TIME', 'dateTime', '')).toBe('unreadable');
    expect(reading('CLD', 'dateTime', '20260105T10:11:52')).toBe('unreadable');
  });

  it('keeps every text that is not blank exactly as listed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.trim() !== ''),
        (text) => {
          expect(reading('CALL_ID', 'string', text)).toBe(text);
        },
      ),
      { numRuns: 300, seed: 9 },
    );
  });
});

describe('the names of fields', () => {
  it.each(['id', 'Id', 'ID ', '', '__proto__', 'constructor', 'I_VENDOR'])('do not include "%s"', (name) => {
    expect(callField(name)).toBeUndefined();
  });
});
