import type { BareDigits, Numbering, NumberPlan } from '../domain/numbering.js';
import { createCountryLookup } from './country-of.js';
import { createNationalReading } from './national-reading.js';
import {
  callingCodeOf,
  type DialingPlan,
  dialingPlanOf,
  isValidInternational,
  nationalToInternational,
} from './number-metadata.js';

export { isKnownCountry } from './number-metadata.js';

/**
 * The numbering of one switch. Rules of reading, in order: one technical prefix is taken off (the longest that fits, in a URI
 * that of its user), URI parts and separators go, then `+`, `00` and the country's own international prefix, then the national form is
 * made international (the trunk prefix, or ten digits in the North American plan). Digits without any prefix are
 * international, which is how switches usually write them, unless libphonenumber knows them only as a national number
 * of the country: 678123456 in Spain is a Spanish mobile number, since Vanuatu (678) has none so long. Where the plan says
 * that they are international (`bare`) they are that always: fraud likes ranges that nobody knows. A trunk prefix
 * other than 0 (the 8 of Russia) is left alone: such digits may as well be an international number.
 *
 * normalise is idempotent except where its result is ambiguous by itself: a result that begins with a technical prefix
 * made of digits, a foreign number of ten digits on a switch of the North American plan, and a number written as an
 * international one that is not valid but would be as a national one. So normalise once.
 *
 * Throws a RangeError where the plan's country is not known (isKnownCountry).
 */
export function createNumbering(plan: NumberPlan): Numbering {
  const dialing = plan.country === undefined ? undefined : dialingIn(plan.country, plan.bare);
  const techPrefixes = plan.techPrefixes
    .filter((prefix) => prefix !== '')
    .toSorted((one, other) => other.length - one.length);

  function withoutTechPrefix(text: string): string {
    for (const prefix of techPrefixes) {
      if (text.length > prefix.length && text.startsWith(prefix)) return text.slice(prefix.length);
    }
    return text;
  }

  function read(written: string, number = readNumber(written)): string {
    return number === undefined ? written : toInternational(number, dialing);
  }

  function normalise(raw: string): string {
    const written = withoutTechPrefix(raw.trim());
    if (PLAIN.test(written)) return toInternational({ digits: written, international: false }, dialing);
    const user = userPartOf(written);
    // In a URI the prefix stands before the number itself.
    return read(written, readNumber(user === written ? written : withoutTechPrefix(user)));
  }

  return {
    fingerprint: fingerprintOf(plan, techPrefixes),
    normalise,
    normaliseCaller: (raw) => read(raw.trim()),
    countryOf: createCountryLookup(),
    formsOf(raw) {
      const text = raw.trim();
      const forms = new Set([raw, text, normalise(raw)]);
      for (const written of writingsOf(text, techPrefixes)) addForms(forms, written, dialing);
      forms.delete('');
      return [...forms];
    },
    readingsOf(raw) {
      const readings = new Set([raw.trim(), normalise(raw)]);
      for (const written of writingsOf(raw.trim(), techPrefixes)) {
        const number = readNumber(written);
        if (number === undefined) continue;
        for (const digits of [...readingsIn(number, dialing), ...nationalReadings(number, dialing)]) {
          readings.add(digits);
          readings.add(withoutInnerZero(digits));
        }
      }
      readings.delete('');
      return [...readings];
    },
  };
}

/** Of a plan that says nothing of bare digits it is what it was before plans could. */
function fingerprintOf({ country, bare }: NumberPlan, techPrefixes: readonly string[]): string {
  const parts = [country ?? null, [...new Set(techPrefixes)].sort()];
  return JSON.stringify(country !== undefined && bare === 'international' ? [...parts, bare] : parts);
}

interface Dialing extends DialingPlan {
  /** Whether digits without any prefix are a national number. */
  isNational: (digits: string) => boolean;
}

function dialingIn(country: string, bare: BareDigits = 'either'): Dialing {
  const plan = dialingPlanOf(country);
  if (bare === 'international') return { ...plan, isNational: () => false };
  const isOnlyNational = createNationalReading(plan);
  const isNational = (digits: string) =>
    (plan.callingCode === '1' && NANP_NATIONAL.test(digits)) || isOnlyNational(digits);
  return { ...plan, isNational };
}

