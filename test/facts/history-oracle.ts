import { type Call, isLive, type SuspectCall } from '../../src/domain/call.js';
import type { FactParams } from '../../src/domain/facts.js';
import type { Numbering } from '../../src/domain/numbering.js';
import type { AggregateScope } from '../../src/domain/scope.js';
import type { Snapshot } from '../../src/domain/snapshot.js';

/** One poll as it was, kept whole: the oracle computes everything from all of them, every time. */
export interface SeenPoll {
  at: number;
  intervalMs: number;
  result: 'sound' | 'suspect' | 'partial' | 'failed';
  snapshot: Snapshot | undefined;
  cutIds: readonly string[];
  /** The first one of its process. */
  restarted: boolean;
}

/** A call by definition, from all listings that there were. */
export interface ToldCall {
  id: string;
  call: Call;
  /** At the latest, where startKnown is false. */
  startedAt: number;
  startKnown: boolean;
  firstSeenAt: number;
  lastSeenAt: number;
  connectedAt: number | undefined;
  answered: boolean;
  states: Set<string>;
  endedAt: number | undefined;
  /** Nobody looked for so long before its end that it may have ended at any time since it was last seen. */
  endedInGap: boolean;
  /** As listed once it was over; seconds. */
  finalDuration: number | undefined;
  /** Every DURATION was a whole number. */
  wholeSeconds: boolean;
  cut: boolean;
  country: string | undefined;
  /** Listed as live by the newest poll. */
  listedNow: boolean;
}

const KEPT = [
  'cli',
  'cliNumber',
  'cld',
  'cldNumber',
  'account',
  'customer',
  'connection',
  'direction',
  'callerMediaIp',
] as const;

/** Every call ever listed. In the scripts that use it, IDs are identities. */
export function tellCalls(polls: readonly SeenPoll[], numbering: Numbering): ToldCall[] {
  const ids = new Set(polls.flatMap((poll) => poll.snapshot?.calls.map(({ id }) => id) ?? []));
  return [...ids].flatMap((id) => tellCall(id, polls, numbering) ?? []);
}

