import { type Call, type CallIdentity, hasEnded, type SuspectCall } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import type { CountryMemory } from './country-memory.js';
import { sameLeg } from './known-calls.js';
import type { LoginHistory } from './login-history.js';
import { firstSight, namesMore, type PastCall, saysMore, takeListing, takeSight } from './past-call.js';
import { isGap } from './poll-gaps.js';

/** One poll while it is taken in. */
export interface PollRun {
  history: LoginHistory;
  at: number;
  /** When the listing was there. */
  by: number;
  soundBefore: number | undefined;
  /** No gap lies between this poll and the sound one before. */
  watched: boolean;
  numbering: Numbering;
  countries: CountryMemory;
  changed: Set<PastCall>;
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
  const fresh: PastCall[] = [];
  for (const call of others) {
    const past = unlistedEntry(run, call);
    if (past !== undefined) takeKnown(run, past, call, vendorsOf?.(call) ?? [], mayEnd);
    else if (endedBefore(run, call)) run.history.noteOver(call);
    else fresh.push(newCall(run, call, vendorsOf?.(call) ?? [], mayEnd));
  }
  fresh.sort((one, other) => one.startedAt - other.startedAt);
  for (const past of fresh) {
    const entries = run.history.all(past.call);
    // A listing that shows one entry twice is one call.
    if (entries.some(({ call }) => sameLeg(call, past.call))) continue;
    past.isFurtherLeg = entries.length > 0;
    enrol(run, past);
  }
}

/** The entry that a listing of the same call goes on with, though it names another account or direction than before. */
function unlistedEntry({ history }: PollRun, call: Call): PastCall | undefined {
  const entries = history.all(call);
  const unlisted = entries.filter(({ listedIn }) => listedIn !== history.polls);
  return (
    unlisted.findLast(({ endedAt }) => endedAt === undefined) ??
    (entries.length === 1 ? unlisted[0] : undefined)
  );
}

/**
 * Whether a call that is over may have been so before anybody could see it end: a switch may go on listing it. Only what was
 * set up after the last sound listing, or was not there in one of this process, has ended since.
 */
function endedBefore({ history, soundBefore }: PollRun, call: Call): boolean {
  if (!hasEnded(call.state) || (history.wasListed && !history.isOver(call))) return false;
  return call.setupAt === undefined || soundBefore === undefined || call.setupAt <= soundBefore;
}

export function takeCall(run: PollRun, call: Call, vendors: readonly number[], mayEnd: boolean): void {
  const past = run.history.find(call);
  if (past === undefined) enrol(run, newCall(run, call, vendors, mayEnd));
  else takeKnown(run, past, call, vendors, mayEnd);
}

function newCall(run: PollRun, call: Call, vendors: readonly number[], mayEnd: boolean): PastCall {
  const past = firstSight(call, run.at, run.watched, run.numbering);
  past.vendors = [...vendors].sort((one, other) => one - other);
  past.listedIn = run.history.polls;
  if (mayEnd && hasEnded(call.state)) setEnd(run, past);
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
  past.absent = undefined;
  const over = hasEnded(call.state);
  // What is over stays as it is, however long the switch goes on listing it.
  if (over && past.endedAt !== undefined) return;
  const ends = over && mayEnd;
  const isBack = !over && past.endedAt !== undefined;
  const moreVendors = vendors.some((vendor) => !past.vendors.includes(vendor));
  if (!ends && !isBack && !moreVendors && !saysMore(past, call, run.at)) {
    takeSight(past, call, run.at);
    return;
  }
  const goesOn = !over && past.endedAt === undefined && past.startKnown && past.firstSeenAt < run.at;
  if (goesOn && !moreVendors && !namesMore(past, call)) {
    run.history.changeState(past, () => takeListing(past, call, run.at, run.numbering));
    run.changed.add(past);
    run.countries.note(past);
    return;
  }
  run.history.change(past, () => {
    takeListing(past, call, run.at, run.numbering);
    if (moreVendors)
      past.vendors = [...new Set([...past.vendors, ...vendors])].sort((one, other) => one - other);
    if (ends) setEnd(run, past);
    else if (isBack) clearEnd(past);
  });
  run.changed.add(past);
  run.countries.note(past);
}

export function markCuts(run: PollRun, cuts: readonly CallIdentity[]): void {
  for (const identity of cuts) {
    for (const past of run.history.everOf(identity)) {
      if (past.cutAt !== undefined) continue;
      run.history.changeEnd(past, () => {
        past.cutAt = run.at;
      });
      run.changed.add(past);
    }
  }
}

export function endAbsent(run: PollRun, suspects: readonly SuspectCall[]): void {
  const { live, polls } = run.history;
  for (const past of [...live]) {
    if (past.listedIn === polls) continue;
    if (!suspects.some((suspect) => maybeThatCall(suspect, past.call))) end(run, past);
    else past.absent ??= { at: run.at, by: run.by };
  }
}

export function end(run: PollRun, past: PastCall): void {
  run.history.changeEnd(past, () => setEnd(run, past));
  run.changed.add(past);
}

/** From then on it was not there, also where that is certain only now. */
function setEnd({ at, by, history }: PollRun, past: PastCall): void {
  past.endedAt = past.absent?.at ?? at;
  past.endedBy = past.absent?.by ?? by;
  past.endedInGap = isGap(past.endedAt - past.lastSeenAt, history.gaps.intervalMs() ?? 0);
}

function clearEnd(past: PastCall): void {
  past.endedAt = undefined;
  past.endedBy = undefined;
  past.endedInGap = false;
}

/** What of its identity could be read does not tell it from the call. */
function maybeThatCall(suspect: SuspectCall, call: CallIdentity): boolean {
  return (
    (suspect.id === undefined || suspect.id === call.id) &&
    (suspect.callId === undefined || suspect.callId === call.callId)
  );
}
