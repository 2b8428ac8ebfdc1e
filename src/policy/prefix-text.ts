/** A prefix without its separators, and without the 0 in brackets that is dialled inside the country only. */
export function compactPrefix(written: string): string {
  // As in whole numbers, Italy's 0 is part of the number.
  const isInternational = /^(?:\+|00)(?!\s*39)/.test(written);
  return (isInternational ? written.replace('(0)', '') : written).replace(/[^+0-9]/g, '');
}

/** What is wrong with a prefix that no number can begin with, whatever the switch; undefined where nothing is. */
export function deadPrefixProblem(written: string): string | undefined {
  const compact = compactPrefix(written);
  if (!/^\+0|^0+$/.test(compact)) return undefined;
  return `"${written}" is no beginning of any number in normal form: expected international digits, e.g. "+4930".`;
}
