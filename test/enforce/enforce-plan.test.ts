import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { PlannedAction } from '../../src/domain/action.js';
import type { Call } from '../../src/domain/call.js';
import { asStated } from '../../src/domain/customer-tree.js';
import { recordKey } from '../../src/domain/ports.js';
import { enforcePlan } from '../../src/enforce/enforce-plan.js';
import type { EnforceContext } from '../../src/enforce/enforcement-run.js';
import { createRelisting } from '../../src/enforce/relisting.js';
import { findDoubt } from '../../src/gather/doubt.js';
import { actionCall, indexListing, withholdCall } from '../../src/plan/call-safeguards.js';
import { inspectTarget } from '../../src/plan/inspect-target.js';
import { createPlan } from '../../src/plan/plan-actions.js';
import { createProtection } from '../../src/plan/protection.js';
import { aCall, aRule, aSnapshot, aSuspect, calls, NOW, onNetPair, violated } from '../support/calls.js';
import { fakeSwitch, switchError } from '../support/fake-switch.js';
import { tempStore } from '../support/temp-store.js';

const NO_TREE = new Map<number, number>();
const protection = createProtection({ accounts: [], customers: [] }, asStated(NO_TREE), (raw) =>
  raw === '112' ? raw : undefined,
);

/** A switch with these calls, a plan of one rule over all of them, and everything that enforcement needs. */
function scene(
  listed: readonly Call[],
  rule = aRule(),
  keep = 0,
  changes: { tree?: Map<number, number> } = {},
) {
  const { store, records, path } = tempStore();
  let now = NOW + 50;
  const clock = () => now;
  const port = fakeSwitch(listed, clock);
  const snapshot = aSnapshot(listed);
  const plan = createPlan({
    snapshot,
    caps: { sharePerPass: 1 },
    tree: changes.tree ?? NO_TREE,
    protection,
    recentlyDisconnected: [],
  });
  const subject =
    rule.scope === 'customer'
      ? ({ scope: 'customer', id: '2' } as const)
      : ({ scope: 'account', id: '10' } as const);
  const verdicts = listed.length === 0 ? [] : [violated(listed, { keep, subject, event: rule.event })];
  plan.add(
    rule,
    verdicts,
    () => true,
    () => undefined,
  );
  const context: EnforceContext = {
    port,
    audit: store.audit,
    pauses: store.pauses,
    clock,
    snapshot,
    maxSnapshotAgeMs: 5000,
    relisting: createRelisting(
      async (filter) => {
        const listing = await port.listAllCalls(filter);
        const derived = listing.calls.map((call) => ({ ...aCall({ id: call.id }), ...call }));
        const { suspects, timing } = listing;
        return {
          calls: derived,
          suspects,
          observedAt: timing.requestedAt,
          doubt: findDoubt(derived, suspects),
        };
      },
      5000,
      clock,
    ),
    concurrency: 2,
    signal: new AbortController().signal,
    configMode: 'enforce',
    dryRun: false,
    caps: { perPass: 50, perHour: 500 },
    takenLastHour: 0,
    unchanged: new Map(),
    halted: () => undefined,
    origin: { switchName: 'lab', passId: 'pass-1', actor: 'scheduler', login: 'login:ops' },
    recentlyDisconnected: [],
    sharePerPass: 1,
    handReason: undefined,
    agreedCalls: undefined,
    yieldNow: async () => undefined,
    inspect: (planned, listing, taken) => {
      const action = planned.action === 'disconnectCustomer' ? 'disconnectCustomer' : 'disconnectAccount';
      const found = inspectTarget(
        { action, target: Number(planned.target), select: planned.select },
        listing,
        {
          tree: changes.tree ?? NO_TREE,
          protection,
          admits: () => true,
          taken,
        },
      );
      return {
        inside: found.inside.map(actionCall),
        perhapsInside: found.perhapsInside.map(actionCall),
        hold: found.hold,
        weight: found.weight,
        oneByOne: found.oneByOne.map(actionCall),
      };
    },
    withholdOf: (call, listing) => withholdCall(call, indexListing(listing), protection),
  };
  return {
    port,
    records,
    path,
    actions: plan.actions,
    wait: (ms: number) => {
      now += ms;
    },
    async run(overrides: Partial<EnforceContext> = {}, actions: readonly PlannedAction[] = plan.actions) {
      const { reports, failure } = await enforcePlan(actions, { ...context, ...overrides });
      if (failure !== undefined) throw failure.error;
      return reports;
    },
    context,
  };
}

