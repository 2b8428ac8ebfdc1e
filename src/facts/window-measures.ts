import { type FactParams, historyMsOf, type MissingReason } from '../domain/facts.js';
import type { CountryMemory } from './country-memory.js';
import { isShorterThan, type PastCall, talkMs } from './past-call.js';
import { readAddress } from './read-address.js';
import type { Bucket, Peak, Reading } from './window-view.js';

/** A fact over a window, as the calls of one subject make it. */
export interface Measure {
  /** By which instant a call is in the window. */
  basis: 'started' | 'ended';
  reading: (params: FactParams) => Reading;
  /** What the bucket comes to; `doubt` where calls in it cannot be assigned or measured. */
  observe: (bucket: Bucket | undefined, asked: Asked) => MeasuredValue | MissingReason;
  /** Whether a call that counts is among those that make the value; all of them where it is absent. */
  makes?: (past: PastCall, reading: Reading, bucket: Bucket, asked: Asked) => boolean;
  /** Where the value is the most that one key comes to: what the key of a call that counts comes to. */
  comesTo?: (past: PastCall, reading: Reading, bucket: Bucket, asked: Asked) => number | undefined;
}

export interface MeasuredValue {
  value: number;
  atLeast: boolean;
  /** Time alone may put it in doubt. */
  fades?: boolean;
  /** See KnownFact. */
  callsTo?: ((value: number) => number) | undefined;
}

/** What is asked, of whom and when. */
export interface Asked {
  params: FactParams;
  /** Of scope account: which; undefined for other scopes. */
  account: number | undefined;
  from: number;
  now: number;
  /** There may be calls that were started in the window and are not in the bucket. */
  suspected: boolean;
  countries: CountryMemory;
}

const isDoubtful = (bucket: Bucket, { suspected }: Asked) =>
  suspected || bucket.maybe > 0 || bucket.blank > 0;

/** What is known of a subject without any calls. */
export const NO_CALLS: Bucket = {
  size: 0,
  sure: 0,
  maybe: 0,
  lost: 0,
  blank: 0,
  hits: 0,
  sum: 0,
  counts: undefined,
  peak: { value: 0, of: () => 0, keysTo: (value) => value },
};

function counting(value: (bucket: Bucket) => number): Measure['observe'] {
  return (bucket = NO_CALLS, asked) => ({ value: value(bucket), atLeast: isDoubtful(bucket, asked) });
}

/** How many different keys the calls bear. */
function distinct(key: (past: PastCall) => string | undefined): Measure {
  return {
    basis: 'started',
    reading: () => ({ key }),
    observe: counting((bucket) => bucket.counts?.size ?? 0),
    makes: (past) => key(past) !== undefined,
  };
}

function peaking(basis: Measure['basis'], reading: Measure['reading'], peakOf: PeakOf): Measure {
  return {
    basis,
    reading,
    observe(bucket = NO_CALLS, asked) {
      const { value, keysTo } = peakIn(bucket, peakOf, asked.params);
      return { value, atLeast: isDoubtful(bucket, asked), callsTo: keysTo };
    },
    comesTo(past, { key }, bucket, { params }) {
      const own = key?.(past);
      return own === undefined || own === null ? undefined : peakIn(bucket, peakOf, params).of(own);
    },
  };
}

type PeakOf = (counts: ReadonlyMap<string | number, number>, params: FactParams) => Peak;

function peakIn(bucket: Bucket, peakOf: PeakOf, params: FactParams): Peak {
  bucket.peak ??= peakOf(bucket.counts ?? new Map(), params);
  return bucket.peak;
}

const mostOfOne: PeakOf = (counts) => {
  let value = 0;
  for (const count of counts.values()) if (count > value) value = count;
  return { value, of: (key) => counts.get(key) ?? 0 };
};

/** Keys are numbers, as consecutiveKey makes them. */
const longestRun: PeakOf = (counts) => {
  const keys = sortedKeys(counts);
  let value = 0;
  eachRun(keys, (_, length) => {
    if (length > value) value = length;
  });
  let lengths: ReadonlyMap<string | number, number> | undefined;
  return {
    value,
    of: (key) => {
      lengths ??= runLengths(keys);
      return lengths.get(key) ?? 0;
    },
    keysTo: (length) => length - mostWithin(keys, length - 1),
  };
};

/** Calls `see` with every run of keys, in rising order, that has no neighbour: where it starts, and how long it is. */
function eachRun(keys: Float64Array, see: (start: number, length: number) => void): void {
  let start = 0;
  for (let at = 1; at <= keys.length; at += 1) {
    if (keys[at] === (keys[at - 1] ?? 0) + 1) continue;
    see(start, at - start);
    start = at;
  }
}

/** By key, how long the run is in which it lies. */
function runLengths(keys: Float64Array): ReadonlyMap<number, number> {
  const lengths = new Map<number, number>();
  eachRun(keys, (start, length) => {
    for (const key of keys.subarray(start, start + length)) lengths.set(key, length);
  });
  return lengths;
}

/** How many of the keys, in rising order, lie no further than this from each other. */
function mostWithin(keys: Float64Array, distance: number): number {
  let most = 0;
  let first = 0;
  for (let at = 0; at < keys.length; at += 1) {
    while ((keys[at] ?? 0) - (keys[first] ?? 0) > distance) first += 1;
    most = Math.max(most, at - first + 1);
  }
  return most;
}

function sortedKeys(counts: ReadonlyMap<string | number, number>): Float64Array {
  return Float64Array.from(counts.keys(), Number).sort();
}

