import { describe, expect, it } from 'vitest';
import { inspectTarget } from '../../src/plan/inspect-target.js';
import { createProtection } from '../../src/plan/protection.js';
import { aCall, aSuspect, calls } from '../support/calls.js';

const protection = createProtection({ accounts: [], customers: [] }, new Map(), (raw) =>
  raw === '112' ? raw : undefined,
);
const context = { tree: new Map<number, number>(), protection, admits: () => true };
const ids = (listed: readonly { id: string }[]) => listed.map(({ id }) => id);

describe('the look at an account action', () => {
  it('finds the calls of the account, ended ones left out', () => {
    const listed = [...calls(2), aCall({ id: '3', state: 'Dead' }), aCall({ id: '4', account: 11 })];
    const found = inspectTarget('disconnectAccount', 10, { calls: listed, suspects: [] }, context);
    expect(ids(found.inside)).toEqual(['1', '2']);
    expect(found.hold).toBeUndefined();
  });

  it.each([
    ['a protected call', aCall({ id: '9', cld: '112' }), 'takes-protected'],
    ['a call whose number is not known yet', aCall({ id: '9', cld: undefined }), 'takes-unknown-number'],
    [
      'a protected call in a state nobody knows',
      aCall({ id: '9', cld: '112', state: 'Held' }),
      'takes-protected',
    ],
  ])('holds it back for %s and leaves the others to be cut one by one', (_, spared, hold) => {
    const listing = { calls: [...calls(2), spared], suspects: [] };
    const found = inspectTarget('disconnectAccount', 10, listing, context);
    expect(found.hold).toBe(hold);
    expect(ids(found.oneByOne)).toEqual(['1', '2']);
  });

  it('holds it back for a suspect call of the account or of an unknown one, not for one of another account', () => {
    const holdFor = (account: number | undefined) =>
      inspectTarget('disconnectAccount', 10, { calls: calls(2), suspects: [aSuspect({ account })] }, context)
        .hold;
    expect(holdFor(10)).toBe('takes-suspect');
    expect(holdFor(undefined)).toBe('takes-suspect');
    expect(holdFor(11)).toBeUndefined();
  });

  it('holds it back for a call that the rule excepts', () => {
    const found = inspectTarget(
      'disconnectAccount',
      10,
      { calls: calls(2), suspects: [] },
      {
        ...context,
        admits: ({ id }) => id !== '2',
      },
    );
    expect(found.hold).toBe('takes-excepted');
    expect(ids(found.oneByOne)).toEqual(['1']);
  });
});

describe('the look at a customer action', () => {
  const listed = [
    aCall({ id: '1', customer: 3 }),
    aCall({ id: '2', customer: 9 }),
    aCall({ id: '3', customer: 2 }),
    aCall({ id: '4', customer: 77, cld: '112' }),
  ];

  it('takes descendants along where the tree is stated', () => {
    const tree = new Map([
      [9, 3],
      [3, 1],
      [2, 1],
      [77, 2],
    ]);
    const found = inspectTarget(
      'disconnectCustomer',
      3,
      { calls: listed, suspects: [] },
      { ...context, tree },
    );
    expect(ids(found.inside)).toEqual(['1', '2']);
    expect(found.perhapsInside).toEqual([]);
    expect(found.hold).toBeUndefined();
  });

  it('counts every customer inside that is not known to be outside, and so holds back for their protected calls', () => {
    const found = inspectTarget('disconnectCustomer', 3, { calls: listed, suspects: [] }, context);
    expect(ids(found.inside)).toEqual(['1']);
    expect(ids(found.perhapsInside)).toEqual(['2', '3', '4']);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['1']);
  });
});
