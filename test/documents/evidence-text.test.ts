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
