import { type CallIdentity, identityKey, otherSideKey } from '../domain/call.js';
import type { LedgerCall, LedgerChanges, LedgerPoll, LedgerState } from '../domain/ledger.js';
import type { Numbering } from '../domain/numbering.js';
import type { Coverage, Snapshot } from '../domain/snapshot.js';
import { type CountryMemory, createCountryMemory } from './country-memory.js';
import { createLoginHistory, type LoginHistory } from './login-history.js';
import type { PastCall } from './past-call.js';
import { fromLedgerCall, toLedgerCall } from './past-call-row.js';
import {
  endAbsent,
  endingWith,
  type HeldOpen,
  markCuts,
  type PollRun,
  takeCalls,
  type VendorLookup,
} from './take-poll.js';
import { type ReplayStep, takeReplayed } from './take-replayed.js';

/** What one poll adds to the ledger, as far as calls go. */
export type HistoryChanges = Omit<LedgerChanges, 'holding'>;

export interface CallHistoryOptions {
  numbering: Numbering;
  switchName: string;
  /**
   * For replays: vendors that are taken to have been asked for with every listing, those before this history began among
   * them, as a ledger does not say which were. By default each listing says whom it asked for, and of others nobody knows.
   */
  vendorsAsked?: readonly number[];
  /** Few subjects are asked about at a poll: counts for those alone. False by default. */
  asksFew?: boolean;
}

export interface ObserveOptions {
  intervalMs: number;
  cuts: readonly CallIdentity[];
  /** False by default. */
  fromLedger?: boolean;
  heldOpen?: HeldOpen;
}

/** The calls of one switch over time, in memory and in step with the ledger. */
export interface CallHistory {
  /** Takes what the ledger knows in place of all that was known. */
  restore(state: LedgerState): void;
  /**
   * Takes a snapshot in and returns what of it is to be written: new and changed calls, not those that only went on. A call
   * ends where a sound listing of all calls under its login shows it ended or not at all, unless a call whose identity
   * could not be read may be it. `cuts`: calls whose disconnect was sent since the last poll; calls that are known to be
   * cut already may be among them. `fromLedger`: the snapshot lists what the ledger tells, where no call is that was over
   * before anybody could see it end.
   */
  observe(snapshot: Snapshot, options: ObserveOptions): HistoryChanges;
  /** A poll that brought nothing: it ends nothing, and leaves a gap. */
  missed(poll: LedgerPoll): HistoryChanges;
  /** The same as `observe` for a replay: its cost is that of what changed. Returns nothing to be written. */
  replay(step: ReplayStep): void;
  /** Lets go of calls that ended at or before this instant. */
  forget(before: number): void;
  /**
   * The newest poll that brought a listing under this login, sound or not: what was cut since has not been marked yet among
   * the calls that it has listed.
   */
  lastListedAt(login: string): number | undefined;
  /** Whether a poll at this instant is not after the one before: then the clock was set back, and it begins anew. */
  isSetBack(now: number): boolean;
  /** Vendors that ever listed this call; none for a call that is not known. */
  vendorsOf(call: CallIdentity): readonly number[];
  /** For deriveFacts. */
  ofLogin(login: string): LoginHistory | undefined;
  readonly countries: CountryMemory;
}

/**
 * A history that knows nothing yet. It begins anew, but for countries and accounts, with a poll that is not after the one
 * before it: two times that bear the same instants would count as one.
 */
