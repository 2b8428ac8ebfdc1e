import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationPattern, durationText, parseDuration } from '../../src/documents/duration.js';

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

describe('the form of durations up to a greatest one', () => {
  const day = durationPattern(86_400_000, { zero: false });

  it.each(['1ms', '86400000ms', '86400s', '1440m', '1440 min', '24h', '024.0h', '1d', '0.5d', '0.001s'])(
    'holds %s',
    (text) => expect(day.test(text)).toBe(true),
  );

  it.each([
    '0s',
    '0.000m',
    '00 h',
    '86400001ms',
    '86401s',
    '1441m',
    '25h',
    '2d',
    '31d',
    '999999999ms',
    '10',
    's',
    ' 1h',
  ])('leaves out %s', (text) => expect(day.test(text)).toBe(false));

  describe('and down to a least one', () => {
    const weeks = durationPattern(7_776_000_000, { zero: false, leastMs: 604_800_000 });

    it.each([
      '7d',
      '07.0d',
      '168h',
      '10080m',
      '10080.5 min',
      '604800s',
      '604800000ms',
      '28d',
      '90d',
      '2160h',
    ])('holds %s', (text) => expect(weeks.test(text)).toBe(true));

    it.each(['6d', '6.999d', '0d', '167.5h', '10079min', '604799s', '604799999ms', '91d', '2161h', '7'])(
      'leaves out %s',
      (text) => expect(weeks.test(text)).toBe(false),
    );
  });

  it('is never narrower than what is read as such a duration', () => {
    const units = fc.constantFrom('ms', 's', 'm', 'min', 'h', 'd');
    const amount = fc.tuple(fc.nat(99_999_999), fc.constantFrom('', '.5', '.0', '.001'));
    const most = fc.constantFrom(86_400_000, 2_592_000_000, 7_200_000, 90_000);
    const least = fc.constantFrom(0, 1, 1_500, 60_000, 5_400_000, 604_800_000);
    fc.assert(
      fc.property(amount, units, most, least, fc.nat(8), ([whole, part], unit, mostMs, leastMs, cut) => {
        const text = `${String(whole).slice(cut)}${part}${unit}`;
        const ms = parseDuration(text);
        if (ms === undefined || ms > mostMs) return;
        expect([text, durationPattern(mostMs, { zero: true }).test(text)]).toEqual([text, true]);
        expect(durationPattern(mostMs, { zero: false }).test(text) || ms === 0).toBe(true);
        if (ms < leastMs) return;
        expect([text, leastMs, durationPattern(mostMs, { zero: true, leastMs }).test(text)]).toEqual([
          text,
          leastMs,
          true,
        ]);
      }),
      { numRuns: 3_000, seed: 20260105 },
    );
  });
});