interface WrittenNumber {
  digits: string;
  /** Written with `+`: certainly international. */
  international: boolean;
}

const PLAIN = /^\d+$/;
const URI = /^(?:sips?|tel):/i;
/** RFC 3261, 20.10: an address stands in angle brackets, perhaps with a name before it. */
const IN_BRACKETS = /<([^<>]*)>/;
const SEPARATED = /^\+*[\d\s().\-/]*$/;

/** What of a text names the number: the user of a URI, without its scheme, host, port and parameters. */
function userPartOf(text: string): string {
  if (PLAIN.test(text)) return text;
  const address = IN_BRACKETS.exec(text)?.[1]?.trim() ?? text;
  const body = address.replace(URI, '');
  const isUri = body !== address || body.includes('@');
  return body.split(isUri ? /[@;:?]/ : ';', 1)[0] ?? '';
}

/**
 * The digits of a text that is a telephone number, however separated, without parameters after it and without the # or *
 * that ends dialling; undefined for a SIP user name and the like.
 */
function readNumber(text: string): WrittenNumber | undefined {
  if (PLAIN.test(text)) return { digits: text, international: false };
  let body = userPartOf(text).replace(/[#*]+$/, '');
  if (!SEPARATED.test(body)) return undefined;
  // `+49 (0)30`: the 0 in brackets is for callers inside the country. Italy's 0 is part of the number.
  if (/^(?:\+|00)(?!\s*39)/.test(body)) body = body.replace('(0)', '');
  const digits = body.replace(/\D/g, '');
  return digits === '' ? undefined : { digits, international: body.startsWith('+') };
}

const NANP_NATIONAL = /^[2-9]\d{2}[2-9]\d{6}$/;

function toInternational(number: WrittenNumber, dialing: Dialing | undefined): string {
  const rest = withoutInternationalPrefix(number.digits, dialing);
  if (dialing === undefined) return rest;
  if (rest.startsWith('0')) return fromNationalForm(rest, dialing);
  if (number.international || rest !== number.digits) return rest;
  return dialing.isNational(rest) ? dialing.callingCode + rest : rest;
}

function withoutInternationalPrefix(digits: string, dialing: DialingPlan | undefined): string {
  let rest = digits;
  for (;;) {
    const readings = internationalReadings(rest, dialing);
    const [first] = readings;
    if (first === undefined) return rest;
    rest = readings.length > 1 ? (readings.find(isValidInternational) ?? first) : first;
  }
}

/** What is left after each international prefix that fits, the likelier reading first. */
function internationalReadings(digits: string, dialing: DialingPlan | undefined): string[] {
  const readings: string[] = [];
  if (/^00[1-9]/.test(digits)) readings.push(digits.slice(2));
  if (dialing === undefined) return readings;
  const prefix = dialing.internationalPrefix.exec(digits)?.[0];
  if (prefix === undefined || prefix === '00' || !isPlainlyAPrefix(prefix)) return readings;
  const rest = digits.slice(prefix.length);
  if (!/^[1-9]/.test(rest)) return readings;
  // Where 00 alone is dialled as well (Hong Kong, Brazil), a carrier's code after it is the rarer case.
  const alsoPlain = dialing.internationalPrefix.exec('00')?.[0] === '00';
  return alsoPlain ? [...readings, rest] : [rest, ...readings];
}

/**
 * No international number begins with 0, with 810 (Japan's numbers have no 0 there) or with 119 (no area code of the
 * North American plan begins with 1). Other prefixes, such as Finland's 994, are also the start of a foreign number.
 */
function isPlainlyAPrefix(prefix: string): boolean {
  return prefix.startsWith('0') || prefix === '810' || prefix === '119';
}

/** Digits that begin with 0, so that they are no international number. What does not fit the country stays as it is. */
function fromNationalForm(digits: string, dialing: DialingPlan): string {
  const { trunkPrefix, callingCode } = dialing;
  if (dialing.keepsZero) return callingCode + digits;
  if (trunkPrefix === undefined || !trunkPrefix.startsWith('0') || !digits.startsWith(trunkPrefix))
    return digits;
  if (dialing.carrierCodes) {
    const international = nationalToInternational(digits, dialing);
    if (international !== undefined) return international;
  }
  const national = digits.slice(trunkPrefix.length);
  return /^[1-9]/.test(national) ? callingCode + national : digits;
}

/** So many technical prefixes, one behind the other, may stand before a number. */
const MOST_PREFIXES = 3;

/**
 * The text itself, the user of its URI, what follows each technical prefix, and each part between # and *, for unstated
 * prefixes and for what is dialled around a number. A stated prefix is no such part, or one like `110#` would protect every
 * call that bears it.
 */
function writingsOf(text: string, techPrefixes: readonly string[]): Iterable<string> {
  const writings = new Set([text, userPartOf(text)]);
  let layer = [...writings];
  for (let depth = 0; depth < MOST_PREFIXES && layer.length > 0; depth += 1) {
    layer = layer.flatMap((written) => withoutAPrefix(written, techPrefixes));
    for (const written of layer) writings.add(written);
  }
  for (const written of [...writings]) {
    const isParted = userPartOf(written) === written && withoutAPrefix(written, techPrefixes).length === 0;
    if (isParted) for (const part of written.split(/[#*]/)) writings.add(part);
  }
  return writings;
}

/** What follows each technical prefix that fits, also behind a + or 00. */
function withoutAPrefix(text: string, techPrefixes: readonly string[]): string[] {
  const rests = [text, ...(/^(?:\+|00)/.test(text) ? [text.replace(/^(?:\++|00)/, '')] : [])];
  return rests.flatMap((rest) =>
    techPrefixes
      .filter((prefix) => rest.length > prefix.length && rest.startsWith(prefix))
      .map((prefix) => rest.slice(prefix.length)),
  );
}

/** The digits, as written and as international ones, each international prefix that fits taken off or not. */
function readingsIn(number: WrittenNumber, dialing: Dialing | undefined): string[] {
  const readings = [number.digits, toInternational(number, dialing)];
  readings.push(...internationalReadings(number.digits, dialing));
  // Also before an emergency number that begins with 0 itself, such as Australia's 000.
  if (number.digits.startsWith('00')) readings.push(number.digits.slice(2));
  return readings;
}

/** What is not written as an international number may be a national one, with its trunk prefix or without. */
function nationalReadings({ digits, international }: WrittenNumber, dialing: Dialing | undefined): string[] {
  if (dialing === undefined || international || digits.startsWith('00')) return [];
  const { callingCode, trunkPrefix } = dialing;
  const hasTrunk = trunkPrefix !== undefined && digits.startsWith(trunkPrefix);
  return [callingCode + digits, ...(hasTrunk ? [callingCode + digits.slice(trunkPrefix.length)] : [])];
}

/** A trunk prefix that was left behind the country code, as in `+49 030`. */
function withoutInnerZero(digits: string): string {
  const code = callingCodeOf(digits) ?? '';
  return code + digits.slice(code.length).replace(/^0/, '');
}

function addForms(forms: Set<string>, written: string, dialing: Dialing | undefined): void {
  // A trunk prefix in brackets is no part of a number, but in `1(0)0` it may be a digit of a short code.
  if (written.includes('(0)')) addForms(forms, written.replaceAll('(0)', '0'), dialing);
  forms.add(written);
  const number = readNumber(written);
  if (number === undefined) return;
  for (const digits of readingsIn(number, dialing)) {
    addWithoutTrunk(forms, digits, dialing);
    const code = callingCodeOf(digits);
    if (code !== undefined) addWithoutTrunk(forms, digits.slice(code.length), dialing);
  }
}

function addWithoutTrunk(forms: Set<string>, digits: string, dialing: DialingPlan | undefined): void {
  forms.add(digits);
  if (digits.startsWith('0')) forms.add(digits.slice(1));
  const trunkPrefix = dialing?.trunkPrefix;
  if (trunkPrefix !== undefined && digits.startsWith(trunkPrefix))
    forms.add(digits.slice(trunkPrefix.length));
}
