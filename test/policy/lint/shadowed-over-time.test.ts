import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stageCase } from '../../../src/cli/case-decider.js';
import type { Rule } from '../../../src/domain/rule.js';
import { KNOWN, theCase } from '../../rule-tests/support.js';
import { aRule } from '../../support/calls.js';
import { all, aRuleSet, leaf, messages, total } from './support.js';

/** `for` and windows tell only over several polls, so here the rules are played on a switch as in cases of rules. */
async function takenByLastOverTime(rules: readonly Rule[], calls: readonly object[]): Promise<number> {
  const written = { every: '5s', until: '60s', history: '30m', calls };
  const testCase = theCase(JSON.stringify(written), { ...KNOWN, rules });
  const { world, decider } = stageCase(testCase, aRuleSet({ rules }));
  let taken = 0;
  for (const { at } of testCase.polls) {
    const { actions } = await decider.poll(world.snapshotAt(at));
    const done = actions.filter(({ withhold, weight }) => withhold === undefined && weight > 0);
    decider.done(done, at);
    for (const { call } of done) if (call !== undefined) world.end(call);
    taken += done.filter(({ rule }) => rule === 'rule-1').length;
  }
  return taken;
}

const seconds = (least: number, most: number) =>
  fc.integer({ min: least, max: most }).map((count) => count * 5);
const traffic = fc.array(
  fc.record({
    account: fc.constantFrom(7, 7, 10, undefined),
    cli: fc.constant('4420'),
    cld: fc.constantFrom('4930123', '4930123', '331234', '112', undefined),
    from: seconds(-60, 10),
    lasts: seconds(1, 40),
    answered: fc.constantFrom('1s', undefined),
  }),
  { minLength: 4, maxLength: 16 },
);
const callsOf = (drawn: typeof traffic extends fc.Arbitrary<infer Calls> ? Calls : never) =>
  drawn.map(({ from, lasts, ...call }, index) => ({
    ...call,
    id: `c${index}`,
    from: `${from}s`,
    to: `${from + lasts}s`,
  }));

const counted = fc.oneof(
  fc.record({
    fact: fc.constant('account.callsStarted'),
    within: fc.constantFrom(60, 60, 300),
    to: fc.constantFrom(undefined, undefined, ['+49']),
  }),
  fc.record({ fact: fc.constantFrom('account.totalCalls', 'account.connectedCalls') }),
);
const sketch = fc.record({
  counted,
  operator: fc.constantFrom('greaterThan', 'greaterThan', 'greaterThanInclusive'),
  bound: fc.constantFrom(0, 1, 2, 3),
  forMs: fc.constantFrom(0, 5_000, 10_000, 20_000),
  keep: fc.constantFrom(0, 0, 0, 1),
  except: fc.constantFrom({}, {}, { cld: ['+33'] }),
});
const pair = fc
  .tuple(sketch, sketch, fc.constantFrom(true, true, false))
  .map(([first, second, same]) => [first, same ? { ...second, counted: first.counted } : second]);

it('what is told to be shadowed takes nothing at any of many polls', async () => {
  let told = 0;
  const seen = { windowed: 0, waiting: 0 };
  await fc.assert(
    fc.asyncProperty(pair, fc.array(traffic, { minLength: 3, maxLength: 3 }), async (sketches, worlds) => {
      const rules = sketches.map(
        ({ counted: { fact, ...params }, operator, bound, forMs, keep, except }, index) =>
          aRule({
            name: `rule-${index}`,
            hash: String(index),
            conditions: all(leaf(fact, operator, bound, JSON.parse(JSON.stringify(params)))),
            forMs,
            except,
            event: { keep },
          }),
      );
      if (!messages({ rules }).some((text) => text.includes('Rule "rule-1" finds nothing left'))) return;
      told += 1;
      if (sketches[0]?.counted.fact === 'account.callsStarted') seen.windowed += 1;
      if ((sketches[0]?.forMs ?? 0) > 0) seen.waiting += 1;
      for (const world of worlds) expect(await takenByLastOverTime(rules, callsOf(world))).toBe(0);
    }),
    { numRuns: 700, seed: 20260105 },
  );
  expect(told).toBeGreaterThan(50);
  expect(Math.min(seen.windowed, seen.waiting)).toBeGreaterThan(20);
});

it('shows in the same worlds where it is not told', async () => {
  const rules = [
    aRule({
      name: 'rule-0',
      hash: '0',
      forMs: 20_000,
      conditions: all(total('greaterThan', 0)),
    }),
    aRule({
      name: 'rule-1',
      hash: '1',
      forMs: 10_000,
      conditions: all(total('greaterThan', 1)),
    }),
  ];
  const call = { account: 7, cld: '4930123', from: '0s', to: '50s' };
  expect(
    await takenByLastOverTime(rules, [
      { ...call, id: 'a' },
      { ...call, id: 'b' },
    ]),
  ).toBe(2);
});
