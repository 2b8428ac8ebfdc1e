import { describe, expect, it } from 'vitest';
import type { SuspectCall } from '../../src/domain/call.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createLimitLookup } from '../../src/facts/limits.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { call, factsOf, vendorsOf } from './support.js';

const account10 = { scope: 'account', id: '10' } as const;
const lab = { scope: 'switch', id: 'lab' } as const;

function suspect(fields: Partial<SuspectCall> = {}): SuspectCall {
  return {
    id: undefined,
    callId: 'x',
    state: 'Connected',
    account: 10,
    customer: 2,
    connection: 5,
    cli: undefined,
    cld: '4930222222',
    reason: 'ID is missing',
    ...fields,
  };
}

describe('counting', () => {
  it('counts Idle to Connected as total, Connected as connected and the rest as setup', () => {
    const states = ['Idle', 'WaitAuth', 'WaitRoute', 'ARComplete', 'Connected', 'Disconnecting', 'Dead'];
    const facts = factsOf(states.map((state) => call({ state })));
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 5, atLeast: false });
    expect(facts.observe(account10, 'account.connectedCalls', {})).toMatchObject({
      value: 1,
      atLeast: false,
    });
    expect(facts.observe(account10, 'account.setupCalls', {})).toMatchObject({ value: 4, atLeast: false });
  });

  it('returns the calls which it counted', () => {
    const connected = call();
    const facts = factsOf([connected, call({ state: 'WaitRoute' })]);
    expect(facts.observe(account10, 'account.connectedCalls', {})).toMatchObject({ counted: [connected] });
  });

  it('narrows by CLD prefix, state and direction', () => {
    const wanted = call({ cld: '25261555', direction: 'onnet_in' });
    const facts = factsOf([wanted, call({ cld: '25261555' }), call({ direction: 'onnet_in' }), call()]);
    const params = { to: ['252', '8816'], state: ['Connected'], direction: ['onnet_in'] };
    expect(facts.observe(account10, 'account.totalCalls', params)).toMatchObject({
      value: 1,
      atLeast: false,
      counted: [wanted],
    });
  });

  it('does not see calls that are not admitted', () => {
    const gone = call();
    const facts = factsOf([gone, call({ account: 11 })], { admits: (one) => one !== gone });
    expect(facts.subjects('account')).toEqual([{ scope: 'account', id: '11' }]);
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 0, atLeast: false });
    expect(facts.callsOf(account10)).toEqual([]);
  });

  it('gives zero calls for the switch when it lists none', () => {
    expect(factsOf([]).observe(lab, 'switch.totalCalls', {})).toMatchObject({ value: 0, atLeast: false });
    expect(factsOf([]).subjects('switch')).toEqual([lab]);
  });

  it('tells different params apart, however their objects came about', () => {
    const facts = factsOf([call({ cld: '25261555' }), call()]);
    expect(facts.observe(account10, 'account.totalCalls', { to: ['252'] })).toMatchObject({ value: 1 });
    expect(facts.observe(account10, 'account.totalCalls', { to: ['49', '252'] })).toMatchObject({ value: 2 });
    expect(facts.observe(account10, 'account.totalCalls', { to: ['252'] })).toMatchObject({ value: 1 });
  });
});

