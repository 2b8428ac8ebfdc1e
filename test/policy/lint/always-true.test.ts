import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { conditionOf, LISTS, PLANS, resultIn, world } from './worlds.js';

const ALWAYS = 'is always true: every';
const NARROWS_NOTHING = 'so it narrows nothing';

const told = (conditions: Condition, parts: object = {}) =>
  messages({ rules: [aRule({ conditions, event: { type: 'alert' } })], ...parts });

const ratio = (operator: string, value: number) =>
  leaf('account.answerRatio', operator, value, { within: 3_600, min: 20 });
const started = (operator: string, value: number) =>
  leaf('account.callsStarted', operator, value, { within: 60 });

describe('a rule that is always true is told', () => {
  it('with the comparison, as it is worse than one that never is', () => {
    expect(told(all(ratio('lessThan', 10)))).toEqual([
      'Rule "account-concurrent-calls" is always true: every account that it judges violates it, wherever the facts are known ("account.answerRatio(within 3600, min 20) lessThan 10" holds whatever is observed). Mend the conditions, or set mode: off.',
    ]);
  });

  it.each<[string, Condition]>([
    ['a ratio over a negative one', all(ratio('greaterThan', -0.1))],
    ['a ratio of at most 1', all(ratio('lessThanInclusive', 1))],
    ['a count over a negative one', all(started('greaterThan', -1))],
    ['a count of at least 0', all(total('greaterThanInclusive', 0))],
    ['a count that is no fraction', all(total('notEqual', 1.5))],
    ['one branch of an "any"', any(total('greaterThan', 30), started('greaterThan', -1))],
    ['several of them', all(ratio('lessThan', 10), { not: started('lessThan', 0) })],
    ['branches that leave nothing out', any(total('greaterThan', 5), total('lessThan', 9))],
    ['what cannot be denied', all({ not: all(total('greaterThan', 5), total('lessThan', 5)) })],
    [
      'no more answered calls than calls',
      all(leaf('account.connectedCalls', 'lessThanInclusive', { fact: 'account.totalCalls' })),
    ],
  ])('%s', (_, conditions) => {
    expect(told(conditions)).toEqual([expect.stringContaining(ALWAYS)]);
  });

  it('through a shared condition', () => {
    const conditions = new Map([['some', all(started('greaterThan', -1))]]);
    expect(told(all({ condition: 'some' }), { conditions })).toEqual([expect.stringContaining(ALWAYS)]);
  });

  it.each<[string, Condition]>([
    ['a ratio below 1', all(ratio('lessThan', 1))],
    ['a count over 0', all(total('greaterThan', 0))],
    [
      'a limit, whatever it is',
      all(total('greaterThanInclusive', { fact: 'account.limit', params: { name: 'a' } })),
    ],
    ['branches with a gap', any(total('greaterThan', 5), total('lessThan', 5))],
    [
      'another window',
      all(leaf('account.callsStarted', 'lessThanInclusive', { fact: 'account.totalCalls' }, { within: 60 })),
    ],
  ])('but not %s', (_, conditions) => {
    expect(told(conditions)).toEqual([]);
  });

  it('but nothing of one that is off', () => {
    const conditions = all(total('greaterThanInclusive', 0));
    expect(messages({ rules: [aRule({ mode: 'off', conditions })] })).toEqual([]);
  });
});

it('a comparison that is always true is told where others narrow the rule', () => {
  expect(told(all(total('greaterThan', 30), ratio('lessThan', 10)))).toEqual([
    '"account.answerRatio(within 3600, min 20) lessThan 10" in rule "account-concurrent-calls" is always true where its facts are known, so it narrows nothing. Mend it, or take it out.',
  ]);
});

function leavesIn(condition: Condition): Condition[] {
  if ('not' in condition) return leavesIn(condition.not);
  if ('all' in condition) return condition.all.flatMap(leavesIn);
  return 'any' in condition ? condition.any.flatMap(leavesIn) : [condition];
}

it('never says it of what is not true of something', () => {
  const counts = { rules: 0, comparisons: 0, untrue: 0 };
  fc.assert(
    fc.property(
      conditionOf,
      fc.array(world, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...PLANS),
      (tree, worlds, plan) => {
        const rule = aRule({ scope: 'call', conditions: all(tree) });
        const said = messages({ rules: [rule], lists: LISTS });
        const isUntrue = (condition: Condition) =>
          worlds.some((facts) => resultIn(condition, facts, plan) === false);
        if (isUntrue(tree)) counts.untrue += 1;
        if (said.some((text) => text.includes(ALWAYS))) {
          counts.rules += 1;
          expect(isUntrue(tree)).toBe(false);
        }
        if (said.some((text) => text.includes(NARROWS_NOTHING))) {
          counts.comparisons += 1;
          expect(leavesIn(tree).some((one) => !isUntrue(one) || !isUntrue({ not: one }))).toBe(true);
        }
      },
    ),
    { numRuns: 3_000, seed: 20260105 },
  );
  expect(counts.rules).toBeGreaterThan(100);
  expect(counts.comparisons).toBeGreaterThan(50);
  expect(counts.untrue).toBeGreaterThan(500);
});
