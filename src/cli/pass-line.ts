import type { Outcome } from '../domain/action.js';
import type { PassReport } from '../domain/pass-report.js';

/** How many actions of a pass came to which outcome; outcomes that did not occur are absent. */
export function countOutcomes(report: PassReport): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of report.actions) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** One pass in one line for a person: `47 calls, 2 violations, 1 disconnected, 3 monitored (38 ms)`. */
export function passLine(report: PassReport): string {
  const duration = `(${report.durationMs} ms)`;
  if (report.status === 'skipped')
    return `pass skipped: another process is acting on this switch ${duration}`;
  if (report.status === 'failed') {
    return `pass failed, nothing more was sent: ${report.error?.code}: ${report.error?.message} ${duration}`;
  }
  const unjudged = report.indeterminate.reduce((sum, { subjects }) => sum + subjects, 0);
  const parts = [
    counted(report.calls, 'call', 'calls'),
    ...(report.suspect > 0 ? [`${report.suspect} suspect`] : []),
    counted(report.violations.length, 'violation', 'violations'),
    ...(unjudged > 0 ? [`${unjudged} indeterminate`] : []),
    ...Object.entries(countOutcomes(report)).map(([outcome, count]) => `${count} ${outcome}`),
  ];
  return `${parts.join(', ')} ${duration}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
