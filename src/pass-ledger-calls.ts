import { type Call, hasEnded, isLive, SETUP_TOLERANCE_MS } from './domain/call.js';
import type { LedgerCall } from './domain/ledger.js';
import { callerNumber, dialledNumber, type Numbering } from './domain/numbering.js';
import type { KeptCall } from './facts/kept-calls.js';
import { startOf } from './facts/past-call.js';
import { RECENT_DISCONNECT_MS } from './pass-past.js';
import type { CallMarks } from './pass-quiet-marks.js';

/** When the listings of a login showed their calls; the same for all of them. */
interface ListingClock {
  at: number;
}

/** What is to happen to the calls of one login, by spans of time: a span that has begun is looked through at every poll. */
const SPAN_MS = 5_000;

/** A call that is there. Its durations are reckoned once somebody looks at it, as nobody does at most polls. */
export class LiveCall implements KeptCall {
  /** See EventCall. */
  marks: CallMarks | undefined;
  /** Listings lacked it, and it had not ended for all that was known. */
  wasHeldOpen = false;
  private listedCall: Call;
  /** Its start by SETUP_TIME or by the ages that were listed; undefined where neither was. */
  private readonly startedAt: number | undefined;
  /** Which of its states it was last listed in; none before the first time. */
  private state: number | undefined;
  private firstListedAt: number | undefined;
  private agedAt: number | undefined;
  private goneSince: number | undefined;
  private cutTold = false;
  private readonly shownUntil: number;

  constructor(
    readonly row: LedgerCall,
    numbering: Numbering,
    private readonly clock: ListingClock,
  ) {
    this.listedCall = listedCall(row, numbering);
    this.startedAt = row.setupAt ?? (row.lastDelay === undefined ? undefined : startOf(row));
    this.shownUntil = shownUntil(row);
  }

  get isGone(): boolean {
    return this.goneSince !== undefined;
  }

  /** It has never been listed. */
  get isFresh(): boolean {
    return this.state === undefined;
  }

  /** Its end is none that anybody knows: it was held open for too long. */
  get isGivenUp(): boolean {
    return this.row.endedAt !== undefined && this.row.absentAt !== undefined;
  }

  get vendors(): readonly number[] {
    return this.row.vendors;
  }

  get call(): Call {
    if (this.goneSince === undefined && this.agedAt !== this.clock.at) this.ageTo(this.clock.at);
    return this.listedCall;
  }

  /** The state alone, which costs nothing. */
  get listedState(): string {
    return this.listedCall.state;
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
    const state = states[index]?.state ?? this.listedCall.state;
    // Nobody has seen what was never listed.
    if (this.isFresh) {
      this.listedCall.state = state;
      this.firstListedAt = at;
    } else this.listedCall = { ...this.listedCall, state };
    this.state = index;
    this.agedAt = undefined;
    return true;
  }

  /** Whether the ledger knows it to be cut by now; true once. */
  takeCut(at: number): boolean {
    const { cutAt } = this.row;
    if (cutAt === undefined || cutAt > at || this.cutTold) return false;
    this.cutTold = true;
    return true;
  }

  /**
   * Whether it is to be listed no more from now on. One that has never been listed is listed once: else nobody would know of
   * its end.
   */
  isMissing(at: number): boolean {
    return at > this.shownUntil && !this.isFresh && !this.isGone;
  }