const disconnects = (requests: readonly string[]) =>
  requests.filter((request) => request.startsWith('disconnect'));

describe('enforcement', () => {
  it('commits the intent before the request leaves, and the outcome after', async () => {
    const { port, run, records } = scene(calls(2), aRule(), 1);
    let atRequest: unknown;
    port.before = () => {
      atRequest = records().map(({ target, outcome }) => ({ target, outcome }));
    };
    const reports = await run();
    expect(atRequest).toEqual([{ target: '2', outcome: null }]);
    expect(reports).toMatchObject([{ target: '2', outcome: 'disconnected', reason: null, mode: 'enforce' }]);
    expect(records()).toMatchObject([
      {
        id: reports[0]?.id,
        parent: null,
        switch: 'lab',
        passId: 'pass-1',
        rule: 'account-concurrent-calls',
        subject: 'account:10',
        action: 'disconnectCall',
        outcome: 'disconnected',
        confirmed: null,
        actor: 'scheduler',
        account: 10,
        customer: 2,
        callId: 'sip-2@192.0.2.7',
        cli: '442079460001',
        cld: '493023125001',
        evidence: { call: { id: '2' }, pool: { size: 2, keep: 1 } },
      },
    ]);
  });

  it('sends nothing when the intent cannot be committed', async () => {
    const { port, run, path } = scene(calls(3));
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(run()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    other.exec('ROLLBACK');
    other.close();
    expect(disconnects(port.requests)).toEqual([]);
  });

  it('sends nothing more once an outcome cannot be recorded', async () => {
    const { port, run, path } = scene(calls(6));
    const other = new Database(path);
    port.before = () => {
      if (!other.inTransaction) other.exec('BEGIN IMMEDIATE');
    };
    await expect(run({ concurrency: 1 })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    other.exec('ROLLBACK');
    other.close();
    expect(disconnects(port.requests)).toHaveLength(1);
  });

  it.each([
    ['a call that is not found', undefined, 'already-gone', null],
    ['a fault', switchError('SWITCH_FAULT'), 'failed', 'refused'],
    ['a connection refused', switchError('SWITCH_UNREACHABLE', false), 'failed', null],
    ['a lost reply', switchError('SWITCH_UNREACHABLE', true), 'unknown', 'reply-lost'],
    ['an error that does not say', switchError('SWITCH_BAD_RESPONSE'), 'unknown', 'reply-lost'],
    ['an error nobody foresaw', new TypeError('oops'), 'unknown', 'reply-lost'],
  ])('records %s as such and goes on', async (_, error, outcome, reason) => {
    const { port, run, records } = scene(calls(2));
    port.before = (request) => {
      if (request !== 'disconnectCall 2') return;
      if (error === undefined) port.calls = port.calls.filter(({ id }) => id !== '2');
      else throw error;
    };
    const reports = await run();
    expect(reports.map((report) => [report.target, report.outcome, report.reason])).toEqual([
      ['2', outcome, reason],
      ['1', 'disconnected', null],
    ]);
    expect(records({ outcome })).toHaveLength(1);
    expect(disconnects(port.requests)).toHaveLength(2);
  });

  it('records an answer that is neither OK nor the one for a call that is gone as failed, with its words', async () => {
    const { port, run, records } = scene(calls(1));
    port.disconnectCall = async () => ({ result: 'refused', text: 'Busy', timing: port.timing() });
    expect(await run()).toMatchObject([{ outcome: 'failed', reason: 'refused' }]);
    expect(records()).toMatchObject([{ error: 'the switch answered "Busy" instead of OK' }]);
  });

  it('never has more requests in flight than allowed', async () => {
    const { port, run } = scene(calls(20));
    let inFlight = 0;
    let most = 0;
    port.before = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise(setImmediate);
      inFlight -= 1;
    };
    await run({ concurrency: 3 });
    expect(most).toBe(3);
  });

  it.each([
    ['a monitoring rule', aRule({ mode: 'monitor' }), {}, 'rule-monitor'],
    ['a monitoring config', aRule(), { configMode: 'monitor' as const }, 'config-monitor'],
    ['a dry run', aRule(), { dryRun: true }, 'dry-run'],
  ])('only records what %s would have done', async (_, rule, changes, reason) => {
    const { port, run, records } = scene(calls(2), rule, 1);
    const reports = await run(changes);
    expect(reports).toMatchObject([{ target: '2', mode: 'monitor', outcome: 'monitored', reason }]);
    expect(records()).toMatchObject([{ mode: 'monitor', outcome: 'monitored', reason }]);
    expect(port.requests).toEqual([]);
  });

  it('does not repeat an unchanged record, and reports the earlier one', async () => {
    const { run, records } = scene(calls(2), aRule({ mode: 'monitor' }), 1);
    const [call] = calls(1, {}, 2).map((one) => ({ ...one, setupTimeText: '20260105T09:59:01.000' }));
    const key = recordKey({
      rule: 'account-concurrent-calls',
      ruleHash: aRule().hash,
      subject: 'account:10',
      action: 'disconnectCall',
      target: '2',
      reason: 'rule-monitor',
      mode: 'monitor',
      callId: call?.callId ?? null,
      setupTime: call?.setupTimeText ?? null,
    });
    const reports = await run({ unchanged: new Map([[key, 4711]]) });
    expect(reports).toMatchObject([{ id: 4711, outcome: 'monitored' }]);
    expect(records()).toEqual([]);
  });

  it('withholds what exceeds the caps of the pass or of the hour, and alerts once', async () => {
    const perPass = scene(calls(5));
    expect((await perPass.run({ caps: { perPass: 3, perHour: 500 } })).map(({ outcome }) => outcome)).toEqual(
      ['disconnected', 'disconnected', 'disconnected', 'withheld', 'alerted', 'withheld'],
    );
    expect(perPass.records({ outcome: 'alerted' })).toMatchObject([
      { action: 'alert', subject: 'switch:lab', target: 'lab', reason: 'cap-per-pass' },
    ]);
    const perHour = scene(calls(5));
    await perHour.run({ takenLastHour: 499 });
    expect(disconnects(perHour.port.requests)).toEqual(['disconnectCall 5']);
    expect(perHour.records({ outcome: 'withheld' })[0]?.reason).toBe('cap-per-hour');
  });

  it('shows in a dry run what the caps would withhold', async () => {
    const { run } = scene(calls(3));
    const reports = await run({ dryRun: true, caps: { perPass: 2, perHour: 500 } });
    expect(reports.map(({ reason }) => reason)).toEqual([
      'dry-run',
      'dry-run',
      'cap-per-pass',
      'cap-per-pass',
    ]);
  });

  it('does not let a monitoring rule use up the caps of an enforcing one', async () => {
    const watched = scene(calls(3), aRule({ mode: 'monitor' }));
    const enforced = scene(calls(2), aRule({ name: 'enforcing' }));
    const reports = await enforced.run({ caps: { perPass: 2, perHour: 500 } }, [
      ...watched.actions,
      ...enforced.actions,
    ]);
    expect(reports.filter(({ rule }) => rule === 'enforcing').map(({ outcome }) => outcome)).toEqual([
      'disconnected',
      'disconnected',
    ]);
  });

  it('sends nothing new once it is told to stop, and records the rest as withheld', async () => {
    const { port, run } = scene(calls(4));
    let stopping = false;
    port.before = () => {
      stopping = true;
    };
    const reports = await run({ concurrency: 1, halted: () => (stopping ? 'stopping' : undefined) });
    expect(disconnects(port.requests)).toHaveLength(1);
    expect(reports.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['disconnected', null],
      ['withheld', 'stopping'],
      ['withheld', 'stopping'],
      ['withheld', 'stopping'],
    ]);
  });

  it('records what is cut short at the deadline as unknown', async () => {
    const { port, run } = scene(calls(1));
    const abort = new AbortController();
    port.before = () => {
      abort.abort();
      return new Promise(() => {});
    };
    expect(await run({ signal: abort.signal })).toMatchObject([{ outcome: 'unknown', reason: 'reply-lost' }]);
  });
});

