import { isAddress } from './operators.js';

/** A prefix without its separators, and without the 0 in brackets that is dialled inside the country only. */
export function compactPrefix(written: string): string {
  // As in whole numbers, Italy's 0 is part of the number.
  const isInternational = /^(?:\+|00)(?!\s*39)/.test(written);
  return (isInternational ? written.replace('(0)', '') : written).replace(/[^+0-9]/g, '');
}

/**
 * What is wrong with a prefix of telephone numbers that is an IP address or a network of them; undefined where it is none.
 * Without its dots `192.0.2.1` would be a prefix of real numbers in America. `use` says who takes it for a prefix, where that
 * is written elsewhere.
 */
export function addressProblem(written: string, use = ''): string | undefined {
  // Lists are long, and hardly an entry has either.
  if (!/[.:]/.test(written) || !isAddress(written.trim().replace(/\/\d+$/, ''))) return undefined;
  return `"${written}" is an IP address and no prefix of telephone numbers${use}: addresses are compared by call.callerMediaIp and call.calleeMediaIp, and a number is written with "+" or without dots.`;
}

/** What is wrong with a prefix that no number can begin with, whatever the switch; undefined where nothing is. */
export function deadPrefixProblem(written: string): string | undefined {
  const address = addressProblem(written);
  if (address !== undefined) return address;
  const compact = compactPrefix(written);
  if (!/^\+0|^0+$/.test(compact)) return undefined;
  return `"${written}" is no beginning of any number in normal form: expected international digits, e.g. "+4930".`;
}
