import { describe, expect, it } from 'vitest';
import type { Call, SuspectCall } from '../../src/domain/call.js';
import type { LedgerCall } from '../../src/domain/ledger.js';
import { EMPTY, INTERVAL_MS, newHistory, START, world } from './history-support.js';
import { call, snapshotOf } from './support.js';

const DAY_MS = 86_400_000;
const talk = (fields: Partial<Call> = {}) => call({ id: '1', callId: 'a', duration: 2, ...fields });
const rowOf = (changes: { calls: readonly LedgerCall[] }) => changes.calls[0];
const suspect = (fields: Partial<SuspectCall>): SuspectCall => ({
  id: undefined,
  callId: undefined,
  state: 'Connected',
  account: undefined,
  customer: undefined,
  connection: undefined,
  cli: undefined,
  cld: undefined,
  reason: 'unreadable',
  ...fields,
});
const DOUBT = { reason: 'suspect-share', detail: '' } as const;
const coverage = { states: 'all', filter: {}, login: 'login:ops' } as const;

describe('what a poll adds to the ledger', () => {
  it('is a new call once, and nothing while it only goes on', () => {
    const { poll } = world();
    const first = poll(0, [talk({ setupAt: START - 7000 })]);
    expect(first.poll).toEqual({ at: START, intervalMs: INTERVAL_MS, result: 'sound', login: 'login:ops' });
    expect(rowOf(first)).toMatchObject({
      id: '1',
      login: 'login:ops',
      setupAt: START - 7000,
      firstSeenAt: START,
      lastSeenAt: START,
      connectedAt: START - 2000,
      states: [{ state: 'Connected', at: START }],
      lastDuration: 2,
      endedAt: undefined,
      cutAt: undefined,
    });
    // SETUP_TIME is reckoned a little differently at every poll.
    expect(poll(5, [talk({ duration: 7, setupAt: START - 6990 })]).calls).toEqual([]);
  });

  it('is a changed call whole, with its states in the order in which they were seen', () => {
    const { poll } = world();
    poll(0, [talk({ state: 'WaitRoute', duration: 0, account: undefined })]);
    const changes = poll(5, [talk({ state: 'Connected', duration: 1 })]);
    expect(rowOf(changes)).toMatchObject({
      account: 10,
      connectedAt: START + 4000,
      states: [
        { state: 'WaitRoute', at: START },
        { state: 'Connected', at: START + 5000 },
      ],
    });
  });

  it('keeps what a later listing does not show any more', () => {
    const { poll } = world();
    poll(0, [talk()]);
    const less = { account: undefined, cld: undefined, cldNumber: undefined };
    expect(poll(5, [talk({ ...less, duration: 7 })]).calls).toEqual([]);
    expect(rowOf(poll(10, []))).toMatchObject({ account: 10, cld: '4930222222', endedAt: START + 10_000 });
  });

  it('is the end of a call at the first sound listing without it, with its last length', () => {
    const { poll } = world();
    poll(0, [talk()]);
    poll(5, [talk({ duration: 7 })]);
    expect(rowOf(poll(10, []))).toMatchObject({
      lastSeenAt: START + 5000,
      lastDuration: 7,
      endedAt: START + 10_000,
    });
    expect(poll(15, []).calls).toEqual([]);
  });

  it.each(['Disconnecting', 'Dead'])('is the end of a call that is listed as %s, once', (state) => {
    const { poll } = world();
    poll(0, [talk()]);
    expect(rowOf(poll(5, [talk({ state, duration: 0 })]))).toMatchObject({
      endedAt: START + 5000,
      lastSeenAt: START,
      lastDuration: 2,
    });
    expect(poll(10, [talk({ state, duration: 0 })]).calls).toEqual([]);
    expect(poll(15, []).calls).toEqual([]);
  });

  it('takes a call that is first seen when it is over', () => {
    const { poll } = world();
    poll(0, []);
    expect(rowOf(poll(5, [talk({ state: 'Dead' })]))).toMatchObject({
      firstSeenAt: START + 5000,
      endedAt: START + 5000,
    });
  });

  it('makes a call live again that was ended and is back', () => {
    const { poll } = world();
    poll(0, [talk()]);
    poll(5, []);
    expect(rowOf(poll(10, [talk({ duration: 12 })]))).toMatchObject({
      firstSeenAt: START,
      lastSeenAt: START + 10_000,
      endedAt: undefined,
    });
  });

  it('takes an ID that is used again for another call', () => {
    const { poll } = world();
    poll(0, [talk()]);
    const { calls } = poll(5, [talk({ callId: 'b' })]);
    expect(calls.map(({ callId, endedAt }) => [callId, endedAt])).toEqual([
      ['b', undefined],
      ['a', START + 5000],
    ]);
  });

  it('marks calls that were cut, once, also those that are gone', () => {
    const { poll } = world();
    const one = talk();
    poll(0, [one]);
    expect(rowOf(poll(5, [], { cuts: [one] }))).toMatchObject({
      cutAt: START + 5000,
      endedAt: START + 5000,
    });
    expect(poll(10, [], { cuts: [one] }).calls).toEqual([]);
  });

  it('keeps one history per login', () => {
    const { poll } = world();
    poll(0, [talk()]);
    const other = { ...coverage, login: 'login:other' };
    expect(poll(5, [talk()], { coverage: other }).calls).toHaveLength(1);
    expect(poll(10, [], { coverage: other }).calls).toMatchObject([{ login: 'login:other' }]);
    expect(poll(15, []).calls).toMatchObject([{ login: 'login:ops' }]);
  });
});

