import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/domain/call.js';
import type { FactParams, FactSource } from '../../../src/domain/facts.js';
import type { Condition } from '../../../src/domain/rule.js';
import type { Subject } from '../../../src/domain/scope.js';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { compileRules } from '../../../src/policy/compile-rules.js';
import { COUNTRY_COUNT } from '../../../src/policy/countries.js';
import { neverAbove } from '../../../src/policy/lint/never-above.js';
import { type Side, sideOf } from '../../../src/policy/lint/normal-form.js';
import { EMPTY, NUMBERING, START, world } from '../../facts/history-support.js';
import { call } from '../../facts/support.js';
import { aRule } from '../../support/calls.js';
import { yieldNow } from '../support.js';
import { all, aRuleSet, leaf, messages } from './support.js';

function side(fact: string, params?: FactParams): Side {
  const found = sideOf({ fact, ...(params === undefined ? {} : { params }) }, FACT_CATALOGUE);
  if (found === undefined) throw new Error(`no fact ${fact}`);
  return found;
}

interface Script {
  from: number;
  answered: number | undefined;
  to: number;
  account: number | undefined;
  customer: number;
  cld: string | undefined;
  cli: string | undefined;
  direction: string | undefined;
  media: string | undefined;
  knowsSetup: boolean;
  delay: 'listed' | 'never';
  duration: 'listed' | 'whole' | 'never';
  lingers: boolean;
  cutAt: number | undefined;
}

const second = (max: number) => fc.integer({ min: 0, max });
const script: fc.Arbitrary<Script> = fc
  .record({
    from: fc.integer({ min: -60, max: 90 }),
    ring: fc.option(second(12), { nil: undefined, freq: 5 }),
    lasts: fc.oneof(second(12), second(60), second(150)),
    account: fc.constantFrom(1, 1, 1, 2, undefined),
    customer: fc.constantFrom(2, 3),
    cld: fc.constantFrom('4930100', '4930101', '4930102', '25261000', '882123456', 'alice', undefined),
    cli: fc.constantFrom('4930100', '4420555002', undefined),
    direction: fc.constantFrom('vendor', 'vendor', 'onnet_in', undefined),
    media: fc.constantFrom('192.0.2.1', '192.0.2.2', undefined),
    knowsSetup: fc.boolean(),
    delay: fc.constantFrom('listed', 'listed', 'never') as fc.Arbitrary<Script['delay']>,
    duration: fc.constantFrom('listed', 'whole', 'listed', 'never') as fc.Arbitrary<Script['duration']>,
    lingers: fc.boolean(),
    cutAt: fc.option(second(100), { nil: undefined, freq: 2 }),
  })
  .map(({ ring, lasts, ...rest }) => ({
    ...rest,
    answered: ring === undefined || ring > lasts ? undefined : rest.from + ring,
    to: rest.from + lasts,
  }));

/** How the switch lists a call at a second; undefined where it does not. */
function listed(one: Script, index: number, at: number): Call | undefined {
  if (at < one.from || at >= one.to + (one.lingers ? 6 : 0)) return undefined;
  const isConnected = one.answered !== undefined && at >= one.answered;
  const talked = isConnected ? Math.min(at, one.to) - (one.answered ?? at) + 0.25 : 0;
  const duration =
    one.duration === 'never' ? undefined : one.duration === 'whole' ? Math.floor(talked) : talked;
  const delay = one.delay === 'never' ? undefined : Math.min(at, one.answered ?? at) - one.from;
  return call({
    id: String(index),
    callId: `c${index}`,
    setupTimeText: one.knowsSetup ? `s${index}` : undefined,
    state: at >= one.to ? 'Dead' : isConnected ? 'Connected' : 'ARComplete',
    account: one.account,
    customer: one.customer,
    cli: one.cli,
    cliNumber: one.cli,
    cld: one.cld,
    cldNumber: one.cld,
    direction: one.direction,
    callerMediaIp: one.media,
    duration,
    delay,
    age: duration === undefined || delay === undefined ? undefined : duration + delay,
    setupAt: one.knowsSetup ? START + one.from * 1000 : undefined,
  });
}

const polls = fc.array(fc.constantFrom('sound', 'sound', 'sound', 'sound', 'sound', 'missed', 'partial'), {
  minLength: 6,
  maxLength: 22,
});

type Played = { calls: Script[]; polls: string[] };
const history: fc.Arbitrary<Played> = fc.record({
  calls: fc.array(script, { minLength: 1, maxLength: 14 }),
  polls,
});

const TREE = new Map([[3, 2]]);

