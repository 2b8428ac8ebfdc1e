import type { z } from 'zod';
import type { Problem } from '../domain/errors.js';
import { didYouMean } from './did-you-mean.js';
import { describeValue, quotedList, valueAt } from './found-values.js';
import { knownKeysAt } from './known-keys.js';
import type { DocumentPath, LocatedDocument } from './located-document.js';

export interface ZodProblemsOptions {
  /** The schema that refused the document; its keys are what unknown keys are compared with. */
  schema?: z.ZodType;
  /** Where the checked value stands in the document; default its root. */
  at?: DocumentPath;
  /** A sentence for an unknown key that deserves more than "unknown", e.g. one that is not supported yet. */
  explainKey?: (key: string, path: DocumentPath) => string | undefined;
}

/**
 * The problems that a schema found, each at the key (unknown keys) or value (bad values) that is wrong, saying what was
 * expected and what was found. One problem per unknown key. A schema's own `error` texts are kept as they are.
 */
export function zodProblems(
  error: { readonly issues: readonly Issue[] },
  document: LocatedDocument,
  options: ZodProblemsOptions = {},
): Problem[] {
  return error.issues.flatMap((issue) => issueProblems(issue, document, options.at ?? [], options));
}

type Issue = z.core.$ZodIssue;

/** Whoever has more in one mapping has another kind of file. */
const MOST_UNKNOWN_KEYS = 100;

function issueProblems(
  issue: Issue,
  document: LocatedDocument,
  parent: DocumentPath,
  options: ZodProblemsOptions,
): Problem[] {
  const path = [...parent, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    const schemaPath = path.slice(options.at?.length ?? 0);
    const known = options.schema === undefined ? [] : knownKeysAt(options.schema, schemaPath);
    const told = issue.keys.slice(0, MOST_UNKNOWN_KEYS).map((key) => {
      const message = options.explainKey?.(key, path) ?? unknownKey(key, known);
      return problemAt(document, [...path, key], 'key', message);
    });
    const next = issue.keys[MOST_UNKNOWN_KEYS];
    if (next === undefined) return told;
    const more = issue.keys.length - MOST_UNKNOWN_KEYS;
    const message = `${more} more ${more === 1 ? 'key of this mapping is' : 'keys of this mapping are'} not known.`;
    return [...told, problemAt(document, [...path, next], 'key', message)];
  }
  const branch = issue.code === 'invalid_union' ? closestBranch(issue.errors) : undefined;
  if (branch !== undefined) return branch.flatMap((inner) => issueProblems(inner, document, path, options));
  const message = isOwnText(issue.message)
    ? issue.message
    : mismatch(path, expected(issue), valueAt(document.value, path));
  return [problemAt(document, path, 'value', message)];
}

function problemAt(
  document: LocatedDocument,
  path: DocumentPath,
  part: 'key' | 'value',
  message: string,
): Problem {
  return { file: document.file, location: document.locate(path, part), message, severity: 'error' };
}

/** `"mod" is not a known key.`, with what was probably meant or, failing that, what there is. */
export function unknownKey(key: string, known: readonly string[]): string {
  const hint = didYouMean(key, known);
  if (hint !== '') return `"${key}" is not a known key.${hint}`;
  return known.length === 0
    ? `"${key}" is not a known key.`
    : `"${key}" is not a known key: expected one of ${known.join(', ')}.`;
}

/** `"keep": expected …, but found …`, or `"keep" is missing: expected …` where nothing is written. */
function mismatch(path: DocumentPath, what: Expectation, found: unknown): string {
  const name = path.length === 0 ? 'The document' : `"${nameOf(path)}"`;
  if (found === undefined) return `${name} is missing: expected ${what.text}.`;
  const hint = typeof found === 'string' ? didYouMean(found, what.words) : '';
  return `${name}: expected ${what.text}, but found ${describeValue(found)}.${hint}`;
}

/** The last key with what belongs to it, e.g. `accounts[1]`. */
function nameOf(path: DocumentPath): string {
  const lastKey = path.findLastIndex((step) => typeof step === 'string');
  return path
    .slice(Math.max(lastKey, 0))
    .map((step) => (typeof step === 'number' ? `[${step}]` : step))
    .join('');
}

interface Expectation {
  text: string;
  /** The closed list of words, where it is one. */
  words: readonly string[];
}

function expected(issue: Issue): Expectation {
  switch (issue.code) {
    case 'invalid_type':
      return plain(TYPE_NAMES[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return {
        text: issue.values.length === 1 ? quotedList(issue.values) : `one of ${quotedList(issue.values)}`,
        words: issue.values.filter((value): value is string => typeof value === 'string'),
      };
    case 'too_small':
      return plain(bound(issue.origin, issue.minimum, issue.inclusive === false ? 'more than' : 'at least'));
    case 'too_big':
      return plain(bound(issue.origin, issue.maximum, issue.inclusive === false ? 'less than' : 'at most'));
    case 'not_multiple_of':
      return plain(`a multiple of ${issue.divisor}`);
    case 'invalid_format':
      return plain(
        issue.pattern === undefined ? `a valid ${issue.format}` : `text of the form ${issue.pattern}`,
      );
    case 'invalid_key':
      return plain('a valid key');
    default:
      return plain('something else');
  }
}

function plain(text: string): Expectation {
  return { text, words: [] };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

function bound(origin: string, limit: number | bigint, comparison: string): string {
  if (origin === 'array') return `a list of ${comparison} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string')
    return `text of ${comparison} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `a number, ${comparison} ${limit}`;
}

/** Zod's standard messages all begin so; anything else was written by the schema's author for a person. */
function isOwnText(message: string): boolean {
  return !/^(Invalid|Too small|Too big|Unrecognized)\b/.test(message);
}

/**
 * Of a union, the branch that came closest: the one whose first problem lies deepest, then one that takes values of this
 * type at all, then the one with the fewest problems.
 */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (issues: readonly Issue[]) => Math.min(...issues.map((issue) => issue.path.length));
  const strange = (issues: readonly Issue[]) =>
    issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0) ? 1 : 0;
  return branches
    .filter((issues) => issues.length > 0)
    .toSorted(
      (one, other) => depth(other) - depth(one) || strange(one) - strange(other) || one.length - other.length,
    )[0];
}
