import type { Call, SuspectCall } from '../domain/call.js';
import { CallwardenError } from '../domain/errors.js';
import type { Clock } from '../domain/ports.js';
import type { ListFilter } from '../domain/snapshot.js';

/** A listing with what is derived from it, and when it was asked for. */
export interface FreshListing {
  calls: readonly Call[];
  suspects: readonly SuspectCall[];
  /** Milliseconds since the epoch. */
  observedAt: number;
}

/** Lists again shortly before acting; listings that are young enough are used for several actions. */
export interface Relisting {
  /** The newest listing of an account, or of everything; undefined where the switch does not give one. */
  of(account: number | undefined): Promise<FreshListing | undefined>;
  /** Always asks anew: for actions that take whatever is there when they arrive. */
  now(account: number | undefined): Promise<FreshListing | undefined>;
}

export function createRelisting(
  list: (filter: ListFilter) => Promise<FreshListing>,
  maxAgeMs: number,
  clock: Clock,
): Relisting {
  const newest = new Map<number | undefined, FreshListing>();

  async function now(account: number | undefined): Promise<FreshListing | undefined> {
    try {
      const listing = await list(account === undefined ? {} : { account });
      newest.set(account, listing);
      return listing;
    } catch (error) {
      // Without a listing the action is withheld as stale; the next pass tells the operator what ails the switch.
      if (error instanceof CallwardenError) return undefined;
      throw error;
    }
  }

  return {
    now,
    async of(account) {
      const known = newest.get(account);
      return known !== undefined && clock() - known.observedAt <= maxAgeMs ? known : now(account);
    },
  };
}
