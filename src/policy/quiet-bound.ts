import type { FactDefinition, FactParams, KnownFact, Observed } from '../domain/facts.js';
import { EVENTS, type EventRoom, LACKS, type QuietBound } from '../domain/quiet.js';
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
  /** Calls of the subject that are not on this snapshot, and may be on the next; whether any call that is away lacks something. */
  away: { count: number; lacks: () => boolean };
  observe: (probe: number) => Observed;
  /** How many live calls of the subject `to` and `recursive` let in; undefined where they cannot be counted. */
  liveCalls: (params: FactParams) => number | undefined;
}

/** Time alone changes nothing, the next event may change anything. */
export const UNTIL_AN_EVENT: QuietBound = {
  rooms: [{ events: 0, of: EVENTS.fresh | EVENTS.changed | EVENTS.over, calls: undefined }],
  ms: Number.POSITIVE_INFINITY,
};

const ANY_EVENT = EVENTS.fresh | EVENTS.changed | EVENTS.over;

/**
 * How long conditions must stay false of a subject, as long as no call comes that lacks what the rule asks of it (see
 * `needsOf`); undefined where they are not false, or nobody can say. It holds also at polls at which other rules have planned
 * cuts, as those only take calls away; and where they have done so already, the calls that are away may all come back.
 *
 * Facts fall in five kinds. What counts calls, or distinct values of them, or the most that are alike, grows by at most one
 * with an event of its subject, and with time can only shrink, as calls leave the window; so do the calls to countries that
 * are new to an account which has been known for long enough. A run of consecutive numbers may gain a whole other run by one
 * new number that joins the two; how many are missing to one that is long enough, the fact tells. Durations grow by a second
 * a second. Minutes grow by those of the live calls. Attributes of a call are what they are until its next event. All else
 * gives no bound: ratios and averages, facts of a wider scope (a subject may come to belong to another), facts compared with
 * facts, and new countries of other scopes (their accounts may be known for long enough from one moment to the next).
 */
export function quietBound(node: CompiledNode, look: ClearLook): QuietBound | undefined {
  switch (node.kind) {
    case 'leaf':
      return quickLook(node, look.observe) === false ? leafBound(node, look) : undefined;
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
    const bound = quietBound(child, look);
    if (bound !== undefined) return bound;
  }
  return undefined;
}

/** All of them have to stay false. */
function boundOfAny({ children }: CompiledBranch, look: ClearLook): QuietBound | undefined {
  const [only] = children;
  if (children.length === 1 && only !== undefined) return quietBound(only, look);
  const rooms: EventRoom[] = [];
  let ms = Number.POSITIVE_INFINITY;
  for (const child of children) {
    const bound = quietBound(child, look);
    if (bound === undefined) return undefined;
    for (const room of bound.rooms) addRoom(rooms, room);
    ms = Math.min(ms, bound.ms);
  }
  return { rooms, ms };
}

/** Rooms for the same events are one: the smallest. */
function addRoom(rooms: EventRoom[], room: EventRoom): void {
  const at = rooms.findIndex(({ of, calls }) => of === room.of && calls === room.calls);
  const known = rooms[at];
  if (known === undefined) rooms.push(room);
  else if (room.events < known.events) rooms[at] = room;
}

/**
 * For conditions that cannot be judged of a subject: how long they cannot, while it has calls. Only where each of their
 * facts is missing and says until when.
 */
export function missingBound(node: CompiledNode, look: ClearLook, now: number): QuietBound | undefined {
  const until = missingUntil(node, look);
  const calls = look.liveCalls(ALL_CALLS);
  // With its last call it may be gone, and what is not there is not judged.
  if (until === undefined || until <= now || calls === undefined || calls === 0) return undefined;
  const leaving = EVENTS.over | EVENTS.changed;
  return { rooms: [{ events: calls - 1, of: leaving, calls: undefined }], ms: until - now - 1 };
}

const ALL_CALLS: FactParams = {};

function missingUntil(node: CompiledNode, look: ClearLook): number | undefined {
  if (node.kind === 'leaf') {
    const probe = look.probes[node.fact];
    const observed = look.observe(node.fact);
    return probe?.definition.scope === look.scope && !observed.known ? observed.until : undefined;
  }
  let until = Number.POSITIVE_INFINITY;
  for (const child of node.children) {
    const one = missingUntil(child, look);
    if (one === undefined) return undefined;
    until = Math.min(until, one);
  }
  return node.children.length === 0 ? undefined : until;
}

