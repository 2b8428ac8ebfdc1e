import type { DocumentPath } from '../documents/located-document.js';
import type { WithholdReason } from '../domain/action.js';
import { type CaseFindings, pollsText, unknownRule } from './case-findings.js';
import type { WrittenAction, WrittenExpectation } from './case-schema.js';
import { checkSubject, judgedTarget, warnOfAbsent } from './check-names.js';
import { type ActedOn, checkOnce } from './check-once.js';
import { durationText } from './duration-text.js';
import type { ExpectationContext } from './expectation-context.js';
import type { Expectation, ExpectedAction, ExpectedVerdict } from './test-case.js';

/** What has to happen at which poll; whatever could never happen is an error. */
export function readExpectations(
  written: readonly WrittenExpectation[],
  context: ExpectationContext,
  findings: CaseFindings,
): ReadonlyMap<number, Expectation> {
  const expectations = new Map<number, Expectation>();
  for (const [index, one] of written.entries()) {
    const path: DocumentPath = ['expect', index];
    if (saysNothing(one)) findings.error(path, SAYS_NOTHING);
    const acted: ActedOn = new Map();
    const expectation: Expectation = {
      location: context.place.at(path),
      actions: one.actions?.flatMap((action, k) =>
        readAction(action, [...path, 'actions', k], context, { findings, acted }),
      ),
      violated: readVerdicts(one.violated, [...path, 'violated'], context, findings),
      clear: readVerdicts(one.clear, [...path, 'clear'], context, findings),
    };
    for (const atMs of [one.at].flat()) {
      const problem = instantProblem(atMs, context, expectations);
      if (problem !== undefined) findings.error([...path, 'at'], `"at": ${problem}`);
      expectations.set(context.start + atMs, expectation);
    }
  }
  return expectations;
}

const SAYS_NOTHING =
  '"expect": this entry does not say what has to happen: write "actions: []" where nothing may be done there, alerts included. Or leave it out: no call may be cut at a poll that is not listed, and "until" lets a case go on.';

function saysNothing({ actions, violated = [], clear = [] }: WrittenExpectation): boolean {
  return actions === undefined && violated.length + clear.length === 0;
}

function instantProblem(
  atMs: number,
  { start, everyMs, polls }: ExpectationContext,
  expectations: ReadonlyMap<number, Expectation>,
): string | undefined {
  const at = start + atMs;
  // None stands before the first one, or between two.
  const poll = polls[atMs / everyMs];
  if (poll === undefined) {
    return polls.length === 0
      ? undefined
      : `no poll stands at ${durationText(atMs)}; ${pollsText(everyMs, polls.length)}.`;
  }
  if (poll.fails)
    return `the poll at ${durationText(atMs)} fails, so nothing is decided there: expect it at another one, or take this one out of "fail".`;
  const earlier = expectations.get(at);
  return earlier === undefined
    ? undefined
    : `the poll at ${durationText(atMs)} is listed already, on line ${earlier.location.line}: write both into one entry.`;
}

/** Safeguards against what the world of a case does not have. */
const NEVER_IN_A_CASE: ReadonlySet<WithholdReason> = new Set([
  'cap-share',
  'cap-per-pass',
  'cap-per-hour',
  'paused',
  'suspect-snapshot',
  'stale-snapshot',
  'deadline',
  'stopping',
]);

interface ReadingActions {
  findings: CaseFindings;
  /** Of the same poll. */
  acted: ActedOn;
}

function readAction(
  written: WrittenAction,
  path: DocumentPath,
  context: ExpectationContext,
  { findings, acted }: ReadingActions,
): ExpectedAction[] {
  const { rule, action, count = 1, withheld } = written;
  if (withheld !== undefined && withheld !== true && NEVER_IN_A_CASE.has(withheld)) {
    const message = `"withheld": ${withheld} stops nothing in a case, in which there are no caps and no pause, and no listing is in doubt.`;
    findings.error([...path, 'withheld'], message);
  }
  if (rule !== undefined) checkRule(rule, [...path, 'rule'], context, findings);
  if (written.target !== undefined && written.targets !== undefined) {
    findings.error([...path, 'targets'], '"targets" and "target" exclude each other: keep one of them.');
  }
  const key = written.targets === undefined ? 'target' : 'targets';
  const targets = written.targets ?? [written.target];
  const location = context.place.at(path);
  const subject =
    written.subject === undefined
      ? undefined
      : readSubject(written.subject, rule, [...path, 'subject'], context, findings);
  return targets.map((named, index) => {
    const targetPath = written.targets === undefined ? [...path, key] : [...path, key, index];
    const target =
      named === undefined ? undefined : judgedTarget({ action, rule }, named, targetPath, context, findings);
    const expected: ExpectedAction = { rule, action, target, subject, count, withheld, location };
    if (targets.indexOf(named) < index) {
      findings.error(targetPath, `"targets": ${named} stands in this list already: list each target once.`);
    } else checkOnce(expected, { ...context, targetPath, countPath: [...path, 'count'] }, acted, findings);
    return expected;
  });
}

function readVerdicts(
  written: WrittenExpectation['violated'],
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): ExpectedVerdict[] {
  return (written ?? []).map(({ rule, subject: named }, index) => {
    checkRule(rule, [...path, index, 'rule'], context, findings);
    const subject = readSubject(named, rule, [...path, index, 'subject'], context, findings);
    return { rule, subject, location: context.place.at([...path, index]) };
  });
}

/** The subject as it is judged: a case may write the number of a caller in any way in which the switch may. */
function readSubject(
  subject: string,
  rule: string | undefined,
  path: DocumentPath,
  context: ExpectationContext,
  findings: CaseFindings,
): string {
  if (checkSubject(subject, rule, path, context, findings)) warnOfAbsent(subject, path, context, findings);
  const colon = subject.indexOf(':');
  const scope = subject.slice(0, colon);
  return `${scope}:${context.seen.idOf(scope, subject.slice(colon + 1))}`;
}

function checkRule(
  name: string,
  path: DocumentPath,
  { judged, known }: ExpectationContext,
  findings: CaseFindings,
): void {
  if (judged.has(name)) return;
  const exists = known.rules.some((rule) => rule.name === name);
  findings.error(
    path,
    exists
      ? `"rule": ${name} is not judged in this case; name it under "rules".`
      : `"rule": ${unknownRule(name, known)}`,
  );
}
