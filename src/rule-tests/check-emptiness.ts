import type { Rule } from '../domain/rule.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenCase } from './case-schema.js';
import type { ExpectationContext } from './expectation-context.js';

/** Those whose subjects are there without any call. */
const LASTING_SCOPES: readonly string[] = ['switch', 'vendor'];

/** Warns of a case in which nothing can be decided, whatever the rules say: it would pass for ever, and test nothing. */
export function warnOfEmptiness(
  written: WrittenCase,
  rules: readonly Rule[],
  { polls, seen }: Pick<ExpectationContext, 'polls' | 'seen'>,
  findings: CaseFindings,
): void {
  if (rules.length === 0) {
    const message =
      'No rule is judged in this case: all are off, or not for its switch. Name one under "rules", or its "switch".';
    findings.warning(['name'], message);
  } else if (polls.every(({ fails }) => fails)) {
    findings.warning(['fail'], '"fail": every poll of this case fails, so nothing is ever decided in it.');
  } else if (!seen.anybody && !rules.some(({ scope }) => LASTING_SCOPES.includes(scope))) {
    const message = 'No poll of this case sees a call, so that no rule ever judges anybody in it.';
    findings.warning(written.calls === undefined ? ['name'] : ['calls'], message);
  }
}
