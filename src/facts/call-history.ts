import {
  type Call,
  type CallIdentity,
  hasEnded,
  identityKey,
  isLive,
  type SuspectCall,
} from '../domain/call.js';
import type { LedgerCall, LedgerChanges, LedgerPoll, LedgerState } from '../domain/ledger.js';
import type { Numbering } from '../domain/numbering.js';
import type { Coverage, Snapshot } from '../domain/snapshot.js';
import { type CountryMemory, createCountryMemory } from './country-memory.js';
import { createLoginHistory, type LoginHistory } from './login-history.js';
import {
  firstSight,
  fromLedgerCall,
  type PastCall,
  saysMore,
  takeListing,
  takeSight,
  toLedgerCall,
} from './past-call.js';

/** What one poll adds to the ledger, as far as calls go. */
export type HistoryChanges = Omit<LedgerChanges, 'holding'>;

export interface CallHistoryOptions {
  numbering: Numbering;
  switchName: string;
}

/** One poll of a replay, told by what changed rather than by a whole listing. */
export interface ReplayStep {
  poll: LedgerPoll;
  /** Calls that are new or not as at the last poll. All others that are live are listed as they were, durations apart. */
  listed: readonly { call: Call; vendors?: readonly number[] }[];
  /** Calls that are live no more; nothing ends where the poll is not sound. */
  ended: readonly CallIdentity[];
  cuts: readonly CallIdentity[];
}

/** The calls of one switch over time, in memory and in step with the ledger. */
export interface CallHistory {
  /** Takes what the ledger knows in place of all that was known. */
  restore(state: LedgerState): void;
  /**
   * Takes a snapshot in and returns what of it is to be written: new and changed calls, not those that only went on. A call
   * ends where a sound listing of all calls under its login shows it ended or not at all, unless a call whose identity
   * could not be read may be it. `cuts`: calls whose disconnect was sent since the last poll; calls that are known to be
   * cut already may be among them.
   */
  observe(snapshot: Snapshot, options: { intervalMs: number; cuts: readonly CallIdentity[] }): HistoryChanges;
  /** A poll that brought nothing: it ends nothing, and is a gap once it is long enough. */
  missed(poll: LedgerPoll): HistoryChanges;
  /** The same as `observe` for a replay: its cost is that of what changed. Returns nothing to be written. */
  replay(step: ReplayStep): void;
  /** Lets go of calls that ended at or before this instant. */
  forget(before: number): void;
  /** The newest poll of any result. */
  readonly lastPollAt: number | undefined;
  /** Vendors that ever listed this call; none for a call that is not known. */
  vendorsOf(call: CallIdentity): readonly number[];
  /** For deriveFacts. */
  ofLogin(login: string): LoginHistory | undefined;
  readonly countries: CountryMemory;
}

/** A history that knows nothing yet. */
export function createCallHistory(options: CallHistoryOptions): CallHistory {
  const { numbering } = options;
  let logins = new Map<string, LoginHistory>();
  let countries = createCountryMemory();
  let lastPollAt: number | undefined;
  let newestLogin: LoginHistory | undefined;

  function open(login: string): LoginHistory {
    let history = logins.get(login);
    if (history === undefined) {
      history = createLoginHistory(login);
      logins.set(login, history);
    }
    return history;
  }

  function begin(poll: LedgerPoll): PollRun {
    lastPollAt = Math.max(lastPollAt ?? -Infinity, poll.at);
    const history = open(poll.login);
    newestLogin = history;
    history.gaps.note(poll);
    history.beginPoll();
    return { history, at: poll.at, numbering, countries, changed: new Set() };
  }

  return {
    restore(state) {
      logins = new Map();
      countries = createCountryMemory();
      countries.restore(state.countries, state.accounts);
      lastPollAt = state.polls.at(-1)?.at;
      for (const poll of state.polls) open(poll.login).gaps.note(poll);
      const calls = state.calls.map((row) => {
        const history = open(row.login);
        return { history, past: fromLedgerCall(row, history.gaps.lastSoundAt(), numbering) };
      });
      // In order, so that each goes to the end of its timeline.
      calls.sort((one, other) => one.past.startedAt - other.past.startedAt);
      for (const { history, past } of calls) history.add(past);
    },
    observe(snapshot, { intervalMs, cuts }) {
      const { login } = snapshot.coverage;
      const speaksForAll = snapshot.doubt === undefined && coversAll(snapshot.coverage);
      const result = speaksForAll ? 'sound' : 'suspect';
      const poll: LedgerPoll = { at: snapshot.observedAt, intervalMs, result, login };
      const run = begin(poll);
      takeCalls(run, snapshot.calls, vendorLookup(snapshot), snapshot.doubt === undefined);
      markCuts(run, cuts);
      if (speaksForAll) endAbsent(run, snapshot.suspects);
      return { poll, calls: rowsOf(run), ...countries.changes() };
    },
    missed(poll) {
      lastPollAt = Math.max(lastPollAt ?? -Infinity, poll.at);
      return { poll, calls: [], countries: [], accounts: [] };
    },
    replay({ poll, listed, ended, cuts }) {
      if (poll.result === 'failed') {
        lastPollAt = Math.max(lastPollAt ?? -Infinity, poll.at);
        return;
      }
      const run = begin(poll);
      const sound = poll.result === 'sound';
      for (const { call, vendors = [] } of listed) takeCall(run, call, vendors, sound);
      markCuts(run, cuts);
      for (const identity of sound ? ended : []) {
        const past = run.history.find(identity);
        if (past?.endedAt === undefined && past !== undefined) end(run, past);
      }
      for (const past of run.history.live) {
        // A call that was cut is listed no more, though only a sound listing ends it.
        if (past.cutAt === undefined && isLive(past.call.state)) past.lastSeenAt = poll.at;
      }
      countries.changes();
    },
    forget(before) {
      for (const history of logins.values()) history.forget(before);
    },
    get lastPollAt() {
      return lastPollAt;
    },
    vendorsOf: (call) => newestLogin?.find(call)?.vendors ?? [],
    ofLogin: (login) => logins.get(login),
    get countries() {
      return countries;
    },
  };
}

