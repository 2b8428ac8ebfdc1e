import { digitsOf, LONGEST_SHORT_CODE, maskNumber } from './mask-number.js';

/** So many digits of a number in a row give it away, without its country code, trunk or technical prefix, too. */
const TELLING_DIGITS = 7;
const DIGITS = /\p{Nd}(?:[\p{Nd}\s()./-]*\p{Nd})?/gu;

/** Numbers that are known from one place, to be found again at others. */
export interface RepeatedNumbers {
  /** Shorter numbers, which have to be met whole. */
  whole: ReadonlySet<string>;
  /** Every run of so many digits of the longer ones. */
  parts: ReadonlySet<string>;
}

export function repeatedNumbers(known: Iterable<string>): RepeatedNumbers {
  const whole = new Set<string>();
  const parts = new Set<string>();
  for (const text of known) {
    const digits = digitsOf(text);
    if (digits.length > LONGEST_SHORT_CODE) whole.add(digits);
    // A 0 in brackets is dialled inside the country only.
    for (const form of [digits, digitsOf(text.replace('(0)', ''))])
      for (const part of partsOf(form)) parts.add(part);
  }
  return { whole, parts };
}

/** A text in which what repeats one of these numbers, or most of it, is masked. */
export function maskRepetitions(text: string, { whole, parts }: RepeatedNumbers): string {
  if (whole.size === 0) return text;
  return text.replace(DIGITS, (found) => {
    const digits = digitsOf(found);
    return whole.has(digits) || partsOf(digits).some((part) => parts.has(part)) ? maskNumber(found) : found;
  });
}

function partsOf(digits: string): readonly string[] {
  const count = Math.max(0, digits.length - TELLING_DIGITS + 1);
  return Array.from({ length: count }, (_, at) => digits.slice(at, at + TELLING_DIGITS));
}
