import { digitOf } from './digits.js';

/** So many digits at most tell country and range, and stay; at least half of a number is masked. */
const MOST_SHOWN = 6;
/** Short codes say nothing of a person: emergency numbers, services. */
export const LONGEST_SHORT_CODE = 4;

/**
 * A telephone number with its last digits as `*`: `493023125001` reads `493023******`. Up to 6 digits stay, and never more
 * than half; up to 4 digits stay whole. The length stays, and so does what is no digit.
 */
export function maskNumber(text: string): string {
  const digits = digitsOf(text).length;
  return digits <= LONGEST_SHORT_CODE ? text : masked(text, Math.min(MOST_SHOWN, Math.floor(digits / 2)));
}

/** A prefix, or a number of a list that stands where a prefix may: its first 6 digits stay. */
export function maskPrefix(text: string): string {
  return masked(text, MOST_SHOWN);
}

function masked(text: string, shown: number): string {
  let left = shown;
  return text.replace(/\p{Nd}/gu, (digit) => {
    left -= 1;
    return left >= 0 ? digit : '*';
  });
}

/** The digits of a text, whatever script it has them in, as 0 to 9. */
export function digitsOf(text: string): string {
  const digits = text.replace(/\P{Nd}/gu, '');
  return /^[0-9]*$/.test(digits) ? digits : digits.replace(/\P{ASCII}/gu, digitOf);
}