describe('lower bounds', () => {
  it('does not count a call that may not be admitted, and says that there may be one more', () => {
    const maybe = call();
    const facts = factsOf([maybe, call()], { admits: (one) => (one === maybe ? 'unknown' : true) });
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 1, atLeast: true });
  });

  it('is sure where the call in doubt cannot be among those asked for', () => {
    const maybe = call({ state: 'WaitRoute', cld: '4930', direction: 'vendor' });
    const facts = factsOf([maybe, call()], { admits: (one) => (one === maybe ? 'unknown' : true) });
    const sure = { known: true, atLeast: false };
    expect(facts.observe(account10, 'account.connectedCalls', {})).toMatchObject(sure);
    expect(facts.observe(account10, 'account.totalCalls', { to: ['252'] })).toMatchObject(sure);
    expect(facts.observe(account10, 'account.totalCalls', { direction: ['onnet_in'] })).toMatchObject(sure);
  });

  it('never makes a call in doubt a subject that could be cut', () => {
    const facts = factsOf([call({ id: '1' }), call({ id: '2', state: 'Holding' })], {
      admits: (one) => (one.id === '1' ? 'unknown' : true),
    });
    expect(facts.subjects('call')).toEqual([]);
    expect(facts.subjects('account')).toEqual([account10]);
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 0, atLeast: true });
  });

  it('is a lower bound where a call is in a state that is not documented', () => {
    const facts = factsOf([call({ state: 'Holding' }), call()]);
    expect(facts.observe(account10, 'account.connectedCalls', {})).toMatchObject({ value: 1, atLeast: true });
  });

  it('is a lower bound where a param asks for a field that a call does not have', () => {
    const facts = factsOf([call({ cld: undefined, cldNumber: undefined, direction: undefined })]);
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 1, atLeast: false });
    expect(facts.observe(account10, 'account.totalCalls', { to: ['49'] })).toMatchObject({
      value: 0,
      atLeast: true,
    });
    expect(facts.observe(account10, 'account.totalCalls', { direction: ['vendor'] })).toMatchObject({
      value: 0,
      atLeast: true,
    });
  });

  it('casts no doubt on any account because of a call that has none yet', () => {
    const facts = factsOf([call(), call({ account: undefined, state: 'WaitAuth' })]);
    expect(facts.subjects('account')).toEqual([account10]);
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 1, atLeast: false });
  });

  const scopes = ['account', 'customer', 'connection', 'cli', 'vendor', 'switch'] as const;
  /** What is a lower bound because of a suspect call, among two subjects of each scope. */
  function doubtedBy(one: SuspectCall): string[] {
    const mine = call();
    const others = call({ account: 11, customer: 3, connection: 6, cli: '4940' });
    const vendors = vendorsOf([7, [mine]], [8, [others]]);
    const facts = factsOf([mine, others], { suspects: [one], vendors });
    return scopes.flatMap((scope) =>
      facts
        .subjects(scope)
        .filter((subject) => {
          const observed = facts.observe(subject, `${scope}.totalCalls`, {});
          return observed.known && observed.atLeast;
        })
        .map(({ id }) => `${scope} ${id}`),
    );
  }

  it('casts the doubt of a suspect call on the account, customer, connection and CLI it names, and on no other', () => {
    expect(doubtedBy(suspect({ cli: '+4930111111' }))).toEqual([
      'account 10',
      'customer 2',
      'connection 5',
      'cli 4930111111',
      // Nobody can tell the vendor of a suspect call.
      'vendor 7',
      'vendor 8',
      'switch lab',
    ]);
  });

  it.each([
    ['account', { account: undefined }, ['account 10', 'account 11']],
    ['customer', { customer: undefined }, ['customer 2', 'customer 3']],
    ['connection', { connection: undefined }, ['connection 5', 'connection 6']],
    ['cli', { cli: undefined }, ['cli 4940', 'cli 4930111111']],
    ['cli', { cli: 'x 4930111111' }, ['cli 4940', 'cli 4930111111']],
  ])('casts the doubt of a suspect call without a readable %s on every one', (scope, fields, expected) => {
    const doubted = doubtedBy(suspect({ cli: '4930999999', ...fields }));
    expect(doubted.filter((subject) => subject.startsWith(scope))).toEqual(expected);
  });

  it('ignores a suspect call that has ended', () => {
    const facts = factsOf([call()], { suspects: [suspect({ state: 'Dead' })] });
    expect(facts.observe(account10, 'account.totalCalls', {})).toMatchObject({ value: 1, atLeast: false });
  });

  it('makes no subject out of calls that have ended', () => {
    const facts = factsOf([call({ state: 'Disconnecting' }), call({ state: 'Dead' })]);
    expect([...facts.subjects('account'), ...facts.subjects('call'), ...facts.subjects('cli')]).toEqual([]);
    expect(facts.widen(account10, 'customer')).toBeUndefined();
  });

  it('makes no subject out of a suspect call', () => {
    expect(factsOf([], { suspects: [suspect()] }).subjects('account')).toEqual([]);
  });
});

