import {
  type Call,
  type CallIdentity,
  identityKey,
  isLive,
  isOnNet,
  otherSideKey,
  ownSideKey,
  sameCall,
} from './domain/call.js';
import { countConversations, groupById } from './domain/conversations.js';
import type { LedgerCall, LedgerPoll } from './domain/ledger.js';
import type { Numbering } from './domain/numbering.js';
import { countLive, type KeptListing, type Snapshot } from './domain/snapshot.js';
import type { KeptCall } from './facts/kept-calls.js';
import { cameOver, endedByCut, LiveCall, LoginCalls } from './pass-ledger-calls.js';

export interface LedgerWorldOptions {
  switchName: string;
  numbering: Numbering;
  /** In order of first sight. Read as the polls go on, so that a day of calls need not be in memory at once. */
  calls: Iterable<LedgerCall>;
}

/** What a poll shows, and what of it was not so at the last one. */
export interface LedgerStep {
  snapshot: Snapshot;
  /** Calls that are new or in another state than before. */
  listed: readonly KeptCall[];
  /** Those of them that are new: the last ones. */
  freshCount: number;
  /**
   * Calls that are listed no more. They are told at every poll up to a sound one of their login, as only that ends them.
   */
  ended: readonly KeptCall[];
  /** Those of them that were held open before: so nobody knows when they ended. */
  lost: readonly KeptCall[];
  /** Of these, those that were given up: an entry that could not be read may have been them for too long. */
  givenUp: readonly KeptCall[];
  /** Calls that are listed no more and have not ended for all that was known: the ledger held them open. Told at every poll. */
  absent: readonly KeptCall[];
  /** Calls that the last listing alone showed, as over by then: they have ended, and are listed no more. Told once. */
  passed: readonly KeptCall[];
  /** Calls that were really cut, as the ledger knows, since the last poll, and ended with it. */
  cut: readonly KeptCall[];
  /** Those that went on after their disconnect, as passes took them for cut all the same. */
  outlived: readonly KeptCall[];
  /** Two of the listed calls share an ID, or did so at the last poll. */
  sharesIds: boolean;
}

/**
 * Lists, poll by poll, what a switch listed once, as far as the ledger knows it: who was there, since when, in which state.
 * Account, connection and numbers are those that were listed last, also for a poll before the switch knew them. A call that
 * was over when it was listed first is listed so once, as nobody knows for how long the switch went on with it. What was held
 * open because a listing lacked it is not listed any more; but where it came back, the ledger does not know that it was away. A
 * call is the same object for as long as its state stays, with new durations: a snapshot is good until the next one is made.
 */
export interface LedgerWorld {
  /** Polls must come in order of time. */
  step(poll: LedgerPoll): LedgerStep;
  /** The snapshot alone. */
  snapshot(poll: LedgerPoll): Snapshot;
  /**
   * The call was cut in the replay: it is listed no more. Its row, with its true end, and then those of its other entries; none
   * where it is not there.
   */
  cut(call: CallIdentity): readonly LedgerCall[];
  /** Calls that were there, listed at this login or not. */
  readonly seen: number;
  /** Vendors that any of these was listed for. */
  readonly vendorsSeen: ReadonlySet<number>;
}

export function createLedgerWorld(options: LedgerWorldOptions): LedgerWorld {
  return new ReplayedSwitch(options);
}

class ReplayedSwitch implements LedgerWorld {
  seen = 0;
  readonly vendorsSeen = new Set<number>();
  /** By ID, which a switch may use for several calls at once; there is no array where it does not. */
  private readonly live = new Map<string, LiveCall | LiveCall[]>();
  private readonly logins = new Map<string, LoginCalls>();
  /** How many IDs several live calls have. */
  private shared = 0;
  private sharedBefore = false;
  /** Of the last poll. */
  private last: { login: string; snapshot: Snapshot } | undefined;
  private readonly rows: Iterator<LedgerCall>;
  private next: IteratorResult<LedgerCall>;

  constructor(private readonly options: LedgerWorldOptions) {
    this.rows = options.calls[Symbol.iterator]();
    this.next = this.rows.next();
  }

  snapshot(poll: LedgerPoll): Snapshot {
    return this.step(poll).snapshot;
  }

