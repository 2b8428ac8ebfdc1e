import type { SeenAction } from './case-names.js';
import { expectedText, failureLines, placeText } from './difference-text.js';
import type { CaseResult, PollFailure } from './run-case.js';

/** For a person: a line for each case, what differs below those that failed, and a count. */
export function textReport(results: readonly CaseResult[]): string {
  const lines = results.flatMap(({ testCase, failures }) => [
    `${failures.length === 0 ? 'ok  ' : 'FAIL'} ${testCase.location.file}: ${testCase.name}`,
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

/** Test Anything Protocol, version 14 (https://testanything.org/tap-version-14-specification.html). */
export function tapReport(results: readonly CaseResult[]): string {
  const lines = results.flatMap((result, index) => {
    const { testCase, failures } = result;
    const description = tapText(`${testCase.location.file}: ${testCase.name}`);
    const point = `ok ${index + 1} - ${description}`;
    return failures.length === 0 ? [point] : [`not ${point}`, ...diagnostics(failures)];
  });
  return `${['TAP version 14', `1..${results.length}`, ...lines].join('\n')}\n`;
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
export function jsonReport(results: readonly CaseResult[]): object {
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