describe('a call that was listed too long ago', () => {
  it('is cut after a listing of its account still shows it', async () => {
    const { port, run, wait } = scene(calls(2));
    wait(6000);
    await run();
    expect(port.requests).toEqual(['listAllCalls {"account":10}', 'disconnectCall 2', 'disconnectCall 1']);
  });

  it.each([
    ['is gone', (_: Call) => [], 'gone'],
    ['is over', (call: Call) => [{ ...call, state: 'Disconnecting' }], 'gone'],
    ['is another call by now', (call: Call) => [{ ...call, callId: 'other@192.0.2.1' }], 'changed-identity'],
    [
      'was set up at another time',
      (call: Call) => [{ ...call, setupTimeText: '20260105T095959.000' }],
      'changed-identity',
    ],
    ['was answered meanwhile', (call: Call) => [{ ...call, state: 'Connected' }], 'changed-state'],
    ['turns out to be an emergency call', (call: Call) => [{ ...call, cld: '112' }], 'protected-number'],
  ])('is withheld where it %s', async (_, become, reason) => {
    const judged = calls(1, { state: reason === 'changed-state' ? 'ARComplete' : 'Connected' });
    const { port, run, wait } = scene(judged);
    wait(6000);
    port.before = () => {
      port.calls = judged.flatMap(become);
    };
    expect(await run()).toMatchObject([{ outcome: 'withheld', reason }]);
    expect(disconnects(port.requests)).toEqual([]);
  });

  it('is withheld where a listing made for another account lacks the number of its other entry', async () => {
    const [out, into] = onNetPair(aCall({ id: '2' }), { id: '1', account: 20 });
    const first = aCall({ id: '3', account: 20, setupAt: NOW - 1_000, duration: 1 });
    const { port, run, wait, actions } = scene([out, into, first]);
    expect(actions.map(({ target, account }) => [target, account])).toEqual([
      ['3', 20],
      ['2', 10],
    ]);
    wait(6000);
    port.before = () => {
      port.calls = [out, { ...into, cld: undefined, cldNumber: undefined }, first];
    };
    expect((await run({ concurrency: 1 })).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['disconnected', null],
      ['withheld', 'number-unknown'],
    ]);
  });

  it.each([
    ['bears its CALL_ID', { id: '1', callId: 'own' }, 'withheld', 'ambiguous-id'],
    ['bears its ID', { id: '2', callId: 'own' }, 'withheld', 'ambiguous-id'],
    ['shows neither', { id: undefined, callId: undefined }, 'withheld', 'ambiguous-id'],
    ['is of another call', { id: '1', callId: 'other@192.0.2.1' }, 'disconnected', null],
    ['shows another number', { id: '1', callId: undefined, cld: '4420' }, 'disconnected', null],
  ])(
    'is looked at where a listing made for another account cannot read an entry that %s',
    async (_, fields, outcome, reason) => {
      const [out, into] = onNetPair(aCall({ id: '2' }), { id: '1', account: 20 });
      const first = aCall({ id: '3', account: 20, setupAt: NOW - 1_000, duration: 1 });
      const { port, run, wait } = scene([out, into, first]);
      wait(6000);
      port.before = (request) => {
        const suspect = aSuspect({ account: 20, ...fields });
        const callId = suspect.callId === 'own' ? out.callId : suspect.callId;
        port.calls = [out, first];
        port.suspects = request.includes('"account":20') ? [{ ...suspect, callId }] : [];
      };
      const reports = await run({ concurrency: 1 });
      expect(reports.filter(({ target }) => target === '2')).toMatchObject([{ outcome, reason }]);
    },
  );

  it('is withheld where it cannot be listed again, or a suspect call might be it', async () => {
    const failing = scene(calls(1));
    failing.wait(6000);
    failing.port.before = () => {
      throw switchError('SWITCH_TIMEOUT', true);
    };
    expect(await failing.run()).toMatchObject([{ outcome: 'withheld', reason: 'stale-snapshot' }]);
    const suspicious = scene(calls(1));
    suspicious.wait(6000);
    suspicious.port.suspects = [aSuspect({ account: 10 })];
    expect(await suspicious.run()).toMatchObject([{ outcome: 'withheld', reason: 'suspect-snapshot' }]);
  });
});

