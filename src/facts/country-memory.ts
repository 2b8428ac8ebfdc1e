import type { CalledCountry, KnownAccount } from '../domain/ledger.js';
import type { PastCall } from './past-call.js';

const DAY_MS = 86_400_000;
/** A country that an account has not called for so long is new again. */
const COUNTRIES_REMEMBERED_MS = 90 * DAY_MS;
/** Below so much history every country of an account would look new. */
const ENOUGH_HISTORY_MS = 7 * DAY_MS;

/** So long a country that an account calls for the first time counts as first seen for call.firstSeenCountry. */
export const NEW_COUNTRY_MS = DAY_MS;

/** Which countries each account has called, and since when its calls are known. */
export interface CountryMemory {
  restore(countries: readonly CalledCountry[], accounts: readonly KnownAccount[]): void;
  /** Takes in where a call goes; what changed by it is collected until `changes` is asked. */
  note(call: PastCall): void;
  changes(): { countries: readonly CalledCountry[]; accounts: readonly KnownAccount[] };
  /** Start of the account's first known call there. */
  firstCalled(account: number, country: string): number | undefined;
  /** Whether the account has been known for long enough to say what is new to it. */
  knowsEnough(account: number, now: number): boolean;
}

export function createCountryMemory(): CountryMemory {
  const accounts = new Map<number, KnownAccount>();
  const countries = new Map<number, Map<string, CalledCountry>>();
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

  function noteCountry(account: number, country: string, startedAt: number): void {
    const known = countries.get(account)?.get(country);
    const next = withCall(known, account, country, startedAt);
    if (next === known) return;
    ofAccount(account).set(country, next);
    changedCountries.set(`${account} ${country}`, next);
  }

  return {
    restore(knownCountries, knownAccounts) {
      for (const known of knownAccounts) accounts.set(known.account, known);
      for (const known of knownCountries) ofAccount(known.account).set(known.country, known);
    },
    note({ call: { account }, country, startedAt, firstSeenAt }) {
      if (account === undefined) return;
      if ((accounts.get(account)?.firstAt ?? Infinity) > firstSeenAt) {
        const known = { account, firstAt: firstSeenAt };
        accounts.set(account, known);
        newAccounts.set(account, known);
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
    knowsEnough(account, now) {
      const known = accounts.get(account);
      return known !== undefined && now - known.firstAt >= ENOUGH_HISTORY_MS;
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
