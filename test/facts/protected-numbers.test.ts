import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberPlan } from '../../src/domain/numbering.js';
import { EMERGENCY_NUMBERS } from '../../src/facts/emergency-numbers.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { createProtectedNumbers } from '../../src/facts/protected-numbers.js';

const german = createNumbering({ country: 'DE', techPrefixes: ['0011#', '77'] });
const plain = createNumbering({ techPrefixes: [] });
const everyNumber = [...new Set(Object.values(EMERGENCY_NUMBERS).flat())];
const shortCodes = everyNumber.filter((number) => number.length <= 4);

describe('emergency numbers', () => {
  it('are known for every region that libphonenumber names any for, 112 and 911 everywhere', () => {
    expect(Object.keys(EMERGENCY_NUMBERS)).toHaveLength(240);
    expect(EMERGENCY_NUMBERS['DE']).toEqual(['110', '112', '911']);
    expect(EMERGENCY_NUMBERS['AU']).toContain('000');
    expect(EMERGENCY_NUMBERS['GB']).toContain('999');
    for (const number of everyNumber) expect(number).toMatch(/^\d{2,6}$/);
  });

  it('match bare on every switch, whatever its numbering', () => {
    for (const country of [undefined, 'DE', 'US', 'AU', 'RU', 'IT', 'HK']) {
      const numbering = createNumbering({ ...(country && { country }), techPrefixes: [] });
      const numbers = createProtectedNumbers([], numbering);
      for (const number of everyNumber)
        expect(numbers.match(number), `${number} in ${country}`).toBeDefined();
    }
  });

  it('match with a digit of their own in brackets, where a trunk prefix would stand', () => {
    const numbers = createProtectedNumbers([], german);
    for (const raw of ['+491(0)0', '+49 1(0)0', '1(0)0', '00491(0)0'])
      expect(numbers.match(raw), raw).toBe('100');
    expect(numbers.match('+49 (0)30 123456')).toBeUndefined();
  });

  it('match in every way of writing a short one', () => {
    const numbers = createProtectedNumbers([], german);
    const number = fc.constantFrom(...shortCodes);
    const tech = fc.constantFrom('', '0011#', '77', '5555#', '*31#');
    const before = fc.constantFrom(
      '',
      '+49',
      '0049',
      '49',
      '+',
      '00',
      '0',
      '+44',
      '0044',
      '1',
      '+49 (0)',
      '0049 0',
    );
    const gap = fc.constantFrom('', ' ', '-');
    fc.assert(
      fc.property(number, tech, before, gap, (digits, prefix, country, separator) => {
        const written = `${prefix}${country}${separator}${digits.slice(0, 1)}${separator}${digits.slice(1)}`;
        expect(numbers.match(written), written).toBeDefined();
      }),
      { seed: 4, numRuns: 2000 },
    );
  });

  it('match as URIs and by the emergency service name', () => {
    const numbers = createProtectedNumbers([], plain);
    expect(numbers.match('sip:112@192.0.2.1;user=phone')).toBe('112');
    expect(numbers.match('tel:112')).toBe('112');
    expect(numbers.match('<sip:112@192.0.2.1>;tag=7')).toBe('112');
    expect(numbers.match('"Emergency" <sip:112@192.0.2.1>')).toBe('112');
    expect(numbers.match('sip:112:secret@192.0.2.1')).toBe('112');
    expect(numbers.match('112;phone-context=+49')).toBe('112');
    expect(numbers.match('+49112;ext=1')).toBe('112');
    expect(numbers.match('urn:service:sos.police')).toBe('urn:service:sos');
  });

  it.each([
    '112#',
    '911#',
    '112*',
    '112##',
    '*31#112#',
    '112#1',
    '#112*2',
    '0011#112#',
    '7*911#',
    'sip:112#@h',
  ])('match with what is dialled around them: %s', (written) => {
    for (const numbering of [plain, german])
      expect(createProtectedNumbers([], numbering).match(written), written).toBeDefined();
  });

  it('do not turn a technical prefix that looks like one into protection of every call that bears it', () => {
    const numbering = createNumbering({ techPrefixes: ['110#'] });
    const numbers = createProtectedNumbers([], numbering);
    expect(numbers.match('110#493023125001')).toBeUndefined();
    expect(numbers.match('110#112')).toBe('112');
    expect(numbers.match('110#')).toBe('110');
  });

  it('match behind a technical prefix in a URI, behind a +, and behind several', () => {
    const numbers = createProtectedNumbers([], german);
    const writings = [
      'sip:77112@192.0.2.1',
      '<sip:0011#112@h>',
      '+77112',
      '0077112',
      '0011#77112',
      '7777112',
    ];
    for (const written of writings) expect(numbers.match(written), written).toBe('112');
    for (const number of everyNumber) {
      for (const written of [`sip:77${number}@h`, `0011#sip:${number}@h`, `sip:77${number}@h:5060`])
        expect(numbers.match(written), written).toBeDefined();
    }
    expect(numbers.match('sip:77493023125001@h')).toBeUndefined();
  });

  it('match in the digits of every script, and with signs around them that are no part of them', () => {
    const numbers = createProtectedNumbers([], plain);
    for (const written of [
      '１１２',
      '١١٢',
      '१११'.replace(/.$/, '२'),
      '1\u200b12',
      '\u200e112',
      '1\u201312',
      '"112"',
      '[112]',
      "'+49 112'",
      '112,,1',
      '112p1',
      '112F',
      '%EF%BC%91%EF%BC%91%EF%BC%92',
      '<urn:service:sos>',
      '"Help" <urn:service:sos.fire>',
    ])
      expect(numbers.match(written), written).toBeDefined();
    expect(numbers.match('112 Ltd')).toBeUndefined();
    expect(numbers.match('4930112F')).toBeUndefined();
  });

  it('take no time to speak of over texts that are made to', () => {
    const numbers = createProtectedNumbers(
      [],
      createNumbering({ country: 'DE', techPrefixes: ['7', '77', '7#'] }),
    );
    for (const text of ['7', '"', '#7', '%2', '<', '(0)', 'f', '0'])
      expect(numbers.match(text.repeat(5_000))).toBeUndefined();
  });

  it('match with the country code of their own region where they are as long as a local number', () => {
    const numbers = createProtectedNumbers([], plain);
    expect(numbers.match('+691 320221')).toBe('320221');
    expect(numbers.match('+298 320221')).toBeUndefined();
  });

  it('never match as the beginning or end of an ordinary number', () => {
    const subscribers = fc.stringMatching(/^[1-9][0-9]{8,14}$/);
    const own = new Set([
      '691320221',
      '291124422',
      '291127799',
      '291201606',
      '291201917',
      '291202099',
      '291202914',
    ]);
    own.add('227723141');
    for (const numbering of [plain, createNumbering({ country: 'DE', techPrefixes: ['0011#'] })]) {
      const numbers = createProtectedNumbers([], numbering);
      for (const number of ['1104930123', '49110123456', '112999999', '4930123112', '911555010000']) {
        expect(numbers.match(number), number).toBeUndefined();
      }
      fc.assert(
        fc.property(subscribers, (number) => {
          fc.pre(!own.has(number));
          expect(numbers.match(number), number).toBeUndefined();
        }),
        { seed: 5, numRuns: 2000 },
      );
    }
  });
});

