import type { Problem } from '../domain/errors.js';
import type { SeenAction } from './case-names.js';
import { expectedText, failureLines, placeText } from './difference-text.js';
import type { CaseResult, PollFailure } from './run-case.js';

/** For a person: a line for each case, what differs below those that failed, and a count. */
export function textReport(results: readonly CaseResult[]): string {
  const lines = results.flatMap(({ testCase, failures }) => [
    `${failures.length === 0 ? 'ok  ' : 'FAIL'} ${testCase.location.file}: ${testCase.name.replace(/\s+/g, ' ')}`,
    ...failureLines(failures).map((line) => `       ${line}`),
  ]);
  return `${[...lines, countText(results)].join('\n')}\n`;
}

/** `12 cases: 11 passed, 1 failed` */
export function countText(results: readonly CaseResult[]): string {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const cases = `${results.length} ${results.length === 1 ? 'case' : 'cases'}`;
  return `${cases}: ${results.length - failed} passed, ${failed} failed`;
}

/** What a report says beside the cases. */
export interface ReportedWarnings {
  warnings: readonly Problem[];
  /** Whether they fail the run. */
  fatal: boolean;
}

/**
 * Test Anything Protocol, version 13 (https://testanything.org/tap-version-13-specification.html): all that version 14 adds is
 * not needed here, and harnesses that know only 13, such as `prove`, call a run of version 14 failed.
 */
export function tapReport(results: readonly CaseResult[], { warnings, fatal }: ReportedWarnings): string {
  const lines = results.flatMap((result, index) => {
    const { testCase, failures } = result;
    const description = tapText(`${testCase.location.file}: ${testCase.name}`);
    const point = `ok ${index + 1} - ${description}`;
    return failures.length === 0 ? [point] : [`not ${point}`, ...diagnostics(failures)];
  });
  // Warnings that fail nothing are no test points; a person reads them on standard error.
  const lint = fatal ? warnings.map((one) => `not ok - lint: ${tapText(warningText(one))}`) : [];
  const points = results.length + lint.length;
  const plan = points === 0 ? '1..0 # SKIP there is no case' : `1..${points}`;
  return `${['TAP version 13', plan, ...lines, ...lint].join('\n')}\n`;
}

function warningText({ file, location, message }: Problem): string {
  return `${location === undefined ? file : placeText(location)}: ${message}`;
}

/** `#` begins a directive, and a backslash takes the meaning of what follows. */
function tapText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\#]/g, '\\$&');
}

/** JSON is YAML: quoted, no text of a case can end the block or change its meaning. */
function diagnostics(failures: readonly PollFailure[]): readonly string[] {
  const [first] = failures;
  return [
    '  ---',
    ...(first === undefined ? [] : [`  at: ${JSON.stringify(placeText(first.location))}`]),
    '  difference:',
    ...failureLines(failures).map((line) => `    - ${JSON.stringify(line)}`),
    '  ...',
  ];
}

/** For a program: everything, in one object. */
export function jsonReport(results: readonly CaseResult[], warnings: readonly Problem[]): object {
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  return {
    cases: results.map(({ testCase, failures }) => ({
      name: testCase.name,
      file: testCase.location.file,
      line: testCase.location.line,
      rules: testCase.rules ?? null,
      polls: testCase.polls.length,
      passed: failures.length === 0,
      failures: failures.map(failureObject),
    })),
    passed: results.length - failed,
    failed,
    warnings: warnings.map(({ file, location, message }) => ({
      file,
      line: location?.line ?? null,
      column: location?.column ?? null,
      message,
    })),
  };
}

function failureObject(failure: PollFailure): object {
  return {
    at: new Date(failure.at).toISOString(),
    seconds: failure.atMs / 1000,
    file: failure.location.file,
    line: failure.location.line,
    listed: failure.listed,
    missing: failure.missing.map(({ expected, count, why }) => ({
      expected: expectedText(expected, count),
      rule: expected.rule ?? null,
      action: expected.action ?? null,
      target: expected.target ?? null,
      count,
      why: why ?? null,
    })),
    unexpected: failure.unexpected.map(seenObject),
    matched: failure.matched.map(seenObject),
    verdicts: failure.verdicts.map(({ expected, result, why }) => ({
      rule: expected.rule,
      subject: expected.subject,
      expected: result,
      why: why ?? null,
    })),
  };
}

function seenObject({ rule, action, target, subject, withheld, conditions }: SeenAction): object {
  return { rule, action, target, subject, withheld: withheld ?? null, conditions: conditions ?? null };
}
