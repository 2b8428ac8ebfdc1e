import { digitOf } from '../domain/digits.js';
import type { Numbering } from '../domain/numbering.js';
import { EMERGENCY_NUMBERS } from './emergency-numbers.js';
import { HELPLINES } from './helplines.js';
import { callingCodeOfCountry } from './number-metadata.js';

/** The numbers that no rule may cut. */
export interface ProtectedNumbers {
  /** The protected number that this CLI or CLD is, in whatever way it is written; undefined where it is none. */
  match(raw: string): string | undefined;
}

/** Up to here a number is a short code in any country; the few longer emergency numbers look like local subscribers. */
const LONGEST_SHORT_CODE = 4;

/** RFC 5031: emergency calls by service name. */
const EMERGENCY_SERVICE = /\burn:service:sos\b/i;

/**
 * Knows the emergency numbers of every region, the helplines that are known, and the numbers given. Wide on purpose, because it only ever protects: a
 * short code counts anywhere, with any technical, international or trunk prefix and any country code before it, but
 * always as the whole number, never as the beginning of a longer one. The numbers of five and six
 * digits, eleven emergency numbers and the helplines of Europe, count bare, or with the country code of their own region; the numbers given in every form, national ones included.
 */
export function createProtectedNumbers(numbers: readonly string[], numbering: Numbering): ProtectedNumbers {
  const anyForm = new Map<string, string>();
  const fullForm = new Map<string, string>();
  for (const [region, ownNumbers] of [...Object.entries(EMERGENCY_NUMBERS), ...Object.entries(HELPLINES)]) {
    for (const number of ownNumbers) {
      if (number.length <= LONGEST_SHORT_CODE) anyForm.set(number, number);
      else {
        fullForm.set(number, number);
        fullForm.set(callingCodeOfCountry(region) + number, number);
      }
    }
  }
  for (const number of numbers.filter((one) => one.trim() !== '')) {
    anyForm.set(number.trim(), number);
    anyForm.set(numbering.normalise(number), number);
    for (const reading of numbering.readingsOf(numbering.normalise(number))) fullForm.set(reading, number);
  }

  function matchSpelling(spelling: string): string | undefined {
    if (EMERGENCY_SERVICE.test(spelling)) return 'urn:service:sos';
    return firstIn(anyForm, numbering.formsOf(spelling)) ?? firstIn(fullForm, numbering.readingsOf(spelling));
  }

  function matchAnew(raw: string): string | undefined {
    for (const spelling of spellingsOf(raw)) {
      const match = matchSpelling(spelling);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  const known = new Map<string, string | undefined>();
  return {
    match(raw) {
      // A call that is to be cut and must not be yet is asked about at every poll.
      let match = known.get(raw);
      if (match === undefined && !known.has(raw)) {
        match = matchAnew(raw);
        if (known.size >= MOST_REMEMBERED) known.clear();
        if (raw.length <= LONGEST_REMEMBERED) known.set(raw, match);
      }
      return match;
    },
  };
}

/** Answers: some 5 MB at the most. */
const MOST_REMEMBERED = 20_000;
/** Characters; numbers have fewer, and what is longer must not fill the memory. */
const LONGEST_REMEMBERED = 64;

function firstIn(known: ReadonlyMap<string, string>, forms: readonly string[]): string | undefined {
  for (const form of forms) {
    const match = known.get(form);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** More than this is no number, however it is written. */
const LONGEST_SPELLING = 1_000;

/** The text, and what it says to whom digits are digits in every script and signs around them are no part of them. */
function spellingsOf(raw: string): ReadonlySet<string> {
  const text = raw.slice(0, LONGEST_SPELLING);
  const spellings = new Set([text, inAscii(text)]);
  for (const derive of [percentDecoded, unquoted, withoutPort, withoutWhatFollows]) {
    for (const spelling of [...spellings]) {
      const derived = derive(spelling);
      if (derived !== undefined) spellings.add(derived);
    }
  }
  return spellings;
}

/** RFC 3261, 19.1.2. */
function percentDecoded(text: string): string | undefined {
  if (!text.includes('%')) return undefined;
  try {
    return inAscii(decodeURIComponent(text));
  } catch {
    // Not every % begins a code: then only those of ASCII are read.
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

function unquoted(text: string): string | undefined {
  return /^["'[({<\s]*([^"'[({<\s].*?)["'\])}>\s]*$/s.exec(text)?.[1];
}

function withoutPort(text: string): string | undefined {
  return /^([^:@]*\d):\d+$/.exec(text.trim())?.[1];
}

/** A pause with what is dialled after it, or the F that ends a number in ISUP (ITU-T Q.763, 3.9). */
function withoutWhatFollows(text: string): string | undefined {
  return /^([^a-z,]*\d)(?:f+|[,pw].*)$/is.exec(text.trim())?.[1];
}

function inAscii(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Cc}]/gu, '')
    .replace(/\p{Pd}/gu, '-')
    .replace(/\p{Nd}/gu, digitOf);
}

const PRINTABLE_ASCII = /^[ -~]*$/;
