import metadata from 'libphonenumber-js/min/metadata';

/** How many countries there are that numbers belong to. */
export const COUNTRY_COUNT = Object.keys(metadata.countries).length;

/** What is wrong with a country code that no number belongs to; undefined where nothing is. */
export function countryProblem(code: string): string | undefined {
  if (!/^[A-Z]{2}$/.test(code)) {
    return 'expected a country as two capital letters (ISO 3166-1), e.g. "DE"';
  }
  // Own keys only, and the same table that the countries of numbers come from: another code could never match.
  if (Object.hasOwn(metadata.countries, code)) return undefined;
  return 'expected a country that telephone numbers belong to (ISO 3166-1 alpha-2)';
}

/**
 * Every country that numbers which begin with these international digits can belong to; none where they are all of
 * satellite and other codes of no single country. Wider than the truth where several countries share a calling code.
 */
export function countriesOfPrefix(digits: string): readonly string[] {
  return Object.entries(metadata.country_calling_codes).flatMap(([code, countries]) =>
    code.startsWith(digits) || digits.startsWith(code) ? countries : [],
  );
}