describe('a listing that may not speak for what it does not show', () => {
  it.each([
    ['in doubt', { doubt: DOUBT }],
    ['of one account', { coverage: { ...coverage, filter: { account: 10 } } }],
    ['of one vendor', { coverage: { ...coverage, filter: { vendor: 3 } } }],
    ['of one connection', { coverage: { ...coverage, filter: { connection: 5 } } }],
    ['without subcustomers', { coverage: { ...coverage, filter: { recursive: false } } }],
    ['of active calls', { coverage: { ...coverage, states: 'active' as const } }],
  ])('ends nothing where it is %s, and is no sound poll', (_, more) => {
    const { poll, history } = world();
    poll(0, [talk()]);
    const changes = poll(5, [], more);
    expect(changes.calls).toEqual([]);
    expect(changes.poll.result).toBe('suspect');
    expect(history.ofLogin('login:ops')?.gaps.lastSoundAt()).toBe(START);
  });

  it('takes in what it does show', () => {
    const { poll } = world();
    expect(poll(0, [talk()], { doubt: DOUBT }).calls).toHaveLength(1);
  });

  it('ends a call that it shows ended where it is only partial, not where it is in doubt', () => {
    const { poll } = world();
    poll(0, [talk(), talk({ id: '2' })]);
    expect(poll(5, [talk({ state: 'Dead' })], { doubt: DOUBT }).calls).toMatchObject([
      { endedAt: undefined },
    ]);
    const partial = { ...coverage, filter: { account: 10 } };
    expect(poll(10, [talk({ id: '2', state: 'Dead' })], { coverage: partial }).calls).toMatchObject([
      { id: '2', endedAt: START + 10_000 },
    ]);
  });

  it.each([
    ['bears its ID', { id: '1' }, true],
    ['bears no ID', {}, true],
    ['bears no ID and its CALL_ID', { callId: 'a' }, true],
    ['bears no ID and another CALL_ID', { callId: 'z' }, false],
    ['bears another ID', { id: '2' }, false],
  ])('keeps a call alive while a call that cannot be read %s: %s', (_, fields, keeps) => {
    const { poll } = world();
    poll(0, [talk()]);
    expect(poll(5, [], { suspects: [suspect(fields)] }).calls).toMatchObject([
      keeps ? { endedAt: undefined, absentAt: START + 5000 } : { endedAt: START + 5000, absentAt: undefined },
    ]);
  });

  it('is nothing at all where the poll failed', () => {
    const { history } = world();
    const failed = { at: START, intervalMs: INTERVAL_MS, result: 'failed', login: 'login:ops' } as const;
    expect(history.missed(failed)).toEqual({ poll: failed, calls: [], countries: [], accounts: [] });
    expect(history.lastListedAt('login:ops')).toBeUndefined();
  });
});

describe('countries and accounts', () => {
  it('are written when they are new, and the last call to the day', () => {
    const { poll } = world();
    const at = (second: number) => ({ setupAt: START + second * 1000 });
    expect(poll(0, [talk(at(-10))])).toMatchObject({
      countries: [{ account: 10, country: 'DE', firstAt: START - 10_000, lastAt: START - 10_000 }],
      accounts: [{ account: 10, firstAt: START }],
    });
    expect(poll(5, [talk({ id: '2', ...at(5) })])).toMatchObject({ countries: [], accounts: [] });
    const dayLater = 86_400;
    expect(poll(dayLater, [talk({ id: '3', ...at(dayLater) })])).toMatchObject({
      countries: [{ country: 'DE', firstAt: START - 10_000, lastAt: START + DAY_MS }],
      accounts: [],
    });
  });

  it.each([
    ['remember a country for 90 days after the last call, which is known to the day', 90, false],
    ['forget a country that was not called for 91 days', 91, true],
  ])('%s', (_, days, isNew) => {
    const shown = world();
    const first = START - 95 * DAY_MS;
    const setupAt = (at: number) => [talk({ id: String(at), callId: `c${at}`, setupAt: at })];
    const at = (instant: number) => (instant - START) / 1000;
    shown.poll(at(first), setupAt(first));
    // Not a day later, so that it is not written.
    const last = first + DAY_MS - 1;
    expect(shown.poll(at(last), setupAt(last)).countries).toEqual([]);
    const now = last + days * DAY_MS;
    shown.poll(at(now), setupAt(now));
    expect(shown.history.countries.firstCalled(10, 'DE')).toBe(isNew ? now : first);
  });
});

