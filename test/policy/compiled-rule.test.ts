import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { identityKey } from '../../src/domain/call.js';
import type { FactSource, Observed } from '../../src/domain/facts.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { aCall, aSnapshot, calls, NOW } from '../support/calls.js';
import {
  check,
  compile,
  compileOne,
  factsFor,
  idsOf,
  judge,
  NUMBERING,
  onlyViolated,
  summary,
  yieldNow,
} from './support.js';

const TOTAL = '{ fact: account.totalCalls, operator: greaterThan, value: 1 }';
const CUT = '{ type: disconnectCall }';

function rule(
  more = '',
  { scope = 'account', conditions = `{ all: [${TOTAL}] }`, event = CUT } = {},
): string {
  return `name: a\nscope: ${scope}\nmode: enforce\nconditions: ${conditions}\nevent: ${event}\n${more}\n`;
}

function compileAt(text: string, now: number, switchName = 'lab') {
  const { ruleSet, problems } = check({ 'r.yaml': text });
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName, now });
}

function oneAt(text: string, now: number) {
  const [first] = compileAt(text, now);
  if (first === undefined) throw new Error('no rule applies');
  return first;
}

/** A fact source in which every fact of account 10 is the same. */
function sourceOf(observed: Observed, own: readonly Call[] = []): FactSource {
  return {
    subjects: () => [{ scope: 'account', id: '10' }],
    callsOf: (subject) => (subject.scope === 'call' ? own.filter(({ id }) => id === subject.id) : own),
    widen: () => undefined,
    observe: () => observed,
  };
}

describe('exceptions that end', () => {
  const DAY = 86_400_000;
  const until = (days: number) => new Date(NOW + days * DAY).toISOString();
  const except = (entries: string) => rule(`except: { ${entries} }`);
  const judgedAt = async (text: string, now: number, listed = calls(3)) => {
    const compiled = oneAt(text, now);
    return summary(await compiled.judge(factsFor(compiled, aSnapshot(listed)), { yieldNow }));
  };

  it('hold before their end and no more from it on', async () => {
    const text = except(`accounts: [{ id: 10, until: "${until(1)}" }, 11]`);
    expect(await judgedAt(text, NOW)).toEqual([]);
    expect(await judgedAt(text, NOW + DAY - 1)).toEqual([]);
    expect(await judgedAt(text, NOW + DAY)).toEqual(['account:10 violated']);
    expect(await judgedAt(text, NOW + DAY, calls(3, { account: 11 }))).toEqual([]);
  });

  it('leave nothing behind where a key held only them', async () => {
    const text = except(`cld: [{ prefix: "49", until: "${until(1)}" }]`);
    const before = oneAt(text, NOW);
    const after = oneAt(text, NOW + DAY);
    expect([before.filtersCalls, after.filtersCalls]).toEqual([true, false]);
    expect([before, after].map((one) => one.admits(aCall({ id: '1' }), () => []))).toEqual([false, true]);
  });

  it('without an end hold for ever', async () => {
    expect(await judgedAt(except('accounts: [{ id: 10, because: ours }]'), NOW + 10_000 * DAY)).toEqual([]);
  });

  it('say when the rule is to be compiled again', () => {
    const text = except(
      `accounts: [{ id: 10, until: "${until(3)}" }, { id: 11, because: ours }], cld: [{ prefix: "49", until: "${until(1)}" }]`,
    );
    expect(oneAt(text, NOW).expiresAt).toBe(NOW + DAY);
    expect(oneAt(text, NOW + DAY).expiresAt).toBe(NOW + 3 * DAY);
    expect(oneAt(text, NOW + 3 * DAY).expiresAt).toBeUndefined();
    expect(oneAt(rule(), NOW).expiresAt).toBeUndefined();
  });

  it('of vendors are listed only while they hold', () => {
    const text = except(`vendors: [3, { id: 4, until: "${until(1)}" }]`);
    expect([oneAt(text, NOW).vendors, oneAt(text, NOW + DAY).vendors]).toEqual([[3, 4], [3]]);
  });

  it('of a switch make the rule inactive there, and leave it to be compiled', () => {
    const text = except(`switches: [{ name: lab, until: "${until(1)}" }]`);
    const compiled = oneAt(text, NOW);
    expect([NOW, NOW + DAY - 1, NOW + DAY].map((now) => compiled.active(now))).toEqual([false, false, true]);
    expect(compiled.expiresAt).toBe(NOW + DAY);
    expect(compileAt(text, NOW, 'live')[0]?.active(NOW)).toBe(true);
    expect(compileAt(except('switches: [{ name: lab, because: ours }]'), NOW)).toEqual([]);
  });
});

