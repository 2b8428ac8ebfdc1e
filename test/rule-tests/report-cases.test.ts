import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/domain/errors.js';
import { countText, jsonReport, tapReport, textReport } from '../../src/rule-tests/report-cases.js';
import type { CaseResult } from '../../src/rule-tests/run-case.js';
import { untestedRules } from '../../src/rule-tests/untested-rules.js';
import { aRule, START, theCase } from './support.js';

const passed: CaseResult = { testCase: theCase('name: all is well'), failures: [], warnings: [] };
const failed: CaseResult = {
  warnings: [],
  testCase: theCase('name: "one # too \\\\ many"'),
  failures: [
    {
      atMs: 5_000,
      at: START + 5_000,
      location: { file: 'rules/tests/some.yaml', line: 7, column: 5 },
      listed: true,
      matched: [],
      missing: [
        {
          expected: {
            rule: 'cap',
            action: 'disconnectCall',
            target: 'a-*',
            subject: undefined,
            count: 3,
            withheld: undefined,
            location: { file: 'rules/tests/some.yaml', line: 8, column: 9 },
          },
          count: 2,
          why: undefined,
        },
      ],
      unexpected: [],
      verdicts: [],
    },
  ],
};

const WARNINGS: readonly Problem[] = [
  {
    file: 'rules/cap.yaml',
    location: { file: 'rules/cap.yaml', line: 2, column: 3 },
    message: 'No # test.',
    severity: 'warning',
  },
  { file: 'rules', message: 'Empty.', severity: 'warning' },
];

describe('the report', () => {
  it('for a person names every case, what differs, and counts', () => {
    expect(textReport([passed, failed])).toBe(`ok   rules/tests/some.yaml: all is well
FAIL rules/tests/some.yaml: one # too \\ many
       rules/tests/some.yaml:7:5: at 5s (2026-01-05T10:00:05.000Z):
         - 2 times disconnectCall a-* by cap
2 cases: 1 passed, 1 failed
`);
    expect(countText([passed])).toBe('1 case: 1 passed, 0 failed');
  });

  it('as TAP 14 escapes what would begin a directive, and quotes its diagnostics', () => {
    expect(tapReport([passed, failed], { warnings: WARNINGS, fatal: false })).toBe(`TAP version 13
1..2
ok 1 - rules/tests/some.yaml: all is well
not ok 2 - rules/tests/some.yaml: one \\# too \\\\ many
  ---
  at: "rules/tests/some.yaml:7:5"
  difference:
    - "rules/tests/some.yaml:7:5: at 5s (2026-01-05T10:00:05.000Z):"
    - "  - 2 times disconnectCall a-* by cap"
  ...
`);
  });

  it('as TAP has a point for every warning that fails the run', () => {
    expect(tapReport([passed], { warnings: WARNINGS, fatal: true })).toBe(`TAP version 13
1..3
ok 1 - rules/tests/some.yaml: all is well
not ok - lint: rules/cap.yaml:2:3: No \\# test.
not ok - lint: rules: Empty.
`);
  });

  it('for a program is one object with everything in it', () => {
    expect(jsonReport([passed, failed], WARNINGS)).toMatchObject({
      passed: 1,
      failed: 1,
      warnings: [
        { file: 'rules/cap.yaml', line: 2, column: 3, message: 'No # test.' },
        { file: 'rules', line: null, column: null, message: 'Empty.' },
      ],
      cases: [
        { name: 'all is well', file: 'rules/tests/some.yaml', line: 1, passed: true, failures: [] },
        {
          passed: false,
          failures: [
            { at: '2026-01-05T10:00:05.000Z', seconds: 5, line: 7, missing: [{ target: 'a-*', count: 2 }] },
          ],
        },
      ],
    });
  });
});

describe('a rule without a case', () => {
  const rules = [aRule('cap'), aRule('watch'), aRule('asleep', { mode: 'off' })];

  it('is warned of at its place, unless it is off', () => {
    expect(untestedRules(rules, [theCase('rules: [cap]')])).toEqual([
      {
        file: 'rules/watch.yaml',
        location: { file: 'rules/watch.yaml', line: 1, column: 1 },
        message:
          'The rule "watch" has no test: no case in the folder "tests" names it. Write one; docs/testing-rules.md shows how.',
        severity: 'warning',
      },
    ]);
  });

  it('has one where a case expects something of it', () => {
    const cases = [
      theCase('expect: [{ at: 0s, actions: [{ rule: cap }] }]'),
      theCase('expect: [{ at: 0s, clear: [{ rule: watch, subject: account:10 }] }]'),
    ];
    expect(untestedRules(rules, cases)).toEqual([]);
  });
});
