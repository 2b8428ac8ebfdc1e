import { type Call, type CallIdentity, identityKey } from './domain/call.js';
import type { LedgerCall, LedgerPoll } from './domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from './domain/numbering.js';
import type { Snapshot } from './domain/snapshot.js';
import { startOf } from './facts/past-call.js';

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

/** When the listings of a login showed their calls; the same for all of them. */
interface ListingClock {
  at: number;
}

/** What is to happen to the calls of one login, by spans of time: a span that has begun is looked through at every poll. */
const SPAN_MS = 5_000;

/** A call that is there. Its durations are reckoned once somebody looks at it, as nobody does at most polls. */
class LiveCall implements WorldCall {
  cutTold = false;
  private listedCall: Call;
  /** Its start by SETUP_TIME or by the ages that were listed; undefined where neither was. */
  private readonly startedAt: number | undefined;
  /** Which of its states it was last listed in; none before the first time. */
  private state: number | undefined;
  private agedAt: number | undefined;
  private goneSince: number | undefined;

  constructor(
    readonly row: LedgerCall,
    numbering: Numbering,
    private readonly clock: ListingClock,
  ) {
    this.listedCall = listedCall(row, numbering);
    this.startedAt = row.setupAt ?? (row.lastDelay === undefined ? undefined : startOf(row));
  }

  get vendors(): readonly number[] {
    return this.row.vendors;
  }

  get call(): Call {
    if (this.goneSince === undefined && this.agedAt !== this.clock.at) this.ageTo(this.clock.at);
    return this.listedCall;
  }

  /**
   * Takes the state that it is listed in now. Returns whether it is another than at the last listing; then the call is a new
   * object, so that nobody's memory of the old one changes.
   */
  takeState(at: number): boolean {
    const { states } = this.row;
    let index = states.length - 1;
    while (index > 0 && (states[index]?.at ?? 0) > at) index -= 1;
    if (index === this.state) return false;
    this.listedCall = { ...this.listedCall, state: states[index]?.state ?? this.listedCall.state };
    this.state = index;
    this.agedAt = undefined;
    return true;
  }

  /** When it has to be looked at again: at its next state, its cut, or its end. */
  nextEventAt(at: number): number {
    const { states, cutAt, endedAt } = this.row;
    let next = endedAt ?? Number.POSITIVE_INFINITY;
    if (cutAt !== undefined && !this.cutTold) next = Math.min(next, cutAt);
    for (const state of states) if (state.at > at) next = Math.min(next, state.at);
    return next;
  }

  /** It was listed for the last time: it stays as that listing showed it. */
  leave(): void {
    const { at } = this.clock;
    if (this.state !== undefined && this.agedAt !== at) this.ageTo(at);
    this.goneSince = at;
  }

  /** Sets what changes from poll to poll: the seconds since setup and answer. */
  private ageTo(at: number): void {
    const { connectedAt, lastDelay } = this.row;
    const { listedCall: call, startedAt } = this;
    const answeredAt = call.state === 'Connected' ? connectedAt : at;
    // An answer reckoned from a duration may lie a moment after the listing that showed it.
    const duration = answeredAt === undefined ? undefined : Math.max(0, at - answeredAt) / 1000;
    const delay = startedAt === undefined ? lastDelay : Math.max(0, (answeredAt ?? at) - startedAt) / 1000;
    call.duration = duration;
    call.delay = delay;
    call.age = delay === undefined || duration === undefined ? undefined : delay + duration;
    this.agedAt = at;
  }
}

/** The calls of one login that are there. */
class LoginCalls {
  readonly clock: ListingClock = { at: Number.NEGATIVE_INFINITY };
  /** In order of first sight. */
  readonly live = new Set<LiveCall>();
  /** Never listed so far. */
  fresh: LiveCall[] = [];
  leaving: LiveCall[] = [];
  /** How many of the live ones were listed for a vendor. */
  ofVendors = 0;
  private readonly bySpan = new Map<number, LiveCall[]>();
  private span: number | undefined;

  wait(one: LiveCall, at: number): void {
    const next = one.nextEventAt(at);
    if (next === Number.POSITIVE_INFINITY) return;
    const span = Math.max(Math.floor(next / SPAN_MS), this.span ?? Number.NEGATIVE_INFINITY);
    const waiting = this.bySpan.get(span);
    if (waiting === undefined) this.bySpan.set(span, [one]);
    else waiting.push(one);
  }

