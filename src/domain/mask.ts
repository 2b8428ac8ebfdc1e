/** So many digits at most tell country and range, and stay; at least half of a number is masked. */
const MOST_SHOWN = 6;
/** Short codes say nothing of a person: emergency numbers, services. */
const LONGEST_SHORT_CODE = 4;

/**
 * A telephone number with its last digits as `*`: `493023125001` reads `493023******`. Up to 6 digits stay, and never more
 * than half; up to 4 digits stay whole. The length stays, and so does what is no digit.
 */
export function maskNumber(text: string): string {
  const digits = digitsOf(text).length;
  return digits <= LONGEST_SHORT_CODE ? text : masked(text, Math.min(MOST_SHOWN, Math.floor(digits / 2)));
}

/** A prefix, or a number of a list that stands where a prefix may: its first 6 digits stay. */
export function maskPrefix(text: string): string {
  return masked(text, MOST_SHOWN);
}

function masked(text: string, shown: number): string {
  let left = shown;
  return text.replace(/\p{Nd}/gu, (digit) => {
    left -= 1;
    return left >= 0 ? digit : '*';
  });
}

function digitsOf(text: string): string {
  return text.replace(/\P{Nd}/gu, '');
}

/**
 * Runs of seven digits and more that stand by themselves, those written with `+` and separators too, and the ID of a subject
 * of scope cli. Not parts of dates, addresses, paths and UUIDs.
 */
const NUMBERS_IN_TEXT =
  /(?<![\w.:/-])(?:\+\d[\d ()./-]{5,}\d|\d{7,})(?![\w-]| bytes)|(?<=\bcli:)\+?\d[\d ()./-]{3,}\d/g;

/** Free text, of which nobody knows whether it names a number: what looks like one is masked. */
export function maskText(text: string): string {
  return text.replace(NUMBERS_IN_TEXT, (number) => maskNumber(number));
}

/** Keys whose text is one number. */
const NUMBER_KEYS: ReadonlySet<string> = new Set(['cli', 'cld', 'cliNumber', 'cldNumber']);
/** Keys of free text, that of the switch or of a person. */
const TEXT_KEYS: ReadonlySet<string> = new Set(['error', 'message', 'reason', 'notes', 'text', 'detail']);
/** Made by us, and never of a number: not to be spoilt by digits that happen to be the same. */
const OWN_KEYS: ReadonlySet<string> = new Set(['ruleHash', 'hash', 'passId', 'at', 'startedAt', 'since']);
/** Beyond this many known numbers, texts are searched for whole numbers alone, so that the time stays in bounds. */
const MOST_SEARCHED = 50;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Data for an output with every telephone number in it masked: the fields that bear one, what evidence observed of one or
 * compared with one, subjects and targets of scope cli, and wherever else the same numbers are repeated. What is no plain
 * data is left as it is.
 */
export function maskNumbers<T>(data: T): T {
  const known = new Set<string>();
  const collect = (text: string) => {
    for (const form of [text, digitsOf(text)]) {
      if (digitsOf(form).length > LONGEST_SHORT_CODE) known.add(form);
    }
  };
  visit(data, '', {}, ({ text, how }) => {
    // A prefix stands for many numbers, and its digits for anything else.
    if (how === maskNumber) collect(text);
    return text;
  });
  // The longest first, so that a part of a number does not spoil the whole.
  const numbers = [...known].sort((one, other) => other.length - one.length);
  return visit(
    data,
    '',
    {},
    ({ text, how }) => how(text),
    (text, key) => {
      const repeated = TEXT_KEYS.has(key) ? maskText(text) : text;
      return OWN_KEYS.has(key) ? text : withoutRepetitions(repeated, numbers, known);
    },
  ) as T;
}

function withoutRepetitions(text: string, numbers: readonly string[], known: ReadonlySet<string>): string {
  if (numbers.length <= MOST_SEARCHED) {
    return numbers.reduce((rest, number) => rest.replaceAll(number, maskNumber(number)), text);
  }
  return text.replace(/\+?\p{Nd}(?:[\p{Nd} ()./-]*\p{Nd})?/gu, (number) =>
    known.has(number) || known.has(digitsOf(number)) ? maskNumber(number) : number,
  );
}

/** A text that is a number, and how such a one is masked. */
interface NumberPlace {
  text: string;
  how: (text: string) => string;
}

/** A copy with each number, and each other text, replaced by what is made of it. */
function visit(
  value: unknown,
  key: string,
  parent: Fields,
  number: (place: NumberPlace) => string,
  other: (text: string, key: string) => string = (text) => text,
): unknown {
  if (typeof value === 'string') {
    const how = howToMask(value, key, parent);
    return how === undefined ? other(value, key) : number({ text: value, how });
  }
  if (Array.isArray(value)) return value.map((item) => visit(item, key, parent, number, other));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const fields = value as Fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, child]) => [name, visit(child, name, fields, number, other)]),
  );
}

function howToMask(text: string, key: string, parent: Fields): NumberPlace['how'] | undefined {
  if (NUMBER_KEYS.has(key)) return maskNumber;
  switch (key) {
    case 'observed':
      return isNumberFact(parent['fact']) ? maskNumber : undefined;
    case 'value':
      if (isNumberFact(parent['valueFrom'])) return maskNumber;
      return isNumberFact(parent['fact']) ? maskPrefix : undefined;
    case 'matched':
      return isNumberFact(parent['fact']) ? maskPrefix : undefined;
    case 'entry':
      return NUMBER_KEYS.has(String(parent['key'])) ? maskPrefix : undefined;
    case 'subject':
      return text.startsWith('cli:') ? maskNumber : undefined;
    case 'target':
    case 'id':
      return isOfCaller(parent) ? maskNumber : undefined;
    default:
      return undefined;
  }
}

function isNumberFact(fact: unknown): boolean {
  return typeof fact === 'string' && /\.cl[id]$/.test(fact);
}

/** An alert of a rule of scope cli has the caller's number as its target; an account of the same rule has not. */
function isOfCaller({ scope, action }: Fields): boolean {
  return scope === 'cli' && (action === undefined || action === 'alert');
}