  step(poll: LedgerPoll): LedgerStep {
    const { at, login, result } = poll;
    const calls = this.ofLogin(login);
    const passed = calls.passing.filter(({ isGone }) => !isGone);
    calls.passing = [];
    // Before others are admitted: one of these may be another entry of the same call, which goes on.
    for (const one of passed) this.remove(one);
    this.admit(poll);
    const listed: LiveCall[] = [];
    const cut: LiveCall[] = [];
    const outlived: LiveCall[] = [];
    for (const one of calls.due(at)) {
      const { row } = one;
      if (one.isGone && !calls.absent.has(one)) continue;
      if (one.takeCut(at)) (endedByCut(row) ? cut : outlived).push(one);
      if (row.endedAt !== undefined && row.endedAt <= at) this.leave(one);
      else {
        // Whether a doubtful listing showed it is not kept where the process ended before the next one.
        if (result === 'sound' && one.isMissing(at)) this.hide(one);
        if (!one.isGone && !one.isFresh && one.takeState(at)) listed.push(one);
        calls.wait(one, at);
      }
    }
    calls.clock.at = at;
    const changedCount = listed.length;
    for (const one of calls.fresh) {
      if (!one.isGone && one.takeState(at)) listed.push(one);
    }
    calls.fresh = [];
    for (const one of calls.passing) if (one.takeCut(at)) cut.push(one);
    const ended = calls.leaving;
    if (result === 'sound') calls.leaving = [];
    const sharesIds = this.shared > 0 || this.sharedBefore;
    this.sharedBefore = this.shared > 0;
    const withId = (id: string) => this.listedWith(id, login);
    const snapshot = listing(poll, this.options.switchName, calls, { withId, sharesIds });
    this.last = { login, snapshot };
    const freshCount = listed.length - changedCount;
    // A sound poll leaves them to its step; until then they are told again, with those that follow.
    return {
      ...{ snapshot, listed, freshCount, passed, cut, outlived, sharesIds },
      ended: result === 'sound' ? ended : [...ended],
      lost: ended.filter(({ wasHeldOpen }) => wasHeldOpen),
      givenUp: ended.filter(({ isGivenUp }) => isGivenUp),
      absent: [...calls.absent],
    };
  }

  cut(call: CallIdentity): readonly LedgerCall[] {
    if (this.last === undefined) return [];
    const found = this.find(call, this.last.login);
    if (found === undefined) return [];
    // Put together now, the listing still shows the call to whoever looks at it later.
    const { calls } = this.last.snapshot;
    if (calls.length === 0) return [found.row];
    this.leave(found);
    const others = this.otherEntries(found);
    for (const other of others) this.leave(other);
    return [found, ...others].map(({ row }) => row);
  }

  /** An on-net call may be listed under a second ID. Entries of the same direction are of other calls. */
  private otherEntries({ row }: LiveCall): readonly LiveCall[] {
    const key = otherSideKey(row);
    if (key === undefined) return [];
    return [...this.ofLogin(row.login).live].filter(
      (one) => one.row.callId === row.callId && ownSideKey(one.row) === key,
    );
  }

  private ofLogin(login: string): LoginCalls {
    let calls = this.logins.get(login);
    if (calls === undefined) {
      calls = new LoginCalls();
      this.logins.set(login, calls);
    }
    return calls;
  }

  private admit({ at, login, result }: LedgerPoll): void {
    const over: LedgerCall[] = [];
    for (; this.next.done !== true && this.next.value.firstSeenAt <= at; this.next = this.rows.next()) {
      const row = this.next.value;
      if (row.endedAt === undefined || row.endedAt > at) {
        const one = this.add(row);
        if (one !== undefined) this.ofLogin(row.login).wait(one, at);
      } else if (result === 'sound' && row.firstSeenAt === at && row.login === login && cameOver(row)) {
        over.push(row);
      }
    }
    // After all that go on: another entry of the same call may be among those, and stands for it.
    const ended = over.filter((row) => this.find(row, login) === undefined);
    // Where both entries of a call between two accounts were over, passes have counted both.
    for (const row of ended) this.ofLogin(login).passing.push(this.enrol(row));
  }

  private add(row: LedgerCall): LiveCall | undefined {
    // What a switch lists under one identity is one call.
    return this.find(row, row.login) === undefined ? this.enrol(row) : undefined;
  }

  private enrol(row: LedgerCall): LiveCall {
    const calls = this.ofLogin(row.login);
    const one = new LiveCall(row, this.options.numbering, calls.clock);
    this.enter(one);
    calls.live.add(one);
    calls.fresh.push(one);
    if (row.vendors.length > 0) calls.ofVendors += 1;
    if (isOnNet(row)) calls.onNet += 1;
    for (const vendor of row.vendors) this.vendorsSeen.add(vendor);
    this.seen += 1;
    return one;
  }

