import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { explanationInput, type FoundInput } from '../../src/cli/explanation-input.js';
import type { PlannedAction } from '../../src/domain/action.js';
import type { Call } from '../../src/domain/call.js';
import type { Subject } from '../../src/domain/scope.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createLearnedCustomerTree } from '../../src/gather/learn-customer-tree.js';
import { runPass } from '../../src/pass.js';
import { type Explanation, explainRule } from '../../src/pass-explain.js';
import type { ExplainInput } from '../../src/pass-explain-input.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { startSimulator } from '../../src/simulator/start-simulator.js';
import { aCall, NOW } from '../support/calls.js';
import { aConfig, aSwitchConfig } from '../support/config.js';
import { fakeSwitch, switchError } from '../support/fake-switch.js';
import { aPassContext, NUMBERING } from '../support/pass-context.js';
import { tempStore } from '../support/temp-store.js';

const never = new AbortController().signal;
const SUBJECT: Subject = { scope: 'account', id: '10' };
const MINUTE = 60_000;

const RULES = `
rules:
  - name: ended
    scope: account
    mode: monitor
    conditions: { all: [ { fact: account.callsEnded, params: { within: 1h }, operator: greaterThan, value: 100 } ] }
    event: { type: alert }
  - name: complete
    scope: account
    mode: monitor
    needs: complete
    conditions: { all: [ { fact: account.callsStarted, params: { within: 1h }, operator: greaterThan, value: 0 } ] }
    event: { type: alert }
  - name: costly
    scope: call
    mode: enforce
    conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] }
    event: { type: disconnectCall }
`;

function ruleSetOf(text: string) {
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text }],
    FACT_CATALOGUE,
    (one) => createHash('sha256').update(one).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return ruleSet;
}

/** Passes on a switch, and explanations from what they left behind. */
function scene(
  listed: readonly Call[],
  {
    everyMs = 5000,
    rules = RULES,
    trusted = false,
  }: { everyMs?: number; rules?: string; trusted?: boolean } = {},
) {
  let now = NOW;
  const clock = () => now;
  const { store, path, records } = tempStore({ clock });
  const ruleSet = ruleSetOf(rules);
  const port = fakeSwitch(listed, clock);
  // In trusted mode customer 3 stands below 2, and all others below the root alone.
  const list: typeof port.listAllCalls = async ({ customer, ...filter }, options) => {
    const listing = await port.listAllCalls(filter, options);
    const isBelow = (call: { customer: number | undefined }) =>
      call.customer === customer || (customer === 2 && call.customer === 3);
    return customer === undefined ? listing : { ...listing, calls: listing.calls.filter(isBelow) };
  };
  const learnedTree = createLearnedCustomerTree({ root: 1, stated: new Map() });
  const compiled = (set: typeof ruleSet) =>
    compileRules(set, { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now: NOW });
  const context = aPassContext({
    port: { ...port, ...(trusted ? { login: 'trusted:1', listAllCalls: list } : {}) },
    store,
    clock,
    learnedTree: trusted ? learnedTree : undefined,
    intervalMs: everyMs,
    rules: compiled(ruleSet),
  });
  const switchConfig = aSwitchConfig({
    schedule: everyMs === MINUTE ? '0 * * * * *' : '*/5 * * * * *',
    ...(trusted ? { login: { kind: 'trusted', customer: 1, wholesaler: 1 } } : {}),
  });
  const config = aConfig(path, switchConfig);
  const said: string[] = [];
  const output = {
    write: async (text: string) => void said.push(text),
    isTerminal: false,
    columns: undefined,
  };
  return {
    port,
    store,
    said,
    records,
    wait: (ms: number) => {
      now += ms;
    },
    /** By the rules of the scene, or by these. */
    async pass(text = rules) {
      const options = { passId: String(now), actor: 'scheduler', dryRun: false, stop: never, abort: never };
      const { error } = await runPass({ ...context, rules: compiled(ruleSetOf(text)) }, options);
      expect(error).toBeNull();
    },
    async found(
      name: string,
      at?: number,
      { url = switchConfig.url, subject = SUBJECT }: { url?: string; subject?: Subject } = {},
    ): Promise<FoundInput> {
      const rule = ruleSet.rules.find((one) => one.name === name);
      if (rule === undefined) throw new Error(`There is no rule ${name}.`);
      const found = await explanationInput({
        config,
        switchConfig: { ...switchConfig, url },
        ruleSet,
        rule,
        subject,
        at,
        context: {
          stdout: output,
          stderr: output,
          env: {},
          clock,
          interrupted: () => never,
          setExitCode: () => undefined,
        },
      });
      if (found === undefined) throw new Error(said.join('\n'));
      return found;
    },
    async input(name: string, at?: number, of?: { url?: string; subject?: Subject }): Promise<ExplainInput> {
      return (await this.found(name, at, of)).input;
    },
  };
}

