import {
  type Call,
  type CallIdentity,
  hasEnded,
  isOnNet,
  otherSideKey,
  ownSideKey,
  type SuspectCall,
} from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { CountryMemory } from './country-memory.js';
import { sameLeg } from './known-calls.js';
import type { LoginHistory } from './login-history.js';
import {
  finalDurationOf,
  firstSight,
  type ListedAt,
  mayBeBack,
  namesMore,
  type PastCall,
  saysMore,
  takeListing,
  takeSight,
} from './past-call.js';
import { isGap } from './poll-gaps.js';

/**
 * So long an entry that cannot be read keeps calls from ending which it might be, and a listing that lacks calls of an account
 * those of that account; milliseconds. A switch may list one for days, or count an account otherwise for good, and no call would
 * end meanwhile.
 */
export const HELD_OPEN_MS = 300_000;

/** One poll while it is taken in. */
export interface PollRun extends ListedAt {
  history: LoginHistory;
  soundBefore: number | undefined;
  /** No gap lies between this poll and the sound one before. */
  watched: boolean;
  numbering: Numbering;
  countries: CountryMemory;
  /** The ledger tells what is listed: each of it counted once. */
  fromLedger: boolean;
  /** Listings of this replay are taken to have asked for vendors, where nothing is doubtful about them. */
  asksVendors: boolean;
  /** What is to be written. */
  changed: { add(past: PastCall): unknown };
  /** What this poll was the first to show. */
  enrolled: PastCall[];
}

/** What a replay knows of calls that its listing does not show; none by default. */
export interface HeldOpen {
  /** They have not ended for all that was known. */
  absent: readonly Call[];
  /** They ended because nobody could wait any longer. */
  givenUp: readonly Call[];
}

export type VendorLookup = ((call: Call) => readonly number[]) | undefined;

export function takeCalls(
  run: PollRun,
  calls: readonly Call[],
  vendorsOf: VendorLookup,
  mayEnd: boolean,
): void {
  const others: Call[] = [];
  for (const call of calls) {
    const past = run.history.find(call);
    if (past === undefined || !sameLeg(past.call, call)) others.push(call);
    else takeKnown(run, past, call, vendorsOf?.(call) ?? [], mayEnd);
  }
  const goesOn = (call: Call, ofSameAccount: boolean): boolean => {
    const past = unlistedEntry(run, call, ofSameAccount);
    if (past !== undefined) takeKnown(run, past, call, vendorsOf?.(call) ?? [], mayEnd);
    return past !== undefined;
  };
  // The entry of the other account may come first in the listing, and must not take this one's place.
  const ofNoOwnEntry = others.filter((call) => !goesOn(call, true));
  const fresh: PastCall[] = [];
  for (const call of ofNoOwnEntry) {
    if (goesOn(call, false) || isCounted(run, call)) continue;
    if (endedBefore(run, call)) run.history.noteOver(call);
    else fresh.push(newCall(run, call, vendorsOf?.(call) ?? [], mayEnd));
  }
  fresh.sort((one, other) => one.startedAt - other.startedAt);
  for (const past of fresh) {
    const entries = run.history.all(past.call);
    // A listing that shows one entry twice is one call.
    if (entries.some(({ call }) => sameLeg(call, past.call))) continue;
    past.leg = entries.reduce((next, { leg }) => Math.max(next, leg + 1), 0);
    enrol(run, past);
  }
}

/**
 * The entry that a listing of the same call goes on with, though it names another account or direction than before, or
 * another SETUP_TIME: which may be that of a listing before a restart, as rows bear what was listed first.
 */
function unlistedEntry(
  { history, at, fromLedger }: PollRun,
  call: Call,
  ofSameAccount: boolean,
): PastCall | undefined {
  const mayBe = (past: PastCall) =>
    past.listedIn !== history.polls &&
    (!ofSameAccount || past.call.account === call.account) &&
    !areTwoSides(past.call, call);
  const entries = history.all(call);
  const unlisted = entries.filter(mayBe);
  const live = (found: readonly PastCall[]) => found.findLast(({ endedAt }) => endedAt === undefined);
  const ofCallId = history.ofCallId(call).filter(mayBe);
  return (
    live(unlisted) ??
    live(ofCallId) ??
    (entries.length === 1 ? unlisted[0] : undefined) ??
    (fromLedger ? undefined : ofCallId.findLast((past) => mayReturn(past, call, at)))
  );
}

/** Of an on-net call: the one is of who makes it, the other of who receives it, and neither ever becomes the other. */
function areTwoSides(one: Call, other: Call): boolean {
  return isOnNet(one) && isOnNet(other) && one.direction !== other.direction;
}

