import type { Call, CallIdentity } from '../../src/domain/call.js';
import type { LedgerState } from '../../src/domain/ledger.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import { type CallHistory, createCallHistory, type HistoryChanges } from '../../src/facts/call-history.js';
import { type DeriveFactsOptions, deriveFacts } from '../../src/facts/derive-facts.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { snapshotOf } from './support.js';

export const START = Date.UTC(2026, 0, 5, 10);
export const INTERVAL_MS = 5000;
export const NUMBERING = createNumbering({ techPrefixes: [] });

export const EMPTY: LedgerState = {
  lastPollId: undefined,
  polls: [],
  calls: [],
  countries: [],
  accounts: [],
  holding: [],
};

export function newHistory(): CallHistory {
  return createCallHistory({ numbering: NUMBERING, switchName: 'lab' });
}

type FactsOptions = Partial<Omit<DeriveFactsOptions, 'filter'>> & {
  filter?: DeriveFactsOptions['filter'] | undefined;
};

/** A history that is shown listings at seconds after START. */
export function world(history = newHistory()) {
  let last: Snapshot | undefined;
  return {
    history,
    poll(
      second: number,
      calls: readonly Call[],
      more: Partial<Snapshot> & { cuts?: readonly CallIdentity[] } = {},
    ): HistoryChanges {
      const { cuts = [], ...fields } = more;
      last = snapshotOf(calls, { observedAt: START + second * 1000, ...fields });
      return history.observe(last, { intervalMs: INTERVAL_MS, cuts });
    },
    facts({ filter, ...options }: FactsOptions = { filter: 'none' }) {
      if (last === undefined) throw new Error('nothing was polled yet');
      return deriveFacts(last, {
        numbering: NUMBERING,
        limits: [],
        admits: () => true,
        history,
        windowMs: 600_000,
        ...(filter === undefined ? {} : { filter }),
        ...options,
      });
    },
  };
}
