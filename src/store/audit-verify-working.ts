import type Database from 'better-sqlite3';
import type { ChainFault } from '../domain/audit-chain.js';
import { guardFault } from './audit-verify-guard.js';

/** What is worked with instead of the log, and what it would mean were it not what the log says. */
interface Derived {
  /** Reads the first action of which it does not say what the log says; NULL where there is none. */
  sql: string;
  tells: (action: number) => string;
}

/** The facet that an action a with the outcome o is found under. */
const FACET = `f.switch = a.switch AND f.rule = a.rule AND f.action = a.action AND f.mode = a.mode
  AND f.outcome = coalesce(o.outcome, '')`;

const AWAITS_CONFIRMATION = `a.call_id IS NOT NULL AND o.outcome IN ('disconnected', 'unknown', 'already-gone')
  AND NOT EXISTS (SELECT 1 FROM audit_confirmation AS c WHERE c.action_id = a.id AND c.confirmed = 1)`;

const ACTED = `FROM acted_rule AS r CROSS JOIN acted_record AS s ON s.acted_rule_id = r.id`;

const DERIVED: readonly Derived[] = [
  {
    sql: `SELECT min(a.id) FROM audit_action AS a NOT INDEXED LEFT JOIN audit_outcome AS o ON o.action_id = a.id
      WHERE NOT EXISTS (
        SELECT 1 FROM search_facet AS f CROSS JOIN search_record AS s
        ON s.facet_id = f.id AND s.at = a.at AND s.action_id = a.id WHERE ${FACET}
      )`,
    tells: (action) => `The search index does not show record ${action}: queries would leave it out.`,
  },
  {
    sql: `SELECT min(s.action_id) FROM search_record AS s WHERE NOT EXISTS (
        SELECT 1 FROM audit_action AS a LEFT JOIN audit_outcome AS o ON o.action_id = a.id
        CROSS JOIN search_facet AS f ON f.id = s.facet_id
        WHERE a.id = s.action_id AND a.at = s.at AND ${FACET}
      )`,
    tells: (action) => `The search index shows record ${action} as it is not in the log.`,
  },
  {
    sql: `SELECT min(a.id) FROM audit_outcome AS o NOT INDEXED CROSS JOIN audit_action AS a ON a.id = o.action_id
      WHERE ${AWAITS_CONFIRMATION} AND NOT EXISTS (
        SELECT 1 FROM unconfirmed_call AS u WHERE u.switch = a.switch AND u.action_id = a.id
      )`,
    tells: (action) => `Record ${action} is not confirmed, and is no longer waited for: it never would be.`,
  },
  {
    sql: `SELECT min(u.action_id) FROM unconfirmed_call AS u WHERE NOT EXISTS (
        SELECT 1 FROM audit_action AS a CROSS JOIN audit_outcome AS o ON o.action_id = a.id
        WHERE a.id = u.action_id AND a.switch = u.switch AND ${AWAITS_CONFIRMATION}
      )`,
    tells: (action) => `Record ${action} is waited for to be confirmed, against what the log says.`,
  },
  {
    sql: `SELECT min(a.id) FROM acted_action AS a WHERE NOT EXISTS (
        SELECT 1 ${ACTED} AND s.at = a.at AND s.action_id = a.id
        WHERE r.switch = a.switch AND r.rule_hash = a.rule_hash AND r.mode = a.mode
      )`,
    tells: (action) => `Record ${action} is not among those by which its rule climbs.`,
  },
  {
    sql: `SELECT min(s.action_id) ${ACTED} WHERE NOT EXISTS (
        SELECT 1 FROM acted_action AS a
        WHERE a.id = s.action_id AND a.at = s.at AND a.switch = r.switch AND a.rule_hash = r.rule_hash AND a.mode = r.mode
      )`,
    tells: (action) => `Record ${action} is among those by which its rule climbs, against what the log says.`,
  },
];

/**
 * What passes and queries work with instead of the log itself: tables that triggers derive from it. Who changes these changes
 * nothing of the log, and what people get to see of it all the same.
 *
 * @param event told as the place of a fault
 */
export function workingFault(database: Database.Database, event: number): ChainFault | undefined {
  for (const { sql, tells } of DERIVED) {
    const action = database.prepare<[], number | null>(sql).pluck().get() ?? undefined;
    if (action !== undefined) return guardFault(event, tells(action), action);
  }
  return undefined;
}

/** Of pages, and of every index against its table: an index that leaves out a row hides it from whoever asks by it. */
export function damageFault(database: Database.Database, event: number): ChainFault | undefined {
  const found = database.pragma('integrity_check(1)', { simple: true });
  return found === 'ok' ? undefined : guardFault(event, `The database is damaged: ${String(found)}.`);
}
