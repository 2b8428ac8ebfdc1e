import type { Call, CallIdentity, SuspectCall } from '../domain/call.js';
import { CallwardenError } from '../domain/errors.js';
import type { Clock } from '../domain/ports.js';
import type { ListFilter, SnapshotDoubt } from '../domain/snapshot.js';

/** A listing with what is derived from it, and when it was asked for. */
export interface FreshListing {
  calls: readonly Call[];
  suspects: readonly SuspectCall[];
  doubt: SnapshotDoubt | undefined;
  /** Milliseconds since the epoch. */
  observedAt: number;
}

/** What may be another entry of a call. */
export type Beside = Pick<FreshListing, 'calls' | 'suspects'>;

/** Lists again shortly before acting; listings that are young enough are used for several actions. */
export interface Relisting {
  /** The newest listing of an account, or of everything; undefined where the switch gives none in time. */
  of(account: number | undefined): Promise<FreshListing | undefined>;
  /** The newest listing known that was asked for at or after this instant and shows the calls of this account; asks nobody. */
  since(observedAt: number, account: number | undefined): FreshListing | undefined;
  /** All listings known that were asked for at or after this instant and show this ID, of whatever account they were. */
  showing(id: string, observedAt: number): readonly FreshListing[];
  /**
   * What all listings known that were asked for at or after this instant show beside this call, of whatever account they were:
   * what bears its CALL_ID under other IDs, and entries that cannot be read and bear its ID or do not contradict its CALL_ID.
   */
  beside(call: CallIdentity, observedAt: number): Beside;
  /** Always asks anew, and for everything: for actions that take whatever is there when they arrive. */
  now(): Promise<FreshListing | undefined>;
}

/** Whether a listing asked for at this instant may still be acted on. A clock that was set back makes everything old. */
export function isFresh(observedAt: number, maxAgeMs: number, now: number): boolean {
  return now >= observedAt && now - observedAt <= maxAgeMs;
}

export function createRelisting(
  list: (filter: ListFilter) => Promise<FreshListing>,
  maxAgeMs: number,
  clock: Clock,
  /** A listing of everything that was made already. */
  known?: FreshListing,
): Relisting {
  const newest = new Map<number | undefined, FreshListing>(known === undefined ? [] : [[undefined, known]]);
  const ids = new WeakMap<FreshListing, ReadonlySet<string>>();

  function idsOf(listing: FreshListing): ReadonlySet<string> {
    let found = ids.get(listing);
    if (found === undefined) {
      found = new Set(listing.calls.map(({ id }) => id));
      ids.set(listing, found);
    }
    return found;
  }

  async function ask(account: number | undefined): Promise<FreshListing | undefined> {
    try {
      const listing = await list(account === undefined ? {} : { account });
      newest.set(account, listing);
      return isFresh(listing.observedAt, maxAgeMs, clock()) ? listing : undefined;
    } catch (error) {
      // Without a listing the action is withheld as stale; the next pass tells the operator what ails the switch.
      if (error instanceof CallwardenError) return undefined;
      throw error;
    }
  }

  return {
    now: () => ask(undefined),
    since(observedAt, account) {
      const [all, own] = [newest.get(undefined), newest.get(account)];
      const known = own !== undefined && (all === undefined || own.observedAt > all.observedAt) ? own : all;
      return known !== undefined && known.observedAt >= observedAt ? known : undefined;
    },
    showing: (id, observedAt) =>
      [...newest.values()].filter((one) => one.observedAt >= observedAt && idsOf(one).has(id)),
    beside({ id, callId }, observedAt) {
      const listings = [...newest.values()].filter((one) => one.observedAt >= observedAt);
      const mayBe = (suspect: SuspectCall) => suspect.id === id || (suspect.callId ?? callId) === callId;
      return {
        calls: listings.flatMap(({ calls }) => calls.filter((one) => one.callId === callId && one.id !== id)),
        suspects: listings.flatMap(({ suspects }) => suspects.filter(mayBe)),
      };
    },
    async of(account) {
      const known = newest.get(account) ?? newest.get(undefined);
      return known !== undefined && isFresh(known.observedAt, maxAgeMs, clock()) ? known : ask(account);
    },
  };
}
