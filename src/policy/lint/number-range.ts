import type { FactDefinition } from '../../domain/facts.js';
import { COUNTRY_COUNT } from '../countries.js';
import { isSide, type Literal } from './normal-form.js';

/** The numbers that a fact can still be. */
export interface NumberRange {
  low: number;
  lowOpen: boolean;
  high: number;
  highOpen: boolean;
  /** Only whole numbers. */
  whole: boolean;
  /** Only these of them; undefined for all. */
  oneOf: ReadonlySet<number> | undefined;
  noneOf: ReadonlySet<number>;
}

/** Counts of things that are neither calls nor time. */
const OTHER_COUNTS: ReadonlySet<string> = new Set(['distinctCld', 'distinctCli', 'distinctMediaIps']);

/** IDs that begin with 1: the switch writes 0 for none, and the fact is missing then. */
const IDS: ReadonlySet<string> = new Set(['call.account', 'call.customer', 'call.connection']);

/** Whether it says whose a call is: one that is nobody's lacks the fact. */
export function isOwnerId({ name }: Pick<FactDefinition, 'name'>): boolean {
  return IDS.has(name);
}

/** What the fact can be at all. Wider than the truth where that is not certain. */
export function possibleRange({ name, unit, aggregate }: FactDefinition): NumberRange {
  const short = name.slice(name.indexOf('.') + 1);
  if (isOwnerId({ name })) return range({ low: 1, whole: true });
  if (short === 'answerRatio') return range({ low: 0, high: 1 });
  if (short === 'distinctCountries') return range({ low: 0, high: COUNTRY_COUNT, whole: aggregate });
  if (unit === 'calls' || OTHER_COUNTS.has(short)) return range({ low: 0, whole: aggregate });
  return unit === 'seconds' || unit === 'minutes' ? range({ low: 0 }) : range({});
}

function range(given: Partial<NumberRange>): NumberRange {
  return {
    low: Number.NEGATIVE_INFINITY,
    lowOpen: false,
    high: Number.POSITIVE_INFINITY,
    highOpen: false,
    whole: false,
    oneOf: undefined,
    noneOf: new Set(),
    ...given,
  };
}

/** What is left of a range where a comparison with plain numbers holds. */
export function narrowed(from: NumberRange, { operator, value }: Literal): NumberRange {
  if (isSideOrText(value)) return from;
  const numbers = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'number');
  const [number] = numbers;
  if (number === undefined) return from;
  switch (operator) {
    case 'greaterThan':
      return atLeast(from, number, true);
    case 'greaterThanInclusive':
      return atLeast(from, number, false);
    case 'lessThan':
      return atMost(from, number, true);
    case 'lessThanInclusive':
      return atMost(from, number, false);
    case 'equal':
    case 'in': {
      const { oneOf } = from;
      return { ...from, oneOf: new Set(numbers.filter((one) => oneOf?.has(one) ?? true)) };
    }
    case 'notEqual':
    case 'notIn':
      return { ...from, noneOf: new Set([...from.noneOf, ...numbers]) };
    default:
      return from;
  }
}

function isSideOrText(value: Literal['value']): boolean {
  return isSide(value) || typeof value === 'string' || typeof value === 'boolean';
}

/** What is left of a range of the numbers from this one on, which is left out itself where `lowOpen`. */
export function atLeast(from: NumberRange, low: number, lowOpen: boolean): NumberRange {
  if (low < from.low) return from;
  return { ...from, low, lowOpen: lowOpen || (low === from.low && from.lowOpen) };
}

function atMost(from: NumberRange, high: number, highOpen: boolean): NumberRange {
  if (high > from.high) return from;
  return { ...from, high, highOpen: highOpen || (high === from.high && from.highOpen) };
}

/** The least number in the range, which is not in it itself where the range is open below. */
function least({ low, lowOpen, whole }: NumberRange): { at: number; open: boolean } {
  if (!whole || !Number.isFinite(low)) return { at: low, open: lowOpen };
  return { at: lowOpen ? Math.floor(low) + 1 : Math.ceil(low), open: false };
}

function greatest({ high, highOpen, whole }: NumberRange): { at: number; open: boolean } {
  if (!whole || !Number.isFinite(high)) return { at: high, open: highOpen };
  return { at: highOpen ? Math.ceil(high) - 1 : Math.floor(high), open: false };
}

/** More whole numbers than this are not looked at one by one. */
const MAX_LISTED = 1_000;

export function isEmpty(one: NumberRange): boolean {
  const [low, high] = [least(one), greatest(one)];
  if (one.oneOf !== undefined) return ![...one.oneOf].some((number) => contains(one, number));
  if (low.at > high.at || (low.at === high.at && (low.open || high.open))) return true;
  if (low.at === high.at) return one.noneOf.has(low.at);
  // Beyond the safe integers the next number may be the same one, and looking would never end.
  const isCountable = Number.isSafeInteger(low.at) && Number.isSafeInteger(high.at);
  if (!one.whole || !isCountable || high.at - low.at > MAX_LISTED) return false;
  for (let number = low.at; number <= high.at; number += 1) if (!one.noneOf.has(number)) return false;
  return true;
}

export function contains(one: NumberRange, number: number): boolean {
  const [low, high] = [least(one), greatest(one)];
  return (
    (number > low.at || (number === low.at && !low.open)) &&
    (number < high.at || (number === high.at && !high.open)) &&
    (!one.whole || Number.isInteger(number)) &&
    (one.oneOf?.has(number) ?? true) &&
    !one.noneOf.has(number)
  );
}

/** Whether every number of the one is also in the other; false where that is not plain. */
export function liesWithin(inner: NumberRange, outer: NumberRange): boolean {
  if (inner.oneOf !== undefined) {
    return [...inner.oneOf].every((number) => !contains(inner, number) || contains(outer, number));
  }
  if (outer.oneOf !== undefined || (outer.whole && !inner.whole)) return false;
  const [low, high] = [least(inner), greatest(inner)];
  const [outerLow, outerHigh] = [least(outer), greatest(outer)];
  const above = low.at > outerLow.at || (low.at === outerLow.at && (low.open || !outerLow.open));
  const below = high.at < outerHigh.at || (high.at === outerHigh.at && (high.open || !outerHigh.open));
  return above && below && [...outer.noneOf].every((number) => !contains(inner, number));
}

/** Whether no number of the one is less than (or, where `orEqual`, equal to) any of the other. */
export function neverBelow(one: NumberRange, other: NumberRange, orEqual: boolean): boolean {
  const [low, high] = [lowest(one), highest(other)];
  if (low.at !== high.at) return low.at > high.at;
  return !orEqual || low.open || high.open;
}

function lowest(one: NumberRange): { at: number; open: boolean } {
  if (one.oneOf === undefined) return least(one);
  return { at: Math.min(...[...one.oneOf].filter((number) => contains(one, number))), open: false };
}

function highest(one: NumberRange): { at: number; open: boolean } {
  if (one.oneOf === undefined) return greatest(one);
  return { at: Math.max(...[...one.oneOf].filter((number) => contains(one, number))), open: false };
}