function tellCall(id: string, polls: readonly SeenPoll[], numbering: Numbering): ToldCall | undefined {
  const fields: Partial<Record<(typeof KEPT)[number], unknown>> = {};
  let told: ToldCall | undefined;
  let setupAt: number | undefined;
  let duration: number | undefined;
  let wasListed = false;
  let wasOver = false;
  let lastSoundAt: number | undefined;
  for (const { at, intervalMs, result, snapshot, cutIds, restarted } of polls) {
    if (restarted) wasListed = false;
    if (snapshot === undefined) continue;
    const listed = snapshot.calls.find((call) => call.id === id);
    const soundBefore = lastSoundAt;
    if (result === 'sound') lastSoundAt = at;
    const couldBeSeen = wasListed && !wasOver;
    wasListed ||= result !== 'partial';
    if (told === undefined && listed !== undefined && !isLive(listed.state) && !couldBeSeen) {
      wasOver = listed.setupAt === undefined || soundBefore === undefined || listed.setupAt <= soundBefore;
      if (wasOver) continue;
    }
    if (told !== undefined) told.listedNow = false;
    if (listed !== undefined && !(told?.endedAt !== undefined && !isLive(listed.state))) {
      const isFirst = told === undefined;
      told ??= {
        id,
        call: listed,
        startedAt: at,
        startKnown: isWatched(at, intervalMs, polls),
        firstSeenAt: at,
        lastSeenAt: at,
        connectedAt: undefined,
        answered: false,
        states: new Set(),
        endedAt: undefined,
        endedInGap: false,
        finalDuration: undefined,
        wholeSeconds: true,
        cut: false,
        country: undefined,
        listedNow: false,
      };
      for (const field of KEPT) if (listed[field] !== undefined) fields[field] = listed[field];
      setupAt ??= listed.setupAt;
      told.states.add(listed.state);
      if (listed.state === 'Connected') {
        told.answered = true;
        if (listed.duration !== undefined) {
          told.connectedAt ??= at - listed.duration * 1000;
          told.wholeSeconds &&= Number.isInteger(listed.duration);
        }
      } else if (!isLive(listed.state) && !told.answered && (listed.duration ?? 0) > 0) {
        duration = listed.duration;
        told.answered = true;
        told.connectedAt = at - (duration ?? 0) * 1000;
        told.wholeSeconds = Number.isInteger(duration);
        told.lastSeenAt = at;
      }
      if (setupAt !== undefined) {
        told.startedAt = Math.min(setupAt, told.firstSeenAt);
        told.startKnown = true;
      } else if (isFirst || !told.startKnown) {
        const age = listed.age ?? (listed.state === 'Connected' ? undefined : listed.delay);
        const reckoned = age === undefined || !isLive(listed.state) ? undefined : at - age * 1000;
        told.startKnown ||= reckoned !== undefined;
        told.startedAt = Math.min(reckoned ?? told.connectedAt ?? at, told.firstSeenAt);
      }
      if (isLive(listed.state)) {
        duration = listed.duration ?? duration;
        told.lastSeenAt = at;
        told.endedAt = undefined;
        told.endedInGap = false;
        told.finalDuration = undefined;
        told.listedNow = true;
      } else if (result !== 'suspect') {
        endAt(told, at, intervalMs);
        const seen = told.connectedAt === undefined ? 0 : (told.lastSeenAt - told.connectedAt) / 1000;
        if (told.answered && (listed.duration ?? 0) > 0 && (listed.duration ?? 0) >= seen - 1)
          told.finalDuration = listed.duration;
      }
      told.call = { ...listed, ...(fields as Partial<Call>), duration };
      told.country = told.call.cldNumber === undefined ? undefined : numbering.countryOf(told.call.cldNumber);
    } else if (
      listed === undefined &&
      told?.endedAt === undefined &&
      told !== undefined &&
      result === 'sound'
    ) {
      const mayBeIt = (suspect: SuspectCall) =>
        (suspect.id ?? id) === id && (suspect.callId ?? told?.call.callId) === told?.call.callId;
      if (!snapshot.suspects.some(mayBeIt)) endAt(told, at, intervalMs);
    }
    if (told !== undefined && cutIds.includes(id)) told.cut = true;
  }
  return told;
}

function endAt(told: ToldCall, at: number, intervalMs: number): void {
  told.endedAt = at;
  told.endedInGap = at - told.lastSeenAt > 2 * intervalMs;
}

/** Whether the sound poll before this one was at most two intervals earlier. */
function isWatched(at: number, intervalMs: number, polls: readonly SeenPoll[]): boolean {
  const before = polls.findLast((poll) => poll.at < at && poll.result === 'sound');
  return before !== undefined && at - before.at <= 2 * Math.max(intervalMs, before.intervalMs);
}

export interface Memories {
  /** Since when accounts are known, and the start of the first call to each country, by `account country`. */
  accounts: ReadonlyMap<number, number>;
  countries: ReadonlyMap<string, number>;
}

/** What is remembered after all these polls, told from what was known before them. */
export function tellMemories(before: Memories, polls: readonly SeenPoll[], numbering: Numbering): Memories {
  const accounts = new Map(before.accounts);
  const countries = new Map(before.countries);
  for (let count = 1; count <= polls.length; count += 1) {
    for (const { call, country, firstSeenAt, startedAt } of tellCalls(polls.slice(0, count), numbering)) {
      if (call.account === undefined) continue;
      accounts.set(call.account, Math.min(accounts.get(call.account) ?? Infinity, firstSeenAt));
      if (country === undefined) continue;
      const key = `${call.account} ${country}`;
      countries.set(key, Math.min(countries.get(key) ?? Infinity, startedAt));
    }
  }
  return { accounts, countries };
}

export interface Question {
  scope: AggregateScope;
  id: string;
  name: string;
  params: FactParams;
  now: number;
  /** From local midnight, for minutesToday. */
  midnight: number;
  vendors: ReadonlyMap<string, readonly number[]>;
  parents: ReadonlyMap<number, number> | undefined;
  admits: (call: Call) => boolean | 'unknown';
  suspects: readonly SuspectCall[];
  memories: Memories;
}