/**
 * The same bound for calls, by their fields alone: what a rule of scope call says of one depends on nothing else, unless it
 * asks for more. `observe` gives facts of the call by their names, undefined for those that are none of its fields.
 */
export function createCallBound(
  root: CompiledNode,
  probes: readonly Probe[],
): (observe: (name: string) => Observed | undefined) => QuietBound | undefined {
  let fields: (name: string) => Observed | undefined = () => undefined;
  const names = probes.map(({ definition }) =>
    definition.scope !== 'call' || definition.windowed ? undefined : nameOf(definition),
  );
  const look: ClearLook = {
    scope: 'call',
    probes,
    needsComplete: false,
    away: { count: 0, lacks: () => false },
    observe: (index) => {
      const name = names[index];
      return (name === undefined ? undefined : fields(name)) ?? UNSEEN;
    },
    liveCalls: () => undefined,
  };
  return (observe) => {
    fields = observe;
    return quietBound(root, look);
  };
}

const UNSEEN: Observed = { known: false, reason: 'not-listed' };

/** By full name: what is cut off anew would have to be hashed anew, too, at every look. */
const NAMES = new Map<string, string>();

/** The name of a fact within its scope. */
function nameOf({ name, scope }: FactDefinition): string {
  let within = NAMES.get(name);
  if (within === undefined) {
    within = name.slice(scope.length + 1);
    NAMES.set(name, within);
  }
  return within;
}

function leafBound(leaf: CompiledLeaf, look: ClearLook): QuietBound | undefined {
  const probe = look.probes[leaf.fact];
  if (probe === undefined || probe.definition.scope !== look.scope) return undefined;
  const { definition } = probe;
  if (definition.windowed && look.needsComplete) return undefined;
  const name = nameOf(definition);
  if (definition.scope === 'call' && definition.windowed) return undefined;
  if (definition.scope === 'call' && CLOCKS.has(name)) return clockBound(leaf, look);
  if (definition.scope === 'call') {
    return typeof leaf.value === 'object' && 'probe' in leaf.value ? undefined : UNTIL_AN_EVENT;
  }
  // An account is known for long enough, or is not; others have several, and new ones to come.
  if (name === 'firstSeenCountry' && look.scope !== 'account') return undefined;
  const growth = GROWTHS.get(name);
  const room = growth === undefined ? undefined : roomOf(leaf, look);
  if (growth === undefined || room === undefined) return undefined;
  const { params } = probe;
  const { away } = look;
  // What looks back counts calls that are away as well, but those that are listed are all that can be counted now.
  const liveCalls = () => {
    const calls = look.liveCalls(callsParams(params));
    return calls === undefined ? undefined : calls + away.count;
  };
  const of = eventsOf(name, params.state !== undefined);
  const calls: EventRoom['calls'] = name === 'callerIsCalled' ? 'to-themselves' : params.to;
  const bound = growth(room, liveCalls);
  if (bound === undefined) return undefined;
  const { events, ms } = bound;
  const rooms = (steps: number) => [{ events: steps, of, calls }];
  if (away.count === 0 || definition.windowed) return { rooms: rooms(events), ms };
  if (growth !== byOneAnEvent || away.lacks()) return undefined;
  return { rooms: rooms(events - away.count), ms };
}

/** By object, as facts are remembered by it. */
const CALLS_PARAMS = new WeakMap<FactParams, FactParams>();

function callsParams(params: FactParams): FactParams {
  let narrowed = CALLS_PARAMS.get(params);
  if (narrowed === undefined) {
    const { to, recursive } = params;
    narrowed = { ...(to === undefined ? {} : { to }), ...(recursive === true ? { recursive } : {}) };
    CALLS_PARAMS.set(params, narrowed);
  }
  return narrowed;
}

/** A call's own time, whatever becomes of others. */
function clockBound(leaf: CompiledLeaf, look: ClearLook): QuietBound | undefined {
  const room = roomOf(leaf, look);
  if (room === undefined) return undefined;
  const { events, ms } = withTime(room);
  return { rooms: [{ events, of: ANY_EVENT, calls: undefined }], ms };
}

