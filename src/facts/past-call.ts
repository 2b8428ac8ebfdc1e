import { type Call, hasEnded, isLive, perhapsSameCall, SETUP_TOLERANCE_MS } from '../domain/call.js';
import type { LedgerCall, SeenState } from '../domain/ledger.js';
import type { Numbering } from '../domain/numbering.js';

/** DURATION may be in whole seconds. */
const DURATION_RESOLUTION_MS = 1_000;

/** When a listing was asked for, and when it was there: what it says was so at some instant between. */
export interface ListedAt {
  at: number;
  by: number;
}

/** A call that was listed at least once, as memory keeps it; live as long as endedAt is undefined. */
export interface PastCall {
  /** As last listed; a value that a later listing does not show any more stays. Its duration is the last one before the end. */
  call: Call;
  readonly firstSeenAt: number;
  /** The last listing that showed it live; in a replay Infinity for as long as every listing shows it. */
  lastSeenAt: number;
  /**
   * SETUP_TIME on our clock as it was first known; later listings reckon it a few milliseconds differently. Undefined again
   * once an age that is listed later leads to another instant.
   */
  setupAt: number | undefined;
  /** When it started, at the latest; never after the first sight. See `startOf`. */
  startedAt: number;
  /** False where it may have started at any time before startedAt. */
  startKnown: boolean;
  connectedAt: number | undefined;
  states: readonly SeenState[];
  /** Seen in state Connected. */
  answered: boolean;
  endedAt: number | undefined;
  /** When the listing that told its end was there: it ended until then. */
  endedBy: number | undefined;
  /** No listing showed it for so long before endedAt that it may have ended at any time since lastSeenAt. */
  endedInGap: boolean;
  /** Seconds that it was listed to have talked once it was over; undefined where no listing of it said so. */
  finalDuration: number | undefined;
  /** Whether every DURATION of it was a whole number of seconds, which may be cut off; undefined where none was listed. */
  wholeSeconds: boolean | undefined;
  /**
   * The first sound listing without it, while it may be there unseen (see endAbsent). Of a call that has ended: it was given
   * up so, and nobody knows when it ended.
   */
  absent: number | undefined;
  /** SETUP_TIME as in the ledger's row, which bears what was listed first. */
  readonly writtenSetupTime: string | undefined;
  /** Which of the entries of its call it is; 0 for the first, which most calls have alone. */
  leg: number;
  cutAt: number | undefined;
  vendors: readonly number[];
  /**
   * Vendors whose listings would have shown it were it theirs: asked for while it was surely there, since a later listing of
   * everything shows it still. Of this process alone.
   */
  vendorsAsked: readonly number[];
  /** Of the dialled number; undefined where it has none. */
  country: string | undefined;
  /** The number of the poll that listed it last. */
  listedIn: number;
  /** No longer in memory: timelines drop it when they come to it. */
  forgotten: boolean;
}

/**
 * A call at its first sight; `watched` where a listing so short a time before did not show it that it must have started
 * since, or next to it.
 */
export function firstSight(call: Call, listed: ListedAt, watched: boolean, numbering: Numbering): PastCall {
  const { at } = listed;
  const past: PastCall = {
    call,
    firstSeenAt: at,
    lastSeenAt: at,
    setupAt: call.setupAt,
    startedAt: at,
    startKnown: watched,
    connectedAt: undefined,
    states: NO_STATES,
    answered: false,
    endedAt: undefined,
    endedBy: undefined,
    endedInGap: false,
    finalDuration: undefined,
    wholeSeconds: undefined,
    absent: undefined,
    writtenSetupTime: call.setupTimeText,
    leg: 0,
    cutAt: undefined,
    vendors: NO_VENDORS,
    vendorsAsked: NO_VENDORS,
    country: undefined,
    listedIn: -1,
    forgotten: false,
  };
  takeListing(past, call, listed, numbering);
  return past;
}

const NO_STATES: readonly SeenState[] = [];
const NO_VENDORS: readonly number[] = [];

/** The first two are spelt out: an array that is spread takes room for sixteen more, in every call of a window. */
function withState(states: readonly SeenState[], next: SeenState): readonly SeenState[] {
  const [first] = states;
  if (first === undefined) return [next];
  return states.length === 1 ? [first, next] : [...states, next];
}

/** Seconds since setup, as far as the listing says; a call that was not answered has all of them as DELAY. */
function listedAge({ age, state, delay }: Call): number | undefined {
  return age ?? (state === 'Connected' ? undefined : delay);
}

/**
 * So long a call that is over may be what is listed again under its ID and CALL_ID, where nothing tells when that began;
 * milliseconds.
 */