describe('an account action', () => {
  const rule = aRule({ event: { type: 'disconnectAccount' } });

  it('lists the account again, takes what is there now, and records a child for each call', async () => {
    const { port, run, records } = scene(calls(2), rule);
    port.before = (request) => {
      if (request.startsWith('list')) port.calls = calls(3);
    };
    const reports = await run();
    expect(port.requests).toEqual(['listAllCalls {}', 'disconnectAccount 10']);
    expect(reports).toMatchObject([{ action: 'disconnectAccount', target: '10', outcome: 'disconnected' }]);
    const [parent, ...children] = records();
    expect(parent).toMatchObject({
      action: 'disconnectAccount',
      target: '10',
      count: 3,
      account: 10,
      customer: 2,
    });
    expect(
      children.map(({ parent: of, target, outcome, reason, callId }) => [
        of,
        target,
        outcome,
        reason,
        callId,
      ]),
    ).toEqual(
      ['1', '2', '3'].map((id) => [parent?.id, id, 'disconnected', 'taken-along', `sip-${id}@192.0.2.7`]),
    );
  });

  it('is withheld where an emergency call has come, and the others are cut one by one', async () => {
    const { port, run, records } = scene(calls(2), rule);
    port.before = (request) => {
      if (request.startsWith('list')) port.calls = [...calls(2), aCall({ id: '9', cld: '112' })];
    };
    const reports = await run();
    expect(reports.map(({ action, target, outcome, reason }) => [action, target, outcome, reason])).toEqual([
      ['disconnectAccount', '10', 'withheld', 'takes-protected'],
      ['disconnectCall', '2', 'disconnected', null],
      ['disconnectCall', '1', 'disconnected', null],
    ]);
    expect(port.calls.map(({ id }) => id)).toEqual(['9']);
    const [parent, ...singles] = records();
    expect(singles.every((record) => record.parent === parent?.id)).toBe(true);
  });

  it('weighs all its calls against the caps', async () => {
    const { port, run } = scene(calls(4), rule);
    const reports = await run({ caps: { perPass: 3, perHour: 500 } });
    expect(reports[0]).toMatchObject({ outcome: 'withheld', reason: 'cap-per-pass' });
    expect(disconnects(port.requests)).toEqual([]);
  });

  it('is withheld where its account cannot be listed again, or has no calls any more', async () => {
    const failing = scene(calls(2), rule);
    failing.port.before = () => {
      throw switchError('SWITCH_FAULT');
    };
    expect(await failing.run()).toMatchObject([{ outcome: 'withheld', reason: 'stale-snapshot' }]);
    const emptied = scene(calls(2), rule);
    emptied.port.calls = [];
    expect(await emptied.run()).toMatchObject([{ outcome: 'withheld', reason: 'gone' }]);
    expect(disconnects(emptied.port.requests)).toEqual([]);
  });

  it('goes the same way in a dry run, but for the request', async () => {
    const { port, run, records } = scene(calls(2), rule);
    expect(await run({ dryRun: true })).toMatchObject([{ outcome: 'monitored', reason: 'dry-run' }]);
    expect(port.requests).toEqual(['listAllCalls {}']);
    expect(records().map(({ outcome }) => outcome)).toEqual(['monitored', 'monitored', 'monitored']);
  });

  it('of unknown fate leaves its calls of unknown fate', async () => {
    const { port, run, records } = scene(calls(2), rule);
    port.before = (request) => {
      if (request.startsWith('disconnect')) throw switchError('SWITCH_TIMEOUT', true);
    };
    await run();
    expect(records().map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
  });
});

describe('what a person or a clock does to a listing', () => {
  it('is old when the clock was set back, and is listed again', async () => {
    const { port, run, wait } = scene(calls(1));
    wait(-3_600_000);
    await run();
    expect(port.requests[0]).toBe('listAllCalls {"account":10}');
  });

  it('is too old when listing again took longer than a listing may be old', async () => {
    const { port, run, wait } = scene(calls(1));
    wait(6000);
    // The listing bears the instant of its request, nine seconds before its answer.
    const listAllCalls = port.listAllCalls;
    port.listAllCalls = async (filter) => {
      const listing = await listAllCalls(filter);
      wait(9000);
      return listing;
    };
    expect(await run()).toMatchObject([{ outcome: 'withheld', reason: 'stale-snapshot' }]);
    expect(disconnects(port.requests)).toEqual([]);
  });

  it('lets no request leave after the listing it rests on has grown too old', async () => {
    const { port, run } = scene(calls(1));
    let notAfter: number | undefined;
    port.disconnectCall = async (_, options) => {
      notAfter = options?.notAfter;
      return { result: 'ok', count: undefined, timing: port.timing() };
    };
    await run();
    expect(notAfter).toBe(NOW + 5000);
  });
});

describe('a doubtful second listing', () => {
  const suspects = [
    aSuspect({ id: '77', account: 99, customer: 9 }),
    aSuspect({ id: '78', account: 99, customer: 9 }),
  ];

  it('cuts nothing, neither whole nor one by one, nor a single call', async () => {
    for (const event of ['disconnectAccount', 'disconnectCall'] as const) {
      const it = scene(calls(2), aRule({ event: { type: event } }));
      if (event === 'disconnectCall') it.wait(6000);
      it.port.suspects = suspects;
      const reports = await it.run();
      expect(
        reports.every(({ outcome, reason }) => outcome === 'withheld' && reason === 'suspect-snapshot'),
      ).toBe(true);
      expect(disconnects(it.port.requests)).toEqual([]);
    }
  });
});

describe('a call that one action has taken', () => {
  it('is not taken again one by one, nor weighed again, while the switch still lists it', async () => {
    const single = scene(calls(3), aRule({ name: 'singles' }), 2);
    const whole = scene(calls(3), aRule({ name: 'whole', event: { type: 'disconnectAccount' } }));
    whole.port.disconnectCall = async () => ({
      result: 'ok',
      count: undefined,
      timing: whole.port.timing(),
    });
    const reports = await whole.run({}, [...single.actions, ...whole.actions]);
    expect(reports.map(({ action, target, outcome }) => [action, target, outcome])).toEqual([
      ['disconnectCall', '3', 'disconnected'],
      ['disconnectAccount', '10', 'disconnected'],
    ]);
    expect(whole.records({ call: '3' })).toHaveLength(1);
    expect(whole.records({ rule: 'whole' }).map(({ target }) => target)).toEqual(['10', '1', '2']);
  });

  it('a moment before this pass is left out as well', async () => {
    const { run, records } = scene(calls(3), aRule({ event: { type: 'disconnectAccount' } }));
    await run({ recentlyDisconnected: calls(1) });
    expect(records().map(({ target }) => target)).toEqual(['10', '2', '3']);
  });
});

describe('what the switch counts of an account action', () => {
  const whole = aRule({ event: { type: 'disconnectAccount' } });

  it('leaves it open which calls ended where it is fewer than were listed', async () => {
    const { port, run, records } = scene(calls(2), whole);
    port.disconnectAccount = async () => ({ result: 'ok', count: 1, timing: port.timing() });
    await run();
    expect(records().map(({ target, outcome, reason }) => [target, outcome, reason])).toEqual([
      ['10', 'disconnected', null],
      ['1', 'unknown', 'perhaps-taken'],
      ['2', 'unknown', 'perhaps-taken'],
    ]);
  });

  it('is alerted where it is more than were listed, and uses up the caps', async () => {
    const { port, run, records } = scene(calls(2), whole);
    port.disconnectAccount = async () => ({ result: 'ok', count: 5, timing: port.timing() });
    const { actions } = scene(calls(1, { account: 11 }, 7), aRule({ name: 'later' }));
    port.calls = [...port.calls, ...calls(1, { account: 11 }, 7)];
    const both = [...scene(calls(2), whole).actions, ...actions];
    const reports = await run({ concurrency: 1, caps: { perPass: 5, perHour: 500 } }, both);
    expect(reports.map(({ action, outcome, reason }) => [action, outcome, reason])).toEqual([
      ['disconnectAccount', 'disconnected', null],
      ['alert', 'alerted', 'took-more-than-listed'],
      ['disconnectCall', 'withheld', 'cap-per-pass'],
      ['alert', 'alerted', 'cap-per-pass'],
    ]);
    expect(records({ outcome: 'alerted' })[0]?.evidence).toMatchObject({
      reason: expect.stringContaining('ended 5 calls, 3 more than were listed'),
    });
  });

  it.each([
    ['as many as their entries', 4, ['disconnectAccount', 'disconnectCall']],
    ['more than their entries', 5, ['disconnectAccount', 'alert', 'disconnectCall', 'alert']],
  ])('uses up the caps by calls where the switch counts %s', async (_, count, expected) => {
    const pairs = calls(2).flatMap((call) => onNetPair(call, { id: `9${call.id}` }));
    const { port, run } = scene(pairs, whole);
    port.disconnectAccount = async () => ({ result: 'ok', count, timing: port.timing() });
    const later = calls(1, { account: 11 }, 7);
    port.calls = [...port.calls, ...later];
    const both = [...scene(pairs, whole).actions, ...scene(later, aRule({ name: 'later' })).actions];
    const reports = await run({ concurrency: 1, caps: { perPass: 3, perHour: 500 } }, both);
    expect(reports.map(({ action }) => action)).toEqual(expected);
    expect(reports[0]?.outcome).toBe('disconnected');
  });

  it('may hold calls that were cut a moment ago and are still there', async () => {
    const { run, records } = scene(calls(3), whole);
    await run({ recentlyDisconnected: calls(1) });
    expect(records({ outcome: 'alerted' })).toEqual([]);
  });
});

describe('a customer action', () => {
  const rule = aRule({ scope: 'customer', event: { type: 'disconnectCustomer' } });

  it('records the calls that it may have taken as unknown', async () => {
    const { run, records } = scene([...calls(2), aCall({ id: '9', customer: 5, account: 50 })], rule);
    await run();
    expect(records().map(({ target, outcome, reason }) => [target, outcome, reason])).toEqual([
      ['2', 'disconnected', null],
      ['1', 'disconnected', 'taken-along'],
      ['2', 'disconnected', 'taken-along'],
      ['9', 'unknown', 'perhaps-taken'],
    ]);
  });

  it('is withheld where none of its own calls is left', async () => {
    const { port, run } = scene([...calls(2), aCall({ id: '9', customer: 5, account: 50 })], rule);
    port.calls = port.calls.filter(({ id }) => id === '9');
    expect(await run()).toMatchObject([{ outcome: 'withheld', reason: 'gone' }]);
    expect(disconnects(port.requests)).toEqual([]);
  });

  it('is withheld where it has outgrown the share of the switch that a rule may take', async () => {
    const tree = new Map([
      [2, 1],
      [5, 1],
    ]);
    const { port, run } = scene([...calls(2), ...calls(40, { customer: 5, account: 50 }, 100)], rule, 0, {
      tree,
    });
    port.calls = [...calls(30), ...calls(40, { customer: 5, account: 50 }, 100)];
    const reports = await run({ sharePerPass: 0.25 });
    expect(reports.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['withheld', 'cap-share'],
      ['alerted', 'cap-share'],
    ]);
    expect(disconnects(port.requests)).toEqual([]);
  });
});

