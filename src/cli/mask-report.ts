import { maskNumbers } from '../domain/mask.js';
import { maskNumber } from '../domain/mask-number.js';
import type { PassReport } from '../domain/pass-report.js';
import type { CliContext } from './context.js';

/** A report to be printed, with its telephone numbers masked where the config asks for it. */
export function shownReport(
  report: PassReport,
  { masksNumbers }: Pick<CliContext, 'masksNumbers'>,
): PassReport {
  if (masksNumbers !== true) return report;
  // An action does not bear the scope of its rule, and the target of an alert on a caller is the caller's number.
  const ofCallers = new Set(report.violations.filter(({ scope }) => scope === 'cli').map(({ rule }) => rule));
  return {
    ...maskNumbers({ ...report, violations: [], actions: [] }),
    violations: report.violations.map(maskNumbers),
    actions: report.actions.map((action) => {
      const isCaller = action.action === 'alert' && ofCallers.has(action.rule);
      return maskNumbers(isCaller ? { ...action, target: maskNumber(action.target) } : action);
    }),
  };
}
