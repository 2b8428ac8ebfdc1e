import { type FactParams, historyMsOf } from '../../domain/facts.js';
import { canonicalJson } from '../canonical-json.js';
import type { Side } from './normal-form.js';
import { atLeast, contains, type NumberRange } from './number-range.js';

/** Of more facts than this only the first are held against each other by their definitions. */
export const MOST_RELATED = 60;

/** What bounds a fact from above. */
interface Bounds {
  /** Facts of different kin never bound each other. */
  kin: string;
  /**
   * Other facts that are never below it where they are asked of the same calls; what bounds these stands here too. What a
   * call lacks only lowers the bounded fact: a call without CLD was started all the same.
   */
  atMost: readonly string[];
  /** Whether it may be more of fewer calls. */
  mayShrink?: true;
}

const STARTED = { kin: 'started', atMost: ['callsStarted'] };
const ENDED = { kin: 'ended', atMost: ['callsEnded'] };

/**
 * Facts by the name that they have in each scope, of which more calls never make less: counts, sums and greatest values. A
 * ratio or an average may go either way, but no average is above the greatest value, and minutesToday may look back less or
 * more than any window.
 */
const BOUNDS: ReadonlyMap<string, Bounds> = new Map<string, Bounds>([
  ['totalCalls', { kin: 'live', atMost: [] }],
  ['connectedCalls', { kin: 'live', atMost: ['totalCalls'] }],
  ['setupCalls', { kin: 'live', atMost: ['totalCalls'] }],
  ['longestDuration', { kin: 'live', atMost: [] }],
  ['averageDuration', { kin: 'live', atMost: ['longestDuration'], mayShrink: true }],
  ['minutes', { kin: 'minutes', atMost: [] }],
  ['callsStarted', { kin: 'started', atMost: [] }],
  ['distinctCld', STARTED],
  ['distinctCli', STARTED],
  ['distinctMediaIps', STARTED],
  ['repeatedCld', STARTED],
  ['callerIsCalled', STARTED],
  ['firstSeenCountry', STARTED],
  // A country and a place in a run are those of a dialled number.
  ['distinctCountries', { kin: 'started', atMost: ['distinctCld', 'callsStarted'] }],
  ['sequentialCld', { kin: 'started', atMost: ['distinctCld', 'callsStarted'] }],
  ['callsEnded', { kin: 'ended', atMost: [] }],
  ['shortCalls', ENDED],
  ['equalDurations', ENDED],
]);

/** Of one call: its age is the sum of the two, and neither is negative. */
const PARTS_OF_AGE: ReadonlySet<string> = new Set(['call.duration', 'call.delay']);

/** Only of two facts that have the same kin one may bound the other; undefined where none bounds it, nor it any other. */
export function kinOf({ definition: { name, scope }, params }: Side): string | undefined {
  if (PARTS_OF_AGE.has(name) || name === 'call.age') return 'age';
  const kin = scope === 'call' ? undefined : BOUNDS.get(shortName(name))?.kin;
  return kin === undefined ? undefined : `${scope} ${kin} ${params.recursive === true}`;
}

/**
 * Whether the one, as observed, is never above the other, as observed of the same subject for the same rule: also where
 * either is a lower bound only, since what is observed are the calls that surely count. Never said of one and the same fact,
 * nor where it is not certain.
 */
export function neverAbove(one: Side, other: Side): boolean {
  if (one.key === other.key) return false;
  const [name, otherName] = [one.definition.name, other.definition.name];
  if (PARTS_OF_AGE.has(name)) return otherName === 'call.age';
  const kin = kinOf(one);
  if (kin === undefined || kin !== kinOf(other)) return false;
  const isSame = name === otherName;
  const bounds = BOUNDS.get(shortName(name));
  if (isSame ? bounds?.mayShrink : bounds?.atMost.includes(shortName(otherName)) !== true) return false;
  return measuresNoMore(one.params, other.params, isSame);
}

/**
 * How many calls the fact surely was observed of, where it is known to be in this range: an average has at least one, or `min`,
 * and only a connected call makes a length other than 0.
 */
function fewestCalls({ definition, params }: Side, range: NumberRange): number {
  switch (shortName(definition.name)) {
    case 'averageDuration':
      return Math.max(1, params.min ?? 1);
    case 'longestDuration':
      return contains(range, 0) ? 0 : 1;
    default:
      return 0;
  }
}

/** The numbers that these facts can be where each of them is known, once what the others say of how many calls there are counts. */
export function withFewestCalls(
  sides: readonly Side[],
  ranges: ReadonlyMap<string, NumberRange>,
): ReadonlyMap<string, NumberRange> {
  const raised = new Map(ranges);
  const compared = sides.slice(0, MOST_RELATED);
  for (const one of compared) {
    const range = ranges.get(one.key);
    const fewest = range === undefined ? 0 : fewestCalls(one, range);
    if (fewest === 0) continue;
    for (const other of compared) {
      const known = raised.get(other.key);
      if (known !== undefined && countsAllOf(one, other))
        raised.set(other.key, atLeast(known, fewest, false));
    }
  }
  return raised;
}

const COUNTS_OF_CONNECTED: ReadonlySet<string> = new Set(['connectedCalls', 'totalCalls']);

/** Whether the other fact counts every call that the one, which is of connected calls, is observed of. */
function countsAllOf(one: Side, other: Side): boolean {
  const isOfThem = COUNTS_OF_CONNECTED.has(shortName(other.definition.name)) && kinOf(one) === kinOf(other);
  return isOfThem && measuresNoMore(one.params, other.params, false);
}

/**
 * Whether whatever lies in the narrower window, bears the narrower filter and is so short, so alike or of an account known for
 * so long, does so in the other.
 */
function measuresNoMore(one: FactParams, other: FactParams, isSame: boolean): boolean {
  return (
    CALL_FILTERS.every((key) => other[key] === undefined || sameWords(one[key], other[key])) &&
    (one.within ?? 0) <= (other.within ?? 0) &&
    (!isSame || isNoWider(one, other))
  );
}

/** By what one and the same fact asks for beside; the longer an account must have been known, the fewer calls count. */
function isNoWider(one: FactParams, other: FactParams): boolean {
  return (
    (one.under ?? 0) <= (other.under ?? 0) &&
    (one.tolerance ?? 0) <= (other.tolerance ?? 0) &&
    historyMsOf(one) >= historyMsOf(other)
  );
}

const CALL_FILTERS = ['to', 'state', 'direction'] as const;

function sameWords(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one !== undefined && canonicalJson(one) === canonicalJson(other);
}

function shortName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
