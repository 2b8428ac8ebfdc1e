import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { LedgerCall, SeenState } from '../domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import { isGap } from './poll-gaps.js';

/** The clock was set where an answer is reckoned so differently; longer than a listing takes. */
const CLOCK_SET_MS = 60_000;

/** A call that was listed at least once, as memory keeps it; live as long as endedAt is undefined. */
export interface PastCall {
  /** As last listed; a value that a later listing does not show any more stays. Its duration is the last one before the end. */
  call: Call;
  readonly firstSeenAt: number;
  /** The last listing that showed it live. */
  lastSeenAt: number;
  /** SETUP_TIME on our clock as it was first known; later listings reckon it a few milliseconds differently. */
  setupAt: number | undefined;
  /** When it started, at the latest; never after the first sight. See `startOf`. */
  startedAt: number;
  /** False where it may have started at any time before startedAt. */
  startKnown: boolean;
  connectedAt: number | undefined;
  states: readonly SeenState[];
  /** Seen in state Connected. */
  answered: boolean;
  endedAt: number | undefined;
  /** When the listing that told its end was there: it ended until then. As endedAt for calls from the ledger. */
  endedBy: number | undefined;
  /** No listing showed it for so long before endedAt that it may have ended at any time since lastSeenAt. */
  endedInGap: boolean;
  /** The first sound listing without it, while a call that cannot be read may be it. */
  absent: { at: number; by: number } | undefined;
  /** SETUP_TIME as in the ledger's row, which bears what was listed first. */
  readonly writtenSetupTime: string | undefined;
  /** The ledger has a row for the first entry of a call alone. */
  isFurtherLeg: boolean;
  cutAt: number | undefined;
  vendors: readonly number[];
  /** Of the dialled number; undefined where it has none. */
  country: string | undefined;
  /** The number of the poll that listed it last. */
  listedIn: number;
  /** No longer in memory: timelines drop it when they come to it. */
  forgotten: boolean;
}

/**
 * A call at its first sight; `watched` where a listing so short a time before did not show it that it must have started
 * since, or next to it.
 */
export function firstSight(call: Call, at: number, watched: boolean, numbering: Numbering): PastCall {
  const past: PastCall = {
    call,
    firstSeenAt: at,
    lastSeenAt: at,
    setupAt: call.setupAt,
    startedAt: at,
    startKnown: watched,
    connectedAt: undefined,
    states: [],
    answered: false,
    endedAt: undefined,
    endedBy: undefined,
    endedInGap: false,
    absent: undefined,
    writtenSetupTime: call.setupTimeText,
    isFurtherLeg: false,
    cutAt: undefined,
    vendors: [],
    country: undefined,
    listedIn: -1,
    forgotten: false,
  };
  takeListing(past, call, at, numbering);
  return past;
}

/** Seconds since setup, as far as the listing says; a call that was not answered has all of them as DELAY. */
function listedAge({ age, state, delay }: Call): number | undefined {
  return age ?? (state === 'Connected' ? undefined : delay);
}

/** Whether a listing says anything of the call that was not known. */
export function saysMore(past: PastCall, call: Call, at: number): boolean {
  return (
    (past.call.state !== call.state && !past.states.some(({ state }) => state === call.state)) ||
    namesMore(past, call) ||
    (call.state === 'Connected' && answerOf(past, call, at) !== past.connectedAt)
  );
}

/** The same where more is to be said than its state and its answer: who calls whom by which way, and since when. */
export function namesMore(past: PastCall, call: Call): boolean {
  const known = past.call;
  return (
    differs(known.account, call.account) ||
    differs(known.cld, call.cld) ||
    differs(known.cli, call.cli) ||
    differs(known.customer, call.customer) ||
    differs(known.connection, call.connection) ||
    differs(known.environment, call.environment) ||
    differs(known.direction, call.direction) ||
    differs(known.callerMediaIp, call.callerMediaIp) ||
    differs(known.calleeMediaIp, call.calleeMediaIp) ||
    (past.setupAt === undefined && call.setupAt !== undefined) ||
    (!past.startKnown && isLive(call.state) && listedAge(call) !== undefined)
  );
}

/**
 * The answer on our clock as it was first reckoned: later listings reckon it a little differently. Where they differ by
 * more than a listing takes, the clock was set, and the talk has only been as long as is listed.
 */