  /** Those to which something has happened until `at`, and perhaps some to which nothing has. */
  due(at: number): readonly LiveCall[] {
    const span = Math.floor(at / SPAN_MS);
    const found: LiveCall[] = [];
    const spans = span - (this.span ?? span) > this.bySpan.size ? [...this.bySpan.keys()] : undefined;
    const take = (one: number) => {
      found.push(...(this.bySpan.get(one) ?? []));
      this.bySpan.delete(one);
    };
    if (spans === undefined && this.span !== undefined)
      for (let one = this.span; one <= span; one += 1) take(one);
    else for (const one of spans ?? [...this.bySpan.keys()]) if (one <= span) take(one);
    this.span = span;
    return found;
  }
}

export function createLedgerWorld(options: LedgerWorldOptions): LedgerWorld {
  return new ReplayedSwitch(options);
}

class ReplayedSwitch implements LedgerWorld {
  seen = 0;
  private readonly live = new Map<string, LiveCall>();
  private readonly logins = new Map<string, LoginCalls>();
  /** How many live calls have an ID that others have too. */
  private readonly idUses = new Map<string, number>();
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
    this.admit(at);
    const calls = this.ofLogin(login);
    const listed: LiveCall[] = [];
    const cut: LiveCall[] = [];
    for (const one of calls.due(at)) {
      const { row } = one;
      if (!calls.live.has(one)) continue;
      if (row.cutAt !== undefined && row.cutAt <= at && !one.cutTold) {
        one.cutTold = true;
        cut.push(one);
      }
      if (row.endedAt !== undefined && row.endedAt <= at) this.leave(one);
      else {
        if (one.takeState(at)) listed.push(one);
        calls.wait(one, at);
      }
    }
    calls.clock.at = at;
    for (const one of calls.fresh) {
      if (!calls.live.has(one)) continue;
      if (one.takeState(at)) listed.push(one);
    }
    calls.fresh = [];
    const ended = calls.leaving;
    if (result === 'sound') calls.leaving = [];
    const sharesIds = this.shared > 0 || this.sharedBefore;
    this.sharedBefore = this.shared > 0;
    const snapshot = listing(poll, this.options.switchName, calls);
    this.last = { login, snapshot };
    return { snapshot, listed, ended: [...ended], cut, sharesIds };
  }

  cut(call: CallIdentity): LedgerCall | undefined {
    if (this.last === undefined) return undefined;
    const found = this.live.get(keyOf(call, this.last.login));
    if (found === undefined) return undefined;
    // Whoever looks at the listing later still finds the call on it.
    this.last.snapshot.calls.length;
    this.leave(found);
    return found.row;
  }

  private ofLogin(login: string): LoginCalls {
    let calls = this.logins.get(login);
    if (calls === undefined) {
      calls = new LoginCalls();
      this.logins.set(login, calls);
    }
    return calls;
  }

  private admit(at: number): void {
    for (; this.next.done !== true && this.next.value.firstSeenAt <= at; this.next = this.rows.next()) {
      const row = this.next.value;
      if (row.endedAt !== undefined && row.endedAt <= at) continue;
      const key = keyOf(row, row.login);
      // What a switch lists under one identity is one call.
      if (this.live.has(key)) continue;
      const calls = this.ofLogin(row.login);
      const one = new LiveCall(row, this.options.numbering, calls.clock);
      this.live.set(key, one);
      calls.live.add(one);
      calls.fresh.push(one);
      if (row.vendors.length > 0) calls.ofVendors += 1;
      calls.wait(one, at);
      this.seen += 1;
      this.countId(row.id, 1);
    }
  }

  private leave(one: LiveCall): void {
    const { row } = one;
    const calls = this.ofLogin(row.login);
    this.live.delete(keyOf(row, row.login));
    calls.live.delete(one);
    if (row.vendors.length > 0) calls.ofVendors -= 1;
    one.leave();
    this.countId(row.id, -1);
    calls.leaving.push(one);
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

/** Calls and vendors are put together once somebody asks for them. */
function listing(
  { at, login, result }: LedgerPoll,
  switchName: string,
  { live, ofVendors }: LoginCalls,
): Snapshot {
  let calls: readonly Call[] | undefined;
  let vendors: Snapshot['vendors'] | undefined = ofVendors === 0 ? new Map() : undefined;
  return {
    switch: switchName,
    observedAt: at,
    receivedAt: at,
    coverage: { states: 'all', filter: {}, login },
    get calls() {
      calls ??= Array.from(live, ({ call }) => call);
      return calls;
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

function vendorsOf(live: Iterable<LiveCall>): Snapshot['vendors'] {
  const vendors = new Map<number, Set<string>>();
  for (const { row } of live) {
    for (const vendor of row.vendors)
      vendors.set(vendor, (vendors.get(vendor) ?? new Set()).add(identityKey(row)));
  }
  return vendors;
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
