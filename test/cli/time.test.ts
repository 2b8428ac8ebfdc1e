import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTime } from '../../src/cli/time.js';

/** 12:00 in Kyiv, which is two hours ahead of UTC in winter. */
const NOW = Date.parse('2026-01-05T10:00:00.000Z');

let zone: string | undefined;

beforeAll(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Kyiv';
});

afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

function utc(text: string): string | undefined {
  const at = parseTime(text, NOW);
  return at === undefined ? undefined : new Date(at).toISOString();
}

describe('a time word', () => {
  it.each([
    ['now', '2026-01-05T10:00:00.000Z'],
    ['today', '2026-01-04T22:00:00.000Z'],
    ['yesterday', '2026-01-03T22:00:00.000Z'],
    ['tomorrow', '2026-01-05T22:00:00.000Z'],
    ['1h', '2026-01-05T09:00:00.000Z'],
    ['-1h', '2026-01-05T09:00:00.000Z'],
    ['+1h', '2026-01-05T11:00:00.000Z'],
    ['30min', '2026-01-05T09:30:00.000Z'],
    ['30m', '2026-01-05T09:30:00.000Z'],
    ['90s', '2026-01-05T09:58:30.000Z'],
    ['1h 30min', '2026-01-05T08:30:00.000Z'],
    ['1h30min', '2026-01-05T08:30:00.000Z'],
    ['2 days ago', '2026-01-03T10:00:00.000Z'],
    ['1 week ago', '2025-12-29T10:00:00.000Z'],
    ['0.5h', '2026-01-05T09:30:00.000Z'],
    ['2026-01-05', '2026-01-04T22:00:00.000Z'],
    ['2026-01-05 10:00', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05 10:00:30', '2026-01-05T08:00:30.000Z'],
    ['2026-07-05 10:00', '2026-07-05T07:00:00.000Z'],
    ['10:15', '2026-01-05T08:15:00.000Z'],
    ['2026-01-05T10:00:00Z', '2026-01-05T10:00:00.000Z'],
    ['2026-01-05T10:00:00.123Z', '2026-01-05T10:00:00.123Z'],
    ['2026-01-05 10:00 UTC', '2026-01-05T10:00:00.000Z'],
    ['2026-01-05T10:00:00+02:00', '2026-01-05T08:00:00.000Z'],
    ['2026-01-05T10:00:00-0530', '2026-01-05T15:30:00.000Z'],
    ['@1767607200', '2026-01-05T10:00:00.000Z'],
    ['2024-02-29', '2024-02-28T22:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(utc(text)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    '1',
    '10',
    'h',
    '1x',
    '1h ago ago',
    '-1h ago',
    '--1h',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
    '2026-01-05 24:00',
    '2026-01-05 10:60',
    '2026-01-05T10:00:00+15:00',
    '2026-1-5',
    '05.01.2026',
    'last week',
    '9999999999999 years',
    '@x',
    'Z',
  ])('"%s" is refused', (text) => {
    expect(utc(text)).toBeUndefined();
  });

  it('never makes anything but an instant of a text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+@]?[0-9]{1,12} ?(s|min|h|days|years|M)?( ago)?$/),
      fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}Z?$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const at = parseTime(text, NOW);
        if (at !== undefined) expect(new Date(at).getTime()).toBe(at);
      }),
    );
  });

  it('takes what it would print for any instant', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }), (date) => {
        expect(parseTime(date.toISOString(), NOW)).toBe(date.getTime());
      }),
    );
  });
});
