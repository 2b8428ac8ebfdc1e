import { maskNumber } from './mask-number.js';

/** What may stand between two digits of one number; an invisible character, too, that was written out already. */
const BETWEEN = String.raw`(?:[\s\p{Pd}\p{Cf}.．·・()/_~'’]|\\u[0-9a-f]{4}){0,4}`;
/** The shortest number that is one by its looks: with fewer digits it is a count, a short code or the beginning of one. */
const LOOKS_LIKE_NUMBER = String.raw`\p{Nd}(?:${BETWEEN}\p{Nd}){6,}`;
/** The subject of a rule of scope cli, which is a number whatever its length. */
const CALLER_SUBJECT = String.raw`(?<=\bcl[id]:\+?)\p{Nd}(?:${BETWEEN}\p{Nd}){4,}`;

const NOT_WITHIN = String.raw`(?<![\p{L}\p{Nd}])`;
const NOT_GOING_ON = String.raw`(?![\p{L}\p{Nd}])`;
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';

/** What bears many digits and is no number: our own hashes and IDs, instants, addresses, sizes. */
const NO_NUMBERS = [
  `${NOT_WITHIN}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}${NOT_GOING_ON}`,
  `${NOT_WITHIN}(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{12})${NOT_GOING_ON}`,
  String.raw`(?<![\p{L}\p{Nd}+])(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?Z?)?(?![\p{L}\p{Nd}]|[-./]\p{Nd})`,
  // As the switch writes them.
  String.raw`${NOT_WITHIN}(?:19|20)[0-9]{6}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?`,
  String.raw`(?<![\p{L}\p{Nd}.])${OCTET}(?:\.${OCTET}){3}(?::[0-9]{1,5})?(?:/[0-9]{1,2})?(?![\p{L}\p{Nd}]|\.\p{Nd})`,
  String.raw`${NOT_WITHIN}[0-9]{1,10} bytes\b`,
].join('|');

const FOUND = new RegExp(`(?<kept>${NO_NUMBERS})|${CALLER_SUBJECT}|${LOOKS_LIKE_NUMBER}`, 'gu');

/**
 * Free text, of which nobody knows whether it names a number: seven digits and more are taken for one, however they are
 * separated and whatever stands around them, unless they read as an instant, an address, a hash or a size.
 */
export function maskText(text: string): string {
  return text.replace(FOUND, (found, ...rest) => {
    const { kept } = rest.at(-1) as { kept?: string };
    return kept === undefined ? maskNumber(found) : found;
  });
}