/** The facts at the last poll that brought a listing, of calls as they were listed. */
function play(
  { calls, polls: results }: Played,
  admits: (one: Call) => boolean | 'unknown' = () => true,
): FactSource {
  const played = world();
  played.history.restore({
    ...EMPTY,
    accounts: [
      { account: 1, firstAt: START - 9 * 86_400_000 },
      { account: 2, firstAt: START - 7.5 * 86_400_000 },
    ],
  });
  const reached = ['sound', ...results, 'sound'];
  for (const [index, result] of reached.entries()) {
    const at = index * 5;
    if (result === 'missed') {
      played.history.missed({
        at: START + at * 1000,
        login: 'login:ops',
        intervalMs: 5000,
        result: 'failed',
      });
      continue;
    }
    const shown = calls.flatMap((one, nth) => listed(one, nth, at) ?? []);
    const cuts = calls.flatMap((one, nth) => {
      const cut = one.cutAt !== undefined && one.cutAt <= at && one.cutAt > at - 5;
      return cut ? (listed(one, nth, at) ?? []) : [];
    });
    const coverage = { states: 'all' as const, filter: {}, login: 'login:ops' };
    const partial = result === 'partial' ? { coverage: { ...coverage, filter: { account: 1 } } } : {};
    played.poll(at, result === 'partial' ? shown.slice(1) : shown, { cuts, ...partial });
  }
  return played.facts({ filter: undefined, admits, tree: TREE });
}

const NARROWINGS: FactParams[] = [{}, { to: ['49'] }, { state: ['Connected'] }, { direction: ['vendor'] }];
const LIVE = ['totalCalls', 'connectedCalls', 'setupCalls', 'longestDuration', 'averageDuration'];
const OWN: Readonly<Record<string, FactParams[]>> = {
  shortCalls: [{ under: 5 }, { under: 12 }],
  equalDurations: [{ tolerance: 0 }, { tolerance: 4 }],
  averageDuration: [{}, { min: 2 }],
  // One of the two accounts has not been known for that long.
  firstSeenCountry: [{}, { history: 8 * 86_400 }],
};
const WINDOWED = [
  ...['callsStarted', 'callsEnded', 'minutes', 'distinctCld', 'distinctCli', 'distinctCountries'],
  ...['distinctMediaIps', 'sequentialCld', 'repeatedCld', 'callerIsCalled', 'firstSeenCountry'],
  ...['shortCalls', 'equalDurations'],
];
const PARAMS = [
  ...LIVE.map(
    (name) =>
      [name, (OWN[name] ?? [{}]).flatMap((own) => NARROWINGS.map((one) => ({ ...own, ...one })))] as const,
  ),
  ...WINDOWED.map(
    (name) =>
      [
        name,
        [15, 45, 600].flatMap((within) =>
          (OWN[name] ?? [{}]).flatMap((own) => NARROWINGS.map((one) => ({ within, ...own, ...one }))),
        ),
      ] as const,
  ),
];
const SIDES = ['account', 'switch', 'customer'].flatMap((scope) =>
  PARAMS.flatMap(([name, params]) =>
    params.flatMap((one) => [
      side(`${scope}.${name}`, one),
      ...(scope === 'customer' ? [side(`${scope}.${name}`, { ...one, recursive: true })] : []),
    ]),
  ),
);
const PAIRS = SIDES.flatMap((one) =>
  SIDES.flatMap((other) => (neverAbove(one, other) ? [[one, other] as const] : [])),
);
const SUBJECTS: Subject[] = [
  { scope: 'account', id: '1' },
  { scope: 'account', id: '2' },
  { scope: 'customer', id: '2' },
  { scope: 'customer', id: '3' },
  { scope: 'switch', id: 'lab' },
];

const ADMITS = [
  () => true,
  (one: Call) => (one.cliNumber === undefined ? 'unknown' : one.cliNumber !== '4420555002'),
] as const;

it('never says of a fact that it is not above another where it is observed to be', () => {
  const isLess = new Set<string>();
  fc.assert(
    fc.property(history, fc.constantFrom(...ADMITS), (played, admits) => {
      const facts = play(played, admits);
      for (const subject of SUBJECTS) {
        const values = new Map(
          SIDES.filter(({ definition }) => definition.scope === subject.scope).flatMap((one) => {
            const observed = facts.observe(subject, one.definition.name, one.params);
            return observed.known ? [[one, Number(observed.value)] as const] : [];
          }),
        );
        for (const [one, other] of PAIRS) {
          const [low, high] = [values.get(one), values.get(other)];
          if (low === undefined || high === undefined) continue;
          if (low > high) expect([one.key, low]).toEqual(['never above', other.key, high]);
          if (low > 0 && low < high) isLess.add(`${shortName(one)} ${shortName(other)}`);
        }
      }
    }),
    { numRuns: 80, seed: 20260105 },
  );
  // What these histories show of every kind of pair, so that it is not all zeros.
  const kinds = new Set(PAIRS.map(([one, other]) => `${shortName(one)} ${shortName(other)}`));
  expect([...kinds].filter((kind) => !isLess.has(kind))).toEqual([]);
});

