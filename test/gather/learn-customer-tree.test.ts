import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { CallwardenError } from '../../src/domain/errors.js';
import type { ListFilter, Listing } from '../../src/domain/snapshot.js';
import { createLearnedCustomerTree } from '../../src/gather/learn-customer-tree.js';
import { aCall, NOW } from '../support/calls.js';

const never = new AbortController().signal;
const MINUTE = 60_000;

/** A switch in trusted mode whose customers stand in this tree, child: parent; 1 is the root. */
function trusted(parents: ReadonlyMap<number, number>) {
  const asked: (number | undefined)[] = [];
  const failing = { on: false };
  const gone = new Set<number | undefined>();
  const isUnder = (customer: number, viewer: number): boolean => {
    if (customer === viewer) return true;
    const parent = parents.get(customer);
    return parent === undefined ? viewer === 1 : isUnder(parent, viewer);
  };
  let calls: Call[] = [];
  return {
    asked,
    failing,
    gone,
    list: (...customers: number[]) => {
      calls = customers.map((customer, index) => aCall({ id: String(index), customer }));
      return calls;
    },
    port: {
      async listAllCalls({ customer }: ListFilter): Promise<Listing> {
        asked.push(customer);
        if (gone.has(customer)) {
          throw new CallwardenError('SWITCH_FAULT', 'no such customer.', { hint: 'Look.' });
        }
        if (failing.on) throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
        return {
          calls: calls.filter((call) => isUnder(call.customer ?? 1, customer ?? 1)),
          suspects: [],
          unreadableFields: {},
          timing: { requestedAt: NOW, receivedAt: NOW, serverDate: NOW },
        };
      },
    },
  };
}

describe('the learned customer tree', () => {
  it('says who is below whom, nearest first, with the trusted customer above all', async () => {
    const it = trusted(
      new Map([
        [2, 1],
        [3, 2],
        [4, 3],
        [5, 1],
      ]),
    );
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    const { tree } = await learned.refresh(it.list(1, 2, 3, 4, 5), NOW, never);
    expect(new Map(tree)).toEqual(
      new Map([
        [2, 1],
        [3, 2],
        [4, 3],
        [5, 1],
      ]),
    );
    expect(it.asked.sort()).toEqual([2, 3, 4, 5]);
  });

  it('finds every known ancestor of every listed customer, whatever the tree', async () => {
    const parents = fc
      .array(fc.nat(), { minLength: 1, maxLength: 8 })
      .map((picks) => new Map(picks.map((pick, index) => [index + 2, 1 + (pick % (index + 1))])));
    await fc.assert(
      fc.asyncProperty(parents, fc.array(fc.nat(), { maxLength: 8 }), async (tree, picks) => {
        const listed = [...new Set(picks.map((pick) => 1 + (pick % (tree.size + 1))))];
        const it = trusted(tree);
        const learned = await createLearnedCustomerTree(it.port, 1, new Map()).refresh(
          it.list(...listed),
          NOW,
          never,
        );
        const chain = (of: ReadonlyMap<number, number>, customer: number): number[] => {
          const parent = of.get(customer);
          return parent === undefined ? [] : [parent, ...chain(of, parent)];
        };
        for (const customer of listed) {
          // Who has no call now cannot be learned of, and stands in no chain but the root's.
          const known = chain(tree, customer).filter((one) => one === 1 || listed.includes(one));
          expect(chain(learned.tree, customer)).toEqual(known);
        }
      }),
    );
  });

  it('lets the config win over what it learns', async () => {
    const it = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const learned = createLearnedCustomerTree(it.port, 1, new Map([[3, 1]]));
    expect((await learned.refresh(it.list(2, 3), NOW, never)).tree.get(3)).toBe(1);
  });

  it('asks again only for customers that it does not know, at most once a minute, and after an hour', async () => {
    const it = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    const refresh = async (at: number, ...customers: number[]) => {
      it.asked.length = 0;
      const { tree } = await learned.refresh(it.list(...customers), at, never);
      return { tree, asked: it.asked.length };
    };
    const first = await refresh(NOW, 2);
    expect(first.asked).toBe(1);
    expect((await refresh(NOW + 30_000, 2, 3)).asked).toBe(0);
    const second = await refresh(NOW + MINUTE, 2, 3);
    expect(second).toMatchObject({ asked: 2 });
    expect(second.tree.get(3)).toBe(2);
    const third = await refresh(NOW + 10 * MINUTE, 3);
    expect(third.asked).toBe(0);
    // The very same object, so that nothing that was counted by it has to be counted anew.
    expect(third.tree).toBe(second.tree);
    expect((await refresh(NOW + 61 * MINUTE, 2, 3)).asked).toBe(2);
  });

  it('does not forget who is above a customer because that one has no call right now', async () => {
    const it = trusted(
      new Map([
        [2, 1],
        [3, 2],
        [5, 1],
      ]),
    );
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    await learned.refresh(it.list(2, 3), NOW, never);
    const { tree } = await learned.refresh(it.list(3, 5), NOW + 2 * MINUTE, never);
    expect(tree.get(3)).toBe(2);
  });

  it('lets go of a former parent that has no call itself', async () => {
    const parents = new Map([
      [2, 5],
      [3, 2],
      [4, 1],
      [5, 1],
    ]);
    const it = trusted(parents);
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    expect((await learned.refresh(it.list(2, 3, 4, 5), NOW, never)).tree.get(3)).toBe(2);
    parents.set(3, 4);
    const { tree } = await learned.refresh(it.list(3, 4), NOW + 61 * MINUTE, never);
    expect(tree.get(3)).toBe(4);
    expect(tree.get(2)).toBe(5);
  });

  it('corrects a reseller without calls that was moved, by the calls of those below it', async () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
    const it = trusted(parents);
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    expect((await learned.refresh(it.list(2, 3, 4), NOW, never)).tree.get(3)).toBe(2);
    parents.set(3, 1);
    const { tree } = await learned.refresh(it.list(2, 4), NOW + 61 * MINUTE, never);
    expect([tree.get(3), tree.get(4)]).toEqual([1, 3]);
  });

  it('is not kept from learning by a former parent that is no more', async () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
    ]);
    const it = trusted(parents);
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    await learned.refresh(it.list(2, 3), NOW, never);
    parents.set(3, 1);
    it.gone.add(2);
    const { tree, note } = await learned.refresh(it.list(3), NOW + 61 * MINUTE, never);
    expect(note).toBeUndefined();
    expect(tree.get(3)).toBe(1);
  });

  it('keeps what it knew where a listing fails, and says so', async () => {
    const it = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const learned = createLearnedCustomerTree(it.port, 1, new Map());
    const { tree } = await learned.refresh(it.list(2, 3), NOW, never);
    it.failing.on = true;
    const failed = await learned.refresh(it.list(2, 3, 4), NOW + 2 * MINUTE, never);
    expect(failed.tree).toBe(tree);
    expect(failed.note).toContain('SWITCH_TIMEOUT');
  });
});