async function explained(input: ExplainInput, name: string, subject = SUBJECT): Promise<Explanation> {
  const compiled = input.rules.find(({ rule }) => rule.name === name);
  if (compiled === undefined) throw new Error(`There is no rule ${name}.`);
  return explainRule(input, compiled, subject);
}

const observed = ({ verdict }: Explanation) => verdict?.evidence?.conditions.all?.[0];

const costly = aCall({ id: '2', cld: '88212345678', cldNumber: '88212345678' });

it('from the ledger, a call that was cut has not ended by itself, and counts as gone while it is still listed', async () => {
  const it = scene([aCall({ id: '1' }), costly]);
  await it.pass();
  it.port.calls = [aCall({ id: '1' }), costly];
  it.wait(5000);
  await it.pass();
  const stillListed = await it.input('ended', NOW + 5000);
  expect(stillListed.recentlyDisconnected.map(({ id }) => id)).toEqual(['2']);
  expect(stillListed.takenLastHour).toBe(1);
  it.port.calls = [aCall({ id: '1' })];
  it.wait(5000);
  await it.pass();
  it.port.calls = [];
  it.wait(5000);
  await it.pass();
  expect(observed(await explained(await it.input('ended', NOW + 20_000), 'ended'))).toMatchObject({
    observed: 1,
  });
});

it('from the ledger, a call that outlived its disconnect was cut for the passes, whenever it ended', async () => {
  const it = scene([aCall({ id: '1' }), costly]);
  for (let poll = 0; poll < 12; poll += 1) {
    await it.pass();
    // The switch says OK, and goes on with the call.
    it.port.calls = [aCall({ id: '1' }), ...(poll < 10 ? [costly] : [])];
    it.wait(5000);
  }
  expect(it.records({ action: 'disconnectCall' }).length).toBeGreaterThan(1);
  const after = await it.input('ended', NOW + 55_000);
  expect(observed(await explained(after, 'ended'))).toMatchObject({ observed: 0 });
});

it('from the ledger, a window reaches back from the last listing, however long before the asked instant that was', async () => {
  const it = scene([aCall({ id: '1' })], { everyMs: MINUTE });
  for (let minute = 0; minute <= 75; minute += 1) {
    await it.pass();
    it.wait(MINUTE);
  }
  const last = NOW + 75 * MINUTE;
  for (const at of [last, last + 50 * MINUTE]) {
    const input = await it.input('complete', at);
    expect(input.snapshot.observedAt).toBe(last);
    const { result, verdict } = await explained(input, 'complete');
    expect({ result, missing: verdict?.evidence?.conditions.all?.[0]?.missing }).toEqual({
      result: 'clear',
      missing: undefined,
    });
  }
  await expect(it.input('complete', last + 61 * MINUTE)).rejects.toThrow(
    'The ledger holds no listing of lab',
  );
});

it('from the ledger, a window is not whole that reaches back to calls which have been pruned since', async () => {
  const it = scene([aCall({ id: '1' }), aCall({ id: '2' })], { everyMs: MINUTE });
  for (let minute = 0; minute <= 70; minute += 1) {
    if (minute === 30) it.port.calls = [aCall({ id: '1' })];
    await it.pass();
    it.wait(MINUTE);
  }
  const last = NOW + 70 * MINUTE;
  const explainedAt = async (at: number) => {
    const { input, source } = await it.found('complete', at);
    return { source, missing: observed(await explained(input, 'complete'))?.missing };
  };
  const source = 'the last listing by 2026-01-05T11:10:00.000Z, from the ledger';
  expect(await explainedAt(last)).toEqual({ source, missing: undefined });
  await it.store.ledger.prune({
    before: last - 30 * MINUTE,
    pollsBefore: 0,
    countriesBefore: 0,
    maxRows: 100,
  });
  expect(await explainedAt(last)).toEqual({ source, missing: 'incomplete-window' });
  expect((await explainedAt(NOW + 20 * MINUTE)).source).toBe(
    'the last listing by 2026-01-05T10:20:00.000Z, from the ledger; ' +
      'calls that ended by 2026-01-05T10:30:00.000Z are not kept any more, so it lacks those',
  );
});