describe('durations', () => {
  it('takes the longest of the connected calls, and 0 where none is connected', () => {
    const facts = factsOf([
      call({ duration: 10 }),
      call({ duration: 90 }),
      call({ state: 'ARComplete', duration: 500 }),
    ]);
    expect(facts.observe(account10, 'account.longestDuration', {})).toMatchObject({
      value: 90,
      atLeast: false,
    });
    const setup = factsOf([call({ state: 'WaitRoute' })]);
    expect(setup.observe(account10, 'account.longestDuration', {})).toMatchObject({
      value: 0,
      atLeast: false,
    });
  });

  it('takes the longest known duration as a lower bound where one is unknown', () => {
    const facts = factsOf([call({ duration: 10 }), call({ duration: undefined })]);
    expect(facts.observe(account10, 'account.longestDuration', {})).toMatchObject({
      value: 10,
      atLeast: true,
    });
  });

  it('averages the connected calls', () => {
    const facts = factsOf([call({ duration: 10 }), call({ duration: 20 })]);
    expect(facts.observe(account10, 'account.averageDuration', { min: 2 })).toMatchObject({ value: 15 });
  });

  it('never averages more than the longest, however fractions add up', () => {
    const facts = factsOf([0.1, 0.1, 0.1].map((duration) => call({ duration })));
    expect(facts.observe(account10, 'account.averageDuration', {})).toMatchObject({ value: 0.1 });
  });

  it('has no average below the samples asked for, never of nothing, and never of unknown durations', () => {
    const facts = factsOf([
      call(),
      call({ account: 11, duration: undefined }),
      call({ account: 12, state: 'Idle' }),
    ]);
    const average = (id: string, min?: number) =>
      facts.observe({ scope: 'account', id }, 'account.averageDuration', min === undefined ? {} : { min });
    expect(average('10', 2)).toEqual({ known: false, reason: 'too-few-samples' });
    expect(average('12', 0)).toEqual({ known: false, reason: 'too-few-samples' });
    expect(average('11')).toEqual({ known: false, reason: 'not-listed' });
  });

  it('has no average where a call is in doubt, since it could move it either way', () => {
    const facts = factsOf([call()], { suspects: [suspect()] });
    expect(facts.observe(account10, 'account.averageDuration', {})).toEqual({
      known: false,
      reason: 'lower-bound',
    });
  });
});

describe('subjects', () => {
  it('orders IDs by number and other subjects after them by code unit', () => {
    const clis = ['alice', '10', '9', 'Bob', '100'];
    const facts = factsOf(
      clis.map((cli, at) => call({ id: String(20 - at), cli, account: [10, 9, 100, 9, 2][at] })),
    );
    const ids = (scope: 'call' | 'account' | 'cli') => facts.subjects(scope).map(({ id }) => id);
    expect(ids('account')).toEqual(['2', '9', '10', '100']);
    expect(ids('call')).toEqual(['16', '17', '18', '19', '20']);
    expect(ids('cli')).toEqual(['9', '10', '100', 'Bob', 'alice']);
  });

  it('keeps calls that share an ID apart, even where their whole identity is the same', () => {
    const twins = [
      call({ id: '7', callId: 'a' }),
      call({ id: '7', callId: 'b' }),
      call({ id: '7', callId: 'b' }),
    ];
    const facts = factsOf(twins);
    const subjects = facts.subjects('call');
    expect(new Set(subjects.map(({ id }) => id)).size).toBe(3);
    expect(new Set(subjects.flatMap((subject) => facts.callsOf(subject)))).toEqual(new Set(twins));
  });

  it('keeps ten thousand such calls apart without trying all names for each', () => {
    const same = call({ id: '7' });
    expect(factsOf(Array.from({ length: 10_000 }, () => same)).subjects('call')).toHaveLength(10_000);
  });

  it('groups calls of a vendor by the listing of that vendor', () => {
    const [one, other, third] = [call(), call(), call()];
    const facts = factsOf([one, other, third], { vendors: vendorsOf([3, [one, other]], [4, [third]]) });
    expect(facts.subjects('vendor').map(({ id }) => id)).toEqual(['3', '4']);
    expect(facts.callsOf({ scope: 'vendor', id: '3' })).toEqual([one, other]);
  });
});

