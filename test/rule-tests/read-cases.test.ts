import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KNOWN, problemsOf, read, START, theCase } from './support.js';

const SECOND = 1_000;

describe('reading a case', () => {
  it('takes the documented example as it stands', () => {
    const testCase = theCase(`rules: [cap]
start: 2026-01-05T10:00:00Z
every: 5s
fail: [10s]
calls:
  - { id: a, repeat: 31, step: 0s, account: 10, customer: 2, connection: 7, cli: "4420", cld: "4930123", from: 0s, to: 60s, answered: 3s }
expect:
  - at: 5s
    actions: [ { rule: cap, action: disconnectCall, target: a-31 } ]
  - { at: 0s, actions: [] }
`);
    expect(testCase.name).toBe('some');
    expect(testCase.polls).toHaveLength(13);
    expect(testCase.polls.filter(({ fails }) => fails)).toEqual([{ at: START + 10 * SECOND, fails: true }]);
    expect(testCase.calls).toHaveLength(31);
    expect(testCase.calls[30]).toMatchObject({
      name: 'a-31',
      id: '31',
      account: 10,
      from: START,
      to: START + 60 * SECOND,
      answeredAt: START + 3 * SECOND,
    });
    expect(testCase.expectations.get(START + 5 * SECOND)?.actions).toMatchObject([
      { rule: 'cap', action: 'disconnectCall', target: 'a-31', count: 1 },
    ]);
    expect(testCase.expectations.get(START)?.actions).toEqual([]);
  });

  it('shifts a repeated call as a whole by its step', () => {
    const { calls } = theCase('calls: [{ id: a, repeat: 3, step: 2s, from: 1s, to: 11s, answered: 4s }]');
    expect(
      calls.map(({ from, to, answeredAt }) => [from - START, (answeredAt ?? 0) - START, to - START]),
    ).toEqual([
      [1_000, 5_000, 11_000],
      [3_000, 7_000, 13_000],
      [5_000, 9_000, 15_000],
    ]);
  });

  it('counts, reckons and goes through lists where calls differ', () => {
    const { calls } = theCase(`calls:
  - { id: a, repeat: 4, account: "{n%2+100}", cli: "44{nn*7}", cld: ["4930", "3361"], connection: [7, 8, 9], callerMediaIp: "192.0.2.{n}" }`);
    expect(calls.map(({ account }) => account)).toEqual([101, 100, 101, 100]);
    expect(calls.map(({ cli }) => cli)).toEqual(['4407', '4414', '4421', '4428']);
    expect(calls.map(({ cld }) => cld)).toEqual(['4930', '3361', '4930', '3361']);
    expect(calls.map(({ connection }) => connection)).toEqual([7, 8, 9, 7]);
    expect(calls.map(({ callerMediaIp }) => callerMediaIp)).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
      '192.0.2.4',
    ]);
  });

  it('numbers calls in the order of setup, above the IDs that are numbers already', () => {
    const { calls } = theCase(`calls:
  - { id: late, from: 5s }
  - { id: 960 }
  - { id: early, from: -5s }`);
    expect(calls.map(({ name, id }) => [name, id])).toEqual([
      ['early', '961'],
      ['960', '960'],
      ['late', '962'],
    ]);
  });

  it('polls up to the last instant that anything names', () => {
    const last = (text: string) => ((theCase(text).polls.at(-1)?.at ?? 0) - START) / SECOND;
    expect(last('calls: []')).toBe(0);
    expect(last('calls: [{ id: a }]')).toBe(0);
    expect(last('calls: [{ id: a, from: 3s, answered: 9s }]')).toBe(10);
    expect(last('calls: [{ id: a, to: 61s }]')).toBe(60);
    expect(last('expect: [{ at: 2m, actions: [] }]')).toBe(120);
    expect(last('until: 31s')).toBe(30);
    expect(last('calls: [{ id: a, from: -8d, to: -7d }]')).toBe(0);
  });

  it('lets ranges of polls fail, both ends included', () => {
    const { polls } = theCase('{ until: 60s, fail: ["20s .. 30s", 0s] }');
    expect(polls.filter(({ fails }) => fails).map(({ at }) => (at - START) / SECOND)).toEqual([
      0, 20, 25, 30,
    ]);
  });

  it('reaches back to the first call, 25 hours at least', () => {
    expect(theCase('calls: [{ id: a }]').historyMs).toBe(25 * 3_600_000);
    expect(theCase('calls: [{ id: a, from: -8d }]').historyMs).toBe(8 * 86_400_000);
    expect(theCase('{ history: 0s, calls: [{ id: a, from: -8d }] }').historyMs).toBe(0);
  });

  it('knows start times in any zone', () => {
    expect(theCase('start: 2026-01-05T12:00+02:00').start).toBe(START);
    expect(theCase('start: 2026-01-05T10:00:00.500Z').start).toBe(START + 500);
  });
});

