import type { Random } from './random.js';

/** A block of telephone numbers: the prefix, then this many digits. International, without `+`. */
export interface NumberRange {
  prefix: string;
  digits: number;
}

/**
 * Numbers that regulators set aside for films and books, so that no simulated call shows a number that somebody has:
 * Ofcom "telephone numbers for use in TV and radio drama", NANPA 555-0100 to 555-0199, Bundesnetzagentur
 * "Rufnummern für Medienproduktionen", ARCEP decision 2018-0881, ACMA "phone numbers for use in radio, books, film and TV".
 */
export const DRAMA_NUMBERS = {
  ukLondon: { prefix: '4420794600', digits: 2 },
  ukManchester: { prefix: '4416149600', digits: 2 },
  ukMobile: { prefix: '447700900', digits: 3 },
  usNewYork: { prefix: '121255501', digits: 2 },
  usChicago: { prefix: '131255501', digits: 2 },
  usSeattle: { prefix: '120655501', digits: 2 },
  deBerlin: { prefix: '493023125', digits: 3 },
  deFrankfurt: { prefix: '496990009', digits: 3 },
  deMunich: { prefix: '498999998', digits: 3 },
  deMobile: { prefix: '4917139200', digits: 2 },
  frParis: { prefix: '331990000', digits: 2 },
  frMobile: { prefix: '3363998', digits: 4 },
  auSydney: { prefix: '6125550', digits: 4 },
} as const satisfies Record<string, NumberRange>;

/**
 * Destinations that are known for International Revenue Share Fraud and have one country code each. No drama ranges
 * exist there; a subscriber number that begins with 0 is assigned in none of them.
 * The 9 after it keeps the digits that are left without zeros too long to be an emergency number.
 */
export const HIGH_RISK_NUMBERS: readonly NumberRange[] = [
  { prefix: '25209', digits: 6 }, // Somalia
  { prefix: '5309', digits: 6 }, // Cuba
  { prefix: '23209', digits: 6 }, // Sierra Leone
  { prefix: '96009', digits: 5 }, // Maldives
  { prefix: '37109', digits: 6 }, // Latvia
  { prefix: '22409', digits: 7 }, // Guinea
  { prefix: '68809', digits: 4 }, // Tuvalu
  { prefix: '88209', digits: 8 }, // international networks
];

/** The number at this place of the range; counts round at its end. */
export function numberAt(range: NumberRange, index: number): string {
  return range.prefix + String(index % 10 ** range.digits).padStart(range.digits, '0');
}

export function numberFrom(ranges: readonly NumberRange[], random: Random): string {
  const range = random.pick(ranges);
  return numberAt(range, random.integer(10 ** range.digits));
}
