import type { ChainFault, PruneSeal } from '../domain/audit-chain.js';
import { harmless } from './harmless-text.js';
import type { LogVerification } from './verify-log.js';

/** What `audit verify -o json` prints. */
export interface VerificationReport {
  whole: boolean;
  events: number;
  /** The first event that is still there. */
  first: number;
  head: { sequence: number; hash: string };
  /** What was pruned, in order; what one person removed at one time is one entry. */
  prunes: readonly PruneReport[];
  /** How many bear it out, and how many speak of what was pruned. */
  checkpoints: { file: string | null; matched: number; pruned: number; signaturesChecked: boolean };
  fault: FaultReport | null;
}

interface PruneReport {
  from: number;
  to: number;
  events: number;
  records: number;
  at: string;
  actor: string;
  reason: string;
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
  const { events, first, head, checkpoints, prunes, fault } = verification;
  return {
    whole: fault === undefined,
    events,
    first,
    head: { sequence: head.sequence, hash: head.hash },
    prunes: prunes.reduce(withPrune, []),
    checkpoints: { file: checkpointFile ?? null, ...checkpoints, signaturesChecked },
    fault: fault === undefined ? null : faultReport(fault),
  };
}

/** A large prune is done in pieces, each with a seal of its own. */
function withPrune(prunes: readonly PruneReport[], seal: PruneSeal): readonly PruneReport[] {
  const { from, to, events, actions, at, actor, reason } = seal;
  const before = prunes.at(-1);
  if (before === undefined || before.at !== at || before.actor !== actor || before.reason !== reason) {
    return [...prunes, { from, to, events, records: actions, at, actor, reason }];
  }
  const joined = { ...before, to, events: before.events + events, records: before.records + actions };
  return [...prunes.slice(0, -1), joined];
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
  guard: `${KEEP} Until the database is restored from a backup, records may be changed or deleted unnoticed, and queries may leave some out.`,
  forged:
    'Name the public key that signed it with --key; if the key was changed since, the older one as well. If no key of yours has signed it, somebody else did: compare the checkpoints with another copy of them, and the log with a backup.',
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
    ...prunedRows(report),
    ...checkpointRows(report),
  ];
}

/** Who, when and why, of each. */
function prunedRows({ prunes, checkpoints }: VerificationReport): readonly Row[] {
  if (prunes.length === 0) return [['pruned', 'nothing']];
  const signature = checkpoints.signaturesChecked
    ? 'signature checked'
    : 'signature NOT checked, for want of a key';
  return prunes.map(({ from, to, at, actor, reason }) => [
    'pruned',
    `events ${from} to ${to} by ${actor} at ${at}: ${reason}; ${signature}`,
  ]);
}

function checkpointRows(report: VerificationReport): readonly Row[] {
  const { pruned } = report.checkpoints;
  const row: Row = ['checkpoints', checkpointsText(report)];
  if (pruned === 0) return [row];
  const [of, say] = pruned === 1 ? ['1 checkpoint is', 'it says'] : [`${pruned} checkpoints are`, 'they say'];
  return [
    row,
    [
      'WARNING',
      `${of} of events that were pruned: what ${say} is gone. Did you know of the prune by ${prunersOf(report)}?`,
    ],
  ];
}

function prunersOf({ prunes }: VerificationReport): string {
  return [...new Set(prunes.map(({ actor }) => actor))].join(', ') || 'nobody';
}

function checkpointsText({ checkpoints, fault }: VerificationReport): string {
  const { file, matched, pruned, signaturesChecked } = checkpoints;
  const own = file === null ? '' : ` with ${file}`;
  const left = pruned === 0 ? '' : `, ${pruned} ${pruned === 1 ? 'is' : 'are'} of events that were pruned`;
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
    ...prunedRows(report),
    ...checkpointRows(report),
  ];
}
