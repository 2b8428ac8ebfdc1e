import fc from 'fast-check';
import type { FactValue } from '../../../src/domain/facts.js';
import type { Condition, FactCondition } from '../../../src/domain/rule.js';
import { createNumbering } from '../../../src/facts/numbering.js';
import { inNetworks, parseNetwork } from '../../../src/policy/operators.js';
import { createRuleNumbers } from '../../../src/policy/rule-numbers.js';

/** One call and its account, as facts. */
export type World = ReadonlyMap<string, FactValue>;

const NUMBERING = createNumbering({ techPrefixes: [] });

function countryOf(cld: string): [string, FactValue][] {
  const country = NUMBERING.countryOf(cld);
  return country === undefined ? [] : [['call.country', country]];
}

const NUMBERS = ['4930123456', '49800', '331234567', '8821234', '81012345', 'alice'];
export const LISTS = new Map<string, readonly string[]>([
  ['near', ['+49 30', '033', '0049']],
  ['far', ['+882', '+810', '00']],
]);

export const world = fc
  .record({
    connected: fc.nat({ max: 3 }),
    setup: fc.nat({ max: 3 }),
    longest: fc.constantFrom(0, 0.5, 1, 2, 3.25),
    limit: fc.constantFrom(0, 0.5, 1, 2, 3),
    account: fc.constantFrom(1, 2, 3),
    cld: fc.constantFrom(...NUMBERS),
    state: fc.constantFrom('Idle', 'Connected', 'Strange'),
    ratio: fc.constantFrom(0, 0.5, 1),
    ip: fc.constantFrom('192.0.2.7', '198.51.100.9', '2001:db8::1'),
  })
  .map(
    ({ connected, setup, longest, limit, account, cld, state, ratio, ip }): World =>
      new Map<string, FactValue>([
        ['account.connectedCalls', connected],
        ['account.setupCalls', setup],
        ['account.totalCalls', connected + setup],
        // Without a connected call there is no length.
        ['account.longestDuration', connected === 0 ? 0 : longest],
        ['account.limit', limit],
        ['call.account', account],
        ['account.answerRatio', ratio],
        ['call.cld', cld],
        // Where a number is of no single country the fact is missing, and nothing about it is true.
        ...countryOf(cld),
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
  'account.answerRatio',
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
  'anonymous',
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
  ofText('call.country', ['in', 'notIn'], several(fc.constantFrom('DE', 'FR', 'NE'))),
  ofText('call.state', ['in', 'notIn'], several(fc.constantFrom('Idle', 'Connected', 'Strange'))),
  ofText(
    'call.callerMediaIp',
    ['inNetwork'],
    several(fc.constantFrom('192.0.2.0/24', '0.0.0.0/0', '2001:db8::/32', '198.51.100.0/25')),
  ),
  ofText('call.callerMediaIp', ['equal', 'notEqual'], fc.constantFrom('192.0.2.7', '2001:0db8::0001')),
  ofText('call.callerMediaIp', ['startsWithAnyOf'], several(fc.constantFrom('192.', '1', '2001'))),
);
export const conditionOf = fc.letrec<{ tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(numberLeaf, textLeaf),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => ({ all: children })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => ({ any: children })),
    tie('tree').map((child) => ({ not: child })),
  ),
})).tree;

export const PLANS = [
  { techPrefixes: [] },
  { country: 'DE', techPrefixes: ['0011#'] },
  { country: 'FR', techPrefixes: ['49'] },
  { country: 'JP', techPrefixes: [] },
];

/**
 * What the condition comes to by the plain meaning of its operators, on a switch that writes numbers so; undefined where a
 * missing fact leaves it open.
 */
export function resultIn(
  condition: Condition,
  facts: World,
  plan: (typeof PLANS)[number],
): boolean | undefined {
  if ('not' in condition) {
    const inner = resultIn(condition.not, facts, plan);
    return inner === undefined ? undefined : !inner;
  }
  if ('fact' in condition) return facts.has(condition.fact) ? holds(condition, facts, plan) : undefined;
  if ('condition' in condition) throw new Error('no shared conditions here');
  const decisive = 'any' in condition;
  const children = decisive ? condition.any : condition.all;
  const results = children.map((child) => resultIn(child, facts, plan));
  if (results.includes(decisive)) return decisive;
  return results.includes(undefined) ? undefined : !decisive;
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
