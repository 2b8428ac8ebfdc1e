import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskNumbers } from '../../src/domain/mask.js';
import { maskNumber, maskPrefix } from '../../src/domain/mask-number.js';
import { maskText } from '../../src/domain/mask-text.js';

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
    [
      '2026-01-05T10:00:00.000Z at https://192.0.2.10:8443/x/1234567',
      '2026-01-05T10:00:00.000Z at https://192.0.2.10:8443/x/123****',
    ],
    ['larger than 268435456 bytes', undefined],
    ['192.0.2.0/24, set up 20260105T10:00:00.000, last pass 2026-01-05 10:00:00', undefined],
    [`hash dacdec15a882 of ${'0123456789abcdef'.repeat(4)}`, undefined],
    ['447700900123/493023125001', '447700******/************'],
    ['cld:12345 and cli:123456', 'cld:12*** and cli:123***'],
    ['rules/lists/victim-447700900555.txt:3:1: error', 'rules/lists/victim-447700******.txt:3:1: error'],
    ['0049\\u200b30\\u200b23125001', '0049\\u20*b**\\u***b********'],
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

/** Ways in which people and switches write a number, or two at once. */
const STYLES: readonly ((digits: string, gap: string) => string)[] = [
  (digits) => digits,
  (digits) => `+${digits}`,
  (digits, gap) => `00${digits.slice(0, 2)}${gap}${digits.slice(2, 4)}${gap}${digits.slice(4)}`,
  (digits, gap) => digits.replace(/(.{3})(?=.)/g, `$1${gap}`),
  (digits, gap) => digits.replace(/(.{2})(?=.)/g, `$1${gap}`),
  (digits) => `+${digits.slice(0, 2)} (0)${digits.slice(2, 4)} / ${digits.slice(4)}`,
  (digits) => `tel:${digits}`,
  (digits) => `sip:+${digits}@192.0.2.7`,
  (digits) => `cld=${digits};`,
  (digits) => `call${digits}back`,
  (digits) => `/var/${digits}/x`,
  (digits, gap) => `${digits}${gap}${digits}`,
  (digits) => `"${digits}"`,
  (digits) => digits.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
  (digits) => digits.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
];
const GAPS = [' ', '-', '.', '/', '\u00a0', ' - ', '\u2011', '\u200b', ') (', '_'];
const READS_AS_ADDRESS_OR_DATE = /^\d{1,3}(\.\d{1,3}){3}$|^\d{4}-\d\d-\d\d$/;

const styled = fc
  .record({
    digits: fc.stringMatching(/^[1-9]\d{6,14}$/),
    style: fc.constantFrom(...STYLES),
    gap: fc.constantFrom(...GAPS),
  })
  .map(({ digits, style, gap }) => ({ digits, written: style(digits, gap) }))
  .filter(({ written }) => !READS_AS_ADDRESS_OR_DATE.test(written));

/** All digits and stars of a text, one after the other, in ASCII. */
function shownOf(text: string): string {
  return text
    .replace(/[\u0660-\u0669]/g, (digit) => String((digit.codePointAt(0) ?? 0) - 0x660))
    .normalize('NFKC')
    .replace(/[^\d*]/g, '');
}

function expectMasked(text: string, digits: string): void {
  const shown = shownOf(text);
  for (let from = 0; from + 7 <= digits.length; from += 1)
    expect(shown, text).not.toContain(digits.slice(from, from + 7));
}

describe('a number however it is written', () => {
  it('is masked in any text', () => {
    const words = fc.constantFrom('', 'of ', 'by hand: ', 'customer ', '(', 'except.cld names ');
    fc.assert(
      fc.property(styled, words, words, ({ digits, written }, before, after) => {
        expectMasked(maskText(`${before}${written} ${after}`), digits);
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('is masked under any key, and wherever it is repeated without its country code', () => {
    const placed = ({ digits, written }: { digits: string; written: string }) => [
      {
        fact: 'account.totalCalls',
        params: { to: [written] },
        operator: 'greaterThan',
        value: 0,
        observed: 1,
      },
      { fact: 'call.cld', operator: 'inList', value: written, matched: digits, observed: digits },
      { fact: 'call.cli', operator: 'equal', value: digits, valueFrom: 'call.cld', observed: digits },
      { side: 'except', key: 'cld', entry: written, until: null, because: `customer ${written} asked` },
      { scope: 'cli', subject: `cli:${written}`, action: 'alert', target: written, rule: `block-${written}` },
      { cli: written, cld: written, callId: `${digits.slice(-7)}-1@h`, id: '960' },
      {
        reason: `by hand: ${written}`,
        paused: { reason: written },
        notes: [`call:960 belongs to cli:${written}`],
      },
      { error: { code: 'SWITCH_FAULT', message: written }, broken: new Error(written) },
    ];
    fc.assert(
      fc.property(styled, (number) => {
        for (const one of placed(number)) expectMasked(JSON.stringify(maskNumbers(one)), number.digits);
      }),
      { seed: 4, numRuns: 1000 },
    );
  });
});

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
    const ofCall = { fact: 'call.callId', value: '1234567890-1@h', observed: '1234567890-1@h' };
    expect(maskNumbers(ofCall)).toEqual(ofCall);
    const call = {
      switch: 'lab-1234567',
      id: '12345678',
      callId: '1234567890-1@h',
      at: '2026-01-05T10:00:00.000Z',
    };
    expect(maskNumbers(call)).toEqual(call);
  });
});
