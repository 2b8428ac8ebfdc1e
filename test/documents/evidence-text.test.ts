import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evidenceText } from '../../src/documents/evidence-text.js';

it('the text of evidence says which limit, prefix or network decided', () => {
  const text = evidenceText({
    result: true,
    all: [
      {
        result: true,
        fact: 'account.connectedCalls',
        operator: 'greaterThan',
        value: 30,
        valueFrom: 'account.limit',
        valueParams: { name: 'maxConcurrentCalls', default: 30 },
        observed: 34,
      },
      {
        result: true,
        fact: 'call.cld',
        operator: 'startsWithAnyOf',
        value: 'risky',
        observed: '8821234',
        matched: '882',
      },
      {
        result: true,
        fact: 'call.age',
        operator: 'lessThan',
        value: 9,
        valueFrom: 'call.delay',
        observed: 3,
      },
      { result: true, fact: 'call.age', operator: 'lessThan', value: 9, observed: 3 },
    ],
  });
  expect(text).toBe(
    'account.connectedCalls 34 > 30 (account.limit maxConcurrentCalls), call.cld 8821234 startsWithAnyOf risky (882), ' +
      'call.age 3 < 9 (call.delay), call.age 3 < 9',
  );
});

it('the text of evidence says what narrowed an aggregate', () => {
  const text = evidenceText({
    result: true,
    fact: 'account.totalCalls',
    params: { to: ['high-risk-prefixes'], state: ['Connected', 'ARComplete'] },
    operator: 'greaterThan',
    value: 5,
    observed: 14,
  });
  expect(text).toBe('account.totalCalls to high-risk-prefixes state Connected|ARComplete 14 > 5');
});

it('the text of evidence says for how long an account had to be known', () => {
  const text = evidenceText({
    result: true,
    fact: 'account.firstSeenCountry',
    params: { to: ['costly-prefixes'], within: 86_400, history: 28 * 86_400 },
    operator: 'greaterThan',
    value: 3,
    observed: 4,
  });
  expect(text).toBe('account.firstSeenCountry to costly-prefixes within 24h history 28d 4 > 3');
});

it('the text of evidence says what a window could not see', () => {
  const leaf = {
    result: true,
    fact: 'account.callsStarted',
    operator: 'greaterThan',
    value: 5,
    observed: 14,
  };
  const text = (gap: { seconds: number; knownSince?: string }) => evidenceText({ ...leaf, gap });
  expect(text({ seconds: 25 })).toBe('account.callsStarted 14 > 5, 25s of the window not seen');
  expect(text({ seconds: 300, knownSince: '2026-01-05T11:55:00.000Z' })).toBe(
    'account.callsStarted 14 > 5, 5m of the window not seen (known since 2026-01-05T11:55:00Z)',
  );
});

it('the text of evidence writes windows as a rule does', () => {
  const text = evidenceText({
    result: true,
    fact: 'account.shortCalls',
    params: { within: 300, under: 10 },
    operator: 'greaterThan',
    value: 5,
    observed: 14,
  });
  expect(text).toBe('account.shortCalls within 5m under 10s 14 > 5');
});

it.each([
  [60.004, 'greaterThan', 60, 'call.duration 60.004 > 60'],
  [59.996, 'lessThan', 60, 'call.duration 59.996 < 60'],
  [0, 'lessThan', 0.004, 'call.duration 0 < 0.004'],
  [0.5, 'greaterThan', 0.004, 'call.duration 0.5 > 0.004'],
  [60.123456, 'greaterThan', 30, 'call.duration 60.12 > 30'],
  [1 / 3, 'notEqual', 0.33, 'call.duration 0.333 != 0.33'],
])(
  'the text of evidence is true of the numbers it shows: %d %s %d',
  (observed, operator, value, expected) => {
    expect(evidenceText({ result: true, fact: 'call.duration', operator, value, observed })).toBe(expected);
  },
);

it('the text of evidence shows two numbers in the order in which they are, however near they lie', () => {
  const near = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  fc.assert(
    fc.property(
      near,
      fc.oneof(near, fc.double({ noNaN: true, min: -1e-3, max: 1e-3 })),
      fc.boolean(),
      (value, more, isFact) => {
        const observed = value + more;
        const text = evidenceText({
          ...{ result: true, fact: 'f', operator: 'greaterThan', value, observed },
          ...(isFact && { valueFrom: 'g' }),
        });
        const [, one, other] = /^f (\S+) > (\S+)/.exec(text) ?? [];
        expect(Math.sign(Number(one) - Number(other))).toBe(Math.sign(observed - value));
      },
    ),
  );
});

it('tells by which comparisons the whole is true: of alternatives those that hold, and what had to fail', () => {
  const leafOf = (fact: string, observed: number, value: number) => {
    const result = observed > value;
    return { result, fact, operator: 'greaterThan', observed, value } as const;
  };
  const held = { result: true, all: [leafOf('call.age', 250, 240)] } as const;
  const failed = { result: false, all: [leafOf('call.age', 250, 90), leafOf('call.delay', 1, 5)] } as const;
  const without = { result: true, not: leafOf('cli.minutes', 3, 120) } as const;
  const either = {
    result: true,
    not: { result: false, any: [leafOf('call.duration', 0, 1), failed] },
  } as const;
  const conditions = { result: true, all: [{ result: true, any: [failed, held] }, without, either] };
  expect(evidenceText(conditions)).toBe(
    'call.age 250 > 240, not cli.minutes 3 > 120, not call.duration 0 > 1, not call.delay 1 > 5',
  );
  expect(evidenceText(failed)).toBe('');
});