describe('a file with several cases', () => {
  const FILE = `rules: [cap]
every: 10s
cases:
  - name: first
    calls: [{ id: a, to: 30s }]
  - every: 5s
    rules: [watch]
    until: 30s
`;

  it('gives every case the keys beside `cases:`, and lets each have its own', () => {
    const { cases, problems } = read(FILE);
    expect(problems).toEqual([]);
    expect(cases.map(({ name, everyMs, rules }) => [name, everyMs, rules])).toEqual([
      ['first', 10_000, ['cap']],
      ['some #2', 5_000, ['watch']],
    ]);
    expect(cases.map(({ location }) => location.line)).toEqual([4, 6]);
  });

  it('refuses a name twice, and a name for all', () => {
    expect(problemsOf('cases:\n  - { name: x }\n  - { name: x }')).toEqual([
      '3:13: "name": another case of this file is called "x" already, on line 2: give each a name of its own.',
    ]);
    expect(problemsOf('name: all\ncases: [{}]')).toEqual([
      '1:1: "name" belongs to a case: this file holds several of them under "cases:".',
    ]);
  });

  it('finds a problem where it is written, be it beside `cases:`', () => {
    expect(problemsOf('fail: [7s]\ncases:\n  - { until: 10s }')).toEqual([
      '1:8: "fail": no poll stands at 7s; they stand every 5s, from 0s to 10s.',
    ]);
  });
});

