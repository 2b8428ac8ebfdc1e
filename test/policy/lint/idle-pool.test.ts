import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';
import { callsOf, listedCall, takenByLast } from './taken.js';

type Changes = Parameters<typeof aRule>[0];

function warned(changes: Changes): string[] {
  return messages({ rules: [aRule({ name: 'r', ...changes })] });
}

const to = (...prefixes: string[]) => all(total('greaterThan', 3, { to: prefixes }));
const inState = (state: string) => all(leaf('call.state', 'equal', state));
const dialled = (...prefixes: string[]) => all(leaf('call.cld', 'startsWithAnyOf', prefixes));

describe('a count of nothing', () => {
  it('is told where "to", "only" and "except" leave no number between them', () => {
    expect(warned({ conditions: to('+44', '+33'), only: { cld: ['+49'] } })).toEqual([
      'Rule "r" can never match, as "account.totalCalls(to +44,+33)" counts no call: "to [+44, +33]" and "only: cld [+49]" can never be true together. Mend "to", "only" or "except", or set mode: off.',
    ]);
    expect(warned({ conditions: to('+4930'), except: { cld: ['+49'] } })).toHaveLength(1);
    const started = leaf('account.callsStarted', 'greaterThanInclusive', 5, { within: 60, to: ['+44'] });
    expect(
      warned({ conditions: all(started), only: { cld: ['+49'] }, event: { type: 'alert' } }),
    ).toHaveLength(1);
  });

  it.each<[string, Changes]>([
    ['a number that both let in', { conditions: to('+4930'), only: { cld: ['+49'] } }],
    ['a wider "to"', { conditions: to('+49'), only: { cld: ['+4930'] } }],
    ['an exception of some', { conditions: to('+49'), except: { cld: ['+4930'] } }],
    [
      'a number in national form, which a switch may read so',
      { conditions: to('030'), only: { cld: ['+49'] } },
    ],
    [
      'a comparison that none meets too',
      {
        conditions: all(total('lessThan', 3, { to: ['+44'] })),
        only: { cld: ['+49'] },
        event: { type: 'alert' },
      },
    ],
    [
      'a filter of the calls that are judged, which are judged by all calls of their account',
      { scope: 'call', conditions: to('+33'), only: { cld: ['+49'] } },
    ],
    [
      'another branch',
      {
        conditions: any(total('greaterThan', 3, { to: ['+44'] }), total('greaterThan', 30)),
        only: { cld: ['+49'] },
      },
    ],
  ])('is not seen in %s', (_, changes) => {
    expect(warned(changes).filter((text) => text.includes('counts no call'))).toEqual([]);
  });
});

