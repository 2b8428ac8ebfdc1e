import { describe, expect, it } from 'vitest';
import { createNumbering } from '../../src/facts/numbering.js';
import { createPollGaps } from '../../src/facts/poll-gaps.js';
import { createWorld } from '../../src/rule-tests/case-world.js';
import { START, theCase } from './support.js';

const numbering = createNumbering({ techPrefixes: [] });
const worldOf = (text: string, vendors: readonly number[] = []) =>
  createWorld(theCase(text), { numbering, vendors });
const DAY = 86_400_000;

describe('what a poll of a case lists', () => {
  const world = worldOf(
    'calls: [{ id: a, account: 10, customer: 2, connection: 7, cli: "4420", cld: "+4930123", from: 1s, to: 20s, answered: 4s, state: WaitRoute }]',
  );
  const callAt = (seconds: number) => world.snapshotAt(START + seconds * 1000).calls[0];

  it('is a call from its setup up to its end, exclusively', () => {
    expect([0, 1, 19.999, 20].map((seconds) => callAt(seconds) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('shows state, delay, duration and age as a switch would', () => {
    expect(callAt(3)).toMatchObject({ state: 'WaitRoute', delay: 2, duration: 0, age: 2 });
    expect(callAt(5)).toMatchObject({ state: 'Connected', delay: 4, duration: 0, age: 4 });
    expect(callAt(15)).toMatchObject({ state: 'Connected', delay: 4, duration: 10, age: 14 });
  });

  it('shows parties, normal forms and the instant of setup', () => {
    expect(callAt(5)).toMatchObject({
      id: '1',
      callId: 'a@test',
      setupTimeText: '20260105T10:00:01.000',
      setupAt: START + 1_000,
      account: 10,
      customer: 2,
      connection: 7,
      cli: '4420',
      cld: '+4930123',
      cldNumber: '4930123',
      direction: 'vendor',
    });
  });

  it('is no call that was cut', () => {
    const other = worldOf('calls: [{ id: a, to: 20s }, { id: b, to: 20s }]');
    const [first] = other.snapshotAt(START).calls;
    if (first === undefined) throw new Error('There is no call.');
    other.end(first);
    expect(other.snapshotAt(START + 5_000).calls.map(({ callId }) => callId)).toEqual(['b@test']);
  });

  it('is no other entry of an on-net call that was cut either, but every other call that shares its CALL_ID', () => {
    const entry = (id: string, direction: string) =>
      `{ id: ${id}, callId: one, cli: "44", cld: "49", direction: ${direction}, to: 20s }`;
    const other = worldOf(
      `calls: [${entry('a', 'onnet_out')}, ${entry('b', 'onnet_out')}, ${entry('c', 'onnet_in')}]`,
    );
    const [first] = other.snapshotAt(START).calls;
    if (first === undefined) throw new Error('There is no call.');
    other.end(first);
    expect(other.snapshotAt(START + 5_000).calls.map(({ direction }) => direction)).toEqual(['onnet_out']);
  });

  it('is not looked through anew for every call that is cut', () => {
    let reads = 0;
    const testCase = theCase('calls: [{ id: a, repeat: 500, account: 10 }]');
    const calls = testCase.calls.map((call) => ({
      ...call,
      get callId() {
        reads += 1;
        return call.callId;
      },
    }));
    const world = createWorld({ ...testCase, calls }, { numbering, vendors: [] });
    const listed = world.snapshotAt(START).calls;
    for (const call of listed) world.end(call);
    expect(world.liveAt(START)).toEqual([]);
    expect(reads).toBeLessThan(10 * calls.length);
  });

  it('has lost both entries of an on-net call where one is cut', () => {
    const entry = (direction: string) =>
      `{ id: ${direction}, direction: ${direction}, callId: x, cli: "4420", cld: "4930123" }`;
    const onNet = worldOf(`calls: [${entry('onnet_out')}, ${entry('onnet_in')}, { id: other }]`);
    const [first] = onNet.snapshotAt(START).calls;
    if (first === undefined) throw new Error('There is no call.');
    onNet.end(first);
    expect(onNet.liveAt(START).map(({ name }) => name)).toEqual(['other']);
  });

  it('names by vendor the calls of those that the rules ask for, and of no others', () => {
    const { vendors, calls } = worldOf('calls: [{ id: a, vendors: [3, 4] }, { id: b }]', [3, 5]).snapshotAt(
      START,
    );
    expect(calls).toHaveLength(2);
    expect([...vendors].map(([vendor, keys]) => [vendor, keys.size])).toEqual([
      [3, 1],
      [5, 0],
    ]);
  });
});

describe('what was known before a case', () => {
  const text = `calls:
  - { id: old, account: 10, cld: "4930123", from: -8d, to: -191h, answered: 5s }
  - { id: on, account: 10, cld: "33612345678", from: -2h, to: 1m, answered: 10s }
  - { id: ringing, account: 11, cld: "4930123", from: -60s, state: WaitRoute }
  - { id: between, account: 12, from: -3s, to: -1s, answered: 1s }
  - { id: to-come, account: 13, cld: "53512345", from: 5s, to: 30s }`;
  const { past } = worldOf(text);
  const row = (callId: string) => past.calls.find((call) => call.callId === `${callId}@test`);

  it('holds ended calls as polls saw them: up to the last poll that listed them', () => {
    expect(row('old')).toMatchObject({
      firstSeenAt: START - 8 * DAY,
      connectedAt: START - 8 * DAY + 5_000,
      endedAt: START - 191 * 3_600_000,
      lastSeenAt: START - 191 * 3_600_000 - 5_000,
      lastDuration: 3_590,
      lastDelay: 5,
    });
  });

  it('holds no call that came and went between two polls', () => {
    expect(row('between')).toBeUndefined();
  });

  it('sees, answers and ends a call at the polls of the case, also where those are far apart', () => {
    const coarse = worldOf(
      'every: 40s\ncalls: [{ id: a, from: -130s, to: -50s, answered: 5s }, { id: b, from: -79s, to: -41s }, { id: c, from: -70s, to: -1s }]',
    ).past;
    expect(coarse.calls.map(({ callId }) => callId)).toEqual(['a@test', 'c@test']);
    expect(coarse.calls[0]).toMatchObject({
      firstSeenAt: START - 120_000,
      lastSeenAt: START - 80_000,
      connectedAt: START - 125_000,
      states: [{ state: 'Connected', at: START - 120_000 }],
      endedAt: START - 40_000,
      lastDuration: 45,
    });
    // The first poll of the case is what misses it.
    expect(coarse.calls[1]).toMatchObject({ firstSeenAt: START - 40_000, endedAt: undefined });
    expect(coarse.polls.at(-1)).toMatchObject({ at: START - 40_000, intervalMs: 80_000 });
  });

  it('holds calls that go on, as the last poll before the case saw them', () => {
    expect(row('on')).toMatchObject({
      firstSeenAt: START - 7_200_000,
      connectedAt: START - 7_190_000,
      endedAt: undefined,
    });
    expect(row('on')?.states.map(({ state }) => state)).toEqual(['ARComplete', 'Connected']);
    expect(row('ringing')).toMatchObject({ connectedAt: undefined, endedAt: undefined });
    expect(row('ringing')?.states.map(({ state }) => state)).toEqual(['WaitRoute']);
  });

  it('holds nothing of what is to come', () => {
    expect(row('to-come')).toBeUndefined();
  });

  it('knows accounts and the countries that they called since their first call', () => {
    expect(past.accounts).toContainEqual({ account: 10, firstAt: START - 8 * DAY });
    expect(past.accounts.some(({ account }) => account === 13)).toBe(false);
    expect(past.countries).toContainEqual({
      account: 10,
      country: 'DE',
      firstAt: START - 8 * DAY,
      lastAt: START - 8 * DAY,
    });
    expect(past.countries.filter(({ account }) => account === 10).map(({ country }) => country)).toEqual([
      'DE',
      'FR',
    ]);
  });

  it('was polled without a gap for the week that tells what is new to an account, though not for years', () => {
    const ats = past.polls.map(({ at }) => at);
    expect(ats.at(-1)).toBe(START - 5_000);
    expect(ats.length).toBeLessThan(2_000);
    const gaps = createPollGaps();
    for (const poll of past.polls) gaps.note(poll);
    gaps.note({ at: START, intervalMs: 5_000, result: 'sound', login: 'login:test' });
    for (const hours of [1, 25, 26, 27, 168])
      expect(gaps.within(START - hours * 3_600_000, START)).toBeUndefined();
    const lastDay = ats.filter((at) => at > START - 25 * 3_600_000);
    expect(Math.max(...lastDay.slice(1).map((at, index) => at - (lastDay[index] ?? 0)))).toBe(60_000);
  });

  it('is nothing at all where the history is none', () => {
    expect(worldOf(`history: 0s\n${text}`).past).toMatchObject({ polls: [], calls: [], accounts: [] });
  });

  it('begins with the history where that is short', () => {
    const short = worldOf(`history: 90s\n${text}`).past;
    expect(short.polls[0]?.at).toBe(START - 90_000);
    expect(short.calls.map(({ callId }) => callId)).not.toContain('old@test');
    expect(short.calls.find(({ callId }) => callId === 'on@test')?.firstSeenAt).toBe(START - 90_000);
  });
});
