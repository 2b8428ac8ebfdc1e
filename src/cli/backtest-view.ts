import type { BacktestedCall, BacktestedRule, BacktestResult } from '../pass-backtest.js';
import type { RowView } from './output.js';

/** What one rule would have done on one switch. */
export interface BacktestRow {
  switch: string;
  rule: string;
  /** As written; all were judged as though they enforced. */
  mode: string;
  actions: number;
  alerts: number;
  accounts: number;
  callsCut: number;
  minutesBefore: number;
  minutesCut: number;
  reallyCut: number;
  withheld: BacktestedRule['withheld'];
  indeterminatePolls: number;
  /** Vendors it goes by that no call of the ledger was listed for. */
  unseenVendors: readonly number[];
  error: string | null;
}

export function backtestRows(switchName: string, { rules, cut }: BacktestResult): readonly BacktestRow[] {
  return rules.map((one) => {
    const calls = cut.filter(({ rule }) => rule === one.rule);
    return {
      switch: switchName,
      rule: one.rule,
      mode: one.mode,
      actions: one.actions,
      alerts: one.alerts,
      accounts: new Set(calls.map(({ account }) => account ?? null)).size,
      callsCut: calls.length,
      minutesBefore: sum(calls, 'minutesBefore'),
      minutesCut: sum(calls, 'minutesCut'),
      reallyCut: calls.filter(({ reallyCut }) => reallyCut).length,
      withheld: one.withheld,
      indeterminatePolls: one.indeterminatePolls,
      unseenVendors: one.unseenVendors,
      error: one.broken ?? null,
    };
  });
}

function unseenText(vendors: readonly number[]): string {
  if (vendors.length === 0) return '';
  return `no call of ${vendors.length === 1 ? 'vendor' : 'vendors'} ${vendors.join(', ')} in the ledger`;
}

/** `1 poll`, `2 polls` */
export function counted(count: number, noun: string, plural = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : plural}`;
}

/** Minutes to a hundredth: the ledger knows no call to less than a second. */
function sum(calls: readonly BacktestedCall[], key: 'minutesBefore' | 'minutesCut'): number {
  return Math.round(calls.reduce((total, call) => total + call[key], 0) * 100) / 100;
}

export const BACKTEST_VIEW: RowView<BacktestRow> = {
  columns: [
    { header: 'SWITCH', cell: (row) => row.switch, optional: 'same' },
    { header: 'RULE', cell: (row) => row.rule, keep: true },
    { header: 'MODE', cell: (row) => row.mode, optional: 'always' },
    { header: 'ACTIONS', cell: (row) => row.actions },
    { header: 'ALERTS', cell: (row) => row.alerts },
    { header: 'ACCOUNTS', cell: (row) => row.accounts },
    { header: 'CALLS CUT', cell: (row) => row.callsCut },
    { header: 'MIN BEFORE', cell: (row) => row.minutesBefore },
    { header: 'MIN CUT', cell: (row) => row.minutesCut },
    { header: 'REALLY CUT', cell: (row) => row.reallyCut },
    { header: 'WITHHELD', cell: withheldText, wraps: true },
    {
      header: 'NOTES',
      cell: (row) =>
        [
          row.indeterminatePolls > 0 ? `indeterminate at ${counted(row.indeterminatePolls, 'poll')}` : '',
          unseenText(row.unseenVendors),
          row.error ?? '',
        ]
          .filter(Boolean)
          .join('; '),
      wraps: true,
      optional: 'same',
    },
  ],
  fields: [
    'switch',
    'rule',
    'mode',
    'actions',
    'alerts',
    'accounts',
    'callsCut',
    'minutesBefore',
    'minutesCut',
    'reallyCut',
    'withheld',
    'indeterminatePolls',
    'error',
    'unseenVendors',
  ],
};

function withheldText({ withheld }: BacktestRow): string {
  return Object.entries(withheld)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}

/** One rule in two versions of the rules. */
export interface BacktestDiffRow {
  switch: string;
  rule: string;
  callsCut: number;
  callsCutAgainst: number;
  /** Calls that only one of the two versions of this rule would have cut, whatever other rules do. */
  onlyHere: number;
  onlyAgainst: number;
  minutesCut: number;
  minutesCutAgainst: number;
  alerts: number;
  alertsAgainst: number;
}

export function diffRows(
  switchName: string,
  here: BacktestResult,
  against: BacktestResult,
): readonly BacktestDiffRow[] {
  const names = [...new Set([...here.rules, ...against.rules].map(({ rule }) => rule))];
  return names.map((rule) => {
    const [one, other] = [ofRule(here, rule), ofRule(against, rule)];
    return {
      switch: switchName,
      rule,
      callsCut: one.calls.length,
      callsCutAgainst: other.calls.length,
      onlyHere: notIn(one.calls, other.calls).length,
      onlyAgainst: notIn(other.calls, one.calls).length,
      minutesCut: sum(one.calls, 'minutesCut'),
      minutesCutAgainst: sum(other.calls, 'minutesCut'),
      alerts: one.alerts,
      alertsAgainst: other.alerts,
    };
  });
}

function ofRule({ rules, cut }: BacktestResult, name: string) {
  return {
    calls: cut.filter(({ rule }) => rule === name),
    alerts: rules.find(({ rule }) => rule === name)?.alerts ?? 0,
  };
}

/** The calls of one run that the other did not cut. */
export function notIn(
  calls: readonly BacktestedCall[],
  others: readonly BacktestedCall[],
): readonly BacktestedCall[] {
  const known = new Set(others.map(callKey));
  return calls.filter((call) => !known.has(callKey(call)));
}

/** What tells calls apart. */
export function callKey({ id, callId, setupTimeText }: BacktestedCall): string {
  return JSON.stringify([id, callId, setupTimeText ?? null]);
}

export const BACKTEST_DIFF_VIEW: RowView<BacktestDiffRow> = {
  columns: [
    { header: 'SWITCH', cell: (row) => row.switch, optional: 'same' },
    { header: 'RULE', cell: (row) => row.rule, keep: true },
    { header: 'CUT HERE', cell: (row) => row.callsCut },
    { header: 'CUT AGAINST', cell: (row) => row.callsCutAgainst },
    { header: 'ONLY HERE', cell: (row) => row.onlyHere },
    { header: 'ONLY AGAINST', cell: (row) => row.onlyAgainst },
    { header: 'MIN HERE', cell: (row) => row.minutesCut },
    { header: 'MIN AGAINST', cell: (row) => row.minutesCutAgainst },
    { header: 'ALERTS HERE', cell: (row) => row.alerts },
    { header: 'ALERTS AGAINST', cell: (row) => row.alertsAgainst },
  ],
  fields: [
    'switch',
    'rule',
    'callsCut',
    'callsCutAgainst',
    'onlyHere',
    'onlyAgainst',
    'minutesCut',
    'minutesCutAgainst',
    'alerts',
    'alertsAgainst',
  ],
};
