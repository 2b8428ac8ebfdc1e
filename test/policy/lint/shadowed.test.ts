import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, Rule, RuleEvent } from '../../../src/domain/rule.js';
import { aCall, aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { callsOf, listedCall, takenByLast } from './taken.js';

type Changes = Omit<Partial<Rule>, 'event'> & { event?: Partial<RuleEvent> };

const busy = (bound: number, params?: { to: string[] }) => all(total('greaterThan', bound, params));

const started = (bound: number, within = 300, to?: string[]) =>
  leaf('account.callsStarted', 'greaterThan', bound, { within, ...(to && { to }) });

/** Whether the lint says that "later" is shadowed by "broad", both enforcing. */
function shadowed(broad: Changes, later: Changes): boolean {
  const rules = [
    aRule({ conditions: busy(30), priority: 10, ...broad, name: 'broad' }),
    aRule({ conditions: busy(50), ...later, name: 'later' }),
  ];
  return messages({ rules }).some((text) =>
    text.includes('Rule "later" finds nothing left to take: whenever it is violated, so is "broad"'),
  );
}

describe('a rule that a broader one leaves nothing to', () => {
  it('is told with the place of the other', () => {
    const rules = [
      aRule({ name: 'b', conditions: busy(50) }),
      aRule({ name: 'a', conditions: busy(30), location: { file: 'rules/a.yaml', line: 4, column: 1 } }),
    ];
    expect(messages({ rules })).toEqual([
      expect.stringMatching(
        /^Rule "b" finds nothing left to take: whenever it is violated, so is "a" \(rules\/a\.yaml:4\), which comes first by its name/,
      ),
    ]);
  });

  const limit = { fact: 'account.limit', params: { name: 'max', default: 30 } };
  const overLimit = all(total('greaterThan', limit));
  it.each<[string, Changes, Changes]>([
    ['a lower bound', {}, {}],
    ['a bound that an "all" goes beyond', {}, { conditions: all(all(total('equal', 60))) }],
    ['calls of which the later counts some', {}, { conditions: busy(50, { to: ['+49'] }) }],
    [
      'all calls where the later counts answered ones',
      {},
      { conditions: all(leaf('account.connectedCalls', 'greaterThan', 40)) },
    ],
    [
      'each branch of an "any"',
      {},
      { conditions: all(total('greaterThan', 31), any(total('lessThan', 90), total('lessThan', 80))) },
    ],
    [
      'one and the same limit',
      { conditions: overLimit, event: { keep: limit } },
      { conditions: overLimit, event: { keep: limit } },
    ],
    ['a smaller "keep"', { event: { keep: 30 } }, { event: { keep: 50 } }],
    [
      'a wider filter',
      { only: { customers: [2, 3] }, except: { cld: ['49800'] } },
      { only: { customers: [2] }, except: { cld: ['49'] } },
    ],
    [
      'a call rule',
      {
        scope: 'call',
        conditions: any(leaf('call.cld', 'startsWithAnyOf', ['+49']), leaf('call.age', 'greaterThan', 5)),
      },
      { scope: 'call', conditions: all(leaf('call.age', 'greaterThan', 9)) },
    ],
    ['a wait that is no longer', { forMs: 10_000 }, { forMs: 10_000 }],
    ['the same calls of the past', { conditions: all(started(3)) }, { conditions: all(started(10)) }],
    ['an account action', { event: { type: 'disconnectAccount' } }, { event: { type: 'disconnectAccount' } }],
  ])('%s', (_, broad, later) => {
    expect(shadowed(broad, later)).toBe(true);
  });

  const step = { after: 3, withinMs: 1, event: aRule().event };
  const schedule = [{ days: ['sat' as const], fromMinute: 0, toMinute: 0, timezone: 'UTC' }];
  it.each<[string, Changes, Changes]>([
    ['a higher bound', { conditions: busy(60) }, {}],
    ['a later turn', { priority: 1, conditions: busy(30) }, { priority: 5 }],
    ['another mode', { mode: 'monitor' }, {}],
    [
      'another scope',
      {},
      { scope: 'customer', conditions: all(leaf('customer.totalCalls', 'greaterThan', 50)) },
    ],
    ['another event', { event: { type: 'disconnectAccount' } }, {}],
    ['an alert', { event: { type: 'alert' } }, { event: { type: 'alert' } }],
    ['a wait', { forMs: 1_000 }, {}],
    ['a longer wait', { forMs: 30_000 }, { forMs: 10_000 }],
    ['another window', { conditions: all(started(3, 600)) }, { conditions: all(started(10)) }],
    [
      'fewer calls of the past',
      { conditions: all(started(3, 300, ['+49'])) },
      { conditions: all(started(10)) },
    ],
    [
      'a fact that tells which calls make it',
      { conditions: all(leaf('account.repeatedCld', 'greaterThan', 3, { within: 300 })) },
      { conditions: all(leaf('account.repeatedCld', 'greaterThan', 9, { within: 300 })) },
    ],
    ['a pause after acting', { cooldownMs: 1_000 }, {}],
    ['a schedule', { schedule }, {}],
    ['steps', { escalate: [step] }, {}],
    ['steps of the later', {}, { escalate: [step] }],
    ['a larger "keep"', { event: { keep: 40 } }, { event: { keep: 30 } }],
    ['another order of victims', { event: { keep: 30 } }, { event: { keep: 50, select: 'oldest' } }],
    ['a narrower filter', { only: { customers: [2] } }, {}],
    ['an exception', { except: { accounts: [7] } }, {}],
    ['a "where"', { event: { where: all(leaf('call.age', 'greaterThan', 5)) } }, {}],
    ['some of the calls', { conditions: busy(30, { to: ['+49'] }) }, {}],
    [
      'a bound that other calls may miss',
      { conditions: all(total('lessThan', 90)) },
      { conditions: all(total('lessThan', 50)) },
    ],
    ['a limit that a number does not say', { conditions: overLimit }, { conditions: busy(50) }],
    [
      'an average',
      { conditions: all(leaf('account.averageDuration', 'greaterThan', 5)) },
      { conditions: all(leaf('account.averageDuration', 'greaterThan', 9)) },
    ],
  ])('not by %s', (_, broad, later) => {
    expect(shadowed(broad, later)).toBe(false);
  });
});

const numberOf = fc.constantFrom(0, 1, 2, 3);
const aggregate = fc.record({
  fact: fc.constantFrom(
    'account.totalCalls',
    'account.connectedCalls',
    'account.setupCalls',
    'account.longestDuration',
  ),
  operator: fc.constantFrom(
    'greaterThan',
    'greaterThan',
    'greaterThanInclusive',
    'equal',
    'lessThan',
    'notEqual',
  ),
  value: numberOf,
});
const narrowedAggregate = fc
  .tuple(aggregate, fc.constantFrom(undefined, undefined, ['+49'], ['+33']))
  .map(([one, to]) => ({ ...one, ...(to === undefined ? {} : { params: { to } }) }));
const callLeaf = fc.oneof(
  fc.record({
    fact: fc.constant('call.duration'),
    operator: fc.constantFrom('greaterThan', 'lessThan'),
    value: numberOf,
  }),
  fc.record({
    fact: fc.constant('call.cld'),
    operator: fc.constant('startsWithAnyOf'),
    value: fc.constantFrom(['+49'], ['+33', '+49'], ['4930']),
  }),
);
const treeOf = (one: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }).map((children) => ({ all: children })),
    },
    fc.array(one, { minLength: 2, maxLength: 2 }).map((children) => ({ any: children })),
    fc.tuple(one, one, one).map(([a, b, c]) => ({ all: [a, { any: [b, { not: c }] }] })),
  );