const BACK_WITHIN_MS = 300_000;

/**
 * Whether a call that is over for want of a listing may be this one, of the same ID and CALL_ID. No two calls have them at once, so
 * that it is where this one began before the last sight of it; not where it began later, but for what clocks make of it
 * where it was not seen over.
 */
export function mayBeBack({ call: known, lastSeenAt }: PastCall, call: Call, at: number): boolean {
  const isLike = perhapsSameCall(known, call) && !hasEnded(known.state);
  const age = listedAge(call);
  const beganAt = call.setupAt ?? (age === undefined ? undefined : at - age * 1000);
  if (beganAt !== undefined) return beganAt <= lastSeenAt + (isLike ? SETUP_TOLERANCE_MS : 0);
  return isLike && at - lastSeenAt < BACK_WITHIN_MS;
}

/** Whether a listing says anything of the call that was not known. */
export function saysMore(past: PastCall, call: Call, listed: ListedAt): boolean {
  return (
    (past.call.state !== call.state && !past.states.some(({ state }) => state === call.state)) ||
    namesMore(past, call, listed) ||
    (call.state === 'Connected' && saysMoreOfAnswer(past, call, listed))
  );
}

function saysMoreOfAnswer(past: PastCall, call: Call, listed: ListedAt): boolean {
  return (
    answerOf(past, call, listed) !== past.connectedAt ||
    wholeSecondsOf(past.wholeSeconds, call.duration) !== past.wholeSeconds
  );
}

/** A switch that lists fractions does so in nearly every listing. */
export function wholeSecondsOf(
  known: boolean | undefined,
  duration: number | undefined,
): boolean | undefined {
  return duration === undefined ? known : known !== false && Number.isInteger(duration);
}

/**
 * How long it talked: as it was listed once it was over, else from its answer to the last listing that showed it. Undefined
 * where that is not known, as of a call that ended while nobody looked: by the last sight of it talks of minutes would be
 * brief, and of equal length. Null where it was not answered; milliseconds.
 */
export function talkMs({
  answered,
  call,
  connectedAt,
  lastSeenAt,
  endedInGap,
  finalDuration,
}: PastCall): number | null | undefined {
  if (!answered) return null;
  if (finalDuration !== undefined) return Math.round(finalDuration * 1000);
  if (connectedAt === undefined || call.duration === undefined || endedInGap) return undefined;
  return Math.max(0, lastSeenAt - connectedAt);
}

/** Whether it was surely shorter: its answer may have been up to a second before the one that whole seconds tell. */
export function isShorterThan(past: PastCall, underMs: number): boolean | undefined {
  const { answered, connectedAt, endedBy, wholeSeconds } = past;
  if (!answered || endedBy === undefined) return false;
  if (connectedAt === undefined) return undefined;
  const atMost = endedBy - connectedAt;
  return wholeSeconds === true ? atMost + DURATION_RESOLUTION_MS <= underMs : atMost < underMs;
}

/**
 * What a listing of a call that is over says of its length. Most switches list a duration of 0 then, and less than was seen
 * of it cannot be.
 */
export function finalDurationOf(past: PastCall, { duration = 0 }: Call): number | undefined {
  if (!past.answered || duration <= 0) return undefined;
  const { connectedAt, lastSeenAt } = past;
  const seenMs = connectedAt === undefined ? 0 : lastSeenAt - connectedAt;
  return duration * 1000 >= seenMs - DURATION_RESOLUTION_MS ? duration : undefined;
}

/** The same where more is to be said than its state and its answer: who calls whom by which way, and since when. */
export function namesMore(past: PastCall, call: Call, listed: ListedAt): boolean {
  const known = past.call;
  return (
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
    contradictsSetup(past, call, listed) ||
    (!past.startKnown && isLive(call.state) && listedAge(call) !== undefined)
  );
}

/** SETUP_TIME is of another zone or clock, and nothing told so before this listing, which shows it and does not believe it. */
function contradictsSetup({ setupAt }: PastCall, call: Call, { at, by }: ListedAt): boolean {
  const isDoubted = call.setupAt === undefined && call.setupTimeText !== undefined;
  const age = isDoubted && isLive(call.state) ? listedAge(call) : undefined;
  if (setupAt === undefined || age === undefined) return false;
  const early = at - age * 1000 - SETUP_TOLERANCE_MS;
  const late = by - age * 1000 + SETUP_TOLERANCE_MS;
  return setupAt < early || setupAt > late;
}