/** The most values, in milliseconds, of which no two differ by more than the tolerance. */
const mostWithinTolerance: PeakOf = (counts, { tolerance = 0 }) => {
  const toleranceMs = Math.round(tolerance * 1000);
  const keys = sortedKeys(counts);
  let value = 0;
  let inReach = 0;
  let first = 0;
  for (const key of keys) {
    inReach += counts.get(key) ?? 0;
    for (let lowest = keys[first] ?? key; key - lowest > toleranceMs; lowest = keys[first] ?? key) {
      inReach -= counts.get(lowest) ?? 0;
      first += 1;
    }
    if (inReach > value) value = inReach;
  }
  return { value, of: () => value };
};

/** E.164 has at most 15 digits; with the 1 before them they are still exact. */
const COUNTABLE = /^\d{1,15}$/;

/**
 * A number that is one higher for the next telephone number of the same length. The 1 before it keeps lengths and leading
 * zeros apart. Null for a user name.
 */
function consecutiveKey({ call: { cldNumber } }: PastCall): number | null | undefined {
  if (cldNumber === undefined) return undefined;
  return COUNTABLE.test(cldNumber) ? Number(`1${cldNumber}`) : null;
}

const dialled = ({ call }: PastCall) => call.cldNumber;

/** Undefined where it lacks a number. */
export function callerIsCalled(call: PastCall['call']): boolean | undefined {
  const { cliNumber, cldNumber } = call;
  return cliNumber === undefined || cldNumber === undefined ? undefined : cliNumber === cldNumber;
}

const firstSeenCountry: Measure = {
  basis: 'started',
  reading: () => ({
    key: ({ call: { account }, country }) =>
      account === undefined ? null : country === undefined ? undefined : `${account} ${country}`,
  }),
  observe(bucket = NO_CALLS, asked) {
    const { params, account, countries, now, from } = asked;
    const historyMs = historyMsOf(params);
    if (account !== undefined && !countries.knowsEnough(account, now, historyMs)) return 'too-little-history';
    let value = 0;
    let atLeast = isDoubtful(bucket, asked);
    for (const [key, count] of bucket.counts ?? []) {
      const [caller, country = ''] = String(key).split(' ');
      if (!countries.knowsEnough(Number(caller), now, historyMs)) atLeast = true;
      else if ((countries.firstCalled(Number(caller), country) ?? now) > from) value += count;
    }
    return { value, atLeast, fades: countries.mayLapse };
  },
  makes: ({ call: { account }, country }, _reading, _bucket, { params, countries, now, from }) =>
    account !== undefined &&
    country !== undefined &&
    countries.knowsEnough(account, now, historyMsOf(params)) &&
    (countries.firstCalled(account, country) ?? now) > from,
};

const answerRatio: Measure = {
  basis: 'ended',
  reading: () => ({ hit: ({ answered }) => answered }),
  observe(bucket = NO_CALLS, asked) {
    if (bucket.sure < Math.max(1, asked.params.min ?? 1)) return 'too-few-samples';
    if (isDoubtful(bucket, asked)) return 'lower-bound';
    return { value: bucket.hits / bucket.sure, atLeast: false };
  },
};

const averageEndedDuration: Measure = {
  basis: 'ended',
  reading: () => ({ value: talkMs }),
  observe(bucket = NO_CALLS, asked) {
    const { hits, blank, lost } = bucket;
    // What ended in a gap is a sample, too: that nobody knows its length is for want of polls.
    const isLost = blank > 0 && lost > 0;
    if (hits + (isLost ? blank : 0) < Math.max(1, asked.params.min ?? 1)) return 'too-few-samples';
    if (isLost) return 'incomplete-window';
    if (blank > 0) return 'not-listed';
    if (isDoubtful(bucket, asked)) return 'lower-bound';
    return { value: bucket.sum / hits / 1000, atLeast: false };
  },
};

const shortCalls: Measure = {
  basis: 'ended',
  reading: ({ under = 0 }) => ({ hit: (past) => isShorterThan(past, under * 1000) }),
  observe: counting((bucket) => bucket.hits),
};

/** Every windowed fact but the two that count minutes, by the name that it has in each scope. */
export const MEASURES: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ['callsStarted', { basis: 'started', reading: () => ({}), observe: counting((bucket) => bucket.sure) }],
  ['callsEnded', { basis: 'ended', reading: () => ({}), observe: counting((bucket) => bucket.sure) }],
  ['distinctCld', distinct(dialled)],
  ['distinctCli', distinct(({ call }) => call.cliNumber)],
  ['distinctCountries', distinct(({ country }) => country)],
  ['distinctMediaIps', distinct(({ call }) => readAddress(call.callerMediaIp))],
  ['sequentialCld', peaking('started', () => ({ key: consecutiveKey }), longestRun)],
  ['repeatedCld', peaking('started', () => ({ key: dialled }), mostOfOne)],
  ['shortCalls', shortCalls],
  ['answerRatio', answerRatio],
  ['averageEndedDuration', averageEndedDuration],
  ['equalDurations', peaking('ended', () => ({ key: talkMs }), mostWithinTolerance)],
  ['firstSeenCountry', firstSeenCountry],
  [
    'callerIsCalled',
    {
      basis: 'started',
      reading: () => ({ hit: ({ call }) => callerIsCalled(call) }),
      observe: counting((bucket) => bucket.hits),
      makes: ({ call }) => callerIsCalled(call) === true,
    },
  ],
]);