describe('wider scopes', () => {
  it('finds the subjects that a call names', () => {
    const one = call({ id: '7', cli: 'alice' });
    const facts = factsOf([one], { vendors: vendorsOf([3, [one]]) });
    const of = (scope: 'account' | 'customer' | 'connection' | 'vendor' | 'cli' | 'switch') =>
      facts.widen({ scope: 'call', id: '7' }, scope)?.id;
    expect([of('account'), of('customer'), of('connection'), of('vendor'), of('cli'), of('switch')]).toEqual([
      '10',
      '2',
      '5',
      '3',
      'alice',
      'lab',
    ]);
  });

  it('finds no vendor of a call that no vendor or two list', () => {
    const [none, both] = [call({ id: '1' }), call({ id: '2' })];
    const facts = factsOf([none, both], { vendors: vendorsOf([3, [both]], [4, [both]]) });
    expect(facts.widen({ scope: 'call', id: '1' }, 'vendor')).toBeUndefined();
    expect(facts.widen({ scope: 'call', id: '2' }, 'vendor')).toBeUndefined();
  });

  it('finds the customer of an account where its calls agree, calls without one aside', () => {
    const facts = factsOf([
      call(),
      call({ customer: undefined }),
      call({ account: 11 }),
      call({ account: 11, customer: 3 }),
    ]);
    expect(facts.widen(account10, 'customer')).toEqual({ scope: 'customer', id: '2' });
    expect(facts.widen({ scope: 'account', id: '11' }, 'customer')).toBeUndefined();
  });

  it('finds the vendor of a connection from the calls that a vendor lists', () => {
    const [one, other, split, rest] = [call(), call(), call({ connection: 6 }), call({ connection: 6 })];
    const facts = factsOf([one, other, split, rest], { vendors: vendorsOf([3, [one, split]], [4, [rest]]) });
    expect(facts.widen({ scope: 'connection', id: '5' }, 'vendor')).toEqual({ scope: 'vendor', id: '3' });
    expect(facts.widen({ scope: 'connection', id: '6' }, 'vendor')).toBeUndefined();
  });

  it('finds nothing that a scope does not lie in', () => {
    const facts = factsOf([call()]);
    expect(facts.widen({ scope: 'cli', id: '4930111111' }, 'customer')).toBeUndefined();
    expect(facts.widen(lab, 'account')).toBeUndefined();
    expect(facts.widen(account10, 'account')).toEqual(account10);
  });
});

describe('limits', () => {
  const row = (value: number, more = {}) =>
    ({ scope: 'account', id: '10', name: 'max', value, switch: undefined, ...more }) as const;
  const limit = (limits: ReturnType<typeof row>[], params: { name: string; default?: number }) =>
    factsOf([call()], { limits }).observe(account10, 'account.limit', params);

  it('prefers the row of this switch, then the general one, then the default', () => {
    const general = row(30);
    const own = row(40, { switch: 'lab' });
    const foreign = row(50, { switch: 'other' });
    expect(limit([own, general, foreign], { name: 'max', default: 1 })).toMatchObject({ value: 40 });
    expect(limit([general, foreign], { name: 'max', default: 1 })).toMatchObject({ value: 30 });
    expect(limit([foreign], { name: 'max', default: 1 })).toMatchObject({ value: 1 });
  });

  it('is missing where no row fits and no default is given', () => {
    const others = [row(1, { id: '1' }), row(1, { name: 'other' }), row(1, { scope: 'customer' })];
    expect(limit(others, { name: 'max' })).toEqual({ known: false, reason: 'no-limit' });
  });

  it('reads the number of a caller without taking a technical prefix off it', () => {
    const numbering = createNumbering({ country: 'DE', techPrefixes: ['99'] });
    const limits = ['+994501234567', '030 123456'].map((id) => row(5, { scope: 'cli', id }));
    const limitOf = createLimitLookup(
      [...limits, row(7, { scope: 'cli', id: '994501234568' })],
      'lab',
      numbering,
    );
    const value = (id: string) => limitOf({ scope: 'cli', id }, { name: 'max' });
    expect(value('994501234567')).toMatchObject({ value: 5 });
    expect(value('994501234568')).toMatchObject({ value: 7 });
    expect(value('4930123456')).toMatchObject({ value: 5 });
  });

  it('takes a limit of 0 as a limit', () => {
    expect(limit([row(0)], { name: 'max', default: 30 })).toMatchObject({ value: 0 });
  });
});

