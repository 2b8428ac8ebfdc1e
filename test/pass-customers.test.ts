import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Call } from '../src/domain/call.js';
import type { CustomerTree } from '../src/domain/config.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { createLearnedCustomerTree } from '../src/gather/learn-customer-tree.js';
import { runPass } from '../src/pass.js';
import { disconnectByHand } from '../src/pass-by-hand.js';
import type { PassContext } from '../src/pass-enforcement.js';
import { createSwitchMemory } from '../src/pass-memory.js';
import { checkRules } from '../src/policy/check-rules.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { aCall, aSuspect, NOW } from './support/calls.js';
import { fakeSwitch, switchError } from './support/fake-switch.js';
import { aPassContext, NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const never = new AbortController().signal;
const PARENTS: CustomerTree = new Map([
  [2, 1],
  [3, 2],
  [4, 1],
]);

const EVERY_CALL = `
  name: every-call
  scope: call
  mode: enforce
  conditions: { all: [ { fact: call.duration, operator: greaterThan, value: 0 } ] }
  event: { type: disconnectCall }`;

const family = (operator: string, value: number) => `
  name: family
  scope: customer
  mode: enforce
  only: { customers: [2] }
  conditions: { all: [ { fact: customer.connectedCalls, params: { recursive: true }, operator: ${operator}, value: ${value} } ] }
  event: { type: alert }`;

/** A switch in trusted mode; `fails` names customers whose listings fail. */
function trusted(listed: readonly Call[], rules: string, changes: Partial<PassContext> = {}) {
  const { store } = tempStore();
  let now = NOW;
  const clock = () => now;
  const fails = new Set<number>();
  const parents = new Map(PARENTS);
  const below = (customer: number, viewer: number): boolean =>
    customer === viewer || (parents.has(customer) && below(parents.get(customer) ?? 1, viewer));
  const fake = fakeSwitch(listed, clock);
  const list: typeof fake.listAllCalls = async (filter, options) => {
    const { customer, ...rest } = filter;
    if (customer !== undefined && fails.has(customer)) throw switchError('SWITCH_TIMEOUT');
    const answer = await fake.listAllCalls(customer === undefined ? filter : rest, options);
    if (customer === undefined) return answer;
    fake.requests.push(`customer ${customer}`);
    return { ...answer, calls: answer.calls.filter((call) => below(call.customer ?? 1, customer)) };
  };
  const port = { ...fake, trustedCustomer: 1, login: 'trusted:1', listAllCalls: list };
  const notes: string[] = [];
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text: rules }],
    FACT_CATALOGUE,
    (text) => createHash('sha256').update(text).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const options = { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now: NOW };
  const context = aPassContext({
    port,
    store,
    clock,
    rules: compileRules(ruleSet, options),
    learnedTree: createLearnedCustomerTree({ root: 1, stated: changes.customerTree ?? new Map() }),
    note: (text) => notes.push(text),
    ...changes,
  });
  return {
    fake,
    fails,
    parents,
    notes,
    store,
    context,
    asked: () => fake.requests.filter((request) => request.startsWith('customer ')),
    wait: (ms: number) => {
      now += ms;
    },
    pass: (others: Partial<PassContext> = {}) =>
      runPass(
        { ...context, ...others },
        {
          passId: `pass-${now}`,
          actor: 'scheduler',
          dryRun: false,
          stop: never,
          abort: never,
        },
      ),
    byHand: (kind: 'call' | 'account' | 'customer', id: string) =>
      disconnectByHand(
        context,
        { kind, id, reason: 'by hand: a test' },
        {
          passId: 'hand-1',
          actor: 'cli:operator',
          overCap: false,
          approve: async () => true,
          wait: async () => undefined,
          abort: never,
        },
      ),
  };
}

const CALLS = [aCall({ id: '3', customer: 3 }), aCall({ id: '4', customer: 4 })];
const PROTECTED = { protect: { accounts: [], customers: [2] } };

const outcomes = ({ actions }: Awaited<ReturnType<ReturnType<typeof trusted>['pass']>>) =>
  actions.map(({ target, outcome, reason }) => [target, outcome, reason].filter(Boolean).join(' ')).sort();

