import { isSupportedCountry } from 'libphonenumber-js';

/** What people write in place of the ISO 3166-1 code. */
const MISTAKEN: Readonly<Record<string, string>> = { UK: 'GB', EN: 'GB', EL: 'GR' };

/** What the country of a numbering plan has to be, as messages say it. */
export const COUNTRY_EXPECTED =
  'expected a country that telephone numbers belong to, as two capital letters (ISO 3166-1), e.g. DE';

/** The hint after a code that is no country: ` Did you mean "GB"?`, or nothing. */
export function countryHint(code: string): string {
  const upperCase = code.toUpperCase();
  const meant = Object.hasOwn(MISTAKEN, upperCase) ? MISTAKEN[upperCase] : upperCase;
  return meant !== undefined && meant !== code && isSupportedCountry(meant)
    ? ` Did you mean "${meant}"?`
    : '';
}
