import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';

/** One row of the log, read with plain SQL: what judges the store must not be the store's own code. */
export interface AuditRow {
  id: number;
  parent: number | null;
  at: number;
  rule: string;
  action: string;
  target: string;
  mode: string;
  actor: string;
  callRef: string | null;
  outcome: string | null;
  reason: string | null;
  error: string | null;
  closedAt: number | null;
  /** What the last confirmation says; null where there is none. */
  confirmed: number | null;
}

const ROWS = `
  SELECT a.id, a.parent, a.at, a.rule, a.action, a.target, a.mode, a.actor, a.call_ref AS callRef,
    o.outcome, o.reason, o.error, o.at AS closedAt,
    (SELECT max(c.confirmed) FROM audit_confirmation AS c WHERE c.action_id = a.id) AS confirmed
  FROM audit_action AS a LEFT JOIN audit_outcome AS o ON o.action_id = a.id`;

/** Open ones first: an older intent for the same target may have been orphaned before its request left. */
const UNCLAIMED = `${ROWS} WHERE a.action = ? AND a.target = ? AND (o.outcome IS NULL OR o.outcome = 'unknown')
  ORDER BY o.outcome IS NOT NULL, a.id`;

/** Outcomes of records that stood for a request. */
const SENT: readonly (string | null)[] = [null, 'disconnected', 'already-gone', 'failed', 'unknown'];

/** The audit log of one database as another process sees it: what is committed, and nothing else. */
export class AuditSide {
  readonly #path: string;
  #reading: Database.Database | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The intents that a request for this target may rest on, the likeliest first. */
  intentsFor(action: string, target: string): readonly AuditRow[] {
    return this.#database().prepare<[string, string], AuditRow>(UNCLAIMED).all(action, target);
  }

  /** Empty where the database is not there yet, or not yet brought to its first version. */
  rows(): readonly AuditRow[] {
    if (!this.#begun()) return [];
    return this.#database().prepare<[], AuditRow>(`${ROWS} ORDER BY a.id`).all();
  }

  /** When the last pass that completed began; undefined where none did. */
  lastCompletedPass(): number | undefined {
    if (!this.#begun()) return undefined;
    const sql = "SELECT max(started_at) FROM pass WHERE status = 'completed'";
    return this.#database().prepare<[], number | null>(sql).pluck().get() ?? undefined;
  }

  /** What SQLite finds wrong with the file. */
  damage(): readonly string[] {
    const database = this.#database();
    const integrity = database.pragma('integrity_check') as { integrity_check: string }[];
    const foreign = database.pragma('foreign_key_check') as object[];
    return [
      ...integrity.map((row) => row.integrity_check).filter((text) => text !== 'ok'),
      ...foreign.map((row) => `foreign key: ${JSON.stringify(row)}`),
    ];
  }

  /**
   * Lets go of the file. Between two processes nobody may hold it, or the next would never have to recover the WAL that a
   * killed one left.
   */
  release(): void {
    this.#reading?.close();
    this.#reading = undefined;
  }

  #begun(): boolean {
    if (!existsSync(this.#path)) return false;
    return (
      this.#database().prepare("SELECT 1 FROM sqlite_schema WHERE name = 'audit_action'").get() !== undefined
    );
  }

  #database(): Database.Database {
    this.#reading ??= new Database(this.#path, { readonly: true, fileMustExist: true, timeout: 5_000 });
    return this.#reading;
  }
}

/** The records that stand for a request each: not the calls under an account or customer that was cut as a whole. */
export function intentsAmong(rows: readonly AuditRow[]): readonly AuditRow[] {
  const sent = new Set(rows.filter(isSent).map(({ id }) => id));
  return rows.filter((row) => sent.has(row.id) && (row.parent === null || !sent.has(row.parent)));
}

function isSent({ action, outcome }: AuditRow): boolean {
  return action.startsWith('disconnect') && SENT.includes(outcome);
}
