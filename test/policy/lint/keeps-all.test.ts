import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, Rule, RuleEvent } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { callsOf, listedCall, takenByLast } from './taken.js';

const KEEPS_ALL = 'is not above what "keep" leaves';
const LIMIT = { fact: 'account.limit', params: { name: 'max', default: 5 } };
const connected = (operator: string, value: Parameters<typeof leaf>[2]) =>
  leaf('account.connectedCalls', operator, value);

const told = (conditions: Condition, event: Partial<RuleEvent>, rule: Partial<Rule> = {}) =>
  messages({ rules: [aRule({ conditions, event, ...rule } as Parameters<typeof aRule>[0])] });

describe('a rule that keeps all that its conditions let it have is told', () => {
  it('with both numbers', () => {
    expect(told(all(connected('lessThan', 15)), { keep: 100 })).toEqual([
      'Rule "account-concurrent-calls" never takes a call: its conditions hold only while "account.connectedCalls" is not above what "keep" leaves (100). Lower "keep", or mend the conditions.',
    ]);
  });

  it.each<[string, Condition, RuleEvent['keep']]>([
    ['at the bound', all(connected('lessThanInclusive', 15)), 15],
    ['below a bound that no whole number reaches', all(connected('lessThan', 16)), 15],
    ['one of several values', all(connected('in', [3, 4])), 4],
    ['none at all', all(connected('equal', 0)), 0],
    ['in each branch', any(total('lessThan', 5), all(total('greaterThan', 5), total('lessThan', 9))), 8],
    ['the same limit', all(connected('lessThanInclusive', LIMIT)), LIMIT],
    ['as many as there are', all(total('greaterThan', 3, { to: ['49'] })), { fact: 'account.totalCalls' }],
  ])('%s', (_, conditions, keep) => {
    expect(told(conditions, { keep })).toEqual([expect.stringContaining(KEEPS_ALL)]);
  });

  it('of a step that it climbs to', () => {
    const event = { ...aRule().event, keep: 40 };
    const conditions = all(total('greaterThan', 10), total('lessThan', 30));
    expect(told(conditions, { keep: 3 }, { escalate: [{ after: 2, withinMs: 1, event }] })).toEqual([
      expect.stringContaining(KEEPS_ALL),
    ]);
  });

  it.each<[string, Condition, Partial<RuleEvent>]>([
    ['one call more', all(connected('lessThanInclusive', 15)), { keep: 14 }],
    ['a branch without the bound', any(total('lessThan', 5), total('greaterThan', 9)), { keep: 20 }],
    ['a lower bound', all(connected('greaterThan', 15)), { keep: 100 }],
    [
      'another limit',
      all(connected('lessThanInclusive', { ...LIMIT, params: { name: 'other' } })),
      { keep: LIMIT },
    ],
    ['an alert', all(connected('lessThan', 15)), { type: 'alert', keep: 0 }],
    [
      'a value that is no number of calls',
      all(leaf('account.distinctCld', 'lessThan', 5, { within: 60 })),
      { keep: 9 },
    ],
    [
      'several aggregates, of which others may make the pool',
      any(all(connected('lessThan', 5)), all(connected('lessThan', 9), total('lessThan', 5))),
      { keep: 10, where: all(leaf('call.age', 'greaterThan', 5)) },
    ],
  ])('but not %s', (_, conditions, event) => {
    expect(told(conditions, event)).toEqual([]);
  });
});

const count = fc.record({
  fact: fc.constantFrom('account.totalCalls', 'account.connectedCalls', 'account.setupCalls'),
  bounds: fc.array(
    fc.record({
      operator: fc.constantFrom('lessThan', 'lessThanInclusive', 'equal', 'greaterThan', 'notEqual'),
      value: fc.constantFrom(0, 1, 2, 3, 4),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  denied: fc.boolean(),
  either: fc.boolean(),
});
const conditionsOf = count.map(({ fact, bounds, denied, either }): Condition => {
  const leaves = bounds.map(({ operator, value }) => leaf(fact, operator, value));
  const tree: Condition = either ? { any: leaves } : { all: leaves };
  return all(denied ? { not: tree } : tree);
});

it('is never told where it takes something', async () => {
  const counts = { told: 0, taken: 0 };
  await fc.assert(
    fc.asyncProperty(
      conditionsOf,
      fc.constantFrom(0, 1, 2, 3),
      fc.constantFrom(undefined, all(leaf('call.duration', 'greaterThan', 1))),
      fc.array(fc.array(listedCall, { maxLength: 6 }), { minLength: 4, maxLength: 4 }),
      async (conditions, keep, where, worlds) => {
        const rules = [aRule({ conditions, mode: 'enforce', event: { keep, where } })];
        const says = messages({ rules }).some((text) => text.includes(KEEPS_ALL));
        if (says) counts.told += 1;
        for (const world of worlds) {
          const taken = await takenByLast(rules, callsOf(world));
          if (taken > 0) counts.taken += 1;
          if (says) expect(taken).toBe(0);
        }
      },
    ),
    { numRuns: 800, seed: 20260105 },
  );
  expect(counts.told).toBeGreaterThan(50);
  expect(counts.taken).toBeGreaterThan(100);
});