describe('in trusted mode a protected customer', () => {
  it('protects the descendants that the switch tells of, though nobody stated them and no rule counts them', async () => {
    const it = trusted(CALLS, EVERY_CALL, PROTECTED);
    expect(outcomes(await it.pass())).toEqual(['3 withheld protected-customer', '4 disconnected']);
    expect(it.asked()).toEqual(['customer 2']);
  });

  it('protects them from a person too', async () => {
    const it = trusted(CALLS, EVERY_CALL, PROTECTED);
    expect(await it.byHand('call', '3')).toMatchObject({
      actions: [{ outcome: 'withheld', reason: 'protected-customer' }],
    });
    expect(await it.byHand('customer', '3')).toMatchObject({
      actions: [{ outcome: 'withheld', reason: 'takes-protected' }],
    });
    expect(await it.byHand('call', '4')).toMatchObject({ actions: [{ outcome: 'disconnected' }] });
  });

  it('protects whoever may be below it while that is not known, and nobody of whom the config tells', async () => {
    const it = trusted([...CALLS, aCall({ id: '5', customer: 5 })], EVERY_CALL, {
      ...PROTECTED,
      customerTree: new Map([[5, 1]]),
    });
    it.fails.add(2);
    expect(outcomes(await it.pass())).toEqual([
      '3 withheld owner-unknown',
      '4 withheld owner-unknown',
      '5 disconnected',
    ]);
    expect(it.notes.join()).toContain('the listing of customer 2 failed');
    it.fails.clear();
    it.wait(60_000);
    expect(outcomes(await it.pass())).toEqual(['3 withheld protected-customer', '4 disconnected']);
  });

  it('protects a customer that came between two looks until it is placed', async () => {
    const it = trusted([], EVERY_CALL, PROTECTED);
    await it.pass();
    it.fake.calls = [aCall({ id: '3', customer: 3 }), aCall({ id: '4', customer: 4 })];
    it.wait(5_000);
    expect(outcomes(await it.pass())).toEqual(['3 withheld owner-unknown', '4 withheld owner-unknown']);
    it.wait(60_000);
    expect(outcomes(await it.pass())).toEqual(['3 withheld protected-customer', '4 disconnected']);
  });

  it('is asked about only where one is protected, or a rule counts subcustomers', async () => {
    const it = trusted(CALLS, EVERY_CALL);
    expect(outcomes(await it.pass())).toEqual(['3 disconnected', '4 disconnected']);
    expect(it.asked()).toEqual([]);
  });
});