export type Answer =
  | { value: number; atLeast: boolean; counted: string[]; countedOver?: string[][] }
  | { missing: string };

/** Of the most that one number, or one run, comes to: the calls to every one that comes to more than each of these. */
export const THRESHOLDS = [0, 1, 2, 3];

const WEEK_MS = 7 * 86_400_000;

/** A windowed fact by its definition. */
export function answer(told: readonly ToldCall[], asked: Question): Answer {
  const { name, params, now } = asked;
  const from = name === 'minutesToday' ? asked.midnight : now - (params.within ?? 0) * 1000;
  const own = told.filter((one) => belongs(one, asked));
  const ofEnded = [
    'callsEnded',
    'shortCalls',
    'answerRatio',
    'averageEndedDuration',
    'equalDurations',
  ].includes(name);
  const inWindow = own.filter((one) => {
    if (name.startsWith('minutes'))
      return one.answered && (one.endedAt === undefined || one.lastSeenAt > from);
    if (ofEnded) return one.endedAt !== undefined && one.endedAt > from && !one.cut;
    return one.startedAt > from;
  });
  const ofStarted = !ofEnded && !name.startsWith('minutes');
  const isDoubtful = (one: ToldCall) =>
    (ofStarted && !one.startKnown) || (ofEnded && one.endedInGap && one.lastSeenAt <= from);
  const sure = inWindow.filter((one) => membership(one, asked) === 'in' && !isDoubtful(one));
  const maybe = inWindow.some(
    (one) => membership(one, asked) === 'maybe' || (membership(one, asked) === 'in' && isDoubtful(one)),
  );
  const suspected = !ofEnded && asked.suspects.some((suspect) => mayBeOf(suspect, asked));
  const doubt = maybe || suspected;
  const lost = inWindow.some((one) => membership(one, asked) !== 'out' && one.endedInGap);
  const result = measured(name, sure, { doubt, lost }, from, asked);
  if ('missing' in result) return result;
  const live = (one: ToldCall) => one.listedNow && asked.admits(one.call) === true;
  const counted = ofEnded
    ? own.filter((one) => live(one) && liveLetIn(one, asked))
    : result.counted.filter(live);
  const idsOf = (calls: readonly ToldCall[]) => calls.map(({ id }) => id).sort();
  const { value, atLeast, comesTo } = result;
  return {
    value,
    atLeast,
    counted: idsOf(counted),
    ...(comesTo === undefined
      ? {}
      : {
          countedOver: THRESHOLDS.map((least) =>
            idsOf(sure.filter((one) => comesTo(one) > least).filter(live)),
          ),
        }),
  };
}

interface Known {
  value: number;
  atLeast: boolean;
  counted: ToldCall[];
  /** Of the most that one number, or one run, comes to: what that of a call comes to. */
  comesTo?: (one: ToldCall) => number;
}

type Measured = Known | { missing: string };

