import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FactValue } from '../../../src/domain/facts.js';
import type { Condition, FactCondition, Rule } from '../../../src/domain/rule.js';
import { createNumbering } from '../../../src/facts/numbering.js';
import { inNetworks, parseNetwork } from '../../../src/policy/operators.js';
import { createRuleNumbers } from '../../../src/policy/rule-numbers.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';

const NEVER = 'can never match';

function neverMatches(conditions: Condition, rule: Partial<Rule> = {}, parts: object = {}): boolean {
  const { event: _, ...rest } = rule;
  return messages({ rules: [aRule({ ...rest, conditions })], ...parts }).some((text) => text.includes(NEVER));
}

const call = (conditions: Condition, rule: Partial<Rule> = {}, parts: object = {}) =>
  neverMatches(conditions, { scope: 'call', ...rule }, parts);

describe('a rule that can never match is told', () => {
  it('with the place of the rule and the comparisons that contradict one another', () => {
    const location = { file: 'rules/a.yaml', line: 3, column: 5 };
    const rule = aRule({
      name: 'a',
      location,
      conditions: all(total('greaterThan', 30), total('notEqual', 4), total('lessThan', 10)),
    });
    expect(messages({ rules: [rule] })).toEqual([
      'Rule "a" can never match: "account.totalCalls greaterThan 30" and "account.totalCalls lessThan 10" can never be true together. Mend the conditions, or set mode: off.',
    ]);
  });

  it.each<[string, Condition]>([
    ['equal and above', all(total('equal', 5), total('greaterThan', 10))],
    ['nested', all(total('greaterThan', 30), all(any(all(total('lessThan', 10)))))],
    ['no whole number between', all(total('greaterThan', 4), total('lessThan', 5))],
    ['every whole number left out', all(total('lessThan', 2), total('notIn', [0, 1]))],
    ['two numbers at once', all(total('in', [1, 2]), total('equal', 3))],
    ['denied', all(total('greaterThan', 30), { not: total('greaterThanInclusive', 20) })],
    ['not any', all({ not: any(total('lessThan', 10), total('equal', 12)) }, total('equal', 12))],
    ['a count below 0', all(total('lessThan', 0))],
    ['a count that is no whole number', all(total('equal', 1.5))],
    ['a time below 0', all(leaf('account.longestDuration', 'lessThan', 0))],
    ['the ID 0', all(leaf('call.account', 'equal', 0))],
    [
      'more answered calls than calls',
      all(leaf('account.connectedCalls', 'greaterThan', 9), total('lessThan', 9)),
    ],
    [
      'more and less than one and the same limit',
      all(
        total('greaterThan', { fact: 'account.limit', params: { name: 'max' } }),
        total('lessThanInclusive', { fact: 'account.limit', params: { name: 'max' } }),
      ),
    ],
    ['more than itself', all(total('greaterThan', { fact: 'account.totalCalls' }))],
    ['no branch of any', any(total('lessThan', 0), all(total('equal', 1), total('equal', 2)))],
    [
      'no branch of any, with what stands beside it',
      all(total('greaterThan', 5), any(total('equal', 1), total('lessThan', 3))),
    ],
    ['two states', all(leaf('call.state', 'equal', 'Connected'), leaf('call.state', 'in', ['Idle']))],
    ['a state and not', all(leaf('call.state', 'equal', 'Idle'), leaf('call.state', 'notIn', ['Idle']))],
  ])('%s', (_, conditions) => {
    expect(neverMatches(conditions)).toBe(true);
  });

  it('but not of prefixes that may be the same on some switch', () => {
    const national = leaf('call.cld', 'startsWithAnyOf', ['0']);
    expect(call(all(leaf('call.cld', 'startsWithAnyOf', ['+49', '0049']), national))).toBe(false);
  });

  it.each<[string, Condition]>([
    [
      'prefixes',
      all(leaf('call.cld', 'startsWithAnyOf', ['+49', '33']), leaf('call.cld', 'startsWithAnyOf', ['+44'])),
    ],
    [
      'a prefix that is left out as a whole',
      all(leaf('call.cld', 'startsWithAnyOf', ['+4930']), {
        not: leaf('call.cld', 'startsWithAnyOf', ['49']),
      }),
    ],
    [
      'a number and a prefix',
      all(leaf('call.cld', 'equal', '+49 30 1234567'), leaf('call.cld', 'startsWithAnyOf', ['33'])),
    ],
    [
      'a list and a prefix',
      all(leaf('call.cld', 'startsWithAnyOf', 'far'), leaf('call.cld', 'startsWithAnyOf', ['49'])),
    ],
    ['an empty list', all(leaf('call.cld', 'inList', 'none'))],
    [
      'networks',
      all(
        leaf('call.callerMediaIp', 'inNetwork', '192.0.2.0/24'),
        leaf('call.callerMediaIp', 'inNetwork', ['198.51.100.0/24', '2001:db8::/32']),
      ),
    ],
    [
      'an address outside of a network',
      all(
        leaf('call.callerMediaIp', 'equal', '203.0.113.9'),
        leaf('call.callerMediaIp', 'inNetwork', '192.0.2.0/24'),
      ),
    ],
  ])('disjoint %s', (_, conditions) => {
    const lists = new Map<string, readonly string[]>([
      ['far', ['+882', '881']],
      ['none', []],
    ]);
    expect(call(conditions, {}, { lists })).toBe(true);
  });

  it('through a shared condition', () => {
    const conditions = new Map([['busy', all(total('greaterThan', 30))]]);
    expect(neverMatches(all({ condition: 'busy' }, total('lessThan', 3)), {}, { conditions })).toBe(true);
    expect(neverMatches(all({ not: { condition: 'busy' } }, total('lessThan', 3)), {}, { conditions })).toBe(
      false,
    );
  });

  it('where the conditions ask for what "only" and "except" do not let in', () => {
    const conditions = all(leaf('call.account', 'equal', 5));
    expect(call(conditions, { only: { accounts: [7] } })).toBe(true);
    expect(call(conditions, { except: { accounts: [5] } })).toBe(true);
    expect(call(conditions, { only: { accounts: [5, 7] }, except: { accounts: [7] } })).toBe(false);
    expect(call(all(leaf('call.cld', 'startsWithAnyOf', ['49'])), { except: { cld: ['+4'] } })).toBe(true);
    expect(call(all(leaf('call.cld', 'startsWithAnyOf', ['49'])), { except: { cld: ['+49800'] } })).toBe(
      false,
    );
  });

  it('where "where" can never be met', () => {
    const where = all(leaf('call.state', 'equal', 'Idle'), leaf('call.state', 'equal', 'Connected'));
    expect(messages({ rules: [aRule({ event: { where } })] })).toEqual([
      expect.stringContaining('can never take a call by disconnectCall: under "where"'),
    ]);
  });
});

