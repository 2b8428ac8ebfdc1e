import type { Limit } from '../domain/facts.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { compactPrefix } from '../policy/prefix-text.js';
import { readLimits } from '../policy/read-limits.js';
import { readLists } from '../policy/read-lists.js';

/**
 * The different entries of a list or limits file, in a form that only tells them apart: a number is one entry however it is
 * spaced, and a limit is its switch, scope, id and name, whatever its value. Undefined where the file is not readable as
 * what it is.
 */
export function entriesOf(file: RuleFileText): ReadonlySet<string> | undefined {
  if (saysNothing(file.text)) return new Set();
  if (file.kind === 'limits') {
    const { limits, problems } = readLimits(file);
    return problems.length > 0 ? undefined : new Set(limits.map(limitKey));
  }
  const { lists, problems } = readLists([file]);
  const [entries] = lists.values();
  if (entries === undefined || problems.length > 0) return undefined;
  return new Set(entries.map(({ value }) => comparable(value)));
}

/** Empty lines and comments alone; the checker refuses such a list, but what it lost is known. */
function saysNothing(text: string): boolean {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .every((line) => /^\s*(#|$)/.test(line));
}

function limitKey({ switch: switchName, scope, id, name }: Limit): string {
  return JSON.stringify([switchName ?? null, scope, scope === 'cli' ? comparable(id) : id, name]);
}

/** What only a number is written with; dots without a + are those of an address. */
const NUMBER = /^(?:[+\d\s()/-]+|\+[\d\s().\-/]+)$/;

/** One form for a number with or without separators, `+` and `00`; any other text as it is. */
function comparable(written: string): string {
  return NUMBER.test(written) ? compactPrefix(written).replace(/^(?:\+|00)/, '') : written;
}
