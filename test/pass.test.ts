import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Call } from '../src/domain/call.js';
import type { AnswerTiming } from '../src/domain/snapshot.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { runPass } from '../src/pass.js';
import type { PassContext } from '../src/pass-enforcement.js';
import { checkRules } from '../src/policy/check-rules.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { aCall, calls, NOW } from './support/calls.js';
import { fakeSwitch, switchError } from './support/fake-switch.js';
import { aPassContext, NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const never = new AbortController().signal;

/** One switch with these calls, under these rules, each pass on a clock that the test moves. */
function scene(listed: readonly Call[], rules: string, changes: Partial<PassContext> = {}) {
  const { store, records } = tempStore();
  let now = NOW;
  const clock = () => now;
  const port = fakeSwitch(listed, clock);
  const notes: string[] = [];
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text: rules }],
    FACT_CATALOGUE,
    (text) => createHash('sha256').update(text).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const context = aPassContext({
    port,
    store,
    clock,
    rules: compileRules(ruleSet, {
      catalogue: FACT_CATALOGUE,
      numbering: NUMBERING,
      switchName: 'lab',
      now: NOW,
    }),
    limits: ruleSet.limits,
    note: (text) => notes.push(text),
    ...changes,
  });
  return {
    port,
    store,
    records,
    notes,
    context,
    wait: (ms: number) => {
      now += ms;
    },
    pass: (options: { dryRun?: boolean; stop?: AbortSignal } = {}) =>
      runPass(context, {
        passId: `pass-${now}`,
        actor: 'scheduler',
        dryRun: options.dryRun ?? false,
        stop: options.stop ?? never,
        abort: never,
      }),
  };
}

const cap = (name: string, scope: string, most: number, more = '') => `
  - name: ${name}
    scope: ${scope}
    mode: enforce
    ${more}
    conditions: { all: [ { fact: ${scope}.connectedCalls, operator: greaterThan, value: ${most} } ] }
    event: { type: disconnectCall, params: { select: newest, keep: ${most} } }`;

const taken = (report: Awaited<ReturnType<ReturnType<typeof scene>['pass']>>) =>
  report.actions.map(({ rule, target, outcome }) => `${rule} ${target} ${outcome}`);