describe('in trusted mode a rule that counts subcustomers', () => {
  it('counts them for a reseller without a call that only the rule names', async () => {
    const it = trusted([aCall({ id: '3', customer: 3 })], family('greaterThan', 0));
    const { violations } = await it.pass();
    expect(violations.map(({ subject }) => subject)).toEqual(['customer:2']);
    expect(it.asked()).toEqual(['customer 2', 'customer 3']);
  });

  it('has only a lower bound while one listing fails, and goes on with the others', async () => {
    const few = trusted([aCall({ id: '2', customer: 2 }), ...CALLS], family('lessThan', 5));
    few.fails.add(2);
    const unknown = await few.pass();
    expect(unknown.violations).toEqual([]);
    expect(unknown.indeterminate).toMatchObject([{ rule: 'family', missing: ['customer.connectedCalls'] }]);
    few.fails.clear();
    few.fails.add(4);
    few.wait(60_000);
    expect((await few.pass()).violations.map(({ subject }) => subject)).toEqual(['customer:2']);
  });

  it('has only a lower bound while a customer with calls is not placed', async () => {
    const it = trusted([aCall({ id: '2', customer: 2 })], family('lessThan', 5));
    expect((await it.pass()).violations).toHaveLength(1);
    it.fake.calls = [...it.fake.calls, aCall({ id: '3', customer: 3 })];
    it.wait(5_000);
    expect((await it.pass()).indeterminate).toHaveLength(1);
    it.wait(60_000);
    expect((await it.pass()).violations).toMatchObject([{ subject: 'customer:2' }]);
  });

  it('keeps in the ledger what it learned, only where it is new', async () => {
    const it = trusted(CALLS, family('greaterThan', 5));
    await it.pass();
    const learned = (saidAt: number) => [
      {
        customer: 2,
        parent: 1,
        placed: false,
        answered: true,
        learnedAt: NOW,
        answeredAt: saidAt,
        unplacedBy: [3, 4],
      },
      ...[
        { customer: 3, parent: 2 },
        { customer: 4, parent: 1 },
      ].map((one) => ({
        ...{ ...one, placed: true, answered: true },
        ...{ learnedAt: NOW, answeredAt: saidAt, placedAt: saidAt },
      })),
    ];
    expect(await it.store.ledger.learnedCustomers('lab')).toEqual(learned(NOW));
    it.wait(3_700_000);
    await it.pass();
    expect(await it.store.ledger.learnedCustomers('lab')).toEqual(learned(NOW + 3_700_000));
  });

  it('asks nobody again who was asked less than an hour ago by processes that have ended since', async () => {
    const it = trusted(CALLS, family('greaterThan', 5));
    const askedByOneProcess = async () => {
      const before = it.asked().length;
      await it.pass({
        learnedTree: createLearnedCustomerTree({ root: 1, stated: new Map() }),
        memory: createSwitchMemory({ ...it.context, ledger: it.store.ledger }),
      });
      return it.asked().length - before;
    };
    const minutes = [0, 1, 59, 1, 1, 30, 27, 1, 1, 24 * 60, 1];
    const asked: number[] = [];
    for (const minute of minutes) {
      it.wait(minute * 60_000);
      asked.push(await askedByOneProcess());
    }
    expect(asked).toEqual([3, 0, 3, 0, 0, 0, 0, 3, 0, 3, 0]);
  });
});

const MINUTE = 60_000;

/** Passes of a process that goes on, or each of a process of its own, as `once` by cron makes them. */
function passes(kind: 'run' | 'once', rules: string, changes: Partial<PassContext> = {}) {
  const it = trusted([], rules, changes);
  let count = 0;
  const anew = (): Partial<PassContext> => ({
    learnedTree: createLearnedCustomerTree({ root: 1, stated: new Map() }),
    memory: createSwitchMemory({ ...it.context, ledger: it.store.ledger }),
  });
  const pass = (others: Partial<PassContext> = {}) =>
    it.pass({ ...others, ...(kind === 'once' ? anew() : {}) });
  return {
    ...it,
    pass,
    /** With one new call of each of these customers. */
    run: async (...customers: number[]) => {
      count += 1;
      it.fake.calls = customers.map((customer) => {
        const id = `${customer}${1000 + count}`;
        return aCall({ id, callId: id, customer });
      });
      return outcomes(await pass()).map((outcome) => outcome.replace(/^(\d)1\d{3}/, '$1'));
    },
  };
}

describe.each(['run', 'once'] as const)('what was learned by passes of %s', (kind) => {
  it('lets go of a customer that was moved away once a second answer lacks it', async () => {
    const counted = family('greaterThan', 0).replace('alert', 'disconnectCall');
    const it = passes(kind, counted);
    await it.run(2, 3, 4);
    it.parents.set(3, 1);
    const last = { minute: 0 };
    for (let minute = 5; minute <= 120; minute += 5) {
      it.wait(5 * MINUTE);
      if ((await it.run(2, 3, 4)).includes('3 disconnected')) last.minute = minute;
    }
    expect(last.minute).toBe(60);
  });

  it.each([0, 6, 110])('is as old as it was after a clock that was set back by %i minutes', async (back) => {
    const it = passes(kind, EVERY_CALL, PROTECTED);
    await it.run(3, 4);
    it.parents.set(4, 2);
    it.fails.add(2);
    const last = { minute: 0 };
    for (let minute = 5; minute <= 300; minute += 5) {
      it.wait(5 * MINUTE);
      if (minute === 115) it.wait(-back * MINUTE);
      if ((await it.run(3, 4)).includes('4 disconnected')) last.minute = minute;
    }
    // Two hours, and the time from the last pass to the one that noticed.
    expect(last.minute).toBe(back === 0 ? 120 : 125);
  });

  it('is asked for again only of whom something is not known', async () => {
    const ids = [2, 3, 4, 5, 6];
    const it = passes(kind, family('greaterThan', 50));
    for (const id of ids) it.parents.set(id, 1);
    it.fake.calls = ids.map((id) => aCall({ id: `${id}1`, callId: `${id}1`, customer: id }));
    const { listAllCalls } = it.context.port;
    const port: PassContext['port'] = {
      ...it.context.port,
      listAllCalls: async (filter, options) => {
        const answer = await listAllCalls(filter, options);
        return filter.customer === 6 ? { ...answer, suspects: [aSuspect()] } : answer;
      },
    };
    const asked: number[] = [];
    for (let pass = 0; pass < 5; pass += 1) {
      const before = it.asked().length;
      await it.pass({ port });
      asked.push(it.asked().length - before);
      it.wait(MINUTE);
    }
    expect(asked).toEqual([5, 1, 1, 1, 1]);
  });
});

