import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CallwardenError } from '../src/domain/errors.js';
import type { Pause } from '../src/domain/pause.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { runPass } from '../src/pass.js';
import { disconnectByHand } from '../src/pass-by-hand.js';
import type { PassContext } from '../src/pass-enforcement.js';
import { checkRules } from '../src/policy/check-rules.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { openStore } from '../src/store/open-store.js';
import { aCall, calls, NOW } from './support/calls.js';
import { fakeSwitch } from './support/fake-switch.js';
import { aPassContext, NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const never = new AbortController().signal;

const ruleText = (name: string, scope: string, event: string, more = '') => `
  - name: ${name}
    scope: ${scope}
    mode: enforce
    ${more}
    conditions: { all: [ { fact: ${scope}.connectedCalls, operator: greaterThan, value: 2 } ] }
    event: ${event}`;

const SINGLES = ruleText(
  'singles',
  'account',
  '{ type: disconnectCall, params: { keep: 2 } }',
  'only: { accounts: [10] }',
);
const ACCOUNT = ruleText('account', 'account', '{ type: disconnectAccount }', 'only: { accounts: [50] }');
const CUSTOMER = ruleText('customer', 'customer', '{ type: disconnectCustomer }', 'only: { customers: [9] }');
const WATCHING = ruleText('watching', 'account', '{ type: disconnectCall, params: { keep: 1 } }').replace(
  'enforce',
  'monitor',
);
const ALERTING = ruleText('alerting', 'account', '{ type: alert }');

/** Calls that break every rule above. */
const LISTED = [
  ...calls(5),
  ...calls(4, { account: 50, customer: 5 }, 100),
  ...calls(4, { account: 90, customer: 9 }, 200),
];

const PAUSE: Pause = { switch: undefined, at: NOW, until: undefined, reason: 'a test', actor: 'cli:anna' };

/** One switch with a real store, and a second connection to it, as the one of the person who pauses. */
function scene(rules: readonly string[], changes: Partial<PassContext> = {}) {
  const { store, records, path } = tempStore();
  let now = NOW;
  const clock = () => now;
  const person = openStore(path, { clock });
  onTestFinished(() => person.close());
  const port = fakeSwitch(LISTED, clock);
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text: `rules:${rules.join('')}` }],
    FACT_CATALOGUE,
    (one) => createHash('sha256').update(one).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const compiled = compileRules(ruleSet, {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName: 'lab',
    now,
  });
  // The tree is stated, so that a customer action takes its own calls alone.
  const customerTree = new Map([
    [2, 1],
    [5, 1],
    [9, 1],
  ]);
  const context = aPassContext({ port, store, clock, rules: compiled, customerTree, ...changes });
  return {
    port,
    store,
    person,
    records,
    context,
    wait: (seconds: number) => {
      now += seconds * 1000;
    },
    pass: (options: { dryRun?: boolean } = {}, instead: Partial<PassContext> = {}) =>
      runPass(
        { ...context, ...instead },
        { passId: `pass-${now}`, actor: 'scheduler', dryRun: false, stop: never, abort: never, ...options },
      ),
  };
}

const ALL = [SINGLES, ACCOUNT, CUSTOMER, WATCHING, ALERTING];

const disconnects = (requests: readonly string[]) =>
  requests.filter((request) => request.startsWith('disconnect'));
const listings = (requests: readonly string[]) => requests.filter((request) => request.startsWith('list'));
const outcomes = (report: Awaited<ReturnType<ReturnType<typeof scene>['pass']>>, rule?: string) =>
  report.actions
    .filter((action) => rule === undefined || action.rule === rule)
    .map(({ action, target, outcome, reason }) => `${action} ${target} ${outcome} ${reason}`);

