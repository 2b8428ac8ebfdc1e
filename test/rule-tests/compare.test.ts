import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeenAction } from '../../src/rule-tests/case-names.js';
import { compareActions, differenceAt } from '../../src/rule-tests/compare.js';
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