const filter = fc.record(
  { customers: fc.constantFrom([2], [2, 3]), cld: fc.constantFrom(['+49'], ['+4930'], ['+33', '+49']) },
  { requiredKeys: [] },
);
const eventOf = (type: RuleEvent['type'], where: fc.Arbitrary<Condition | undefined>) =>
  fc.record({
    type: fc.constant(type),
    select: fc.constantFrom('newest' as const, 'newest' as const, 'longest' as const),
    keep: type === 'disconnectCall' ? fc.constantFrom(0, 0, 1, 2) : fc.constant(0),
    where,
    message: fc.constant(undefined),
  });
const maybeWhere = fc.oneof(fc.constant(undefined), fc.constant(undefined), treeOf(callLeaf));
const often = <T>(rare: fc.Arbitrary<T>, usual: T) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, rare);
const body = (conditions: fc.Arbitrary<Condition>, event: fc.Arbitrary<RuleEvent>) =>
  fc.record({ conditions, event, only: often(filter, {}), except: often(filter, {}) });
const ofAccounts = body(treeOf(narrowedAggregate), eventOf('disconnectCall', maybeWhere));
const pairOfRules = fc.oneof(
  fc.tuple(fc.constant('account' as const), ofAccounts, ofAccounts),
  ...(['disconnectCall', 'disconnectAccount'] as const).map((type) => {
    const ofCalls = body(
      treeOf(fc.oneof(callLeaf, narrowedAggregate)),
      eventOf(type, fc.constant(undefined)).map((event) => ({ ...event, keep: 0 })),
    );
    return fc.tuple(fc.constant('call' as const), ofCalls, ofCalls);
  }),
);
it('is never told where it takes something', async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(
      pairOfRules,
      fc.array(fc.array(listedCall, { maxLength: 6 }), { minLength: 6, maxLength: 6 }),
      async ([scope, first, second], worlds) => {
        const rules = [first, second].map((one, index) =>
          aRule({ ...one, scope, name: `rule-${index}`, hash: String(index) }),
        );
        const says = messages({ rules }).some((text) => text.includes('Rule "rule-1" never takes'));
        if (!says) return;
        told += 1;
        for (const world of worlds) {
          expect(await takenByLast(rules, callsOf(world))).toBe(0);
        }
      },
    ),
    { numRuns: 6_000, seed: 20260105 },
  );
  expect(told).toBeGreaterThan(50);
});

it('shows in the same worlds where it is not told', async () => {
  const rules = [aRule({ name: 'a', conditions: busy(9) }), aRule({ name: 'b', conditions: busy(0) })];
  expect(await takenByLast(rules, [aCall({ id: '1' }), aCall({ id: '2' })])).toBe(2);
});
