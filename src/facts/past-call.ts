import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { LedgerCall, SeenState } from '../domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';

/** A call that was listed at least once, as memory keeps it; live as long as endedAt is undefined. */
export interface PastCall {
  /** As last listed; a value that a later listing does not show any more stays. Its duration is the last one before the end. */
  call: Call;
  readonly firstSeenAt: number;
  /** The last listing that showed it live. */
  lastSeenAt: number;
  /** SETUP_TIME on our clock as it was first known; later listings reckon it a few milliseconds differently. */
  setupAt: number | undefined;
  /** The setup, else the first sight; never after the first sight. */
  startedAt: number;
  connectedAt: number | undefined;
  states: readonly SeenState[];
  /** Seen in state Connected. */
  answered: boolean;
  endedAt: number | undefined;
  cutAt: number | undefined;
  vendors: readonly number[];
  /** Of the dialled number; undefined where it has none. */
  country: string | undefined;
  /** The number of the poll that listed it last. */
  listedIn: number;
  /** No longer in memory: timelines drop it when they come to it. */
  forgotten: boolean;
}

/** A call at its first sight. */
export function firstSight(call: Call, at: number, numbering: Numbering): PastCall {
  const past: PastCall = {
    call,
    firstSeenAt: at,
    lastSeenAt: at,
    setupAt: call.setupAt,
    startedAt: at,
    connectedAt: undefined,
    states: [],
    answered: false,
    endedAt: undefined,
    cutAt: undefined,
    vendors: [],
    country: undefined,
    listedIn: -1,
    forgotten: false,
  };
  takeListing(past, call, at, numbering);
  return past;
}

/** Whether a listing says anything of the call that was not known. */
export function saysMore(past: PastCall, call: Call): boolean {
  const known = past.call;
  return (
    (known.state !== call.state && !past.states.some(({ state }) => state === call.state)) ||
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
    (past.connectedAt === undefined && call.state === 'Connected' && call.duration !== undefined)
  );
}

function differs<T>(known: T | undefined, listed: T | undefined): boolean {
  return listed !== undefined && listed !== known;
}

/** Takes a listing over that says nothing new: only time has gone on. */
export function takeSight(past: PastCall, call: Call, at: number): void {
  if (isLive(call.state)) past.lastSeenAt = at;
  past.call = merged(past.call, call);
}

/** Takes a listing over that says more. */
export function takeListing(past: PastCall, call: Call, at: number, numbering: Numbering): void {
  takeSight(past, call, at);
  past.setupAt ??= call.setupAt;
  past.startedAt = Math.min(past.setupAt ?? past.firstSeenAt, past.firstSeenAt);
  if (!past.states.some(({ state }) => state === call.state))
    past.states = [...past.states, { state: call.state, at }];
  if (call.state === 'Connected') {
    past.answered = true;
    if (call.duration !== undefined) past.connectedAt ??= at - Math.round(Math.max(0, call.duration) * 1000);
  }
  const { cldNumber } = past.call;
  past.country = cldNumber === undefined ? undefined : numbering.countryOf(cldNumber);
}

/** What is listed beats what was, and what is not listed any more stays. A call that is over keeps its last live duration. */
function merged(known: Call, listed: Call): Call {
  if (known === listed) return listed;
  const over = hasEnded(listed.state);
  if (!over && showsAsMuch(known, listed)) return listed;
  return {
    ...listed,
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
    duration: over ? (known.duration ?? listed.duration) : (listed.duration ?? known.duration),
    delay: over ? (known.delay ?? listed.delay) : (listed.delay ?? known.delay),
  };
}

function showsAsMuch(known: Call, listed: Call): boolean {
  return !(
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
    setupTimeText: call.setupTimeText,
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
 * A call as the ledger tells it. A row of a live call is as of its last change: the call was in every sound listing since,
 * of which `lastSoundAt` is the newest.
 */
export function fromLedgerCall(
  row: LedgerCall,
  lastSoundAt: number | undefined,
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
    startedAt: Math.min(row.setupAt ?? row.firstSeenAt, row.firstSeenAt),
    connectedAt: row.connectedAt,
    states: row.states,
    answered: row.states.some(({ state }) => state === 'Connected'),
    endedAt: row.endedAt,
    cutAt: row.cutAt,
    vendors: row.vendors,
    country: cldNumber === undefined ? undefined : numbering.countryOf(cldNumber),
    listedIn: -1,
    forgotten: false,
  };
}