describe('what "except" swallows of "only"', () => {
  it.each([
    ['accounts', { accounts: [5] }, { accounts: [5, 6] }, 'no account is left'],
    ['switches', { switches: ['lab'] }, { switches: ['lab'] }, 'no switch is left'],
    ['prefixes', { cld: ['+49 30'] }, { cld: ['49'] }, 'counts and takes no call'],
  ])('%s', (_, only, except, effect) => {
    expect(messages({ rules: [aRule({ only, except })] })).toEqual([expect.stringContaining(effect)]);
  });

  it.each([
    ['part of it', { accounts: [5, 6] }, { accounts: [5] }],
    ['another key', { accounts: [5] }, { customers: [5] }],
    ['a longer prefix', { cld: ['49'] }, { cld: ['4930'] }],
    ['what may be another number', { cld: ['030'] }, { cld: ['4930'] }],
  ])('not by %s', (_, only, except) => {
    expect(messages({ rules: [aRule({ only, except })] })).toEqual([]);
  });

  it('by an exception for ever, and not by one that ends', () => {
    const location = { file: 'a.yaml', line: 1, column: 1 };
    const entry = { key: 'accounts', entry: 5, because: 'agreed', location } as const;
    const withUntil = (until: number | undefined) =>
      messages({ rules: [aRule({ only: { accounts: [5] }, except: { expiring: [{ ...entry, until }] } })] });
    expect(withUntil(undefined)).toHaveLength(1);
    expect(withUntil(9e12)).toEqual([]);
  });
});

