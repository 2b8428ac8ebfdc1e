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

/** From here on a hundredth of a minute is more than anybody compares, and takes the place of other columns. */
const WHOLE_FROM_MINUTES = 100;

function minutesCell(minutes: number): number {
  return minutes < WHOLE_FROM_MINUTES ? minutes : Math.round(minutes);
}

/** What a rule would have done, in numbers; what else is to be said of it takes a line of its own, see noteLines. */
export const BACKTEST_VIEW: RowView<BacktestRow> = {
  columns: [
    { header: 'SWITCH', cell: (row) => row.switch, optional: 'same' },
    { header: 'RULE', cell: (row) => row.rule, keep: true },
    { header: 'MODE', cell: (row) => row.mode, optional: 'always' },
    { header: 'ACTIONS', cell: (row) => row.actions, keep: true },
    { header: 'ALERTS', cell: (row) => row.alerts, keep: true },
    { header: 'ACCOUNTS', cell: (row) => row.accounts, keep: true, optional: 'always' },
    { header: 'CALLS CUT', cell: (row) => row.callsCut, keep: true },
    { header: 'MIN BEFORE', cell: (row) => minutesCell(row.minutesBefore), keep: true, optional: 'always' },
    { header: 'MIN CUT', cell: (row) => minutesCell(row.minutesCut), keep: true },
    { header: 'REALLY CUT', cell: (row) => row.reallyCut, keep: true, optional: 'always' },
    { header: 'WITHHELD', cell: withheldText, wraps: true },
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

/** What cannot be told in numbers of a rule, a line for each that there is something to say of. */
export function noteLines(rows: readonly BacktestRow[]): readonly string[] {
  const switches = new Set(rows.map((row) => row.switch));
  return rows.flatMap((row) => {
    const notes = [
      row.indeterminatePolls > 0 ? `indeterminate at ${counted(row.indeterminatePolls, 'poll')}` : '',
      unseenText(row.unseenVendors),
      row.error ?? '',
    ].filter(Boolean);
    const rule = switches.size > 1 ? `${row.switch}, ${row.rule}` : row.rule;
    return notes.length === 0 ? [] : [`${rule}: ${notes.join('; ')}`];
  });
}

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
    { header: 'CUT HERE', cell: (row) => row.callsCut, keep: true },
    { header: 'CUT AGAINST', cell: (row) => row.callsCutAgainst, keep: true },
    { header: 'ONLY HERE', cell: (row) => row.onlyHere, keep: true },
    { header: 'ONLY AGAINST', cell: (row) => row.onlyAgainst, keep: true },
    { header: 'MIN HERE', cell: (row) => minutesCell(row.minutesCut), keep: true },
    { header: 'MIN AGAINST', cell: (row) => minutesCell(row.minutesCutAgainst), keep: true },
    { header: 'ALERTS HERE', cell: (row) => row.alerts, keep: true, optional: 'always' },
    { header: 'ALERTS AGAINST', cell: (row) => row.alertsAgainst, keep: true, optional: 'always' },
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
