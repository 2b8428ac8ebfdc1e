import { describe, expect, it } from 'vitest';
import {
  countriesOf,
  countryByLibrary,
  countryByRange,
  isValidByLibrary,
  isValidInternational,
} from '../../src/facts/number-metadata.js';

/** Numbers with every calling code, of every length, some with a trunk prefix or the code once more. */
function manyNumbers(each: number): string[] {
  const random = mulberry(11);
  const digits = (length: number) => Array.from({ length }, () => Math.floor(random() * 10)).join('');
  const numbers: string[] = [];
  for (let code = 1; code < 1000; code += 1) {
    const countries = countriesOf(String(code)).length;
    if (countries === 0) continue;
    // Where countries share a code, each has its own ranges.
    for (let one = 0; one < each * countries; one += 1) {
      const before = ['', '', '', '0', '8', String(code)][Math.floor(random() * 6)] ?? '';
      numbers.push(`${code}${before}${digits(Math.floor(random() * 19))}`);
    }
  }
  return numbers;
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe('an international number', () => {
  it('is valid where the library says so', () => {
    const numbers = manyNumbers(60);
    const valid = numbers.filter(isValidByLibrary);
    expect(valid.length).toBeGreaterThan(300);
    expect(numbers.filter(isValidInternational)).toEqual(valid);
  });

  it('belongs to the country that the library finds', () => {
    const numbers = manyNumbers(60);
    const found = numbers.map(countryByLibrary);
    expect(new Set(found).size).toBeGreaterThan(200);
    expect(numbers.map(countryByRange)).toEqual(found);
  });

  it('may be no number at all', () => {
    for (const text of ['', '4', '49', '999', '0', '88299999', `49${'3'.repeat(30)}`])
      expect([text, isValidInternational(text)]).toEqual([text, isValidByLibrary(text)]);
  });
});