interface PollRun {
  history: LoginHistory;
  at: number;
  numbering: Numbering;
  countries: CountryMemory;
  changed: Set<PastCall>;
}

type VendorLookup = ((call: Call) => readonly number[]) | undefined;

function takeCalls(run: PollRun, calls: readonly Call[], vendorsOf: VendorLookup, mayEnd: boolean): void {
  const fresh: PastCall[] = [];
  for (const call of calls) {
    const past = run.history.find(call);
    if (past === undefined) fresh.push(newCall(run, call, vendorsOf?.(call) ?? [], mayEnd));
    else takeKnown(run, past, call, vendorsOf?.(call) ?? [], mayEnd);
  }
  fresh.sort((one, other) => one.startedAt - other.startedAt);
  for (const past of fresh) {
    // A listing that shows one call twice is one call.
    if (run.history.find(past.call) === undefined) enrol(run, past);
  }
}

function takeCall(run: PollRun, call: Call, vendors: readonly number[], mayEnd: boolean): void {
  const past = run.history.find(call);
  if (past === undefined) enrol(run, newCall(run, call, vendors, mayEnd));
  else takeKnown(run, past, call, vendors, mayEnd);
}

function newCall(run: PollRun, call: Call, vendors: readonly number[], mayEnd: boolean): PastCall {
  const past = firstSight(call, run.at, run.numbering);
  past.vendors = [...vendors].sort((one, other) => one - other);
  past.listedIn = run.history.polls;
  if (mayEnd && hasEnded(call.state)) past.endedAt = run.at;
  return past;
}

function enrol(run: PollRun, past: PastCall): void {
  run.history.add(past);
  run.changed.add(past);
  run.countries.note(past);
}

function takeKnown(
  run: PollRun,
  past: PastCall,
  call: Call,
  vendors: readonly number[],
  mayEnd: boolean,
): void {
  past.listedIn = run.history.polls;
  const over = hasEnded(call.state);
  // What is over stays as it is, however long the switch goes on listing it.
  if (over && past.endedAt !== undefined) return;
  const ends = over && mayEnd;
  const isBack = !over && past.endedAt !== undefined;
  const moreVendors = vendors.some((vendor) => !past.vendors.includes(vendor));
  if (!ends && !isBack && !moreVendors && !saysMore(past, call)) {
    takeSight(past, call, run.at);
    return;
  }
  run.history.change(past, () => {
    takeListing(past, call, run.at, run.numbering);
    if (moreVendors)
      past.vendors = [...new Set([...past.vendors, ...vendors])].sort((one, other) => one - other);
    if (ends) past.endedAt = run.at;
    else if (isBack) past.endedAt = undefined;
  });
  run.changed.add(past);
  run.countries.note(past);
}

function markCuts(run: PollRun, cuts: readonly CallIdentity[]): void {
  for (const identity of cuts) {
    const past = run.history.find(identity);
    if (past === undefined || past.cutAt !== undefined) continue;
    run.history.changeEnd(past, () => {
      past.cutAt = run.at;
    });
    run.changed.add(past);
  }
}

function endAbsent(run: PollRun, suspects: readonly SuspectCall[]): void {
  const { live, polls } = run.history;
  for (const past of [...live]) {
    if (past.listedIn === polls || suspects.some((suspect) => maybeThatCall(suspect, past.call))) continue;
    end(run, past);
  }
}

function end(run: PollRun, past: PastCall): void {
  run.history.changeEnd(past, () => {
    past.endedAt = run.at;
  });
  run.changed.add(past);
}

/** What of its identity could be read does not tell it from the call. */
function maybeThatCall(suspect: SuspectCall, call: CallIdentity): boolean {
  return (
    (suspect.id === undefined || suspect.id === call.id) &&
    (suspect.callId === undefined || suspect.callId === call.callId)
  );
}

function rowsOf({ changed, history }: PollRun): LedgerCall[] {
  return Array.from(changed, (past) => toLedgerCall(past, history.login));
}

/** Whether a call that the listing does not show is not there; a listing of some calls tells nothing of the others. */
function coversAll({ states, filter }: Coverage): boolean {
  const { account, vendor, connection, recursive } = filter;
  const narrowed = account !== undefined || vendor !== undefined || connection !== undefined;
  return states === 'all' && !narrowed && recursive !== false;
}

function vendorLookup({ vendors }: Snapshot): VendorLookup {
  if (vendors.size === 0) return undefined;
  return (call) => {
    const key = identityKey(call);
    return [...vendors].filter(([, keys]) => keys.has(key)).map(([vendor]) => vendor);
  };
}