  /** It is listed no more, which has to be told up to a sound poll. */
  private leave(one: LiveCall): void {
    const calls = this.ofLogin(one.row.login);
    if (!calls.absent.delete(one)) this.remove(one);
    calls.leaving.push(one);
  }

  /** It is listed no more, and has not ended yet. */
  private hide(one: LiveCall): void {
    this.remove(one);
    this.ofLogin(one.row.login).absent.add(one);
    one.wasHeldOpen = true;
  }

  private remove(one: LiveCall): void {
    const { row } = one;
    const calls = this.ofLogin(row.login);
    this.drop(one);
    calls.live.delete(one);
    if (row.vendors.length > 0) calls.ofVendors -= 1;
    if (isOnNet(row)) calls.onNet -= 1;
    one.leave();
  }

  private listedWith(id: string, login: string): readonly Call[] {
    const found = this.live.get(id);
    if (found === undefined) return NONE;
    const all = Array.isArray(found) ? found : [found];
    return all.filter(({ row }) => row.login === login).map(({ call }) => call);
  }

  /** What two logins list are two rows, also where it is one call. */
  private find(call: CallIdentity, login: string): LiveCall | undefined {
    const same = this.live.get(call.id);
    if (same === undefined) return undefined;
    const isIt = ({ row }: LiveCall) => row.login === login && sameCall(row, call);
    if (Array.isArray(same)) return same.find(isIt);
    return isIt(same) ? same : undefined;
  }

  private enter(one: LiveCall): void {
    const { id } = one.row;
    const same = this.live.get(id);
    if (same === undefined) this.live.set(id, one);
    else if (Array.isArray(same)) same.push(one);
    else {
      this.live.set(id, [same, one]);
      this.shared += 1;
    }
  }

  private drop(one: LiveCall): void {
    const { id } = one.row;
    const same = this.live.get(id);
    if (same === one) this.live.delete(id);
    if (!Array.isArray(same)) return;
    const others = same.filter((other) => other !== one);
    const [first] = others;
    if (first === undefined || others.length > 1) {
      this.live.set(id, others);
    } else {
      this.live.set(id, first);
      this.shared -= 1;
    }
  }
}

const NONE: readonly Call[] = [];

/** Calls and vendors are put together once somebody asks for them. */
function listing(
  { at, login, result }: LedgerPoll,
  switchName: string,
  { live, ofVendors, onNet }: LoginCalls,
  { withId, sharesIds }: Pick<KeptListing, 'withId'> & Pick<LedgerStep, 'sharesIds'>,
): Snapshot {
  let calls: readonly Call[] | undefined;
  let byId: ReadonlyMap<string, readonly Call[]> | undefined;
  const all = () => {
    calls ??= Array.from(live, ({ call }) => call);
    return calls;
  };
  let vendors: Snapshot['vendors'] | undefined = ofVendors === 0 ? new Map() : undefined;
  return {
    switch: switchName,
    observedAt: at,
    receivedAt: at,
    coverage: { states: 'all', filter: {}, login },
    get calls() {
      return all();
    },
    kept: {
      withId(id) {
        // Once it is put together it stays as it is, whatever is cut later.
        if (calls !== undefined) byId ??= groupById(calls);
        return byId === undefined ? withId(id) : (byId.get(id) ?? NONE);
      },
      liveCount() {
        if (calls !== undefined || sharesIds) return countLive({ calls: all() });
        return countLiveRows(live, onNet > 0);
      },
    },
    suspects: [],
    unreadableFields: {},
    get vendors() {
      vendors ??= vendorsOf(live);
      return vendors;
    },
    stats: undefined,
    clockOffsetMs: 0,
    doubt: result === 'sound' ? undefined : { reason: 'suspect-share', detail: 'as recorded in the ledger' },
    notes: [],
  };
}

/** As countLive, where no two share an ID: only entries of on-net calls may be fewer calls than entries. */
function countLiveRows(live: Iterable<LiveCall>, hasOnNet: boolean): number {
  let alone = 0;
  const onNet: LedgerCall[] = [];
  for (const { listedState, row } of live) {
    if (!isLive(listedState)) continue;
    if (hasOnNet && isOnNet(row)) onNet.push(row);
    else alone += 1;
  }
  return onNet.length === 0 ? alone : alone + countConversations(onNet).fewest;
}

function vendorsOf(live: Iterable<LiveCall>): Snapshot['vendors'] {
  const vendors = new Map<number, Set<string>>();
  for (const { row } of live) {
    for (const vendor of row.vendors)
      vendors.set(vendor, (vendors.get(vendor) ?? new Set()).add(identityKey(row)));
  }
  return vendors;
}