it('on the switch, a cut counts since the last poll, however slowly the switch is polled', async () => {
  const it = scene([aCall({ id: '1' }), costly], { everyMs: MINUTE });
  await it.pass();
  expect(it.records({ action: 'disconnectCall' })).toHaveLength(1);
  it.wait(46_000);
  const simulator = await startSimulator({
    seed: 1,
    traffic: 'none',
    clock: () => NOW + 46_000,
    username: 'ops',
    password: 'secret',
  });
  onTestFinished(() => simulator.close());
  simulator.world.addCall({ id: '77', account: 10 });
  const input = await it.input('ended', undefined, { url: simulator.url });
  expect(input.recentlyDisconnected).toEqual([]);
  // Call 1 has ended; call 2 was cut.
  expect(observed(await explained(input, 'ended'))).toMatchObject({ observed: 1 });
});

it('tells which record keeps an alert from being recorded anew, for as long as it does', async () => {
  const rules = `
name: watch
scope: account
mode: enforce
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
event: { type: alert }
`;
  const it = scene([aCall({ id: '1' })], { rules });
  await it.pass();
  it.wait(5000);
  await it.pass();
  const [record] = it.records({ action: 'alert' });
  expect(it.records({ action: 'alert' })).toHaveLength(1);
  const [again] = (await explained(await it.input('watch', NOW + 5000), 'watch')).actions;
  expect(again?.recordedAs).toBe(record?.id);
  const [first] = (await explained(await it.input('watch', NOW), 'watch')).actions;
  expect(first?.recordedAs).toBeUndefined();
  it.wait(5 * MINUTE);
  await it.pass();
  const [later] = (await explained(await it.input('watch', NOW + 5000 + 5 * MINUTE), 'watch')).actions;
  expect(later?.recordedAs).toBeUndefined();
  const other = { ...(again?.action as PlannedAction), target: '11' };
  expect((await it.input('watch', NOW + 5000)).recordedAlert?.(other, { kind: 'alerted' })).toBeUndefined();
});

it('counts nothing that a rule did before it was changed, once it is changed back later than a break', async () => {
  const rules = `
name: watch
scope: account
mode: enforce
cooldown: 1h
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
event: { type: alert }
`;
  const it = scene([aCall({ id: '1' })], { rules });
  const waits = async (at?: number, url?: { url: string }) => {
    const input = await it.input('watch', at, url);
    const { verdict, actions } = await explained(input, 'watch');
    return { acted: input.acted.length, violated: verdict?.result, alerts: actions.length };
  };
  await it.pass();
  for (let poll = 0; poll < 14; poll++) {
    it.wait(5000);
    await it.pass(rules.replace('value: 0', 'value: 100'));
  }
  it.wait(5000);
  const simulator = await startSimulator({ seed: 1, clock: () => NOW, username: 'ops', password: 'secret' });
  onTestFinished(() => simulator.close());
  expect((await waits(undefined, { url: simulator.url })).acted).toBe(0);
  await it.pass();
  expect(await waits(NOW + 75_000)).toEqual({ acted: 0, violated: 'violated', alerts: 1 });
  expect(it.records({ action: 'alert' })).toHaveLength(2);
  it.wait(5000);
  await it.pass();
  expect((await waits(NOW + 80_000)).acted).toBe(1);
  expect(it.records({ action: 'alert' })).toHaveLength(2);
});

