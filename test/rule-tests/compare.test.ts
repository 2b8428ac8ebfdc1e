import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeenAction } from '../../src/rule-tests/case-names.js';
import { compareActions, differenceAt, meets } from '../../src/rule-tests/compare.js';
import type { ExpectedAction } from '../../src/rule-tests/test-case.js';

const LOCATION = { file: 'some.yaml', line: 1, column: 1 };

function seen(target: string, over: Partial<SeenAction> = {}): SeenAction {
  return {
    rule: 'cap',
    action: 'disconnectCall',
    target,
    subject: 'account:10',
    withheld: undefined,
    conditions: undefined,
    ...over,
  };
}

function expected(over: Partial<ExpectedAction> = {}): ExpectedAction {
  return {
    rule: undefined,
    action: undefined,
    target: undefined,
    subject: undefined,
    count: 1,
    withheld: undefined,
    location: LOCATION,
    ...over,
  };
}

const targets = (actions: readonly SeenAction[]) => actions.map(({ target }) => target);

describe('what is expected of one poll', () => {
  it('is met by the same actions in any order', () => {
    const wanted = [expected({ target: 'a-2' }), expected({ target: 'a-1' })];
    const found = compareActions(wanted, [seen('a-1'), seen('a-2')]);
    expect([found.missing, found.unexpected]).toEqual([[], []]);
  });

  it('misses what did not come and finds what came instead', () => {
    const found = compareActions([expected({ target: 'a-2' })], [seen('a-1')]);
    expect(found.missing).toMatchObject([{ expected: { target: 'a-2' }, count: 1 }]);
    expect(targets(found.unexpected)).toEqual(['a-1']);
  });

  it.each([
    ['rule', { rule: 'other' }],
    ['action', { action: 'alert' }],
    ['subject', { subject: 'account:11' }],
    ['target', { target: 'b*' }],
  ] as const)('is not met by another %s', (_, over) => {
    expect(compareActions([expected(over)], [seen('a-1')]).missing).toHaveLength(1);
  });

  it('counts: so many and no more', () => {
    const actions = [seen('a-1'), seen('a-2'), seen('a-3')];
    const difference = (count: number) => {
      const { missing, unexpected } = compareActions([expected({ target: 'a-*', count })], actions);
      return [missing.map((one) => one.count), targets(unexpected)];
    };
    expect(difference(3)).toEqual([[], []]);
    expect(difference(2)).toEqual([[], ['a-3']]);
    expect(difference(5)).toEqual([[2], []]);
  });

  it('is met whatever the order of what is expected', () => {
    const actions = [seen('a-11'), seen('a-10'), seen('a-9')];
    const wide = expected({ target: 'a-*', count: 2 });
    const narrow = expected({ target: 'a-1*' });
    for (const wanted of [
      [wide, narrow],
      [narrow, wide],
    ]) {
      const found = compareActions(wanted, actions);
      expect([found.missing, found.unexpected]).toEqual([[], []]);
    }
  });

  it('is met where what was taken first has to be given up for another', () => {
    // Each says as much as the others; the last gets one only after the two before it have passed theirs on.
    const wanted = [
      expected({ target: 'a-1*', rule: undefined, subject: 'account:10' }),
      expected({ target: 'a-1*', rule: 'cap' }),
      expected({ target: 'a-1*', action: 'disconnectCall' }),
    ];
    const actions = [
      seen('a-10'),
      seen('a-11', { rule: 'watch', action: 'alert' }),
      seen('a-12', { action: 'alert', subject: 'account:11' }),
    ];
    const found = compareActions(wanted, actions);
    expect([found.missing, found.unexpected]).toEqual([[], []]);
    expect(targets(found.matched)).toEqual(['a-10', 'a-11', 'a-12']);
  });

  it('leaves the expectation short that says least, and names the rest in the order in which it was planned', () => {
    const wanted = [expected({ rule: 'cap' }), expected({ target: 'a-*' }), expected({ target: 'a-1*' })];
    const found = compareActions(wanted, [seen('b', { rule: 'watch' }), seen('a-1'), seen('a-2'), seen('c')]);
    expect(found.missing).toEqual([]);
    expect(targets(found.unexpected)).toEqual(['b']);
    const fewer = compareActions(wanted, [
      seen('c', { rule: 'watch' }),
      seen('a-1'),
      seen('b', { rule: 'watch' }),
    ]);
    expect(fewer.missing).toEqual([
      { expected: wanted[0], count: 1 },
      { expected: wanted[1], count: 1 },
    ]);
    expect(targets(fewer.unexpected)).toEqual(['c', 'b']);
  });

  it('lets the expectation that says most choose first', () => {
    const wanted = [expected({ rule: 'cap' }), expected({ target: 'a-*' }), expected({ target: 'a-1' })];
    const found = compareActions(wanted, [seen('a-1'), seen('a-2'), seen('b')]);
    expect([found.missing, found.unexpected]).toEqual([[], []]);
  });

  it('never takes a withheld action for one that is carried out', () => {
    const withheld = seen('a-1', { withheld: 'protected-number' });
    expect(compareActions([expected({ target: 'a-1' })], [withheld]).missing).toHaveLength(1);
    expect(compareActions([expected({ withheld: true })], [seen('a-1')]).missing).toHaveLength(1);
    expect(compareActions([expected({ withheld: 'number-unknown' })], [withheld]).missing).toHaveLength(1);
    expect(compareActions([expected({ withheld: 'protected-number' })], [withheld]).missing).toEqual([]);
    expect(compareActions([expected({ withheld: true })], [withheld]).missing).toEqual([]);
  });

  it('allows withheld actions that it does not speak of', () => {
    expect(compareActions([], [seen('a-1', { withheld: 'protected-number' })]).unexpected).toEqual([]);
  });

  it('is met wherever an assignment exists, and else by as much as any assignment meets', () => {
    const someAction = fc
      .record({
        target: fc.constantFrom('a-9', 'a-10', 'b'),
        rule: fc.constantFrom('cap', 'watch'),
        action: fc.constantFrom('alert' as const, 'disconnectCall' as const),
        subject: fc.constantFrom('account:10', 'account:11'),
        withheld: fc.constantFrom(undefined, undefined, 'protected-number' as const),
      })
      .map(({ target, ...over }) => seen(target, over));
    const someExpectation = fc
      .record({
        target: fc.constantFrom(undefined, undefined, 'a-*', 'a-1*', 'b'),
        rule: fc.constantFrom(undefined, 'cap', 'watch'),
        action: fc.constantFrom(undefined, 'alert' as const, 'disconnectCall' as const),
        subject: fc.constantFrom(undefined, 'account:10', 'account:11'),
        withheld: fc.constantFrom(undefined, undefined, true as const),
        count: fc.integer({ min: 1, max: 3 }),
      })
      .map(expected);
    const wanted = fc.array(someExpectation, { maxLength: 4 });
    const actions = fc.array(someAction, { maxLength: 6 });
    fc.assert(
      fc.property(wanted, actions, (expectations, found) => {
        const { matched, missing, unexpected } = compareActions(expectations, found);
        expect(matched.length).toBe(mostThatCanBeShared(expectations, found));
        expect(missing.length + unexpected.length === 0).toBe(canBeSharedOut(expectations, found));
      }),
      { numRuns: 500 },
    );
  });

  it('is met by what it was made from: each action, of which an entry leaves out what it does not say', () => {
    const someEntry = fc.record({
      action: fc.record({
        target: fc.constantFrom('a-9', 'a-10', 'a-11', 'b'),
        rule: fc.constantFrom('cap', 'watch', 'third'),
        action: fc.constantFrom('alert' as const, 'disconnectCall' as const, 'disconnectAccount' as const),
        subject: fc.constantFrom('account:10', 'account:11', 'account:12'),
      }),
      says: fc.record({ rule: fc.boolean(), action: fc.boolean(), subject: fc.boolean() }),
      letters: fc.constantFrom(undefined, 0, 1, 3),
    });
    const entries = fc.array(someEntry, { maxLength: 8 }).chain((made) =>
      fc.record({
        made: fc.constant(made),
        order: fc.shuffledSubarray([...made.keys()], { minLength: made.length }),
      }),
    );
    fc.assert(
      fc.property(entries, ({ made, order }) => {
        const actions = made.map(({ action: { target, ...over } }) => seen(target, over));
        const wanted = order.flatMap((index) => {
          const { action, says, letters } = made[index] ?? { action: undefined };
          if (action === undefined) return [];
          return [
            expected({
              rule: says.rule ? action.rule : undefined,
              action: says.action ? action.action : undefined,
              subject: says.subject ? action.subject : undefined,
              target: letters === undefined ? undefined : `${action.target.slice(0, letters)}*`,
            }),
          ];
        });
        const { missing, unexpected } = compareActions(wanted, actions);
        expect([missing, unexpected]).toEqual([[], []]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('accounts for every action exactly once', () => {
    const someAction = fc
      .record({ target: fc.constantFrom('a-1', 'a-2', 'b'), rule: fc.constantFrom('cap', 'watch') })
      .map(({ target, rule }) => seen(target, { rule }));
    const someExpectation = fc
      .record({
        target: fc.constantFrom(undefined, 'a-*', 'a-1', 'b'),
        rule: fc.constantFrom(undefined, 'cap'),
        count: fc.integer({ min: 1, max: 3 }),
      })
      .map(expected);
    fc.assert(
      fc.property(fc.array(someExpectation), fc.array(someAction), (wanted, actions) => {
        const { matched, missing, unexpected } = compareActions(wanted, actions);
        expect(new Set([...matched, ...unexpected])).toEqual(new Set(actions));
        expect(matched.length + unexpected.length).toBe(actions.length);
        const asked = wanted.reduce((sum, { count }) => sum + count, 0);
        const missed = missing.reduce((sum, { count }) => sum + count, 0);
        expect(matched.length + missed).toBe(asked);
      }),
    );
  });
});

/** By trying every way to give each action to one of the expectations that it meets, or to none. */
function everySharing(
  expectations: readonly ExpectedAction[],
  [action, ...others]: readonly SeenAction[],
): { shared: number; open: number; leftOver: number }[] {
  const open = expectations.reduce((sum, { count }) => sum + count, 0);
  if (action === undefined) return [{ shared: 0, open, leftOver: 0 }];
  const unused = action.withheld === undefined ? 1 : 0;
  const without = everySharing(expectations, others).map((one) => ({
    ...one,
    leftOver: one.leftOver + unused,
  }));
  const withOne = expectations.flatMap((expectation, index) => {
    if (expectation.count === 0 || !meets(action, expectation)) return [];
    const left = expectations.with(index, { ...expectation, count: expectation.count - 1 });
    return everySharing(left, others).map((one) => ({ ...one, shared: one.shared + 1 }));
  });
  return [...without, ...withOne];
}

function mostThatCanBeShared(
  expectations: readonly ExpectedAction[],
  actions: readonly SeenAction[],
): number {
  return Math.max(...everySharing(expectations, actions).map(({ shared }) => shared));
}

function canBeSharedOut(expectations: readonly ExpectedAction[], actions: readonly SeenAction[]): boolean {
  return everySharing(expectations, actions).some(({ open, leftOver }) => open + leftOver === 0);
}

describe('a poll that is not listed', () => {
  const cut = seen('a-1');
  const alert = seen('10', { action: 'alert' });
  const withheld = seen('a-2', { withheld: 'protected-number' });

  it('must contain no disconnect, while alerts and what was withheld are tolerated', () => {
    expect(differenceAt(undefined, [cut, alert, withheld], false).unexpected).toEqual([cut]);
  });

  it('must contain no alert either where the case is strict', () => {
    expect(differenceAt(undefined, [alert, withheld], true).unexpected).toEqual([alert]);
  });

  it('is also one whose expectation speaks of verdicts only', () => {
    const expectation = { location: LOCATION, actions: undefined, violated: [], clear: [] };
    expect(differenceAt(expectation, [cut, alert], false).unexpected).toEqual([cut]);
  });
});
