import { maskNumber, maskPrefix } from './mask-number.js';
import { maskRepetitions, type RepeatedNumbers, repeatedNumbers } from './mask-repeated.js';
import { maskText } from './mask-text.js';

/** Keys whose text is one number. */
const NUMBER_KEYS: ReadonlySet<string> = new Set(['cli', 'cld', 'cliNumber', 'cldNumber']);
/** Texts of ours which are never of a number: not to be spoilt by digits that happen to be the same. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'actor',
  'at',
  'diskHash',
  'hash',
  'loadedHash',
  'passId',
  'ruleHash',
  'rulesHash',
  'since',
  'startedAt',
  'switch',
  'time',
  'until',
]);
/** IDs that the switch gives, for as long as they are digits alone. */
const ID_KEYS: ReadonlySet<string> = new Set(['id', 'target', 'entry']);
/** What the switch's own names of a call are compared with. */
const ID_FACTS: ReadonlySet<unknown> = new Set(['call.id', 'call.callId']);

type Fields = Readonly<Record<string, unknown>>;
type Mask = (text: string) => string;

/**
 * Data for an output with every telephone number in it masked. By its place: the fields that bear a number, what evidence
 * observed of one or compared with one, the prefixes that narrowed a count, subjects and targets of scope cli. By its look:
 * whatever has seven digits and more in any other text (maskText), but for IDs, hashes and times. And wherever else one of
 * the same numbers is repeated, SIP Call-IDs included. What is no plain data is left as it is.
 */
export function maskNumbers<T>(data: T): T {
  const known = new Set<string>();
  visit(data, '', {}, (text, key, parent) => {
    // A prefix stands for many numbers, and its digits for anything else.
    if (maskOf(text, key, parent) === maskNumber) known.add(text);
    return text;
  });
  const repeated = repeatedNumbers(known);
  return visit(data, '', {}, (text, key, parent) => masked(text, key, parent, repeated)) as T;
}

function masked(text: string, key: string, parent: Fields, repeated: RepeatedNumbers): string {
  if (OWN_KEYS.has(key)) return text;
  const mask = maskOf(text, key, parent);
  if (mask === maskNumber || mask === maskPrefix) return mask(text);
  return maskRepetitions(mask(text), repeated);
}

/** How a text is masked, by where it stands. */
function maskOf(text: string, key: string, parent: Fields): Mask {
  if (NUMBER_KEYS.has(key)) return maskNumber;
  if (isPrefixPlace(key, parent)) return maskPrefix;
  if (isNumberPlace(text, key, parent)) return maskNumber;
  return isIdentifier(text, key, parent) ? unchanged : maskText;
}

function isNumberPlace(text: string, key: string, parent: Fields): boolean {
  switch (key) {
    case 'observed':
      return isNumberFact(parent['fact']);
    case 'value':
      return isNumberFact(parent['valueFrom']);
    case 'subject':
      return /^cl[id]:/.test(text);
    case 'target':
    case 'id':
      return isOfCaller(parent);
    default:
      return false;
  }
}

/** What rules and lists name stands for a range, unless it is longer than one. */
function isPrefixPlace(key: string, parent: Fields): boolean {
  switch (key) {
    case 'value':
      return isNumberFact(parent['fact']) && !isNumberFact(parent['valueFrom']);
    case 'matched':
      return isNumberFact(parent['fact']);
    case 'to':
      return true;
    case 'entry':
      return NUMBER_KEYS.has(String(parent['key']));
    default:
      return false;
  }
}

/** The switch's own name of something, by which a person finds it there again. */
function isIdentifier(text: string, key: string, parent: Fields): boolean {
  if (key === 'callId') return true;
  if (key === 'observed' || key === 'value') return ID_FACTS.has(parent['fact']);
  if (key === 'subject') return /^[a-z]+:\d+$/.test(text);
  return ID_KEYS.has(key) && /^\d+$/.test(text);
}

function isNumberFact(fact: unknown): boolean {
  return typeof fact === 'string' && /\.cl[id]$/.test(fact);
}

/** An alert of a rule of scope cli has the caller's number as its target; an account of the same rule has not. */
function isOfCaller({ scope, action }: Fields): boolean {
  return scope === 'cli' && (action === undefined || action === 'alert');
}

function unchanged(text: string): string {
  return text;
}

/** A copy in which each text is replaced by what is made of it; an error becomes its text. */
function visit(
  value: unknown,
  key: string,
  parent: Fields,
  replace: (text: string, key: string, parent: Fields) => string,
): unknown {
  if (typeof value === 'string') return replace(value, key, parent);
  if (Array.isArray(value)) return value.map((item) => visit(item, key, parent, replace));
  if (value instanceof Error) return replace(String(value), key, parent);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const fields = value as Fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, child]) => [name, visit(child, name, fields, replace)]),
  );
}
