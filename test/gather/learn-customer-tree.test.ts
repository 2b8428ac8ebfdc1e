import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { protectedRelation } from '../../src/domain/customer-tree.js';
import { CallwardenError } from '../../src/domain/errors.js';
import type { ListFilter, Listing } from '../../src/domain/snapshot.js';
import { createLearnedCustomerTree, type LearnedCustomers } from '../../src/gather/learn-customer-tree.js';
import { aCall, NOW } from '../support/calls.js';

const never = new AbortController().signal;
const MINUTE = 60_000;
const ROOT = 1;

/** A switch in trusted mode whose customers stand in this tree, child: parent; 1 is the root. */
function trusted(parents: ReadonlyMap<number, number>) {
  const asked: (number | undefined)[] = [];
  const failing = new Set<number | undefined>();
  const gone = new Set<number | undefined>();
  /** Customers of which these listings lack every call. */
  const lacking = new Map<number, ReadonlySet<number>>();
  const isUnder = (customer: number, viewer: number): boolean => {
    if (customer === viewer) return true;
    const parent = parents.get(customer);
    return parent === undefined ? viewer === ROOT : isUnder(parent, viewer);
  };
  let calls: Call[] = [];
  const meanwhile = { run: (_customer: number | undefined): void => undefined };
  return {
    asked,
    failing,
    gone,
    lacking,
    meanwhile,
    isUnder,
    list: (...customers: number[]) => {
      calls = customers.map((customer) => aCall({ id: String(customer), customer }));
      return calls;
    },
    port: {
      async listAllCalls({ customer }: ListFilter): Promise<Listing> {
        asked.push(customer);
        if (gone.has(customer))
          throw new CallwardenError('SWITCH_FAULT', 'no such customer.', { hint: 'Look.' });
        if (failing.has(customer))
          throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
        const shown = calls.filter((call) => {
          const owner = call.customer ?? ROOT;
          return isUnder(owner, customer ?? ROOT) && lacking.get(customer ?? ROOT)?.has(owner) !== true;
        });
        meanwhile.run(customer);
        return {
          calls: shown,
          suspects: [],
          unreadableFields: {},
          timing: { requestedAt: NOW, receivedAt: NOW, serverDate: NOW },
        };
      },
    },
  };
}

/** Asks for everybody, as where a rule counts subcustomers. */
function learner(
  { port, list, asked }: ReturnType<typeof trusted>,
  {
    stated = new Map<number, number>(),
    named = [],
    guarded = [],
  }: { stated?: Map<number, number>; named?: number[] | undefined; guarded?: number[] } = {},
) {
  const tree = createLearnedCustomerTree({ root: ROOT, stated });
  return {
    tree,
    async refresh(at: number, ...customers: number[]): Promise<LearnedCustomers & { asked: number[] }> {
      asked.length = 0;
      const known = await tree.refresh(list(...customers), at, {
        protected: guarded,
        named,
        port,
        signal: never,
      });
      return { ...known, asked: asked.filter((one) => one !== undefined).sort() };
    },
  };
}

function chain(of: ReadonlyMap<number, number>, customer: number): number[] {
  const parent = of.get(customer);
  return parent === undefined ? [] : [parent, ...chain(of, parent)];
}

const someTree = fc
  .array(fc.nat(), { minLength: 1, maxLength: 8 })
  .map((picks) => new Map(picks.map((pick, index) => [index + 2, 1 + (pick % (index + 1))])));

