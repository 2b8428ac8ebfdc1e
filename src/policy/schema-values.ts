import { z } from 'zod';
import { didYouMean } from '../documents/did-you-mean.js';
import {
  DURATION_EXPECTED,
  DURATION_PATTERN,
  durationPattern,
  durationText,
  parseDuration,
} from '../documents/duration.js';
import { describeValue } from '../documents/found-values.js';
import { addressProblem, deadPrefixProblem } from './prefix-text.js';
import { parseUntil, UNTIL_PATTERN } from './until.js';

/** A telephone number prefix as people write it: `+49 800`, `0044-20`, `882`. */
export const PREFIX_PATTERN = /^\+?[0-9][0-9 ()./-]*$/;
/** Begins with a letter, so that the name of a list can never be read as a prefix. */
export const LIST_NAME_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;
const KEBAB_CASE = /^[a-z0-9-]{1,64}$/;

export const kebabCase = z
  .string()
  .regex(KEBAB_CASE, 'A name is made of lower-case letters, digits and hyphens, 1 to 64 of them.');

const PREFIX_IS_TEXT = 'A prefix is text: put it in quotes, so that leading zeros and "+" survive.';

export const prefix = z
  .string({ error: ({ input }) => (input === undefined ? undefined : PREFIX_IS_TEXT) })
  .regex(PREFIX_PATTERN, { error: ({ input }) => noPrefix(input), abort: true })
  .refine((written) => deadPrefixProblem(written) === undefined, {
    error: ({ input }) => deadPrefixProblem(String(input)),
  });

/** Callers without a number go by what the switch writes in its place. */
const HIDDEN_NUMBER = /^(?:anonymous|private|restricted|unavailable|unknown|withheld)$/i;

function noPrefix(found: unknown): string {
  const address = typeof found === 'string' ? addressProblem(found) : undefined;
  if (address !== undefined) return address;
  const hint =
    typeof found === 'string' && HIDDEN_NUMBER.test(found)
      ? ` Callers without a number are matched by a condition: { fact: call.cli, operator: equal, value: ${found} }.`
      : '';
  return `This is no number prefix: expected digits, with or without "+" and separators.${hint}`;
}

export const entityId = z.int().positive();

export function oneOrMore<T extends z.ZodType>(item: T) {
  return z.union([item, z.array(item).min(1)]);
}

export const DAY_MS = 86_400_000;

interface DurationBounds {
  zero?: boolean;
  leastMs?: number;
}

/**
 * `10m` under the given key: more than nothing (or at least that, where `zero` is set), at least `leastMs` where that is set,
 * and at most `mostMs`.
 */
export function duration(key: string, mostMs: number, { zero = false, leastMs = 0 }: DurationBounds = {}) {
  const form = (issue: { input?: unknown }) => durationProblem(key, issue.input);
  const inRange = (text: string) => {
    const ms = parseDuration(text) ?? 0;
    return ms <= mostMs && ms >= leastMs && (zero || ms > 0);
  };
  const least = leastMs > 0 ? `at least ${durationText(leastMs)} and ` : zero ? '' : 'more than 0 and ';
  const range = `${least}at most ${durationText(mostMs)}`;
  return z
    .string({ error: form })
    .regex(DURATION_PATTERN, { error: form, abort: true })
    .refine(inRange, {
      error: ({ input }) => `"${key}": expected ${range}, but found ${describeValue(input)}.`,
    })
    .meta({
      pattern: durationPattern(mostMs, { zero, leastMs }).source,
      // What editors say in place of the pattern, which nobody could read.
      patternErrorMessage: `Expected ${DURATION_EXPECTED}: ${range}.`,
    });
}

/** A bare number is most often meant in seconds, but nobody should have to guess. */
function durationProblem(key: string, found: unknown): string | undefined {
  if (found === undefined) return undefined;
  const isNumber = typeof found === 'number' || (typeof found === 'string' && /^\d+$/.test(found));
  const hint = isNumber ? ` For seconds write "${found}s".` : '';
  return `"${key}": expected ${DURATION_EXPECTED}, but found ${describeValue(found)}.${hint}`;
}

/** The name of a time zone as Intl knows it, whichever spelling of the IANA database; no offsets, which know no DST. */
export const timezone = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9+_/-]*$/, { error: ({ input }) => noTimezone(String(input)), abort: true })
  .refine(isTimezone, { error: ({ input }) => noTimezone(String(input)) });

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function noTimezone(name: string): string {
  // The list still has the former name of Kyiv.
  const known = Intl.supportedValuesOf('timeZone').filter((one) => one !== 'Europe/Kiev');
  const hint = didYouMean(name, ['UTC', 'Europe/Kyiv', ...known]);
  return `There is no time zone "${name}": expected an IANA name, e.g. "Europe/Kyiv".${hint}`;
}

/** `18:30`; for the end of a span `24:00` too. */
export function timeOfDay(key: 'from' | 'to') {
  const pattern = key === 'to' ? /^(?:([01]\d|2[0-3]):[0-5]\d|24:00)$/ : /^([01]\d|2[0-3]):[0-5]\d$/;
  const error = ({ input }: { input?: unknown }) =>
    input === undefined
      ? undefined
      : `"${key}": expected a time of day in quotes, "00:00" to "${key === 'to' ? '24:00' : '23:59'}", but found ${describeValue(input)}.`;
  return z.string({ error }).regex(pattern, { error });
}

const noUntil = ({ input }: { input?: unknown }) =>
  `"until": expected a date, e.g. 2026-12-31 (through that day, UTC), or a date and time with its zone, e.g. 2026-12-31T18:00:00Z, but found ${describeValue(input)}.`;

export const until = z
  .string('"until" is text: a date such as "2026-12-31", or a date and time with its zone.')
  .regex(UNTIL_PATTERN, { error: noUntil, abort: true })
  .refine((text) => parseUntil(text) !== undefined, { error: noUntil });