/**
 * The answer on our clock as it was first reckoned: later listings reckon it a little differently. Where they differ by
 * more than this listing took, an earlier one took longer or the clock was set, and the talk has been as long as is listed.
 */
function answerOf({ connectedAt }: PastCall, { duration }: Call, { at, by }: ListedAt): number | undefined {
  if (duration === undefined) return connectedAt;
  const listed = at - Math.round(Math.max(0, duration) * 1000);
  const tolerance = by - at + DURATION_RESOLUTION_MS;
  return connectedAt === undefined || Math.abs(listed - connectedAt) > tolerance ? listed : connectedAt;
}

function differs<T>(known: T | undefined, listed: T | undefined): boolean {
  return listed !== undefined && listed !== known;
}

/** Takes a listing over that says nothing new: only time has gone on. */
export function takeSight(past: PastCall, call: Call, at: number): void {
  if (isLive(call.state)) past.lastSeenAt = at;
  past.call = merged(past, call);
}

/** Takes a listing over that says more. */
export function takeListing(past: PastCall, call: Call, listed: ListedAt, numbering: Numbering): void {
  const { at } = listed;
  const wasAnswered = past.answered;
  const knownNumber = past.call.cldNumber;
  takeSight(past, call, at);
  if (contradictsSetup(past, call, listed)) {
    past.setupAt = undefined;
    past.startKnown = false;
  }
  past.setupAt ??= call.setupAt;
  if (!past.states.some(({ state }) => state === call.state))
    past.states = withState(past.states, { state: call.state, at });
  if (call.state === 'Connected') {
    past.answered = true;
    past.connectedAt = answerOf(past, call, listed);
    past.wholeSeconds = wholeSecondsOf(past.wholeSeconds, call.duration);
  } else if (!wasAnswered && hasEnded(call.state) && (call.duration ?? 0) > 0) {
    // It was answered and ended since the last listing.
    past.answered = true;
    past.connectedAt = answerOf(past, call, listed);
    past.wholeSeconds = wholeSecondsOf(past.wholeSeconds, call.duration);
    past.lastSeenAt = at;
  }
  takeStart(past, call, at);
  const { cldNumber } = past.call;
  if (cldNumber === undefined) past.country = undefined;
  else if (cldNumber !== knownNumber || past.country === undefined)
    past.country = numbering.countryOf(cldNumber);
}

/** SETUP_TIME tells the start, else the first age that is listed; without either it was started before it was answered. */
function takeStart(past: PastCall, call: Call, at: number): void {
  if (past.setupAt !== undefined) {
    past.startedAt = Math.min(past.setupAt, past.firstSeenAt);
    past.startKnown = true;
  } else if (!past.startKnown || at === past.firstSeenAt) {
    const age = isLive(call.state) ? listedAge(call) : undefined;
    past.startKnown ||= age !== undefined;
    const latest = age === undefined ? past.connectedAt : at - Math.round(age * 1000);
    past.startedAt = Math.min(latest ?? past.firstSeenAt, past.firstSeenAt);
  }
}

/** What is listed beats what was, and what is not listed any more stays. A call that is over keeps its last live duration. */
function merged({ call: known, answered }: PastCall, listed: Call): Call {
  if (known === listed) return listed;
  const over = hasEnded(listed.state);
  if (!over && showsAsMuch(known, listed)) return listed;
  return {
    ...listed,
    setupTimeText: listed.setupTimeText ?? known.setupTimeText,
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
    duration:
      over && answered
        ? // Of a call that is over most switches list a duration of 0.
          (known.duration ?? (listed.duration === 0 ? undefined : listed.duration))
        : (listed.duration ?? known.duration),
    delay: over ? known.delay : (listed.delay ?? known.delay),
  };
}

function showsAsMuch(known: Call, listed: Call): boolean {
  return !(
    (listed.setupTimeText === undefined && known.setupTimeText !== undefined) ||
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

/**
 * When a call of the ledger started: at its SETUP_TIME, else as reckoned when it was first seen. Rows from before that was
 * kept tell it by the age that they list. Undefined where nobody can say.
 */
export function startOf(row: LedgerCall): number | undefined {
  const { setupAt, startedAt, connectedAt, lastDelay, lastDuration, lastSeenAt, states } = row;
  const known = setupAt ?? startedAt;
  if (known !== undefined) return known;
  if (lastDelay === undefined || !states.some(({ state }) => isLive(state))) return undefined;
  if (connectedAt !== undefined) return connectedAt - Math.round(lastDelay * 1000);
  if (states.some(({ state }) => state === 'Connected')) return undefined;
  return lastSeenAt - Math.round((lastDelay + (lastDuration ?? 0)) * 1000);
}