describe('the learned customer tree', () => {
  it('says who is below whom, nearest first, with the trusted customer above all', async () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 1],
    ]);
    const { refresh } = learner(trusted(parents));
    const { customers, asked, note } = await refresh(NOW, 1, 2, 3, 4, 5);
    expect(new Map(customers.tree)).toEqual(parents);
    expect([2, 3, 4, 5].every((one) => customers.isPlaced(one) && customers.isAnswered(one))).toBe(true);
    expect(asked).toEqual([2, 3, 4, 5]);
    expect(note).toBeUndefined();
  });

  it('finds every ancestor that has calls or is named, whatever the tree', async () => {
    const picked = fc.array(fc.nat(), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(someTree, picked, picked, async (tree, picks, naming) => {
        const among = (numbers: readonly number[]) => [
          ...new Set(numbers.map((pick) => 1 + (pick % (tree.size + 1)))),
        ];
        const listed = among(picks);
        const named = among(naming);
        const { refresh } = learner(trusted(tree), { named });
        const { customers } = await refresh(NOW, ...listed);
        for (const customer of listed) {
          // Who has no call and is not named cannot be learned of, and stands in no chain but the root's.
          const known = chain(tree, customer).filter(
            (one) => one === ROOT || listed.includes(one) || named.includes(one),
          );
          expect(new Set(chain(customers.tree, customer))).toEqual(new Set(known));
          expect(customers.isPlaced(customer)).toBe(true);
        }
      }),
    );
  });

  it('lets the config win over what it learns, and protects by both', async () => {
    const { refresh } = learner(
      trusted(
        new Map([
          [2, 1],
          [3, 2],
        ]),
      ),
      { stated: new Map([[3, 1]]) },
    );
    const { customers } = await refresh(NOW, 2, 3);
    expect(customers.tree.get(3)).toBe(1);
    expect(protectedRelation(customers, 2, 3)).toBe('inside');
  });

  it('asks again only for what it does not know, at most once a minute, and after an hour', async () => {
    const { refresh } = learner(
      trusted(
        new Map([
          [2, 1],
          [3, 2],
        ]),
      ),
    );
    expect((await refresh(NOW, 2)).asked).toEqual([2]);
    const meanwhile = await refresh(NOW + 30_000, 2, 3);
    expect(meanwhile.asked).toEqual([3]);
    // Whether it stands below 2 is not known before 2 is asked again.
    expect(meanwhile.customers.isPlaced(3)).toBe(false);
    const second = await refresh(NOW + MINUTE, 2, 3);
    expect(second.asked).toEqual([2]);
    expect(second.customers.tree.get(3)).toBe(2);
    expect(second.customers.isPlaced(3)).toBe(true);
    const third = await refresh(NOW + 10 * MINUTE, 3);
    expect(third.asked).toEqual([]);
    // The very same object, so that nothing that was counted by it has to be counted anew.
    expect(third.customers).toBe(second.customers);
    expect((await refresh(NOW + 62 * MINUTE, 2, 3)).asked).toEqual([2, 3]);
  });

  it('does not forget who is above a customer because that one has no call right now', async () => {
    const { refresh } = learner(
      trusted(
        new Map([
          [2, 1],
          [3, 2],
          [5, 1],
        ]),
      ),
    );
    await refresh(NOW, 2, 3);
    expect((await refresh(NOW + 2 * MINUTE, 3, 5)).customers.tree.get(3)).toBe(2);
  });

  it('moves nobody because one answer lacks somebody, and does at the second', async () => {
    const lab = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const { refresh } = learner(lab);
    await refresh(NOW, 2, 3);
    lab.lacking.set(2, new Set([3]));
    expect((await refresh(NOW + 61 * MINUTE, 2, 3)).customers.tree.get(3)).toBe(2);
    const asked = await refresh(NOW + 62 * MINUTE, 2, 3);
    expect(asked.asked).toEqual([2]);
    expect(asked.customers.tree.get(3)).toBe(1);
    lab.lacking.clear();
    expect((await refresh(NOW + 123 * MINUTE, 2, 3)).customers.tree.get(3)).toBe(2);
  });

  it('lets go of a former parent that has no call itself', async () => {
    const parents = new Map([
      [2, 5],
      [3, 2],
      [4, 1],
      [5, 1],
    ]);
    const { refresh } = learner(trusted(parents));
    expect((await refresh(NOW, 2, 3, 4, 5)).customers.tree.get(3)).toBe(2);
    parents.set(3, 4);
    const first = await refresh(NOW + 61 * MINUTE, 3, 4);
    expect(first.customers.isPlaced(3)).toBe(false);
    const { customers } = await refresh(NOW + 62 * MINUTE, 3, 4);
    expect(customers.tree.get(3)).toBe(4);
    expect(customers.tree.get(2)).toBe(5);
    expect(customers.isPlaced(3)).toBe(true);
  });

  it('takes a former parent that is no more for one with nobody below it', async () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
    ]);
    const lab = trusted(parents);
    const { refresh } = learner(lab);
    await refresh(NOW, 2, 3);
    parents.set(3, 1);
    lab.gone.add(2);
    expect((await refresh(NOW + 61 * MINUTE, 3)).note).toBeUndefined();
    expect((await refresh(NOW + 62 * MINUTE, 3)).customers.tree.get(3)).toBe(1);
  });

  it('learns from the others where one listing fails, and names it', async () => {
    const lab = trusted(
      new Map([
        [2, 1],
        [3, 2],
        [4, 1],
      ]),
    );
    lab.failing.add(4);
    const { customers, note } = await learner(lab).refresh(NOW, 2, 3, 4);
    expect(customers.tree.get(3)).toBe(2);
    expect(customers.isPlaced(3) && customers.isAnswered(2)).toBe(true);
    expect(customers.isAnswered(4)).toBe(false);
    expect(note).toMatch(/^the listing of customer 4 failed, .*SWITCH_TIMEOUT/);
  });

  it('keeps what it knew where all listings fail, for two hours', async () => {
    const lab = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const { refresh } = learner(lab);
    await refresh(NOW, 2, 3);
    for (const one of [2, 3, undefined]) lab.failing.add(one);
    const later = await refresh(NOW + 61 * MINUTE, 2, 3);
    expect([later.customers.tree.get(3), later.customers.isAnswered(2)]).toEqual([2, true]);
    const muchLater = await refresh(NOW + 122 * MINUTE, 2, 3);
    expect([muchLater.customers.tree.get(3), muchLater.customers.isAnswered(2)]).toEqual([2, false]);
  });

  it('asks only for protected customers where nothing else depends on it', async () => {
    const lab = trusted(
      new Map([
        [2, 1],
        [3, 2],
        [4, 1],
      ]),
    );
    const tree = createLearnedCustomerTree({ root: ROOT, stated: new Map() });
    const { customers } = await tree.refresh(lab.list(3, 4), NOW, {
      protected: [2],
      named: undefined,
      port: lab.port,
      signal: never,
    });
    expect(lab.asked).toEqual([2, undefined]);
    expect(protectedRelation(customers, 2, 3)).toBe('inside');
    expect(protectedRelation(customers, 2, 4)).toBe('outside');
    expect(protectedRelation(customers, 2, 5)).toBe('unknown');
  });

  it('holds nobody for outside whose calls may have begun after the listing', async () => {
    const lab = trusted(
      new Map([
        [2, 1],
        [3, 2],
      ]),
    );
    const { refresh } = learner(lab, { guarded: [2] });
    // The only call of 3 ends before 2 is listed; another begins when it was.
    lab.meanwhile.run = (customer) => {
      if (customer !== 2) return;
      lab.list(2, 3);
      lab.meanwhile.run = () => undefined;
    };
    const before = [aCall({ id: '2', customer: 2 }), aCall({ id: 'gone', customer: 3 })];
    lab.list(2);
    const known = await learner(lab, { guarded: [2] }).tree.refresh(before, NOW, {
      protected: [2],
      named: undefined,
      port: lab.port,
      signal: never,
    });
    expect(protectedRelation(known.customers, 2, 3)).toBe('unknown');
    expect((await refresh(NOW + MINUTE, 2, 3)).customers.tree.get(3)).toBe(2);
  });

  it('goes on with the next pass where the switch is too slow for one', async () => {
    const parents = new Map([2, 3, 4, 5, 6, 7].map((one) => [one, 1]));
    const lab = trusted(parents);
    const tree = createLearnedCustomerTree({ root: ROOT, stated: new Map(), concurrency: 1 });
    const slow = new AbortController();
    lab.meanwhile.run = (customer) => {
      if (customer === 4) slow.abort();
    };
    const options = { protected: [], named: [], port: lab.port, signal: slow.signal };
    const first = await tree.refresh(lab.list(2, 3, 4, 5, 6, 7), NOW, options);
    expect(lab.asked).toEqual([2, 3, 4]);
    expect(first.note).toBe(
      'the switch answers too slowly to list 3 more customers for who is below them: the next pass goes on',
    );
    expect(first.customers.isPlaced(5)).toBe(false);
    lab.asked.length = 0;
    const second = await tree.refresh(lab.list(2, 3, 4, 5, 6, 7), NOW + 5000, { ...options, signal: never });
    expect(lab.asked).toEqual([5, 6, 7, undefined]);
    expect([2, 3, 4, 5, 6, 7].every((one) => second.customers.isPlaced(one))).toBe(true);
  });

  it('believes neither of two that are each listed below the other', async () => {
    const lab = trusted(new Map());
    // A switch that gives everybody everything.
    const port = { listAllCalls: () => lab.port.listAllCalls({}) };
    const tree = createLearnedCustomerTree({ root: ROOT, stated: new Map() });
    const { customers } = await tree.refresh(lab.list(2, 3), NOW, {
      protected: [],
      named: [],
      port,
      signal: never,
    });
    expect([customers.tree.get(2), customers.tree.get(3)]).toEqual([1, 1]);
    expect([customers.isPlaced(2), customers.isAnswered(2)]).toEqual([false, false]);
  });

  it('goes on from what was kept before the process began', async () => {
    const parents = new Map([
      [2, 1],
      [3, 2],
      [4, 1],
    ]);
    const lab = trusted(parents);
    const { customers, learned } = await learner(lab).refresh(NOW, 2, 3, 4);
    const { tree, refresh } = learner(lab);
    tree.restore(learned.map((one) => ({ ...one, learnedAt: NOW })));
    for (const one of [2, 3, 4, undefined]) lab.failing.add(one);
    const known = await refresh(NOW + 5000, 3, 4);
    expect(known.learned).toEqual(learned);
    expect(new Map(known.customers.tree)).toEqual(new Map(customers.tree));
    expect(known.asked).toEqual([]);
  });

  it('asks anew for what was kept while the clock was ahead', async () => {
    const lab = trusted(new Map([[3, 2]]));
    const { learned } = await learner(lab, { guarded: [2] }).refresh(NOW, 2, 3, 4);
    const { tree, refresh } = learner(lab, { guarded: [2] });
    tree.restore(learned.map((one) => ({ ...one, learnedAt: NOW + 30 * 24 * 60 * MINUTE })));
    expect((await refresh(NOW + MINUTE, 2, 3, 4)).asked).toContain(2);
  });

  it('asks for all in turn where the switch is too slow for them and somebody new comes at every pass', async () => {
    const lab = trusted(new Map());
    const customers = Array.from({ length: 30 }, (_, index) => 2 + index);
    let ending = new AbortController();
    let left = 0;
    lab.meanwhile.run = (customer) => {
      if (customer === undefined) return;
      left -= 1;
      if (left === 0) ending.abort();
    };
    const tree = createLearnedCustomerTree({ root: ROOT, stated: new Map(), concurrency: 1 });
    let known: LearnedCustomers | undefined;
    for (let pass = 0; pass < 12; pass += 1) {
      [ending, left] = [new AbortController(), 5];
      known = await tree.refresh(lab.list(...customers, 1_000 + pass), NOW + pass * 15_000, {
        port: lab.port,
        protected: [],
        named: [],
        signal: ending.signal,
      });
    }
    expect(customers.filter((one) => known?.customers.isAnswered(one) !== true)).toEqual([]);
  });

  it('takes in a thousand customers with ten thousand calls, and reckons nothing anew where nothing is new', async () => {
    const calls = Array.from({ length: 10_000 }, (_, index) =>
      aCall({ id: String(index), customer: 2 + (index % 1_000) }),
    );
    const byCustomer = new Map<number | undefined, Call[]>();
    for (const call of calls) byCustomer.set(call.customer, [...(byCustomer.get(call.customer) ?? []), call]);
    const port = {
      async listAllCalls({ customer }: ListFilter): Promise<Listing> {
        return {
          calls: customer === undefined ? calls : (byCustomer.get(customer) ?? []),
          suspects: [],
          unreadableFields: {},
          timing: { requestedAt: NOW, receivedAt: NOW, serverDate: NOW },
        };
      },
    };
    const tree = createLearnedCustomerTree({ root: ROOT, stated: new Map() });
    const options = { port, protected: [2], named: [], signal: never };
    const first = await tree.refresh(calls, NOW, options);
    expect(first.learned).toHaveLength(1_000);
    expect(first.learned.every(({ placed, answered }) => placed && answered)).toBe(true);
    for (let pass = 1; pass <= 5; pass += 1)
      expect((await tree.refresh(calls, NOW + pass * 5_000, options)).learned).toBe(first.learned);
  }, 60_000);

  it('never says outside of a descendant of a protected customer, whatever fails and whoever comes and goes', async () => {
    const events = fc.array(
      fc.record({
        listed: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
        during: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
        fails: fc.array(fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }), { maxLength: 3 }),
        afterMs: fc.constantFrom(5_000, MINUTE, 61 * MINUTE, 130 * MINUTE),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const guarded = fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 1, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(someTree, guarded, events, fc.boolean(), async (tree, protect, passes, all) => {
        const lab = trusted(tree);
        const known = createLearnedCustomerTree({ root: ROOT, stated: new Map() });
        let now = NOW;
        let serial = 0;
        const live = new Map<number, string>();
        // A call that is there from one listing to the next is the same one; a later call of the same customer is another.
        const list = (customers: readonly number[]) => {
          for (const one of live.keys()) if (!customers.includes(one)) live.delete(one);
          for (const one of customers) if (!live.has(one)) live.set(one, `call-${serial++}`);
          return lab
            .list(...live.keys())
            .map((call) => Object.assign(call, { callId: live.get(call.customer ?? 0) }));
        };
        for (const { listed, during, fails, afterMs } of passes) {
          now += afterMs;
          lab.failing.clear();
          for (const one of fails) lab.failing.add(one);
          const calls = list(listed);
          // Calls end and begin between the listing and those of the customers.
          list(during);
          const options = { protected: protect, named: all ? [] : undefined, port: lab.port, signal: never };
          const { customers } = await known.refresh(calls, now, options);
          for (let customer = 2; customer <= 9; customer += 1) {
            for (const target of protect) {
              if (tree.has(customer) && tree.has(target) && lab.isUnder(customer, target))
                expect([customer, protectedRelation(customers, target, customer)]).not.toEqual([
                  customer,
                  customer === target ? 'unknown' : 'outside',
                ]);
            }
          }
        }
      }),
    );
  });
});
