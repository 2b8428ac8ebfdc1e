import type { Config, SwitchConfig } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { RuleSet } from '../domain/rule.js';
import { type BacktestResult, runBacktest } from '../pass-backtest.js';
import { reachOf } from '../pass-past.js';
import { rulesOverTime } from '../policy/compile-rules.js';
import { usualIntervalMs } from '../schedule/shortest-interval.js';
import { openLedgerReader } from '../store/ledger-reader.js';
import type { BacktestSpan } from './backtest-report.js';
import { customersFrom, customersOverTime, judgingOf } from './judging.js';

const MARGIN_INTERVALS = 4;

/** One backtest of one switch; plain data, so that it can be handed to another thread. */
export interface ReplayJob {
  config: Config;
  switchConfig: SwitchConfig;
  /** As they are judged: all that are wanted enforce. */
  ruleSet: RuleSet;
  /** What is written of each rule. */
  modes: ReadonlyMap<string, string>;
  span: BacktestSpan;
  /** From when on rules act; see actingFrom. */
  actsFrom: number;
}

/** Carries a job out; `onProgress` is told the share of polls that is done. Throws STORE_FAILED. */
export type Replayer = (job: ReplayJob, onProgress: (share: number) => void) => Promise<BacktestResult>;

/** Carries a job out in this thread, on a connection of its own. */
export const replayHere: Replayer = async (job, onProgress) => {
  const { config, switchConfig, ruleSet, modes, span, actsFrom } = job;
  const { name } = switchConfig;
  // At every poll those that were known then take their place.
  const unknownYet = customersFrom(switchConfig, []);
  const judgingAt = (now: number) => judgingOf(config, switchConfig, ruleSet, now, unknownYet);
  const judging = judgingAt(actsFrom);
  const { reachMs, watchedMs } = reachOf(judging.rules);
  const longestFor = Math.max(0, ...judging.rules.map(({ rule }) => rule.forMs));
  const judgedFrom = actsFrom - longestFor;
  // Before a window begins, two listings tell whose vendors' its first calls are not, and two polls are judged before any acts.
  const from = judgedFrom - reachMs - MARGIN_INTERVALS * usualIntervalMs(switchConfig.schedule);
  const pollsFrom = Math.min(from, judgedFrom - watchedMs);
  const reader = openLedgerReader(config.database);
  try {
    // Only what is remembered beyond the calls is wanted; the calls are read one by one.
    const { countries, accounts, prunedUntil } = reader.state(name, Number.MAX_SAFE_INTEGER);
    return await runBacktest({
      ...judging,
      rulesAt: rulesOverTime((now) => judgingAt(now).rules),
      knownAt: customersOverTime(switchConfig, reader.customers(name, span.until)),
      modes,
      actsFrom,
      since: span.since,
      until: span.until,
      polls: reader.pollsAround(name, pollsFrom, span.until),
      calls: reader.calls(name, from, span.until),
      countries,
      accounts,
      ...(prunedUntil === undefined ? {} : { prunedUntil }),
      onProgress,
    });
  } catch (error) {
    if (error instanceof CallwardenError) throw error;
    throw new CallwardenError('STORE_FAILED', `The backtest of ${name} broke: ${String(error)}.`, {
      hint: 'This is a defect of Callwarden: please report it with the rules and the span.',
      cause: error,
    });
  } finally {
    reader.close();
  }
};
