import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition, Rule } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { conditionOf, LISTS, PLANS, resultIn, world } from './worlds.js';

const NEVER = 'can never match';

function neverMatches(conditions: Condition, rule: Partial<Rule> = {}, parts: object = {}): boolean {
  const { event: _, ...rest } = rule;
  return messages({ rules: [aRule({ ...rest, conditions })], ...parts }).some((text) => text.includes(NEVER));
}

const call = (conditions: Condition, rule: Partial<Rule> = {}, parts: object = {}) =>
  neverMatches(conditions, { scope: 'call', ...rule }, parts);

it('does not count numbers of which the next one is the same', () => {
  const huge = 1e17;
  const conditions = all(
    total('greaterThanInclusive', huge),
    total('notEqual', huge),
    total('lessThanInclusive', huge + 200),
  );
  expect(neverMatches(conditions)).toBe(false);
});

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

  it.each<[string, Condition, Condition]>([
    ['prefix', leaf('call.cld', 'startsWithAnyOf', ['33']), leaf('call.country', 'equal', 'DE')],
    ['prefix of a code', leaf('call.cld', 'startsWithAnyOf', ['+3']), leaf('call.country', 'equal', 'DE')],
    ['list', leaf('call.cld', 'startsWithAnyOf', 'near'), leaf('call.country', 'in', ['GB', 'US'])],
    ['number', leaf('call.cld', 'equal', '+33123456789'), leaf('call.country', 'notEqual', 'FR')],
    ['satellite', leaf('call.cld', 'startsWithAnyOf', ['882']), leaf('call.country', 'notEqual', 'DE')],
  ])('a %s of other countries', (_, number, country) => {
    const lists = new Map<string, readonly string[]>([['near', ['+49', '331']]]);
    expect(call(all(number, country), {}, { lists })).toBe(true);
    expect(call(any(number, country), {}, { lists })).toBe(false);
  });

  it('a caller without a number among those that a prefix begins', () => {
    const hidden = leaf('call.cli', 'equal', 'anonymous');
    const german = leaf('call.cli', 'startsWithAnyOf', ['+49']);
    expect(call(all(hidden, german))).toBe(true);
    expect(call(all(leaf('call.cli', 'in', ['anonymous', 'Anna B.']), german))).toBe(true);
    expect(call(all(hidden, leaf('call.cli', 'startsWithAnyOf', ['030'])))).toBe(true);
    expect(call(all(hidden), { only: { cli: ['+49'] } })).toBe(true);
    expect(call(all(hidden, leaf('call.cli', 'in', ['+4930123456', '+33123456789'])))).toBe(true);
    expect(call(all(leaf('call.cld', 'equal', 'alice'), leaf('call.country', 'notEqual', 'DE')))).toBe(true);
  });

  it.each<[string, Condition, Partial<Rule>]>([
    [
      'one of the two',
      any(leaf('call.cli', 'equal', 'anonymous'), leaf('call.cli', 'startsWithAnyOf', ['49'])),
      {},
    ],
    [
      'numbers beside it',
      all(leaf('call.cli', 'in', ['anonymous', '+4930123456'])),
      { only: { cli: ['+49'] } },
    ],
    [
      'what may be a number',
      all(leaf('call.cli', 'in', ['anonymous', '030123456'])),
      { only: { cli: ['+49'] } },
    ],
    [
      'callers outside of a prefix',
      all(leaf('call.cli', 'equal', 'anonymous')),
      { except: { cli: ['+49'] } },
    ],
    ['a prefix of other numbers', all(leaf('call.cli', 'equal', 'anonymous')), { only: { cld: ['+49'] } }],
    ['a name with digits', all(leaf('call.cld', 'equal', 'x4930')), { only: { cld: ['+49'] } }],
    ['another name', all(leaf('call.cld', 'equal', 'xalice'), leaf('call.cld', 'equal', 'alice')), {}],
  ])('but not of %s', (_, conditions, rule) => {
    expect(call(conditions, rule)).toBe(false);
  });

  it('but not a prefix of which some numbers may be of the country', () => {
    const country = (code: string) => leaf('call.country', 'equal', code);
    for (const [prefixes, code] of [
      [['4'], 'DE'],
      [['33', '4930'], 'DE'],
      [['1'], 'BS'],
      [['44'], 'JE'],
      [['033'], 'DE'],
    ] as const)
      expect(call(all(leaf('call.cld', 'startsWithAnyOf', [...prefixes]), country(code)))).toBe(false);
    const elsewhere = { not: leaf('call.cld', 'startsWithAnyOf', ['49']) };
    expect(call(all(elsewhere, country('DE')))).toBe(false);
    expect(call(all(leaf('call.cli', 'startsWithAnyOf', ['33']), country('DE')))).toBe(false);
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
        const matches = worlds.some((facts) => resultIn(conditions, facts, plan) === true);
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