function answerOf({ connectedAt }: PastCall, { duration }: Call, at: number): number | undefined {
  if (duration === undefined) return connectedAt;
  const listed = at - Math.round(Math.max(0, duration) * 1000);
  return connectedAt === undefined || Math.abs(listed - connectedAt) > CLOCK_SET_MS ? listed : connectedAt;
}

function differs<T>(known: T | undefined, listed: T | undefined): boolean {
  return listed !== undefined && listed !== known;
}

/** Takes a listing over that says nothing new: only time has gone on. */
export function takeSight(past: PastCall, call: Call, at: number): void {
  if (isLive(call.state)) past.lastSeenAt = at;
  past.call = merged(past, call);
}

/** Takes a listing over that says more. */
export function takeListing(past: PastCall, call: Call, at: number, numbering: Numbering): void {
  const wasAnswered = past.answered;
  takeSight(past, call, at);
  past.setupAt ??= call.setupAt;
  if (!past.states.some(({ state }) => state === call.state))
    past.states = [...past.states, { state: call.state, at }];
  if (call.state === 'Connected') {
    past.answered = true;
    past.connectedAt = answerOf(past, call, at);
  } else if (!wasAnswered && hasEnded(call.state) && (call.duration ?? 0) > 0) {
    // It was answered and ended since the last listing.
    past.answered = true;
    past.connectedAt = answerOf(past, call, at);
    past.lastSeenAt = at;
  }
  takeStart(past, call, at);
  const { cldNumber } = past.call;
  past.country = cldNumber === undefined ? undefined : numbering.countryOf(cldNumber);
}

/** SETUP_TIME tells the start, else the first age that is listed; without either it was started before it was answered. */
function takeStart(past: PastCall, call: Call, at: number): void {
  if (past.setupAt !== undefined) {
    past.startedAt = Math.min(past.setupAt, past.firstSeenAt);
    past.startKnown = true;
  } else if (!past.startKnown || at === past.firstSeenAt) {
    const age = isLive(call.state) ? listedAge(call) : undefined;
    past.startKnown ||= age !== undefined;
    const latest = age === undefined ? past.connectedAt : at - Math.round(age * 1000);
    past.startedAt = Math.min(latest ?? past.firstSeenAt, past.firstSeenAt);
  }
}

/** What is listed beats what was, and what is not listed any more stays. A call that is over keeps its last live duration. */
function merged({ call: known, answered }: PastCall, listed: Call): Call {
  if (known === listed) return listed;
  const over = hasEnded(listed.state);
  if (!over && showsAsMuch(known, listed)) return listed;
  return {
    ...listed,
    setupTimeText: listed.setupTimeText ?? known.setupTimeText,
    cli: listed.cli ?? known.cli,
    cliNumber: listed.cli === undefined ? known.cliNumber : listed.cliNumber,
    cld: listed.cld ?? known.cld,
    cldNumber: listed.cld === undefined ? known.cldNumber : listed.cldNumber,
    account: listed.account ?? known.account,
    customer: listed.customer ?? known.customer,
    connection: listed.connection ?? known.connection,
    environment: listed.environment ?? known.environment,
    direction: listed.direction ?? known.direction,
    callerMediaIp: listed.callerMediaIp ?? known.callerMediaIp,
    calleeMediaIp: listed.calleeMediaIp ?? known.calleeMediaIp,
    duration: over && answered ? (known.duration ?? listed.duration) : (listed.duration ?? known.duration),
    delay: over ? known.delay : (listed.delay ?? known.delay),
  };
}

function showsAsMuch(known: Call, listed: Call): boolean {
  return !(
    (listed.setupTimeText === undefined && known.setupTimeText !== undefined) ||
    (listed.cli === undefined && known.cli !== undefined) ||
    (listed.cld === undefined && known.cld !== undefined) ||
    (listed.account === undefined && known.account !== undefined) ||
    (listed.customer === undefined && known.customer !== undefined) ||
    (listed.connection === undefined && known.connection !== undefined) ||
    (listed.environment === undefined && known.environment !== undefined) ||
    (listed.direction === undefined && known.direction !== undefined) ||
    (listed.callerMediaIp === undefined && known.callerMediaIp !== undefined) ||
    (listed.calleeMediaIp === undefined && known.calleeMediaIp !== undefined) ||
    (listed.duration === undefined && known.duration !== undefined) ||
    (listed.delay === undefined && known.delay !== undefined)
  );
}

