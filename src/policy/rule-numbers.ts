import type { Numbering } from '../domain/numbering.js';
import type { RuleSet } from '../domain/rule.js';
import { compactPrefix } from './prefix-text.js';
import { LIST_NAME_PATTERN } from './schema-values.js';

/** Numbers and prefixes of rule files in the normal form of one switch. */
export interface RuleNumbers {
  number(written: string): string;
  prefix(written: string): string;
  /** The same for callers' numbers, which bear no technical prefix. */
  callerNumber(written: string): string;
  callerPrefix(written: string): string;
  /** Prefixes, with the names of lists among them replaced by what the lists hold. */
  prefixes(written: readonly string[], lists: RuleSet['lists']): readonly string[];
}

export function createRuleNumbers(numbering: Numbering): RuleNumbers {
  const prefix = (written: string) => normalPrefix(written, (digits) => numbering.normalise(digits));
  const callerPrefix = (written: string) =>
    normalPrefix(written, (digits) => numbering.normaliseCaller(digits));
  return {
    number: (written) => numbering.normalise(written),
    prefix,
    callerNumber: (written) => numbering.normaliseCaller(written),
    callerPrefix,
    prefixes: (written, lists) =>
      written.flatMap((entry) =>
        LIST_NAME_PATTERN.test(entry) ? (lists.get(entry) ?? []).map(prefix) : [prefix(entry)],
      ),
  };
}

/**
 * A prefix is the beginning of a number, so what reads whole numbers must not see it: a technical prefix made of digits
 * would be cut off it, and ten digits taken for a national number. Only a leading 0 needs the switch's numbering
 * (00, 011, a trunk prefix); digits without one are international, as in every prefix list.
 */
function normalPrefix(written: string, normalise: (digits: string) => string): string {
  const compact = compactPrefix(written);
  if (compact.startsWith('+')) return compact.slice(1);
  return compact.startsWith('0') ? normalise(compact) : compact;
}