describe('a "where" that lets in none of what is counted', () => {
  const connected = all(leaf('account.connectedCalls', 'greaterThan', 3));

  it('is told, with what contradicts it', () => {
    expect(warned({ conditions: connected, event: { where: inState('ARComplete') } })).toEqual([
      'Rule "r" can never take a call by disconnectCall: under "where", "call.state equal ARComplete" and "account.connectedCalls of [Connected] calls" can never be true together. Mend "where".',
    ]);
    expect(warned({ conditions: to('+33'), event: { where: dialled('+44') } })).toHaveLength(1);
    expect(
      warned({ conditions: connected, only: { cld: ['+49'] }, event: { where: dialled('+44') } }),
    ).toHaveLength(1);
    const of = (account: number) => ({ where: all(leaf('call.account', 'equal', account)) });
    expect(warned({ conditions: connected, only: { accounts: [5] }, event: of(6) })).toEqual([
      'Rule "r" can never take a call by disconnectCall: under "where", "call.account equal 6" and "only: accounts [5]" can never be true together. Mend "where".',
    ]);
    expect(warned({ conditions: connected, except: { accounts: [6, 7] }, event: of(6) })).toHaveLength(1);
    const ofCustomer = all(leaf('customer.totalCalls', 'greaterThan', 3));
    expect(
      warned({ scope: 'customer', conditions: ofCustomer, only: { accounts: [5] }, event: of(6) }),
    ).toHaveLength(1);
    const state = all(total('greaterThan', 3, { state: ['Idle', 'WaitAuth'] }));
    expect(warned({ conditions: state, event: { where: inState('Connected') } })).toHaveLength(1);
  });

  it.each<[string, Changes]>([
    ['a narrower one', { conditions: to('+49'), event: { where: dialled('+4930') } }],
    [
      'one that a second count meets',
      {
        conditions: all(total('greaterThan', 3, { to: ['+33'] }), total('greaterThan', 30)),
        event: { where: dialled('+44') },
      },
    ],
    [
      'one behind a fact of ended calls, of which none is counted',
      {
        conditions: all(
          leaf('account.shortCalls', 'greaterThan', 3, { within: 600, under: 20, to: ['+33'] }),
        ),
        event: { where: dialled('+44') },
      },
    ],
    [
      'one of an account that is let in',
      {
        conditions: connected,
        only: { accounts: [5, 6] },
        event: { where: all(leaf('call.account', 'equal', 6)) },
      },
    ],
    [
      'one of a customer, of whom the calls of an account need not all be',
      {
        conditions: connected,
        only: { customers: [2] },
        event: { where: all(leaf('call.customer', 'equal', 3)) },
      },
    ],
    [
      'a count of a wider scope than that of the rule',
      {
        conditions: all(leaf('customer.totalCalls', 'greaterThan', 3)),
        only: { accounts: [5] },
        event: { where: all(leaf('call.account', 'equal', 6)) },
      },
    ],
    [
      'a state that calls were once in',
      {
        conditions: all(
          leaf('account.callsStarted', 'greaterThan', 3, { within: 600, state: ['WaitRoute'] }),
        ),
        event: { where: inState('Connected') },
      },
    ],
    [
      'an action that takes the whole account',
      {
        conditions: connected,
        event: { type: 'disconnectAccount', where: inState('Idle') },
      },
    ],
  ])('is not %s', (_, changes) => {
    expect(warned(changes)).toEqual([]);
  });
});

const PREFIXES = [['+49'], ['+4930'], ['+33'], ['49800', '33']];
const prefixes = fc.option(fc.constantFrom(...PREFIXES), { nil: undefined, freq: 2 });

it('whoever is told to take nothing takes nothing of any listing', async () => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        fact: fc.constantFrom(
          'account.totalCalls',
          'account.connectedCalls',
          'account.setupCalls',
          'account.longestDuration',
        ),
        operator: fc.constantFrom('greaterThan', 'greaterThanInclusive', 'equal', 'lessThan'),
        value: fc.constantFrom(0, 1, 2),
        either: fc.constantFrom(true, false, false),
        to: prefixes,
        scope: fc.constantFrom('account' as const, 'account' as const, 'call' as const),
        only: prefixes,
        except: prefixes,
        accounts: fc.constantFrom({}, {}, { only: { accounts: [7] } }, { except: { accounts: [7, 8] } }),
        customers: fc.constantFrom({}, {}, { only: { customers: [2] } }, { except: { customers: [3] } }),
        where: fc.constantFrom(
          undefined,
          ...[7, 10].map((account) => all(leaf('call.account', 'equal', account))),
          all(leaf('call.customer', 'equal', 3)),
          ...['Connected', 'Idle'].map(inState),
          ...PREFIXES.map((one) => dialled(...one)),
          { not: dialled('+49') },
        ),
      }),
      fc.array(fc.array(listedCall, { minLength: 2, maxLength: 9 }), { minLength: 6, maxLength: 6 }),
      async (parts, listings) => {
        const counted = leaf(parts.fact, parts.operator, parts.value, parts.to && { to: parts.to });
        const rule: Rule = aRule({
          name: 'r',
          conditions: parts.either ? any(counted, total('greaterThan', 2, { to: ['+33'] })) : all(counted),
          scope: parts.scope,
          only: {
            ...parts.accounts.only,
            ...parts.customers.only,
            ...(parts.only === undefined ? {} : { cld: parts.only }),
          },
          except: {
            ...parts.accounts.except,
            ...parts.customers.except,
            ...(parts.except === undefined ? {} : { cld: parts.except }),
          },
          event: parts.where === undefined || parts.scope === 'call' ? {} : { where: parts.where },
        });
        const isIdle = messages({ rules: [rule] }).some((text) => /can never|lets nothing in/.test(text));
        if (!isIdle) return;
        told += 1;
        for (const listed of listings) expect(await takenByLast([rule], callsOf(listed))).toBe(0);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(told).toBeGreaterThan(30);
});