/** `lost`: any of its calls, in doubt or not, ended while no listing came. */
function measured(
  name: string,
  sure: ToldCall[],
  { doubt, lost }: { doubt: boolean; lost: boolean },
  from: number,
  asked: Question,
): Measured {
  const { params, now, memories } = asked;
  const counting = (hits: ToldCall[], value: number, blank: boolean) => ({
    value,
    atLeast: doubt || blank,
    counted: hits,
  });
  const distinct = (key: (one: ToldCall) => string | undefined) => {
    const keyed = sure.filter((one) => key(one) !== undefined);
    return counting(keyed, new Set(keyed.map(key)).size, keyed.length < sure.length);
  };
  const cld = (one: ToldCall) => one.call.cldNumber;
  const answered = sure.filter((one) => one.answered);
  switch (name) {
    case 'callsStarted':
    case 'callsEnded':
      return counting(sure, sure.length, false);
    case 'minutes':
    case 'minutesToday': {
      const known = sure.filter((one) => one.connectedAt !== undefined);
      const ms = known.map((one) => Math.max(0, one.lastSeenAt - Math.max(one.connectedAt ?? 0, from)));
      return counting(known, ms.reduce((sum, one) => sum + one, 0) / 60_000, known.length < sure.length);
    }
    case 'distinctCld':
      return distinct(cld);
    case 'distinctCli':
      return distinct((one) => one.call.cliNumber);
    case 'distinctCountries':
      return distinct((one) => one.country);
    case 'distinctMediaIps':
      return distinct((one) => one.call.callerMediaIp);
    case 'repeatedCld': {
      const times = (number: string | undefined) => sure.filter((one) => cld(one) === number).length;
      const comesTo = (one: ToldCall) => (cld(one) ? times(cld(one)) : 0);
      const most = Math.max(0, ...sure.map(comesTo));
      const hits = sure.filter((one) => cld(one) && comesTo(one) === most);
      return { ...counting(hits, most, !sure.every(cld)), comesTo };
    }
    case 'sequentialCld': {
      const numbers = new Set(sure.flatMap((one) => cld(one)?.match(/^\d+$/) ?? []).map(String));
      const next = (number: string, by: bigint) => {
        const text = (BigInt(number) + by).toString().padStart(number.length, '0');
        return text.length === number.length ? text : '';
      };
      const runOf = (number: string) => {
        const run = [number];
        for (let at = next(number, 1n); numbers.has(at); at = next(at, 1n)) run.push(at);
        for (let at = next(number, -1n); numbers.has(at); at = next(at, -1n)) run.push(at);
        return run;
      };
      const comesTo = (one: ToldCall) => (numbers.has(cld(one) ?? '') ? runOf(cld(one) ?? '').length : 0);
      const longest = Math.max(0, ...sure.map(comesTo));
      const inLongest = sure.filter((one) => numbers.has(cld(one) ?? '') && comesTo(one) === longest);
      return { ...counting(inLongest, longest, !sure.every(cld)), comesTo };
    }
    case 'callerIsCalled': {
      const hits = sure.filter((one) => cld(one) !== undefined && cld(one) === one.call.cliNumber);
      return counting(hits, hits.length, !sure.every((one) => cld(one) && one.call.cliNumber));
    }
    case 'firstSeenCountry': {
      const leastMs = params.history === undefined ? WEEK_MS : params.history * 1_000;
      const knows = (account: number) => now - (memories.accounts.get(account) ?? now) >= leastMs;
      if (asked.scope === 'account' && !knows(Number(asked.id))) return { missing: 'too-little-history' };
      const withAccount = sure.filter((one) => one.call.account !== undefined);
      const blank = withAccount.some((one) => one.country === undefined || !knows(one.call.account ?? 0));
      const hits = withAccount.filter(
        ({ call: { account = 0 }, country }) =>
          country !== undefined &&
          knows(account) &&
          (memories.countries.get(`${account} ${country}`) ?? 0) > from,
      );
      return counting(hits, hits.length, blank);
    }
    case 'shortCalls': {
      const under = (params.under ?? 0) * 1000;
      const short = answered.filter((one) => {
        const atMost = (one.endedAt ?? 0) - (one.connectedAt ?? -Infinity);
        return one.wholeSeconds ? atMost + 1000 <= under : atMost < under;
      });
      return counting(
        short,
        short.length,
        answered.some((one) => one.connectedAt === undefined),
      );
    }
    case 'answerRatio':
      if (sure.length < (params.min ?? 1)) return { missing: 'too-few-samples' };
      if (doubt) return { missing: 'lower-bound' };
      return counting(sure, answered.length / sure.length, false);
    case 'averageEndedDuration': {
      const lengths = answered.flatMap((one) => lengthOf(one) ?? []);
      const samples = lost ? answered.length : lengths.length;
      if (samples < (params.min ?? 1)) return { missing: 'too-few-samples' };
      if (lengths.length < answered.length) return { missing: lost ? 'incomplete-window' : 'not-listed' };
      if (doubt) return { missing: 'lower-bound' };
      return counting(answered, lengths.reduce((sum, one) => sum + one, 0) / lengths.length, false);
    }
    case 'equalDurations': {
      const lengths = answered.flatMap((one) => lengthOf(one) ?? []);
      const within = (low: number) =>
        lengths.filter((one) => one >= low && one - low <= (params.tolerance ?? 0) + 1e-9);
      const most = Math.max(0, ...lengths.map((low) => within(low).length));
      return counting(answered, most, lengths.length < answered.length);
    }
    default:
      throw new Error(`no definition of ${name}`);
  }
}

