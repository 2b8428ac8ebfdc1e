import type { AuditRecord } from '../domain/action.js';
import type { RowView } from './output.js';

/** The records of the audit log: in a table what answers "who was cut, by which rule", otherwise everything. */
export const AUDIT_VIEW: RowView<AuditRecord> = {
  columns: [
    { header: 'TIME', cell: ({ at }) => localTime(Date.parse(at)) },
    { header: 'SWITCH', cell: (record) => record.switch, typicalWidth: 8 },
    { header: 'RULE', cell: ({ rule }) => rule, wraps: true, typicalWidth: 24 },
    { header: 'ACTION', cell: ({ action }) => action, typicalWidth: 18 },
    { header: 'TARGET', cell: ({ target }) => target, typicalWidth: 8 },
    { header: 'OUTCOME', cell: outcomeText, wraps: true, typicalWidth: 14 },
    { header: 'GONE', cell: ({ confirmed }) => confirmed },
    { header: 'ACCT', cell: ({ account }) => account, typicalWidth: 6 },
    { header: 'CLI -> CLD', cell: partiesText, wraps: true, typicalWidth: 28 },
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

function outcomeText({ outcome, reason }: AuditRecord): string {
  const text = outcome ?? 'under way';
  return reason === null ? text : `${text} (${reason})`;
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
