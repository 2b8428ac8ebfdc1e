import { didYouMean } from '../documents/did-you-mean.js';
import { describeValue } from '../documents/found-values.js';
import type { Problem } from '../domain/errors.js';
import type { FactFormat } from '../domain/facts.js';
import { deadAddressPrefixProblem } from './address-prefix.js';
import type { CheckContext } from './check-context.js';
import { formatMismatch } from './check-formats.js';
import { inRulesDirectory, type Place, placeText } from './findings.js';
import { looksLikePrefix, numberTextProblem } from './number-text.js';
import { addressProblem, deadPrefixProblem } from './prefix-text.js';
import type { ListEntry } from './read-lists.js';
import { PREFIX_PATTERN } from './schema-values.js';

/** What a rule does with the entries of a list. */
export interface ListUse {
  format: FactFormat;
  /** Compares beginnings instead of whole values. */
  asPrefixes: boolean;
}

/** A list that is wrong throughout is one mistake: this many of its lines are shown. */
const SHOWN_PROBLEMS = 10;

/** The named list must exist, and its entries must be what this fact can be compared with. */
export function checkListUse(name: string, place: Place, use: ListUse, context: CheckContext): void {
  const entries = context.lists.get(name);
  if (entries === undefined) {
    const names = [...context.lists.keys()];
    const there = names.length === 0 ? 'there are no lists' : `expected one of ${names.join(', ')}`;
    const hint = PREFIX_PATTERN.test(name) ? ' Prefixes are written as a list, e.g. ["+882"].' : '';
    context.findings.error(
      place,
      `There is no list "${name}" in ${inRulesDirectory(place, 'lists/')}: ${there}.${hint || didYouMean(name, names)}`,
    );
    return;
  }
  const report = (severity: Problem['severity'], problemOf: (entry: ListEntry) => string | undefined) =>
    context.findings.add(cappedProblems(entries, severity, problemOf));
  report('error', (entry) => entryProblem(entry, use, place));
  if (use.format === 'number-plan' && !use.asPrefixes) {
    report('warning', ({ value }) =>
      looksLikePrefix(value)
        ? `"${value}" looks like a prefix, but whole numbers are compared here: use "startsWithAnyOf" for prefixes.`
        : undefined,
    );
  }
}

/** What is wrong with the entries of a list, each where it stands: the first of them, and how many more there are. */
export function cappedProblems(
  entries: readonly ListEntry[],
  severity: Problem['severity'],
  problemOf: (entry: ListEntry) => string | undefined,
): readonly Problem[] {
  const problems: Problem[] = [];
  let more = 0;
  let last: ListEntry | undefined;
  for (const entry of entries) {
    const message = problemOf(entry);
    if (message === undefined) continue;
    const { location } = entry;
    if (problems.length < SHOWN_PROBLEMS) problems.push({ file: location.file, location, message, severity });
    else {
      last ??= entry;
      more += 1;
    }
  }
  if (last === undefined) return problems;
  const { location } = last;
  const message = `… and ${more} more entries of this list like those above.`;
  return [...problems, { file: location.file, location, message, severity }];
}

/** What stands over a column of numbers in a table, and would be taken for a SIP user name. */
const HEADER_WORDS: ReadonlySet<string> = new Set([
  'cld',
  'cli',
  'destination',
  'e164',
  'msisdn',
  'number',
  'numbers',
  'phone',
  'prefix',
  'telephone',
]);

function entryProblem(
  { value, location, isFirst }: ListEntry,
  { format, asPrefixes }: ListUse,
  usedAt: Place,
): string | undefined {
  if (asPrefixes) {
    if (format === 'ip') return deadAddressPrefixProblem(value);
    if (format !== 'number-plan') return undefined;
    const address = addressProblem(value, `, for which ${placeText(usedAt)} takes this list`);
    if (address !== undefined) return address;
    if (!PREFIX_PATTERN.test(value)) {
      return `"${value}" is no number prefix: expected digits, with or without "+" and separators.`;
    }
    return deadPrefixProblem(value);
  }
  if (format !== 'number-plan') {
    const mismatch = formatMismatch(value, format);
    if (mismatch === undefined) return undefined;
    return `In this list ${mismatch.expected}, but found ${describeValue(value)}.${mismatch.hint}`;
  }
  const isHeader =
    isFirst === true && location.file.toLowerCase().endsWith('.csv') && HEADER_WORDS.has(value.toLowerCase());
  if (isHeader)
    return `"${value}" looks like the header of a table: take the line out, or begin it with "#".`;
  return numberTextProblem(value);
}
