import { type Call, type CallIdentity, identityKey } from './domain/call.js';
import type { LedgerCall, LedgerPoll } from './domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from './domain/numbering.js';
import type { Snapshot } from './domain/snapshot.js';

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
  listed: readonly WorldCall[];
  /**
   * Calls that are listed no more. They are told at every poll up to a sound one of their login, as only that ends them.
   */
  ended: readonly WorldCall[];
  /** Calls that were really cut, as the ledger knows, since the last poll. */
  cut: readonly WorldCall[];
  /** Two of the listed calls share an ID, or did so at the last poll. */
  sharesIds: boolean;
}

/** A call with the vendors whose listings showed it. */
export interface WorldCall {
  call: Call;
  vendors: readonly number[];
}

/**
 * Lists, poll by poll, what a switch listed once, as far as the ledger knows it: who was there, since when, in which state.
 * Account, connection and numbers are those that were listed last, also for a poll before the switch knew them. A call is
 * the same object for as long as its state stays, with new durations: a snapshot is good until the next one is made.
 */
export interface LedgerWorld {
  /** Polls must come in order of time. */
  step(poll: LedgerPoll): LedgerStep;
  /** The snapshot alone. */
  snapshot(poll: LedgerPoll): Snapshot;
  /** The call was cut in the replay: it is listed no more. Its true end is in the row. */
  cut(call: CallIdentity): LedgerCall | undefined;
  /** Calls that were there, listed at this login or not. */
  readonly seen: number;
}

/** A call that is there, with what it takes to list it at the next poll. */
interface LiveCall extends WorldCall {
  row: LedgerCall;
  /** Which of its states it was last listed in; none before the first time. */
  state: number | undefined;
  cutTold: boolean;
}

export function createLedgerWorld(options: LedgerWorldOptions): LedgerWorld {
  return new ReplayedSwitch(options);
}

class ReplayedSwitch implements LedgerWorld {
  seen = 0;
  private readonly live = new Map<string, LiveCall>();
  private leaving: LiveCall[] = [];
  /** How many live calls have an ID that others have too. */
  private readonly idUses = new Map<string, number>();
  private shared = 0;
  private sharedBefore = false;
  /** Of the last poll. */
  private login = '';
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
    this.admit(at);
    const listed: WorldCall[] = [];
    const cut: WorldCall[] = [];
    const calls: Call[] = [];
    const vendors = new Map<number, Set<string>>();
    this.login = login;
    for (const [key, one] of this.live) {
      const { row } = one;
      if (row.cutAt !== undefined && row.cutAt <= at && !one.cutTold) {
        one.cutTold = true;
        cut.push(one);
      }
      if (row.endedAt !== undefined && row.endedAt <= at) {
        this.leave(key, one);
        continue;
      }
      if (row.login !== login) continue;
      if (ageTo(at, one)) listed.push(one);
      calls.push(one.call);
      for (const vendor of row.vendors)
        vendors.set(vendor, (vendors.get(vendor) ?? new Set()).add(identityKey(row)));
    }
    const ended = this.leaving.filter(({ row }) => row.login === login);
    if (result === 'sound') this.leaving = this.leaving.filter(({ row }) => row.login !== login);
    const sharesIds = this.shared > 0 || this.sharedBefore;
    this.sharedBefore = this.shared > 0;
    const snapshot = listing(poll, this.options.switchName, calls, vendors);
    return { snapshot, listed, ended, cut, sharesIds };
  }

  cut(call: CallIdentity): LedgerCall | undefined {
    const key = keyOf(call, this.login);
    const found = this.live.get(key);
    if (found !== undefined) this.leave(key, found);
    return found?.row;
  }

  private admit(at: number): void {
    for (; this.next.done !== true && this.next.value.firstSeenAt <= at; this.next = this.rows.next()) {
      const row = this.next.value;
      if (row.endedAt !== undefined && row.endedAt <= at) continue;
      const key = keyOf(row, row.login);
      // What a switch lists under one identity is one call.
      if (this.live.has(key)) continue;
      const call = listedCall(row, this.options.numbering);
      this.live.set(key, { row, call, vendors: row.vendors, state: undefined, cutTold: false });
      this.seen += 1;
      this.countId(row.id, 1);
    }
  }

  private leave(key: string, one: LiveCall): void {
    this.live.delete(key);
    this.countId(one.row.id, -1);
    this.leaving.push(one);
  }

  private countId(id: string, by: 1 | -1): void {
    const before = this.idUses.get(id) ?? 0;
    const after = before + by;
    if (after === 0) this.idUses.delete(id);
    else this.idUses.set(id, after);
    if (Math.max(before, after) === 2) this.shared += by;
  }
}

/** What two logins list are two rows, also where it is one call. */
function keyOf(call: CallIdentity, login: string): string {
  return `${login} ${identityKey(call)}`;
}

function listing(
  { at, login, result }: LedgerPoll,
  switchName: string,
  calls: readonly Call[],
  vendors: Snapshot['vendors'],
): Snapshot {
  return {
    switch: switchName,
    observedAt: at,
    receivedAt: at,
    coverage: { states: 'all', filter: {}, login },
    calls,
    suspects: [],
    unreadableFields: {},
    vendors,
    stats: undefined,
    clockOffsetMs: 0,
    doubt: result === 'sound' ? undefined : { reason: 'suspect-share', detail: 'as recorded in the ledger' },
    notes: [],
  };
}

function listedCall(row: LedgerCall, numbering: Numbering): Call {
  return {
    id: row.id,
    callId: row.callId,
    setupTimeText: row.setupTimeText,
    state: row.states[0]?.state ?? 'Idle',
    cli: row.cli,
    cld: row.cld,
    account: row.account,
    customer: row.customer,
    connection: row.connection,
    environment: row.environment,
    direction: row.direction,
    callerMediaIp: row.callerMediaIp,
    calleeMediaIp: row.calleeMediaIp,
    duration: undefined,
    delay: undefined,
    cliNumber: callerNumber(row.cli, numbering),
    cldNumber: dialledNumber(row.cld, numbering),
    setupAt: row.setupAt,
    age: undefined,
  };
}

/**
 * Sets what changes from poll to poll: the state, and the seconds since setup and answer. Returns whether the state is
 * another than at the last listing; then the call is a new object, so that nobody's memory of the old one changes.
 */
function ageTo(at: number, one: LiveCall): boolean {
  const { states, connectedAt, setupAt, lastDelay } = one.row;
  let index = states.length - 1;
  while (index > 0 && (states[index]?.at ?? 0) > at) index -= 1;
  const changes = index !== one.state;
  if (changes) {
    one.call = { ...one.call, state: states[index]?.state ?? one.call.state };
    one.state = index;
  }
  const { call } = one;
  const answeredAt = call.state === 'Connected' ? connectedAt : at;
  // An answer reckoned from a duration may lie a moment after the listing that showed it.
  const duration = answeredAt === undefined ? undefined : Math.max(0, at - answeredAt) / 1000;
  const delay = setupAt === undefined ? lastDelay : Math.max(0, (answeredAt ?? at) - setupAt) / 1000;
  call.duration = duration;
  call.delay = delay;
  call.age = delay === undefined || duration === undefined ? undefined : delay + duration;
  return changes;
}
