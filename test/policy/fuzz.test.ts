import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { CALL_STATES } from '../../src/domain/call.js';
import { EVENT_TYPES, SELECTIONS } from '../../src/domain/rule.js';
import { SCOPES } from '../../src/domain/scope.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { OPERATORS } from '../../src/policy/operators.js';
import { ruleFileSchema } from '../../src/policy/rule-schema.js';
import { aCall, aSnapshot, NOW } from '../support/calls.js';
import { check, factsFor, NUMBERING, yieldNow } from './support.js';

const SNAPSHOT = aSnapshot([
  aCall({ id: '1' }),
  aCall({ id: '2', account: 11, customer: 3, state: 'WaitRoute', duration: 0 }),
  aCall({ id: '3', account: undefined, cld: undefined, cldNumber: undefined, state: 'Idle' }),
  aCall({ id: '4', connection: undefined, customer: undefined, direction: undefined, age: undefined }),
  aCall({ id: '5', state: 'Dead' }),
  aCall({ id: '6', state: 'Strange', cliNumber: 'alice' }),
]);
const OTHERS = {
  'lists/risky.txt': '49\n+882\n',
  'limits.csv': 'scope,id,name,value\naccount,10,max,0.5\n',
  'shared.yaml': 'conditions:\n  any-age: { not: { fact: call.age, operator: lessThan, value: 0 } }\n',
};

/** Nearly always a sensible value, sometimes anything at all. */
function mostly<T>(sensible: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: sensible }, { weight: 1, arbitrary: fc.jsonValue() });
}

const params = fc.record(
  {
    to: mostly(fc.constantFrom('risky', ['49'])),
    state: mostly(fc.constantFrom(...CALL_STATES)),
    direction: fc.constantFrom('vendor', ['onnet_in']),
    min: fc.nat({ max: 3 }),
    name: fc.constant('max'),
    default: fc.integer({ min: -1, max: 3 }),
    within: mostly(fc.constantFrom('10m', '24h')),
    under: fc.constantFrom('10s', '0s'),
    timezone: fc.constantFrom('Europe/Kyiv', 'Nowhere'),
    recursive: fc.boolean(),
  },
  { requiredKeys: [] },
);
const noParams = { weight: 6, arbitrary: fc.constant(undefined) };
const factName = fc.constantFrom(...FACT_CATALOGUE.keys());
const reference = fc.record({ fact: factName, params: fc.oneof(noParams, params) });
const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) },
  fc.boolean(),
  fc.constantFrom('risky', 'DE', 'Connected', '192.0.2.0/24', '192.0.2.7', 'vendor', '49'),
  fc.constantFrom(['49'], [1, 2], ['DE'], ['192.0.2.0/24']),
  reference,
);
const leaf = fc.record({
  fact: mostly(factName),
  params: fc.oneof(noParams, params),
  operator: mostly(fc.constantFrom('greaterThan', 'greaterThan', 'equal', ...OPERATORS.keys())),
  value: mostly(value),
});
/** Fits most scopes: SELF becomes the scope of the rule. */
const fitting = fc.record({
  fact: fc.constantFrom('SELF.totalCalls', 'SELF.connectedCalls', 'SELF.longestDuration'),
  params: fc.oneof(noParams, fc.record({ to: fc.constantFrom('risky', ['49']) })),
  operator: fc.constantFrom('greaterThan', 'lessThan', 'notEqual'),
  value: fc.nat({ max: 3 }),
});
/** The same over a window, which without a ledger is missing. */
const windowed = fc.record({
  fact: fc.constantFrom('SELF.callsStarted', 'SELF.minutes', 'SELF.callsEnded'),
  params: fc.record({ within: fc.constantFrom('10m', '24h') }),
  operator: fc.constantFrom('greaterThan', 'lessThan'),
  value: fc.nat({ max: 3 }),
});
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    fc.record({ all: fc.array(tie('node'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ any: fc.array(tie('node'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ not: tie('node') }),
    fc.constant({ condition: 'any-age' }),
  ),
  node: fc.oneof(
    { depthSize: 'small' },
    { weight: 5, arbitrary: fitting },
    { weight: 1, arbitrary: windowed },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: tie('tree') },
  ),
}));
const filter = fc.record(
  {
    accounts: fc.constantFrom([10], [11]),
    customers: fc.constant([2]),
    connections: fc.constant([7]),
    vendors: fc.constant([3]),
    cli: fc.constant(['44']),
    cld: mostly(fc.constant(['49'])),
    switches: fc.constant(['lab']),
  },
  { requiredKeys: [] },
);
const term = fc.record(
  {
    until: mostly(fc.constantFrom('2026-01-04', '2026-01-05', '2026-02-01T00:00Z')),
    because: fc.constant('so'),
  },
  { requiredKeys: [] },
);
const expiring = <K extends string, T>(key: K, value: T) => term.map((one) => [{ ...one, [key]: value }]);
const except = fc.oneof(
  filter,
  fc.record(
    { accounts: expiring('id', 10), cld: expiring('prefix', '49'), switches: expiring('name', 'lab') },
    { requiredKeys: [] },
  ),
);
const sometimes = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 });
const event = fc.record({
  type: mostly(fc.constantFrom(...EVENT_TYPES)),
  params: sometimes(
    fc.record(
      {
        select: fc.constantFrom(...SELECTIONS),
        keep: mostly(fc.oneof(fc.nat({ max: 2 }), reference)),
        where: tree,
      },
      { requiredKeys: [] },
    ),
  ),
});
const rarely = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: one });
const span = fc.record(
  {
    days: fc.constantFrom('mon', ['sat', 'sun']),
    from: mostly(fc.constantFrom('18:00', '00:00')),
    to: fc.constantFrom('08:00', '24:00'),
    timezone: mostly(fc.constantFrom('UTC', 'Europe/Kyiv')),
  },
  { requiredKeys: ['timezone'] },
);
const duration = mostly(fc.constantFrom('10s', '5m', '1.5h'));
const rule = fc.record({
  name: fc.constant('a'),
  scope: mostly(fc.constantFrom(...SCOPES)),
  mode: fc.constant('enforce'),
  conditions: mostly(tree),
  event,
  only: sometimes(filter),
  except: sometimes(except),
  for: rarely(duration),
  cooldown: rarely(duration),
  schedule: rarely(fc.oneof(span, fc.array(span, { maxLength: 2 }))),
  escalate: rarely(
    fc.array(fc.record({ after: fc.nat({ max: 3 }), within: duration, event }), { maxLength: 2 }),
  ),
  needs: rarely(fc.constant('complete')),
});

