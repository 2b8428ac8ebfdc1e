import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { asStated } from '../../src/domain/customer-tree.js';
import { inspectTarget } from '../../src/plan/inspect-target.js';
import { createProtection } from '../../src/plan/protection.js';
import { aCall, aSuspect, calls, onNetPair } from '../support/calls.js';

const protection = createProtection({ accounts: [], customers: [] }, asStated(new Map()), (raw) =>
  raw === '112' ? raw : undefined,
);
const context = { tree: new Map<number, number>(), protection, admits: () => true, taken: () => false };
const account = { action: 'disconnectAccount', target: 10, select: 'oldest' } as const;
const customer = { action: 'disconnectCustomer', target: 3, select: 'oldest' } as const;
const sound = { suspects: [], doubt: undefined };
const ids = (listed: readonly { id: string }[]) => listed.map(({ id }) => id);

describe('the look at an account action', () => {
  it('finds the calls of the account, ended ones left out', () => {
    const listed = [...calls(2), aCall({ id: '3', state: 'Dead' }), aCall({ id: '4', account: 11 })];
    const found = inspectTarget(account, { calls: listed, ...sound }, context);
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
    const listing = { calls: [...calls(2), spared], ...sound };
    const found = inspectTarget(account, listing, context);
    expect(found.hold).toBe(hold);
    expect(ids(found.oneByOne)).toEqual(['1', '2']);
  });

  it('holds it back for a suspect call of the account or of an unknown one, not for one of another account', () => {
    const holdFor = (owner: number | undefined) =>
      inspectTarget(
        account,
        { calls: calls(2), suspects: [aSuspect({ account: owner })], doubt: undefined },
        context,
      ).hold;
    expect(holdFor(10)).toBe('takes-suspect');
    expect(holdFor(undefined)).toBe('takes-suspect');
    expect(holdFor(11)).toBeUndefined();
  });

  it('holds it back for a call that the rule excepts', () => {
    const found = inspectTarget(
      account,
      { calls: calls(2), ...sound },
      {
        ...context,
        admits: ({ id }) => id !== '2',
      },
    );
    expect(found.hold).toBe('takes-excepted');
    expect(ids(found.oneByOne)).toEqual(['1']);
  });

  it('holds it back for an emergency call that names no account yet: it may be of this one a moment later', () => {
    const unborn = aCall({ id: '9', cld: '112', account: undefined, state: 'WaitRoute' });
    const found = inspectTarget(account, { calls: [...calls(2), unborn], ...sound }, context);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['1', '2']);
  });

  it('holds back for a call of the target that may belong to somebody protected', () => {
    const guarded = {
      ...context,
      protection: createProtection({ accounts: [], customers: [3] }, asStated(new Map()), () => undefined),
    };
    const nobody = aCall({ id: '9', customer: undefined });
    const found = inspectTarget(account, { calls: [...calls(2), nobody], ...sound }, guarded);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['1', '2']);
  });

  it('does not weigh calls that name no account because they are not routed yet', () => {
    const unborn = aCall({ id: '9', account: undefined, state: 'WaitRoute' });
    const found = inspectTarget(account, { calls: [...calls(2), unborn], ...sound }, context);
    expect([ids(found.inside), ids(found.perhapsInside), found.hold]).toEqual([['1', '2'], [], undefined]);
  });

  it.each(['ARComplete', 'Connected', 'Held'])(
    'counts a call in state %s that does not say whose it is as perhaps inside',
    (state) => {
      const nobodys = aCall({ id: '9', account: undefined, state });
      const listing = { calls: [...calls(2), nobodys], ...sound };
      const found = inspectTarget(account, listing, context);
      expect([ids(found.inside), ids(found.perhapsInside), found.hold]).toEqual([
        ['1', '2'],
        ['9'],
        undefined,
      ]);
      const guarded = {
        ...context,
        protection: createProtection({ accounts: [7], customers: [] }, asStated(new Map()), () => undefined),
      };
      expect(inspectTarget(account, listing, guarded)).toMatchObject({
        hold: 'takes-protected',
        oneByOne: [{ id: '1' }, { id: '2' }],
      });
    },
  );

  it.each([
    ['its own', aCall({ id: '1' })],
    ['perhaps its own', aCall({ id: '1', account: undefined })],
  ])('holds it back where an entry under the ID of a call that is %s cannot be read', (_, call) => {
    const other = aCall({ id: '2' });
    const suspects = [aSuspect({ id: '1', account: 77, cld: '112' })];
    const found = inspectTarget(account, { calls: [other, call], suspects, doubt: undefined }, context);
    expect(found.hold).toBe('takes-suspect');
    expect(ids(found.oneByOne)).toEqual(['2']);
  });

  it('looks at both legs of an on-net call, of which another account may protect one', () => {
    const guarded = {
      ...context,
      protection: createProtection({ accounts: [20], customers: [] }, asStated(new Map()), () => undefined),
    };
    const legs = [aCall({ id: '1' }), aCall({ id: '1', account: 20 }), aCall({ id: '2' })];
    const found = inspectTarget(account, { calls: legs, ...sound }, guarded);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['2']);
  });

  it('looks at them under two IDs as well', () => {
    const guarded = {
      ...context,
      protection: createProtection({ accounts: [20], customers: [] }, asStated(new Map()), () => undefined),
    };
    const pair = onNetPair(aCall({ id: '1' }), { id: '11', account: 20 });
    const found = inspectTarget(account, { calls: [...pair, aCall({ id: '2' })], ...sound }, guarded);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['2']);
    const within = { calls: onNetPair(aCall({ id: '1' }), { id: '11' }), ...sound };
    expect(ids(inspectTarget(account, within, context).inside)).toEqual(['1', '11']);
    expect(
      ids(inspectTarget(account, within, { ...context, admits: ({ id }) => id !== '11' }).oneByOne),
    ).toEqual([]);
  });

  it('cuts no call one by one that rings a protected account beside this one', () => {
    const guarded = {
      ...context,
      protection: createProtection({ accounts: [7], customers: [] }, asStated(new Map()), () => undefined),
    };
    const [out, into] = onNetPair(aCall({ id: '1', account: 30 }), { id: '2', account: 7 });
    const listed = [out, into, { ...into, id: '3', account: 10 }, aCall({ id: '4' })];
    const found = inspectTarget(account, { calls: listed, ...sound }, guarded);
    expect([found.hold, ids(found.oneByOne)]).toEqual(['takes-protected', ['4']]);
  });

  it('counts both entries of an on-net call as one, and an entry that only may be one as another', () => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2' });
    const found = (...listed: Call[]) => inspectTarget(account, { calls: listed, ...sound }, context);
    expect(found(out, into)).toMatchObject({ weight: 1, inside: [{ id: '1' }, { id: '2' }] });
    expect(found(out, { ...into, cli: undefined })).toMatchObject({ weight: 2 });
    const nobodys = { ...into, account: undefined };
    expect(found(out, nobodys)).toMatchObject({ weight: 1, inside: [{ id: '1' }], perhapsInside: [] });
    expect(found(out, { ...nobodys, cli: undefined })).toMatchObject({
      weight: 2,
      perhapsInside: [{ id: '2' }],
    });
    expect(found(out, { ...out, id: '2', account: undefined })).toMatchObject({ weight: 2 });
  });

  it('cuts one by one only calls that could be cut alone, each once, in the order of select', () => {
    const listed = [
      ...calls(3),
      aCall({ id: '1' }),
      aCall({ id: '5' }),
      aCall({ id: '5', callId: 'other@192.0.2.1' }),
      aCall({ id: '7' }),
      aCall({ id: '9', cld: '112' }),
    ];
    const listing = { calls: listed, suspects: [aSuspect({ id: '7', account: 11 })], doubt: undefined };
    const newest = inspectTarget({ ...account, select: 'newest' }, listing, context);
    expect(ids(newest.oneByOne)).toEqual(['3', '2', '1']);
  });

  it('leaves out what was taken already', () => {
    const found = inspectTarget(
      account,
      { calls: calls(3), ...sound },
      { ...context, taken: ({ id }) => id === '2' },
    );
    expect(ids(found.inside)).toEqual(['1', '3']);
  });

  it('cuts nothing on a doubtful listing, one by one neither', () => {
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    const found = inspectTarget(account, { calls: calls(3), suspects: [], doubt }, context);
    expect([found.hold, found.oneByOne]).toEqual(['suspect-snapshot', []]);
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
    const found = inspectTarget(customer, { calls: listed, ...sound }, { ...context, tree });
    expect(ids(found.inside)).toEqual(['1', '2']);
    expect(found.perhapsInside).toEqual([]);
    expect(found.hold).toBeUndefined();
  });

  it('counts every customer inside that is not known to be outside, and so holds back for their protected calls', () => {
    const found = inspectTarget(customer, { calls: listed, ...sound }, context);
    expect(ids(found.inside)).toEqual(['1']);
    expect(ids(found.perhapsInside)).toEqual(['2', '3', '4']);
    expect(found.hold).toBe('takes-protected');
    expect(ids(found.oneByOne)).toEqual(['1']);
  });
});