describe('facts of a call', () => {
  const observe = (one: ReturnType<typeof call>, name: string) =>
    factsOf([one]).observe({ scope: 'call', id: one.id }, name, {});

  it('has the type that the catalogue says, for every one of them', () => {
    for (const fact of FACT_CATALOGUE.values()) {
      if (fact.scope !== 'call' || fact.windowed) continue;
      const observed = observe(call(), fact.name);
      expect(observed.known && typeof observed.value, fact.name).toBe(fact.type);
    }
  });

  it('is missing where the switch listed nothing, never empty or 0', () => {
    const missing = { known: false, reason: 'not-listed' };
    expect(observe(call({ connection: undefined }), 'call.connection')).toEqual(missing);
    expect(observe(call({ age: undefined }), 'call.age')).toEqual(missing);
    expect(observe(call({ cld: undefined, cldNumber: undefined }), 'call.country')).toEqual(missing);
  });

  it('is unreadable, not known, where a number or address is listed that cannot be read', () => {
    const unreadable = { known: false, reason: 'unreadable' };
    const strange = call({ cld: '0011#4980012345', cldNumber: undefined, cli: '*31', cliNumber: undefined });
    for (const fact of ['call.cld', 'call.cli', 'call.country'])
      expect(observe(strange, fact), fact).toEqual(unreadable);
    for (const text of [
      '192.0.2.7:16384',
      'unknown',
      '0.0.0.0',
      '192.0.2.007',
      '192.0.2',
      '::',
      'fe80::1%eth0',
      '[::1]',
    ]) {
      const one = call({ callerMediaIp: text, calleeMediaIp: text });
      expect(observe(one, 'call.callerMediaIp'), text).toEqual(unreadable);
      expect(observe(one, 'call.calleeMediaIp'), text).toEqual(unreadable);
    }
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::0001', '2001:db8::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
  ])('is the address %s in its one form %s', (listed, value) => {
    expect(observe(call({ callerMediaIp: listed }), 'call.callerMediaIp')).toMatchObject({ value });
    expect(observe(call({ calleeMediaIp: listed }), 'call.calleeMediaIp')).toMatchObject({ value });
  });

  it('is the normalised number for cli and cld', () => {
    expect(observe(call({ cli: '+49 30 1', cliNumber: '49301' }), 'call.cli')).toMatchObject({
      value: '49301',
    });
  });

  it('tells the country of the dialled number, and none for a satellite', () => {
    expect(observe(call({ cld: '4930222222' }), 'call.country')).toMatchObject({ value: 'DE' });
    expect(observe(call({ cld: '88165550100' }), 'call.country')).toEqual({
      known: false,
      reason: 'unreadable',
    });
  });
});

describe('a long list of prefixes', () => {
  it('is read once, however many subjects are counted by it', () => {
    let reads = 0;
    const to = new Proxy(
      Array.from({ length: 500 }, (_, at) => String(10_000 + at)),
      {
        get(target, key, receiver) {
          if (key === '7') reads += 1;
          return Reflect.get(target, key, receiver);
        },
      },
    );
    const facts = factsOf(Array.from({ length: 200 }, (_, at) => call({ account: at, cld: '10007555' })));
    const params = { to };
    const count = () => {
      for (const subject of facts.subjects('account'))
        expect(facts.observe(subject, 'account.totalCalls', params)).toMatchObject({ value: 1 });
    };
    count();
    // Once for the text that tells params apart, once for the set and once for the lengths.
    expect(reads).toBeLessThanOrEqual(3);
  });
});

describe('the catalogue', () => {
  it('has every aggregate of every scope observed without complaint', () => {
    const one = call();
    const facts = factsOf([one], { vendors: vendorsOf([3, [one]]) });
    for (const fact of FACT_CATALOGUE.values()) {
      const [subject] = facts.subjects(fact.scope);
      const observed = facts.observe(subject ?? lab, fact.name, { name: 'x', default: 1, within: 60 });
      if (fact.windowed) expect(observed, fact.name).toEqual({ known: false, reason: 'no-history' });
      else expect(observed.known, fact.name).toBe(true);
    }
  });

  it('refuses a fact that it does not have, and one of another scope', () => {
    expect(() => factsOf([]).observe(account10, 'account.calls', {})).toThrow('account.calls');
    expect(() => factsOf([]).observe(account10, 'customer.totalCalls', {})).toThrow('scope account');
  });
});
