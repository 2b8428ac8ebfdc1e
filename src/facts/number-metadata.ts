import {
  type CountryCode,
  Metadata,
  type NumberingPlan,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/min/metadata';

/** What the numbering of one country says about reading a number that was dialled there. */
export interface DialingPlan {
  country: string;
  /** Country calling code, e.g. `49`. */
  callingCode: string;
  /** What is dialled before a number abroad, as a pattern; several countries name the carrier in it. */
  internationalPrefix: RegExp;
  /** What is dialled before a national number, e.g. `0`; undefined where there is nothing. */
  trunkPrefix: string | undefined;
  /** True where the trunk prefix may be followed by more that is no part of the number, such as a carrier's code. */
  carrierCodes: boolean;
  /** True where national numbers begin with a 0 that is part of them, as in Italy. */
  keepsZero: boolean;
  /** What national numbers look like in the countries that share the calling code; wider than what is valid. */
  nationalNumber: RegExp;
}

/** The part of the library's numbering plan that its typings leave out. */
interface FullNumberingPlan extends NumberingPlan {
  callingCode(): string;
  hasTypes(): boolean;
  type(name: string): { pattern(): string | undefined; possibleLengths(): number[] | undefined } | undefined;
  nationalNumberPattern(): string;
  nationalPrefix(): string | null | undefined | 0;
  nationalPrefixForParsing(): string | null | undefined | 0;
}

/** Whether this ISO 3166-1 alpha-2 code names a country whose numbering is known, so that a config may name it. */
export function isKnownCountry(code: string): boolean {
  return isCountry(code);
}

function isCountry(code: string): code is CountryCode {
  // Own keys only: the library would accept `toString`.
  return Object.hasOwn(metadata.countries, code);
}

/** Throws a RangeError on a country that isKnownCountry refuses. */
export function dialingPlanOf(country: string): DialingPlan {
  const plan = numberingPlanOf(country);
  const trunkPrefix = plan.nationalPrefix() || undefined;
  return {
    country,
    callingCode: plan.callingCode(),
    internationalPrefix: new RegExp(`^(?:${plan.IDDPrefix()})`),
    trunkPrefix,
    carrierCodes: (plan.nationalPrefixForParsing() || undefined) !== trunkPrefix,
    keepsZero: trunkPrefix === undefined && acceptsLeadingZero(plan),
    nationalNumber: nationalNumberOf(countriesOf(plan.callingCode())),
  };
}

function numberingPlanOf(country: string): FullNumberingPlan {
  if (!isCountry(country)) throw new RangeError(`"${country}" is no country whose numbering is known.`);
  const all = new Metadata(metadata);
  all.selectNumberingPlan(country);
  const plan = all.numberingPlan as FullNumberingPlan | undefined;
  if (plan === undefined) throw new RangeError(`No numbering plan for "${country}".`);
  return plan;
}

function nationalNumberOf(countries: readonly string[]): RegExp {
  const patterns = countries.map((country) => `(?:${numberingPlanOf(country).nationalNumberPattern()})`);
  return wholly(patterns.join('|'));
}

/** Tries the national pattern on numbers with every three digits after the 0: patterns differ in no more than these. */
function acceptsLeadingZero(plan: FullNumberingPlan): boolean {
  const pattern = wholly(plan.nationalNumberPattern());
  for (const length of plan.possibleLengths()) {
    for (let start = 0; start < 1000; start++) {
      if (pattern.test(`0${String(start).padStart(3, '0')}`.padEnd(length, '1'))) return true;
    }
  }
  return false;
}

const COUNTRIES_BY_CODE: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(metadata.country_calling_codes),
);

function findCallingCode(digits: string): string | undefined {
  for (let length = 1; length <= 3; length++) {
    const code = digits.slice(0, length);
    if (COUNTRIES_BY_CODE.has(code)) return code;
  }
  return undefined;
}

/** By the first three digits, as it is asked several times for every call. */
const CODE_BY_START: readonly (string | undefined)[] = Array.from({ length: 1000 }, (_, start) =>
  findCallingCode(String(start).padStart(3, '0')),
);
const ZERO = 48;

/** The country calling code that these international digits begin with; undefined for non-geographic codes. */
export function callingCodeOf(digits: string): string | undefined {
  const hundreds = digits.charCodeAt(0) - ZERO;
  const tens = digits.charCodeAt(1) - ZERO;
  const ones = digits.charCodeAt(2) - ZERO;
  const areDigits = hundreds >= 0 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return areDigits ? CODE_BY_START[hundreds * 100 + tens * 10 + ones] : findCallingCode(digits);
}

/** The countries that share a calling code, the main one first. */
export function countriesOf(callingCode: string): readonly string[] {
  return COUNTRIES_BY_CODE.get(callingCode) ?? [];
}

/** The country of complete international digits by its number ranges; undefined where no range fits. */
export function countryByRange(digits: string): string | undefined {
  const code = callingCodeOf(digits);
  const shape = code === undefined ? undefined : shapeOf(code);
  const national = digits.slice(code?.length);
  const isPlain =
    shape !== undefined &&
    national.length >= SHORTEST_NATIONAL_NUMBER &&
    national.length <= LONGEST_NATIONAL_NUMBER &&
    shape.prefix?.test(national) !== true;
  return isPlain ? ownerOf(shape, national)?.country : countryByLibrary(digits);
}