describe('from the ledger, an explanation goes by what was known then', () => {
  const PATIENT = `
name: patient
scope: account
mode: enforce
for: 10s
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
event: { type: alert }
`;
  const heldSince = async (input: ExplainInput) =>
    (await explained(input, 'patient')).verdict?.evidence?.held?.since;

  it('a violation has held since it was first seen, however long ago and over a poll that failed', async () => {
    const it = scene([aCall({ id: '1' })], { rules: PATIENT });
    for (let second = 0; second <= 300; second += 5) {
      if (second % 60 !== 30) await it.pass();
      it.wait(5000);
    }
    for (const second of [5, 35, 125, 300])
      expect(await heldSince(await it.input('patient', NOW + second * 1000))).toBe(
        new Date(NOW).toISOString(),
      );
  });

  it('a violation that was clear in between has held since it came again', async () => {
    const it = scene([aCall({ id: '1' })], { rules: PATIENT });
    for (let second = 0; second <= 60; second += 5) {
      it.port.calls = second === 30 ? [] : [aCall({ id: '1' })];
      await it.pass();
      it.wait(5000);
    }
    expect(await heldSince(await it.input('patient', NOW + 60_000))).toBe(
      new Date(NOW + 35_000).toISOString(),
    );
    expect(await heldSince(await it.input('patient', NOW + 25_000))).toBe(new Date(NOW).toISOString());
  });

  it('of two calls under one ID, the one that the rule judges has held since it was first seen', async () => {
    const rules = `
name: patient
scope: call
mode: monitor
for: 10s
conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] }
event: { type: disconnectCall }
`;
    // Nobody can tell whether a call in a state that is not known lives, so that no rule judges it.
    const other = aCall({ id: '2', callId: 'another', state: 'Parked' });
    const it = scene([other, costly], { rules });
    for (let second = 0; second <= 250; second += 5) {
      if (second === 250) it.port.calls = [other];
      await it.pass();
      it.wait(5000);
    }
    const subject: Subject = { scope: 'call', id: '2' };
    const input = await it.input('patient', NOW + 200_000, { subject });
    const { verdict } = await explained(input, 'patient', subject);
    expect(verdict?.evidence?.held?.since).toBe(new Date(NOW).toISOString());
  });

  it('a call is as good as gone for half a minute after its disconnect was sent, not after it was listed again', async () => {
    const it = scene([costly]);
    for (const second of [0, 20, 29, 40]) {
      it.port.calls = [costly];
      await it.pass();
      it.wait((second === 0 ? 20 : second === 20 ? 9 : 11) * 1000);
    }
    const recentAt = async (second: number) =>
      (await it.input('costly', NOW + second * 1000)).recentlyDisconnected.map(({ id }) => id);
    expect(await recentAt(0)).toEqual([]);
    expect(await recentAt(29)).toEqual(['2']);
    expect(await recentAt(40)).toEqual([]);
  });

  it('the hourly cap has counted what was sent in vain too, and nothing that was sent later', async () => {
    const it = scene([costly]);
    it.port.before = (request) => {
      if (request.startsWith('disconnectCall')) throw switchError('SWITCH_FAULT');
    };
    await it.pass();
    it.wait(31_000);
    await it.pass();
    expect((await it.input('costly', NOW)).takenLastHour).toBe(0);
    expect((await it.input('costly', NOW + 31_000)).takenLastHour).toBe(1);
  });

  it('acting was paused when it was, whatever somebody has done since', async () => {
    const it = scene([costly]);
    await it.pass();
    it.wait(5000);
    const since = { switch: 'lab', at: NOW + 5000, reason: 'a test', actor: 'cli:anna' };
    await it.store.pauses.pause({ ...since, until: undefined });
    await it.pass();
    it.wait(5000);
    await it.store.pauses.resume('lab', { at: NOW + 10_000, reason: 'over', actor: 'cli:bob' });
    await it.pass();
    expect((await it.input('costly', NOW)).pause).toBeUndefined();
    expect((await it.input('costly', NOW + 5000)).pause).toMatchObject(since);
    expect((await it.input('costly', NOW + 10_000)).pause).toBeUndefined();
  });

  it('an exception holds at the instant of the listing, not of the asking', async () => {
    const until = new Date(NOW + 60_000).toISOString().slice(0, 16);
    const rules = `${PATIENT.replace('for: 10s', '')}except: { accounts: [{ id: 10, until: "${until}Z" }] }\n`;
    const it = scene([aCall({ id: '1' })], { rules });
    await it.pass();
    it.wait(60_000);
    await it.pass();
    const result = async (at: number) => (await explained(await it.input('patient', at), 'patient')).result;
    expect(await result(NOW + 59_000)).toBe('excluded');
    expect(await result(NOW + 60_000)).toBe('violated');
  });
});