it('says nothing of a rule that is off', () => {
  expect(messages({ rules: [aRule({ mode: 'off', conditions: all(total('lessThan', 0)) })] })).toEqual([]);
});

it('takes no longer than a rule of the greatest size allows', () => {
  const branches = Array.from({ length: 330 }, (_, index) =>
    any(total('equal', index), total('lessThan', 400), total('notEqual', 1)),
  );
  expect(neverMatches(all(...branches))).toBe(false);
});

/** One call and its account, as facts. */
type World = ReadonlyMap<string, FactValue>;

const NUMBERS = ['4930123456', '49800', '331234567', '8821234', '81012345'];
const LISTS = new Map<string, readonly string[]>([
  ['near', ['+49 30', '033', '0049']],
  ['far', ['+882', '+810', '00']],
]);

const world = fc
  .record({
    connected: fc.nat({ max: 3 }),
    setup: fc.nat({ max: 3 }),
    longest: fc.constantFrom(0, 0.5, 1, 2, 3.25),
    limit: fc.constantFrom(0, 0.5, 1, 2, 3),
    account: fc.constantFrom(1, 2, 3),
    cld: fc.constantFrom(...NUMBERS),
    state: fc.constantFrom('Idle', 'Connected', 'Strange'),
    ip: fc.constantFrom('192.0.2.7', '198.51.100.9', '2001:db8::1'),
  })
  .map(
    ({ connected, setup, longest, limit, account, cld, state, ip }): World =>
      new Map<string, FactValue>([
        ['account.connectedCalls', connected],
        ['account.setupCalls', setup],
        ['account.totalCalls', connected + setup],
        ['account.longestDuration', longest],
        ['account.limit', limit],
        ['call.account', account],
        ['call.cld', cld],
        ['call.state', state],
        ['call.callerMediaIp', ip],
      ]),
  );

const NUMERIC = [
  'account.connectedCalls',
  'account.setupCalls',
  'account.totalCalls',
  'account.longestDuration',
  'account.limit',
  'call.account',
];
const bound = fc.constantFrom(-1, 0, 0.5, 1, 2, 3, 4);
const numberLeaf = fc.oneof(
  fc.record({
    fact: fc.constantFrom(...NUMERIC),
    operator: fc.constantFrom(
      'equal',
      'notEqual',
      'lessThan',
      'lessThanInclusive',
      'greaterThan',
      'greaterThanInclusive',
    ),
    value: fc.oneof(
      { weight: 3, arbitrary: bound },
      fc.constantFrom(...NUMERIC).map((fact) => ({ fact })),
    ),
  }),
  fc.record({
    fact: fc.constantFrom(...NUMERIC),
    operator: fc.constantFrom('in', 'notIn'),
    value: fc.array(bound, { minLength: 1, maxLength: 3 }),
  }),
);
const writtenNumber = fc.constantFrom(
  '+4930123456',
  '004930123456',
  '030123456',
  '49800',
  '+331234567',
  '0882',
  '+81012345',
  'alice',
);
const writtenPrefix = fc.constantFrom(
  '+49',
  '49',
  '0049',
  '030',
  '0',
  '+33',
  '33123',
  '882',
  '+810',
  '00882',
);
const several = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 2 });
const ofText = (fact: string, operators: string[], value: fc.Arbitrary<string | string[]>) =>
  fc.record({ fact: fc.constant(fact), operator: fc.constantFrom(...operators), value });