describe('a compiled rule', () => {
  it('says how far back its facts look, those of "where" and every step included', () => {
    const started = (within: string) =>
      `{ fact: account.callsStarted, params: { within: ${within} }, operator: greaterThan, value: 1 }`;
    const where = (within: string) =>
      `{ type: disconnectCall, params: { where: { all: [${started(within)}] } } }`;
    const windowOf = (text: string) => oneAt(text, NOW).windowMs;
    expect(windowOf(rule())).toBe(0);
    expect(windowOf(rule('', { conditions: `{ all: [${started('10m')}] }` }))).toBe(600_000);
    expect(windowOf(rule('', { event: where('1h') }))).toBe(3_600_000);
    expect(windowOf(rule(`escalate: [{ after: 2, within: 1h, event: ${where('2h')} }]`))).toBe(7_200_000);
    const today = '{ all: [{ fact: account.minutesToday, operator: greaterThan, value: 1 }] }';
    // The longest local day there is.
    expect(windowOf(rule('', { conditions: today, event: '{ type: alert }' }))).toBe(25 * 3_600_000);
  });

  it('says whether it filters calls', () => {
    const filters = (more: string) => oneAt(rule(more), NOW).filtersCalls;
    expect(['', 'only: { accounts: [10] }', 'except: { customers: [2] }'].map(filters)).toEqual([
      false,
      false,
      false,
    ]);
    expect(
      ['only: { cld: ["49"] }', 'except: { vendors: [3] }', 'except: { connections: [3] }'].map(filters),
    ).toEqual([true, true, true]);
  });

  it('is active in its schedule only', () => {
    // NOW is Monday, 10:00 UTC.
    const active = (schedule: string) => oneAt(rule(`schedule: ${schedule}`), NOW).active(NOW);
    expect(active('{ timezone: UTC, days: [mon] }')).toBe(true);
    expect(active('{ timezone: UTC, days: [tue] }')).toBe(false);
    expect(
      active('[{ timezone: UTC, days: [tue] }, { timezone: Europe/Kyiv, from: "12:00", to: "12:01" }]'),
    ).toBe(true);
    expect(oneAt(rule(), NOW).active(NOW)).toBe(true);
  });

  it('hands the params of its facts on in seconds, prefixes in normal form', async () => {
    const conditions =
      '{ all: [{ fact: account.shortCalls, params: { within: 10m, under: 15s, to: ["+49 30"] }, operator: greaterThan, value: 1 }] }';
    const compiled = oneAt(rule('', { conditions, event: '{ type: alert }' }), NOW);
    const asked: unknown[] = [];
    const source: FactSource = {
      ...sourceOf({ known: true, value: 0, atLeast: false }),
      observe: (_, name, params) => {
        asked.push([name, params]);
        return { known: true, value: 0, atLeast: false };
      },
    };
    await compiled.judge(source, { yieldNow });
    expect(asked).toEqual([['account.shortCalls', { within: 600, under: 15, to: ['4930'] }]]);
  });
});

describe('facts', () => {
  it('are observed once for each subject, whether a quick look or the engine needs them', async () => {
    const conditions = `{ all: [${TOTAL}, { fact: account.connectedCalls, operator: greaterThan, value: 1 }] }`;
    const compiled = oneAt(rule('', { conditions, event: '{ type: alert }' }), NOW);
    const askedOn = async (value: number) => {
      const asked: string[] = [];
      const observe: FactSource['observe'] = (_, name) => {
        asked.push(name);
        return { known: true, value, atLeast: false };
      };
      await compiled.judge({ ...sourceOf({ known: false, reason: 'unreadable' }), observe }, { yieldNow });
      return asked;
    };
    expect(await askedOn(1)).toEqual(['account.totalCalls']);
    expect(await askedOn(2)).toEqual(['account.totalCalls', 'account.connectedCalls']);
  });
});