/** The same as libphonenumber says it; some ten times slower. */
export function countryByLibrary(digits: string): string | undefined {
  return parsePhoneNumberFromString(`+${digits}`, metadata)?.country;
}

export function isValidInternational(digits: string): boolean {
  const code = callingCodeOf(digits);
  const shape = code === undefined ? undefined : shapeOf(code);
  const national = digits.slice(code?.length);
  if (shape === undefined || national.length > LONGEST_NATIONAL_NUMBER) return isValidByLibrary(digits);
  if (national.length < SHORTEST_NATIONAL_NUMBER) return false;
  // Of one country, the number is looked for first as it is.
  if (shape.only?.test(national) === true) return true;
  if (shape.prefix?.test(national) === true) return isValidByLibrary(digits);
  return shape.only === undefined && isValidInOneOf(shape, national);
}

/** The same as libphonenumber says it; some ten times slower. */
export function isValidByLibrary(digits: string): boolean {
  return parsePhoneNumberFromString(`+${digits}`, metadata)?.isValid() ?? false;
}

/** What libphonenumber takes for a national number at all. */
const SHORTEST_NATIONAL_NUMBER = 2;
const LONGEST_NATIONAL_NUMBER = 17;

/** What tells the valid numbers of a calling code. */
interface NumberShape {
  /** What the library may take off before it looks; undefined where nothing. */
  prefix: RegExp | undefined;
  /** Where it is the code of one country alone: its numbers. */
  only: RegExp | undefined;
  /** The main one first. */
  countries: readonly CountryShape[];
}

interface CountryShape {
  country: string;
  leadingDigits: RegExp | undefined;
  number: RegExp;
  /** Fixed, mobile and so on; undefined where the library does not tell them apart. */
  types: readonly { number: RegExp; lengths: readonly number[] | undefined }[] | undefined;
}

const SHAPES = new Map<string, NumberShape | undefined>();

function shapeOf(callingCode: string): NumberShape | undefined {
  const known = SHAPES.get(callingCode);
  if (known !== undefined || SHAPES.has(callingCode)) return known;
  const countries = countriesOf(callingCode).map(countryShape);
  const [first] = countries;
  const main = first && numberingPlanOf(first.country);
  const prefix = main && (main.nationalPrefixForParsing() || main.nationalPrefix() || undefined);
  const shape = first && {
    prefix: prefix === undefined ? undefined : new RegExp(`^(?:${prefix})`),
    only: countries.length === 1 ? first.number : undefined,
    countries,
  };
  SHAPES.set(callingCode, shape);
  return shape;
}

const NUMBER_TYPES = [
  'FIXED_LINE',
  'MOBILE',
  'PREMIUM_RATE',
  'TOLL_FREE',
  'SHARED_COST',
  'VOIP',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
];

function countryShape(country: string): CountryShape {
  const plan = numberingPlanOf(country);
  const leadingDigits = plan.leadingDigits() || undefined;
  return {
    country,
    leadingDigits: leadingDigits === undefined ? undefined : new RegExp(`^(?:${leadingDigits})`),
    number: wholly(plan.nationalNumberPattern()),
    types: plan.hasTypes() ? NUMBER_TYPES.flatMap((name) => typeShapes(plan, name)) : undefined,
  };
}

function typeShapes(plan: FullNumberingPlan, name: string) {
  const type = plan.type(name);
  const pattern = type?.pattern() || undefined;
  return pattern === undefined
    ? []
    : [{ number: wholly(pattern), lengths: type?.possibleLengths() ?? undefined }];
}

function wholly(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

/**
 * Of several countries with one calling code the library takes the first to which the number belongs: by leading digits
 * where a country has them, by the types of its numbers otherwise.
 */
function ownerOf({ countries }: NumberShape, national: string): CountryShape | undefined {
  if (countries.length === 1) return countries[0];
  return countries.find((country) => country.leadingDigits?.test(national) ?? isOfAType(country, national));
}

/** What is of none of them has to be a number of the main one. */
function isValidInOneOf(shape: NumberShape, national: string): boolean {
  const country = ownerOf(shape, national) ?? shape.countries[0];
  if (country === undefined) return false;
  return country.types === undefined ? country.number.test(national) : isOfAType(country, national);
}

function isOfAType({ number, types = [] }: CountryShape, national: string): boolean {
  if (!number.test(national)) return false;
  return types.some(
    (type) => (type.lengths?.includes(national.length) ?? true) && type.number.test(national),
  );
}

/** A national number read by the country's full rules; undefined where it is no valid number there. */
export function nationalToInternational(digits: string, plan: DialingPlan): string | undefined {
  if (!isCountry(plan.country)) return undefined;
  const number = parsePhoneNumberFromString(digits, plan.country, metadata);
  if (number === undefined || number.countryCallingCode !== plan.callingCode || !number.isValid())
    return undefined;
  return number.number.slice(1);
}

/** The calling code of a country, also of the ones that only libphonenumber names (AC, TA); '' where it has none. */
export function callingCodeOfCountry(country: string): string {
  for (const [code, countries] of COUNTRIES_BY_CODE) if (countries.includes(country)) return code;
  return '';
}
