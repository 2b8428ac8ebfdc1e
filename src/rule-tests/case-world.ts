import { type Call, type CallIdentity, identityKey } from '../domain/call.js';
import { type ConversationEntry, Conversations, groupById } from '../domain/conversations.js';
import { WATCHED_MS } from '../domain/facts.js';
import type { CalledCountry, KnownAccount, LedgerCall, LedgerPoll, LedgerState } from '../domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { CaseCall, RuleTestCase } from './test-case.js';

const LOGIN = 'login:test';
/** Polls of the past are kept about this far apart: often enough for any window to be without a gap. */
const KEPT_POLLS_MS = 60_000;
/** No window looks further back than this, so that a case with years of history needs no million of them. */
const POLLS_REACH_MS = 26 * 3_600_000;
/** How far apart they are before that, back to what is asked by who needs to know what is new to an account. */
const OLDER_POLLS_MS = 3_600_000;

/** The switch of a case: what it shows at an instant, and what was known of it before. */
export interface CaseWorld {
  /** What the ledger holds when the case begins. */
  past: LedgerState;
  /** What a poll at this instant lists; the calls cut so far are gone. */
  snapshotAt(at: number): Snapshot;
  /** A poll that fails. */
  missedAt(at: number): Omit<LedgerPoll, 'result'>;
  /** The call is gone from now on. */
  end(call: CallIdentity): void;
  /** The calls that go on at this instant. */
  liveAt(at: number): readonly CaseCall[];
}

export interface WorldContext {
  numbering: Numbering;
  /** Vendors that the judged rules name: only those are listed. */
  vendors: readonly number[];
}

export function createWorld(testCase: RuleTestCase, { numbering, vendors }: WorldContext): CaseWorld {
  const cut = new Set<string>();
  let conversations: Conversations<ConversationEntry> | undefined;
  // Made once: every poll goes through all calls, and so would every cut.
  const keys = new Map(testCase.calls.map((call) => [call, keyOf(call)] as const));
  const isCut = (call: CaseCall) => cut.has(keys.get(call) ?? '');
  const liveAt = (at: number) =>
    testCase.calls.filter((call) => call.from <= at && at < call.to && !isCut(call));
  return {
    past: pastOf(testCase, numbering),
    liveAt,
    end(call) {
      const ended = identityKey(call);
      cut.add(ended);
      // The other entry of an on-net call ends with it.
      conversations ??= new Conversations(groupById(testCase.calls.map(entryOf)));
      for (const other of conversations.othersOf(ended)) cut.add(other.id);
    },
    missedAt: (at) => ({ at, intervalMs: testCase.everyMs, login: LOGIN }),
    snapshotAt(at) {
      const live = liveAt(at);
      return {
        switch: testCase.switchName,
        observedAt: at,
        receivedAt: at,
        coverage: { states: 'all', filter: {}, login: LOGIN },
        calls: live.map((call) => listed(call, at, numbering)),
        suspects: [],
        unreadableFields: {},
        vendors: new Map(
          vendors.map((vendor) => [
            vendor,
            new Set(live.filter((call) => call.vendors.includes(vendor)).map(keyOf)),
          ]),
        ),
        stats: undefined,
        clockOffsetMs: 0,
        doubt: undefined,
        notes: [],
      };
    },
  };
}

function identityOf({ id, callId, from }: CaseCall): CallIdentity {
  return { id, callId, setupTimeText: setupTimeText(from) };
}

function keyOf(call: CaseCall): string {
  return identityKey(identityOf(call));
}

/** By the whole identity: in the course of a case an ID may be another call's. */
function entryOf(call: CaseCall): ConversationEntry {
  const { direction, cli, cld } = call;
  return { ...identityOf(call), id: keyOf(call), direction, cli, cld };
}

/** `YYYYMMDDTHH:MM:SS.mmm`, UTC, as a switch writes it. */
function setupTimeText(at: number): string {
  return new Date(at).toISOString().replaceAll('-', '').replace('Z', '');
}

function partiesOf(call: CaseCall) {
  const { cli, cld, account, customer, connection, environment, direction, callerMediaIp, calleeMediaIp } =
    call;
  return { cli, cld, account, customer, connection, environment, direction, callerMediaIp, calleeMediaIp };
}

function listed(call: CaseCall, at: number, numbering: Numbering): Call {
  const { duration, delay } = timesAt(call, at);
  return {
    ...identityOf(call),
    ...partiesOf(call),
    state: isConnected(call, at) ? 'Connected' : call.setupState,
    duration,
    delay,
    cliNumber: callerNumber(call.cli, numbering),
    cldNumber: dialledNumber(call.cld, numbering),
    setupAt: call.from,
    age: duration + delay,
  };
}

function isConnected({ answeredAt }: CaseCall, at: number): boolean {
  return answeredAt !== undefined && answeredAt <= at;
}

