import { WATCHED_MS } from '../domain/facts.js';
import type { CalledCountry, KnownAccount, LedgerState, NumberingMark } from '../domain/ledger.js';
import type { PastCall } from './past-call.js';

const DAY_MS = 86_400_000;
/**
 * A country that an account has not called for 90 days is new again. A day more, as the last call there is kept to the day:
 * it may have been so much later.
 */
const COUNTRIES_REMEMBERED_MS = 91 * DAY_MS;

const HOUR_MS = 3_600_000;
const HOURS_WATCHED = WATCHED_MS / HOUR_MS;
/** Of those, in so many there was a sound poll; a country that was called in the others is not known. */
const FEWEST_HOURS_SEEN = HOURS_WATCHED - 24;

/** So long a country that an account calls for the first time counts as first seen for call.firstSeenCountry. */
export const NEW_COUNTRY_MS = DAY_MS;

/** Which countries each account has called, and since when its calls are known. */
export interface CountryMemory {
  restore(state: Pick<LedgerState, 'countries' | 'accounts' | 'soundHours' | 'numbering'>): void;
  /**
   * The clock was set back to this instant, by so much at least. Which of the two was wrong nobody knows, so no country becomes new
   * by it: by an hour or more, nobody knows any more when those that are known were called first, and they are old. Hours after
   * now were not watched.
   */
  setBack(now: number, byMs: number): void;
  /**
   * From now on numbers are read in this way. Where it is another than before, what is known of countries says little, and
   * every account is known since now only. So it is after a week without a sound poll, be it by a clock that was wrong: nobody saw
   * where accounts called meanwhile. Returns what is to be written, if anything.
   */
  readBy(fingerprint: string, now: number, isSound: boolean): NumberingMark | undefined;
  /** Takes down that there was a sound poll. */
  noteSound(at: number): void;
  /** Takes in where a call goes; what changed by it is collected until `changes` is asked. */
  note(call: PastCall): void;
  changes(): { countries: readonly CalledCountry[]; accounts: readonly KnownAccount[] };
  /** Start of the account's first known call there. */
  firstCalled(account: number, country: string): number | undefined;
  /** Whether the account has been known for so long, and the switch was watched lately: what is new to it can be said. */
  knowsEnough(account: number, now: number, historyMs: number): boolean;
  /** Whether time alone may end that, as hours count in which nobody watched. */
  readonly mayLapse: boolean;
  /** Where it has not: before which instant it will not have been; undefined where it may have been at any time. */
  enoughFrom(account: number, now: number, historyMs: number): number | undefined;
}