const textLeaf = fc.oneof(
  ofText('call.cld', ['startsWithAnyOf'], fc.oneof(several(writtenPrefix), fc.constantFrom('near', 'far'))),
  ofText('call.cld', ['equal', 'notEqual'], writtenNumber),
  ofText('call.cld', ['in', 'notIn'], several(writtenNumber)),
  ofText('call.cld', ['inList', 'notInList'], fc.constantFrom('near', 'far')),
  ofText('call.state', ['in', 'notIn'], several(fc.constantFrom('Idle', 'Connected', 'Strange'))),
  ofText(
    'call.callerMediaIp',
    ['inNetwork'],
    several(fc.constantFrom('192.0.2.0/24', '0.0.0.0/0', '2001:db8::/32', '198.51.100.0/25')),
  ),
  ofText('call.callerMediaIp', ['equal', 'notEqual'], fc.constantFrom('192.0.2.7', '2001:0db8::0001')),
  ofText('call.callerMediaIp', ['startsWithAnyOf'], several(fc.constantFrom('192.', '1', '2001'))),
);
const conditionOf = fc.letrec<{ tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(numberLeaf, textLeaf),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => ({ all: children })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => ({ any: children })),
    tie('tree').map((child) => ({ not: child })),
  ),
})).tree;

const PLANS = [
  { techPrefixes: [] },
  { country: 'DE', techPrefixes: ['0011#'] },
  { country: 'FR', techPrefixes: ['49'] },
  { country: 'JP', techPrefixes: [] },
];

/** What the condition comes to by the plain meaning of its operators, on a switch that writes numbers so. */
function isTrue(condition: Condition, facts: World, plan: (typeof PLANS)[number]): boolean {
  if ('all' in condition) return condition.all.every((child) => isTrue(child, facts, plan));
  if ('any' in condition) return condition.any.some((child) => isTrue(child, facts, plan));
  if ('not' in condition) return !isTrue(condition.not, facts, plan);
  return 'fact' in condition && holds(condition, facts, plan);
}

function holds(
  { fact, operator, value }: FactCondition,
  facts: World,
  plan: (typeof PLANS)[number],
): boolean {
  const numbers = createRuleNumbers(createNumbering(plan));
  const observed = facts.get(fact);
  const normal = (text: string) =>
    fact === 'call.cld' ? numbers.number(text) : text.replace('2001:0db8::0001', '2001:db8::1');
  const listed = typeof value === 'string' ? (LISTS.get(value) ?? [value]) : value;
  const entries = Array.isArray(listed) ? listed : [listed];
  const compared = entries.map((one) =>
    typeof one === 'object' ? facts.get(one.fact) : typeof one === 'string' ? normal(one) : one,
  );
  const [first] = compared;
  switch (operator) {
    case 'lessThan':
      return Number(observed) < Number(first);
    case 'lessThanInclusive':
      return Number(observed) <= Number(first);
    case 'greaterThan':
      return Number(observed) > Number(first);
    case 'greaterThanInclusive':
      return Number(observed) >= Number(first);
    case 'startsWithAnyOf': {
      const prefixes = entries.map((one) =>
        fact === 'call.cld' ? numbers.prefix(String(one)) : String(one),
      );
      return prefixes.some((prefix) => String(observed).startsWith(prefix));
    }
    case 'inNetwork':
      return inNetworks(
        String(observed),
        entries.flatMap((one) => [parseNetwork(String(one)) ?? []]) as never,
      );
    default: {
      const isIn = compared.includes(observed);
      return operator.startsWith('not') ? !isIn : isIn;
    }
  }
}

it('never says it of a rule that matches something', () => {
  let matched = 0;
  let told = 0;
  fc.assert(
    fc.property(
      conditionOf,
      fc.array(world, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...PLANS),
      (tree, worlds, plan) => {
        const conditions = all(tree);
        const says = call(conditions, {}, { lists: LISTS });
        const matches = worlds.some((facts) => isTrue(conditions, facts, plan));
        if (says) told += 1;
        if (matches) matched += 1;
        expect(says && matches).toBe(false);
      },
    ),
    { numRuns: 3_000, seed: 20260105 },
  );
  expect(told).toBeGreaterThan(100);
  expect(matched).toBeGreaterThan(500);
});