function mayReturn(past: PastCall, call: Call, at: number): boolean {
  return sameLeg(past.call, call) && mayBeBack(past, call, at);
}

/** Whether a call is over of which an entry was so before: what else is listed of it then is no other call. */
function isCounted({ history, at, fromLedger }: PollRun, call: Call): boolean {
  return (
    !fromLedger && hasEnded(call.state) && history.ofCallId(call).some(({ endedAt = at }) => endedAt < at)
  );
}

/**
 * Whether a call that is over may have been so before anybody could see it end: a switch may go on listing it. Only what was
 * set up after the last sound listing, or was not there in one of this process, has ended since.
 */
function endedBefore({ history, soundBefore, fromLedger }: PollRun, call: Call): boolean {
  if (fromLedger || !hasEnded(call.state) || (history.wasListed && !history.isOver(call))) return false;
  return call.setupAt === undefined || soundBefore === undefined || call.setupAt <= soundBefore;
}

/** Takes in one entry of a replayed listing, of a call that is known or is not. */
export function takeCall(
  run: PollRun,
  known: PastCall | undefined,
  call: Call,
  vendors: readonly number[],
  mayEnd: boolean,
): PastCall {
  const past = known ?? newCall(run, call, vendors, mayEnd);
  if (known === undefined) enrol(run, past);
  else takeKnown(run, past, call, vendors, mayEnd);
  return past;
}

function newCall(run: PollRun, call: Call, vendors: readonly number[], mayEnd: boolean): PastCall {
  const past = firstSight(call, run, run.watched, run.numbering);
  if (vendors.length > 0) past.vendors = [...vendors].sort((one, other) => one - other);
  past.listedIn = run.history.polls;
  if (mayEnd && hasEnded(call.state)) setEnd(run, past, call);
  return past;
}

function enrol(run: PollRun, past: PastCall): void {
  run.history.add(past);
  run.enrolled.push(past);
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
  const sinceLastPoll = past.listedIn === run.history.polls - 1;
  past.listedIn = run.history.polls;
  const over = hasEnded(call.state);
  // What is over stays as it is, however long the switch goes on listing it.
  if (over && past.endedAt !== undefined) return;
  if (past.absent !== undefined && past.endedAt === undefined) {
    past.absent = undefined;
    run.changed.add(past);
  }
  const ends = over && mayEnd;
  const isBack = !over && past.endedAt !== undefined;
  const asked = sinceLastPoll && !over ? run.history.askedBefore : NONE;
  const { vendorsAsked } = past;
  const namedAnew = vendors.some((vendor) => !past.vendors.includes(vendor));
  const moreVendors = namedAnew || asked.some((vendor) => !vendorsAsked.includes(vendor));
  if (!ends && !isBack && !moreVendors && !saysMore(past, call, run)) {
    takeSight(past, call, run.at);
    return;
  }
  const goesOn = !over && past.endedAt === undefined && past.startKnown && past.firstSeenAt < run.at;
  if (goesOn && !moreVendors && !namesMore(past, call, run)) {
    run.history.changeState(past, () => takeListing(past, call, run, run.numbering));
    run.changed.add(past);
    run.countries.note(past);
    return;
  }
  // What was asked is not written.
  const isNews = ends || isBack || namedAnew || saysMore(past, call, run);
  run.history.change(past, () => {
    takeListing(past, call, run, run.numbering);
    if (moreVendors) {
      past.vendors = union(past.vendors, vendors);
      past.vendorsAsked = union(vendorsAsked, asked);
    }
    if (ends) setEnd(run, past, call);
    else if (isBack) clearEnd(past);
  });
  if (!isNews) return;
  run.changed.add(past);
  run.countries.note(past);
}

const NONE: readonly number[] = [];

function union(one: readonly number[], other: readonly number[]): readonly number[] {
  return [...new Set([...one, ...other])].sort((low, high) => low - high);
}

/**
 * What ends with calls that were cut beside what is listed under their IDs: the other entries of on-net calls, as far as they are
 * known. To be asked for before a listing is taken in, which may show them as over.
 */
export function endingWith(history: LoginHistory, cuts: readonly CallIdentity[]): readonly PastCall[] {
  const own = cuts.flatMap((identity) => history.everOf(identity));
  const keys = new Set(own.flatMap(({ call }) => otherSideKey(call) ?? []));
  if (keys.size === 0) return [];
  const known = new Set(own);
  return [...history.live].filter((past) => !known.has(past) && keys.has(ownSideKey(past.call) ?? ''));
}