/** The row that the ledger keeps of it. */
export function toLedgerCall(past: PastCall, login: string): LedgerCall {
  const { call } = past;
  return {
    id: call.id,
    callId: call.callId,
    setupTimeText: past.writtenSetupTime,
    login,
    cli: call.cli,
    cld: call.cld,
    account: call.account,
    customer: call.customer,
    connection: call.connection,
    environment: call.environment,
    direction: call.direction,
    callerMediaIp: call.callerMediaIp,
    calleeMediaIp: call.calleeMediaIp,
    vendors: past.vendors,
    setupAt: past.setupAt,
    firstSeenAt: past.firstSeenAt,
    startedAt: past.startKnown && past.setupAt === undefined ? past.startedAt : undefined,
    lastSeenAt: past.lastSeenAt,
    connectedAt: past.connectedAt,
    states: past.states,
    lastDuration: call.duration,
    lastDelay: call.delay,
    endedAt: past.endedAt,
    cutAt: past.cutAt,
  };
}

/**
 * When a call of the ledger started: at its SETUP_TIME, else as reckoned when it was first seen. Rows from before that was
 * kept tell it by the age that they list. Undefined where nobody can say.
 */
export function startOf(row: LedgerCall): number | undefined {
  const { setupAt, startedAt, connectedAt, lastDelay, lastDuration, lastSeenAt, states } = row;
  const known = setupAt ?? startedAt;
  if (known !== undefined) return known;
  if (lastDelay === undefined || !states.some(({ state }) => isLive(state))) return undefined;
  if (connectedAt !== undefined) return connectedAt - Math.round(lastDelay * 1000);
  if (states.some(({ state }) => state === 'Connected')) return undefined;
  return lastSeenAt - Math.round((lastDelay + (lastDuration ?? 0)) * 1000);
}

/**
 * A call as the ledger tells it. A row of a live call is as of its last change: the call was in every sound listing since,
 * of which `lastSoundAt` is the newest.
 */
export function fromLedgerCall(
  row: LedgerCall,
  { lastSoundAt, intervalMs = 0 }: { lastSoundAt: number | undefined; intervalMs: number | undefined },
  numbering: Numbering,
): PastCall {
  const lastSeenAt =
    row.endedAt === undefined ? Math.max(row.lastSeenAt, lastSoundAt ?? row.lastSeenAt) : row.lastSeenAt;
  const goneOn = lastSeenAt > row.lastSeenAt && row.connectedAt !== undefined;
  const cldNumber = dialledNumber(row.cld, numbering);
  const duration = goneOn ? (lastSeenAt - (row.connectedAt ?? lastSeenAt)) / 1000 : row.lastDuration;
  const call: Call = {
    id: row.id,
    callId: row.callId,
    setupTimeText: row.setupTimeText,
    state: row.states.at(-1)?.state ?? '',
    cli: row.cli,
    cld: row.cld,
    account: row.account,
    customer: row.customer,
    connection: row.connection,
    environment: row.environment,
    direction: row.direction,
    callerMediaIp: row.callerMediaIp,
    calleeMediaIp: row.calleeMediaIp,
    duration,
    delay: row.lastDelay,
    cliNumber: callerNumber(row.cli, numbering),
    cldNumber,
    setupAt: row.setupAt,
    age: duration === undefined || row.lastDelay === undefined ? undefined : duration + row.lastDelay,
  };
  return {
    call,
    firstSeenAt: row.firstSeenAt,
    lastSeenAt,
    setupAt: row.setupAt,
    startedAt: Math.min(startOf(row) ?? row.connectedAt ?? row.firstSeenAt, row.firstSeenAt),
    startKnown: startOf(row) !== undefined,
    connectedAt: row.connectedAt,
    states: row.states,
    answered: row.connectedAt !== undefined || row.states.some(({ state }) => state === 'Connected'),
    endedAt: row.endedAt,
    endedBy: row.endedAt,
    endedInGap: row.endedAt !== undefined && isGap(row.endedAt - row.lastSeenAt, intervalMs),
    absent: undefined,
    writtenSetupTime: row.setupTimeText,
    isFurtherLeg: false,
    cutAt: row.cutAt,
    vendors: row.vendors,
    country: cldNumber === undefined ? undefined : numbering.countryOf(cldNumber),
    listedIn: -1,
    forgotten: false,
  };
}
