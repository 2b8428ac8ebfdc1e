/**
 * What digits without `+`, `00` or a trunk prefix are. either: an international number, or a national one where they are valid
 * as that alone, and in the North American plan wherever they look like one.
 */
export const BARE_DIGITS = ['international', 'either'] as const;
export type BareDigits = (typeof BARE_DIGITS)[number];

/** How one switch writes telephone numbers; part of its config. */
export interface NumberPlan {
  /** ISO 3166-1 alpha-2, e.g. DE: how numbers without an international prefix are read. */
  country?: string;
  /** `either` where it is left out. Without a country there is no national number, and all are international. */
  bare?: BareDigits;
  /** Prefixes that route a call and are no part of the number, e.g. `0011#`. */
  techPrefixes: readonly string[];
}

/**
 * The one normalisation of telephone numbers of a switch. Prefix lists, number lists, countries and protection all
 * compare its results, so that a number written in two ways is the same number everywhere.
 */
export interface Numbering {
  /** Two numberings that read some number differently differ in it; it may be kept and compared later. */
  readonly fingerprint: string;
  /**
   * The number as international digits without `+` or `00`; what is no number (a SIP user name) is returned as written,
   * without its technical prefix.
   */
  normalise(raw: string): string;
  /** The same for a caller's number, which bears no technical prefix: that is dialled, and so is part of CLDs alone. */
  normaliseCaller(raw: string): string;
  /** ISO 3166-1 alpha-2 of a normalised number; undefined for what belongs to no single country. */
  countryOf(normalised: string): string | undefined;
  /**
   * Every form in which a protected number might have been written into this raw number: as written, without
   * technical prefix, without country code, without trunk prefix. Wide on purpose: it only ever protects.
   */
  formsOf(raw: string): readonly string[];
  /**
   * Every whole number that this raw one may be, as international digits: with technical prefixes taken off, read as an
   * international and as a national number, without a trunk prefix behind the country code. As wide, for the same reason.
   */
  readingsOf(raw: string): readonly string[];
}

const NUMBER = /^\d+$/;
const LETTER = /\p{L}/u;
/** The length of a run of digits that nobody takes for a user name any more, with the separators of numbers among them. */
const LONG_RUN_OF_DIGITS = /\p{Nd}(?:[\s().\-/]*\p{Nd}){4}/u;

/**
 * Whether a normalised text says which number or which user is meant. What has no letter and is no number, such as
 * `0011#4930` where the technical prefix is not configured, does not; neither does a number among words. To compare such a
 * text with a list would tell it apart from the very number that it stands for.
 */
export function isReadable(normalised: string): boolean {
  if (NUMBER.test(normalised)) return true;
  const user = normalised.split('@', 1)[0] ?? '';
  return LETTER.test(user) && !LONG_RUN_OF_DIGITS.test(user);
}

/** The dialled number in normal form; undefined where none is listed or it cannot be read. */
export function dialledNumber(cld: string | undefined, numbering: Numbering): string | undefined {
  return cld === undefined ? undefined : ifReadable(numbering.normalise(cld));
}

/** The caller's number in normal form; undefined where none is listed or it cannot be read. */
export function callerNumber(cli: string | undefined, numbering: Numbering): string | undefined {
  return cli === undefined ? undefined : ifReadable(numbering.normaliseCaller(cli));
}

function ifReadable(normalised: string): string | undefined {
  return isReadable(normalised) ? normalised : undefined;
}