describe('a database that fails in the middle', () => {
  it('leaves in the report what was sent before', async () => {
    const it = scene(calls(3));
    const other = new Database(it.path);
    it.port.before = (request) => {
      if (request === 'disconnectCall 2') other.exec('BEGIN IMMEDIATE');
    };
    const { reports, failure } = await enforcePlan(it.actions, { ...it.context, concurrency: 1 });
    other.exec('ROLLBACK');
    other.close();
    expect(failure?.error).toMatchObject({ code: 'STORE_FAILED' });
    expect(reports.map(({ target, outcome }) => [target, outcome])).toEqual([['3', 'disconnected']]);
  });
});

it('takes a whole for the share of calls that it is, where the switch lists each of them twice', async () => {
  const legs = (listed: ReturnType<typeof calls>) =>
    listed.flatMap((call) => [call, { ...call, direction: 'onnet_in' }]);
  const others = legs(calls(60, { account: 50 }, 100));
  const it = scene([...calls(15), ...others], aRule({ event: { type: 'disconnectAccount' } }));
  it.port.calls = [...legs(calls(25)), ...others];
  const reports = await it.run({ sharePerPass: 0.25, caps: { perPass: 500, perHour: 500 } });
  expect(reports.map(({ reason }) => reason)).toEqual(['cap-share', 'cap-share']);
  expect(disconnects(it.port.requests)).toEqual([]);
});

