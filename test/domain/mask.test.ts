import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskNumber, maskNumbers, maskPrefix, maskText } from '../../src/domain/mask.js';

const digitsOf = (text: string) => text.replace(/\D/g, '');

describe('a masked number', () => {
  it.each([
    ['493023125001', '493023******'],
    ['+49 (0)30 2312-5001', '+49 (0)30 2***-****'],
    ['0011#493023125001', '0011#49**********'],
    ['sip:493023125001@192.0.2.1', 'sip:493023******@***.*.*.*'],
    ['12345678', '1234****'],
    ['12345', '12***'],
    ['112', '112'],
    ['1234', '1234'],
    ['alice', 'alice'],
    ['', ''],
  ])('%s reads %s', (number, masked) => {
    expect(maskNumber(number)).toBe(masked);
  });

  it('keeps its length and at most six digits, and never more than half', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789+ -()#'), maxLength: 24 }), (number) => {
        const masked = maskNumber(number);
        const count = digitsOf(number).length;
        expect(masked).toHaveLength(number.length);
        if (count <= 4) expect(masked).toBe(number);
        else expect(digitsOf(masked).length).toBe(Math.min(6, Math.floor(count / 2)));
        expect(maskNumber(masked).length).toBe(number.length);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('keeps a prefix that tells only a range', () => {
    expect([maskPrefix('882'), maskPrefix('882134'), maskPrefix('493023125001')]).toEqual([
      '882',
      '882134',
      '493023******',
    ]);
  });
});

describe('free text', () => {
  it.each([
    ['no right to end 493023125001 (+49 30 23125001)', 'no right to end 493023****** (+49 30 23******)'],
    ['cli:+493023125001 belongs to it', 'cli:+493023****** belongs to it'],
    ['audit 12345, pass 0c7be6a4-1111-2222-3333-446655440000', undefined],
    ['2026-01-05T10:00:00.000Z at https://192.0.2.10:8443/x/12345678', undefined],
    ['larger than 268435456 bytes', undefined],
  ])('%s reads %s', (text, masked) => {
    expect(maskText(text)).toBe(masked ?? text);
  });
});

/** A number, its normal form, and a text in which it is written with separators. */
const planted = fc
  .bigInt({ min: 10n ** 6n, max: 10n ** 15n - 1n })
  .map(String)
  .map((digits) => ({ digits, written: `+${digits.slice(0, 2)} ${digits.slice(2, 5)}-${digits.slice(5)}` }));

function recordWith(cli: string, digits: string, cld: string) {
  const leaf = (fact: string, observed: string) => ({
    result: true,
    fact,
    operator: 'startsWithAnyOf',
    value: [observed, '49'],
    matched: observed,
    observed,
  });
  return {
    id: 7,
    at: '2026-01-05T10:00:00.000Z',
    passId: '0c7be6a4-1111-2222-3333-446655440000',
    ruleHash: 'a'.repeat(64),
    scope: 'cli',
    subject: `cli:${digits}`,
    action: 'alert',
    target: digits,
    account: 10,
    callId: `${digits}@192.0.2.7`,
    cli,
    cld,
    reason: `by hand: ${digits} asked`,
    error: `Not permitted: ${digits}`,
    evidence: {
      conditions: { result: true, all: [leaf('call.cli', digits), leaf('call.cld', digitsOf(cld))] },
      call: { id: '960', callId: `x-${digits}@h`, setupTime: '20260105T10:00:00.000' },
    },
  };
}

describe('masked data', () => {
  it('never holds more than six digits of a number in a row, wherever the number is repeated', () => {
    fc.assert(
      fc.property(planted, planted, (one, other) => {
        const masked = JSON.stringify(maskNumbers(recordWith(one.written, one.digits, other.written)));
        for (const { digits } of [one, other]) {
          for (let from = 0; from + 7 <= digits.length; from += 1)
            expect(masked).not.toContain(digits.slice(from, from + 7));
        }
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  it('holds so of many numbers at once', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => String(493023125001 + index * 7919));
    const rows = numbers.map((cli) => ({ cli, callId: `${cli}@h`, note: `(${cli})` }));
    const masked = JSON.stringify(maskNumbers(rows));
    for (const number of numbers) expect(masked).not.toContain(number.slice(0, 7));
  });

  it('leaves what is no number: IDs, hashes, times, accounts, other scopes, prefixes of rules', () => {
    const record = recordWith('493023125001', '493023125001', '112');
    const { id, at, passId, ruleHash, account, cld } = maskNumbers(record);
    expect({ id, at, passId, ruleHash, account, cld }).toEqual({
      ...{ id: 7, at: record.at, passId: record.passId, ruleHash: record.ruleHash, account: 10, cld: '112' },
    });
    const other = {
      scope: 'account',
      subject: 'account:1234567',
      action: 'alert',
      target: '1234567',
      cli: null,
    };
    expect(maskNumbers(other)).toEqual(other);
    const leaf = { fact: 'call.cld', value: ['88213', '4930'], matched: '88213', observed: '882134567890' };
    expect(maskNumbers(leaf)).toEqual({ ...leaf, observed: '882134******' });
  });
});
