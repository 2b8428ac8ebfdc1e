import type {
  Holding,
  HoldingChanges,
  LearnedCustomerAt,
  Ledger,
  LedgerChanges,
  LedgerPoll,
} from './domain/ledger.js';
import type { Numbering } from './domain/numbering.js';
import type { JudgedBy, KeptRules, KeptSource } from './domain/rule-version.js';
import { type CallHistory, createCallHistory } from './facts/call-history.js';
import { createShownAccounts, type ShownAccounts } from './pass-shown-accounts.js';
import { createViolationMemory, type ViolationMemory } from './pass-violations.js';

/** Even rules without a window need the calls that were live at the last poll. */
const SHORTEST_REACH_MS = 60_000;

/**
 * What a process remembers of one switch between passes: the calls of the past and what is held violated. It is kept in
 * step with the ledger by the ledger's poll id, so that another process which adds to the ledger (`once` beside `run`) is
 * noticed, and what this one failed to write is read again. To be used under the switch's pass lock only.
 */
export interface SwitchMemory {
  readonly history: CallHistory;
  readonly holding: readonly Holding[];
  /** Of this process alone. */
  readonly accounts: ShownAccounts;
  /** Of this process alone. */
  readonly violations: ViolationMemory;
  /** When actions were first found that were stamped ahead of the clock, as `actedBefore` keeps them; of this process alone. */
  readonly actedAhead: Map<string, number>;
  /** Disconnects that the clock was ahead of, as `disconnectsBefore` keeps them; of this process alone. */
  readonly sentAhead: Map<string, number>;
  /** Reads the ledger anew where that is needed to look so far back from `now`. */
  sync(now: number, reach: Reach): Promise<void>;
  /** Writes what a poll brought; where that fails, the memory is read anew at the next sync. */
  commit(changes: Omit<LedgerChanges, 'holding'>, holding: HoldingChanges): Promise<void>;
  /** What the ledger knows of who is whose subcustomer. */
  learnedCustomers(): Promise<readonly LearnedCustomerAt[]>;
  /** When the ledger took down the last poll, by the clock of then; undefined before the first. */
  lastPollAt(): Promise<number | undefined>;
  /** Which versions of rules passes judged by; see Ledger. */
  ruleVersions(): Promise<KeptRules>;
  /** Takes down by which rules a pass judges; see Ledger. */
  noteRules(pass: JudgedBy): Promise<readonly KeptSource[]>;
  /** Takes down a poll that brought no listing. */
  missed(poll: Omit<LedgerPoll, 'result'>): Promise<void>;
}

/** How far back is looked, in milliseconds. */
export interface Reach {
  reachMs: number;
  /** The same for the polls alone: where that is further, whether the switch was watched is asked and not who was on it. */
  watchedMs: number;
}

export interface SwitchMemoryOptions {
  switchName: string;
  numbering: Numbering;
  ledger: Ledger;
}

const NO_CHANGES: HoldingChanges = { put: [], drop: [] };

export function createSwitchMemory({ switchName, numbering, ledger }: SwitchMemoryOptions): SwitchMemory {
  let history = createCallHistory({ numbering, switchName });
  let holding = new Map<string, Holding>();
  /** The ledger's newest poll that this memory holds; 'unknown' until it was read, and after a failed write. */
  let pollId: number | undefined | 'unknown' = 'unknown';
  let reachesBackTo = Number.POSITIVE_INFINITY;
  let pollsReachBackTo = Number.POSITIVE_INFINITY;
  /** What was last written of customers. */
  let keptLearned: LedgerChanges['learned'];

  async function commit(
    { learned, ...changes }: Omit<LedgerChanges, 'holding'>,
    changed: HoldingChanges,
  ): Promise<void> {
    pollId = 'unknown';
    const isNew = learned !== undefined && learned !== keptLearned;
    const id = await ledger.commit(switchName, {
      ...changes,
      holding: changed,
      ...(isNew ? { learned } : {}),
    });
    keptLearned = learned ?? keptLearned;
    for (const one of changed.drop) holding.delete(holdingKey(one));
    for (const one of changed.put) holding.set(holdingKey(one), one);
    pollId = id;
  }

  return {
    accounts: createShownAccounts(),
    violations: createViolationMemory(),
    actedAhead: new Map(),
    sentAhead: new Map(),
    get history() {
      return history;
    },
    get holding() {
      return [...holding.values()];
    },
    async sync(now, { reachMs, watchedMs }) {
      const since = now - Math.max(reachMs, SHORTEST_REACH_MS);
      const pollsSince = Math.min(since, now - watchedMs);
      const isTooShort = since < reachesBackTo || pollsSince < pollsReachBackTo;
      if (pollId === 'unknown' || isTooShort || pollId !== (await ledger.lastPollId(switchName))) {
        const state = await ledger.load(switchName, since, pollsSince);
        history = createCallHistory({ numbering, switchName });
        history.restore(state);
        holding = new Map(state.holding.map((one) => [holdingKey(one), one]));
        pollId = state.lastPollId;
        reachesBackTo = since;
        pollsReachBackTo = pollsSince;
      }
      // What was held violated was so at another time.
      if (history.isSetBack(now)) holding = new Map();
      history.forget(since);
      // What was forgotten has to be read again by whoever looks back that far: a changed rule, a clock that was set back.
      reachesBackTo = Math.max(reachesBackTo, since);
    },
    commit,
    learnedCustomers: () => ledger.learnedCustomers(switchName),
    lastPollAt: () => ledger.lastPollAt(switchName),
    ruleVersions: () => ledger.ruleVersions(switchName),
    noteRules: (pass) => ledger.noteRules(switchName, pass),
    async missed(poll) {
      await commit(history.missed({ ...poll, result: 'failed' }), NO_CHANGES);
    },
  };
}

function holdingKey({ ruleHash, subject }: Pick<Holding, 'ruleHash' | 'subject'>): string {
  return `${ruleHash} ${subject}`;
}
