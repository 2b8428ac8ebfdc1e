import type { Outcome } from '../domain/action.js';
import type { PassReport } from '../domain/pass-report.js';

/** How many actions of a pass came to which outcome; outcomes that did not occur are absent. */
export function countOutcomes(report: PassReport): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of report.actions) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** How many actions were withheld for which reason, e.g. { 'cap-share': 69 }. */
export function countWithheld(report: PassReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome, reason } of report.actions) {
    if (outcome === 'withheld' && reason !== null) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/**
 * One pass in one line for a person: `47 calls, 2 violations, 1 disconnected, 3 withheld (cap-per-pass 3) (38 ms)`. Begins
 * with `paused` where acting was paused at its end.
 */
export function passLine(report: PassReport, paused = false): string {
  return paused ? `paused, ${lineOf(report)}` : lineOf(report);
}

function lineOf(report: PassReport): string {
  const duration = `(${report.durationMs} ms)`;
  if (report.status === 'skipped')
    return `pass skipped: another process is acting on this switch ${duration}`;
  if (report.status === 'failed') {
    const sent = report.actions.length === 0 ? 'nothing was sent' : 'nothing more was sent';
    return `pass failed, ${sent}: ${report.error?.code}: ${report.error?.message} ${duration}`;
  }
  const unjudged = report.indeterminate.reduce((sum, { subjects }) => sum + subjects, 0);
  const parts = [
    counted(report.calls, 'call', 'calls'),
    ...(report.suspect > 0 ? [`${report.suspect} suspect`] : []),
    counted(report.violations.length, 'violation', 'violations'),
    ...(unjudged > 0 ? [`${unjudged} indeterminate`] : []),
    ...Object.entries(countOutcomes(report)).map(([outcome, count]) =>
      outcome === 'withheld' ? `${count} withheld (${reasonsText(report)})` : `${count} ${outcome}`,
    ),
  ];
  return `${parts.join(', ')} ${duration}`;
}

/**
 * What an operator should do about a pass that completed; undefined where all is well. Each text is the same for every
 * pass that it is true of, so that a log can leave out its repetitions.
 */
export function passAdvice(report: PassReport): string | undefined {
  const withheld = countWithheld(report);
  const outcomes = countOutcomes(report);
  if ((withheld['stale-snapshot'] ?? 0) + (withheld['deadline'] ?? 0) > 0) {
    return 'the switch answers too slowly for what is to be cut: calls were withheld as stale or for lack of time. Raise `maxSnapshotAge` above the time that a listing takes, and `deadline` with it.';
  }
  const capped = report.actions.filter(({ reason }) => reason?.startsWith('cap-') === true);
  if (capped.length > 0) {
    const rules = [...new Set(capped.map(({ rule }) => rule))].sort().join(', ');
    return `a cap withheld calls of ${rules}. See them with \`callwarden audit --outcome withheld\`, and correct the rule, or raise the cap if it is right.`;
  }
  if ((outcomes.failed ?? 0) > 0) {
    return 'the switch refused disconnects. See why with `callwarden audit --outcome failed -o json`; the login may lack the right to disconnect.';
  }
  return undefined;
}

function reasonsText(report: PassReport): string {
  return Object.entries(countWithheld(report))
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
