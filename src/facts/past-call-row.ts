import { type Call, isLive } from '../domain/call.js';
import type { LedgerCall } from '../domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import { type PastCall, startOf, wholeSecondsOf } from './past-call.js';
import { isGap } from './poll-gaps.js';

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
    absentAt: past.absent,
    leg: past.leg === 0 ? undefined : past.leg,
    endedBy: past.endedBy,
    endedInGap: past.endedAt === undefined ? undefined : past.endedInGap,
    finalDuration: past.finalDuration,
    wholeSeconds: past.wholeSeconds,
  };
}

/** The last listings of a login when its calls are read from the ledger. */
export interface LastListings {
  lastSoundAt: number | undefined;
  /** Sound or not. */
  lastListedAt: number | undefined;
  intervalMs: number | undefined;
}

/** When a call of the ledger was last seen: one that lives was in every sound listing since its row was written. */
function lastSightOf({ lastSeenAt, endedAt, absentAt }: LedgerCall, { lastSoundAt }: LastListings): number {
  const wentOn = endedAt === undefined && absentAt === undefined;
  return wentOn ? Math.max(lastSeenAt, lastSoundAt ?? lastSeenAt) : lastSeenAt;
}

/** How long it had talked then. Nobody wrote down whether listings that were not sound showed it later still. */
function lastDurationOf(row: LedgerCall, last: LastListings): number | undefined {
  const { endedAt, absentAt, connectedAt, lastDuration } = row;
  if (endedAt !== undefined || absentAt !== undefined) return lastDuration;
  const lastSeenAt = lastSightOf(row, last);
  if ((last.lastListedAt ?? lastSeenAt) > lastSeenAt) return undefined;
  return lastSeenAt > row.lastSeenAt && connectedAt !== undefined
    ? (lastSeenAt - connectedAt) / 1000
    : lastDuration;
}

/** What its DELAY had grown to by then; it grows no more once the call is answered. */
function lastDelayOf(row: LedgerCall, last: LastListings): number | undefined {
  const { lastDelay, lastSeenAt, states } = row;
  const { state = '' } = states.at(-1) ?? {};
  if (lastDelay === undefined || !isLive(state) || state === 'Connected') return lastDelay;
  return lastDelay + (lastSightOf(row, last) - lastSeenAt) / 1000;
}

/** How it ended. A row from before that was kept tells it by the interval of today. */
function endingOf(
  { endedAt, endedBy, endedInGap, lastSeenAt, finalDuration }: LedgerCall,
  { intervalMs = 0 }: LastListings,
): Pick<PastCall, 'endedBy' | 'endedInGap' | 'finalDuration'> {
  if (endedAt === undefined) return { endedBy: undefined, endedInGap: false, finalDuration: undefined };
  const inGap = endedInGap ?? isGap(endedAt - lastSeenAt, intervalMs);
  return { endedBy: endedBy ?? endedAt, endedInGap: inGap, finalDuration };
}

/** A call as the ledger tells it. A row of a live call is as of its last change. */
export function fromLedgerCall(row: LedgerCall, last: LastListings, numbering: Numbering): PastCall {
  const lastSeenAt = lastSightOf(row, last);
  const { absentAt, endedAt } = row;
  const cldNumber = dialledNumber(row.cld, numbering);
  const duration = lastDurationOf(row, last);
  const delay = lastDelayOf(row, last);
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
    delay,
    cliNumber: callerNumber(row.cli, numbering),
    cldNumber,
    setupAt: row.setupAt,
    age: duration === undefined || delay === undefined ? undefined : duration + delay,
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
    endedAt,
    ...endingOf(row, last),
    wholeSeconds:
      row.wholeSeconds ??
      wholeSecondsOf(undefined, row.connectedAt === undefined ? undefined : row.lastDuration),
    absent: absentAt,
    writtenSetupTime: row.setupTimeText,
    leg: row.leg ?? 0,
    cutAt: row.cutAt,
    vendors: row.vendors,
    vendorsAsked: [],
    country: cldNumber === undefined ? undefined : numbering.countryOf(cldNumber),
    listedIn: -1,
    forgotten: false,
  };
}
