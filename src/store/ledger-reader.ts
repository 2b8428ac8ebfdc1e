import type { LearnedCustomerAt, LedgerCall, LedgerPoll, LedgerState } from '../domain/ledger.js';
import { prepareCustomerReads } from './ledger-customers.js';
import { createLedgerReads } from './ledger-reads.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { orStoreError } from './store-error.js';

/** Reads long spans of the ledger; cannot write. Every method throws STORE_FAILED, `calls` while it is iterated. */
export interface LedgerReader {
  /** In order of time; since <= at < until. */
  polls(switchName: string, since: number, until: number): readonly LedgerPoll[];
  /** The same, and those before `since` that tell whether anything is missing right after it: back to the last sound one. */
  pollsAround(switchName: string, since: number, until: number): readonly LedgerPoll[];
  /**
   * The calls that a poll with since <= at < until may have shown: first seen before `until`, and still live or ended at or
   * after `since`. In order of first sight, one row at a time, each as it is known now: it may end after `until`.
   */
  calls(switchName: string, since: number, until: number): Iterable<LedgerCall>;
  /** As Ledger.load. */
  state(switchName: string, since: number, pollsSince?: number): LedgerState;
  /** What was learned of customers before `until`, in the order in which it was. */
  customers(switchName: string, until: number): readonly LearnedCustomerAt[];
  close(): void;
}

/**
 * Opens the ledger of a database of exactly this version, read-only; works while `callwarden run` is writing. Throws
 * STORE_FAILED where there is no database or its version is another.
 */
export function openLedgerReader(path: string, options: ReaderOptions = {}): LedgerReader {
  const { database, path: file } = openCurrentForReading(path, options);
  const reads = createLedgerReads(database);
  const customers = prepareCustomerReads(database);
  return {
    polls: (switchName, since, until) => orStoreError(file, () => reads.polls(switchName, since, until)),
    pollsAround: (switchName, since, until) =>
      orStoreError(file, () => reads.pollsAround(switchName, since, until)),
    *calls(switchName, since, until) {
      const calls = reads.calls(switchName, since, until)[Symbol.iterator]();
      for (;;) {
        const next = orStoreError(file, () => calls.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
    state: (switchName, since, pollsSince) =>
      orStoreError(file, () => reads.state(switchName, since, pollsSince)),
    customers: (switchName, until) => orStoreError(file, () => customers.history(switchName, until)),
    close: () => {
      database.close();
    },
  };
}
