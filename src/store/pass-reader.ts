import type { Outcome } from '../domain/action.js';
import type { PassReport } from '../domain/pass-report.js';
import type { Clock } from '../domain/ports.js';
import { openCurrentForReading, type ReaderOptions } from './open-reader.js';
import { orStoreError } from './store-error.js';

/** What is kept of one pass: the counts of its report. */
export interface PassSummary {
  switch: string;
  passId: string;
  /** ISO 8601 UTC with milliseconds. */
  startedAt: string;
  durationMs: number;
  status: PassReport['status'];
  error: { code: string; message: string } | null;
  calls: number;
  suspect: number;
  violations: number;
  /** Subjects that could not be judged, over all rules. */
  indeterminate: number;
  /** How many actions came to which outcome; outcomes that did not occur are absent. */
  actions: Partial<Record<Outcome, number>>;
}

/** The state of one switch as its passes show it. */
export interface SwitchPasses {
  switch: string;
  lastCompleted: PassSummary | null;
  lastFailed: PassSummary | null;
  /** Passes begun in the hour before now by their status, and the records of the audit log in that hour by outcome. */
  lastHour: {
    completed: number;
    failed: number;
    skipped: number;
    actions: Partial<Record<Outcome, number>>;
    /** Disconnects that were confirmed in that hour; undefined where there were none. */
    kills: KillTimes | undefined;
  };
}

/** From the first sight of a violation to the listing that confirmed the disconnect. */
export interface KillTimes {
  count: number;
  medianMs: number;
  slowestMs: number;
}

/** Reads what the passes came to; cannot write. */
export interface PassReader {
  /** One entry per switch that has ever had a pass, by name; or of one switch alone. Throws STORE_FAILED. */
  last(switchName?: string): readonly SwitchPasses[];
  close(): void;
}

interface PassRow {
  switch: string;
  passId: string;
  startedAt: number;
  durationMs: number;
  status: PassReport['status'];
  errorCode: string | null;
  errorMessage: string | null;
  calls: number;
  suspect: number;
  violations: number;
  indeterminate: number;
  actions: string;
}

const HOUR_MS = 3_600_000;

const LAST = `
  SELECT switch, pass_id AS passId, started_at AS startedAt, duration_ms AS durationMs, status,
    error_code AS errorCode, error_message AS errorMessage, calls, suspect, violations, indeterminate, actions
  FROM pass INDEXED BY pass_status WHERE switch = ? AND status = ? ORDER BY id DESC LIMIT 1`;

const COUNTS = `
  SELECT status, count(*) AS passes FROM pass INDEXED BY pass_time
  WHERE switch = ? AND started_at >= ? GROUP BY status`;

/** Of the audit log, which does not repeat an unchanged record at every pass as the reports of passes do. */
const ACTIONS = `
  SELECT o.outcome, count(*) AS actions
  FROM audit_action AS a INDEXED BY audit_action_at CROSS JOIN audit_outcome AS o ON o.action_id = a.id
  WHERE a.switch = ? AND a.at >= ? GROUP BY o.outcome ORDER BY o.outcome`;

/**
 * The newest confirmations first, so that reading ends where the hour does. A call under an account or customer action was
 * violated since that one's own record says so.
 */
const KILLS = `
  SELECT c.at, a.switch, unixepoch(coalesce(
      json_extract(a.evidence, '$.violatedSince'),
      (SELECT json_extract(whole.evidence, '$.violatedSince') FROM audit_action AS whole WHERE whole.id = a.parent)
    ), 'subsec') * 1000 AS since
  FROM audit_confirmation AS c NOT INDEXED CROSS JOIN audit_action AS a ON a.id = c.action_id
  WHERE c.confirmed = 1 ORDER BY c.id DESC`;

/** Opens the database read-only. Throws STORE_FAILED where there is none or its version is another. */
export function openPassReader(path: string, options: ReaderOptions & { clock?: Clock } = {}): PassReader {
  const { clock = Date.now, ...readerOptions } = options;
  const { database, path: file } = openCurrentForReading(path, readerOptions);
  const switches = database.prepare<[], string>('SELECT DISTINCT switch FROM pass ORDER BY switch').pluck();
  const last = database.prepare<[string, string], PassRow>(LAST);
  const counts = database.prepare<[string, number], { status: PassReport['status']; passes: number }>(COUNTS);
  const actions = database.prepare<[string, number], { outcome: Outcome; actions: number }>(ACTIONS);

  const kills = database.prepare<[], { at: number; switch: string; since: number | null }>(KILLS);

  const killTimesSince = (since: number): ReadonlyMap<string, number[]> => {
    const bySwitch = new Map<string, number[]>();
    for (const kill of kills.iterate()) {
      if (kill.at < since) break;
      if (kill.since === null) continue;
      const times = bySwitch.get(kill.switch) ?? [];
      times.push(Math.max(0, kill.at - kill.since));
      bySwitch.set(kill.switch, times);
    }
    return bySwitch;
  };
  const lastWith = (name: string, status: PassReport['status']): PassSummary | null => {
    const row = last.get(name, status);
    return row === undefined ? null : toSummary(row);
  };
  const read = database.transaction((switchName: string | undefined, since: number): SwitchPasses[] => {
    const known = switches.all();
    const wanted = switchName === undefined ? known : known.filter((name) => name === switchName);
    const killed = killTimesSince(since);
    return wanted.map((name) => {
      const lastHour: SwitchPasses['lastHour'] = {
        completed: 0,
        failed: 0,
        skipped: 0,
        actions: {},
        kills: killTimesOf(killed.get(name) ?? []),
      };
      for (const { status, passes } of counts.all(name, since)) lastHour[status] = passes;
      for (const row of actions.all(name, since)) lastHour.actions[row.outcome] = row.actions;
      return {
        switch: name,
        lastCompleted: lastWith(name, 'completed'),
        lastFailed: lastWith(name, 'failed'),
        lastHour,
      };
    });
  });

  return {
    last: (switchName) => orStoreError(file, () => read(switchName, clock() - HOUR_MS)),
    close: () => {
      database.close();
    },
  };
}

function killTimesOf(timesMs: readonly number[]): KillTimes | undefined {
  if (timesMs.length === 0) return undefined;
  const sorted = [...timesMs].sort((one, other) => one - other);
  return {
    count: sorted.length,
    medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    slowestMs: sorted.at(-1) ?? 0,
  };
}

function toSummary(row: PassRow): PassSummary {
  const { startedAt, errorCode, errorMessage, actions, ...same } = row;
  return {
    ...same,
    startedAt: new Date(startedAt).toISOString(),
    error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    actions: JSON.parse(actions) as PassSummary['actions'],
  };
}