/** How far a fact is from the value that it must not pass, or not reach. */
interface Room {
  value: number;
  threshold: number;
  /** greaterThanInclusive: reaching it is enough. */
  inclusive: boolean;
  /** See KnownFact. */
  callsTo: KnownFact['callsTo'];
}

function roomOf(leaf: CompiledLeaf, look: ClearLook): Room | undefined {
  if (leaf.operator !== 'greaterThan' && leaf.operator !== 'greaterThanInclusive') return undefined;
  const observed = look.observe(leaf.fact);
  const threshold = thresholdOf(leaf, look);
  if (!observed.known || observed.atLeast || observed.fades === true || typeof observed.value !== 'number')
    return undefined;
  if (threshold === undefined) return undefined;
  const { value, callsTo } = observed;
  return { value, threshold, inclusive: leaf.operator === 'greaterThanInclusive', callsTo };
}

/** A number, or a limit of the subject itself, which no event changes. */
function thresholdOf({ value }: CompiledLeaf, { scope, probes, observe }: ClearLook): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || !('probe' in value)) return undefined;
  if (probes[value.probe]?.definition.name !== `${scope}.limit`) return undefined;
  const limit = observe(value.probe);
  return limit.known && !limit.atLeast && typeof limit.value === 'number' ? limit.value : undefined;
}

/** How many events a fact has room for, and how much time. */
interface Steps {
  events: number;
  ms: number;
}

type Growth = (room: Room, liveCalls: () => number | undefined) => Steps | undefined;

/** The most whole steps that still keep a count below. */
function stepsTo({ value, threshold, inclusive }: Room): number {
  return inclusive ? Math.ceil(threshold - value) - 1 : Math.floor(threshold - value);
}

const byOneAnEvent: Growth = (room) => ({ events: stepsTo(room), ms: Number.POSITIVE_INFINITY });

/** One new number may join runs to a much longer one, so the fact itself tells how many are missing. */
const byMissingCalls: Growth = ({ threshold, inclusive, callsTo }) => {
  if (callsTo === undefined) return undefined;
  const breaking = inclusive ? Math.ceil(threshold) : Math.floor(threshold) + 1;
  return { events: callsTo(breaking) - 1, ms: Number.POSITIVE_INFINITY };
};

/** A second is left: what is listed in whole seconds may be nearly one more than it says. */
const withTime = ({ value, threshold }: Room): Steps => ({
  events: 0,
  ms: Math.floor((threshold - value) * 1000) - 1000,
});

const MINUTE_MS = 60_000;

const withTimeOfCalls: Growth = ({ value, threshold }, liveCalls) => {
  const calls = liveCalls();
  if (calls === undefined) return undefined;
  return {
    events: 0,
    ms: calls === 0 ? Infinity : Math.floor(((threshold - value) * MINUTE_MS) / calls) - 1,
  };
};

const CLOCKS: ReadonlySet<string> = new Set(['duration', 'delay', 'age']);

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
  'firstSeenCountry',
]);

const OF_ENDED: ReadonlySet<string> = new Set(['callsEnded', 'shortCalls', 'equalDurations']);

const GROWTHS: ReadonlyMap<string, Growth> = new Map<string, Growth>([
  ['longestDuration', withTime],
  ['minutes', withTimeOfCalls],
  ['minutesToday', withTimeOfCalls],
  ['sequentialCld', byMissingCalls],
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
  ['firstSeenCountry', byOneAnEvent],
]);

/** What a fact measures of each call: a call without it makes the fact a lower bound. */
const MEASURED: Readonly<Record<string, number>> = {
  callsStarted: LACKS.start,
  distinctCld: LACKS.start | LACKS.cld,
  distinctCli: LACKS.start | LACKS.cli,
  distinctCountries: LACKS.start | LACKS.country | LACKS.cld,
  firstSeenCountry: LACKS.start | LACKS.country | LACKS.cld,
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
    needs |= MEASURED[nameOf(definition)] ?? 0;
  }
  for (const filter of filters) for (const key of Object.keys(filter)) needs |= FILTERED[key] ?? 0;
  return needs;
}
