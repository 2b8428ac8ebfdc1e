import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { Contradictions } from '../../../src/policy/lint/contradictions.js';
import { implies } from '../../../src/policy/lint/implies.js';
import { type NormalContext, normalForm } from '../../../src/policy/lint/normal-form.js';
import { createCandidates } from '../../../src/policy/lint/shadow-candidates.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages } from './support.js';
import { conditionOf, LISTS } from './worlds.js';

const context: NormalContext = { catalogue: FACT_CATALOGUE, conditions: new Map(), lists: LISTS };

const numbers = fc.constantFrom<[string, string | readonly string[]]>(
  ['equal', '+49 30 1'],
  ['equal', '+49301'],
  ['equal', '33'],
  ['in', ['+49301', '+49-301']],
  ['in', ['+49301', '33']],
  ['inList', 'near'],
  ['startsWithAnyOf', ['+49']],
);
const ofNumbers = fc
  .array(numbers, { minLength: 1, maxLength: 2 })
  .chain((found) =>
    fc
      .constantFrom(all, any)
      .map((join) => join(...found.map(([operator, value]) => leaf('call.cld', operator, value as string)))),
  );
const conditions = fc.oneof(conditionOf, ofNumbers).map((condition) => normalForm(condition, context));

it('misses no condition that another one implies', () => {
  let implied = 0;
  fc.assert(
    fc.property(conditions, conditions, (narrower, broader) => {
      const contradictions = new Contradictions(context);
      if (!implies([narrower], broader, contradictions)) return;
      implied += 1;
      const candidates = createCandidates(contradictions);
      candidates.add(broader, 7);
      expect(candidates.of(narrower)).toEqual([7]);
    }),
    { seed: 5, numRuns: 20_000 },
  );
  expect(implied).toBeGreaterThan(200);
});

it('finds among thousands of rules for one number each those for the same number alone', () => {
  const contradictions = new Contradictions(context);
  const candidates = createCandidates(contradictions);
  const of = (digits: number) =>
    normalForm(all(leaf('call.cld', 'equal', `+${digits}`), leaf('call.age', 'greaterThan', 9)), context);
  for (let at = 0; at < 5_000; at += 1) candidates.add(of(4_930_000 + at), at);
  expect(candidates.of(of(4_930_123))).toEqual([123]);
});

it('lets a rule among thousands be told still', () => {
  const rules = Array.from({ length: 3_000 }, (_, at) =>
    aRule({
      name: `r${String(at).padStart(4, '0')}`,
      scope: 'call',
      conditions: all(leaf('call.cld', 'equal', `+${4_930_000 + (at % 2_999)}`)),
    }),
  );
  expect(messages({ rules })).toEqual([
    expect.stringContaining(
      'Rule "r2999" finds nothing left to take: whenever it is violated, so is "r0000"',
    ),
  ]);
});
