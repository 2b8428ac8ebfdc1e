import { expect, it } from 'vitest';
import type { Observed } from '../../src/domain/facts.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { compileConditions } from '../../src/policy/compile-condition.js';
import { foldRun } from '../../src/policy/fold.js';
import { createRuleNumbers } from '../../src/policy/rule-numbers.js';
import { aCall, calls } from '../support/calls.js';
import { compileOne, idsOf, NUMBERING, onlyViolated, yieldNow } from './support.js';

const LONG = { fact: 'call.duration', operator: 'greaterThan', value: 10 };
const context = {
  catalogue: FACT_CATALOGUE,
  numbers: createRuleNumbers(NUMBERING),
  conditions: new Map(),
  lists: new Map(),
};

it('a result of the engine that its own conditions contradict is an error, never a verdict', async () => {
  const compiled = compileConditions({ all: [LONG] }, context);
  const observations: Observed[] = [{ known: true, value: 11, atLeast: false }];
  const run = await compiled.run(observations);
  expect(foldRun(compiled, run, observations).result).toBe(true);
  expect(() => foldRun(compiled, { ...run, result: false }, observations)).toThrow(
    'json-rules-engine says false',
  );
  expect(() => foldRun(compiled, { result: true, conditions: {} }, observations)).toThrow(
    'left a condition out',
  );
});

it('a fact that a rule names several times is observed once', () => {
  const twice = compileConditions({ any: [LONG, { ...LONG, value: { fact: 'call.duration' } }] }, context);
  expect(twice.probes).toHaveLength(1);
});

it('no call that may be outside the filter, and none that is over, is in the pool, whatever the fact source says', async () => {
  const { rule } = compileOne(`name: a
scope: account
mode: enforce
conditions: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }
event: { type: disconnectCall }
only: { connections: [7] }
`);
  const listed = [
    ...calls(2),
    aCall({ id: '3', connection: undefined }),
    aCall({ id: '4', connection: 8 }),
    aCall({ id: '5', state: 'Dead' }),
    aCall({ id: '6', state: 'Strange' }),
  ];
  const facts = {
    subjects: () => [{ scope: 'account' as const, id: '10' }],
    callsOf: () => listed,
    widen: () => undefined,
    observe: (): Observed => ({ known: true, value: 6, atLeast: false, counted: listed }),
  };
  expect(idsOf(onlyViolated(await rule.judge(facts, { yieldNow })).pool)).toEqual(['1', '2']);
});

it('a prefix is never read as a whole number', () => {
  const plain = createRuleNumbers(createNumbering({ techPrefixes: ['49'], country: 'US' }));
  expect(plain.prefix('4930')).toBe('4930');
  expect(plain.prefix('2125551234')).toBe('2125551234');
  const german = createRuleNumbers(createNumbering({ techPrefixes: [], country: 'DE' }));
  expect(['+44 20', '0044-20', '0900', '882'].map(german.prefix)).toEqual(['4420', '4420', '49900', '882']);
});