/** DURATION and DELAY as a switch lists them: seconds since the answer, and seconds from setup to the answer or to now. */
function timesAt({ from, answeredAt }: CaseCall, at: number): { duration: number; delay: number } {
  if (answeredAt === undefined || answeredAt > at) return { duration: 0, delay: (at - from) / 1000 };
  return { duration: (at - answeredAt) / 1000, delay: (answeredAt - from) / 1000 };
}

/** The polls before a case: one every `everyMs`, back to where the history begins. */
interface PastPolls {
  start: number;
  everyMs: number;
  /** The first and the last of them. */
  first: number;
  last: number;
}

/** As if the switch had been polled as in the case itself from where the history begins: a call that no poll hit is not known. */
function pastOf(testCase: RuleTestCase, numbering: Numbering): LedgerState {
  const { start, historyMs, everyMs } = testCase;
  const first = start - Math.floor(historyMs / everyMs) * everyMs;
  const polls: PastPolls = { start, everyMs, first, last: start - everyMs };
  const known = testCase.calls.filter((call) => {
    const seenAt = firstPollFrom(call.from, polls);
    return seenAt <= polls.last && seenAt < call.to;
  });
  return {
    lastPollId: undefined,
    polls: pastPolls(polls),
    calls: known.map((call) => ledgerCall(call, polls)),
    countries: calledCountries(known, numbering),
    accounts: knownAccounts(known),
    holding: [],
  };
}

/** The first poll at or after this instant; polls go on into the case. */
function firstPollFrom(at: number, { start, everyMs, first }: PastPolls): number {
  return Math.max(first, start - Math.floor((start - at) / everyMs) * everyMs);
}

/** So many of them as gaps are looked for in: one a minute, and before the longest window one an hour. */
function pastPolls({ start, everyMs, first, last }: PastPolls): readonly LedgerPoll[] {
  const since = Math.max(first, start - POLLS_REACH_MS);
  if (since > last) return [];
  const oldest = Math.max(first, start - WATCHED_MS - everyMs);
  const older = oldest < since ? pollsBetween(oldest, since, OLDER_POLLS_MS, everyMs).slice(0, -1) : [];
  return [...older, ...pollsBetween(since, last, KEPT_POLLS_MS, everyMs)];
}

/** The newest and the oldest, and in between one every so often. */
function pollsBetween(since: number, last: number, keptMs: number, everyMs: number): readonly LedgerPoll[] {
  const intervalMs = Math.ceil(keptMs / everyMs) * everyMs;
  const count = Math.floor((last - since) / intervalMs) + 1;
  const ats = Array.from({ length: count }, (_, index) => last - (count - 1 - index) * intervalMs);
  const oldest = ats[0] ?? last;
  return [...(oldest > since ? [since] : []), ...ats].map((at) => ({
    at,
    intervalMs,
    result: 'sound',
    login: LOGIN,
  }));
}

function ledgerCall(call: CaseCall, polls: PastPolls): LedgerCall {
  const firstSeenAt = firstPollFrom(call.from, polls);
  // A call that ends after the last of these polls is missed by the first one of the case.
  const missedAt = firstPollFrom(call.to, polls);
  const ended = missedAt <= polls.last;
  const lastSeenAt = ended ? missedAt - polls.everyMs : polls.last;
  const connectedAt = isConnected(call, lastSeenAt) ? call.answeredAt : undefined;
  const { duration, delay } = timesAt(call, lastSeenAt);
  const setup = { state: call.setupState, at: firstSeenAt };
  const connected =
    connectedAt === undefined ? undefined : { state: 'Connected', at: firstPollFrom(connectedAt, polls) };
  const setupSeen = connected === undefined || connected.at > firstSeenAt;
  return {
    ...identityOf(call),
    ...partiesOf(call),
    login: LOGIN,
    vendors: call.vendors.toSorted((one, other) => one - other),
    setupAt: call.from,
    firstSeenAt,
    lastSeenAt,
    connectedAt,
    states: [...(setupSeen ? [setup] : []), ...(connected === undefined ? [] : [connected])],
    lastDuration: duration,
    lastDelay: delay,
    endedAt: ended ? missedAt : undefined,
    cutAt: undefined,
  };
}

function knownAccounts(calls: readonly CaseCall[]): readonly KnownAccount[] {
  const firstAt = new Map<number, number>();
  for (const { account, from } of calls) {
    if (account !== undefined && !firstAt.has(account)) firstAt.set(account, from);
  }
  return [...firstAt].map(([account, at]) => ({ account, firstAt: at }));
}

/** `calls` are in order of setup, so the first of a country is its first call. */
function calledCountries(calls: readonly CaseCall[], numbering: Numbering): readonly CalledCountry[] {
  const called = new Map<string, CalledCountry>();
  for (const { account, cld, from } of calls) {
    const number = dialledNumber(cld, numbering);
    const country = number === undefined ? undefined : numbering.countryOf(number);
    if (account === undefined || country === undefined) continue;
    const key = `${account} ${country}`;
    called.set(key, { account, country, firstAt: called.get(key)?.firstAt ?? from, lastAt: from });
  }
  return [...called.values()];
}
