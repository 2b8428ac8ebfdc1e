import type { ChainFault } from '../domain/audit-chain.js';
import { harmless } from './harmless-text.js';
import type { LogVerification } from './verify-log.js';

/** What `audit verify -o json` prints. */
export interface VerificationReport {
  whole: boolean;
  events: number;
  /** The first event that is still there. */
  first: number;
  head: { sequence: number; hash: string };
  /** How many, those in the log itself included, bear it out, and how many speak of what was pruned. */
  checkpoints: { file: string | null; matched: number; pruned: number; signaturesChecked: boolean };
  fault: FaultReport | null;
}

interface FaultReport {
  event: number;
  kind: string | null;
  row: number | null;
  action: number | null;
  what: ChainFault['what'];
  detail: string;
  next: string;
}

export function verificationReport(verified: LogVerification): VerificationReport {
  const { verification, checkpointFile, signaturesChecked } = verified;
  const { events, first, head, checkpoints, fault } = verification;
  return {
    whole: fault === undefined,
    events,
    first,
    head: { sequence: head.sequence, hash: head.hash },
    checkpoints: { file: checkpointFile ?? null, ...checkpoints, signaturesChecked },
    fault: fault === undefined ? null : faultReport(fault),
  };
}

function faultReport({ event, kind, row, action, what, detail }: ChainFault): FaultReport {
  const next = NEXT[what];
  return { event, kind: kind ?? null, row: row ?? null, action: action ?? null, what, detail, next };
}

const KEEP = 'Keep the database as it is, with its -wal file, and find out who could write to it.';

/** What a person does next, by what is wrong. */
const NEXT: Readonly<Record<ChainFault['what'], string>> = {
  altered: `${KEEP} A backup from before shows what the record said.`,
  removed: `${KEEP} A backup from before shows what is missing.`,
  inserted: `${KEEP} What was put in was not written by callwarden: do not rely on it.`,
  cut: `${KEEP} Perhaps an older copy was put back: then a newer one has the end of the log.`,
  guard: `${KEEP} Records may be changed or deleted unnoticed until the guard is back; restore the database from a backup.`,
  forged:
    'If the key was changed since, name the older public key with --key as well. Otherwise compare the checkpoints with another copy of them: these were not signed by your key.',
};

/** What a person reads at the terminal. */
export function verificationText(report: VerificationReport): string {
  const rows = report.fault === null ? wholeRows(report) : faultRows(report, report.fault);
  const title =
    report.fault === null
      ? 'The audit log is whole.'
      : `THE AUDIT LOG IS NOT WHOLE: ${report.fault.what} at event ${report.fault.event}.`;
  const lines = rows.map(([name, text]) => `  ${name.padEnd(12)} ${harmless(text)}`);
  return [title, ...lines].map((line) => `${line}\n`).join('');
}

type Row = readonly [name: string, text: string];

function wholeRows(report: VerificationReport): readonly Row[] {
  const { events, first, head } = report;
  const range = events === 0 ? '' : `, ${first} to ${head.sequence}`;
  return [
    ['events', `${events}${range}`],
    ['head', `${head.sequence} ${head.hash}`],
    ['pruned', first > 1 ? `events 1 to ${first - 1}` : 'nothing'],
    ['checkpoints', checkpointsText(report)],
  ];
}

function checkpointsText({ checkpoints, fault }: VerificationReport): string {
  const { file, matched, pruned, signaturesChecked } = checkpoints;
  const own = file === null ? '' : ` with ${file}`;
  const left = pruned === 0 ? '' : `, ${pruned} are of events that were pruned`;
  const good = fault === null ? 'signatures good' : 'signatures checked';
  const signatures = signaturesChecked ? good : 'signatures NOT checked, for want of a key';
  const counted =
    matched + pruned === 0
      ? ''
      : `${matched} ${matched === 1 ? 'matches' : 'match'}${own}${left}; ${signatures}`;
  if (file !== null) return counted === '' ? `${file} holds none` : counted;
  const none = 'no file to compare with, so an end that was cut off may not show';
  return counted === '' ? none : `${counted}; ${none}`;
}

function faultRows(report: VerificationReport, fault: FaultReport): readonly Row[] {
  const { events, head } = report;
  const { event, kind, row, action, detail, next } = fault;
  const of = [kind, row === null ? null : `row ${row}`].filter((part) => part !== null).join(', ');
  return [
    ['event', of === '' ? `${event}` : `${event} (${of})`],
    ['action', action === null ? 'none' : `${action}`],
    ['what', detail],
    ['next', next],
    ['events', `${events}, head ${head.sequence} ${head.hash}`],
    ['checkpoints', checkpointsText(report)],
  ];
}
