import type { Snapshot } from './domain/snapshot.js';

/** An account that the statistics count and so many listings in a row do not show is not one that this login sees. */
const LISTINGS_TO_FORGET = 20;

/** The accounts that listings under this login show, as far as this process knows: what a listing must not lack. */
export interface ShownAccounts {
  readonly shown: ReadonlySet<number>;
  /** Takes in a snapshot that was compared with them; returns what a person should know. */
  note(snapshot: Snapshot): readonly string[];
}

export function createShownAccounts(): ShownAccounts {
  const shown = new Set<number>();
  const missedBy = new Map<number, number>();
  return {
    shown,
    note({ calls, stats, doubt }) {
      const listed = new Set(calls.flatMap(({ account }) => (account === undefined ? [] : [account])));
      const notes: string[] = [];
      for (const [account, { connected }] of stats?.accounts ?? []) {
        if (connected === 0 || listed.has(account) || !shown.has(account)) {
          missedBy.delete(account);
          continue;
        }
        const missed = (missedBy.get(account) ?? 0) + 1;
        missedBy.set(account, missed);
        if (missed < LISTINGS_TO_FORGET) continue;
        shown.delete(account);
        missedBy.delete(account);
        notes.push(
          `getAccountCallStats counts calls of account ${account}, and the last ${LISTINGS_TO_FORGET} listings show none: it is taken for one that this login does not see`,
        );
      }
      if (doubt === undefined) for (const account of listed) shown.add(account);
      return notes;
    },
  };
}
