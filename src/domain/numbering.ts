/** How one switch writes telephone numbers; part of its config. */
export interface NumberPlan {
  /** ISO 3166-1 alpha-2, e.g. DE: how numbers without an international prefix are read. */
  country?: string;
  /** Prefixes that route a call and are no part of the number, e.g. `0011#`. */
  techPrefixes: readonly string[];
}

/**
 * The one normalisation of telephone numbers of a switch. Prefix lists, number lists, countries and protection all
 * compare its results, so that a number written in two ways is the same number everywhere.
 */
export interface Numbering {
  /**
   * The number as international digits without `+` or `00`; what is no number (a SIP user name) is returned as written,
   * without its technical prefix.
   */
  normalise(raw: string): string;
  /** ISO 3166-1 alpha-2 of a normalised number; undefined for what belongs to no single country. */
  countryOf(normalised: string): string | undefined;
  /**
   * Every form in which a protected number might have been written into this raw number: as written, without
   * technical prefix, without country code, without trunk prefix. Wide on purpose: it only ever protects.
   */
  formsOf(raw: string): readonly string[];
}