describe('a whole that may not go on', () => {
  const rule = aRule({ event: { type: 'disconnectAccount' } });

  it('by its planned weight never goes on without a new listing, though less would be taken by now', async () => {
    const it = scene(calls(4), rule);
    const [planned] = it.actions;
    // Planned heavier than the cap; the snapshot itself would weigh less.
    const heavier = { ...(planned as PlannedAction), weight: 60 };
    expect(await it.run({}, [heavier])).toMatchObject([
      { outcome: 'withheld', reason: 'cap-per-pass' },
      { outcome: 'alerted' },
    ]);
    expect(it.port.requests).toEqual([]);
  });

  it('by its share does not go on one by one, for a protected call that came', async () => {
    const others = calls(80, { account: 50 }, 100);
    const it = scene([...calls(15), ...others], rule);
    it.port.calls = [...calls(75), aCall({ id: '999', cld: '112' }), ...others];
    const reports = await it.run({ sharePerPass: 0.25, caps: { perPass: 500, perHour: 500 } });
    expect(reports.map(({ reason }) => reason)).toEqual(['cap-share', 'cap-share']);
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('by hand takes no more calls than were agreed to, neither whole nor one by one', async () => {
    for (const more of [calls(12), [...calls(12), aCall({ id: '99', cld: '112' })]]) {
      const it = scene(calls(3), rule);
      it.port.calls = more;
      const reports = await it.run({ agreedCalls: 3 });
      expect(reports).toMatchObject([{ outcome: 'withheld', reason: 'more-than-agreed' }]);
      expect(disconnects(it.port.requests)).toEqual([]);
    }
  });

  it('writes one record, not one for each call that stays', async () => {
    const it = scene(
      [...calls(3), ...calls(30, { customer: 5, account: 50 }, 100)],
      aRule({ scope: 'customer', event: { type: 'disconnectCustomer' } }),
    );
    await it.run({ caps: { perPass: 5, perHour: 5 } });
    expect(it.records().map(({ outcome }) => outcome)).toEqual(['withheld', 'alerted']);
  });
});

describe('a call in setup that was listed too long ago', () => {
  it('is looked for in a listing of everything, since its other leg may have come under another account', async () => {
    const judged = calls(1, { state: 'ARComplete' });
    const it = scene(judged);
    it.wait(6000);
    await it.run();
    expect(it.port.requests[0]).toBe('listAllCalls {}');
  });
});