const FAMILY = `
name: family
scope: customer
mode: enforce
conditions: { all: [ { fact: customer.connectedCalls, params: { recursive: true }, operator: greaterThan, value: 1 } ] }
event: { type: alert }
`;

const familyOf = async (input: ExplainInput, id = '2') => {
  const [compiled] = input.rules;
  if (compiled === undefined) throw new Error('There is no rule.');
  const { result, verdict } = await explainRule(input, compiled, { scope: 'customer', id });
  return { result, observed: verdict?.evidence?.conditions.all?.[0]?.observed };
};

it('from the ledger, counts the subcustomers that were known then, and says so where none were kept', async () => {
  const two = [aCall({ id: '2', customer: 2 }), aCall({ id: '3', customer: 3 })];
  const it = scene([], { rules: FAMILY, trusted: true });
  await it.pass();
  it.wait(MINUTE);
  it.port.calls = two;
  await it.pass();
  const after = await it.found('family', NOW + MINUTE);
  expect(await familyOf(after.input)).toEqual({ result: 'violated', observed: 2 });
  expect(after.source).toBe(`the last listing by ${new Date(NOW + MINUTE).toISOString()}, from the ledger`);
  const before = await it.found('family', NOW);
  expect(before.source).toBe(
    `the last listing by ${new Date(NOW).toISOString()}, from the ledger; who was whose subcustomer was not kept then, so it counts as unknown`,
  );
  expect(before.input.customers?.tree.size).toBe(0);
  expect(before.input.customers?.isAnswered(2)).toBe(false);
});

it('on the switch, asks who is whose subcustomer as a pass would', async () => {
  const it = scene([], { rules: FAMILY, trusted: true });
  const simulator = await startSimulator({ seed: 1, traffic: 'none', clock: () => NOW, trusted: true });
  onTestFinished(() => simulator.close());
  simulator.world.carrier.addCustomer(70, 1);
  simulator.world.carrier.addCustomer(71, 70);
  simulator.world.addCall({ customer: 70 });
  simulator.world.addCall({ customer: 71 });
  expect(await familyOf(await it.input('family', undefined, { url: simulator.url }), '70')).toEqual({
    result: 'violated',
    observed: 2,
  });
});

describe('of a past call that nobody asked for while it was surely there, nobody knows whose it is not', () => {
  const BURST = `
name: burst
scope: account
mode: enforce
conditions: { all: [ { fact: account.callsStarted, params: { within: 10m }, operator: greaterThan, value: 1 } ] }
event: { type: alert }
except: { vendors: [2] }
`;
  const started = (id: string) => aCall({ id, duration: 1, delay: 0 });

  it('from the ledger, where no later listing shows it', async () => {
    const it = scene([], { rules: BURST });
    const listed = [['1'], ['2'], ['3'], ['4', '5'], ['4', '5']];
    for (const ids of listed) {
      it.port.calls = ids.map(started);
      await it.pass();
      it.wait(5000);
    }
    // Whatever later passes have come to know.
    const results = await Promise.all(
      listed.map(
        async (_, index) => (await explained(await it.input('burst', NOW + index * 5000), 'burst')).result,
      ),
    );
    expect(results).toEqual([...Array(4).fill('indeterminate'), 'violated']);
  });

  it('on the switch, as for a process that has just been started', async () => {
    const clock = () => NOW + 10_000;
    const simulator = await startSimulator({
      ...{ seed: 1, username: 'ops', password: 'secret', traffic: 'none', clock },
    });
    onTestFinished(() => simulator.close());
    const it = scene([started('1'), started('2'), started('3')], { rules: BURST });
    await it.pass();
    it.wait(10_000);
    const input = await it.input('burst', undefined, { url: simulator.url });
    expect((await explained(input, 'burst')).result).toBe('indeterminate');
  });
});