export function createCountryMemory(): CountryMemory {
  const accounts = new Map<number, KnownAccount>();
  const countries = new Map<number, Map<string, CalledCountry>>();
  /** Hours with a sound poll; undefined where nobody kept them. */
  let seenHours: Set<number> | undefined = new Set();
  let watched = { at: Number.NaN, enough: false };
  let mark: NumberingMark | undefined;
  let newAccounts = new Map<number, KnownAccount>();
  let changedCountries = new Map<string, CalledCountry>();

  function ofAccount(account: number): Map<string, CalledCountry> {
    let own = countries.get(account);
    if (own === undefined) {
      own = new Map();
      countries.set(account, own);
    }
    return own;
  }

  function wasWatched(now: number): boolean {
    if (seenHours === undefined) return true;
    if (watched.at !== now) {
      const last = Math.floor(now / HOUR_MS);
      let seen = 0;
      for (const hour of seenHours) if (hour > last - HOURS_WATCHED && hour <= last) seen += 1;
      watched = { at: now, enough: seen >= FEWEST_HOURS_SEEN };
    }
    return watched.enough;
  }

  /** Not once in all the hours that are looked at. */
  function wasNeverWatched(now: number): boolean {
    if (seenHours === undefined || accounts.size === 0) return false;
    return Math.max(...seenHours) <= Math.floor(now / HOUR_MS) - HOURS_WATCHED;
  }

  function noteCountry(account: number, country: string, startedAt: number): void {
    const known = countries.get(account)?.get(country);
    const next = withCall(known, account, country, startedAt);
    if (next !== known) put(next);
  }

  function put(next: CalledCountry): void {
    ofAccount(next.account).set(next.country, next);
    changedCountries.set(`${next.account} ${next.country}`, next);
  }

  function putAccount(known: KnownAccount): void {
    accounts.set(known.account, known);
    newAccounts.set(known.account, known);
  }

  /** Since when it is known where the account calls, as numbers are read now. */
  function knownSince(account: number): number | undefined {
    const known = accounts.get(account);
    return known === undefined ? undefined : Math.max(known.firstAt, mark?.since ?? 0);
  }

  return {
    restore({ countries: knownCountries, accounts: knownAccounts, soundHours, numbering }) {
      mark = numbering;
      seenHours = soundHours === undefined ? undefined : new Set(soundHours);
      watched = { at: Number.NaN, enough: false };
      for (const known of knownAccounts) accounts.set(known.account, known);
      for (const known of knownCountries) ofAccount(known.account).set(known.country, known);
    },
    setBack(now, byMs) {
      const hour = Math.floor(now / HOUR_MS);
      if (seenHours !== undefined) seenHours = new Set([...seenHours].filter((one) => one <= hour));
      watched = { at: Number.NaN, enough: false };
      if (byMs < HOUR_MS) return;
      const old = now - COUNTRIES_REMEMBERED_MS;
      for (const own of countries.values())
        for (const known of own.values()) if (known.firstAt > old) put({ ...known, firstAt: old });
    },
    readBy(fingerprint, now, isSound) {
      const isSame =
        (mark === undefined || mark.fingerprint === fingerprint) && !(isSound && wasNeverWatched(now));
      const since = isSame ? Math.min(mark?.since ?? 0, now) : now;
      if (mark?.fingerprint === fingerprint && mark.since === since) return undefined;
      mark = { fingerprint, since };
      return mark;
    },
    noteSound(at) {
      const hour = Math.floor(at / HOUR_MS);
      if (seenHours === undefined || seenHours.has(hour)) return;
      seenHours.add(hour);
      if (seenHours.size > 2 * HOURS_WATCHED)
        seenHours = new Set([...seenHours].filter((one) => one > hour - HOURS_WATCHED));
    },
    note({ call: { account }, country, startedAt, firstSeenAt }) {
      if (account === undefined) return;
      if ((accounts.get(account)?.firstAt ?? Infinity) > firstSeenAt) {
        putAccount({ account, firstAt: firstSeenAt });
      }
      if (country !== undefined) noteCountry(account, country, startedAt);
    },
    changes() {
      const changes = { countries: [...changedCountries.values()], accounts: [...newAccounts.values()] };
      newAccounts = new Map();
      changedCountries = new Map();
      return changes;
    },
    firstCalled: (account, country) => countries.get(account)?.get(country)?.firstAt,
    knowsEnough(account, now, historyMs) {
      const since = knownSince(account);
      return since !== undefined && now - since >= historyMs && wasWatched(now);
    },
    get mayLapse() {
      return seenHours !== undefined;
    },
    enoughFrom(account, now, historyMs) {
      const since = knownSince(account);
      return wasWatched(now) && since !== undefined ? since + historyMs : undefined;
    },
  };
}

/** The very same object where nothing is worth a write: the last call is kept to the day. */
function withCall(
  known: CalledCountry | undefined,
  account: number,
  country: string,
  startedAt: number,
): CalledCountry {
  if (known === undefined || startedAt - known.lastAt > COUNTRIES_REMEMBERED_MS)
    return { account, country, firstAt: startedAt, lastAt: startedAt };
  const firstAt = Math.min(known.firstAt, startedAt);
  const lastAt = startedAt - known.lastAt >= DAY_MS ? startedAt : known.lastAt;
  return firstAt === known.firstAt && lastAt === known.lastAt ? known : { ...known, firstAt, lastAt };
}