it('holds nobody for outside since a later instant than that of the listing that lacked him', async () => {
  const it = trusted([], EVERY_CALL, PROTECTED);
  const { listAllCalls } = it.context.port;
  let failing = 'closing';
  let asked = false;
  const port: PassContext['port'] = {
    ...it.context.port,
    listAllCalls: (filter, options) => {
      asked ||= filter.customer !== undefined;
      if (filter.customer === undefined && (failing === 'all' || (failing === 'closing' && asked)))
        throw switchError('SWITCH_TIMEOUT');
      return listAllCalls(filter, options);
    },
  };
  const pass = async (...customers: number[]) => {
    it.fake.calls = customers.map((id) => aCall({ id: `${id}1`, callId: `${id}1`, customer: id }));
    return outcomes(await it.pass({ port }).catch(() => ({ actions: [] }) as never));
  };
  await pass(3, 4);
  it.parents.set(4, 2);
  failing = 'all';
  for (let minute = 5; minute < 115; minute += 5) {
    it.wait(5 * MINUTE);
    await pass(3, 4);
  }
  // The next listing of everything concludes from what came at first.
  failing = '';
  it.fails.add(2);
  it.wait(5 * MINUTE);
  expect(await pass(3, 4)).toContain('41 disconnected');
  it.fails.clear();
  it.wait(4 * MINUTE);
  await pass(3);
  it.fails.add(2);
  it.wait(10 * MINUTE);
  expect(await pass(3, 4)).toEqual(['31 withheld protected-customer', '41 withheld owner-unknown']);
});

describe('a protected customer whose listing fails, with processes that begin anew for every pass', () => {
  const once = (protectedCustomers: readonly number[]) =>
    passes('once', EVERY_CALL, { protect: { accounts: [], customers: protectedCustomers } });

  it('is asked again once it answers, before anybody is held for outside of it', async () => {
    const it = once([2, 6]);
    expect(await it.run(3, 4)).toEqual(['3 withheld protected-customer', '4 disconnected']);
    it.fails.add(2);
    for (let third = 0; third < 12; third += 1) {
      it.wait(20 * MINUTE);
      if (third === 9) it.parents.set(4, 2);
      await it.run(3, 4);
    }
    it.fails.clear();
    it.wait(5 * MINUTE);
    await it.run(3);
    it.wait(5 * MINUTE);
    expect(await it.run(3, 4)).toEqual(['3 withheld protected-customer', '4 withheld protected-customer']);
  });

  it('spares who may have come below it two hours after a clock that was set back', async () => {
    const it = once([2]);
    await it.run(3, 4);
    it.wait(-24 * 60 * MINUTE);
    it.fails.add(2);
    await it.run(3, 4);
    for (let half = 0; half < 5; half += 1) {
      it.wait(30 * MINUTE);
      const last = await it.run(3, 4);
      if (half === 4) expect(last).toEqual(['3 withheld protected-customer', '4 withheld owner-unknown']);
    }
  });
});