it('whatever rule set is accepted compiles and judges without throwing', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(rule, async (one) => {
      const text = JSON.stringify(one).replaceAll('SELF.', `${String(one.scope).replaceAll('"', '')}.`);
      const { ruleSet, problems } = check({ 'a.json': text, ...OTHERS });
      expect(ruleSet === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
      if (ruleSet === undefined) return;
      accepted += 1;
      expect(ruleFileSchema.safeParse(JSON.parse(text)).success).toBe(true);
      const options = { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now: NOW };
      for (const compiled of compileRules(ruleSet, options)) {
        expect(typeof compiled.active(NOW)).toBe('boolean');
        const steps = compiled.rule.escalate.length + 1;
        const verdicts = await compiled.judge(factsFor(compiled, SNAPSHOT, ruleSet.limits), {
          yieldNow,
          stepOf: ({ id }) => id.length % steps,
        });
        for (const verdict of verdicts) {
          if (verdict.result !== 'violated') continue;
          expect(Number.isInteger(verdict.keep)).toBe(true);
          expect(verdict.pool.every(({ id }) => id !== '5' && id !== '6')).toBe(true);
        }
      }
    }),
    { numRuns: 6000, seed: 42 },
  );
  expect(accepted).toBeGreaterThan(500);
}, 60_000);

it('the schema of rule files can be written as JSON Schema', () => {
  expect(z.toJSONSchema(ruleFileSchema, { io: 'input' })).toMatchObject({ anyOf: expect.any(Array) });
});

it('no text in any file makes the checker throw, and every problem names its file', () => {
  const fragment = fc.constantFrom(
    'name: a\n',
    'rules:\n',
    '- ',
    'conditions:',
    ' { all: [',
    '] }',
    '\n',
    ' ',
    'condition: a',
    ',',
    '{',
    '}',
    '&a ',
    '*a',
    '"',
    '#',
    'scope,id,name,value\n',
    'account,1,x,2\n',
    'fact: call.age',
    '__proto__: 1',
    'constructor: 1',
    'toString: 1',
    '882',
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(fragment, { maxLength: 15 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, text, text, text, (yaml, json, list, limits) => {
      const { problems } = check({
        'a.yaml': yaml,
        'b.json': json,
        'lists/l.txt': list,
        'lists/m.yaml': list,
        'limits.csv': limits,
      });
      for (const { file, location, message } of problems) {
        expect(file).toMatch(/^(a\.yaml|b\.json|lists\/[lm]\.(txt|yaml)|limits\.csv)$/);
        expect(location?.line).toBeGreaterThan(0);
        expect(message).toMatch(/[.?!]$/);
      }
    }),
    { numRuns: 2000, seed: 5 },
  );
});