describe('the step that a subject has climbed to', () => {
  const where = '{ all: [{ fact: call.age, operator: greaterThan, value: 100 }] }';
  const text = rule(`escalate:
  - { after: 2, within: 1h, event: { type: disconnectCall, params: { where: ${where}, keep: 1, select: oldest } } }
  - { after: 3, within: 1h, event: { type: disconnectAccount } }
  - { after: 4, within: 1h, event: { type: alert, params: { message: hopeless } } }`);
  const listed = [aCall({ id: '1' }), aCall({ id: '2', age: 101 }), aCall({ id: '3', age: 102 })];
  const verdictAt = async (step: number) => {
    const { rule: compiled } = compileOne(text);
    return onlyViolated(
      await compiled.judge(factsFor(compiled, aSnapshot(listed)), { yieldNow, stepOf: () => step }),
    );
  };

  it('gives the event, its pool and what is kept', async () => {
    const own = await verdictAt(0);
    expect(own.event.type).toBe('disconnectCall');
    expect([idsOf(own.pool), own.keep]).toEqual([['1', '2', '3'], 0]);
    const first = await verdictAt(1);
    expect(first.event).toMatchObject({ type: 'disconnectCall', select: 'oldest', keep: 1 });
    expect([idsOf(first.pool), first.keep]).toEqual([['2', '3'], 1]);
    const second = await verdictAt(2);
    expect([second.event.type, idsOf(second.pool)]).toEqual(['disconnectAccount', ['1', '2', '3']]);
    const third = await verdictAt(3);
    expect([third.event.message, third.pool]).toEqual(['hopeless', []]);
  });

  it('is the own event where nobody says, and asked for per subject, only where it is violated', async () => {
    const others = [...listed, ...calls(2, { account: 11 }, 10), aCall({ id: '20', account: 12 })];
    const { rule: compiled } = compileOne(text);
    const facts = factsFor(compiled, aSnapshot(others));
    const asked: string[] = [];
    const stepOf = ({ id }: { id: string }) => {
      asked.push(id);
      return id === '11' ? 2 : 0;
    };
    const verdicts = await compiled.judge(facts, { yieldNow, stepOf });
    expect(asked).toEqual(['10', '11']);
    expect(verdicts.map((one) => (one.result === 'violated' ? one.event.type : one.result))).toEqual([
      'disconnectCall',
      'disconnectAccount',
      'clear',
    ]);
    expect((await compiled.judge(facts, { yieldNow }))[1]).toMatchObject({
      event: { type: 'disconnectCall' },
    });
  });

  it('that the rule does not have is an error, never an action', async () => {
    await expect(verdictAt(4)).rejects.toThrow('has no step 4');
  });
});

describe('an explanation', () => {
  const text = rule(
    'except: { accounts: [11] }\nescalate: [{ after: 2, within: 1h, event: { type: disconnectAccount } }]',
    {
      conditions: `{ any: [${TOTAL}, { fact: account.connectedCalls, operator: greaterThan, value: 9 }] }`,
      event: '{ type: alert }',
    },
  );
  const explain = async (id: string, listed: readonly Call[], step = 0) => {
    const { rule: compiled } = compileOne(text);
    return compiled.explain(factsFor(compiled, aSnapshot(listed)), { scope: 'account', id }, step);
  };

  it('has the evidence of every comparison where the verdict is clear, too', async () => {
    expect(await explain('10', calls(1))).toMatchObject({
      result: 'clear',
      evidence: { conditions: { result: false, any: [{ observed: 1 }, { observed: 1 }] } },
    });
  });

  it('is the verdict that judging gives where it is not, at the step that is asked for', async () => {
    const { rule: compiled } = compileOne(text);
    const [judged] = await compiled.judge(factsFor(compiled, aSnapshot(calls(2))), { yieldNow });
    expect(await explain('10', calls(2))).toEqual(judged);
    expect(await explain('10', calls(2), 1)).toMatchObject({ event: { type: 'disconnectAccount' } });
  });

  it('is none where the rule leaves the subject out', async () => {
    expect(await explain('11', calls(2, { account: 11 }))).toBeUndefined();
  });
});