export function createCallHistory(options: CallHistoryOptions): CallHistory {
  const { numbering, vendorsAsked } = options;
  let logins = new Map<string, LoginHistory>();
  let countries = createCountryMemory();
  let listedAt = new Map<string, number>();
  let lastPollAt: number | undefined;
  let newestLogin: LoginHistory | undefined;
  /** Only who keeps a history asks how its numbers were read before. */
  let isKept = false;

  function open(login: string): LoginHistory {
    let history = logins.get(login);
    if (history === undefined) {
      history = createLoginHistory(login, options.asksFew);
      logins.set(login, history);
    }
    return history;
  }

  function noteListed({ login, at }: Pick<LedgerPoll, 'login' | 'at'>): void {
    listedAt.set(login, Math.max(listedAt.get(login) ?? at, at));
  }

  const isSetBack = (now: number) => lastPollAt !== undefined && now <= lastPollAt;

  /** Takes down that there was a poll; returns what of that is to be written. */
  function arrive({ at, result }: LedgerPoll): Pick<HistoryChanges, 'anew' | 'numbering'> {
    const anew = isSetBack(at);
    if (anew) {
      logins = new Map();
      newestLogin = undefined;
      listedAt = new Map();
      countries.setBack(at, (lastPollAt ?? at) - at);
    }
    lastPollAt = at;
    const mark = isKept ? countries.readBy(numbering.fingerprint, at, result === 'sound') : undefined;
    return { ...(anew ? { anew } : {}), ...(mark === undefined ? {} : { numbering: mark }) };
  }

  function begin(
    poll: LedgerPoll,
    receivedAt: number,
    { changed, fromLedger }: Pick<PollRun, 'changed' | 'fromLedger'>,
  ): PollRun {
    noteListed(poll);
    const history = open(poll.login);
    newestLogin = history;
    const soundBefore = history.gaps.lastSoundAt();
    const watched = history.gaps.coversUntil(poll.at, poll.intervalMs);
    history.gaps.note(poll);
    if (poll.result === 'sound') countries.noteSound(poll.at);
    history.beginPoll();
    const by = Math.max(poll.at, receivedAt);
    return {
      ...{ history, at: poll.at, by, watched, soundBefore, numbering, countries },
      ...{
        changed,
        fromLedger,
        enrolled: [],
        asksVendors: vendorsAsked !== undefined && vendorsAsked.length > 0,
      },
    };
  }

  return {
    restore(state) {
      logins = new Map();
      countries = createCountryMemory();
      countries.restore(state);
      isKept = true;
      newestLogin = undefined;
      lastPollAt = state.lastPollAt ?? state.polls.at(-1)?.at;
      listedAt = new Map();
      for (const last of state.lastListedAt ?? []) noteListed(last);
      for (const poll of state.polls) if (poll.result !== 'failed') noteListed(poll);
      const seen = new Set(state.polls.flatMap(({ login, result }) => (result === 'sound' ? [login] : [])));
      for (const { login, at } of state.lastSoundAt ?? []) {
        if (!seen.has(login)) open(login).gaps.note({ at, intervalMs: 0, result: 'sound', login });
        noteListed({ login, at });
      }
      for (const poll of state.polls) open(poll.login).gaps.note(poll);
      for (const { login, at } of state.prunedUntil ?? []) open(login).gaps.noteForgotten(at);
      const calls = state.calls.map((row) => {
        const history = open(row.login);
        const { gaps } = history;
        const last = {
          lastSoundAt: gaps.lastSoundAt(),
          lastListedAt: listedAt.get(row.login),
          intervalMs: gaps.intervalMs(),
        };
        const past = fromLedgerCall(row, last, numbering);
        if (vendorsAsked !== undefined) takeAsked(history, past, vendorsAsked);
        takeHeldOpen(history, past);
        takeCut(history, past);
        return { history, past };
      });
      // In order, so that each goes to the end of its timeline.
      calls.sort((one, other) => one.past.startedAt - other.past.startedAt);
      for (const { history, past } of calls) history.add(past);
    },
    observe(snapshot, { intervalMs, cuts, fromLedger = false, heldOpen = NONE_HELD }) {
      const { login } = snapshot.coverage;
      const speaksForAll = snapshot.doubt === undefined && coversAll(snapshot.coverage);
      const result = speaksForAll ? 'sound' : 'suspect';
      const poll: LedgerPoll = { at: snapshot.observedAt, intervalMs, result, login };
      const arrival = arrive(poll);
      const changed = new Set<PastCall>();
      const run = begin(poll, snapshot.receivedAt, { changed, fromLedger });
      if (snapshot.doubt === undefined) run.history.asked = vendorsAsked ?? [...snapshot.vendors.keys()];
      const others = endingWith(run.history, cuts);
      takeCalls(run, snapshot.calls, vendorLookup(snapshot), snapshot.doubt === undefined);
      markCuts(run, cuts, others);
      if (speaksForAll) endAbsent(run, snapshot, heldOpen);
      run.history.wasListed ||= coversAll(snapshot.coverage);
      return { poll, calls: rowsOf(changed, login), ...countries.changes(), ...arrival };
    },
    missed(poll) {
      const arrival = arrive(poll);
      open(poll.login).gaps.note(poll);
      return { poll, calls: [], ...countries.changes(), ...arrival };
    },
    replay(step) {
      const { poll } = step;
      if (poll.result === 'failed') {
        this.missed(poll);
        return;
      }
      arrive(poll);
      const run = begin(poll, poll.at, { changed: NOTHING_WRITTEN, fromLedger: true });
      run.history.wasListed = true;
      if (poll.result === 'sound') run.history.asked = vendorsAsked ?? [];
      takeReplayed(run, step);
      countries.changes();
    },
    forget(before) {
      for (const history of logins.values()) history.forget(before);
    },
    lastListedAt: (login) => listedAt.get(login),
    isSetBack,
    vendorsOf: (call) => newestLogin?.find(call)?.vendors ?? [],
    ofLogin: (login) => logins.get(login),
    get countries() {
      return countries;
    },
  };
}

/** Whether statistics or an entry that cannot be read held it open the ledger does not say. */
function takeHeldOpen(
  { lackingSince }: LoginHistory,
  { call: { account }, absent, endedAt }: PastCall,
): void {
  if (absent === undefined || endedAt !== undefined || account === undefined) return;
  lackingSince.set(account, Number.POSITIVE_INFINITY);
}

function takeCut({ onNetCutAt }: LoginHistory, { call, cutAt }: PastCall): void {
  const key = cutAt === undefined ? undefined : otherSideKey(call);
  if (key !== undefined && cutAt !== undefined) onNetCutAt.set(key, cutAt);
}

/** As though the polls that the ledger tells of had asked for these vendors, the last one too. */
function takeAsked(history: LoginHistory, past: PastCall, vendors: readonly number[]): void {
  history.asked = vendors;
  if (past.lastSeenAt > past.firstSeenAt) past.vendorsAsked = vendors;
  if (past.endedAt === undefined) past.listedIn = history.polls;
}

const NONE_HELD: HeldOpen = { absent: [], givenUp: [] };

/** For a replay, which writes nothing. */
const NOTHING_WRITTEN: PollRun['changed'] = { add: () => undefined };

function rowsOf(changed: Iterable<PastCall>, login: string): LedgerCall[] {
  return Array.from(changed, (past) => toLedgerCall(past, login));
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
