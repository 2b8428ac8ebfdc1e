import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KnownRules } from '../../src/rule-tests/case-findings.js';
import { aRule, KNOWN, problemsOf, read, START, theCase } from './support.js';

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
    calls: [{ id: a }]
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
    expect(problemsOf('calls: [{ id: a }]\ncases:\n  - { name: x }\n  - { name: x }')).toEqual([
      '4:13: "name": another case of this file is called "x" already, on line 3: give each a name of its own.',
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

describe('the number of a caller', () => {
  const known: KnownRules = {
    ...KNOWN,
    rules: [
      aRule('bulk', { scope: 'cli' }),
      aRule('tell', { scope: 'cli', event: { ...aRule('tell').event, type: 'alert' } }),
    ],
  };
  const text = (expected: string) => `numbers: { country: DE }
calls: [{ id: a, cli: "004420" }, { id: b, cli: "030123456" }, { id: c, cli: alice }]
expect: [{ at: 0s, ${expected} }]`;
  const expectationOf = (expected: string) => [...theCase(text(expected), known).expectations.values()][0];

  it.each([
    ['+4420', '4420'],
    ['004420', '4420'],
    ['4420', '4420'],
    ['+49-30-123456', '4930123456'],
    ['030123456', '4930123456'],
    ['alice', 'alice'],
  ])('may be written as the switch may write it: %s', (written, id) => {
    const clear = `clear: [{ rule: bulk, subject: "cli:${written}" }]`;
    const actions = `actions: [{ rule: tell, action: alert, target: "${written}", subject: "cli:${written}" }]`;
    expect(problemsOf(text(`${clear}, ${actions}`), known)).toEqual([]);
    const expectation = expectationOf(`${clear}, ${actions}`);
    expect(expectation?.clear[0]?.subject).toBe(`cli:${id}`);
    expect(expectation?.actions?.[0]).toMatchObject({ target: id, subject: `cli:${id}` });
  });

  it('stays what it is where it is the ID of a caller already, which read anew would be another', () => {
    const american = text('clear: [{ rule: bulk, subject: "cli:4412345678" }]')
      .replace('DE', 'US')
      .replace('004420', '+4412345678');
    expect([...theCase(american, known).expectations.values()][0]?.clear[0]?.subject).toBe('cli:4412345678');
  });

  it('is a warning where no poll sees a call of it', () => {
    const absent = (id: string) =>
      `No poll of this case sees a call of cli:${id}, so it is never judged. Those there are: 4420, 4930123456, alice.`;
    expect(problemsOf(text('clear: [{ rule: bulk, subject: "cli:+4421" }]'), known)).toEqual([
      `3:51: ${absent('+4421')}`,
    ]);
    expect(problemsOf(text('actions: [{ rule: tell, target: "4421", withheld: true }]'), known)).toEqual([
      `3:52: ${absent('4421')}`,
    ]);
    expect(problemsOf(text('actions: [{ rule: tell, target: "44*" }]'), known)).toEqual([]);
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
    [
      'expect: [{ at: 7s, actions: [] }]',
      '1:16: "at": no poll stands at 7s; they stand every 5s, from 0s to 5s.',
    ],
    [
      '{ fail: [5s], expect: [{ at: 5s, actions: [] }] }',
      '1:30: "at": the poll at 5s fails, so nothing is decided there: expect it at another one, or take this one out of "fail".',
    ],
    [
      'expect: [{ at: 5s, actions: [] }, { at: [0s, 5s], actions: [] }]',
      '1:41: "at": the poll at 5s is listed already, on line 1: write both into one entry.',
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
      '{ rules: [cap], calls: [{ id: a, account: 10 }], expect: [{ at: 0s, actions: [{ action: alert, target: 10, count: 2 }] }] }',
      '1:115: "count": one target is acted on once a poll; name several by their beginning, e.g. a-*.',
    ],
  ])('is refused with its place: %s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each([
    [
      'account: 0',
      '"account": expected the number that the switch gives it, e.g. 10, or with a counter: "{n+100}", but found the number 0. A switch means none by 0: leave "account" out for that.',
    ],
    [
      'customer: [2, 0]',
      '"customer": expected the number that the switch gives it, e.g. 10, or with a counter: "{n+100}", but found the number 0. A switch means none by 0: leave "customer" out for that.',
    ],
    [
      'connection: "{n%2}"',
      '"connection": call a-2 would get 0, by which a switch means that it has none: expected at least 1, as "{n%10+1}" gives it. Leave "connection" out for a call without one.',
    ],
    ['vendors: [0]', '"vendors": expected numbers of at least 1, e.g. [7, 12], but found the number 0.'],
  ])('is the number 0, by which a switch means none: %s', (key, message) => {
    const text = `calls:\n  - { id: a, repeat: 3, ${key} }`;
    expect(problemsOf(text).map((one) => one.replace(/^2:\d+: /, ''))).toEqual([message]);
    expect(problemsOf(text.replaceAll(/\b0\b/g, '1').replace('%2', '%2+1'))).toEqual([]);
  });

  it('is not an environment 0', () => {
    expect(theCase('calls: [{ id: a, environment: 0 }]').calls[0]?.environment).toBe(0);
  });

  it('is an action on, or a verdict of, the number 0', () => {
    const zero = (expectation: string) =>
      problemsOf(`calls: [{ id: a, account: 10, customer: 2 }]\nexpect:\n  - { at: 0s, ${expectation} }`);
    const message = (scope: string) =>
      `${scope}:0 is never judged: by 0 a switch means that a call has no ${scope}. Expected a number of at least 1.`;
    expect(zero('clear: [{ rule: cap, subject: "account:0" }]')).toEqual([`3:45: ${message('account')}`]);
    expect(zero('actions: [{ action: disconnectCustomer, target: 0 }]')).toEqual([
      `3:63: ${message('customer')}`,
    ]);
  });

  it('is the same target twice where it can be acted on but once', () => {
    const twice = (actions: string) =>
      problemsOf(
        `calls: [{ id: a, account: 10 }, { id: b, account: 10 }]\nexpect:\n  - at: 0s\n    actions:\n      - ${actions.replace('|', '\n      - ')}`,
      ).map((one) => one.replace(/^(\d+):\d+/, '$1'));
    const inList = (name: string) => `"targets": ${name} stands in this list already: list each target once.`;
    expect(twice('{ targets: [a, b, a] }')).toEqual([`5: ${inList('a')}`]);
    expect(twice('{ action: disconnectCall, targets: [a, b, b] }')).toEqual([`5: ${inList('b')}`]);
    const already = (name: string, key = 'target') =>
      `"${key}": ${name} is listed already, on line 5, and is acted on once a poll: list it once.`;
    const cut = '{ rule: cap, action: disconnectCall, target: a }';
    expect(twice(`${cut}|${cut}`)).toEqual([`6: ${already('a')}`]);
    // What one rule has cut is gone for the other.
    expect(twice(`${cut}|${cut.replace('cap', 'watch')}`)).toEqual([`6: ${already('a')}`]);
    expect(
      twice(`{ action: disconnectCall, target: a }|{ action: disconnectCall, targets: [b, a] }`),
    ).toEqual([`6: ${already('a', 'targets')}`]);
    // But both may raise an alert, and safeguards may stop both.
    const alert = '{ rule: cap, action: alert, target: 10 }';
    expect(twice(`${alert}|${alert}`)).toEqual([`6: ${already('10')}`]);
    expect(twice(`${alert}|${alert.replace('cap', 'watch')}`)).toEqual([]);
    const stopped = cut.replace(' }', ', withheld: true }');
    expect(twice(`${stopped}|${stopped.replace('cap', 'watch')}`)).toEqual([]);
    expect(twice('{ action: alert, target: 10, count: 2 }')).toEqual([]);
    expect(twice('{ action: disconnectCall, target: "*" }|{ action: disconnectCall, target: "*" }')).toEqual(
      [],
    );
  });

  it('is an entry that says nothing of what has to happen', () => {
    const message =
      '1:10: "expect": this entry does not say what has to happen: write "actions: []" where nothing may be done there, alerts included. Or leave it out: no call may be cut at a poll that is not listed, and "until" lets a case go on.';
    expect(problemsOf('expect: [{ at: 0s }]')).toEqual([message]);
    expect(problemsOf('expect: [{ at: 0s, violated: [], clear: [] }]')).toEqual([message]);
    expect(problemsOf('{ calls: [{ id: a }], expect: [{ at: 0s, actions: [] }] }')).toEqual([]);
  });

  it('is a case in which nothing is ever decided, which is only a warning', () => {
    const warned = (text: string, known?: KnownRules) => {
      expect(read(text, known).cases).toHaveLength(1);
      return problemsOf(text, known);
    };
    const unseen = 'No poll of this case sees a call, so that no rule ever judges anybody in it.';
    expect(warned('{ rules: [cap] }')).toEqual([`1:1: ${unseen}`]);
    expect(warned('{ rules: [cap], calls: [{ id: a, from: 1s, to: 4s }] }')).toEqual([`1:24: ${unseen}`]);
    // A window may look back at it.
    expect(warned('{ rules: [cap], calls: [{ id: a, from: -1h, to: -59m }] }')).toEqual([]);
    // The switch is there without any call.
    const idle = { ...KNOWN, rules: [aRule('idle', { scope: 'switch' })] };
    expect(warned('{ rules: [idle] }', idle)).toEqual([]);
    expect(warned('{ fail: [0s..10s], calls: [{ id: a, to: 10s }] }')).toEqual([
      '1:9: "fail": every poll of this case fails, so nothing is ever decided in it.',
    ]);
    const off = { ...KNOWN, rules: [aRule('asleep', { mode: 'off' })] };
    expect(warned('calls: [{ id: a }]', off)).toEqual([
      '1:1: No rule is judged in this case: all are off, or not for its switch. Name one under "rules", or its "switch".',
    ]);
    expect(warned('{ rules: [asleep], calls: [{ id: a }] }', off)).toEqual([]);
  });

  it('is a step without repetitions, which is only a warning', () => {
    expect(problemsOf('calls: [{ id: a, step: 5s }]')).toEqual([
      '1:24: "step" shifts repetitions: it does nothing without "repeat".',
    ]);
  });

  it('is a safeguard that a case does not have', () => {
    const text = 'calls: [{ id: a }]\nexpect: [{ at: 0s, actions: [{ withheld: cap-per-pass }] }]';
    expect(problemsOf(text)).toEqual([
      '2:42: "withheld": cap-per-pass stops nothing in a case, in which there are no caps and no pause, and no listing is in doubt.',
    ]);
    for (const there of ['true', 'protected-number', 'takes-protected'])
      expect(problemsOf(text.replace('cap-per-pass', there))).toEqual([]);
  });

  it('is a country that no number belongs to', () => {
    expect(problemsOf('numbers: { country: UK }')).toEqual([
      '1:21: "country": expected a country that telephone numbers belong to, as two capital letters (ISO 3166-1), e.g. DE, but found the text "UK". Did you mean "GB"?',
    ]);
  });

  it('is a protected number without a digit', () => {
    expect(problemsOf('protect: { numbers: ["112", sos] }')).toEqual([
      '1:29: "numbers": expected telephone numbers in quotes, e.g. ["112"], but found the text "sos".',
    ]);
  });

  it('is a direction that no switch writes, which is only a warning', () => {
    const { cases, problems } = read(
      'calls: [{ id: a, direction: onnetin }, { id: b, direction: onnet_in }]',
    );
    expect(cases).toHaveLength(1);
    expect(problems).toMatchObject([
      {
        location: { line: 1, column: 29 },
        severity: 'warning',
        message:
          'No switch has been seen to write the direction "onnetin"; seen are "vendor", "onnet_in" or "onnet_out". Did you mean "onnet_in"?',
      },
    ]);
  });

  it('is a limit that no judged rule reads, which is only a warning', () => {
    const limits =
      'limits:\n  - { scope: account, id: 10, name: mosst, value: 60 }\ncalls: [{ id: a, account: 10 }]';
    const warning =
      '2:37: No rule that is judged here reads the limit "mosst" of scope account. Did you mean "most"?';
    expect(read(limits).cases).toHaveLength(1);
    expect(problemsOf(limits)).toEqual([warning]);
    expect(problemsOf(limits.replace('mosst', 'most'))).toEqual([]);
    expect(problemsOf(limits.replace('mosst', 'most').replace('account', 'customer'))).toEqual([
      '2:38: No rule that is judged here reads the limit "most" of scope customer.',
    ]);
    // Cases that share a limit need not all judge a rule that reads it; one has to.
    const shared = (one: string, other: string) =>
      `${limits.replace('mosst', 'most')}\ncases: [{ rules: [${one}] }, { rules: [${other}] }]`;
    expect(problemsOf(shared('cap', 'watch'))).toEqual([]);
    expect(problemsOf(shared('watch', 'watch'))).toEqual([
      '2:37: No rule that is judged here reads the limit "most" of scope account.',
    ]);
  });

  it('is a limit of somebody of whom no poll sees a call, which is only a warning', () => {
    const limits = (scope: string, id: string) =>
      `rules: [cap]\nlimits:\n  - { scope: ${scope}, id: ${id}, name: most, value: 60 }\n`;
    const asking: KnownRules = {
      ...KNOWN,
      limitsReadBy: () =>
        new Map(
          ['account', 'customer', 'vendor', 'cli', 'switch'].map((scope) => [scope, new Set(['most'])]),
        ),
    };
    const calls = 'customerTree: { 3: 2 }\ncalls: [{ id: a, account: 10, customer: 3, cli: "004420" }]';
    const told = (scope: string, id: string) => problemsOf(`${limits(scope, id)}${calls}`, asking);
    expect(told('account', '11')).toEqual([
      '3:37: No poll of this case sees a call of account:11, so its limit "most" is never read.',
    ]);
    expect(told('switch', 'lab')).toEqual([
      '3:37: This case plays on the switch "test", so the limit "most" of switch:lab is never read. Name it under "switch".',
    ]);
    expect(told('cli', '"4421"')).toEqual([
      '3:37: No poll of this case sees a call of cli:4421, so its limit "most" is never read.',
    ]);
    for (const [scope, id] of [
      ['account', '10'],
      ['customer', '3'],
      ['customer', '2'],
      ['vendor', '9'],
      ['cli', '"+4420"'],
      ['switch', 'test'],
    ] as const)
      expect(told(scope, id)).toEqual([]);
    // Of cases that share it, one has to see a call of theirs.
    const shared = (one: string, other: string) =>
      problemsOf(
        `${limits('account', '11')}cases: [{ calls: [{ id: a, ${one} }] }, { calls: [{ id: a, ${other} }] }]`,
        asking,
      );
    expect(shared('account: 10', 'account: 11')).toEqual([]);
    expect(shared('account: 10', 'account: 12')).toHaveLength(1);
  });

  it.each([
    [
      '{ scope: account, id: 0, name: most, value: 60 }',
      '"id" of account: expected plain digits without a leading 0, but found "0".',
    ],
    [
      '{ scope: account, id: ten, name: most, value: 60 }',
      '"id" of account: expected plain digits without a leading 0, but found "ten".',
    ],
    [
      '{ scope: account, id: 10, name: most, value: "60" }',
      '"value": expected a number of at least 0, without quotes, but found the text "60".',
    ],
    [
      '{ scope: account, id: 10, name: most, value: -1 }',
      '"value": expected a number of at least 0, without quotes, but found the number -1.',
    ],
    [
      '{ scope: account, id: 11, name: most, value: 1 }',
      'This limit is given twice: it is already on line 1.',
    ],
  ])('is a limit that limits.csv would refuse: %s', (limit, message) => {
    const text = `limits: [{ scope: account, id: 11, name: most, value: 60 }, ${limit}]`;
    expect(problemsOf(text).map((one) => one.replace(/^1:\d+: /, ''))).toEqual([message]);
  });

  it.each([
    [
      'every: 99999999d',
      '1:8: "every": EXPECTED, but the poll before the first one would stand 99999999d before "start".',
    ],
    ['until: 9999999d', '1:8: "until": EXPECTED, but found 9999999d after "start".'],
    [
      'history: 21000d',
      '1:10: "history": EXPECTED, but the beginning of the ledger would stand 21000d before "start".',
    ],
    ['fail: [9999999d]', '1:8: "fail": EXPECTED, but found 9999999d after "start".'],
    ['expect: [{ at: -3000000d, actions: [] }]', '1:16: "at": EXPECTED, but found 3000000d before "start".'],
    ['calls: [{ id: a, from: -30000d }]', '1:24: "from": EXPECTED, but found 30000d before "start".'],
    ['calls: [{ id: a, to: 9999999d }]', '1:22: "to": EXPECTED, but found 9999999d after "start".'],
    [
      'calls: [{ id: a, answered: 9999999d }]',
      '1:28: "answered": EXPECTED, but its answer would stand 9999999d after "start".',
    ],
    [
      '{ every: 2d, calls: [{ id: a, repeat: 10000, step: 1000d }] }',
      '1:52: "step": EXPECTED, but what a-10000 comes to would stand 9999000d after "start".',
    ],
    ['start: 0001-01-01T00:00:00Z', '1:8: "start": EXPECTED, but found 0001-01-01T00:00:00.000Z.'],
  ])('is an instant that no switch can write: %s', (text, problem) => {
    const expected = 'expected an instant in the years 1970 to 9999';
    expect(problemsOf(text)).toEqual([problem.replace('EXPECTED', expected)]);
  });

  it('is a subject without a call at any poll, which is only a warning', () => {
    const warned = (calls: string, id = 10) => {
      const text = `calls: [${calls}]\nfail: [5s]\nuntil: 10s\nexpect: [{ at: 0s, clear: [{ rule: cap, subject: "account:${id}" }] }]`;
      const { cases, problems } = read(text);
      expect(cases).toHaveLength(1);
      return problems
        .filter(({ message }) => message.includes('account:'))
        .map(({ severity, location, message }) => `${severity} ${location?.line}: ${message}`);
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

  it('is a beginning in place of a subject, which would stand for nobody', () => {
    expect(
      problemsOf(
        'calls: [{ id: a, account: 10 }]\nexpect: [{ at: 0s, clear: [{ rule: cap, subject: account:1* }] }]',
      ),
    ).toEqual(['2:50: "subject": expected one account; only a target may be the beginning of a name.']);
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

  it('is looked for once, however many calls and expectations a case has', () => {
    const expectations = Array.from(
      { length: 500 },
      (_, index) =>
        `  - { at: ${index}s, actions: [], clear: [{ rule: cap, subject: "account:${index + 1}" }] }`,
    );
    const text = `every: 1s
until: 1999s
calls: [{ id: a, repeat: 2500, step: 500ms, from: 700s, to: 701s, account: "{n%500+1}" }]
expect:
${expectations.join('\n')}`;
    // Looking for the poll of every call anew for each of them takes the better part of a minute.
    expect(problemsOf(text)).toEqual([]);
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
    expect(problemsOf('{ rules: [cap], switch: lab, calls: [{ id: a }] }', known)).toEqual([]);
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