describe('evidence', () => {
  const conditions =
    '{ all: [{ fact: account.callsStarted, params: { within: 10m }, operator: greaterThan, value: 1 }] }';
  const text = rule('', { conditions, event: '{ type: alert }' });

  it('says what a window could not see', async () => {
    const gap = { seconds: 25, knownSince: NOW - 60_000 };
    const [verdict] = await oneAt(text, NOW).judge(sourceOf({ known: true, value: 2, atLeast: false, gap }), {
      yieldNow,
    });
    expect(verdict).toMatchObject({
      result: 'violated',
      evidence: {
        conditions: {
          all: [
            {
              observed: 2,
              params: { within: 600 },
              gap: { seconds: 25, knownSince: new Date(NOW - 60_000).toISOString() },
            },
          ],
        },
      },
    });
  });

  it('says so of the fact that it was compared with, and the larger gap where both have one', async () => {
    const both =
      '{ all: [{ fact: account.callsStarted, params: { within: 10m }, operator: lessThan, value: { fact: account.callsStarted, params: { within: 1h } } }] }';
    const compiled = oneAt(rule('', { conditions: both, event: '{ type: alert }' }), NOW);
    const source: FactSource = {
      ...sourceOf({ known: false, reason: 'unreadable' }),
      observe: (_, __, { within }) => ({
        known: true,
        value: within === 600 ? 1 : 2,
        atLeast: false,
        gap: { seconds: within === 600 ? 5 : 30 },
      }),
    };
    const [verdict] = await compiled.judge(source, { yieldNow });
    expect(verdict).toMatchObject({ evidence: { conditions: { all: [{ gap: { seconds: 30 } }] } } });
  });

  it('says why a window tells nothing', async () => {
    const [verdict] = await oneAt(text, NOW).judge(sourceOf({ known: false, reason: 'incomplete-window' }), {
      yieldNow,
    });
    expect(verdict).toMatchObject({
      result: 'indeterminate',
      missing: ['account.callsStarted'],
      evidence: { conditions: { all: [{ missing: 'incomplete-window', observed: null }] } },
    });
  });

  it('holds every comparison of a violated rule, though a quick look asks for no more than it needs', async () => {
    const any = `{ any: [${TOTAL}, { fact: account.connectedCalls, operator: greaterThan, value: 9 }] }`;
    const where = '{ all: [{ fact: call.age, operator: greaterThan, value: 1 }] }';
    const event = `{ type: disconnectCall, params: { where: ${where} } }`;
    const verdicts = await judge(rule('', { conditions: any, event }), calls(2));
    expect(onlyViolated(verdicts).evidence.conditions.any).toMatchObject([
      { result: true, observed: 2 },
      { result: false, observed: 2 },
    ]);
  });
});

describe('facts that are true or false', () => {
  it('decide as they are observed, and a missing one decides nothing', async () => {
    const conditions = '{ all: [{ fact: call.callerIsCalled, operator: equal, value: true }] }';
    const compiled = oneAt(rule('', { scope: 'call', conditions }), NOW);
    const results = async (observed: Observed) => {
      const [own] = calls(1);
      const source = {
        ...sourceOf(observed, own === undefined ? [] : [own]),
        subjects: () => [{ scope: 'call' as const, id: '1' }],
      };
      return (await compiled.judge(source, { yieldNow })).map(({ result }) => result);
    };
    expect(await results({ known: true, value: true, atLeast: false })).toEqual(['violated']);
    expect(await results({ known: true, value: false, atLeast: false })).toEqual(['clear']);
    expect(await results({ known: false, reason: 'too-little-history' })).toEqual(['indeterminate']);
  });
});

describe('the pool of a recursive fact', () => {
  const conditions =
    '{ all: [{ fact: customer.totalCalls, params: { recursive: true }, operator: greaterThan, value: 1 }] }';
  const own = calls(1, { customer: 2 });
  const below = [
    aCall({ id: '5', customer: 3, account: 30 }),
    aCall({ id: '6', customer: 4, account: 40 }),
    aCall({ id: '7', customer: 3, account: 30, state: 'Dead' }),
  ];
  const all = [...own, ...below];
  const source: FactSource = {
    subjects: () => [{ scope: 'customer', id: '2' }],
    callsOf: ({ scope, id }) => (scope === 'customer' ? own : all.filter((call) => call.id === id)),
    widen: () => undefined,
    observe: (subject, name) =>
      name === 'call.account'
        ? { known: true, value: all.find(({ id }) => id === subject.id)?.account ?? 0, atLeast: false }
        : { known: true, value: 3, atLeast: false, counted: all },
  };
  const poolOf = async (more: string, event = CUT) => {
    const [compiled] = compile({ 'r.yaml': rule(more, { scope: 'customer', conditions, event }) }).compiled;
    if (compiled === undefined) throw new Error('no rule applies');
    const pool = onlyViolated(await compiled.judge(source, { yieldNow })).pool;
    expect(new Set(pool.map(identityKey)).size).toBe(pool.length);
    return idsOf(pool);
  };

  it('holds the live calls of subcustomers too, each once', async () => {
    expect(await poolOf('')).toEqual(['1', '5', '6']);
  });

  it('spares what the rule excepts, even where the key otherwise chooses subjects', async () => {
    expect(await poolOf('except: { customers: [3] }')).toEqual(['1', '6']);
    expect(await poolOf('except: { accounts: [40] }')).toEqual(['1', '5']);
  });

  it('is narrowed by "where"', async () => {
    const where = '{ all: [{ fact: call.account, operator: equal, value: 30 }] }';
    expect(await poolOf('', `{ type: disconnectCall, params: { where: ${where} } }`)).toEqual(['5']);
  });
});
