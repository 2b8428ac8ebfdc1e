import { countryHint } from '../documents/country-code.js';
import { didYouMean } from '../documents/did-you-mean.js';
import { quotedList } from '../documents/found-values.js';
import { CALL_STATES } from '../domain/call.js';
import type { FactFormat } from '../domain/facts.js';
import { countryProblem } from './countries.js';
import { NO_ADDRESS, plainAddress } from './operators.js';

/** What text of a format has to be, and a hint (` Did you mean …?`, or nothing). */
export interface FormatMismatch {
  expected: string;
  hint: string;
}

/** Undefined where the text is one that a fact of this format can have. */
export function formatMismatch(text: string, format: FactFormat): FormatMismatch | undefined {
  switch (format) {
    case 'country': {
      const expected = countryProblem(text);
      return expected === undefined ? undefined : { expected, hint: countryHint(text) };
    }
    case 'state':
      return (CALL_STATES as readonly string[]).includes(text)
        ? undefined
        : { expected: `expected one of ${quotedList(CALL_STATES)}`, hint: didYouMean(text, CALL_STATES) };
    case 'ip': {
      const address = plainAddress(text);
      const isAddress = address !== undefined && !NO_ADDRESS.has(address);
      return isAddress ? undefined : { expected: 'expected an IP address', hint: '' };
    }
    default:
      return undefined;
  }
}
