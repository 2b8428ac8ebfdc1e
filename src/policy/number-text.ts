import { describeValue } from '../documents/found-values.js';
import { isReadable } from '../domain/numbering.js';
import { isAddress } from './operators.js';

/** A whole number as people write it, perhaps after a technical prefix such as `0011#`. */
const NUMBER = /^(?:[\d*#]*[*#])?\+?[\d\s().\-/]*\d$/;
const URI = /^(?:sips?|tel):/i;
/**
 * The user part of a SIP URI (RFC 3261, 25.1) without escapes and the signs that it shares with tables; letters beyond
 * ASCII and spaces stand in names that a switch lists for a caller.
 */
const USER_NAME = /^[\p{L}\p{N}\-_.!~*'& ]+$/u;
/** Fewer digits are a short code, or the beginning of a number: the shortest international numbers have seven. */
const SHORTEST_NUMBER = 7;

/** What is wrong with text that a number is compared with, as it can be no number and no user name; undefined if nothing. */
export function numberTextProblem(text: string): string | undefined {
  if (isNumberText(text) || isUserName(text)) return undefined;
  return `Expected a whole telephone number, e.g. "+493023125001", or a SIP user name, but found ${describeValue(text)}.`;
}

/** Whether the text can only be a SIP user name. */
export function isUserName(text: string): boolean {
  const user = text.split('@', 1)[0] ?? '';
  return !isNumberText(text) && USER_NAME.test(user) && isReadable(text);
}

/** Whether this is a number too short to be complete; an IP address is written with dots, and is none. */
export function looksLikePrefix(text: string): boolean {
  return !isAddress(text) && isNumberText(text) && text.replace(/\D/g, '').length < SHORTEST_NUMBER;
}

function isNumberText(text: string): boolean {
  const body = text.replace(URI, '').split(/[@;]/, 1)[0] ?? '';
  return NUMBER.test(body.trim());
}
