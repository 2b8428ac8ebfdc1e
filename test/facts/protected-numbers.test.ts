import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

  it('may be SIP user names', () => {
    expect(createProtectedNumbers(['hotline'], german).match('0011#hotline')).toBe('hotline');
  });

  it('protect nothing by an empty entry', () => {
    const numbers = createProtectedNumbers(['', '  '], plain);
    expect(numbers.match('')).toBeUndefined();
    expect(numbers.match('4930123456')).toBeUndefined();
  });
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
