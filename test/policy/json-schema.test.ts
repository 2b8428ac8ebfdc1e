import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleSchemaText } from '../../src/cli/commands/rules-schema.js';
import { parseDocument } from '../../src/documents/located-document.js';
import { SCOPES, VISIBLE_SCOPES } from '../../src/domain/scope.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { ruleFileJsonSchema } from '../../src/policy/json-schema.js';
import type { JsonSchema } from '../../src/policy/json-schema-facts.js';
import { fits, OPERATORS } from '../../src/policy/operators.js';
import { isValid } from './json-schema-validator.js';
import { check } from './support.js';

const SCHEMA = ruleFileJsonSchema(FACT_CATALOGUE);
const RULES = new URL('../../rules/', import.meta.url).pathname;

const RULE = {
  name: 'a',
  scope: 'account',
  mode: 'monitor',
  conditions: { all: [{ fact: 'account.totalCalls', operator: 'greaterThan', value: 3 }] },
  event: { type: 'disconnectCall', params: { keep: 3 } },
};
const CALL_RULE = {
  ...RULE,
  scope: 'call',
  conditions: { all: [{ fact: 'call.age', operator: 'greaterThan', value: 90 }] },
  event: { type: 'alert' },
};
const CUSTOMER_RULE = {
  ...RULE,
  scope: 'customer',
  conditions: { all: [{ fact: 'customer.totalCalls', operator: 'greaterThan', value: 3 }] },
};
const ageIs90 = { fact: 'call.age', operator: 'greaterThan', value: 90 };
const keeps = (fact: string) => ({
  type: 'disconnectCall',
  params: { keep: { fact, params: { name: 'max', default: 3 } } },
});
const withLeaf = (leaf: object) => ({ ...RULE, conditions: { all: [leaf] } });
const compares = (fact: string, operator: string, value: unknown, params?: object) =>
  withLeaf({ fact, operator, value, ...(params === undefined ? {} : { params }) });

