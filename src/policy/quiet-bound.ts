import type { Observed } from '../domain/facts.js';
import { EVENTS, LACKS, type QuietBound, type QuietSubjects } from '../domain/quiet.js';
import type { SubjectFilter } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';
import type { CompiledBranch, CompiledLeaf, CompiledNode, Probe } from './compile-condition.js';
import { quickLook } from './quick-look.js';

/** What the conditions of a clear verdict are asked with. */
export interface ClearLook {
  scope: Scope;
  probes: readonly Probe[];
  /** `needs: complete`: any failed poll makes a fact of the past missing. */
  needsComplete: boolean;
  /** Calls that are not on this snapshot, and may be on the next. */
  away: Pick<QuietSubjects, 'awayCount' | 'awayLacks'>;
  observe: (probe: number) => Observed;
  /** The subject's live calls, its descendants' too where `recursive`; undefined where they cannot be counted. */
  liveCalls: (recursive: boolean) => number | undefined;
}

/** Time alone changes nothing, the next event may change anything. */
export const UNTIL_AN_EVENT: QuietBound = {
  events: 0,
  of: EVENTS.fresh | EVENTS.changed | EVENTS.over,
  ms: Number.POSITIVE_INFINITY,
};

/**
 * For conditions that are false of a subject: how long they must stay false, as long as no call comes that lacks what the
 * rule asks of it (see `needsOf`). It holds also at polls at which other rules have planned cuts, as those only take calls
 * away; and where they have done so already, the calls that are away may all come back.
 *
 * Facts fall in four kinds. What counts calls, or distinct values of them, or the most that are alike, grows by at most one
 * with an event of its subject, and with time can only shrink, as calls leave the window. A run of consecutive numbers at
 * most doubles and gains one, as a new number may join two runs. Durations grow by a second a second. Minutes grow by those
 * of the live calls. Attributes of a call are what they are until its next event. All else gives no bound: ratios and
 * averages, facts of a wider scope (a subject may come to belong to another), facts compared with facts, and countries that
 * are new (an account is known for long enough from one moment to the next).
 */
export function quietBound(node: CompiledNode, look: ClearLook): QuietBound | undefined {
  switch (node.kind) {
    case 'leaf':
      return leafBound(node, look);
    case 'all':
      return boundOfAll(node, look);
    case 'any':
      return boundOfAny(node, look);
    default:
      return undefined;
  }
}

/** One child that stays false is enough; the first that is known to, since others may never have been asked for. */
function boundOfAll({ children }: CompiledBranch, look: ClearLook): QuietBound | undefined {
  for (const child of children) {
    if (quickLook(child, look.observe) !== false) continue;
    const bound = quietBound(child, look);
    if (bound !== undefined) return bound;
  }
  return undefined;
}

/** All of them have to stay false. */
function boundOfAny({ children }: CompiledBranch, look: ClearLook): QuietBound | undefined {
  const worst = { events: Number.POSITIVE_INFINITY, of: 0, ms: Number.POSITIVE_INFINITY };
  for (const child of children) {
    const bound = quietBound(child, look);
    if (bound === undefined) return undefined;
    worst.events = Math.min(worst.events, bound.events);
    worst.of |= bound.of;
    worst.ms = Math.min(worst.ms, bound.ms);
  }
  return worst;
}

function leafBound(leaf: CompiledLeaf, look: ClearLook): QuietBound | undefined {
  const probe = look.probes[leaf.fact];
  if (probe === undefined || probe.definition.scope !== look.scope) return undefined;
  const { definition } = probe;
  if (definition.windowed && look.needsComplete) return undefined;
  const name = definition.name.slice(look.scope.length + 1);
  if (definition.scope === 'call' && definition.windowed) return undefined;
  if (definition.scope === 'call' && CLOCKS.has(name)) return clockBound(leaf, look);
  if (definition.scope === 'call') {
    return typeof leaf.value === 'object' && 'probe' in leaf.value ? undefined : UNTIL_AN_EVENT;
  }
  // A call that ended somewhere in a gap comes to be in doubt as time goes on.
  if (OF_ENDED.has(name) && hasGap(look.observe(leaf.fact))) return undefined;
  const growth = GROWTHS.get(name);
  const room = growth === undefined ? undefined : roomOf(leaf, look);
  if (growth === undefined || room === undefined) return undefined;
  const of = eventsOf(name, probe.params.state !== undefined);
  const bound = growth(room, of, () => look.liveCalls(probe.params.recursive === true));
  // What looks back counts calls that are away as well, but minutes grow by the calls that are listed.
  if (bound === undefined || look.away.awayCount === 0) return bound;
  if (definition.windowed && growth !== withTimeOfCalls) return bound;
  if (growth !== byOneAnEvent || look.away.awayLacks()) return undefined;
  return { ...bound, events: bound.events - look.away.awayCount };
}

/** A call's own time, whatever becomes of others. */
function clockBound(leaf: CompiledLeaf, look: ClearLook): QuietBound | undefined {
  const room = roomOf(leaf, look);
  return room === undefined ? undefined : withTime(room, ANY_EVENT, () => undefined);
}

/** How far a fact is from the value that it must not pass, or not reach. */
interface Room {
  value: number;
  threshold: number;
  /** greaterThanInclusive: reaching it is enough. */
  inclusive: boolean;
}

function roomOf(leaf: CompiledLeaf, look: ClearLook): Room | undefined {
  if (leaf.operator !== 'greaterThan' && leaf.operator !== 'greaterThanInclusive') return undefined;
  const observed = look.observe(leaf.fact);
  const threshold = thresholdOf(leaf, look);
  if (!observed.known || observed.atLeast || observed.fades === true || typeof observed.value !== 'number')
    return undefined;
  if (threshold === undefined) return undefined;
  return { value: observed.value, threshold, inclusive: leaf.operator === 'greaterThanInclusive' };
}

