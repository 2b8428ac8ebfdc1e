import type { AuditRecord } from '../domain/action.js';
import type { RowView } from './output.js';

/** The records of the audit log: in a table what answers "who was cut, by which rule", otherwise everything. */
export const AUDIT_VIEW: RowView<AuditRecord> = {
  columns: [
    { header: timeHeader('TIME'), cell: ({ at }) => localTime(Date.parse(at)), wraps: true, keep: true },
    { header: 'SWITCH', cell: (record) => record.switch, typicalWidth: 8, optional: 'same' },
    { header: 'RULE', cell: ({ rule }) => rule, wraps: true, typicalWidth: 24 },
    { header: 'ACTION', cell: ({ action }) => action, wraps: true, typicalWidth: 18 },
    { header: 'TARGET', cell: ({ target }) => target, typicalWidth: 6, keep: true },
    { header: 'OUTCOME', cell: outcomeText, wraps: true, typicalWidth: 14 },
    { header: 'GONE', cell: ({ confirmed }) => confirmed, optional: 'always' },
    { header: 'ACCT', cell: ({ account }) => account, typicalWidth: 4, keep: true },
    { header: 'CLI -> CLD', cell: partiesText, wraps: true, keep: true, typicalWidth: 28 },
  ],
  fields: [
    'id',
    'parent',
    'at',
    'switch',
    'passId',
    'rule',
    'ruleHash',
    'scope',
    'subject',
    'action',
    'target',
    'mode',
    'outcome',
    'confirmed',
    'count',
    'reason',
    'actor',
    'account',
    'customer',
    'callId',
    'cli',
    'cld',
    'latencyMs',
    'error',
    'evidence',
  ],
};

/** `failed (refused: Not permitted)`: what came of it, why, and what the switch said. */
function outcomeText({ outcome, reason, error }: AuditRecord): string {
  const text = outcome ?? 'under way';
  const why = [reason, error].filter((part) => part !== null);
  return why.length === 0 ? text : `${text} (${why.join(': ')})`;
}

function partiesText({ cli, cld }: AuditRecord): string | null {
  return cli === null && cld === null ? null : `${cli ?? '?'} -> ${cld ?? '?'}`;
}

/** `2026-01-05 10:00:00` in local time, the form that --since takes. */
export function localTime(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The header of a column of localTime, with the zone: `TIME (UTC)`, `TIME (Europe/Berlin)`. */
export function timeHeader(name: string): string {
  return `${name} (${new Intl.DateTimeFormat().resolvedOptions().timeZone})`;
}
