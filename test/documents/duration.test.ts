import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText, parseDuration } from '../../src/documents/duration.js';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['5min', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    [' 10 s ', 10_000],
    ['0s', 0],
    ['0.001s', 1],
  ])('%j is %i milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '10',
    '10x',
    's',
    '-5s',
    '1h30m',
    '1e3s',
    '1,5s',
    '10  s',
    '1.2345s',
    '1234567890s',
    '٣s',
    'P1D',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is written in the largest unit that needs no fraction', () => {
    const written = [0, 1, 999, 1_000, 1_500, 60_000, 90_000, 3_600_000, 86_400_000, 90_000_000].map(
      durationText,
    );
    expect(written).toEqual(['0ms', '1ms', '999ms', '1s', '1.5s', '1m', '90s', '1h', '24h', '25h']);
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (ms) => {
        expect(parseDuration(durationText(ms))).toBe(ms);
      }),
      { seed: 1 },
    );
  });
});