describe('the start of a call without SETUP_TIME', () => {
  const started = (history: ReturnType<typeof newHistory>) => {
    const past = history.ofLogin('login:ops')?.find(talk());
    return [past?.startedAt, past?.startKnown];
  };
  const POLL = { at: START, intervalMs: INTERVAL_MS, result: 'sound', login: 'login:ops' } as const;

  it('is reckoned from the age at its first sight, and is the same after a restart', () => {
    const { history, poll } = world();
    const ringing = { state: 'ARComplete', duration: 0, delay: 90, age: 90 };
    const row = rowOf(poll(0, [talk(ringing)]));
    expect(row).toMatchObject({ setupAt: undefined, startedAt: START - 90_000 });
    expect(started(history)).toEqual([START - 90_000, true]);
    // Seconds are rounded, so that a later listing says something a little different.
    const later = rowOf(poll(5, [talk({ duration: 1, delay: 93, age: 94 })]));
    const restarted = newHistory();
    for (const calls of [row, later].flatMap((one) => (one === undefined ? [] : [[one]]))) {
      restarted.restore({ ...EMPTY, polls: [POLL], calls });
      expect(started(restarted)).toEqual([START - 90_000, true]);
    }
  });

  it('is told after a restart by the DELAY that had grown since the row was written', () => {
    const { poll } = world();
    const row = rowOf(poll(0, [talk({ state: 'ARComplete', duration: 0, delay: 4, age: 4 })]));
    if (row === undefined) throw new Error('the call was not written');
    // Its next listing but one was the last to show it, and nothing new was written with those.
    const polls = [POLL, { ...POLL, at: START + 5000 }, { ...POLL, at: START + 10_000 }];
    const history = newHistory();
    history.restore({ ...EMPTY, polls, calls: [row] });
    const ended = rowOf(world(history).poll(15, []));
    expect(ended).toMatchObject({ lastSeenAt: START + 10_000, lastDelay: 14, endedAt: START + 15_000 });
  });

  it('is SETUP_TIME once that is listed', () => {
    const { history, poll } = world();
    poll(0, [talk({ duration: 0, delay: 4, age: 4 })]);
    expect(rowOf(poll(5, [talk({ setupAt: START - 3500 })]))).toMatchObject({ startedAt: undefined });
    expect(started(history)).toEqual([START - 3500, true]);
  });

  it.each([
    ['answered', { connectedAt: START - 60_000, lastDuration: 60, lastDelay: 5 }, [START - 65_000, true]],
    [
      'answered, without DELAY',
      { connectedAt: START - 60_000, lastDelay: undefined },
      [START - 60_000, false],
    ],
    ['answered, without DURATION', { connectedAt: undefined, lastDelay: 5 }, [START, false]],
    [
      'ringing',
      {
        connectedAt: undefined,
        states: [{ state: 'ARComplete', at: START }],
        lastDuration: 0,
        lastDelay: 90,
      },
      [START - 90_000, true],
    ],
    [
      'over when it was first seen',
      { connectedAt: undefined, states: [{ state: 'Dead', at: START }], lastDuration: 9, lastDelay: 9 },
      [START, false],
    ],
  ])('is told by the ages in a row from before it was kept: %s', (_, fields, expected) => {
    const { poll } = world();
    const row = rowOf(poll(0, [talk()]));
    if (row === undefined) throw new Error('the call was not written');
    const history = newHistory();
    history.restore({ ...EMPTY, polls: [POLL], calls: [{ ...row, startedAt: undefined, ...fields }] });
    expect(started(history)).toEqual(expected);
  });
});

