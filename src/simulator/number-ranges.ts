import type { Random } from './random.js';

/** A block of telephone numbers: the prefix, then this many digits; with none it is a single number. International, without `+`. */
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

/**
 * Wider ranges for traffic by the ten thousand, in which a random choice hits neighbouring numbers as rarely as on a real
 * network. Ofcom's drama ranges of whole cities, the 555 exchanges of area codes of the NANP (kept for information
 * services and for films), and elsewhere subscriber numbers that begin with 0, which no country with the trunk prefix 0
 * assigns.
 */
export const WIDE_NUMBERS = {
  uk: [
    { prefix: '442079460', digits: 3 },
    { prefix: '441134960', digits: 3 },
    { prefix: '441144960', digits: 3 },
    { prefix: '441154960', digits: 3 },
    { prefix: '441164960', digits: 3 },
    { prefix: '441174960', digits: 3 },
    { prefix: '441184960', digits: 3 },
    { prefix: '441214960', digits: 3 },
    { prefix: '441314960', digits: 3 },
    { prefix: '441414960', digits: 3 },
    { prefix: '441514960', digits: 3 },
    { prefix: '441614960', digits: 3 },
    { prefix: '441914980', digits: 3 },
  ],
  germany: [
    { prefix: '493009', digits: 6 },
    { prefix: '494009', digits: 6 },
    { prefix: '496909', digits: 6 },
    { prefix: '498909', digits: 6 },
  ],
  america: [
    { prefix: '1212555', digits: 4 },
    { prefix: '1312555', digits: 4 },
    { prefix: '1206555', digits: 4 },
    { prefix: '1415555', digits: 4 },
    { prefix: '1713555', digits: 4 },
    { prefix: '1617555', digits: 4 },
  ],
  france: [{ prefix: '33109', digits: 6 }],
  neighbours: [
    { prefix: '31209', digits: 6 }, // Netherlands
    { prefix: '43109', digits: 6 }, // Austria
    { prefix: '48220', digits: 6 }, // Poland
    { prefix: '34909', digits: 6 }, // Spain
  ],
  far: [
    { prefix: '90212', digits: 7 }, // Turkey
    { prefix: '911109', digits: 6 }, // India
    { prefix: '551109', digits: 6 }, // Brazil
    { prefix: '27110', digits: 6 }, // South Africa
    { prefix: '81309', digits: 6 }, // Japan
  ],
  /** Dear to call, and on nobody's list of usual suspects. */
  dear: [
    { prefix: '21609', digits: 6 }, // Tunisia
    { prefix: '38709', digits: 6 }, // Bosnia and Herzegovina
    { prefix: '35509', digits: 6 }, // Albania
    { prefix: '38109', digits: 6 }, // Serbia
    { prefix: '99409', digits: 7 }, // Azerbaijan
    { prefix: '26309', digits: 7 }, // Zimbabwe
    { prefix: '92009', digits: 7 }, // Pakistan
    { prefix: '21309', digits: 6 }, // Algeria
  ],
  /** A rural exchange of the NANP, where the called carrier earns by the minute. */
  ruralAmerica: [{ prefix: '1712555', digits: 4 }],
} as const satisfies Record<string, readonly NumberRange[]>;

/** The number at this place of the range; counts round at its end. */
export function numberAt(range: NumberRange, index: number): string {
  if (range.digits === 0) return range.prefix;
  return range.prefix + String(index % 10 ** range.digits).padStart(range.digits, '0');
}

export function numberFrom(ranges: readonly NumberRange[], random: Random): string {
  const range = random.pick(ranges);
  return numberAt(range, random.integer(10 ** range.digits));
}
