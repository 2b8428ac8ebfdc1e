import type { FactParams } from '../../domain/facts.js';
import { canonicalJson } from '../canonical-json.js';
import type { Side } from './normal-form.js';

/** What bounds a fact from above. */
interface Bounds {
  /** Facts of different kin never bound each other. */
  kin: string;
  /**
   * Other facts that are never below it where they are asked of the same calls; what bounds these stands here too. What a
   * call lacks only lowers the bounded fact: a call without CLD was started all the same.
   */
  atMost: readonly string[];
}

const STARTED = { kin: 'started', atMost: ['callsStarted'] };
const ENDED = { kin: 'ended', atMost: ['callsEnded'] };

/**
 * Facts by the name that they have in each scope, of which more calls never make less: counts, sums and greatest values. A
 * ratio or an average may go either way, and minutesToday may look back less or more than any window.
 */
const BOUNDS: ReadonlyMap<string, Bounds> = new Map<string, Bounds>([
  ['totalCalls', { kin: 'live', atMost: [] }],
  ['connectedCalls', { kin: 'live', atMost: ['totalCalls'] }],
  ['setupCalls', { kin: 'live', atMost: ['totalCalls'] }],
  ['longestDuration', { kin: 'longest', atMost: [] }],
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
  if (!isSame && BOUNDS.get(shortName(name))?.atMost.includes(shortName(otherName)) !== true) return false;
  return measuresNoMore(one.params, other.params, isSame);
}

/** Whether whatever lies in the narrower window, bears the narrower filter and is so short or so alike, does so in the other. */
function measuresNoMore(one: FactParams, other: FactParams, isSame: boolean): boolean {
  return (
    CALL_FILTERS.every((key) => other[key] === undefined || sameWords(one[key], other[key])) &&
    (one.within ?? 0) <= (other.within ?? 0) &&
    (!isSame || ((one.under ?? 0) <= (other.under ?? 0) && (one.tolerance ?? 0) <= (other.tolerance ?? 0)))
  );
}

const CALL_FILTERS = ['to', 'state', 'direction'] as const;

function sameWords(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one !== undefined && canonicalJson(one) === canonicalJson(other);
}

function shortName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