/**
 * `others`: what ends with them, see endingWith. Once the poll is taken in: it may be the first to show another entry of an on-net
 * call that is cut, now or before.
 */
export function markCuts(run: PollRun, cuts: readonly CallIdentity[], others: readonly PastCall[]): void {
  const { history, at, enrolled } = run;
  const own = cuts.flatMap((identity) => history.everOf(identity));
  for (const { call } of own) {
    const key = otherSideKey(call);
    if (key !== undefined) history.onNetCutAt.set(key, at);
  }
  const late =
    history.onNetCutAt.size === 0
      ? []
      : enrolled.filter(({ call }) => history.onNetCutAt.has(ownSideKey(call) ?? ''));
  for (const past of [...own, ...others, ...late]) {
    if (past.cutAt !== undefined) continue;
    history.changeEnd(past, () => {
      past.cutAt = at;
    });
    run.changed.add(past);
  }
}

/**
 * Ends what a sound listing shows no more. What may be there unseen stays open for a while: a call that an entry may be which
 * cannot be read, or one of an account of which the listing lacks calls.
 */
export function endAbsent(
  run: PollRun,
  { suspects, lackingCallsOf }: Pick<Snapshot, 'suspects' | 'lackingCallsOf'>,
  { absent, givenUp }: HeldOpen,
): void {
  const { live, polls } = run.history;
  const lacking = newlyLacking(run, lackingCallsOf);
  const open = pastOf(run, absent);
  const lost = pastOf(run, givenUp);
  for (const past of [...live]) {
    if (past.listedIn === polls) continue;
    const { call } = past;
    const mayBeThere =
      (call.account !== undefined && lacking.has(call.account)) ||
      suspects.some((suspect) => maybeThatCall(suspect, call));
    if (lost.has(past)) giveUp(run, past);
    else if (!mayBeThere && !open.has(past)) end(run, past);
    else if (past.absent === undefined) holdOpen(run, past);
    else if (mayBeThere && run.at - past.absent >= HELD_OPEN_MS) giveUp(run, past);
  }
}

export function pastOf({ history }: PollRun, calls: readonly Call[]): ReadonlySet<PastCall> {
  return new Set(calls.flatMap((call) => history.find(call) ?? []));
}

export function holdOpen(run: PollRun, past: PastCall): void {
  past.absent = run.at;
  run.changed.add(past);
}

/**
 * Those that lack calls since less than five minutes: a switch that counts an account otherwise for good says nothing by it of the
 * calls that are not listed. Statistics that did not answer agree with nothing, so that what lacked calls before does so still.
 */
function newlyLacking(
  { history: { lackingSince }, at }: PollRun,
  lackingCallsOf: ReadonlySet<number> | undefined,
): ReadonlySet<number> {
  if (lackingCallsOf !== undefined) {
    for (const account of lackingSince.keys()) if (!lackingCallsOf.has(account)) lackingSince.delete(account);
  }
  const newly = new Set<number>();
  for (const account of lackingCallsOf ?? lackingSince.keys()) {
    const since = Math.min(lackingSince.get(account) ?? at, at);
    lackingSince.set(account, since);
    if (at - since < HELD_OPEN_MS) newly.add(account);
  }
  return newly;
}

export function end(run: PollRun, past: PastCall): void {
  run.history.changeEnd(past, () => setEnd(run, past));
  run.changed.add(past);
}

/** It ended, or goes on where nobody can read it: it stays absent, and counts for sure nowhere. */
export function giveUp(run: PollRun, past: PastCall): void {
  run.history.changeEnd(past, () => {
    past.endedAt = run.at;
    past.endedBy = run.by;
  });
  run.changed.add(past);
}

/**
 * `listed`: as it is listed now that it is over. An entry that could not be read may have been the call until now: then it may
 * have ended at any time since it was seen.
 */
function setEnd({ at, by, history }: PollRun, past: PastCall, listed?: Call): void {
  past.absent = undefined;
  past.endedAt = at;
  past.endedBy = by;
  past.endedInGap = isGap(at - past.lastSeenAt, history.gaps.intervalMs() ?? 0);
  past.finalDuration = listed === undefined ? undefined : finalDurationOf(past, listed);
}

function clearEnd(past: PastCall): void {
  past.absent = undefined;
  past.endedAt = undefined;
  past.endedBy = undefined;
  past.endedInGap = false;
  past.finalDuration = undefined;
}

/** What of its identity could be read does not tell it from the call. */
function maybeThatCall(suspect: SuspectCall, call: CallIdentity): boolean {
  return (
    (suspect.id === undefined || suspect.id === call.id) &&
    (suspect.callId === undefined || suspect.callId === call.callId)
  );
}