describe('what the checker accepts is valid', () => {
  it.each(readdirSync(RULES).filter((file) => /\.ya?ml$/.test(file)))('the shipped %s', (file) => {
    const parsed = parseDocument(readFileSync(join(RULES, file), 'utf8'), file);
    expect(parsed.ok && isValid(parsed.document.value, SCHEMA)).toBe(true);
  });

  const everyKey = {
    ...RULE,
    description: 'Everything that a rule may say.',
    priority: 10,
    for: '10s',
    cooldown: '5m',
    needs: 'complete',
    schedule: { days: ['sat', 'sun'], from: '18:00', to: '08:00', timezone: 'Europe/Kyiv' },
    only: { customers: [2], cld: ['+49'] },
    except: {
      accounts: [7, { id: 8, until: '2026-12-31', because: 'a campaign' }],
      cld: [{ prefix: '49800', because: 'free of charge' }],
      switches: [{ name: 'lab', until: '2026-12-31T18:00:00Z' }],
    },
    escalate: [{ after: 3, within: '10m', event: { type: 'disconnectAccount' } }],
  };

  it.each<[string, unknown]>([
    ['a rule', RULE],
    ['every key', everyKey],
    ['several rules', { rules: [RULE, { ...RULE, name: 'b' }] }],
    ['shared conditions', { conditions: { busy: RULE.conditions } }],
    [
      'a shared condition in use',
      {
        rules: [{ ...RULE, conditions: { any: [{ condition: 'busy' }] } }],
        conditions: { busy: RULE.conditions },
      },
    ],
    ['nested conditions', { ...RULE, conditions: { any: [{ not: RULE.conditions }, RULE.conditions] } }],
    [
      'a limit',
      compares('account.totalCalls', 'greaterThan', {
        fact: 'account.limit',
        params: { name: 'max', default: 3 },
      }),
    ],
    ['a rule that names its schema', { $schema: './rule.schema.json', ...RULE }],
    ['several rules that name it', { $schema: './rule.schema.json', rules: [RULE] }],
    ['shared conditions that name it', { $schema: './s.json', conditions: { busy: RULE.conditions } }],
    [
      'facts of wider scopes',
      { ...CALL_RULE, conditions: { all: [ageIs90, ...CUSTOMER_RULE.conditions.all] } },
    ],
    [
      'facts of calls in "where"',
      { ...RULE, event: { type: 'disconnectCall', params: { where: { all: [ageIs90] } } } },
    ],
    ['a limit of its own to keep', { ...CUSTOMER_RULE, event: keeps('customer.limit') }],
    [
      'shared conditions of another scope',
      { rules: [RULE], conditions: { old: { all: [ageIs90] }, busy: RULE.conditions } },
    ],
    ['a message', { ...RULE, event: { type: 'alert', params: { message: 'look' } } }],
  ])('%s', (_, file) => {
    const { problems } = check({ 'r.json': JSON.stringify(file) });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(isValid(file, SCHEMA)).toBe(true);
  });

  it('whatever durations, ends and time zones a rule has', () => {
    const zones = fc.constantFrom(
      ...Intl.supportedValuesOf('timeZone'),
      'UTC',
      'Etc/GMT+12',
      'EST5EDT',
      'europe/kyiv',
    );
    const amount = fc.oneof(
      fc.nat(120).map(String),
      fc.constantFrom(
        '86400000',
        '86400',
        '1440',
        '2592000',
        '43200',
        '720',
        '000024',
        '999999999',
        '0.5',
        '24.000',
        '1.001',
      ),
    );
    const time = fc.tuple(amount, fc.constantFrom('', ' '), fc.constantFrom('ms', 's', 'm', 'min', 'h', 'd'));
    const duration = time.map((parts) => parts.join(''));
    const end = fc.constantFrom('2026-12-31', '2026-12-31T18:00:00Z', '2026-12-31 18:00+02:00', '2024-02-29');
    const keys = fc.record({ for: duration, cooldown: duration, timezone: zones, until: end });
    let accepted = 0;
    fc.assert(
      fc.property(keys, ({ for: hold, cooldown, timezone, until }) => {
        const file = {
          ...RULE,
          for: hold,
          cooldown,
          schedule: { timezone },
          except: { accounts: [{ id: 8, until }] },
        };
        if (check({ 'r.json': JSON.stringify(file) }).ruleSet === undefined) return;
        accepted += 1;
        expect(isValid(file, SCHEMA)).toBe(true);
      }),
      { numRuns: 2_000, seed: 20260105 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  const scalar = fc.constantFrom<unknown>(
    3,
    0.5,
    'DE',
    'Connected',
    '+4930123456',
    '192.0.2.7',
    true,
    'risky',
    '192.0.2.0/24',
    'vendor',
  );
  const params = fc.record(
    {
      to: fc.constantFrom<unknown>('risky', ['+49']),
      state: fc.constantFrom<unknown>('Connected', ['Idle', 'Connected']),
      direction: fc.constantFrom<unknown>('vendor', ['onnet_in']),
      min: fc.constant(2),
      name: fc.constant('max'),
      default: fc.constant(3),
      within: fc.constantFrom('10m', '24h'),
      under: fc.constant('10s'),
      tolerance: fc.constant('0s'),
      history: fc.constantFrom('7d', '28.5d', '90d'),
      timezone: fc.constant('Europe/Kyiv'),
      recursive: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  /** Mostly those that the fact takes, so that the checker has something to accept. */
  const paramsFor = (fact: string) =>
    fc.tuple(params, fc.integer({ min: 0, max: 9 })).map(([written, luck]) => {
      const definition = FACT_CATALOGUE.get(fact);
      const needed = { within: '10m', under: '10s', tolerance: '2s', name: 'max' };
      const kept = Object.entries({ ...needed, ...written }).filter(([key]) =>
        luck === 0 ? key in written : definition?.params.some((one) => one === key),
      );
      return kept.length === 0 ? undefined : Object.fromEntries(kept);
    });
  const valueFor = (type: string) => {
    const fitting = { number: fc.constantFrom(3, 0.5), boolean: fc.boolean() }[type] ?? scalar;
    return fc.oneof(
      { weight: 3, arbitrary: fitting },
      { weight: 2, arbitrary: fc.array(fitting, { minLength: 1, maxLength: 2 }) },
      scalar,
      fc.record({ fact: fc.constantFrom(...FACT_CATALOGUE.keys()) }),
    );
  };
  const comparison = fc.constantFrom(...FACT_CATALOGUE.values()).chain((fact) =>
    fc.record({
      fact: fc.constant(fact.name),
      operator: fc.constantFrom(
        ...[...OPERATORS.values()].filter((one) => fits(one, fact)).map(({ name }) => name),
      ),
      value: valueFor(fact.type),
      params: paramsFor(fact.name),
    }),
  );

  /** Mostly a scope that sees the fact, its own or a narrower one. */
  const scopeAndComparison = comparison.chain((leaf) => {
    const own = leaf.fact.slice(0, leaf.fact.indexOf('.'));
    const seeing = SCOPES.filter((scope) => VISIBLE_SCOPES[scope].some((one) => one === own));
    const scope = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...seeing) }, fc.constantFrom(...SCOPES));
    return fc.tuple(scope, fc.constant(leaf));
  });

  it('whatever facts, params, operators and values a condition is made of', () => {
    let accepted = 0;
    fc.assert(
      fc.property(scopeAndComparison, ([scope, leaf]) => {
        const rule = { ...withLeaf(leaf), scope, event: { type: 'alert' } };
        const file = JSON.parse(JSON.stringify(rule)) as unknown;
        const { ruleSet } = check({ 'r.json': JSON.stringify(file), 'lists/risky.txt': '+49\n' });
        if (ruleSet === undefined) return;
        accepted += 1;
        expect(isValid(file, SCHEMA)).toBe(true);
      }),
      { numRuns: 2_000, seed: 20260105 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});

describe('usual mistakes are marked', () => {
  const { mode: _, ...withoutMode } = RULE;
  it.each<[string, unknown]>([
    ['no mode', withoutMode],
    ['a mode that there is not', { ...RULE, mode: 'on' }],
    ['a mistyped key', { ...RULE, prioritty: 3 }],
    ['a name with capitals', { ...RULE, name: 'My rule' }],
    ['the name of actions by hand', { ...RULE, name: 'by-hand' }],
    ['a comparison at the top', { ...RULE, conditions: RULE.conditions.all[0] }],
    ['all and any side by side', { ...RULE, conditions: { ...RULE.conditions, any: RULE.conditions.all } }],
    ['an empty all', { ...RULE, conditions: { all: [] } }],
    ['a mistyped fact', compares('account.totalCall', 'greaterThan', 3)],
    ['a mistyped operator', compares('account.totalCalls', 'moreThan', 3)],
    ['an operator of texts on a number', compares('account.totalCalls', 'startsWithAnyOf', ['+49'])],
    ['an operator of numbers on a text', compares('call.cld', 'greaterThan', 3)],
    ['a number in quotes', compares('account.totalCalls', 'greaterThan', '3')],
    ['a text without quotes', compares('call.cld', 'equal', 4930123456)],
    ['a list for one value', compares('account.totalCalls', 'equal', [3])],
    ['one value for a list', compares('account.totalCalls', 'in', 3)],
    ['a state that there is not', compares('call.state', 'equal', 'Ringing')],
    ['a country in small letters', compares('call.country', 'equal', 'de')],
    ['params of another fact', compares('account.totalCalls', 'greaterThan', 3, { name: 'max' })],
    ['params where there are none', compares('call.age', 'greaterThan', 3, { to: ['+49'] })],
    ['a limit without its name', compares('account.totalCalls', 'greaterThan', { fact: 'account.limit' })],
    ['a prefix without quotes', { ...RULE, only: { cld: [49] } }],
    ['seconds without their unit', { ...RULE, for: 10 }],
    ['a message of a disconnect', { ...RULE, event: { type: 'disconnectCall', params: { message: 'x' } } }],
    ['keep of an account action', { ...RULE, event: { type: 'disconnectAccount', params: { keep: 3 } } }],
    ['an end in "only"', { ...RULE, only: { accounts: [{ id: 8, until: '2026-12-31' }] } }],
    ['a day that there is not', { ...RULE, schedule: { days: ['saturday'], timezone: 'UTC' } }],
    ['half a span', { ...RULE, schedule: { from: '18:00', timezone: 'UTC' } }],
    ['an empty list of rules', { rules: [] }],
    ['a time of nothing', { ...RULE, for: '0s' }],
    ['a cooldown of nothing', { ...RULE, cooldown: '0.000m' }],
    ['a cooldown of more than 30 days', { ...RULE, cooldown: '31d' }],
    ['a window of nothing', compares('account.callsStarted', 'greaterThan', 3, { within: '0 s' })],
    ['a window of more than a day', compares('account.callsStarted', 'greaterThan', 3, { within: '31d' })],
    ['a window of 25 hours', compares('account.callsStarted', 'greaterThan', 3, { within: '25h' })],
    ['an end that is no date', { ...RULE, except: { accounts: [{ id: 8, until: '*' }] } }],
    ['a time zone that is a duration', { ...RULE, schedule: { timezone: '10s' } }],
    [
      'a time zone that is an offset',
      compares('account.minutesToday', 'greaterThan', 3, { timezone: '+02:00' }),
    ],
    [
      'a state that is never connected',
      compares('account.connectedCalls', 'greaterThan', 3, { state: 'Idle' }),
    ],
    ['a state that is no setup', compares('account.setupCalls', 'greaterThan', 3, { state: ['Connected'] })],
    ['a state of calls that are over', compares('account.totalCalls', 'greaterThan', 3, { state: 'Dead' })],
    [
      'a choice among the calls of one call',
      { ...CALL_RULE, event: { type: 'disconnectCall', params: { select: 'oldest' } } },
    ],
    [
      'a choice in a step of one',
      {
        ...CALL_RULE,
        escalate: [{ after: 3, within: '10m', event: { type: 'disconnectCall', params: { keep: 3 } } }],
      },
    ],
    ['a $schema that is no text', { ...RULE, $schema: 7 }],
    ['a fact of a call in a rule of accounts', compares('call.age', 'greaterThan', 90)],
    ['a fact of connections in a rule of accounts', compares('connection.totalCalls', 'greaterThan', 3)],
    [
      'one deep in its conditions',
      { ...RULE, conditions: { any: [{ not: { all: [ageIs90] } }, ...RULE.conditions.all] } },
    ],
    ['one that it is compared with', compares('account.totalCalls', 'greaterThan', { fact: 'call.age' })],
    ['one among several rules', { rules: [RULE, { ...compares('call.age', 'greaterThan', 90), name: 'b' }] }],
    ['a limit of accounts that a customer is to keep', { ...CUSTOMER_RULE, event: keeps('account.limit') }],
    [
      'the same in a step',
      {
        ...CUSTOMER_RULE,
        escalate: [{ after: 3, within: '10m', event: keeps('account.limit') }],
      },
    ],
  ])('%s', (_, file) => {
    expect(check({ 'r.json': JSON.stringify(file) }).ruleSet).toBeUndefined();
    expect(isValid(file, SCHEMA)).toBe(false);
  });
});

describe('what an editor shows', () => {
  it('describes every key and every fact', () => {
    const bare = [...keysIn(SCHEMA.definitions ?? {})].filter(
      ([, property]) => property['description'] === undefined,
    );
    expect(bare.map(([key]) => key).filter((key) => key !== 'fact')).toEqual([]);
    const offered = SCOPES.flatMap((scope) => {
      const { enum: names = [], enumDescriptions = [] } = (SCHEMA.definitions?.[`${scope}Facts`] ?? {}) as {
        enum?: string[];
        enumDescriptions?: string[];
      };
      return names.map((name, index) => [name, enumDescriptions[index]] as const);
    });
    expect(offered.map(([name]) => name).sort()).toEqual([...FACT_CATALOGUE.keys()].sort());
    for (const [name, text] of offered) expect(text).toContain(FACT_CATALOGUE.get(name)?.description);
  });

  it('ships as the program prints it', () => {
    const hint = 'Write it anew: node dist/cli/main.js rules schema > rules/rule.schema.json';
    expect(readFileSync(join(RULES, 'rule.schema.json'), 'utf8') === ruleSchemaText(), hint).toBe(true);
  });
});

/** The keys that a person can write, with their schemas; those which only a test of the schema asks about left out. */
function* keysIn(schema: unknown): Generator<[string, JsonSchema]> {
  if (typeof schema !== 'object' || schema === null) return;
  const {
    properties,
    if: _test,
    then: _outcome,
    ...rest
  } = schema as JsonSchema & { if?: unknown; then?: unknown };
  for (const [key, property] of Object.entries(properties ?? {})) {
    yield [key, property];
    yield* keysIn(property);
  }
  for (const inner of Object.values(rest)) yield* keysIn(inner);
}