/** Seconds; undefined where no listing told any, or none was there for long when it ended. */
function lengthOf(told: ToldCall): number | undefined {
  const { call, connectedAt, lastSeenAt, endedInGap, finalDuration } = told;
  if (finalDuration !== undefined) return finalDuration;
  if (connectedAt === undefined || call.duration === undefined || endedInGap) return undefined;
  return (lastSeenAt - connectedAt) / 1000;
}

function belongs({ id, call }: ToldCall, asked: Question): boolean {
  switch (asked.scope) {
    case 'switch':
      return true;
    case 'vendor':
      return (asked.vendors.get(id) ?? []).map(String).includes(asked.id);
    case 'cli':
      return call.cliNumber === asked.id;
    case 'customer':
      return customersOf(call.customer, asked).includes(asked.id);
    default:
      return call[asked.scope]?.toString() === asked.id;
  }
}

function customersOf(customer: number | undefined, { params, parents }: Question): string[] {
  if (customer === undefined) return [];
  const parent = params.recursive === true ? parents?.get(customer) : undefined;
  return [
    String(customer),
    ...(parent === undefined ? [] : customersOf(parent, { params, parents } as Question)),
  ];
}

function membership(one: ToldCall, { params, admits }: Question): 'in' | 'out' | 'maybe' {
  const { to, direction, state } = params;
  const tests: (boolean | 'unknown')[] = [admits(one.call)];
  if (state !== undefined) tests.push(state.some((wanted) => one.states.has(wanted)));
  if (direction !== undefined)
    tests.push(one.call.direction === undefined ? 'unknown' : direction.includes(one.call.direction));
  if (to !== undefined) {
    const { cldNumber } = one.call;
    tests.push(cldNumber === undefined ? 'unknown' : to.some((prefix) => cldNumber.startsWith(prefix)));
  }
  return tests.includes(false) ? 'out' : tests.includes('unknown') ? 'maybe' : 'in';
}

function liveLetIn(one: ToldCall, asked: Question): boolean {
  const { state: _, ...params } = asked.params;
  return membership(one, { ...asked, params }) === 'in';
}

function mayBeOf(suspect: SuspectCall, asked: Question): boolean {
  if (suspect.state === 'Disconnecting' || suspect.state === 'Dead') return false;
  const { to } = asked.params;
  if (to !== undefined && suspect.cld !== undefined && !to.some((prefix) => suspect.cld?.startsWith(prefix)))
    return false;
  if (asked.scope === 'switch' || asked.scope === 'vendor') return true;
  if (asked.scope === 'cli') return suspect.cli === undefined || suspect.cli === asked.id;
  if (asked.scope === 'customer')
    return suspect.customer === undefined || customersOf(suspect.customer, asked).includes(asked.id);
  const named = suspect[asked.scope];
  return named === undefined || String(named) === asked.id;
}

/** Seconds after `from` that no sound poll covers, by the definition of a gap. */
/** Seconds of (from, now] that no sound poll covers, told poll by poll. */
export function tellGap(polls: readonly SeenPoll[], from: number, now: number): number {
  const sound = polls.filter((poll) => poll.result === 'sound');
  const [first] = sound;
  if (first === undefined) return (now - from) / 1000;
  const lost: [number, number][] = [[-Infinity, first.at]];
  for (const [at, poll] of sound.entries()) {
    const next = sound[at + 1];
    const interval = Math.max(poll.intervalMs, next?.intervalMs ?? 0);
    const until = next?.at ?? now;
    const missed = polls.find((one) => one.result !== 'sound' && one.at > poll.at && one.at <= until);
    if (missed !== undefined && next === undefined) lost.push([poll.at, now]);
    else if (missed !== undefined) lost.push([Math.min(poll.at + interval, missed.at), until]);
    else if (until - poll.at > 2 * interval) lost.push([poll.at + interval, until]);
  }
  return lost.reduce((ms, [begin, end]) => ms + Math.max(0, end - Math.max(from, begin)), 0) / 1000;
}