describe('what cannot be meant', () => {
  it.each([
    ['call: []', '1:1: "call" is not a known key. Did you mean "calls"?'],
    [
      'every: 5',
      '1:8: "every": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 5.',
    ],
    ['every: 0s', '1:8: "every": expected more than 0, e.g. 5s, but found 0s.'],
    ['until: -5s', '1:8: "until": a duration must not be negative here, but found the text "-5s".'],
    [
      'start: 2026-02-31T10:00:00Z',
      '1:8: "start": expected an instant with its zone, e.g. 2026-01-05T10:00:00Z or 2026-01-05T12:00:00+02:00, but found the text "2026-02-31T10:00:00Z".',
    ],
    ['rules: [capp]', '1:9: "rules": there is no rule "capp". Did you mean "cap"?'],
    [
      'calls: [{ id: a }, { id: a }]',
      '1:26: "id": there is another call named "a": give each a name of its own.',
    ],
    ['calls: [{ id: a, to: -1s }]', '1:22: "to": the call ends at -1s, not after its setup at 0s.'],
    [
      'calls: [{ id: a, to: 10s, answered: 10s }]',
      `1:37: "answered": counted from the call's own setup, it has to come before its end, 10s later.`,
    ],
    [
      'calls: [{ id: a, cld: "49{x}" }]',
      '1:23: "cld": expected a counter such as {n}, {nnn}, {n*7}, {n%4} or {n*7%100+20} in the braces.',
    ],
    ['calls: [{ id: a, cld: "49{n%0}" }]', '1:23: "cld": a modulus must be at least 1.'],
    [
      'calls: [{ id: a, account: ten }]',
      '1:27: "account": expected the number that the switch gives it, e.g. 10, or with a counter: "{n+100}", but found the text "ten".',
    ],
    [
      'calls: [{ id: a, cld: 4930 }]',
      '1:23: "cld": expected text in quotes, or a list of texts, but found the number 4930. {n} counts the repetitions.',
    ],
    ['expect: [{ at: 7s }]', '1:16: "at": no poll stands at 7s; they stand every 5s, from 0s to 5s.'],
    [
      '{ fail: [5s], expect: [{ at: 5s }] }',
      '1:30: "at": the poll at 5s fails, so nothing is decided there: expect it at another one, or take this one out of "fail".',
    ],
    [
      'expect: [{ at: 5s }, { at: [0s, 5s] }]',
      '1:28: "at": the poll at 5s is listed already, on line 1: write both into one entry.',
    ],
    [
      'expect: [{ at: 0s, actions: [{ rule: asleep }] }]',
      '1:38: "rule": asleep is not judged in this case; name it under "rules".',
    ],
    [
      '{ calls: [{ id: scan, repeat: 3 }], expect: [{ at: 0s, actions: [{ action: disconnectCall, target: scan-4 }] }] }',
      '1:100: No call of this case is named "scan-4". Did you mean "scan-1"?',
    ],
    [
      'expect: [{ at: 0s, actions: [{ action: disconnect }] }]',
      '1:40: "action": expected one of "alert", "disconnectCall", "disconnectAccount" or "disconnectCustomer", but found the text "disconnect".',
    ],
    [
      'expect: [{ at: 0s, actions: [{ withheld: protected-nmber }] }]',
      '1:42: "withheld": expected true, or the reason of a safeguard, e.g. protected-number, but found the text "protected-nmber". Did you mean "protected-number"?',
    ],
    [
      'expect: [{ at: 0s, actions: [{ target: 1.5 }] }]',
      '1:40: "target": expected an ID, e.g. a-31 or 10, but found the number 1.5.',
    ],
    [
      'customerTree: { a: 2 }',
      '1:17: "a": expected the number of a customer, as in { 3: 2 } (child: parent).',
    ],
    [
      'customerTree: { 3: two }',
      '1:20: "customerTree": expected numbers of customers, { child: parent }, but found the text "two".',
    ],
    ['customerTree: { 3: 3 }', '1:17: "customerTree" leads in a circle: 3 is under 3. Take one of them out.'],
    [
      'customerTree: { 3: 2, 2: 3, 4: 3 }',
      '1:23: "customerTree" leads in a circle: 2 is under 3 is under 2. Take one of them out.',
    ],
    [
      'calls: [{ id: "a b" }]',
      '1:15: "id": expected a word without spaces, "*" and ":", but found the text "a b".',
    ],
    [
      '{ calls: [{ id: a, repeat: 5 }], expect: [{ at: 0s, actions: [{ rule: cap, target: a }] }] }',
      '1:84: No call of this case is named "a". Did you mean a-1 … a-5, or a-*?',
    ],
    [
      '{ calls: [{ id: a, repeat: 5 }], expect: [{ at: 0s, actions: [{ targets: [a-2, zzz] }] }] }',
      '1:80: No call of this case is named "zzz". It has a-1, a-2, a-3, a-4, a-5.',
    ],
    [
      'expect: [{ at: 0s, actions: [{ action: disconnectAccount, target: ten }] }]',
      '1:67: "target": expected the number of an account, customer or the like, not "ten".',
    ],
    [
      '{ calls: [{ id: a, customer: 2 }], expect: [{ at: 0s, clear: [{ rule: cap, subject: "customer:2" }] }] }',
      '1:85: "subject": rule cap judges subjects of scope account, so customer:2 is never judged by it: expected account:ID.',
    ],
    [
      '{ calls: [{ id: a }], expect: [{ at: 0s, actions: [{ rule: cap, subject: "call:a" }] }] }',
      '1:74: "subject": rule cap judges subjects of scope account, so call:a is never judged by it: expected account:ID.',
    ],
    [
      '{ every: 1s, until: 1d }',
      '1:21: "until": 86401 polls of 1s are more than the 20000 that one case may have; poll less often, or let it end earlier.',
    ],
    [
      '{ calls: [{ id: a, account: 10 }], expect: [{ at: 0s, actions: [{ action: alert, target: 10, count: 2 }] }] }',
      '1:101: "count": one target is acted on once a poll; name several by their beginning, e.g. a-*.',
    ],
  ])('is refused with its place: %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('is a subject without a call at any poll, which is only a warning', () => {
    const warned = (calls: string, id = 10) => {
      const text = `calls: [${calls}]\nfail: [5s]\nuntil: 10s\nexpect: [{ at: 0s, clear: [{ rule: cap, subject: "account:${id}" }] }]`;
      const { cases, problems } = read(text);
      expect(cases).toHaveLength(1);
      return problems.map(({ severity, location, message }) => `${severity} ${location?.line}: ${message}`);
    };
    const warning = 'warning 4: No poll of this case sees a call of account:10, so it is never judged.';
    expect(warned('{ id: a, account: 10 }')).toEqual([]);
    expect(warned('{ id: a, account: 11 }')).toEqual([`${warning} Those there are: 11.`]);
    expect(warned('{ id: a, account: 10, from: 1s, to: 4s }')).toEqual([warning]);
    // It is listed at the failing poll alone.
    expect(warned('{ id: a, account: 10, from: 4s, to: 6s }')).toEqual([warning]);
    // The ledger knows it: a window may judge whom it belonged to.
    expect(warned('{ id: a, account: 10, from: -1h, to: -59m }')).toEqual([]);
    expect(warned('{ id: a, account: 10, from: -4s, to: -1s }')).toEqual([warning]);
  });

  it('is an action on somebody without a call at any poll, which is only a warning too', () => {
    const warned = (action: string) => {
      const text = `calls: [{ id: a, repeat: 7, account: "{n+10}", customer: 3 }]\ncustomerTree: { 3: 2 }\nexpect: [{ at: 0s, actions: [${action}] }]`;
      const { cases, problems } = read(text);
      expect(cases).toHaveLength(1);
      return problems.map(({ severity, message }) => `${severity}: ${message}`);
    };
    const warning = (subject: string) =>
      `warning: No poll of this case sees a call of ${subject}, so it is never judged. Those there are: `;
    const accounts = '11, 12, 13, 14, 15 and 2 more.';
    expect(warned('{ rule: cap, action: disconnectAccount, target: 12 }')).toEqual([]);
    expect(warned('{ rule: cap, action: disconnectAccount, target: 21 }')).toEqual([
      warning('account:21') + accounts,
    ]);
    expect(warned('{ rule: cap, action: alert, target: 21 }')).toEqual([warning('account:21') + accounts]);
    expect(warned('{ rule: cap, action: alert, target: 1* }')).toEqual([]);
    expect(warned('{ rule: cap, action: alert, target: 2* }')).toEqual([warning('account:2*') + accounts]);
    expect(warned('{ rule: cap, subject: "account:21" }')).toEqual([warning('account:21') + accounts]);
    // Customer 2 has no call of its own, but its subcustomer has.
    expect(warned('{ rule: cap, action: disconnectCustomer, target: 2 }')).toEqual([]);
    expect(warned('{ rule: cap, action: disconnectCustomer, target: 4 }')).toEqual([
      `${warning('customer:4')}3, 2.`,
    ]);
  });

  it('is more calls at more polls than can be gone through', () => {
    const text = 'calls: [{ id: a, repeat: 2501, to: 10s }]\nevery: 1s\nuntil: 1999s';
    expect(problemsOf(text)).toEqual([
      '1:8: "calls": 2501 calls at 2000 polls are too many for one case; expected at most 5000000 for the one times the other: fewer calls, a longer "every" or an earlier "until".',
    ]);
    expect(problemsOf(text.replace('2501', '2500'))).toEqual([]);
  });

  it('is a range that is mostly blanks, however many: reading it takes no longer than its length', () => {
    const [problem] = problemsOf(`fail: ["1s${' '.repeat(400_000)}x"]`);
    expect(problem).toMatch(/^1:8: "fail": expected a duration/);
  });

  it('is a rule of another switch', () => {
    const rules = KNOWN.rules.map((rule) => ({ ...rule, only: { switches: ['lab'] } }));
    const known = { ...KNOWN, rules };
    expect(problemsOf('rules: [cap]', known)).toEqual([
      '1:9: "rules": cap is not judged on the switch "test"; name one of its own with "switch".',
    ]);
    expect(problemsOf('{ rules: [cap], switch: lab }', known)).toEqual([]);
  });

  it('never makes the reader throw, whatever a file holds', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), fc.string(), (value, text) => {
        const written = JSON.stringify({ calls: [value], expect: [value], cases: value, name: text }) ?? '';
        expect(Array.isArray(read(written).problems)).toBe(true);
        expect(Array.isArray(read(text).problems)).toBe(true);
      }),
    );
  });
});
