import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';

import { createCallIndex } from '../../src/facts/call-index.js';
import { createKeptCalls, type KeptCall } from '../../src/facts/kept-calls.js';
import { NUMBERING } from '../support/backtest.js';
import { aCall, aSnapshot } from '../support/calls.js';

const SCOPES = ['account', 'customer', 'connection', 'cli', 'switch'] as const;
const TREE = new Map([
  [2, 1],
  [3, 2],
]);

/** As a rule sees it that excepts customer 2. */
const WITHOUT_TWO = new Map([[3, 1]]);

const anyCall = fc.record({
  account: fc.constantFrom(1, 2, undefined),
  customer: fc.constantFrom(1, 2, 3, undefined),
  connection: fc.constantFrom(7, 8),
  cliNumber: fc.constantFrom('442079460001', '442079460002', undefined),
  state: fc.constantFrom('Idle', 'Connected', 'Connected', 'Dead', 'Odd'),
});

/** At each step: calls that come, and positions of those that go or become connected. */
const anySteps = fc.array(
  fc.record({
    come: fc.array(anyCall, { maxLength: 8 }),
    go: fc.array(fc.nat(20), { maxLength: 6 }),
    answer: fc.array(fc.nat(8), { maxLength: 2 }),
    forget: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

const FILTERS: Readonly<Record<string, (call: Call) => boolean | 'unknown'>> = {
  all: () => true,
  one: ({ account }) => (account === undefined ? 'unknown' : account === 1),
};

it('groups the calls as an index that is made anew does, whatever comes, goes and is answered', () => {
  fc.assert(
    fc.property(anySteps, fc.constantFrom('all', 'one'), fc.boolean(), (steps, name, narrows) => {
      const admits = FILTERS[name] ?? (() => true);
      const rule = { admits };
      const kept = createKeptCalls('lab');
      let live: { call: Call; vendors: readonly number[] }[] = [];
      let count = 0;
      for (const { come, go, answer, forget } of steps) {
        const left: KeptCall[] = live.filter((_, index) => go.includes(index));
        live = live.filter((one) => !left.includes(one));
        const answered = live.filter((_, index) => answer.includes(index));
        for (const one of answered) one.call = { ...one.call, state: 'Connected' };
        const fresh = come.map((fields) => {
          count += 1;
          return { call: aCall({ ...fields, id: String(count) }), vendors: [] };
        });
        live.push(...fresh);
        kept.step([...answered, ...fresh], left);
        if (forget) kept.forgetTrees();
        // Some calls are away for a while, because another rule has planned to cut them.
        const sees = (call: Call) => (narrows && call.connection === 8 ? false : admits(call));
        const calls = live.map(({ call }) => call);
        const anew = createCallIndex(aSnapshot(calls, { switch: 'lab' }), NUMBERING, sees);
        const isAll = name === 'all';
        const index = kept.index(isAll && !narrows ? undefined : sees, isAll ? undefined : rule);
        for (const scope of SCOPES) expect(told(index.groups(scope))).toEqual(told(anew.groups(scope)));
        // A new index knows one tree, a kept one those of all rules.
        for (const tree of [TREE, WITHOUT_TWO]) {
          const other = createCallIndex(aSnapshot(calls, { switch: 'lab' }), NUMBERING, sees);
          const trees = [index, other].map((one) => told(one.customersWithDescendants(tree)));
          expect(trees[0]).toEqual(trees[1]);
        }
        expect([...index.calls().keys()].sort()).toEqual([...anew.calls().keys()].sort());
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

function told(groups: ReturnType<ReturnType<typeof createCallIndex>['groups']>) {
  return Object.fromEntries(
    Array.from(groups.keys(), (id) => {
      const group = groups.get(id);
      return [id, [group?.calls, group?.doubtful]];
    }),
  );
}
