import type { AuditRecord, PlannedAction } from '../domain/action.js';
import { jitterMsOf } from '../domain/jitter.js';
import type { Rule } from '../domain/rule.js';
import { subjectText } from '../domain/scope.js';
import type { Evidence } from '../domain/verdict.js';
import type { Decision } from '../enforce/gate.js';
import { REPEAT_RECORD_MS } from '../pass-past.js';
import { openAuditReader } from '../store/audit-reader.js';

/**
 * Tells the record of the same alert of this rule that keeps a pass at `now` from recording it anew; see recordKey for what
 * is the same. Without a database there is none, nor is what does not count any more, up to the record `after`, the same.
 */
export function recordedAlerts(
  database: string | undefined,
  switchName: string,
  rule: Rule,
  { now, intervalMs, after }: { now: number; intervalMs: number; after: number },
): (action: PlannedAction, decision: Decision) => number | undefined {
  const since = now - (rule.cooldownMs ?? REPEAT_RECORD_MS) + jitterMsOf(intervalMs) + 1;
  const records = database === undefined ? [] : alertsOf(database, { switchName, rule, since, until: now });
  return (action, decision) => {
    if (decision.kind === 'send') return undefined;
    const reason = 'reason' in decision ? decision.reason : null;
    const mode = decision.kind === 'monitored' ? 'monitor' : action.mode;
    const same = records.findLast(
      (record) =>
        record.id > after &&
        listedAt(record) >= since &&
        record.ruleHash === action.ruleHash &&
        record.subject === subjectText(action.subject) &&
        record.target === action.target &&
        record.outcome === decision.kind &&
        record.reason === reason &&
        record.mode === mode &&
        record.callId === (action.call?.callId ?? null),
    );
    return same?.id;
  };
}

/** When the listing was asked for that it rests on; older records do not name it. */
function listedAt({ at, evidence }: AuditRecord): number {
  return Date.parse((evidence as Partial<Evidence> | null)?.listedAt ?? at);
}

function alertsOf(
  database: string,
  span: { switchName: string; rule: Rule; since: number; until: number },
): readonly AuditRecord[] {
  const { switchName, rule, since, until } = span;
  const reader = openAuditReader(database);
  try {
    return [...reader.query({ switch: switchName, rule: rule.name, action: 'alert', since, until })];
  } finally {
    reader.close();
  }
}