describe('forgetting', () => {
  it('lets go of calls that ended before, and of no others', () => {
    const { history, poll } = world();
    poll(0, [talk(), talk({ id: '2' })]);
    poll(5, [talk({ id: '2' })]);
    poll(10, [talk({ id: '2' })]);
    history.forget(START + 5000);
    const known = history.ofLogin('login:ops');
    expect(known?.find(talk())).toBeUndefined();
    expect(known?.find(talk({ id: '2' }))).toBeDefined();
  });

  it('keeps a call that is over and still listed, so that it does not come in anew', () => {
    const { history, poll } = world();
    poll(-5, []);
    expect(poll(0, [talk({ state: 'Dead' })]).calls).toHaveLength(1);
    history.forget(START + 1000);
    expect(poll(5, [talk({ state: 'Dead' })]).calls).toEqual([]);
  });

  it('lets thousands go without losing those between', () => {
    const { history, poll } = world();
    const many = Array.from({ length: 3000 }, (_, at) => talk({ id: String(at), callId: `m${at}` }));
    poll(0, many);
    poll(5, many.slice(2500));
    history.forget(START + 5000);
    poll(10, []);
    const ended: string[] = [];
    history.ofLogin('login:ops')?.ended.each(START, START + 60_000, (past) => ended.push(past.call.id));
    expect(ended).toEqual(many.slice(2500).map(({ id }) => id));
  });
});

describe('a replay told by changes', () => {
  it('comes to the same facts as listings do', () => {
    const one = talk({ setupAt: START });
    const two = talk({ id: '2', callId: 'b', state: 'ARComplete', duration: 0, setupAt: START + 1000 });
    const answered = { ...two, state: 'Connected', duration: 4 };
    const listed = world();
    listed.poll(0, [one]);
    listed.poll(5, [{ ...one, duration: 7 }, two]);
    listed.poll(10, [{ ...one, duration: 12 }, answered]);
    listed.poll(15, [{ ...answered, duration: 9 }]);
    const replayed = newHistory();
    const step = (second: number, calls: Call[], ended: Call[] = []) =>
      replayed.replay({
        poll: { at: START + second * 1000, intervalMs: INTERVAL_MS, result: 'sound', login: 'login:ops' },
        listed: calls.map((each) => ({ call: each })),
        ended,
        cuts: [],
      });
    step(0, [one]);
    step(5, [two]);
    step(10, [answered]);
    one.duration = 12;
    step(15, [], [one]);
    const subject = { scope: 'account', id: '10' } as const;
    for (const name of ['callsStarted', 'callsEnded', 'minutes', 'averageEndedDuration', 'shortCalls']) {
      const params = { within: 600, under: 60 };
      const ask = (facts: ReturnType<typeof listed.facts>) =>
        facts.observe(subject, `account.${name}`, params);
      expect(ask(listed.facts({ history: replayed })), name).toEqual(ask(listed.facts()));
    }
  });

  it('counts all that the ledger tells, as it is told of nothing that was over before', () => {
    const over = [
      talk({ state: 'Dead' }),
      // The other one was not in memory any more when a pass saw this one.
      talk({ state: 'Dead', setupTimeText: 'another' }),
    ];
    const history = newHistory();
    for (const [index, one] of over.entries()) {
      const snapshot = snapshotOf([one], { observedAt: START + index * INTERVAL_MS });
      history.observe(snapshot, { intervalMs: INTERVAL_MS, cuts: [], fromLedger: true });
    }
    const ended: string[] = [];
    history
      .ofLogin('login:ops')
      ?.ended.each(0, Infinity, ({ call: { setupTimeText = '' } }) => ended.push(setupTimeText));
    expect(ended).toEqual(over.map(({ setupTimeText }) => setupTimeText));
  });

  it('ends nothing where the poll was not sound', () => {
    const replayed = newHistory();
    const poll = { at: START, intervalMs: INTERVAL_MS, result: 'sound', login: 'login:ops' } as const;
    const one = talk();
    replayed.replay({ poll, listed: [{ call: one }], ended: [], cuts: [] });
    replayed.replay({
      poll: { ...poll, at: START + 5000, result: 'suspect' },
      listed: [],
      ended: [one],
      cuts: [],
    });
    expect(replayed.ofLogin('login:ops')?.live.size).toBe(1);
  });
});

describe('a SETUP_TIME that was believed before an age was listed', () => {
  const unaged = { duration: undefined, delay: undefined, age: undefined };

  it('is dropped once an age leads to another instant, and the age tells the start', () => {
    const { poll, history } = world();
    poll(0, [talk({ ...unaged, setupAt: START - 7_200_000 })]);
    const [row] = poll(5, [talk({ delay: 2, duration: 8, age: 10, setupAt: undefined })]).calls;
    expect(row).toMatchObject({ setupAt: undefined, startedAt: START - 5_000 });
    const [past] = history.ofLogin('login:ops')?.live ?? [];
    expect([past?.startedAt, past?.startKnown]).toEqual([START - 5_000, true]);
  });

  it('stays where the ages agree with it', () => {
    const { poll } = world();
    poll(0, [talk({ ...unaged, setupAt: START - 7_000 })]);
    const [row] = poll(5, [talk({ delay: 2, duration: 30, age: 32, setupAt: undefined })]).calls;
    expect(row?.setupAt ?? START - 7_000).toBe(START - 7_000);
  });
});
