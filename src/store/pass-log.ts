import type Database from 'better-sqlite3';
import type { PassReport } from '../domain/pass-report.js';
import type { PassLog } from '../domain/ports.js';
import { storeError } from './store-error.js';

/** At a pass every five seconds these are fourteen hours. */
const KEPT_PASSES_PER_SWITCH = 10_000;

const INSERT = `
  INSERT INTO pass (
    switch, pass_id, started_at, duration_ms, status, error_code, error_message,
    calls, suspect, violations, indeterminate, actions
  ) VALUES (
    @switch, @passId, @startedAt, @durationMs, @status, @errorCode, @errorMessage,
    @calls, @suspect, @violations, @indeterminate, @actions
  )`;

const PRUNE = `
  DELETE FROM pass WHERE switch = @switch AND id <= (
    SELECT id FROM pass INDEXED BY pass_order WHERE switch = @switch ORDER BY id DESC LIMIT 1 OFFSET @kept
  )`;

/** Keeps the counts of the newest passes of each switch; the evidence is in the audit log. */
export function createPassLog(
  database: Database.Database,
  path: string,
  keptPerSwitch: number = KEPT_PASSES_PER_SWITCH,
): PassLog {
  const insert = database.prepare(INSERT);
  const prune = database.prepare(PRUNE);
  const save = database.transaction((report: PassReport) => {
    insert.run(toRow(report));
    prune.run({ switch: report.switch, kept: keptPerSwitch });
  });
  return {
    async save(report) {
      try {
        save.immediate(report);
      } catch (error) {
        throw storeError(error, path);
      }
    },
  };
}

function toRow(report: PassReport) {
  const actions: Record<string, number> = {};
  for (const { outcome } of report.actions) actions[outcome] = (actions[outcome] ?? 0) + 1;
  return {
    switch: report.switch,
    passId: report.passId,
    startedAt: Date.parse(report.startedAt),
    durationMs: Math.round(report.durationMs),
    status: report.status,
    errorCode: report.error?.code ?? null,
    errorMessage: report.error?.message ?? null,
    calls: report.calls,
    suspect: report.suspect,
    violations: report.violations.length,
    indeterminate: report.indeterminate.reduce((sum, { subjects }) => sum + subjects, 0),
    actions: JSON.stringify(actions),
  };
}
