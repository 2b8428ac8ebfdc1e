import { callingCodeOf, countriesOf, countryByRange } from './number-metadata.js';

/** The shortest international numbers (Niue, Saint Helena) have seven digits; below it may as well be a short code. */
const SHORTEST_NUMBER = 7;
/** Enough digits to tell the countries that share a calling code apart: +61 89162 0 is one of the longest ranges. */
const RANGE_DIGITS = 9;
const REMEMBERED_RANGES = 50_000;

/**
 * Tells the country (ISO 3166-1 alpha-2) of a normalised number: by its calling code, and where several countries share
 * it (+1, +7, +44 ...) by the number ranges of libphonenumber. Undefined for what belongs to no single country: satellite
 * and other non-geographic codes, short codes, unassigned ranges of a shared code, and SIP user names.
 */
export function createCountryLookup(): (normalised: string) => string | undefined {
  const ranges = new Map<string, string | undefined>();
  return (normalised) => {
    if (normalised.length < SHORTEST_NUMBER || !/^\d+$/.test(normalised)) return undefined;
    const code = callingCodeOf(normalised);
    if (code === undefined) return undefined;
    const countries = countriesOf(code);
    if (countries.length === 1) return countries[0];
    const range = `${normalised.slice(0, RANGE_DIGITS)}:${normalised.length}`;
    if (ranges.has(range)) return ranges.get(range);
    const country = countryByRange(normalised);
    if (ranges.size >= REMEMBERED_RANGES) ranges.clear();
    ranges.set(range, country);
    return country;
  };
}
