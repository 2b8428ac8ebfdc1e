import { describe, expect, it } from 'vitest';
import type { Call } from '../src/domain/call.js';
import { CallwardenError } from '../src/domain/errors.js';
import { runPass } from '../src/pass.js';
import { openStore } from '../src/store/open-store.js';
import { aCall, aSuspect, calls, NOW, onNetPair } from './support/calls.js';
import { fakeSwitch, switchError } from './support/fake-switch.js';
import { aPassContext } from './support/pass-context.js';
import { cap, outcomes, scene } from './support/pass-scene.js';

const SECOND = 1_000;
const never = new AbortController().signal;

describe('for', () => {
  it('acts once a violation has lasted, and a restart forgets nothing of it', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(5);
    it.restart();
    const second = await it.pass();
    expect(outcomes(second)).toEqual([]);
    expect(second.violations).toEqual([]);
    it.wait(5);
    it.restart();
    const third = await it.pass();
    expect(outcomes(third)).toEqual(['disconnectCall 3 disconnected']);
    expect(third.violations).toMatchObject([{ evidence: { held: { seconds: 10 } } }]);
  });

  it('is broken by a pass that saw the subject clear, even where that pass broke off after judging', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    await it.pass();
    it.wait(5);
    it.port.calls = calls(2);
    const { callsTakenSince } = it.store.audit;
    it.store.audit.callsTakenSince = () =>
      Promise.reject(new CallwardenError('STORE_FAILED', 'the disk is full.', { hint: '' }));
    expect((await it.pass()).status).toBe('failed');
    it.store.audit.callsTakenSince = callsTakenSince;
    it.wait(5);
    it.port.calls = calls(3);
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(10);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it('begins anew for a rule that was changed', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    await it.pass();
    it.wait(10);
    it.change(cap('for: 10s\n  description: another version'));
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(10);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it('lives through failed polls that are no longer than a break, and not through longer ones', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    const fail = async (polls: number) => {
      it.port.before = () => {
        throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
      };
      for (let poll = 0; poll < polls; poll++) {
        it.wait(5);
        expect((await it.pass()).status).toBe('failed');
      }
      it.port.before = () => {};
      it.wait(5);
    };
    await it.pass();
    await fail(3);
    expect(outcomes(await it.pass())).toEqual([]);
    await fail(2);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it('is not shortened by a dry run, and a dry run shows what waits no longer', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    await it.pass({ dryRun: true });
    it.wait(10);
    expect(outcomes(await it.pass({ dryRun: true }))).toEqual(['disconnectCall 3 monitored']);
    expect(it.port.requests.some((request) => request.startsWith('disconnect'))).toBe(false);
    it.wait(1);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it('keeps apart two calls that bear one ID after each other', async () => {
    const rule = `
      name: long
      scope: call
      mode: enforce
      for: 10s
      conditions: { all: [ { fact: call.state, operator: equal, value: Connected } ] }
      event: { type: disconnectCall }`;
    const it = scene(rule, [aCall({ id: '1', callId: 'first@192.0.2.1' })]);
    await it.pass();
    it.wait(10);
    it.port.calls = [aCall({ id: '1', callId: 'second@192.0.2.1' })];
    expect(outcomes(await it.pass())).toEqual([]);
  });

  it('neither begins nor ends on a listing that nothing is acted on', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    await it.pass();
    it.wait(5);
    it.port.calls = [];
    it.port.stats = new Map([[10, { total: 60, connected: 60 }]]);
    expect((await it.pass()).violations).toEqual([]);
    it.port.calls = calls(3);
    it.port.stats = new Map();
    it.wait(5);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });
});

describe('cooldown', () => {
  it('lets a subject be for so long after a cut, over a restart too, and lists the violation all the same', async () => {
    const it = scene(cap('cooldown: 1m'), calls(3));
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
    it.port.calls = calls(4);
    it.wait(31);
    it.restart();
    const cooling = await it.pass();
    expect(outcomes(cooling)).toEqual([]);
    expect(cooling.violations).toMatchObject([{ subject: 'account:10' }]);
    expect(it.records()).toHaveLength(1);
    it.wait(30);
    expect(outcomes(await it.pass())).toEqual([
      'disconnectCall 4 disconnected',
      'disconnectCall 3 disconnected',
    ]);
  });

  it('counts what was refused, since it was sent, but neither what was withheld nor a dry run', async () => {
    const withheld = scene(cap('cooldown: 1m'), calls(3), {
      caps: { perPass: 50, perHour: 0, sharePerPass: 1 },
    });
    expect(outcomes(await withheld.pass())).toContain('disconnectCall 3 withheld');
    withheld.wait(5);
    expect(outcomes(await withheld.pass())).toContain('disconnectCall 3 withheld');
    const dry = scene(cap('cooldown: 1m'), calls(3));
    await dry.pass({ dryRun: true });
    dry.wait(5);
    expect(outcomes(await dry.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it('is over with the poll that comes when it is, though records are written after their listing and polls jitter', async () => {
    const it = scene(cap('cooldown: 5s', '{ type: alert }'), calls(3), {
      yieldNow: async () => it.wait(0.03),
    });
    const alerts = [];
    for (let poll = 0; poll < 6; poll++) {
      const before = it.records().length;
      await it.pass();
      alerts.push(it.records().length - before);
      it.wait(4.95);
    }
    expect(alerts).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('ends for a rule that was changed, whose alerts are recorded anew at once', async () => {
    const it = scene(cap('cooldown: 1h', '{ type: alert }'), calls(3));
    await it.pass();
    it.wait(60);
    it.change(cap('cooldown: 1h\n  description: another version', '{ type: alert }'));
    await it.pass();
    it.wait(60);
    await it.pass();
    expect(it.records()).toHaveLength(2);
  });

  it('makes an alert be recorded anew after it, instead of after five minutes', async () => {
    const it = scene(cap('cooldown: 1m', '{ type: alert }'), calls(3));
    const recorded = async (seconds: number) => {
      it.wait(seconds);
      await it.pass();
      return it.records().length;
    };
    expect(await recorded(0)).toBe(1);
    expect(await recorded(59)).toBe(1);
    expect(await recorded(1)).toBe(2);
    const slow = scene(cap('', '{ type: alert }'), calls(3));
    await slow.pass();
    slow.wait(120);
    await slow.pass();
    expect(slow.records()).toHaveLength(1);
  });
});

describe('a disconnect that the switch says OK to and does not carry out', () => {
  it('is not confirmed by a listing that lost the account, as the statistics show, and is alerted in time', async () => {
    const it = scene(cap(''), calls(3));
    const listed = it.port.calls;
    it.port.disconnectCall = async () => ({ result: 'ok', count: undefined, timing: it.port.timing() });
    it.port.stats = new Map([[10, { total: 3, connected: 3 }]]);
    await it.pass();
    it.wait(5);
    it.port.calls = [];
    await it.pass();
    expect(it.records({ action: 'disconnectCall' })).toMatchObject([{ confirmed: null }]);
    it.port.calls = listed;
    for (let cut = 0; cut < 3; cut++) {
      it.wait(31);
      await it.pass();
    }
    expect(it.records({ outcome: 'alerted' })).toMatchObject([
      { reason: 'outlived-disconnects', target: '3' },
    ]);
    expect(it.records({ action: 'disconnectCall' }).map(({ confirmed }) => confirmed)).toEqual([
      ...[false, false, false],
      null,
    ]);
  });
});

describe('a listing that lacks a call', () => {
  const SHORT = `
  name: short
  scope: account
  mode: enforce
  conditions: { all: [ { fact: account.shortCalls, params: { within: 10m, under: 30s }, operator: greaterThan, value: 0 } ] }
  event: { type: disconnectCall, params: { where: { all: [ { fact: call.age, operator: greaterThan, value: 0 } ] } } }`;

  it.each([false, true])(
    'does not end it where the next one lacks it too and the statistics fail, restarted: %s',
    async (restarts) => {
      const it = scene(SHORT);
      const began = new Map([
        ['1', NOW - 600 * SECOND],
        ['2', NOW + 5 * SECOND],
      ]);
      let second = 0;
      const pass = async (...ids: string[]) => {
        it.port.calls = ids.map((id) => {
          const setupAt = began.get(id) ?? NOW;
          const duration = (NOW + second * SECOND - setupAt) / SECOND;
          return aCall({ id, setupAt, duration, delay: 0, age: duration });
        });
        const report = await it.pass();
        it.wait(5);
        second += 5;
        return outcomes(report);
      };
      it.port.stats = new Map([[10, { total: 2, connected: 2 }]]);
      const said = [await pass('1'), await pass('1', '2'), await pass('1', '2'), await pass('1')];
      if (restarts) it.restart();
      it.port.before = (request) => {
        if (request === 'getAccountCallStats') throw switchError('SWITCH_TIMEOUT');
      };
      said.push(await pass('1'), await pass('1', '2'));
      expect(said.flat()).toEqual([]);
    },
  );
});

describe('the listing before an account action', () => {
  it('is compared with the statistics, so that one which lost calls takes nothing', async () => {
    const rule = cap('', '{ type: disconnectAccount }');
    const it = scene(rule, calls(30));
    it.port.stats = new Map([[10, { total: 31, connected: 31 }]]);
    let listings = 0;
    it.port.before = (request) => {
      if (request.startsWith('listAllCalls') && ++listings === 2) it.port.calls = it.port.calls.slice(0, 10);
    };
    expect((await it.pass()).actions).toMatchObject([{ outcome: 'withheld', reason: 'suspect-snapshot' }]);
  });

  it('does not wait for statistics until it is too old itself', async () => {
    const two = [...calls(3), ...calls(3).map((call) => aCall({ ...call, id: `2${call.id}`, account: 20 }))];
    const it = scene(cap('', '{ type: disconnectAccount }'), two, { maxSnapshotAgeMs: 200 });
    let asked = 0;
    it.port.before = async (request) => {
      if (request !== 'getAccountCallStats' || ++asked === 1) return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      it.wait(6);
    };
    expect(outcomes(await it.pass())).toEqual([
      'disconnectAccount 10 disconnected',
      'disconnectAccount 20 disconnected',
    ]);
    // Once in vain: the second action of the pass does not wait for them again.
    expect(asked).toBe(2);
  });
});

describe('escalate', () => {
  const climbing = cap(
    `cooldown: 10s
  escalate:
    - { after: 2, within: 10m, event: { type: disconnectCall, params: { keep: 2 } } }
    - { after: 3, within: 10m, event: { type: disconnectAccount } }`,
    '{ type: alert }',
  );

  it('climbs from an alert to calls to the account, over restarts, and says so in the evidence', async () => {
    const it = scene(climbing, calls(4));
    const next = async () => {
      it.wait(35);
      it.port.calls = calls(4);
      it.restart();
      return outcomes(await it.pass());
    };
    expect(await next()).toEqual(['alert 10 alerted']);
    expect(await next()).toEqual(['alert 10 alerted']);
    expect(await next()).toEqual(['disconnectCall 4 disconnected', 'disconnectCall 3 disconnected']);
    expect(await next()).toEqual(['disconnectAccount 10 disconnected']);
    expect(it.records({ action: 'disconnectAccount' })).toMatchObject([
      { evidence: { escalated: { after: 3, withinSeconds: 600, acted: 3 } } },
    ]);
  });

  it('is climbed at the poll at which the check and the tests of rules say it is', async () => {
    const rule = cap(
      `cooldown: 5s
  escalate: [ { after: 3, within: 25s, event: { type: disconnectCall, params: { keep: 2 } } } ]`,
      '{ type: alert }',
    );
    const it = scene(rule, calls(3), { yieldNow: async () => it.wait(0.02) });
    const done: string[][] = [];
    for (let poll = 0; poll < 4; poll++) {
      done.push(outcomes(await it.pass()));
      it.wait(4.99);
    }
    expect(done).toEqual([
      ['alert 10 alerted'],
      ['alert 10 alerted'],
      ['alert 10 alerted'],
      ['disconnectCall 3 disconnected'],
    ]);
  });

  it('counts a pass once, however many calls it took', async () => {
    const rule = cap(
      'escalate: [ { after: 2, within: 10m, event: { type: disconnectAccount } } ]',
      '{ type: disconnectCall, params: { keep: 0 } }',
    );
    const it = scene(rule, calls(4));
    expect(outcomes(await it.pass())).toHaveLength(4);
    it.wait(35);
    it.port.calls = calls(4);
    expect(outcomes(await it.pass()).every((one) => one.startsWith('disconnectCall'))).toBe(true);
    it.wait(35);
    it.port.calls = calls(4);
    expect(outcomes(await it.pass())).toEqual(['disconnectAccount 10 disconnected']);
  });
});

describe('an on-net call that is listed under two IDs', () => {
  const pairs = (count: number) =>
    calls(count).map((call) => onNetPair(call, { id: String(50 + Number(call.id)), account: 20 }));
  const rules = `
rules:
  - name: cap
    scope: account
    mode: enforce
    conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 2 } ] }
    event: { type: disconnectCall, params: { keep: 2 } }
    only: { accounts: [10] }
  - name: ended
    scope: account
    mode: enforce
    conditions: { all: [ { fact: account.callsEnded, params: { within: 10m }, operator: greaterThan, value: 0 } ] }
    event: { type: alert }`;

  it.each([[[]], [['Disconnecting', 'Dead']]])(
    'has not ended by itself for the other account either, where it goes through %j',
    async (states) => {
      const it = scene(rules, pairs(4).flat());
      expect(outcomes(await it.pass())).toEqual([
        'disconnectCall 4 disconnected',
        'disconnectCall 3 disconnected',
      ]);
      for (const state of states) {
        it.port.calls = pairs(4).flatMap((pair, index) =>
          index < 2 ? pair : pair.map((call) => ({ ...call, state })),
        );
        it.wait(5);
        expect(outcomes(await it.pass())).toEqual([]);
      }
      it.port.calls = pairs(2).flat();
      it.wait(5);
      it.restart();
      expect(outcomes(await it.pass())).toEqual([]);
      it.port.calls = pairs(1).flat();
      it.wait(5);
      expect(outcomes(await it.pass())).toEqual(['alert 10 alerted', 'alert 20 alerted']);
    },
  );
});

describe('an on-net call that is cut before its other entry is listed', () => {
  const rules = `
rules:
  - name: ringing
    scope: account
    mode: enforce
    only: { accounts: [10] }
    conditions: { all: [ { fact: account.setupCalls, operator: greaterThan, value: 0 } ] }
    event: { type: disconnectCall }
  - name: short
    scope: account
    mode: enforce
    conditions: { all: [ { fact: account.shortCalls, params: { within: 10m, under: 15s }, operator: greaterThan, value: 0 } ] }
    event: { type: disconnectCall, params: { where: { all: [ { fact: call.age, operator: greaterThan, value: 0 } ] } } }`;

  it('has not ended by itself for the other account either, where that was so short', async () => {
    const talking = aCall({ id: '50', account: 20, setupAt: NOW - 600 * SECOND, duration: 590, delay: 10 });
    const setup = aCall({ id: '1', setupAt: NOW + 9 * SECOND, state: 'ARComplete', duration: 0, delay: 1 });
    const [caller] = onNetPair(setup, { id: '2' });
    const answered = { ...setup, state: 'Disconnecting', duration: 1 };
    const it = scene(rules, [talking]);
    await it.pass();
    it.wait(5);
    await it.pass();
    it.wait(5);
    it.port.calls = [talking, caller];
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 1 disconnected']);
    for (const listed of [[talking, ...onNetPair(answered, { id: '2', account: 20 })], [talking]]) {
      it.wait(5);
      it.port.calls = listed;
      expect(outcomes(await it.pass())).toEqual([]);
    }
  });
});

describe('an on-net call of which one account is protected', () => {
  const PROTECTED = { protect: { accounts: [7], customers: [] }, crossCheck: false };
  const any = (account: number, event: string) => `
  name: any
  scope: account
  mode: enforce
  only: { accounts: [${account}] }
  conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 0 } ] }
  event: ${event}`;
  const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 7 });

  it.each(['disconnectCall', 'disconnectAccount'])(
    'is not cut as a third account that it rings, by %s',
    async (type) => {
      const it = scene(
        any(20, `{ type: ${type} }`),
        [out, into, { ...into, id: '3', account: 20 }],
        PROTECTED,
      );
      expect((await it.pass()).actions.map(({ outcome }) => outcome)).toEqual(['withheld']);
      expect(it.port.requests.filter((one) => one.startsWith('disconnect'))).toEqual([]);
    },
  );

  it.each([
    ['SETUP_TIME', { setupTimeText: undefined, setupAt: undefined }],
    ['CLI', { cli: undefined, cliNumber: undefined }],
    ['CLD', { cld: undefined, cldNumber: undefined }],
    ['DIRECTION', { direction: undefined }],
  ])('is not cut either once a listing shows no %s of the protected entry', async (_, nil) => {
    const it = scene(any(10, '{ type: disconnectCall }'), [out, into], PROTECTED);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 1 withheld']);
    it.wait(5);
    it.port.calls = [out, { ...into, ...nil }];
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 1 withheld']);
  });
});

describe('the caps and the calls of a caller', () => {
  const over = (limit: number, event: string) => `
  name: over
  scope: account
  mode: enforce
  only: { accounts: [10] }
  conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: ${limit} } ] }
  event: ${event}`;
  const within = (count: number) => calls(count).flatMap((call) => onNetPair(call, { id: `9${call.id}` }));

  it('weigh an account by its calls, not by their entries, and so in the next hour', async () => {
    const caps = { perPass: 50, perHour: 50, sharePerPass: 0.25 };
    const it = scene(
      over(5, '{ type: disconnectAccount }'),
      [...within(26), ...calls(400, { account: 30 }, 2000)],
      { caps, crossCheck: false },
    );
    expect(outcomes(await it.pass())).toEqual(['disconnectAccount 10 disconnected']);
    expect(it.records().filter(({ parent }) => parent !== null)).toHaveLength(52);
    const hour = NOW - 3_600_000;
    expect(await it.store.audit.callsTakenSince('lab', hour)).toBe(26);
  });

  it('do not withhold 12 calls of 72 as though they were 24', async () => {
    const it = scene(
      over(5, '{ type: disconnectAccount }'),
      [...within(12), ...calls(60, { account: 30 }, 2000)],
      { caps: { perPass: 50, perHour: 50, sharePerPass: 0.25 }, crossCheck: false },
    );
    expect(outcomes(await it.pass())).toEqual(['disconnectAccount 10 disconnected']);
  });

  it('who gives all of them one CALL_ID are judged by each of them', async () => {
    const flood = calls(20, { callId: 'one', direction: 'onnet_out', setupAt: NOW - 60_000 });
    const it = scene(over(5, '{ type: disconnectCall, params: { keep: 5 } }'), flood, { crossCheck: false });
    expect(outcomes(await it.pass())).toHaveLength(15);
    it.wait(5);
    // One that comes meanwhile is not taken for one of those.
    it.port.calls = [...it.port.calls, { ...flood[0]!, id: '99' }];
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 99 disconnected']);
  });
});

describe('a dry run', () => {
  it('shows what enforcing rules would cut, also of what a monitoring rule before them names', async () => {
    const watch = `
      - name: watch
        scope: account
        mode: monitor
        priority: 5
        conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 2 } ] }
        event: { type: disconnectCall }`;
    const both = (mode: string) => `rules:${watch}
      - name: cap
        scope: account
        mode: ${mode}
        conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 2 } ] }
        event: { type: disconnectCall, params: { keep: 2 } }`;
    const it = scene(both('enforce'), calls(3));
    const dry = await it.pass({ dryRun: true });
    expect(dry.actions.map(({ rule, target }) => `${rule} ${target}`)).toEqual([
      'watch 3',
      'watch 2',
      'watch 1',
      'cap 3',
    ]);
    expect(outcomes(await it.pass()).at(-1)).toBe('disconnectCall 3 disconnected');
  });
});

describe('schedule', () => {
  it('judges nothing outside of its hours', async () => {
    const it = scene(cap('schedule: { days: [sun], timezone: UTC }'), calls(3));
    expect(new Date(NOW).getUTCDay()).not.toBe(0);
    const report = await it.pass();
    expect(report).toMatchObject({ violations: [], actions: [] });
    it.wait(((7 - new Date(NOW).getUTCDay()) % 7) * 86_400);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });
});

describe('windows', () => {
  const burst = (more = '') => `
    name: burst
    scope: account
    mode: enforce
    ${more}
    conditions: { all: [ { fact: account.callsStarted, params: { within: 1m }, operator: greaterThan, value: 3 } ] }
    event: { type: disconnectCall }`;
  /** Set up at the very instant of the poll that lists it first. */
  const started = (id: string, at: number) =>
    aCall({ id, setupTimeText: `setup ${at}`, duration: 0, delay: 0 });

  it('count calls over polls and restarts, and take only those that are still there', async () => {
    const it = scene(burst());
    const poll = async (ids: readonly string[], atSeconds: number) => {
      it.port.calls = ids.map((id) => started(id, NOW + atSeconds * SECOND));
      const report = await it.pass();
      it.wait(5);
      it.restart();
      return outcomes(report);
    };
    expect(await poll(['1', '2'], 0)).toEqual([]);
    expect(await poll(['3'], 5)).toEqual([]);
    expect(await poll(['4'], 10)).toEqual(['disconnectCall 4 disconnected']);
  });

  it('forget what lies further back', async () => {
    const it = scene(burst());
    it.port.calls = ['1', '2', '3'].map((id) => started(id, NOW));
    await it.pass();
    it.wait(60);
    it.port.calls = [started('4', NOW + 60 * SECOND)];
    expect((await it.pass()).violations).toEqual([]);
  });

  it('say what they could not see, and are not judged where the rule needs them whole', async () => {
    const it = scene(burst());
    it.port.calls = ['1', '2', '3', '4'].map((id) => started(id, NOW));
    expect((await it.pass()).violations).toMatchObject([
      { evidence: { conditions: { all: [{ observed: 4, gap: { seconds: 60 } }] } } },
    ]);
    const strict = scene(burst('needs: complete'));
    strict.port.calls = ['1', '2', '3', '4'].map((id) => started(id, NOW));
    expect(await strict.pass()).toMatchObject({
      violations: [],
      indeterminate: [{ rule: 'burst', missing: ['account.callsStarted'], subjects: 1 }],
    });
  });

  it('see what another process has listed meanwhile', async () => {
    const it = scene(burst());
    it.port.calls = ['1', '2'].map((id) => started(id, NOW));
    await it.pass();
    it.wait(5);
    const other = openStore(it.path);
    try {
      const context = aPassContext({ port: it.port, store: other, clock: () => NOW + 5 * SECOND });
      it.port.calls = ['3', '4'].map((id) => started(id, NOW + 5 * SECOND));
      await runPass(context, {
        passId: 'beside',
        actor: 'cli:ops',
        dryRun: false,
        stop: never,
        abort: never,
      });
    } finally {
      other.close();
    }
    it.wait(5);
    it.port.calls = [started('5', NOW + 10 * SECOND)];
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 5 disconnected']);
  });

  it('go on for one login where another lists the same calls on the same database', async () => {
    const it = scene(`
      name: busy
      scope: account
      mode: monitor
      needs: complete
      conditions:
        all:
          - { fact: account.callsStarted, params: { within: 1m }, operator: greaterThanInclusive, value: 0 }
          - { fact: account.callsEnded, params: { within: 1m }, operator: greaterThanInclusive, value: 0 }
      event: { type: alert }`);
    const sees = async (started: number, ended: number) => {
      expect(await it.pass()).toMatchObject({
        violations: [{ evidence: { conditions: { all: [{ observed: started }, { observed: ended }] } } }],
        indeterminate: [],
      });
      it.wait(5);
    };
    for (let poll = 0; poll < 13; poll += 1) {
      await it.pass();
      it.wait(5);
    }
    // A switch that lists no times: when a call started is known by its first sight alone.
    const bare = ['1', '2', '3', '4'].map((id) => ({
      ...aCall({ id, setupAt: undefined }),
      duration: undefined,
      delay: undefined,
    }));
    it.port.calls = bare;
    await sees(4, 0);
    const clock = () => NOW + 67 * SECOND;
    const other = { ...fakeSwitch(bare, clock), login: 'login:other' };
    const context = aPassContext({ port: other, store: it.store, clock });
    const options = { passId: 'other', actor: 'cli:ops', dryRun: false, stop: never, abort: never };
    expect(await runPass(context, options)).toMatchObject({ status: 'completed', calls: 4 });
    it.port.calls = bare.slice(0, 1);
    await sees(4, 3);
  });

  it('leave calls that we cut out of what speaks of how calls end', async () => {
    const rule = `
      rules:
        - { name: ended, scope: account, mode: enforce, event: { type: alert },
            conditions: { all: [ { fact: account.callsEnded, params: { within: 10m }, operator: greaterThan, value: 0 } ] } }
        - { name: cut, scope: call, mode: enforce, event: { type: disconnectCall },
            conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] } }`;
    const it = scene(rule, [aCall({ id: '1', cld: '88212345', cldNumber: '88212345' }), aCall({ id: '2' })]);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 1 disconnected']);
    it.wait(5);
    expect((await it.pass()).violations).toEqual([]);
    it.wait(5);
    it.port.calls = [];
    expect((await it.pass()).violations).toMatchObject([{ rule: 'ended' }]);
  });
});

it('a call that we cut is known as such to a login that listed nothing since, whatever another has listed', async () => {
  const rules = `
    rules:
      - { name: ended, scope: account, mode: enforce, event: { type: alert },
          conditions: { all: [ { fact: account.callsEnded, params: { within: 10m }, operator: greaterThan, value: 0 } ] } }
      - { name: cut, scope: call, mode: enforce, event: { type: disconnectCall },
          conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] } }`;
  const costly = aCall({ id: '1', cld: '88212345', cldNumber: '88212345' });
  const it = scene(rules, [costly, aCall({ id: '2' })], { intervalMs: 60 * SECOND });
  expect(outcomes(await it.pass())).toEqual(['disconnectCall 1 disconnected']);
  const clock = () => NOW + 40 * SECOND;
  const port = { ...fakeSwitch([aCall({ id: '2' })], clock), login: 'login:other' };
  const options = { passId: 'other', actor: 'cli:ops', dryRun: false, stop: never, abort: never };
  await runPass(aPassContext({ port, store: it.store, clock }), options);
  it.wait(60);
  expect((await it.pass()).violations).toEqual([]);
  it.wait(60);
  it.port.calls = [];
  expect((await it.pass()).violations).toMatchObject([
    { rule: 'ended', evidence: { conditions: { all: [{ observed: 1 }] } } },
  ]);
});

describe('facts that count subcustomers', () => {
  const below = (name: string, fact: string, priority: number, more = '') => `
  - name: ${name}
    scope: customer
    mode: monitor
    priority: ${priority}
    conditions: { all: [ { fact: ${fact}, operator: greaterThan, value: 1 } ] }
    event: { type: disconnectCall }
    ${more}`;
  const customerTree = new Map([
    [3, 2],
    [4, 3],
  ]);
  const live = '{ recursive: true }';
  const past = '{ recursive: true, within: 10m }';

  it.each([
    ['live', `customer.totalCalls, params: ${live}`],
    ['of the past', `customer.callsStarted, params: ${past}`],
  ])('leave out those that the rule excepts, but not who is below them: %s', async (_, fact) => {
    const listed = [2, 3, 3, 4].map((customer, at) =>
      aCall({ id: String(at + 1), customer, setupTimeText: 'local time', duration: 0, delay: 0 }),
    );
    const takenBy = async (...names: string[]) => {
      const except = 'except: { customers: [3] }';
      const rules = { all: below('all', fact, 1), some: below('some', fact, 2, except) };
      const both = `rules:${names.map((name) => rules[name as keyof typeof rules]).join('')}`;
      const it = scene(both, listed, { customerTree });
      const { actions } = await it.pass();
      return actions.map(({ rule, target }) => `${rule} ${target}`).sort();
    };
    expect(await takenBy('all')).toEqual(['all 1', 'all 2', 'all 3', 'all 4']);
    expect(await takenBy('some')).toEqual(['some 1', 'some 4']);
    // Each counts by its own tree, though they look at the same snapshot.
    expect(await takenBy('some', 'all')).toEqual(['all 2', 'all 3', 'some 1', 'some 4']);
    const few = scene(`rules:${below('some', fact, 1, 'except: { customers: [3, 4] }')}`, listed, {
      customerTree,
    });
    expect((await few.pass()).actions).toEqual([]);
  });
});

describe('the ledger', () => {
  it('keeps one row a call, with its states and its end, and takes down failed polls', async () => {
    const it = scene(
      'rules: [ { name: none, scope: switch, mode: off, event: { type: alert }, conditions: { all: [ { fact: switch.totalCalls, operator: lessThan, value: 0 } ] } } ]',
    );
    it.port.calls = [aCall({ id: '1', state: 'WaitRoute', duration: 0 })];
    await it.pass();
    it.wait(5);
    it.port.calls = [aCall({ id: '1', duration: 2 })];
    await it.pass();
    it.wait(5);
    it.port.before = () => {
      throw new CallwardenError('SWITCH_UNREACHABLE', 'nobody there.', { hint: 'Wait.' });
    };
    await it.pass();
    it.wait(5);
    it.port.before = () => {};
    it.port.calls = [];
    await it.pass();
    const { calls: rows, polls } = await it.store.ledger.load('lab', 0);
    expect(rows).toMatchObject([
      {
        id: '1',
        firstSeenAt: NOW,
        lastSeenAt: NOW + 5 * SECOND,
        connectedAt: NOW + 3 * SECOND,
        endedAt: NOW + 15 * SECOND,
        lastDuration: 2,
        states: [
          { state: 'WaitRoute', at: NOW },
          { state: 'Connected', at: NOW + 5 * SECOND },
        ],
      },
    ]);
    expect(polls.map(({ result }) => result)).toEqual(['sound', 'sound', 'failed', 'sound']);
  });
});

describe('a call that the switch does not end', () => {
  const stubborn = () => {
    const it = scene(cap(''), calls(3));
    it.port.before = (request) => {
      // The switch says OK and goes on listing the call.
      if (request.startsWith('disconnect')) it.port.calls = [...calls(3), aCall({ id: '99', account: 77 })];
    };
    const again = async (seconds: number) => {
      it.port.calls = calls(3);
      it.wait(seconds);
      return it.pass();
    };
    return { ...it, again };
  };

  it('is alerted once three disconnects are refuted, names the last of them, and does not start a cooldown', async () => {
    const it = stubborn();
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
    expect(outcomes(await it.again(31))).toEqual(['disconnectCall 3 disconnected']);
    expect(outcomes(await it.again(31))).toEqual(['disconnectCall 3 disconnected']);
    expect(outcomes(await it.again(5))).toEqual(['alert 3 alerted']);
    const alert = it.records().find(({ action }) => action === 'alert');
    expect(alert).toMatchObject({
      rule: 'cap',
      subject: 'call:3',
      outcome: 'alerted',
      reason: 'outlived-disconnects',
      account: 10,
      evidence: { reason: 'the switch still lists this call after 3 disconnects, the last of them record 3' },
    });
    expect(it.records().filter(({ confirmed }) => confirmed === false)).toHaveLength(3);
  });

  it('is not alerted anew at every pass, and no more once it is gone', async () => {
    const it = stubborn();
    await it.pass();
    for (const seconds of [31, 31, 5, 5, 5]) await it.again(seconds);
    expect(it.records().filter(({ action }) => action === 'alert')).toHaveLength(1);
    it.port.calls = calls(2);
    it.wait(400);
    await it.pass();
    expect(it.records().filter(({ action }) => action === 'alert')).toHaveLength(1);
    expect(it.records().filter(({ confirmed }) => confirmed === true).length).toBeGreaterThanOrEqual(3);
  });
});

describe('a clock that was ahead when a rule acted', () => {
  it('neither voids its cooldown nor stretches it until that instant comes again', async () => {
    const it = scene(cap('cooldown: 1m', '{ type: alert }'), calls(3));
    it.wait(365 * 86_400);
    expect(outcomes(await it.pass())).toEqual(['alert 10 alerted']);
    it.wait(-365 * 86_400);
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(55);
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(6);
    expect((await it.pass()).actions).toHaveLength(1);
  });

  it('does not keep its disconnects from being confirmed', async () => {
    const it = scene(cap(''), calls(3));
    it.wait(3_600);
    await it.pass();
    it.wait(-3_600);
    it.wait(1);
    await it.pass();
    expect(it.records().map(({ confirmed }) => confirmed)).toEqual([true]);
  });
});

describe('the first sight of a violation', () => {
  const since = (it: ReturnType<typeof scene>, id: number) =>
    (it.records().find((record) => record.id === id)?.evidence as { violatedSince?: string } | undefined)
      ?.violatedSince;
  const at = (seconds: number) => new Date(NOW + seconds * SECOND).toISOString();

  it('stands in the evidence of what it led to, however long a safeguard held it back', async () => {
    const it = scene(cap(''), calls(3));
    const by = { at: NOW, reason: 'a test', actor: 'cli:test' };
    await it.store.pauses.pause({ switch: undefined, until: undefined, ...by });
    await it.pass();
    it.wait(5);
    await it.store.pauses.resume(undefined, by);
    await it.pass();
    const [held, cut] = it.records();
    expect(held).toMatchObject({ outcome: 'withheld', reason: 'paused' });
    expect(cut).toMatchObject({ outcome: 'disconnected' });
    expect(since(it, held?.id ?? 0)).toBe(at(0));
    expect(since(it, cut?.id ?? 0)).toBe(at(0));
  });

  it('is that of the unbroken violation: a subject that was clear in between begins anew', async () => {
    const it = scene(cap(''), calls(3));
    await it.pass();
    it.wait(5);
    await it.pass();
    it.wait(5);
    it.port.calls = calls(4);
    await it.pass();
    const last = it.records().at(-1);
    expect(since(it, last?.id ?? 0)).toBe(at(10));
  });

  it('is neither forgotten nor found on a doubtful listing', async () => {
    const it = scene(cap(''), calls(2));
    await it.pass();
    it.wait(5);
    it.port.calls = calls(3);
    it.port.suspects = [aSuspect(), aSuspect()];
    await it.pass();
    it.wait(5);
    it.port.suspects = [];
    await it.pass();
    const last = it.records().at(-1);
    expect(last).toMatchObject({ outcome: 'disconnected' });
    expect(since(it, last?.id ?? 0)).toBe(at(10));
  });

  it('is kept over a restart where the rule has a time to hold', async () => {
    const it = scene(cap('for: 10s'), calls(3));
    await it.pass();
    it.wait(5);
    it.restart();
    await it.pass();
    it.wait(5);
    it.restart();
    await it.pass();
    expect(since(it, 1)).toBe(at(0));
  });
});

describe('vendors that a rule excepts, in a window', () => {
  const burst = (more: string) => `
  name: burst
  scope: account
  mode: enforce
  ${more}
  conditions: { all: [ { fact: account.callsStarted, params: { within: 10m }, operator: greaterThan, value: 5 } ] }
  event: { type: disconnectCall, params: { keep: 0 } }`;
  const startedNow = (id: number, connection: number) => {
    const [call] = calls(1, { connection, setupAt: undefined, age: undefined, duration: 1, delay: 0 }, id);
    return call as Call;
  };

  it('do not come in by calls that end between the listing of everything and that of the vendor', async () => {
    const it = scene(burst('except: { vendors: [5] }'));
    const innocent = startedNow(900, 9);
    let passing: Call | undefined;
    it.port.before = (request) => {
      // Gone before the vendor is asked, so that nobody sees whose it was.
      if (request.includes('vendor')) it.port.calls = it.port.calls.filter((call) => call !== passing);
    };
    for (let poll = 1; poll <= 8; poll += 1) {
      passing = startedNow(poll, 5);
      it.port.calls = [innocent, passing];
      expect(outcomes(await it.pass()), `poll ${poll}`).toEqual([]);
      it.wait(5);
    }
  });

  it('let in who was asked for while there and was not theirs', async () => {
    const it = scene(burst('except: { vendors: [5] }'));
    for (let poll = 0; poll < 3; poll += 1) {
      it.port.calls = Array.from({ length: 6 }, (_, index) => startedNow(index + 1, 9));
      const report = await it.pass();
      expect(report.actions.length > 0, `poll ${poll}`).toBe(poll > 0);
      if (poll > 0) break;
      it.wait(5);
    }
  });

  it('that are excepted only now do not turn calls of the past into others', async () => {
    const it = scene(burst('only: { accounts: [77] }'));
    const theirs = Array.from({ length: 8 }, (_, index) => startedNow(index + 1, 5));
    for (let poll = 0; poll < 2; poll += 1) {
      it.port.calls = [...theirs, startedNow(900, 9)];
      await it.pass();
      it.wait(5);
    }
    it.change(burst('except: { vendors: [5] }'));
    for (let poll = 0; poll < 3; poll += 1) {
      it.port.calls = [startedNow(900, 9)];
      expect(outcomes(await it.pass()), `poll ${poll}`).toEqual([]);
      it.wait(5);
    }
  });
});

describe('needs: complete', () => {
  const started = (id: number) => aCall({ id: String(id), setupAt: NOW - 5 * SECOND, duration: 0, delay: 0 });
  const busy = (fact: string, within: string) => `
  name: busy
  scope: account
  mode: monitor
  needs: complete
  conditions: { all: [ { fact: ${fact}, params: { within: ${within} }, operator: greaterThan, value: 0 } ] }
  event: { type: alert, params: { message: busy } }`;
  const fail = () => {
    throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
  };

  it.each([false, true])(
    'is not judged for as long as one failed poll is in the window; restarted: %s',
    async (restarted) => {
      const it = scene(busy('account.callsStarted', '30s'));
      const verdicts: string[] = [];
      for (let second = 0; second <= 75; second += 5) {
        // A call that is new at every poll.
        it.port.calls = [
          aCall({ id: String(second), setupAt: NOW + (second - 1) * SECOND, duration: 0, delay: 0 }),
        ];
        it.port.before = second === 35 ? fail : () => {};
        if (restarted) it.restart();
        const { status, violations, indeterminate } = await it.pass();
        const said = violations.length > 0 ? 'judged' : indeterminate.length > 0 ? 'not' : 'clear';
        verdicts.push(`${second} ${status === 'failed' ? 'failed' : said}`);
        it.wait(5);
      }
      const until = (last: number, word: string, first: number) =>
        Array.from({ length: (last - first) / 5 + 1 }, (_, at) => `${first + at * 5} ${word}`);
      expect(verdicts).toEqual([
        ...until(25, 'not', 0),
        '30 judged',
        '35 failed',
        ...until(65, 'not', 40),
        ...until(75, 'judged', 70),
      ]);
    },
  );

  it.each([undefined, 100])(
    'asks for every poll of a week where something has to be new; failed: %s',
    async (failed) => {
      const intervalMs = 3_600_000;
      const changes = { intervalMs, crossCheck: false };
      const it = scene(busy('account.firstSeenCountry', '24h'), [started(1)], changes);
      for (let hour = 168; hour > 0; hour -= 1) {
        const result = hour === failed ? 'failed' : 'sound';
        const at = NOW - hour * intervalMs;
        const accounts = [{ account: 10, firstAt: NOW - 200 * intervalMs }];
        const poll = { at, intervalMs, result, login: it.port.login } as const;
        const holding = { put: [], drop: [] };
        await it.store.ledger.commit('lab', { poll, calls: [], countries: [], accounts, holding });
      }
      const report = await it.pass();
      expect(report.error).toBeNull();
      expect(report.violations.map(({ rule }) => rule)).toEqual(failed === undefined ? ['busy'] : []);
      expect(report.indeterminate.map(({ missing }) => missing)).toEqual(
        failed === undefined ? [] : [['account.firstSeenCountry']],
      );
    },
  );
});

describe('calls that the ledger has pruned', () => {
  const MINUTE = 60;
  const few = (name: string, more: string) => `
  - name: ${name}
    scope: account
    mode: monitor
    ${more}
    conditions: { all: [ { fact: account.callsStarted, params: { within: 1h }, operator: lessThan, value: 3 } ] }
    event: { type: alert }`;
  const rules = `rules:${few('whole', 'needs: complete')}${few('seen', '')}`;
  const started = (id: number, minute: number) =>
    aCall({ id: String(id), setupAt: NOW + minute * MINUTE * SECOND, duration: 0, delay: 0 });

  /** An hour in which three calls came and went by minute 10, and of which the ledger keeps twenty minutes of calls. */
  async function hour() {
    const it = scene(rules, [], { intervalMs: MINUTE * SECOND });
    async function pass(minute: number) {
      it.port.calls = minute < 50 ? [] : [started(9, 50)];
      if (minute >= 5 && minute < 10) it.port.calls = [1, 2, 3].map((id) => started(id, 5));
      const { violations, indeterminate } = await it.pass();
      const now = NOW + minute * MINUTE * SECOND;
      const before = now - 20 * MINUTE * SECOND;
      const pollsBefore = before - 3_600 * SECOND;
      await it.store.ledger.prune({ before, pollsBefore, countriesBefore: 0, maxRows: 100 });
      it.wait(MINUTE);
      return {
        violated: violations.map(({ rule, evidence }) => [rule, evidence.conditions] as const),
        indeterminate: indeterminate.map(({ rule, missing }) => [rule, missing]),
      };
    }
    let last = await pass(0);
    for (let minute = 1; minute <= 61; minute += 1) last = await pass(minute);
    return { it, pass, last };
  }

  it('are still counted by the process that has them', async () => {
    expect((await hour()).last).toEqual({ violated: [], indeterminate: [] });
  });

  it.each([
    ['a restart', (it: ReturnType<typeof scene>) => it.restart()],
    [
      'a pass of another process',
      async (it: ReturnType<typeof scene>) => {
        const clock = () => NOW + 61.5 * MINUTE * SECOND;
        const context = aPassContext({ port: fakeSwitch([started(9, 50)], clock), store: it.store, clock });
        const options = { passId: 'once', actor: 'cli:ops', dryRun: true, stop: never, abort: never };
        expect(await runPass(context, options)).toMatchObject({ status: 'completed', calls: 1 });
      },
    ],
  ])('leave their window incomplete after %s, until it begins where the ledger does', async (_, happens) => {
    const { it, pass } = await hour();
    await happens(it);
    const left = { result: true, all: [{ observed: 1, gap: { seconds: 8 * MINUTE } }] };
    const knownSince = '2026-01-05T10:10:00.000Z';
    expect(await pass(62)).toMatchObject({
      violated: [['seen', { ...left, all: [{ observed: 1, gap: { seconds: 8 * MINUTE, knownSince } }] }]],
      indeterminate: [['whole', ['account.callsStarted']]],
    });
    for (let minute = 63; minute < 70; minute += 1)
      expect(await pass(minute)).toMatchObject({ indeterminate: [['whole', ['account.callsStarted']]] });
    const { violated, indeterminate } = await pass(70);
    expect(indeterminate).toEqual([]);
    expect(violated).toMatchObject([
      ['seen', { all: [{ observed: 1 }] }],
      ['whole', { all: [{ observed: 1 }] }],
    ]);
    expect(JSON.stringify(violated)).not.toContain('gap');
  });
});

describe('a call that was gone when its disconnect came', () => {
  const RECENT_SECONDS = 30;
  const three = () => calls(3, { setupAt: undefined, duration: 5, delay: 1, age: 6 });
  const row = async ({ store }: ReturnType<typeof scene>) =>
    (await store.ledger.load('lab', 0)).calls.find(({ id }) => id === '3');

  it('ended by itself, and counts in what speaks of how calls end', async () => {
    const it = scene(
      `
  rules:
    - name: cap
      scope: account
      mode: enforce
      conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 2 } ] }
      event: { type: disconnectCall, params: { keep: 2 } }
    - name: ended
      scope: account
      mode: monitor
      conditions: { all: [ { fact: account.callsEnded, params: { within: 10m }, operator: greaterThan, value: 0 } ] }
      event: { type: alert, params: { message: ended } }`,
      three(),
    );
    it.port.before = (request) => {
      if (request === 'disconnectCall 3') it.port.calls = it.port.calls.slice(0, 2);
    };
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 already-gone']);
    it.wait(5);
    expect((await it.pass()).violations).toMatchObject([{ rule: 'ended', subject: 'account:10' }]);
    expect(await row(it)).toMatchObject({ endedAt: NOW + 5_000, cutAt: undefined });
  });

  it('is taken for cut by us where an earlier request for it was lost', async () => {
    const it = scene(cap(''), three());
    it.port.before = (request) => {
      if (request.startsWith('disconnectCall')) throw switchError('SWITCH_TIMEOUT', true);
    };
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 unknown']);
    it.port.before = (request) => {
      if (request === 'disconnectCall 3') it.port.calls = it.port.calls.slice(0, 2);
    };
    it.wait(RECENT_SECONDS + 1);
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 already-gone']);
    it.wait(5);
    await it.pass();
    expect(await row(it)).toMatchObject({ endedAt: NOW + 36_000, cutAt: NOW + 31_000 });
  });
});

describe('a rule of scope call', () => {
  const british = (more: string, event: string) => `
  name: british
  scope: call
  mode: enforce
  ${more}
  conditions: { all: [ { fact: call.cli, operator: startsWithAnyOf, value: ["+44"] } ] }
  event: ${event}`;
  const ALERT = '{ type: alert }';
  const WHOLE = '{ type: disconnectAccount }';
  const old = (changes: Partial<Call> = {}) => aCall({ id: '5', callId: 'old@192.0.2.7', ...changes });
  const young = (changes: Partial<Call> = {}) =>
    aCall({ id: '5', callId: 'young@192.0.2.7', setupAt: NOW - 5_000, duration: 4, ...changes });
  const over = old({ state: 'Dead', duration: 0, account: 11, cli: '33142685300' });

  it.each([
    ['before', [over, young()]],
    ['behind', [young(), over]],
  ])(
    'gives a call none of the time of another one that had its ID and is listed as over %s it',
    async (_, listed) => {
      const it = scene(british('for: 10s', WHOLE), [old({ account: 11 })]);
      await it.pass();
      for (const outcome of [[], [], ['disconnectAccount 10 disconnected']]) {
        it.wait(5);
        it.port.calls = [...listed];
        expect(outcomes(await it.pass())).toEqual(outcome);
      }
    },
  );

  it.each([
    ['before', [over, young()]],
    ['behind', [young(), over]],
  ])('cools down on the call that it judged, where one that is over is listed %s it', async (_, listed) => {
    const it = scene(british('cooldown: 1h', WHOLE), listed);
    it.port.disconnectAccount = async () => ({ result: 'ok', count: 1, timing: it.port.timing() });
    expect(outcomes(await it.pass())).toEqual(['disconnectAccount 10 disconnected']);
    // It counts as gone for 30 seconds.
    it.wait(35);
    expect((await it.pass()).actions).toEqual([]);
    expect(it.records().map(({ callId }) => callId)).toEqual([null, 'young@192.0.2.7']);
  });

  it('names the call that it judged in an alert', async () => {
    const it = scene(british('', ALERT), [over, young()]);
    expect(outcomes(await it.pass())).toEqual(['alert 5 alerted']);
    expect(it.records()).toMatchObject([{ callId: 'young@192.0.2.7', account: 10 }]);
  });

  it('takes a call for the same one where a listing does not show its SETUP_TIME', async () => {
    const blank = { setupTimeText: undefined, setupAt: undefined };
    for (const shown of [
      [{}, blank, {}],
      [blank, {}, blank],
    ]) {
      const it = scene(british('for: 10s', '{ type: disconnectCall }'));
      const done: string[][] = [];
      for (const changes of shown) {
        it.port.calls = [old(changes)];
        done.push(outcomes(await it.pass()));
        it.wait(5);
        it.restart();
      }
      expect(done).toEqual([[], [], ['disconnectCall 5 disconnected']]);
      const cooling = scene(british('cooldown: 1h', ALERT));
      const alerts: number[] = [];
      for (const changes of shown) {
        cooling.port.calls = [old(changes)];
        alerts.push((await cooling.pass()).actions.length);
        cooling.wait(5);
      }
      expect(alerts).toEqual([1, 0, 0]);
    }
  });

  it('counts a whole that is cut call by call as done to the call that it judged', async () => {
    const french = (id: string) => aCall({ id, cli: '33142685300' });
    const listed = [aCall({ id: '5', cld: '112' }), french('6')];
    const it = scene(british('cooldown: 5m', WHOLE), listed);
    const withheld = 'disconnectAccount 10 withheld';
    expect(outcomes(await it.pass())).toEqual([withheld, 'disconnectCall 6 disconnected']);
    it.wait(10);
    it.restart();
    it.port.calls = [...it.port.calls, french('7')];
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(291);
    expect(outcomes(await it.pass())).toEqual([withheld, 'disconnectCall 7 disconnected']);
    const cut = it.records().filter(({ action }) => action === 'disconnectCall');
    expect(cut).toMatchObject([{ evidence: { judged: { id: '5' } } }, { evidence: { judged: { id: '5' } } }]);
  });
});

describe('a rule that counts the calls to one number', () => {
  const pumping = (event: string) => `
  name: pumping
  scope: account
  mode: enforce
  conditions: { all: [ { fact: account.repeatedCld, params: { within: 15m }, operator: greaterThan, value: 3 } ] }
  event: ${event}`;
  const to = (cldNumber: string, count: number, firstId: number) =>
    calls(count, { cld: cldNumber, cldNumber }, firstId);
  const honest = () => to('442079460000', 3, 90);
  const ids = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => `disconnectCall ${from + at} disconnected`);

  it('takes the calls to every pumped number at once, and goes on with both', async () => {
    const it = scene(pumping('{ type: disconnectCall, params: { select: oldest } }'), [
      ...to('21609123456', 6, 10),
      ...to('25209123456', 4, 20),
      ...honest(),
    ]);
    const first = await it.pass();
    expect(outcomes(first).sort()).toEqual([...ids(10, 6), ...ids(20, 4)]);
    expect(first.violations).toMatchObject([{ evidence: { conditions: { all: [{ observed: 6 }] } } }]);
    // What was cut counts as started: both numbers go on being called too often, one of them the most.
    it.wait(5);
    it.restart();
    it.port.calls = [...to('21609123456', 1, 30), ...to('25209123456', 1, 40), ...honest()];
    expect(outcomes(await it.pass()).sort()).toEqual([...ids(30, 1), ...ids(40, 1)]);
    it.wait(5);
    it.port.calls = [...to('25209123456', 1, 41), ...honest()];
    expect(outcomes(await it.pass())).toEqual(ids(41, 1));
    it.wait(5);
    it.port.calls = honest();
    expect(outcomes(await it.pass())).toEqual([]);
  });

  it('takes the excess of the most called number alone where it keeps some', async () => {
    const it = scene(pumping('{ type: disconnectCall, params: { select: oldest, keep: 4 } }'), [
      ...to('21609123456', 6, 10),
      ...to('25209123456', 4, 20),
      ...honest(),
    ]);
    expect((await it.pass()).actions.map(({ target }) => target)).toEqual(['10', '11']);
  });
});
