import type { CustomerTree } from '../../src/domain/config.js';
import { asStated } from '../../src/domain/customer-tree.js';
import type { LedgerCall, LedgerPoll } from '../../src/domain/ledger.js';
import type { Rule } from '../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createNumbering } from '../../src/facts/numbering.js';
import type { BacktestOptions } from '../../src/pass-backtest.js';
import { createProtection } from '../../src/plan/protection.js';
import { compileRules, rulesOverTime } from '../../src/policy/compile-rules.js';

export const START = Date.UTC(2026, 0, 5, 10);
export const LOGIN = 'login:ops';
export const NUMBERING = createNumbering({ techPrefixes: [] });

/** Seconds after START, in milliseconds since the epoch. */
export function at(second: number): number {
  return START + second * 1000;
}

/** Sound polls every five seconds from START on. */
export function polls(count: number, changes: Partial<LedgerPoll> = {}): LedgerPoll[] {
  return Array.from({ length: count }, (_, index) => ({
    at: at(index * 5),
    intervalMs: 5000,
    result: 'sound' as const,
    login: LOGIN,
    ...changes,
  }));
}

/** A connected call of account 10, customer 2, from START on, without end; change what the test is about. */
export function aRow(changes: Partial<LedgerCall> & { id: string }): LedgerCall {
  const firstSeenAt = changes.firstSeenAt ?? START;
  const { endedAt } = changes;
  return {
    callId: `sip-${changes.id}@192.0.2.7`,
    setupTimeText: new Date(firstSeenAt).toISOString(),
    login: LOGIN,
    cli: '442079460001',
    cld: '493023125001',
    account: 10,
    customer: 2,
    connection: 7,
    environment: 1,
    direction: 'vendor',
    callerMediaIp: '192.0.2.7',
    calleeMediaIp: '198.51.100.9',
    vendors: [],
    setupAt: firstSeenAt,
    // No poll of a test comes in the moment before the one that no longer showed it.
    lastSeenAt: endedAt === undefined ? firstSeenAt : Math.max(firstSeenAt, endedAt - 1),
    connectedAt: firstSeenAt,
    states: [{ state: 'Connected', at: firstSeenAt }],
    lastDuration: 0,
    lastDelay: 0,
    endedAt: undefined,
    cutAt: undefined,
    ...changes,
    firstSeenAt,
  };
}

/** All that a backtest takes: these rules, calls and polls, with the default caps and no limit of a share. */
export function aBacktest(
  parts: Partial<Omit<BacktestOptions, 'rules'>> & { rules: readonly Rule[]; customerTree?: CustomerTree },
): BacktestOptions {
  const { rules, customerTree = new Map(), ...changes } = parts;
  const compileAt = (now: number) =>
    compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now });
  const ruleSet = { rules, conditions: new Map(), lists: new Map(), limits: [], hash: '' };
  return {
    switchName: 'lab',
    numbering: NUMBERING,
    rules: compileAt(START),
    rulesAt: rulesOverTime(compileAt),
    modes: new Map(),
    limits: [],
    caps: { perPass: 50, perHour: 500, sharePerPass: 1 },
    customerTree,
    protection: createProtection({ accounts: [], customers: [] }, asStated(customerTree), () => undefined),
    yieldNow: () => Promise.resolve(),
    calls: [],
    polls: [],
    since: START,
    actsFrom: changes.since ?? START,
    until: changes.polls?.at(-1)?.at ?? START,
    countries: [],
    accounts: [],
    ...changes,
  };
}
