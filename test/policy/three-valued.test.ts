import fc from 'fast-check';
import { Engine } from 'json-rules-engine';
import { expect, it } from 'vitest';
import type { FactSource, FactValue, Observed } from '../../src/domain/facts.js';
import type { Condition, FactCondition, RuleSet } from '../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { aRule, NOW } from '../support/calls.js';
import { NUMBERING, yieldNow } from './support.js';

const FACTS = ['totalCalls', 'connectedCalls', 'setupCalls', 'longestDuration', 'averageDuration'].map(
  (name) => `account.${name}`,
);
const COMPARISONS = [
  'equal',
  'notEqual',
  'lessThan',
  'lessThanInclusive',
  'greaterThan',
  'greaterThanInclusive',
];

const small = fc.integer({ min: 0, max: 3 });
const fact = fc.constantFrom(...FACTS);
const leaf: fc.Arbitrary<FactCondition> = fc.oneof(
  fc.record({ fact, operator: fc.constantFrom(...COMPARISONS), value: fc.oneof(small, fc.record({ fact })) }),
  fc.record({
    fact,
    operator: fc.constantFrom('in', 'notIn'),
    value: fc.array(small, { minLength: 1, maxLength: 3 }),
  }),
);
const SHARED = 'shared';
const { tree } = fc.letrec<{ tree: Condition; node: Condition }>((tie) => ({
  tree: fc.oneof(
    fc.record({ all: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('node') }),
    fc.constant({ condition: SHARED }),
  ),
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('tree')),
}));

const knownFact: fc.Arbitrary<Observed> = small.map((value) => ({ known: true, value, atLeast: false }));
const anyFact: fc.Arbitrary<Observed> = fc.oneof(
  { weight: 3, arbitrary: knownFact },
  { weight: 1, arbitrary: small.map((value): Observed => ({ known: true, value, atLeast: true })) },
  { weight: 1, arbitrary: fc.constant<Observed>({ known: false, reason: 'unreadable' }) },
);
const factsOf = (one: fc.Arbitrary<Observed>) =>
  fc.tuple(...FACTS.map(() => one)).map((all) => new Map(FACTS.map((name, index) => [name, all[index]!])));
const shared: fc.Arbitrary<Condition> = fc.record({ any: fc.array(leaf, { minLength: 1, maxLength: 2 }) });

type Observations = ReadonlyMap<string, Observed>;

function source(observations: Observations): FactSource {
  return {
    subjects: () => [{ scope: 'account', id: '10' }],
    callsOf: () => [],
    widen: () => undefined,
    observe: (_, name) => observations.get(name)!,
  };
}

async function verdictOf(conditions: Condition, sharedCondition: Condition, observations: Observations) {
  const rule = aRule({ conditions, event: { type: 'alert' } });
  const ruleSet: RuleSet = {
    rules: [rule],
    conditions: new Map([[SHARED, sharedCondition]]),
    lists: new Map(),
    limits: [],
    hash: '',
  };
  const [compiled] = compileRules(ruleSet, {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName: 'lab',
    now: NOW,
  });
  const [verdict] = await compiled!.judge(source(observations), { yieldNow });
  return verdict!;
}

/** Kleene's logic on numbers: false 0, missing 0.5, true 1; all is the least, any the greatest, not the complement. */
function reference(condition: Condition, sharedCondition: Condition, facts: Observations): number {
  const again = (child: Condition) => reference(child, sharedCondition, facts);
  if ('all' in condition) return Math.min(...condition.all.map(again));
  if ('any' in condition) return Math.max(...condition.any.map(again));
  if ('not' in condition) return 1 - again(condition.not);
  if ('condition' in condition) return again(sharedCondition);
  const left = facts.get(condition.fact)!;
  const right = comparedWith(condition.value, facts);
  if (!left.known || right === undefined) return 0.5;
  const holds = compare(left.value, condition.operator, right);
  if (!left.atLeast) return holds ? 1 : 0;
  return condition.operator.startsWith('greaterThan') && holds ? 1 : 0.5;
}

function comparedWith(value: FactCondition['value'], facts: Observations) {
  if (typeof value !== 'object' || !('fact' in value)) return value;
  const observed = facts.get(value.fact)!;
  return observed.known && !observed.atLeast ? observed.value : undefined;
}

function compare(left: FactValue, operator: string, right: FactValue | readonly FactValue[]): boolean {
  switch (operator) {
    case 'equal':
      return left === right;
    case 'notEqual':
      return left !== right;
    case 'lessThan':
      return left < right;
    case 'lessThanInclusive':
      return left <= right;
    case 'greaterThan':
      return left > right;
    case 'greaterThanInclusive':
      return left >= right;
    case 'in':
      return (right as readonly FactValue[]).includes(left);
    default:
      return !(right as readonly FactValue[]).includes(left);
  }
}

it('any conditions on any facts, missing ones included, give the verdict that three-valued logic gives', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(tree, shared, factsOf(anyFact), async (conditions, sharedCondition, observations) => {
      const verdict = await verdictOf(conditions, sharedCondition, observations);
      const expected = { 0: 'clear', 0.5: 'indeterminate', 1: 'violated' }[
        reference(conditions, sharedCondition, observations)
      ];
      expect(verdict.result).toBe(expected);
      seen.add(verdict.result);
      if (verdict.result === 'indeterminate') expect(verdict.missing.length).toBeGreaterThan(0);
      if (verdict.result !== 'clear')
        expect(JSON.parse(JSON.stringify(verdict.evidence))).toEqual(verdict.evidence);
    }),
    { numRuns: 2000, seed: 2026 },
  );
  expect(seen.size).toBe(3);
});

it('where nothing is missing, the verdict is what json-rules-engine itself says of the rule as written', async () => {
  await fc.assert(
    fc.asyncProperty(tree, shared, factsOf(knownFact), async (conditions, sharedCondition, observations) => {
      const engine = new Engine();
      engine.setCondition(SHARED, sharedCondition as never);
      engine.addRule({ conditions: conditions as never, event: { type: 'violated' } });
      const facts = [...observations].map(([name, observed]) => [
        name,
        observed.known ? observed.value : undefined,
      ]);
      const { results } = await engine.run(Object.fromEntries(facts));
      const verdict = await verdictOf(conditions, sharedCondition, observations);
      expect(verdict.result).toBe(results.length === 1 ? 'violated' : 'clear');
    }),
    { numRuns: 1000, seed: 7 },
  );
});

it('what is missing names only facts that are missing or lower bounds', async () => {
  await fc.assert(
    fc.asyncProperty(tree, shared, factsOf(anyFact), async (conditions, sharedCondition, observations) => {
      const verdict = await verdictOf(conditions, sharedCondition, observations);
      if (verdict.result !== 'indeterminate') return;
      for (const name of verdict.missing) {
        const observed = observations.get(name)!;
        expect(observed.known && !observed.atLeast).toBe(false);
      }
      expect(verdict.missing).toEqual([...new Set(verdict.missing)].sort());
    }),
    { numRuns: 500, seed: 3 },
  );
});
