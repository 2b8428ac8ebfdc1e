import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { conditionOf, LISTS, PLANS, resultIn, world } from './worlds.js';

const ALWAYS = 'is always true: every';
const ALWAYS_KNOWN = 'is always true where its facts are known';

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

describe('a comparison that is always true', () => {
  const WHERE_KNOWN = `in rule "account-concurrent-calls" ${ALWAYS_KNOWN}`;
  const ofCalls = (...children: Condition[]) =>
    messages({ rules: [aRule({ scope: 'call', conditions: all(...children), event: { type: 'alert' } })] });

  it('is advised against where its fact is never missing', () => {
    expect(told(all(ratio('lessThan', 0.5), total('greaterThanInclusive', 0)))).toEqual([
      `"account.totalCalls greaterThanInclusive 0" ${WHERE_KNOWN}, so it narrows nothing. Mend it, or take it out.`,
    ]);
  });

  it.each<[string, Condition, string]>([
    ['a ratio', ratio('lessThan', 10), 'account.answerRatio(within 3600, min 20) lessThan 10'],
    ['a window', started('greaterThan', -1), 'account.callsStarted(within 60) greaterThan -1'],
    ['a lower bound', total('notEqual', 1.5), 'account.totalCalls notEqual 1.5'],
    ['a negated one', { not: total('lessThan', 0) }, 'not account.totalCalls lessThan 0'],
    [
      'a compared fact',
      leaf('account.totalCalls', 'greaterThanInclusive', { fact: 'account.connectedCalls' }),
      'account.totalCalls greaterThanInclusive account.connectedCalls',
    ],
  ])('is told by what it does where its fact may be missing: %s', (_, idle, text) => {
    expect(told(all(total('greaterThan', 30), idle))).toEqual([
      `"${text}" ${WHERE_KNOWN}, so all that it does is to leave alone every account of which they are not. Mend it, unless that is what it is for.`,
    ]);
  });

  it('of the account of a call is told so too, as calls without one lack the fact', () => {
    const idle = total('greaterThanInclusive', 0);
    expect(ofCalls(leaf('call.age', 'greaterThan', 90), idle)).toEqual([
      expect.stringContaining('leave alone every call of which they are not'),
    ]);
  });

  it.each(['account', 'customer', 'connection'])(
    'that asks whether a call has its %s is what it should be',
    (owner) => {
      const old = leaf('call.age', 'greaterThan', 90);
      expect(ofCalls(old, leaf(`call.${owner}`, 'greaterThan', 0))).toEqual([]);
      expect(ofCalls(old, leaf(`call.${owner}`, 'notEqual', 0))).toEqual([]);
      const either = any(leaf(`call.${owner}`, 'greaterThan', 0), leaf('call.duration', 'greaterThan', 60));
      expect(ofCalls(old, either)).toEqual([]);
    },
  );

  it('among alternatives is told to make them idle', () => {
    const conditions = all(total('greaterThan', 30), any(started('greaterThan', 5), ratio('lessThan', 10)));
    expect(told(conditions)).toEqual([
      `"account.answerRatio(within 3600, min 20) lessThan 10" ${WHERE_KNOWN}, so that the alternatives beside it only matter where they are not. Mend it.`,
    ]);
  });
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
        if (said.some((text) => text.includes(ALWAYS_KNOWN))) {
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