describe('configured numbers', () => {
  it('match in every way of writing them, and nothing longer or shorter', () => {
    const numbers = createProtectedNumbers(['+49 30 123456', '116117'], german);
    for (const written of ['4930123456', '004930123456', '030/123456', '0011#030123456', '77+4930123456'])
      expect(numbers.match(written), written).toBe('+49 30 123456');
    expect(numbers.match('+49116117')).toBe('116117');
    expect(numbers.match('49301234567')).toBeUndefined();
    expect(numbers.match('493012345')).toBeUndefined();
  });

  it.each([
    ['DE', '+49 30 123456', ['+49030123456', '0049030123456', '30123456', '030 123456', '+49 (0)30 123456']],
    ['DE', '030 123456', ['+4930123456', '+49030123456', '30123456']],
    ['RU', '+7 495 1234567', ['84951234567', '4951234567', '74951234567', '81074951234567']],
    ['IT', '+39 06 123456', ['06123456', '003906123456', '+396123456']],
    ['US', '+1 212 555 0100', ['2125550100', '01112125550100', '1-212-555-0100']],
    ['BR', '+55 11 91234 5678', ['011912345678', '01511912345678', '11912345678']],
  ])('match in national forms, in %s %s', (country, number, writings) => {
    const numbers = createProtectedNumbers([number], createNumbering({ country, techPrefixes: ['77#'] }));
    for (const written of writings) {
      expect(numbers.match(written), written).toBe(number);
      expect(numbers.match(`sip:77#${written}@192.0.2.1:5060`), written).toBe(number);
    }
  });

  it('match with the trunk prefix of their own country left in, whatever the switch is told of numbers', () => {
    expect(createProtectedNumbers(['+49 30 123456'], plain).match('+49 030 123456')).toBe('+49 30 123456');
  });

  it('are not met by the same digits in another country', () => {
    const numbers = createProtectedNumbers(['+49 30 123456'], german);
    for (const written of ['+4430123456', '004430123456', '+44030123456', '+130123456'])
      expect(numbers.match(written), written).toBeUndefined();
  });

  it('may be SIP user names', () => {
    expect(createProtectedNumbers(['hotline'], german).match('0011#hotline')).toBe('hotline');
  });

  it('protect nothing by an empty entry', () => {
    const numbers = createProtectedNumbers(['', '  '], plain);
    expect(numbers.match('')).toBeUndefined();
    expect(numbers.match('4930123456')).toBeUndefined();
  });
});