describe('a pass while acting is paused', () => {
  it('detects as ever, cuts nothing, and lists nothing again for what it may not cut', async () => {
    const it = scene(ALL);
    await it.person.pauses.pause(PAUSE);
    const report = await it.pass();
    expect(report).toMatchObject({ status: 'completed', error: null });
    expect(outcomes(report, 'singles')).toEqual(
      ['5', '4', '3'].map((id) => `disconnectCall ${id} withheld paused`),
    );
    expect(outcomes(report, 'account')).toEqual(['disconnectAccount 50 withheld paused']);
    expect(outcomes(report, 'customer')).toEqual(['disconnectCustomer 9 withheld paused']);
    expect(outcomes(report, 'watching').every((text) => text.endsWith('monitored rule-monitor'))).toBe(true);
    expect(outcomes(report, 'alerting').every((text) => text.endsWith('alerted null'))).toBe(true);
    expect(report.violations).toEqual((await scene(ALL).pass()).violations);
    expect(disconnects(it.port.requests)).toEqual([]);
    expect(listings(it.port.requests)).toHaveLength(1);
  });

  it('does not record the same anew at every pass, and acts at once when it is over', async () => {
    const it = scene([
      ruleText('singles', 'account', '{ type: disconnectCall, params: { keep: 2 } }', 'cooldown: 1h'),
    ]);
    await it.person.pauses.pause({ ...PAUSE, until: NOW + 60_000 });
    await it.pass();
    const before = it.records().length;
    it.wait(5);
    await it.pass();
    expect(it.records()).toHaveLength(before);
    it.wait(55);
    expect(outcomes(await it.pass()).every((text) => text.includes(' disconnected '))).toBe(true);
    expect(disconnects(it.port.requests).length).toBeGreaterThan(0);
  });

  it('uses nothing of the caps, and trips none', async () => {
    const it = scene([SINGLES, CUSTOMER], { caps: { perPass: 1, perHour: 1, sharePerPass: 1 } });
    await it.person.pauses.pause(PAUSE);
    expect(outcomes(await it.pass()).some((text) => text.includes('cap-'))).toBe(false);
    expect(await it.store.audit.callsTakenSince('lab', 0)).toBe(0);
  });

  it('shows in a dry run what would happen without the pause', async () => {
    const it = scene([SINGLES, ACCOUNT]);
    await it.person.pauses.pause(PAUSE);
    const report = await it.pass({ dryRun: true });
    expect(outcomes(report).every((text) => text.endsWith('monitored dry-run'))).toBe(true);
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('acts on other switches than the one that is paused', async () => {
    const it = scene([SINGLES]);
    await it.person.pauses.pause({ ...PAUSE, switch: 'fra' });
    await it.pass();
    expect(disconnects(it.port.requests)).toHaveLength(3);
  });

  it('sends nothing where nobody can tell whether acting is paused', async () => {
    const it = scene([SINGLES, ACCOUNT, CUSTOMER]);
    const failing = () =>
      Promise.reject(new CallwardenError('STORE_FAILED', 'the disk is gone.', { hint: 'x' }));
    const report = await it.pass({}, { pauses: { of: failing } });
    expect(report).toMatchObject({ status: 'failed', error: { code: 'STORE_FAILED' } });
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('is stopped by the transaction of the intent where the pause came after the gate had looked', async () => {
    const it = scene([SINGLES, ACCOUNT, CUSTOMER], { caps: { perPass: 3, perHour: 3, sharePerPass: 1 } });
    await it.person.pauses.pause(PAUSE);
    const report = await it.pass({}, { pauses: { of: async () => undefined } });
    expect(report.status).toBe('completed');
    // The caps hold three calls: each action asks for a place again, and none is refused for what was not sent.
    expect(outcomes(report, 'singles')).toEqual(
      ['5', '4', '3'].map((id) => `disconnectCall ${id} withheld paused`),
    );
    expect(disconnects(it.port.requests)).toEqual([]);
    expect(it.records().every(({ outcome }) => outcome === 'withheld' || outcome === 'alerted')).toBe(true);
  });
});

describe('a pause that comes in the middle of a pass', () => {
  /** Runs a pass and commits a pause, from the other connection, at its nth look at the clock; undefined where it had fewer. */
  async function pausedAt(nth: number, stale: boolean) {
    const it = scene(ALL);
    let looks = 0;
    let committed: { lastId: number; sent: number; listed: number } | undefined;
    let aged = !stale;
    const clock = () => {
      looks += 1;
      if (looks === nth) {
        // Runs to its commit before it returns.
        void it.person.pauses.pause(PAUSE);
        committed = {
          lastId: it.records().at(-1)?.id ?? 0,
          sent: disconnects(it.port.requests).length,
          listed: listings(it.port.requests).length,
        };
      }
      return it.context.clock();
    };
    const report = await it.pass(
      {},
      {
        clock,
        concurrency: 2,
        async yieldNow() {
          if (!aged) it.wait(6);
          aged = true;
          await new Promise(setImmediate);
        },
      },
    );
    expect(report).toMatchObject({ status: 'completed', error: null });
    return committed === undefined ? undefined : { ...it, ...committed };
  }

  it.each([
    ['fresh', false],
    ['stale', true],
  ])(
    'stops every request whose intent was not committed before it, whenever it comes: %s listing',
    async (_, stale) => {
      const stopped = new Set<number>();
      let nth = 1;
      for (; ; nth += 1) {
        const it = await pausedAt(nth, stale);
        if (it === undefined) break;
        const after = it.records({ afterId: it.lastId });
        // An intent that was committed has another outcome than these.
        const acted = after.filter(
          ({ outcome }) => !['withheld', 'monitored', 'alerted'].includes(outcome ?? 'open'),
        );
        expect(acted, `pause at look ${nth}`).toEqual([]);
        const intents = it
          .records()
          .filter(({ parent, outcome }) => parent === null && outcome === 'disconnected');
        expect(disconnects(it.port.requests), `pause at look ${nth}`).toHaveLength(intents.length);
        // Not more than what was in flight already.
        expect(disconnects(it.port.requests).length - it.sent).toBeLessThanOrEqual(2);
        stopped.add(disconnects(it.port.requests).length);
      }
      // The pauses came at every stage: before the first request, between any two, and after the last.
      expect(nth).toBeGreaterThan(20);
      expect([...stopped].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    },
  );
});

describe('whatever is planned', () => {
  it('no pass sends while acting is paused, and a person still can', async () => {
    const pause = fc.record({
      switch: fc.constantFrom(undefined, 'lab'),
      until: fc.constantFrom(undefined, NOW + 3_600_000),
    });
    const world = fc.record({
      pause,
      rules: fc.subarray([SINGLES, ACCOUNT, CUSTOMER, WATCHING, ALERTING], { minLength: 1 }),
      dryRun: fc.boolean(),
      configMode: fc.constantFrom('enforce' as const, 'monitor' as const),
      maxSnapshotAgeMs: fc.constantFrom(0, 5_000),
      concurrency: fc.integer({ min: 1, max: 4 }),
      perPass: fc.integer({ min: 1, max: 50 }),
      emergency: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ rules, dryRun, emergency, perPass, pause: given, ...changes }) => {
        const it = scene(rules, { ...changes, caps: { perPass, perHour: 500, sharePerPass: 1 } });
        if (emergency) it.port.calls.push(aCall({ id: '999', account: 50, customer: 9, cld: '112' }));
        await it.person.pauses.pause({ ...PAUSE, ...given });
        const report = await it.pass({ dryRun });
        expect(report.status).toBe('completed');
        expect(disconnects(it.port.requests)).toEqual([]);
        const result = await disconnectByHand(
          it.context,
          { kind: 'call', id: '1', reason: 'by hand: a test' },
          {
            passId: 'hand-1',
            actor: 'cli:operator',
            overCap: false,
            approve: async () => true,
            wait: async () => it.wait(1),
            abort: never,
          },
        );
        expect(result).toMatchObject({ status: 'done', actions: [{ outcome: 'disconnected' }] });
        it.person.close();
        it.store.close();
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});
