import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberPlan } from '../../src/domain/numbering.js';
import { dialingPlanOf, isValidInternational } from '../../src/facts/number-metadata.js';
import { createNumbering, isKnownCountry } from '../../src/facts/numbering.js';

const plain = createNumbering({ techPrefixes: [] });
const inCountry = (country: string) => createNumbering({ country, techPrefixes: [] });

describe('normalise', () => {
  it.each([
    ['+49 30 123456', '4930123456'],
    ['0049-30-123456', '4930123456'],
    ['(49) 30.123/456', '4930123456'],
    ['+49 (0)30 123456', '4930123456'],
    ['+39 (0)6 12345678', '390612345678'],
    ['tel:+49-30-123456', '4930123456'],
    ['sip:+4930123456@192.0.2.1;user=phone', '4930123456'],
    ['112', '112'],
    ['030123456', '030123456'],
  ])('reads %s as %s where no country is configured', (written, expected) => {
    expect(plain.normalise(written)).toBe(expected);
  });

  it.each([
    ['DE', '030 123456', '4930123456'],
    ['DE', '4930123456', '4930123456'],
    ['DE', '0044 20 79460000', '442079460000'],
    ['DE', '112', '112'],
    ['US', '(212) 555-0100', '12125550100'],
    ['US', '1 212 555 0100', '12125550100'],
    ['US', '011 49 30 123456', '4930123456'],
    ['US', '+4512345678', '4512345678'],
    ['IT', '06 12345678', '390612345678'],
    ['HU', '06 1 2345678', '3612345678'],
    ['AU', '0011 49 30 123456', '4930123456'],
    ['AU', '0011 49', '49'],
    ['HK', '001 86 10 12345678', '861012345678'],
    ['HK', '00 86 10 12345678', '861012345678'],
    ['RU', '810 49 30 123456', '4930123456'],
    ['RU', '84951234567', '84951234567'],
    ['FI', '994121234567', '994121234567'],
    ['BR', '0 21 11 2345 6789', '551123456789'],
    ['BJ', '0195123456', '2290195123456'],
    ['DE', '030 123456#', '4930123456'],
    ['DE', '"Anna" <sip:+4930123456@192.0.2.1>', '4930123456'],
    ['DE', '030123456;phone-context=+49', '4930123456'],
  ])('reads what is dialled in %s as %s into %s', (country, written, expected) => {
    expect(inCountry(country).normalise(written)).toBe(expected);
  });

  it.each([
    // Each of these begins like a high-risk destination: Vanuatu, the Falklands, Cuba, Gambia, Lithuania, the Maldives.
    ['ES', '678123456', '34678123456'],
    ['ES', '678 12 34 56', '34678123456'],
    ['PL', '500123456', '48500123456'],
    ['DK', '53123456', '4553123456'],
    ['NO', '22012345', '4722012345'],
    ['PT', '220123456', '351220123456'],
    ['CZ', '222123456', '420222123456'],
    ['GR', '6901234567', '306901234567'],
    ['IT', '3701234567', '393701234567'],
    ['IN', '9602345678', '919602345678'],
    ['SG', '67812345', '6567812345'],
    ['HK', '53123456', '85253123456'],
    ['FR', '678123456', '33678123456'],
    ['CH', '220123456', '41220123456'],
    ['BR', '53912345678', '5553912345678'],
    ['RU', '9601234567', '79601234567'],
    ['MX', '5312345678', '525312345678'],
    ['CO', '3701234567', '573701234567'],
    ['UA', '677123456', '380677123456'],
    ['GG', '2079460000', '442079460000'],
  ])(
    'reads what is written in %s without any prefix, %s, as the national number %s',
    (country, written, expected) => {
      expect(inCountry(country).normalise(written)).toBe(expected);
      expect(inCountry(country).normaliseCaller(written)).toBe(expected);
    },
  );

  it.each([
    ['valid abroad as well as at home', 'IN', '9607701234', '9607701234'],
    ['written as an international number', 'ES', '+678123456', '678123456'],
    ['valid nowhere', 'ES', '678123', '678123'],
    ['of a foreign country', 'ES', '4930123456', '4930123456'],
  ])('keeps a number international that is %s', (_, country, written, expected) => {
    expect(inCountry(country).normalise(written)).toBe(expected);
  });

  it.each([
    ['DE', '5309580949'],
    ['DE', '224090248160'],
    ['DE', '882098000000'],
    ['US', '5309580949'],
    ['ES', '678123456'],
  ])('takes bare digits for international ones in %s where the plan says so: %s', (country, written) => {
    const numbering = createNumbering({ country, bare: 'international', techPrefixes: ['77#'] });
    expect(inCountry(country).normalise(written)).not.toBe(written);
    expect(numbering.normalise(written)).toBe(written);
    expect(numbering.normalise(`77#${written}`)).toBe(written);
    expect(numbering.normalise(`sip:${written}@192.0.2.1`)).toBe(written);
    expect(numbering.normaliseCaller(written)).toBe(written);
  });

  it('reads a trunk prefix, + and 00 whatever the plan says of bare digits', () => {
    const numbering = createNumbering({ country: 'DE', bare: 'international', techPrefixes: [] });
    expect(numbering.normalise('030 123456')).toBe('4930123456');
    expect(numbering.normalise('+4930123456')).toBe('4930123456');
    expect(numbering.normalise('00530958094')).toBe('530958094');
    // What protects is as wide as ever: whoever wrote the national number is spared as well.
    expect(numbering.readingsOf('5309580949')).toContain('495309580949');
  });

  it('has the fingerprint of before where the plan says nothing else of bare digits', () => {
    const of = (plan: Partial<NumberPlan>) => createNumbering({ techPrefixes: [], ...plan }).fingerprint;
    expect(of({ country: 'DE', bare: 'either' })).toBe(of({ country: 'DE' }));
    expect(of({ bare: 'international' })).toBe(of({}));
    expect(of({ country: 'DE', bare: 'international' })).not.toBe(of({ country: 'DE' }));
  });

  it('takes no technical prefix off the number of a caller', () => {
    const numbering = createNumbering({ country: 'DE', techPrefixes: ['99'] });
    expect(numbering.normaliseCaller('994501234567')).toBe('994501234567');
    expect(numbering.normaliseCaller(' 030 123456')).toBe('4930123456');
    expect(numbering.normalise('994930123456')).toBe('4930123456');
  });

  it('takes one technical prefix off, the longest that fits', () => {
    const numbering = createNumbering({ techPrefixes: ['00', '0011#', '0011#7'] });
    expect(numbering.normalise('0011#4930123456')).toBe('4930123456');
    expect(numbering.normalise('0011#74930123456')).toBe('4930123456');
    expect(createNumbering({ techPrefixes: ['9#'] }).normalise('9#9#49')).toBe('9#49');
  });

  it.each(['alice', 'sip:alice@example.org', '*31#4930', 'anonymous', '49x30', '+'])(
    'returns %s as written, since it is no number',
    (written) => {
      expect(plain.normalise(written)).toBe(written);
    },
  );

  it('takes the technical prefix off a SIP user name too', () => {
    expect(createNumbering({ techPrefixes: ['0011#'] }).normalise('0011#alice')).toBe('alice');
  });

  it('refuses a country that it does not know', () => {
    expect(() => inCountry('XX')).toThrow(RangeError);
    expect(() => inCountry('toString')).toThrow(RangeError);
    expect([isKnownCountry('DE'), isKnownCountry('XX'), isKnownCountry('toString')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('changes nothing when done twice, outside the North American plan', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^\+{0,2}0{0,4}[0-9 ().-]{1,18}$/),
      fc.stringMatching(/^(0011#)?(\+|00|0|810|011)?[0-9]{1,15}$/),
    );
    const country = fc.constantFrom(
      undefined,
      'DE',
      'IT',
      'HU',
      'RU',
      'BR',
      'AU',
      'HK',
      'JP',
      'GB',
      'SG',
      'FI',
      'AR',
    );
    const seen = new Map<string | undefined, ReturnType<typeof createNumbering>>();
    fc.assert(
      fc.property(text, country, (written, code) => {
        const numbering =
          seen.get(code) ?? createNumbering({ ...(code && { country: code }), techPrefixes: [] });
        seen.set(code, numbering);
        const once = numbering.normalise(written);
        // An invalid number with an international prefix, like a foreign one without: only the prefix told them apart.
        const invalid = code !== undefined && !isValidInternational(once);
        const allowed = invalid ? [once, dialingPlanOf(code).callingCode + once] : [once];
        expect(allowed).toContain(numbering.normalise(once));
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('gives the same number however a German number is written', () => {
    const numbering = createNumbering({ country: 'DE', techPrefixes: ['0011#', '99'] });
    const national = fc.stringMatching(/^[2-8][0-9]{6,9}$/);
    const separator = fc.constantFrom('', ' ', '-', '.', ' / ');
    fc.assert(
      fc.property(national, separator, fc.constantFrom('', '0011#'), (digits, gap, tech) => {
        const spaced = `${digits.slice(0, 2)}${gap}${digits.slice(2)}`;
        const forms = [`+49${spaced}`, `0049${spaced}`, `0${spaced}`, `49${spaced}`, `+49(0)${spaced}`];
        const results = forms.map((form) => numbering.normalise(tech + form));
        expect(new Set(results)).toEqual(new Set([`49${digits}`]));
      }),
      { seed: 2 },
    );
  });

  it('gives the same number however an American number is written', () => {
    const numbering = createNumbering({ country: 'US', techPrefixes: ['7#'] });
    fc.assert(
      fc.property(fc.stringMatching(/^[2-9][0-9]{2}[2-9][0-9]{6}$/), (digits) => {
        const forms = [digits, `1${digits}`, `+1${digits}`, `0111${digits}`, `001${digits}`, `7#${digits}`];
        expect(new Set(forms.map((form) => numbering.normalise(form)))).toEqual(new Set([`1${digits}`]));
      }),
      { seed: 3 },
    );
  });
});

describe('countryOf', () => {
  it.each([
    ['4930123456', 'DE'],
    ['12125550100', 'US'],
    ['14165550100', 'CA'],
    ['18095550100', 'DO'],
    ['74951234567', 'RU'],
    ['77172123456', 'KZ'],
    ['447400123456', 'GB'],
    ['447781123456', 'GG'],
    ['3906698123456', 'VA'],
    ['61891621234', 'CC'],
    ['61212345678', 'AU'],
    ['881612345678', undefined],
    ['883510012345678', undefined],
    ['979123456789', undefined],
    ['112', undefined],
    ['alice', undefined],
    ['999999999999', undefined],
  ])('says that %s belongs to %s', (number, country) => {
    expect(plain.countryOf(number)).toBe(country);
    expect(plain.countryOf(number)).toBe(country);
  });
});