describe('a pass', () => {
  it('judges in order of priority, then name, and counts what was taken as gone for the next rule', async () => {
    const rules = `rules:${cap('z-customer', 'customer', 4)}${cap('account', 'account', 3, 'priority: 10')}${cap('a-connection', 'connection', 5)}`;
    const it = scene(calls(6), rules);
    // The account rule leaves 3: fewer than the other two rules allow.
    expect(taken(await it.pass())).toEqual([
      'account 6 disconnected',
      'account 5 disconnected',
      'account 4 disconnected',
    ]);
    const reversed = scene(calls(6), rules.replace('priority: 10', ''));
    expect(taken(await reversed.pass())).toEqual([
      'a-connection 6 disconnected',
      'account 5 disconnected',
      'account 4 disconnected',
    ]);
  });

  it('does not let a monitoring rule change what an enforcing one takes', async () => {
    const rules = `rules:${cap('watching', 'account', 1, 'priority: 10').replace('mode: enforce', 'mode: monitor')}${cap('acting', 'account', 4)}`;
    const report = await scene(calls(5), rules).pass();
    expect(taken(report)).toEqual([
      'watching 5 monitored',
      'watching 4 monitored',
      'watching 3 monitored',
      'watching 2 monitored',
      'acting 5 disconnected',
    ]);
  });

  it('does not count a call again whose disconnect was sent within 30 seconds, and does after', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    it.port.before = (request) => {
      if (request.startsWith('disconnect')) it.port.calls = [...calls(4), aCall({ id: '99', account: 77 })];
    };
    await it.pass();
    it.port.calls = calls(4);
    it.wait(20_000);
    expect((await it.pass()).actions).toEqual([]);
    it.wait(11_000);
    expect(taken(await it.pass())).toEqual(['account 4 disconnected']);
  });

  it('repeats an unchanged monitored record only after five minutes', async () => {
    const rules = `rules:${cap('account', 'account', 3).replace('mode: enforce', 'mode: monitor')}`;
    const it = scene(calls(4), rules);
    const first = await it.pass();
    it.wait(60_000);
    expect((await it.pass()).actions).toEqual(first.actions);
    expect(it.records()).toHaveLength(1);
    it.wait(300_000);
    await it.pass();
    expect(it.records()).toHaveLength(2);
  });

  it('judges nobody by a missing fact, and says which was missing for how many', async () => {
    const rules = `
name: short-setup
scope: call
mode: enforce
conditions: { all: [ { fact: call.duration, operator: lessThan, value: 100 }, { fact: call.direction, operator: notEqual, value: onnet_in } ] }
event: { type: disconnectCall }`;
    const it = scene(
      [
        { ...aCall({ id: '1' }), direction: undefined },
        { ...aCall({ id: '2' }), duration: undefined },
      ],
      rules,
    );
    const report = await it.pass();
    expect(report.violations).toEqual([]);
    expect(report.indeterminate).toEqual([
      { rule: 'short-setup', missing: ['call.direction', 'call.duration'], subjects: 2 },
    ]);
    expect(report.actions).toEqual([]);
  });

  it('goes on when one rule breaks, and says so', async () => {
    const it = scene(
      calls(4),
      `rules:${cap('account', 'account', 3)}${cap('broken', 'customer', 1, 'priority: 9')}`,
    );
    const rules = it.context.rules.map((compiled) =>
      compiled.rule.name === 'broken'
        ? { ...compiled, judge: () => Promise.reject(new Error('a defect')) }
        : compiled,
    );
    const { context } = it;
    const report = await runPass(
      { ...context, rules },
      { passId: 'p', actor: 'scheduler', dryRun: false, stop: never, abort: never },
    );
    expect(taken(report)).toEqual(['account 4 disconnected']);
    expect(it.notes).toEqual(['rule broken could not be judged: Error: a defect']);
  });

  it('is skipped while another pass holds the lock, and sends nothing', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    const release = await it.store.lock.acquire('lab');
    expect(await it.pass()).toMatchObject({ status: 'skipped', actions: [], error: null });
    expect(it.port.requests).toEqual([]);
    release?.();
    expect((await it.pass()).status).toBe('completed');
  });

  it('fails without an action when the listing fails, and lets the lock go', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    it.port.before = () => {
      throw switchError('SWITCH_TIMEOUT', true);
    };
    expect(await it.pass()).toMatchObject({
      status: 'failed',
      error: { code: 'SWITCH_TIMEOUT' },
      actions: [],
    });
    it.port.before = () => {};
    expect(taken(await it.pass())).toEqual(['account 4 disconnected']);
  });

  it('sends nothing when it is stopped before it has judged', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    const stop = new AbortController();
    it.port.before = (request) => {
      if (request === 'getAccountCallStats') stop.abort();
    };
    expect((await it.pass({ stop: stop.signal })).status).toBe('failed');
    expect(it.port.requests.some((request) => request.startsWith('disconnect'))).toBe(false);
  });

  it('gives up at its deadline', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`, { deadlineMs: 20 });
    it.port.before = () => new Promise(() => {});
    expect(await it.pass()).toMatchObject({ status: 'failed', error: { code: 'SWITCH_TIMEOUT' } });
  });

  it('gives the same plan for the same snapshot, rules and instant, however the switch orders its calls', async () => {
    const rules = `rules:${cap('account', 'account', 3)}${cap('customer', 'customer', 8)}`;
    const listed = [...calls(6), ...calls(6, { account: 11 }, 20), ...calls(3, { account: 12 }, 40)];
    const there = await scene(listed, rules).pass({ dryRun: true });
    const back = await scene(listed.toReversed(), rules).pass({ dryRun: true });
    expect(taken(back)).toEqual(taken(there));
    expect(there.actions.length).toBe(7);
  });

  it('lists the vendors that a rule names, and judges them', async () => {
    const rules = `
name: vendor-cap
scope: vendor
mode: enforce
only: { vendors: [7] }
conditions: { all: [ { fact: vendor.totalCalls, operator: greaterThan, value: 2 } ] }
event: { type: disconnectCall, params: { select: oldest, keep: 2 } }`;
    // The fake switch files calls under the vendor of their connection's number.
    const it = scene([...calls(3), ...calls(3, { connection: 8 }, 10)], rules);
    const report = await it.pass();
    expect(it.port.requests).toContain('listAllCalls {"vendor":7}');
    expect(report.violations[0]?.subject).toBe('vendor:7');
    expect(taken(report)).toEqual(['vendor-cap 1 disconnected']);
  });

  it.each([
    ['scope: call', 'except: { cld: ["49800"] }', 'call.duration', 'disconnectAccount'],
    ['scope: account', 'except: { cld: ["49800"] }', 'account.connectedCalls', 'disconnectAccount'],
    ['scope: account', 'except: { accounts: [7] }', 'account.connectedCalls', 'disconnectCustomer'],
  ])('takes no excepted call along with a whole (%s, %s)', async (scope, except, fact, type) => {
    const rules = `
name: whole
${scope}
mode: enforce
${except}
conditions: { all: [ { fact: ${fact}, operator: greaterThan, value: 1 } ] }
event: { type: ${type} }`;
    const spared = aCall({ id: '9', account: except.includes('accounts') ? 7 : 10, cld: '4980012345' });
    const it = scene([...calls(3), spared], rules, { customerTree: new Map([[2, 1]]) });
    const report = await it.pass();
    expect(report.actions[0]).toMatchObject({ action: type, outcome: 'withheld', reason: 'takes-excepted' });
    expect(it.port.requests.filter((request) => request.startsWith('disconnect')).toSorted()).toEqual([
      'disconnectCall 1',
      'disconnectCall 2',
      'disconnectCall 3',
    ]);
  });

  it('does not spare a call because a customer action may or may not have taken it along', async () => {
    const rules = `
rules:
  - name: a-customer
    scope: customer
    mode: enforce
    only: { customers: [2] }
    priority: 9
    conditions: { all: [ { fact: customer.connectedCalls, operator: greaterThan, value: 1 } ] }
    event: { type: disconnectCustomer }${cap('b-account', 'account', 5)}`;
    const it = scene([...calls(2), ...calls(8, { account: 50, customer: 5 }, 100)], rules);
    expect(taken(await it.pass())).toEqual([
      'a-customer 2 disconnected',
      'b-account 107 disconnected',
      'b-account 106 disconnected',
      'b-account 105 disconnected',
    ]);
  });
});

describe('the clock of the switch', () => {
  it('is measured at every pass, and told of where it is more than five seconds off', async () => {
    const it = scene(calls(1), `rules:${cap('account', 'account', 3)}`);
    const { listAllCalls, getAccountCallStats } = it.port;
    let offsetMs = 4_000;
    const dated = <A extends { timing: AnswerTiming }>(answer: A): A => ({
      ...answer,
      timing: { ...answer.timing, serverDate: answer.timing.requestedAt + offsetMs },
    });
    it.port.listAllCalls = async (filter, options) => dated(await listAllCalls(filter, options));
    it.port.getAccountCallStats = async (options) => dated(await getAccountCallStats(options));
    await it.pass();
    expect(it.notes).toEqual([]);
    it.wait(5_000);
    offsetMs = -61_000;
    await it.pass();
    expect(it.notes).toEqual([
      'the clock of the switch is about 60 s behind: set both by NTP; times of calls are corrected by it',
    ]);
  });

  it('is told by the answers to disconnects where the listing bears no Date, and where they contradict it', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    const { timing } = it.port;
    const undated = () => ({ ...timing(), serverDate: undefined });
    const behind = () => ({ ...timing(), serverDate: timing().requestedAt - 61_000 });
    it.port.timing = undated;
    it.port.before = (request) => {
      if (request.startsWith('disconnect')) it.port.timing = behind;
    };
    await it.pass();
    expect(it.notes).toEqual([
      'the clock of the switch is about 60 s behind: set both by NTP; times of calls are corrected by it',
    ]);
    it.wait(60_000);
    it.notes.length = 0;
    it.port.timing = timing;
    it.port.calls = calls(4, {}, 11);
    await it.pass();
    expect(it.notes).toEqual([
      'answers of this switch come from clocks that are about 60 s apart: set those of all servers behind its address by NTP',
    ]);
  });

  it('is told once in a pass, whatever else is answered', async () => {
    const it = scene(calls(4), `rules:${cap('account', 'account', 3)}`);
    const { timing } = it.port;
    it.port.timing = () => ({ ...timing(), serverDate: timing().requestedAt - 61_000 });
    await it.pass();
    expect(it.records({ outcome: 'disconnected' })).toHaveLength(1);
    expect(it.notes).toHaveLength(1);
  });
});