it('says of a number what it said before, however many it was asked about in between', () => {
  const numbers = createProtectedNumbers(['+49 30 123456'], german);
  const asked = [
    '030123456',
    '4930123456',
    '112',
    '4930123457',
    `${'9'.repeat(100)}`,
    `112${' '.repeat(100)}`,
  ];
  const first = asked.map((raw) => numbers.match(raw));
  expect(first).toEqual(['+49 30 123456', '+49 30 123456', '112', undefined, undefined, '112']);
  expect(asked.map((raw) => numbers.match(raw))).toEqual(first);
  for (let other = 0; other < 25_000; other += 1) numbers.match(`4940${1_000_000 + other}`);
  expect(asked.map((raw) => numbers.match(raw))).toEqual(first);
});

it('knows an emergency number that is percent-encoded or bears a port', () => {
  const protectedNumbers = createProtectedNumbers([], createNumbering({ techPrefixes: [] }));
  expect(['%2B112', '%31%31%32', '112:5060'].map((raw) => protectedNumbers.match(raw))).toEqual([
    '112',
    '112',
    '112',
  ]);
  expect(['4930112:5060', '%2B4930123112', '%zz'].map((raw) => protectedNumbers.match(raw))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

describe('helplines are protected like emergency numbers', () => {
  const match = (raw: string, plan: NumberPlan = { techPrefixes: ['77#'] }) =>
    createProtectedNumbers([], createNumbering(plan)).match(raw);

  it.each(['116117', '+49116117', '0049 116 117', '77#116117', '116123', '381116111'])(
    'in Europe, %s bare and with a country code of there',
    (raw) => {
      expect(match(raw)).toMatch(/^116\d{3}$/);
    },
  );

  it.each(['988', '+1988', '1988', '0988'])('the crisis line of America, %s', (raw) => {
    expect(match(raw, { country: 'US', techPrefixes: [] })).toBe('988');
  });

  it.each(['116118', '1161171', '49301161177', '+1116117', '+49988123'])(
    'but nothing else that looks like one: %s',
    (raw) => {
      expect(match(raw)).toBeUndefined();
    },
  );
});
