import { type Call, type CallIdentity, identityKey } from '../domain/call.js';
import type { CalledCountry, KnownAccount, LedgerCall, LedgerPoll, LedgerState } from '../domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from '../domain/numbering.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { CaseCall, RuleTestCase } from './test-case.js';

const LOGIN = 'login:test';
/** Before a case begins its switch was polled this often; often enough for any window to be without a gap. */
const PAST_INTERVAL_MS = 60_000;
/** No fact looks further back than this at polls, so that a case with years of history needs no million of them. */
const POLLS_REACH_MS = 26 * 3_600_000;

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
  const liveAt = (at: number) =>
    testCase.calls.filter((call) => call.from <= at && at < call.to && !cut.has(keyOf(call)));
  return {
    past: pastOf(testCase, numbering),
    liveAt,
    end: (call) => void cut.add(identityKey(call)),
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

/** As if the switch had been watched all the time from where the history begins to just before the case does. */
function pastOf(testCase: RuleTestCase, numbering: Numbering): LedgerState {
  const { start, historyMs, everyMs } = testCase;
  const since = start - historyMs;
  const last = start - Math.min(everyMs, PAST_INTERVAL_MS);
  const known = testCase.calls.filter(
    (call) => historyMs > 0 && call.to > since && (call.from <= last || call.to <= start),
  );
  const polls = pastPolls(Math.max(since, start - POLLS_REACH_MS), last);
  return {
    lastPollId: undefined,
    polls: historyMs > 0 ? polls : [],
    calls: known.map((call) => ledgerCall(call, { firstSeenAt: Math.max(call.from, since), last, start })),
    countries: calledCountries(known, numbering),
    accounts: knownAccounts(known),
    holding: [],
  };
}

function pastPolls(since: number, last: number): readonly LedgerPoll[] {
  const count = Math.max(0, Math.floor((last - since) / PAST_INTERVAL_MS) + 1);
  const polls = Array.from({ length: count }, (_, index): LedgerPoll => {
    const at = last - (count - 1 - index) * PAST_INTERVAL_MS;
    return { at, intervalMs: PAST_INTERVAL_MS, result: 'sound', login: LOGIN };
  });
  const first = polls[0]?.at ?? since;
  return first > since && since <= last
    ? [{ at: since, intervalMs: PAST_INTERVAL_MS, result: 'sound', login: LOGIN }, ...polls]
    : polls;
}

function ledgerCall(
  call: CaseCall,
  { firstSeenAt, last, start }: { firstSeenAt: number; last: number; start: number },
): LedgerCall {
  const ended = call.to <= start;
  const lastSeenAt = ended ? call.to : last;
  const connectedAt = isConnected(call, lastSeenAt) ? call.answeredAt : undefined;
  const { duration, delay } = timesAt(call, lastSeenAt);
  const setup = { state: call.setupState, at: firstSeenAt };
  const connected =
    connectedAt === undefined ? undefined : { state: 'Connected', at: Math.max(connectedAt, firstSeenAt) };
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
    endedAt: ended ? call.to : undefined,
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