/** A number, or a limit of the subject itself, which no event changes. */
function thresholdOf({ value }: CompiledLeaf, { scope, probes, observe }: ClearLook): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || !('probe' in value)) return undefined;
  if (probes[value.probe]?.definition.name !== `${scope}.limit`) return undefined;
  const limit = observe(value.probe);
  return limit.known && !limit.atLeast && typeof limit.value === 'number' ? limit.value : undefined;
}

type Growth = (room: Room, of: number, liveCalls: () => number | undefined) => QuietBound | undefined;

/** The most whole steps that still keep a count below. */
function stepsTo({ value, threshold, inclusive }: Room): number {
  return inclusive ? Math.ceil(threshold - value) - 1 : Math.floor(threshold - value);
}

const byOneAnEvent: Growth = (room, of) => ({ events: stepsTo(room), of, ms: Number.POSITIVE_INFINITY });

const byJoiningRuns: Growth = (room, of) => {
  let [events, longest] = [0, room.value];
  for (;;) {
    longest = 2 * longest + 1;
    if (stepsTo({ ...room, value: longest }) < 0 || events >= 50) break;
    events += 1;
  }
  return { events, of, ms: Number.POSITIVE_INFINITY };
};

/** A millisecond is left, so that rounding cannot matter. */
const withTime: Growth = ({ value, threshold }, of) => ({
  events: 0,
  of,
  ms: Math.floor((threshold - value) * 1000) - 1,
});

const MINUTE_MS = 60_000;

const withTimeOfCalls: Growth = ({ value, threshold }, of, liveCalls) => {
  const calls = liveCalls();
  if (calls === undefined) return undefined;
  return {
    events: 0,
    of,
    ms: calls === 0 ? Infinity : Math.floor(((threshold - value) * MINUTE_MS) / calls) - 1,
  };
};

const CLOCKS: ReadonlySet<string> = new Set(['duration', 'delay', 'age']);

const ANY_EVENT = UNTIL_AN_EVENT.of;

/** What of a subject's calls can make a fact greater. */
function eventsOf(name: string, asksForState: boolean): number {
  if (OF_ENDED.has(name)) return EVENTS.over;
  // A call counts once it was seen in a state that is asked for.
  return OF_STARTED.has(name) && !asksForState ? EVENTS.fresh : EVENTS.fresh | EVENTS.changed;
}

const OF_STARTED: ReadonlySet<string> = new Set([
  'totalCalls',
  'callsStarted',
  'distinctCld',
  'distinctCli',
  'distinctCountries',
  'distinctMediaIps',
  'sequentialCld',
  'repeatedCld',
  'callerIsCalled',
]);

const OF_ENDED: ReadonlySet<string> = new Set(['callsEnded', 'shortCalls', 'equalDurations']);

function hasGap(observed: Observed): boolean {
  return observed.known && observed.gap !== undefined;
}

const GROWTHS: ReadonlyMap<string, Growth> = new Map<string, Growth>([
  ['longestDuration', withTime],
  ['minutes', withTimeOfCalls],
  ['minutesToday', withTimeOfCalls],
  ['sequentialCld', byJoiningRuns],
  ['totalCalls', byOneAnEvent],
  ['connectedCalls', byOneAnEvent],
  ['setupCalls', byOneAnEvent],
  ['callsStarted', byOneAnEvent],
  ['callsEnded', byOneAnEvent],
  ['shortCalls', byOneAnEvent],
  ['distinctCld', byOneAnEvent],
  ['distinctCli', byOneAnEvent],
  ['distinctCountries', byOneAnEvent],
  ['distinctMediaIps', byOneAnEvent],
  ['repeatedCld', byOneAnEvent],
  ['equalDurations', byOneAnEvent],
  ['callerIsCalled', byOneAnEvent],
]);

/** What a fact measures of each call: a call without it makes the fact a lower bound. */
const MEASURED: Readonly<Record<string, number>> = {
  callsStarted: LACKS.start,
  distinctCld: LACKS.start | LACKS.cld,
  distinctCli: LACKS.start | LACKS.cli,
  distinctCountries: LACKS.start | LACKS.country | LACKS.cld,
  distinctMediaIps: LACKS.start | LACKS.callerMediaIp,
  sequentialCld: LACKS.start | LACKS.cld,
  repeatedCld: LACKS.start | LACKS.cld,
  callerIsCalled: LACKS.start | LACKS.cli | LACKS.cld,
  shortCalls: LACKS.answer,
  equalDurations: LACKS.answer,
  longestDuration: LACKS.answer,
  minutes: LACKS.answer,
  minutesToday: LACKS.answer,
};

/** What `only` and `except` ask of each call. */
const FILTERED: Readonly<Record<string, number>> = {
  accounts: LACKS.account,
  customers: LACKS.customer,
  connections: LACKS.connection,
  vendors: LACKS.connection,
  cli: LACKS.cli,
  cld: LACKS.cld,
};

/** What a call must not lack, as bits of LACKS, for the rule's counts to stay more than lower bounds. */
export function needsOf(probes: readonly Probe[], ...filters: readonly SubjectFilter[]): number {
  let needs: number = LACKS.state;
  for (const { definition, params } of probes) {
    if (params.to !== undefined) needs |= LACKS.cld;
    if (params.direction !== undefined) needs |= LACKS.direction;
    needs |= MEASURED[definition.name.slice(definition.scope.length + 1)] ?? 0;
  }
  for (const filter of filters) for (const key of Object.keys(filter)) needs |= FILTERED[key] ?? 0;
  return needs;
}
