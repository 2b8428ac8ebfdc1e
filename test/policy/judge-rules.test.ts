import { describe, expect, it } from 'vitest';
import { type Call, identityKey } from '../../src/domain/call.js';
import type { FactSource } from '../../src/domain/facts.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { aCall, aSnapshot, calls, NOW } from '../support/calls.js';
import { compile, compileOne, factsFor, idsOf, judge, onlyViolated, summary, yieldNow } from './support.js';

function rule(scope: string, conditions: string, event: string, more = ''): string {
  return `name: a\nscope: ${scope}\nmode: enforce\nconditions: ${conditions}\nevent: ${event}\n${more}`;
}

const CUT = '{ type: disconnectCall }';
const over = (fact: string, value: number, params = '') =>
  `{ fact: ${fact}, ${params === '' ? '' : `params: ${params}, `}operator: greaterThan, value: ${value} }`;

describe('the pool of a violated rule', () => {
  it('is what its aggregate counted, by state and params', async () => {
    const listed = [
      ...calls(3),
      ...calls(2, { state: 'WaitRoute' }, 4),
      ...calls(2, { cldNumber: '8821234' }, 6),
      ...calls(2, { account: 11 }, 8),
    ];
    const verdicts = await judge(
      rule('account', `{ all: [${over('account.connectedCalls', 4)}] }`, CUT),
      listed,
    );
    expect(summary(verdicts)).toEqual(['account:10 violated', 'account:11 clear']);
    expect(idsOf(onlyViolated(verdicts).pool)).toEqual(['1', '2', '3', '6', '7']);

    const risky = rule('account', `{ all: [${over('account.totalCalls', 1, '{ to: ["+882"] }')}] }`, CUT);
    expect(idsOf(onlyViolated(await judge(risky, listed)).pool)).toEqual(['6', '7']);
    const named = rule('account', `{ all: [${over('account.totalCalls', 1, '{ to: risky }')}] }`, CUT);
    const lists = { 'lists/risky.txt': '00882\n881\n' };
    expect(idsOf(onlyViolated(await judge(named, listed, lists)).pool)).toEqual(['6', '7']);
  });

  it('holds both entries of a call of which one was counted, and no other call under its ID', async () => {
    const [first, second] = calls(2);
    if (first === undefined || second === undefined) throw new Error('no calls');
    const ringing = { state: 'ARComplete', direction: 'onnet_out' };
    const listed = [first, second, { ...first, ...ringing }, { ...second, ...ringing, callId: 'other' }];
    const verdicts = await judge(
      rule('account', `{ all: [${over('account.connectedCalls', 1)}] }`, CUT),
      listed,
    );
    expect(onlyViolated(verdicts).pool).toEqual(listed.slice(0, 3));
  });

  it("is the subject's own part of what an aggregate of a wider scope counted", async () => {
    const listed = [...calls(2), ...calls(2, { account: 11 }, 3)];
    const verdicts = await judge(
      rule('account', `{ all: [${over('customer.totalCalls', 3)}] }`, CUT),
      listed,
    );
    expect(verdicts.map((verdict) => (verdict.result === 'violated' ? idsOf(verdict.pool) : []))).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  it('is what an aggregate on the right counted, where that one decided', async () => {
    const reversed =
      '{ all: [{ fact: account.limit, params: { name: max, default: 1 }, operator: lessThan, value: { fact: account.connectedCalls } }] }';
    const listed = [...calls(3), ...calls(2, { state: 'Idle' }, 4)];
    const violated = onlyViolated(await judge(rule('account', reversed, CUT), listed));
    expect(idsOf(violated.pool)).toEqual(['1', '2', '3']);
  });

  it('is narrowed by where, and a call of which where knows too little stays', async () => {
    const where = '{ any: [{ fact: call.age, operator: greaterThan, value: 100 }] }';
    const text = rule(
      'account',
      `{ all: [${over('account.totalCalls', 1)}, ${over('account.connectedCalls', 1)}] }`,
      `{ type: disconnectCall, params: { where: ${where}, keep: 1 } }`,
    );
    const listed = [
      aCall({ id: '1', age: 99 }),
      aCall({ id: '2', age: 101 }),
      aCall({ id: '3', age: undefined }),
    ];
    const violated = onlyViolated(await judge(text, listed));
    expect(idsOf(violated.pool)).toEqual(['2']);
    expect(violated.keep).toBe(1);
  });

  it('holds only what the branches that are true counted, "not" included', async () => {
    const where = '{ all: [{ fact: call.age, operator: greaterThan, value: 0 }] }';
    const event = `{ type: disconnectCall, params: { where: ${where} } }`;
    const listed = [...calls(3), ...calls(2, { state: 'Idle' }, 4)];
    const any = `{ any: [${over('account.connectedCalls', 2)}, ${over('account.setupCalls', 5)}] }`;
    expect(idsOf(onlyViolated(await judge(rule('account', any, event), listed)).pool)).toEqual([
      '1',
      '2',
      '3',
    ]);
    const not = `{ not: { all: [{ fact: account.setupCalls, operator: lessThan, value: 2 }, ${over('account.connectedCalls', 2)}] } }`;
    expect(idsOf(onlyViolated(await judge(rule('account', not, event), listed)).pool)).toEqual(['4', '5']);
  });

  it('is the call itself for scope call and empty for an alert', async () => {
    const long = '{ all: [{ fact: call.duration, operator: greaterThan, value: 3600 }] }';
    const listed = [aCall({ id: '1', duration: 3601 }), aCall({ id: '2', duration: 3600 })];
    const verdicts = await judge(rule('call', long, CUT), listed);
    expect(summary(verdicts)).toEqual(['call:1 violated', 'call:2 clear']);
    expect(idsOf(onlyViolated(verdicts).pool)).toEqual(['1']);
    expect(
      onlyViolated(await judge(rule('call', long, '{ type: alert, params: { message: hi } }'), listed)).pool,
    ).toEqual([]);
  });

  it('is empty where only a limit decided and no call did', async () => {
    const conditions = `{ any: [${over('account.totalCalls', 9)}, ${over('account.limit', 1, '{ name: x, default: 2 }')}] }`;
    expect(onlyViolated(await judge(rule('account', conditions, CUT), calls(2))).pool).toEqual([]);
  });

  it('holds all calls of the account where its customer is to be disconnected', async () => {
    const conditions = `{ all: [${over('account.limit', 1, '{ name: x, default: 2 }')}] }`;
    const verdicts = await judge(rule('account', conditions, '{ type: disconnectCustomer }'), calls(2));
    expect(idsOf(onlyViolated(verdicts).pool)).toEqual(['1', '2']);
  });
});

describe('keep', () => {
  const conditions = `{ all: [${over('account.totalCalls', 1)}] }`;
  const keepLimit =
    '{ type: disconnectCall, params: { keep: { fact: account.limit, params: { name: max } } } }';

  it('may be a fact, rounded up so that half a call more stays', async () => {
    const limits = { 'limits.csv': 'scope,id,name,value\naccount,10,max,1.2\n' };
    expect(onlyViolated(await judge(rule('account', conditions, keepLimit), calls(3), limits)).keep).toBe(2);
  });

  it('that is missing or a lower bound makes the verdict indeterminate', async () => {
    expect(summary(await judge(rule('account', conditions, keepLimit), calls(3)))).toEqual([
      'account:10 indeterminate account.limit',
    ]);
    const keepCount =
      '{ type: disconnectCall, params: { keep: { fact: account.totalCalls, params: { direction: vendor } } } }';
    const listed = [...calls(3), ...calls(1, { direction: undefined }, 4)];
    expect(summary(await judge(rule('account', conditions, keepCount), listed))).toEqual([
      'account:10 indeterminate account.totalCalls',
    ]);
  });
});

describe('missing facts', () => {
  it('are never true: not with notEqual, not with notIn, not under not', async () => {
    const nameless = [aCall({ id: '1', cld: undefined, cldNumber: undefined })];
    for (const leaf of [
      '{ fact: call.cld, operator: notEqual, value: "49" }',
      '{ fact: call.cld, operator: notIn, value: ["49"] }',
      '{ not: { fact: call.cld, operator: equal, value: "49" } }',
      '{ not: { fact: call.cld, operator: startsWithAnyOf, value: ["49"] } }',
      '{ fact: call.cld, operator: notInList, value: known }',
    ]) {
      const verdicts = await judge(rule('call', `{ all: [${leaf}] }`, CUT), nameless, {
        'lists/known.txt': '49\n',
      });
      expect(summary(verdicts)).toEqual(['call:1 indeterminate call.cld']);
    }
  });

  it('do not matter where something known decides', async () => {
    const unknown = '{ fact: call.country, operator: equal, value: DE }';
    const known = (value: number) => `{ fact: call.duration, operator: greaterThan, value: ${value} }`;
    const listed = [aCall({ id: '1', cldNumber: undefined, duration: 50 })];
    expect(summary(await judge(rule('call', `{ any: [${unknown}, ${known(49)}] }`, CUT), listed))).toEqual([
      'call:1 violated',
    ]);
    expect(summary(await judge(rule('call', `{ all: [${unknown}, ${known(50)}] }`, CUT), listed))).toEqual([
      'call:1 clear',
    ]);
    expect(summary(await judge(rule('call', `{ all: [${unknown}, ${known(49)}] }`, CUT), listed))).toEqual([
      'call:1 indeterminate call.country',
    ]);
  });

  it('include the facts of a wider subject that a call does not name', async () => {
    const text = rule('call', `{ all: [${over('account.totalCalls', 0)}] }`, CUT);
    expect(summary(await judge(text, [aCall({ id: '1', account: undefined })]))).toEqual([
      'call:1 indeterminate account.totalCalls',
    ]);
  });

  it('include the limit that nobody set', async () => {
    const text = rule(
      'account',
      '{ all: [{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: max } } }] }',
      CUT,
    );
    const limits = { 'limits.csv': 'scope,id,name,value\naccount,10,max,1\n' };
    expect(summary(await judge(text, calls(2)))).toEqual(['account:10 indeterminate account.limit']);
    expect(summary(await judge(text, [...calls(2), ...calls(2, { account: 11 }, 3)], limits))).toEqual([
      'account:10 violated',
      'account:11 indeterminate account.limit',
    ]);
  });

  it('that are only known to be at least so much support no other operator than "greater than"', async () => {
    const listed = [...calls(3), ...calls(1, { direction: undefined }, 4)];
    const verdicts = async (operator: string, value: number) =>
      summary(
        await judge(
          rule(
            'account',
            `{ all: [{ fact: account.totalCalls, params: { direction: vendor }, operator: ${operator}, value: ${value} }] }`,
            '{ type: alert }',
          ),
          listed,
        ),
      );
    const open = ['account:10 indeterminate account.totalCalls'];
    expect(await verdicts('greaterThan', 2)).toEqual(['account:10 violated']);
    expect(await verdicts('greaterThan', 3)).toEqual(open);
    expect(await verdicts('lessThan', 9)).toEqual(open);
    expect(await verdicts('equal', 3)).toEqual(open);
    expect(await verdicts('notEqual', 9)).toEqual(open);
  });
});

describe('only and except', () => {
  const busy = `{ all: [${over('account.totalCalls', 1)}] }`;
  const listed = [...calls(2), ...calls(2, { account: 11, customer: 3 }, 3)];

  it('of the own or a wider scope choose the subjects', async () => {
    expect(summary(await judge(rule('account', busy, CUT, 'only: { customers: [3] }\n'), listed))).toEqual([
      'account:11 violated',
    ]);
    expect(summary(await judge(rule('account', busy, CUT, 'except: { accounts: [11] }\n'), listed))).toEqual([
      'account:10 violated',
    ]);
  });

  it('of a narrower scope choose the calls, for counting and for victims', async () => {
    const mixed = [...calls(2), ...calls(2, { connection: 8 }, 3)];
    const text = rule('account', busy, CUT, 'except: { connections: [8] }\n');
    expect(idsOf(onlyViolated(await judge(text, mixed)).pool)).toEqual(['1', '2']);
    const strict = rule(
      'account',
      `{ all: [${over('account.totalCalls', 2)}] }`,
      CUT,
      'except: { connections: [8] }\n',
    );
    expect(summary(await judge(strict, mixed))).toEqual(['account:10 clear']);
  });

  it('never take a call which may be outside, and count it as perhaps', async () => {
    const mixed = [...calls(2), ...calls(1, { connection: undefined }, 3)];
    const text = rule('account', busy, CUT, 'only: { connections: [7] }\n');
    expect(idsOf(onlyViolated(await judge(text, mixed)).pool)).toEqual(['1', '2']);
    const strict = rule(
      'account',
      `{ all: [${over('account.totalCalls', 2)}] }`,
      CUT,
      'only: { connections: [7] }\n',
    );
    expect(summary(await judge(strict, mixed))).toEqual(['account:10 indeterminate account.totalCalls']);
  });

  it('with something unknown about the subject make a violation indeterminate, for both alike', async () => {
    const long = '{ all: [{ fact: call.duration, operator: greaterThan, value: 10 }] }';
    const unknown = [aCall({ id: '1', account: undefined })];
    for (const filter of ['only: { accounts: [10] }\n', 'except: { accounts: [10] }\n']) {
      expect(summary(await judge(rule('call', long, CUT, filter), unknown))).toEqual([
        'call:1 indeterminate call.account',
      ]);
    }
    const short = long.replace('10', '1000');
    expect(summary(await judge(rule('call', short, CUT, 'only: { accounts: [10] }\n'), unknown))).toEqual([
      'call:1 clear',
    ]);
  });

  it('compare numbers in the form of the switch', async () => {
    const long = '{ all: [{ fact: call.duration, operator: greaterThan, value: 10 }] }';
    const verdicts = await judge(rule('call', long, CUT, 'except: { cld: ["+49 30"], cli: ["001"] }\n'), [
      aCall({ id: '1' }),
      aCall({ id: '2', cldNumber: '49891' }),
      aCall({ id: '3', cldNumber: '49891', cliNumber: '1212' }),
    ]);
    expect(summary(verdicts)).toEqual(['call:2 violated']);
  });

  it('by vendor use what the switch lists for that vendor', async () => {
    const both = calls(4);
    const keys = (...ids: string[]) => new Set(both.filter(({ id }) => ids.includes(id)).map(identityKey));
    const vendors = {
      vendors: new Map([
        [3, keys('1', '2', '3')],
        [4, keys('4')],
      ]),
    };
    const text = rule(
      'vendor',
      `{ all: [${over('vendor.totalCalls', 1)}] }`,
      CUT,
      'only: { vendors: [3] }\n',
    );
    expect(compileOne(text).rule.vendors).toEqual([3]);
    expect(idsOf(onlyViolated(await judge(text, both, {}, vendors)).pool)).toEqual(['1', '2', '3']);
    const account = rule('account', busy, CUT, 'except: { vendors: [3] }\n');
    expect(summary(await judge(account, both, {}, vendors))).toEqual(['account:10 clear']);
    const call = rule('call', `{ all: [${over('vendor.totalCalls', 1)}] }`, CUT, 'only: { vendors: [3] }\n');
    expect(summary(await judge(call, both, {}, vendors))).toEqual([
      'call:1 violated',
      'call:2 violated',
      'call:3 violated',
    ]);
  });

  it('by vendor know nothing of a call without a connection, as it may be routed by now', async () => {
    const long = '{ all: [{ fact: call.duration, operator: greaterThan, value: 10 }] }';
    const text = rule('call', long, CUT, 'except: { vendors: [3] }\n');
    const listed = [aCall({ id: '1', connection: undefined }), aCall({ id: '2' })];
    expect(summary(await judge(text, listed, {}, { vendors: new Map([[3, new Set<string>()]]) }))).toEqual([
      'call:1 indeterminate call.vendor',
      'call:2 violated',
    ]);
  });

  it('by vendor leave out a connection of which no named vendor lists a call', async () => {
    const [first] = calls(1);
    const listed = [...calls(1), aCall({ id: '2', connection: 8 })];
    const vendors = { vendors: new Map([[3, new Set(first === undefined ? [] : [identityKey(first)])]]) };
    const text = (filter: string) =>
      rule(
        'connection',
        `{ all: [${over('connection.totalCalls', 0)}] }`,
        CUT,
        `${filter}: { vendors: [3] }\n`,
      );
    expect(summary(await judge(text('only'), listed, {}, vendors))).toEqual(['connection:7 violated']);
    expect(summary(await judge(text('except'), listed, {}, vendors))).toEqual(['connection:8 violated']);
  });

  it("read callers' prefixes and numbers without technical prefixes, which are dialled only", async () => {
    const long = (leaf: string) => `{ all: [${leaf}] }`;
    const numbering = createNumbering({ techPrefixes: ['0099'] });
    const verdictsOf = async (text: string, call: Partial<Call>) => {
      const { ruleSet } = compile({ 'rule.yaml': text });
      const [compiled] = compileRules(ruleSet, {
        catalogue: FACT_CATALOGUE,
        numbering,
        switchName: 'lab',
        now: NOW,
      });
      if (compiled === undefined) throw new Error('no rule applies');
      return summary(
        await compiled.judge(factsFor(compiled, aSnapshot([aCall({ id: '1', ...call })])), { yieldNow }),
      );
    };
    const dialled = { cldNumber: '4501234567' };
    const caller = { cliNumber: '994501234567' };
    const on = (fact: string) => long(`{ fact: ${fact}, operator: equal, value: "00994501234567" }`);
    expect(await verdictsOf(rule('call', on('call.cld'), CUT), dialled)).toEqual(['call:1 violated']);
    expect(await verdictsOf(rule('call', on('call.cli'), CUT), caller)).toEqual(['call:1 violated']);
    const any = long('{ fact: call.duration, operator: greaterThan, value: 10 }');
    expect(await verdictsOf(rule('call', any, CUT, 'only: { cli: ["0099450"] }\n'), caller)).toEqual([
      'call:1 violated',
    ]);
    const starts = long('{ fact: call.cli, operator: startsWithAnyOf, value: ["0099450"] }');
    expect(await verdictsOf(rule('call', starts, CUT), caller)).toEqual(['call:1 violated']);
  });

  it('by switch decide whether a rule applies at all', () => {
    const files = {
      'a.yaml': rule('account', busy, CUT, 'only: { switches: [lab] }\n'),
      'b.yaml': rule('account', busy, CUT, 'except: { switches: [lab] }\n').replace('name: a', 'name: b'),
      'c.yaml': rule('account', busy, CUT).replace('name: a', 'name: c').replace('enforce', 'off'),
    };
    expect(compile(files, 'lab').compiled.map((one) => one.rule.name)).toEqual(['a']);
    expect(compile(files, 'live').compiled.map((one) => one.rule.name)).toEqual(['b']);
  });
});

describe('operators on text', () => {
  const matches = async (leaf: string, call: Partial<Call>) => {
    const lists = { 'lists/known.txt': '+49 30 23125001\nalice\n' };
    const [verdict] = await judge(
      rule('call', `{ all: [${leaf}] }`, CUT),
      [aCall({ id: '1', ...call })],
      lists,
    );
    return verdict?.result === 'violated';
  };

  it('compare numbers however they are written', async () => {
    const cld = { cldNumber: '493023125001' };
    expect(await matches('{ fact: call.cld, operator: equal, value: "+49 (0)30 23125001" }', cld)).toBe(true);
    expect(await matches('{ fact: call.cld, operator: in, value: ["0011#493023125001"] }', cld)).toBe(true);
    expect(await matches('{ fact: call.cld, operator: inList, value: known }', cld)).toBe(true);
    expect(await matches('{ fact: call.cld, operator: notInList, value: known }', cld)).toBe(false);
    expect(
      await matches('{ fact: call.cld, operator: startsWithAnyOf, value: ["44", "0049-30"] }', cld),
    ).toBe(true);
    expect(
      await matches('{ fact: call.cld, operator: startsWithAnyOf, value: ["4930231250012"] }', cld),
    ).toBe(false);
    expect(await matches('{ fact: call.cld, operator: startsWithAnyOf, value: ["+49 (0)30"] }', cld)).toBe(
      true,
    );
    expect(
      await matches('{ fact: call.cld, operator: startsWithAnyOf, value: ["+39 (0)6"] }', {
        cldNumber: '390612345678',
      }),
    ).toBe(true);
    expect(await matches('{ fact: call.cli, operator: inList, value: known }', { cliNumber: 'alice' })).toBe(
      true,
    );
  });

  it('compare addresses with networks of both families', async () => {
    const network = (value: string) => `{ fact: call.callerMediaIp, operator: inNetwork, value: ${value} }`;
    expect(await matches(network('192.0.2.0/29'), { callerMediaIp: '192.0.2.7' })).toBe(true);
    expect(await matches(network('192.0.2.0/29'), { callerMediaIp: '192.0.2.8' })).toBe(false);
    expect(await matches(network('["10.0.0.0/8", "2001:db8::/32"]'), { callerMediaIp: '2001:db8::1' })).toBe(
      true,
    );
    expect(await matches(network('192.0.2.0/29'), { callerMediaIp: '::ffff:192.0.2.7' })).toBe(true);
    expect(await matches(network('192.0.2.0/29'), { callerMediaIp: '2001:db8::1' })).toBe(false);
    expect(await matches(network('192.0.2.0/29'), { callerMediaIp: 'localhost' })).toBe(false);
    const equal = '{ fact: call.callerMediaIp, operator: equal, value: "2001:DB8:0::1" }';
    expect(await matches(equal, { callerMediaIp: '2001:db8::1' })).toBe(true);
  });
});

describe('evidence', () => {
  it('is the evaluated tree with what was observed and compared, lists by their name', async () => {
    const files = {
      'shared.yaml':
        'conditions:\n  busy: { any: [{ fact: account.totalCalls, params: { to: risky }, operator: greaterThan, value: { fact: account.limit, params: { name: max, default: 1 } } }] }\n',
      'lists/risky.txt': '49\n',
    };
    const text = rule(
      'account',
      '{ all: [{ condition: busy }, { not: { fact: account.averageDuration, operator: lessThan, value: 5 } }] }',
      CUT.replace(
        ' }',
        ', params: { where: { all: [{ fact: call.age, operator: greaterThan, value: 1 }] } } }',
      ),
    );
    expect(onlyViolated(await judge(text, calls(2), files)).evidence).toEqual({
      conditions: {
        result: true,
        all: [
          {
            result: true,
            condition: 'busy',
            any: [
              {
                result: true,
                fact: 'account.totalCalls',
                params: { to: ['risky'] },
                operator: 'greaterThan',
                value: 1,
                valueFrom: 'account.limit',
                valueParams: { name: 'max', default: 1 },
                observed: 2,
              },
            ],
          },
          {
            result: true,
            not: {
              result: false,
              fact: 'account.averageDuration',
              operator: 'lessThan',
              value: 5,
              observed: 57,
            },
          },
        ],
      },
    });
  });

  it('says which prefix or network of many was met, and where the number of kept calls came from', async () => {
    const leaves = [
      '{ fact: call.cld, operator: startsWithAnyOf, value: ["+44", "+49 30"] }',
      '{ fact: call.callerMediaIp, operator: inNetwork, value: ["10.0.0.0/8", "192.0.2.0/24"] }',
      '{ not: { fact: call.cli, operator: startsWithAnyOf, value: risky } }',
    ];
    const call = onlyViolated(
      await judge(rule('call', `{ all: [${leaves.join(', ')}] }`, CUT), calls(1), {
        'lists/risky.txt': '+882\n',
      }),
    );
    expect(call.evidence.conditions.all?.map((one) => one.matched ?? one.not?.matched)).toEqual([
      '4930',
      '192.0.2.0/24',
      undefined,
    ]);
    const limit = '{ fact: account.limit, params: { name: max, default: 1 } }';
    const excess = rule(
      'account',
      `{ all: [{ fact: account.totalCalls, operator: greaterThan, value: ${limit} }] }`,
      `{ type: disconnectCall, params: { keep: ${limit} } }`,
    );
    expect(onlyViolated(await judge(excess, calls(2))).evidence.keepFrom).toEqual({
      fact: 'account.limit',
      params: { name: 'max', default: 1 },
    });
  });

  it('says why a fact is missing', async () => {
    const text = rule(
      'account',
      `{ all: [${over('account.averageDuration', 1, '{ min: 3 }')}, ${over('account.totalCalls', 1)}] }`,
      '{ type: alert }',
    );
    const [verdict] = await judge(text, calls(2));
    expect(verdict).toMatchObject({
      result: 'indeterminate',
      evidence: {
        conditions: {
          result: 'missing',
          all: [{ result: 'missing', observed: null, missing: 'too-few-samples' }, { result: true }],
        },
      },
    });
  });
});

describe('judging', () => {
  it('plans rules by priority, then name', () => {
    const named = (name: string, more = '') =>
      rule('account', `{ all: [${over('account.totalCalls', 1)}] }`, CUT, more).replace(
        'name: a',
        `name: ${name}`,
      );
    const files = { 'x.yaml': named('b'), 'y.yaml': named('c', 'priority: 5\n'), 'z.yaml': named('a') };
    expect(compile(files).compiled.map((one) => one.rule.name)).toEqual(['c', 'a', 'b']);
  });

  it('yields to the event loop every 200 engine runs and every 2,000 quick looks, since promises alone never do', async () => {
    const yieldsOf = async (calmCalls: number, longCalls: number) => {
      const { rule: compiled } = compileOne(
        rule('call', '{ all: [{ fact: call.duration, operator: greaterThan, value: 3600 }] }', CUT),
      );
      const listed = [...calls(calmCalls), ...calls(longCalls, { duration: 3601 }, 20_000)];
      let yields = 0;
      const count = () => {
        yields += 1;
        return new Promise<void>((resolve) => setImmediate(resolve));
      };
      await compiled.judge(factsFor(compiled, aSnapshot(listed)), { yieldNow: count });
      return yields;
    };
    expect(await yieldsOf(0, 1_000)).toBe(5);
    expect(await yieldsOf(6_001, 0)).toBe(3);
    expect(await yieldsOf(1_900, 0)).toBe(0);
  });

  it('rejects where a fact source breaks, and says nothing of any subject then', async () => {
    const { rule: compiled } = compileOne(
      rule('account', `{ all: [${over('account.totalCalls', 1)}] }`, CUT),
    );
    const broken: FactSource = {
      ...factsFor(compiled, aSnapshot(calls(2))),
      observe: () => {
        throw new Error('broken fact');
      },
    };
    await expect(compiled.judge(broken, { yieldNow })).rejects.toThrow('broken fact');
  });

  it('gives the same verdicts for the same snapshot, whatever the order of its calls', async () => {
    const text = rule('account', `{ all: [${over('account.totalCalls', 1)}] }`, CUT);
    const listed = [...calls(3, { account: 9 }), ...calls(3, {}, 4)];
    expect(summary(await judge(text, listed.toReversed()))).toEqual(summary(await judge(text, listed)));
  });
});