function shortName({ definition: { name } }: Side): string {
  return name.slice(name.indexOf('.') + 1);
}

describe('a rule that asks for more of fewer calls is told to match never', () => {
  const NEVER = 'can never match';
  const told = (conditions: Condition, scope: 'account' | 'call' | 'customer' = 'account') =>
    messages({ rules: [aRule({ scope, conditions })] }).some((text) => text.includes(NEVER));
  const over = (fact: string, value: number, params?: FactParams) =>
    leaf(`account.${fact}`, 'greaterThan', value, params);
  const under = (fact: string, value: number, params?: FactParams) =>
    leaf(`account.${fact}`, 'lessThan', value, params);
  const minute = { within: 60 };
  const hour = { within: 3_600 };
  const limit = { fact: 'account.limit', params: { name: 'max', default: 9 } };

  it('with both comparisons', () => {
    const conditions = all(over('callsStarted', 10, minute), under('callsStarted', 5, { within: 600 }));
    expect(messages({ rules: [aRule({ name: 'a', conditions })] })).toEqual([
      expect.stringContaining(
        'Rule "a" can never match: "account.callsStarted(within 60) greaterThan 10" and "account.callsStarted(within 600) lessThan 5" can never be true together.',
      ),
    ]);
  });

  it('by way of others, with no comparison that has nothing to do with it', () => {
    const most = { fact: 'account.limit', params: { name: 'most', default: 99 } };
    const conditions = all(
      over('repeatedCld', 0, hour),
      leaf('account.distinctCld', 'greaterThan', most, minute),
      leaf('account.limit', 'lessThanInclusive', most, limit.params),
      leaf('account.callsStarted', 'lessThan', limit, hour),
    );
    const [message = ''] = messages({ rules: [aRule({ conditions })] });
    expect(message).toMatch(/"account.distinctCld.*", "account.limit.*" and "account.callsStarted.*together/);
    expect(message).not.toContain('repeatedCld');
  });

  it.each<[string, Condition]>([
    ['ended calls', all(over('callsEnded', 10, minute), under('callsEnded', 9, hour))],
    ['minutes', all(over('minutes', 10, minute), under('minutes', 10, hour))],
    [
      'calls of a shorter length',
      all(over('shortCalls', 3, { ...minute, under: 5 }), under('shortCalls', 3, { ...hour, under: 9 })),
    ],
    [
      'closer lengths',
      all(
        over('equalDurations', 3, { ...minute, tolerance: 1 }),
        under('equalDurations', 3, { ...minute, tolerance: 2 }),
      ),
    ],
    ['calls to some numbers', all(over('totalCalls', 3, { to: ['49'] }), under('totalCalls', 3))],
    [
      'calls to some numbers in the past',
      all(over('callsStarted', 3, { ...minute, to: ['49'] }), under('callsStarted', 3, minute)),
    ],
    ['numbers', all(over('distinctCld', 3, minute), under('callsStarted', 4, minute))],
    ['callers', all(over('distinctCli', 3, minute), under('callsStarted', 4, hour))],
    ['countries', all(over('distinctCountries', 3, minute), under('distinctCld', 4, hour))],
    [
      'countries by way of numbers',
      all(over('distinctCountries', 3, minute), under('callsStarted', 4, hour)),
    ],
    [
      'calls to one number',
      all(over('repeatedCld', 3, minute), leaf('account.callsStarted', 'equal', 2, minute)),
    ],
    ['a run of numbers', all(over('sequentialCld', 3, minute), under('distinctCld', 2, minute))],
    ['short calls', all(over('shortCalls', 3, { ...minute, under: 5 }), under('callsEnded', 3, minute))],
    [
      'equal lengths',
      all(over('equalDurations', 3, { ...minute, tolerance: 5 }), under('callsEnded', 3, minute)),
    ],
    [
      'a limit',
      all(
        leaf('account.distinctCld', 'greaterThan', limit, minute),
        leaf('account.callsStarted', 'lessThan', limit, minute),
      ),
    ],
    [
      'the other fact',
      all(leaf('account.distinctCld', 'greaterThan', { fact: 'account.callsStarted', params: hour }, minute)),
    ],
    [
      'calls of accounts that are known for longer',
      all(
        over('firstSeenCountry', 3, { ...minute, history: 28 * 86_400 }),
        under('firstSeenCountry', 3, minute),
      ),
    ],
    ['what is denied', all(over('distinctCld', 3, minute), { not: over('callsStarted', 3, minute) })],
    ['a mean above the greatest', all(over('averageDuration', 100), under('longestDuration', 50))],
    [
      'a mean of some calls above the greatest of all',
      all(over('averageDuration', 100, { to: ['49'], min: 3 }), under('longestDuration', 50)),
    ],
    [
      'a length where there is no call',
      all(over('longestDuration', 100), leaf('account.connectedCalls', 'equal', 0)),
    ],
    [
      'a length that is denied to be 0 where there is no call',
      all({ not: leaf('account.longestDuration', 'equal', 0) }, under('totalCalls', 1)),
    ],
    ['a mean of no call', all(leaf('account.averageDuration', 'equal', 0), under('connectedCalls', 1))],
    [
      'a mean of more calls than there are',
      all(over('averageDuration', 9, { min: 20 }), { not: over('connectedCalls', 19) }),
    ],
    ['more countries than there are', all(over('distinctCountries', COUNTRY_COUNT, hour))],
  ])('%s', (_, conditions) => {
    expect(told(conditions)).toBe(true);
  });

  it('a talk that is longer than the call', () => {
    const of = (name: string, operator: string, value: number) => leaf(`call.${name}`, operator, value);
    const longer = all(of('duration', 'greaterThan', 60), of('age', 'lessThan', 30));
    expect(told(longer, 'call')).toBe(true);
    expect(told(all(of('delay', 'greaterThan', 60), of('age', 'lessThan', 30)), 'call')).toBe(true);
    expect(told(all(of('duration', 'lessThan', 30), of('age', 'greaterThan', 60)), 'call')).toBe(false);
    expect(told(all(of('duration', 'greaterThan', 60), of('delay', 'lessThan', 30)), 'call')).toBe(false);
    expect(messages({ rules: [aRule({ event: { where: longer } })] })).toEqual([
      expect.stringContaining('can never take a call by disconnectCall: under "where", "call.duration'),
    ]);
  });

  it.each<[string, Condition]>([
    ['the wider window', all(over('callsStarted', 10, hour), under('callsStarted', 5, minute))],
    [
      'calls with less asked of them',
      all(over('callsStarted', 10, minute), under('callsStarted', 5, { ...hour, to: ['49'] })),
    ],
    [
      'calls to other numbers',
      all(
        over('callsStarted', 10, { ...minute, to: ['44'] }),
        under('callsStarted', 5, { ...hour, to: ['49'] }),
      ),
    ],
    [
      'longer calls',
      all(over('shortCalls', 3, { ...minute, under: 9 }), under('shortCalls', 3, { ...hour, under: 5 })),
    ],
    [
      'wider lengths',
      all(
        over('equalDurations', 3, { ...minute, tolerance: 2 }),
        under('equalDurations', 3, { ...minute, tolerance: 1 }),
      ),
    ],
    [
      'calls where the bound is of numbers',
      all(over('callsStarted', 3, minute), under('distinctCld', 3, minute)),
    ],
    [
      'calls to one number where the bound is of numbers',
      all(over('repeatedCld', 3, minute), under('distinctCld', 3, minute)),
    ],
    [
      'callers where the bound is of numbers',
      all(over('distinctCli', 3, minute), under('distinctCld', 3, minute)),
    ],
    [
      'started calls where the bound is of ended ones',
      all(over('callsStarted', 3, minute), under('callsEnded', 3, hour)),
    ],
    [
      'ended calls where the bound is of started ones',
      all(over('callsEnded', 3, minute), under('callsStarted', 3, minute)),
    ],
    [
      'live calls where the bound is of started ones',
      all(over('totalCalls', 3), under('callsStarted', 3, hour)),
    ],
    ['a ratio', all(over('answerRatio', 0.9, minute), under('answerRatio', 0.5, hour))],
    ['an average', all(over('averageEndedDuration', 9, minute), under('averageEndedDuration', 5, hour))],
    ['minutes of today', all(over('minutes', 9, minute), under('minutesToday', 5))],
    ['a greatest above the mean', all(over('longestDuration', 100), under('averageDuration', 50))],
    [
      'a mean of some calls above that of all',
      all(over('averageDuration', 100, { to: ['49'] }), under('averageDuration', 50)),
    ],
    [
      'a mean above the greatest of other calls',
      all(over('averageDuration', 100), under('longestDuration', 50, { to: ['49'] })),
    ],
    [
      'a mean that is no more than the greatest',
      all(over('averageDuration', 49), under('longestDuration', 50)),
    ],
    [
      'a length where there are no other calls',
      all(over('longestDuration', 9), under('connectedCalls', 1, { to: ['49'] })),
    ],
    ['no length where there is no call', all(under('longestDuration', 9), under('connectedCalls', 1))],
    ['a length where no call is in setup', all(over('longestDuration', 9), under('setupCalls', 1))],
    ['a mean of just so many calls', all(over('averageDuration', 9, { min: 3 }), under('connectedCalls', 4))],
    ['as many countries as there are', all(over('distinctCountries', COUNTRY_COUNT - 1, hour))],
    [
      'no more than the bound',
      all(over('distinctCld', 3, minute), leaf('account.callsStarted', 'lessThanInclusive', 4, minute)),
    ],
    [
      'the one or the other',
      all({ any: [over('distinctCld', 3, minute), under('callsStarted', 3, minute)] }),
    ],
  ])('but not %s', (_, conditions) => {
    expect(told(conditions)).toBe(false);
  });

  it('and one that says what is so anyway is told to be always true', () => {
    const calls = { fact: 'account.callsStarted', params: hour };
    const conditions = all(leaf('account.distinctCld', 'lessThanInclusive', calls, minute));
    expect(messages({ rules: [aRule({ conditions })] })).toEqual([
      expect.stringContaining('is always true: every account that it judges violates it'),
    ]);
  });

  it('but not of another scope, nor of a customer without its subcustomers', () => {
    const started = (scope: string, operator: string, value: number, params: FactParams) =>
      leaf(`${scope}.callsStarted`, operator, value, params);
    const over = started('customer', 'greaterThan', 9, minute);
    expect(told(all(over, started('customer', 'lessThan', 5, hour)), 'customer')).toBe(true);
    expect(told(all(over, started('switch', 'lessThan', 5, hour)), 'customer')).toBe(false);
    expect(
      told(all(over, started('customer', 'lessThan', 5, { ...hour, recursive: true })), 'customer'),
    ).toBe(false);
  });
});

const ASKED = SIDES.filter(({ definition: { name }, params: { direction } }) => {
  return name.startsWith('account.') && direction === undefined && !name.endsWith('firstSeenCountry');
});
const comparison = fc.record({
  side: fc.constantFrom(...ASKED),
  operator: fc.constantFrom(
    'greaterThan',
    'greaterThan',
    'lessThan',
    'lessThanInclusive',
    'equal',
    'notEqual',
  ),
  value: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 3) }, fc.constantFrom(...ASKED)),
  denied: fc.constantFrom(false, false, false, true),
});
const conditionsOf = fc.array(comparison, { minLength: 2, maxLength: 4 }).map((comparisons) => {
  const leaves = comparisons.map(({ side: { definition, params }, operator, value, denied }): Condition => {
    const compared =
      typeof value === 'number' ? value : { fact: value.definition.name, params: value.params };
    const one = leaf(definition.name, operator, compared, params);
    return denied ? { not: one } : one;
  });
  const [first, ...others] = leaves;
  return first !== undefined && others.length > 2 ? all(first, { any: others }) : { all: leaves };
});

it('never says of a rule that it never matches where some history violates it', async () => {
  const counts = { told: 0, violated: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(conditionsOf, { minLength: 40, maxLength: 40 }),
      history,
      async (several, played) => {
        const rules = several.map((conditions, index) => aRule({ name: `rule-${index}`, conditions }));
        const told = messages({ rules });
        const facts = play(played);
        const compiled = compileRules(aRuleSet({ rules }), {
          catalogue: FACT_CATALOGUE,
          numbering: NUMBERING,
          switchName: 'lab',
          now: START,
        });
        for (const one of compiled) {
          const says = told.some((text) => text.startsWith(`Rule "${one.rule.name}" can never match`));
          const verdicts = await one.judge(facts, { yieldNow });
          const isViolated = verdicts.some(({ result }) => result === 'violated');
          if (says) counts.told += 1;
          if (isViolated) counts.violated += 1;
          if (says && isViolated) expect(one.rule.conditions).toBe('never true');
        }
      },
    ),
    { numRuns: 60, seed: 20260105 },
  );
  expect(counts.told).toBeGreaterThan(100);
  expect(counts.violated).toBeGreaterThan(100);
});