  /** When it has to be looked at again: at its next state, its cut, its last listing, or its end. */
  nextEventAt(at: number): number {
    const { states, cutAt, endedAt } = this.row;
    let next = endedAt ?? Number.POSITIVE_INFINITY;
    if (!this.isGone) next = Math.min(next, this.shownUntil + 1);
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

  /** Sets what changes from poll to poll: the seconds up to the answer and since then, as the switch listed them. */
  private ageTo(at: number): void {
    const { connectedAt, lastDelay, lastDuration, wholeSeconds, states } = this.row;
    const { listedCall: call } = this;
    this.agedAt = at;
    // Never listed but as over: it was as long when it was first seen as the row tells.
    if (states.length === 1 && hasEnded(call.state)) {
      setTimes(call, lastDelay, lastDuration);
      return;
    }
    // Of a call that was never answered the row tells whether a DURATION was listed at all.
    const isSetup = call.state !== 'Connected' && (lastDuration !== undefined || connectedAt !== undefined);
    const answeredAt = isSetup ? at : connectedAt;
    // An answer reckoned from a duration may lie a moment after the listing that showed it.
    const seconds = answeredAt === undefined ? undefined : Math.max(0, at - answeredAt) / 1000;
    const duration = seconds !== undefined && wholeSeconds === true ? Math.floor(seconds) : seconds;
    setTimes(call, this.delayAt(at), duration);
  }

  /** DELAY, which is not what SETUP_TIME says: it is as the row has it, less what it grew by after this listing. */
  private delayAt(at: number): number | undefined {
    const { setupAt, connectedAt, lastDelay, lastSeenAt, wholeSeconds, states } = this.row;
    const { state } = this.listedCall;
    const answeredAt = connectedAt ?? states.find((one) => one.state === 'Connected')?.at;
    // A history takes a call without SETUP_TIME to have started when its first listing says.
    if (setupAt === undefined && this.startedAt !== undefined && at === this.firstListedAt) {
      const until = state === 'Connected' ? (connectedAt ?? at) : at;
      return Math.max(0, until - this.startedAt) / 1000;
    }
    if (lastDelay === undefined || state === 'Connected') return lastDelay;
    const delay = lastDelay - ((answeredAt ?? lastSeenAt) - at) / 1000;
    // A row that was written after a restart may bear a DELAY from long before the sight it tells of.
    const byStart = this.startedAt === undefined ? delay : (at - this.startedAt) / 1000;
    if (Math.abs(delay - byStart) * 1000 > SETUP_TOLERANCE_MS) return Math.max(0, byStart);
    return Math.max(0, (wholeSeconds ?? Number.isInteger(lastDelay)) ? Math.round(delay) : delay);
  }
}

function setTimes(call: Call, delay: number | undefined, duration: number | undefined): void {
  call.duration = duration;
  call.delay = delay;
  call.age = delay === undefined || duration === undefined ? undefined : delay + duration;
}

/**
 * Whether the call ended with the cut that the ledger knows of it. A switch may say OK and let it go on, and a whole may not have
 * taken it: then listings show it still once it does not count as gone any more.
 */
export function endedByCut({ cutAt, endedAt, absentAt, lastSeenAt, states }: LedgerCall): boolean {
  const wentOn = endedAt === undefined && absentAt === undefined;
  const tells = !wentOn && states.every(({ state }) => isLive(state) || hasEnded(state));
  const seenUntil = Math.min(
    endedAt ?? Number.POSITIVE_INFINITY,
    tells ? lastSeenAt : Number.POSITIVE_INFINITY,
  );
  return cutAt !== undefined && seenUntil < cutAt + RECENT_DISCONNECT_MS;
}

/**
 * The last listing that showed a call, where the ledger tells that; Infinity for a call that went on, and for one that was
 * listed in other states than live ones, of which lastSeenAt says nothing.
 */
function shownUntil({ endedAt, absentAt, lastSeenAt, states }: LedgerCall): number {
  const wentOn = endedAt === undefined && absentAt === undefined;
  const tells = !wentOn && states.every(({ state }) => isLive(state));
  return tells ? lastSeenAt : Number.POSITIVE_INFINITY;
}

/** Whether a sound listing of its login at this instant, later than the one that showed a call first, showed it as well. */
export function wasListedAt(row: LedgerCall, at: number): boolean {
  return (row.endedAt === undefined || row.endedAt > at) && at <= shownUntil(row);
}

/** Whether the listing that showed a call first showed it as over, which makes it one that began and ended by then. */
export function cameOver({ firstSeenAt, endedAt, states }: LedgerCall): boolean {
  return endedAt !== undefined && endedAt <= firstSeenAt && hasEnded(states[0]?.state ?? '');
}

/** The calls of one login that are there. */
export class LoginCalls {
  readonly clock: ListingClock = { at: Number.NEGATIVE_INFINITY };
  /** In order of first sight. */
  readonly live = new Set<LiveCall>();
  /** Never listed so far. */
  fresh: LiveCall[] = [];
  leaving: LiveCall[] = [];
  /** Not listed any more, but held open. */
  readonly absent = new Set<LiveCall>();
  /** Over when they were listed first: the next listing shows them no more. */
  passing: LiveCall[] = [];
  /** How many of the live ones were listed for a vendor. */
  ofVendors = 0;
  /** How many of them may have another entry. */
  onNet = 0;
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
    const found: LiveCall[][] = [];
    for (const one of this.spansUntil(span)) {
      const waiting = this.bySpan.get(one);
      if (waiting === undefined) continue;
      found.push(waiting);
      this.bySpan.delete(one);
    }
    this.span = span;
    const [first] = found;
    return first !== undefined && found.length === 1 ? first : found.flat();
  }

  private spansUntil(span: number): readonly number[] {
    const first = this.span ?? Number.NEGATIVE_INFINITY;
    // After a long time without a poll there are fewer spans in which anything waits than there were.
    if (span - first > this.bySpan.size) return [...this.bySpan.keys()].filter((one) => one <= span);
    return Array.from({ length: span - first + 1 }, (_, index) => first + index);
  }
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
