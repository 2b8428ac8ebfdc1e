import type { Ledger } from '../domain/ledger.js';
import type { PassReport } from '../domain/pass-report.js';
import type { Clock } from '../domain/ports.js';

/** So few that a step is over before anybody notices: it holds the database, and this process, for its length. */
const ROWS_PER_STEP = 2_000;
const DAY_MS = 24 * 3_600_000;
/** Countries are remembered for 91 days, counted from the start of calls, which may have begun a while ago. */
const COUNTRIES_KEPT_MS = 92 * DAY_MS;
/** Longer than calls: the poll before a window is what proves that nothing of the window was missed. */
const POLLS_KEPT_LONGER_MS = DAY_MS;

export interface LedgerPruningOptions {
  ledger: Pick<Ledger, 'prune'>;
  retentionMs: number;
  clock: Clock;
  /** Whether a pass is under way or no further step is wanted: pruning can wait. */
  busy: () => boolean;
  onError: (error: unknown) => void;
}

export interface LedgerPruning {
  /** Deletes a bounded step of what is too old, and goes on for as long as nobody is busy; never rejects. */
  begin(): void;
  /** Resolves when no step is under way. */
  ended(): Promise<void>;
}

/**
 * Whether the ledger may be pruned after this pass. By a clock that is weeks ahead all of it would be too old, and no certificate
 * good any more: a switch that does not answer leaves that open, and adds next to nothing that could be pruned. A pass that fails
 * after its listing, as at its deadline, adds as much as any other.
 */
export function bringsListing({
  status,
  calls,
  suspect,
}: Pick<PassReport, 'status' | 'calls' | 'suspect'>): boolean {
  return status === 'completed' || calls > 0 || suspect > 0;
}

/** Prunes the ledger beside the passes; what is left over goes after a later pass. */
export function createLedgerPruning(options: LedgerPruningOptions): LedgerPruning {
  let running: Promise<void> | undefined;

  async function prune(): Promise<void> {
    try {
      for (;;) {
        // Timers and sockets first, so that a pass that is due can begin.
        await new Promise((resolve) => setImmediate(resolve));
        const now = options.clock();
        const deleted = await options.ledger.prune({
          before: now - options.retentionMs,
          pollsBefore: now - options.retentionMs - POLLS_KEPT_LONGER_MS,
          countriesBefore: now - COUNTRIES_KEPT_MS,
          maxRows: ROWS_PER_STEP,
        });
        if (deleted === 0 || options.busy()) return;
      }
    } catch (error) {
      options.onError(error);
    } finally {
      running = undefined;
    }
  }

  return {
    begin() {
      running ??= prune();
    },
    ended: () => running ?? Promise.resolve(),
  };
}
