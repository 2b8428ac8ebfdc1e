import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FactCatalogue, FactDefinition, FactValue, Observed } from '../../src/domain/facts.js';
import type { Condition, FactCondition } from '../../src/domain/rule.js';
import { compileConditions } from '../../src/policy/compile-condition.js';
import { foldRun } from '../../src/policy/fold.js';
import { quickLook } from '../../src/policy/quick-look.js';
import { createRuleNumbers } from '../../src/policy/rule-numbers.js';
import { NUMBERING } from './support.js';

function definition(name: string, changes: Partial<FactDefinition>): [string, FactDefinition] {
  const plain: FactDefinition = {
    name,
    scope: 'call',
    type: 'number',
    format: 'text',
    unit: undefined,
    params: [],
    required: [],
    aggregate: false,
    windowed: false,
    ofEndedCalls: false,
    description: name,
  };
  return [name, { ...plain, ...changes }];
}

const CATALOGUE: FactCatalogue = new Map([
  definition('n1', {}),
  definition('n2', {}),
  definition('n3', {}),
  definition('t1', { type: 'string', format: 'number-plan' }),
  definition('t2', { type: 'string', format: 'number-plan' }),
  definition('ip', { type: 'string', format: 'ip' }),
  definition('b1', { type: 'boolean' }),
  definition('b2', { type: 'boolean' }),
]);
const CONTEXT = {
  catalogue: CATALOGUE,
  numbers: createRuleNumbers(NUMBERING),
  conditions: new Map<string, Condition>([
    ['shared', { any: [{ fact: 'n1', operator: 'greaterThan', value: 1 }] }],
  ]),
  lists: new Map([['known', ['+49', '44']]]),
};

const NUMBERS = ['n1', 'n2', 'n3'];
const TEXTS = ['t1', 't2'];
const FLAGS = ['b1', 'b2'];
const small = fc.integer({ min: 0, max: 3 });
const text = fc.constantFrom('49', '44', '4930', '1');
const address = fc.constantFrom('192.0.2.7', '198.51.100.9', '2001:db8::1');
const fact = (names: readonly string[]) => fc.constantFrom(...names);
const reference = (names: readonly string[]) => fc.record({ fact: fact(names) });
const leaf: fc.Arbitrary<FactCondition> = fc.oneof(
  fc.record({
    fact: fact(NUMBERS),
    operator: fc.constantFrom(
      'equal',
      'notEqual',
      'lessThan',
      'lessThanInclusive',
      'greaterThan',
      'greaterThanInclusive',
    ),
    value: fc.oneof(small, reference(NUMBERS)),
  }),
  fc.record({
    fact: fact(NUMBERS),
    operator: fc.constantFrom('in', 'notIn'),
    value: fc.array(small, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    fact: fact(TEXTS),
    operator: fc.constantFrom('equal', 'notEqual'),
    value: fc.oneof(text, reference(TEXTS)),
  }),
  fc.record({
    fact: fact(TEXTS),
    operator: fc.constantFrom('in', 'notIn', 'startsWithAnyOf'),
    value: fc.array(text, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    fact: fact(TEXTS),
    operator: fc.constantFrom('inList', 'notInList', 'startsWithAnyOf'),
    value: fc.constant('known'),
  }),
  fc.record({
    fact: fc.constant('ip'),
    operator: fc.constant('inNetwork'),
    value: fc.constantFrom<readonly string[]>(['192.0.2.0/24'], ['198.51.100.0/24', '2001:db8::/32']),
  }),
  fc.record({
    fact: fact(FLAGS),
    operator: fc.constantFrom('equal', 'notEqual'),
    value: fc.oneof(fc.boolean(), reference(FLAGS)),
  }),
);
const { tree } = fc.letrec<{ tree: Condition; node: Condition }>((tie) => ({
  tree: fc.oneof(
    fc.record({ all: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('node') }),
    fc.constant({ condition: 'shared' }),
  ),
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('tree')),
}));

const observed = (value: fc.Arbitrary<FactValue>, mayGrow: boolean): fc.Arbitrary<Observed> =>
  fc.oneof(
    { weight: 6, arbitrary: value.map((one): Observed => ({ known: true, value: one, atLeast: false })) },
    {
      weight: mayGrow ? 1 : 0,
      arbitrary: value.map((one): Observed => ({ known: true, value: one, atLeast: true })),
    },
    { weight: 1, arbitrary: fc.constant<Observed>({ known: false, reason: 'unreadable' }) },
  );
const observations = fc
  .tuple(
    ...NUMBERS.map(() => observed(small, true)),
    ...TEXTS.map(() => observed(text, false)),
    observed(address, false),
    ...FLAGS.map(() => observed(fc.boolean(), false)),
  )
  .map((all) => new Map([...NUMBERS, ...TEXTS, 'ip', ...FLAGS].map((name, index) => [name, all[index]])));

function known(facts: ReadonlyMap<string, Observed | undefined>, name: string | undefined): Observed {
  const one = facts.get(name ?? '');
  if (one === undefined) throw new Error(`nobody observed ${name}`);
  return one;
}

describe('a quick look', () => {
  it('says for every tree and observation what json-rules-engine and the fold of its results say', async () => {
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(tree, observations, async (condition, facts) => {
        const compiled = compileConditions(condition, CONTEXT);
        const all = compiled.probes.map((probe) => known(facts, probe.definition.name));
        const folded = foldRun(compiled, await compiled.run(all), all);
        const looked = quickLook(compiled.root, (index) =>
          known(facts, compiled.probes[index]?.definition.name),
        );
        seen.add(looked);
        // What it may decide is "clear" alone, so this is what has to be exact.
        expect(looked === false).toBe(folded.result === false);
        expect(looked).toBe(folded.result);
      }),
      { numRuns: 3_000, seed: 8 },
    );
    expect(seen.size).toBe(3);
  });

  it('asks for no fact that cannot change the result any more', () => {
    const over = (name: string, value: number) => ({ fact: name, operator: 'greaterThan', value });
    const compiled = compileConditions(
      { all: [over('n1', 3), { any: [over('n2', 1), over('n3', 1)] }] },
      CONTEXT,
    );
    const asked = (values: readonly number[]) => {
      const indices: number[] = [];
      quickLook(compiled.root, (index) => {
        indices.push(index);
        return { known: true, value: values[index] ?? 0, atLeast: false };
      });
      return indices;
    };
    expect(asked([0, 0, 0])).toEqual([0]);
    expect(asked([4, 2, 0])).toEqual([0, 1]);
    expect(asked([4, 0, 0])).toEqual([0, 1, 2]);
  });
});
