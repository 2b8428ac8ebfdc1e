import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLive } from '../../src/domain/call.js';
import { durationSeconds, type SimulatedCall, stateAt } from '../../src/simulator/simulated-call.js';
import { World, type WorldOptions } from '../../src/simulator/world.js';
import { NIGHT } from './simulator-client.js';

const open = (options: Partial<WorldOptions> = {}) => new World({ seed: 1, startAt: NIGHT, ...options });

const live = (world: World) => world.calls().filter((call) => isLive(stateAt(call.timeline, world.now)));

describe('determinism', () => {
  test('the same seed gives the same calls, another seed others', () => {
    const callsOf = (seed: number) => {
      const world = open({ seed, scenarios: ['all'], warmStart: true });
      world.advanceTo(NIGHT + 120_000);
      return world.calls();
    };
    expect(callsOf(5)).toEqual(callsOf(5));
    expect(callsOf(5)).not.toEqual(callsOf(6));
  });

  test('many small steps and one big step lead to the same world', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), steps, (seed, warmStart, gaps) => {
        const slow = open({ seed, warmStart, scenarios: ['all'] });
        const fast = open({ seed, warmStart, scenarios: ['all'] });
        for (const gap of gaps) slow.advanceTo(slow.now + gap);
        fast.advanceTo(slow.now);
        expect(slow.calls()).toEqual(fast.calls());
      }),
      { numRuns: 25, seed: 20260310 },
    );
  });

  test('an instant in the past changes nothing', () => {
    const world = open();
    world.advanceTo(NIGHT + 60_000);
    const before = world.calls();
    world.advanceTo(NIGHT);
    world.advanceTo(Number.NaN);
    expect(world.now).toBe(NIGHT + 60_000);
    expect(world.calls()).toEqual(before);
  });

  test('a disconnected call does not change which calls come later', () => {
    const untouched = open({ warmStart: true });
    const enforced = open({ warmStart: true });
    for (const call of enforced.calls()) enforced.disconnect(call.id);
    for (const world of [untouched, enforced]) world.advanceTo(NIGHT + 60_000);
    const newcomers = (world: World) => world.calls().filter((call) => call.timeline.setupAt > NIGHT);
    expect(newcomers(enforced)).toEqual(newcomers(untouched));
  });
});

describe('benign traffic', () => {
  test('holds 40 to 60 calls at once, in every live state but for the shortest', () => {
    const counts: number[] = [];
    const states = new Set<string>();
    const world = open({ warmStart: true });
    for (let minute = 0; minute <= 60; minute += 1) {
      world.advanceTo(NIGHT + minute * 60_000);
      counts.push(live(world).length);
      for (const call of world.calls()) states.add(stateAt(call.timeline, world.now));
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    expect(mean).toBeGreaterThan(40);
    expect(mean).toBeLessThan(62);
    expect([...states]).toEqual(expect.arrayContaining(['ARComplete', 'Connected', 'Dead']));
  });

  test('stays below the limits that the scenarios break', () => {
    const world = open({ warmStart: true });
    for (let step = 0; step <= 360; step += 1) {
      world.advanceTo(NIGHT + step * 10_000);
      const perAccount = new Map<number | undefined, number>();
      for (const { account } of live(world)) perAccount.set(account, (perAccount.get(account) ?? 0) + 1);
      expect(Math.max(...perAccount.values())).toBeLessThanOrEqual(30);
      for (const call of live(world)) {
        const isSetup = stateAt(call.timeline, world.now) !== 'Connected';
        expect(world.now - call.timeline.setupAt).toBeLessThan(isSetup ? 90_000 : 2 * 3_600_000);
      }
    }
  });

  test('a call is set up, answered or not, and hung up', () => {
    const world = open();
    const fates = new Set<string>();
    const path = new Map<string, string[]>();
    for (let step = 0; step <= 24_000; step += 1) {
      world.advanceTo(NIGHT + step * 20);
      for (const call of world.calls()) {
        const states = path.get(call.id) ?? [];
        const state = stateAt(call.timeline, world.now);
        if (states.at(-1) !== state) path.set(call.id, [...states, state]);
        if (state === 'Dead') fates.add((path.get(call.id) ?? []).join(' '));
      }
    }
    expect(fates).toContain('Idle WaitAuth WaitRoute ARComplete Connected Disconnecting Dead');
    expect(fates).toContain('Idle WaitAuth WaitRoute ARComplete Disconnecting Dead');
  });

  test('lists an on-net call twice, once for each account, and ends both sides together', () => {
    const world = open({ warmStart: true });
    const out = live(world).find((call) => call.direction === 'onnet_out');
    const into = world.calls().find((call) => call.id === out?.peer);
    expect(into).toMatchObject({ direction: 'onnet_in', callId: out?.callId, peer: out?.id });
    expect(into?.account).not.toBe(out?.account);
    expect(world.disconnect(into?.id ?? '')).toBe(true);
    expect(world.disconnect(out?.id ?? '')).toBe(false);
  });

  test('traffic none is a world without any call', () => {
    const world = open({ traffic: 'none', warmStart: true });
    world.advanceTo(NIGHT + 3_600_000);
    expect(world.calls()).toEqual([]);
  });
});

describe('who made a call', () => {
  const episode = { scenario: 'wangiri', from: NIGHT + 60_000, until: NIGHT + 180_000 } as const;
  /** Everything that happened in five minutes, read in steps of so many milliseconds. */
  const watch = (options: Partial<WorldOptions>, stepMs: number) => {
    const arrived: SimulatedCall[] = [];
    const listed = new Map<string, SimulatedCall>();
    const world = open({
      traffic: 'week',
      warmStart: true,
      journal: { arrived: (call) => arrived.push(call), disconnected: () => undefined },
      ...options,
    });
    for (let at = NIGHT; at <= NIGHT + 300_000; at += stepMs) {
      world.advanceTo(at);
      for (const call of world.calls()) listed.set(call.id, call);
    }
    return { arrived, listed };
  };

  test('is known of every call, also of those that come and go between two listings', () => {
    const often = watch({ episodes: [episode] }, 250);
    const seldom = watch({ episodes: [episode] }, 100_000);
    expect(seldom.arrived).toEqual(often.arrived);
    expect(seldom.listed.size).toBeLessThan(often.listed.size);
    const known = new Map(often.arrived.map((call) => [call.id, call.origin]));
    expect(known.size).toBe(often.arrived.length);
    for (const [id, call] of often.listed) expect(known.get(id)).toEqual(call.origin);
  });

  test('an episode begins and ends, and nobody else calls differently because of it', () => {
    const { arrived } = watch({ episodes: [episode] }, 5_000);
    const attack = arrived.filter((call) => call.origin.kind === 'attack');
    expect(attack.length).toBeGreaterThan(400);
    for (const { origin, account, timeline } of attack) {
      expect(origin).toEqual({ kind: 'attack', scenario: 'wangiri' });
      expect(account).toBe(50);
      expect(timeline.setupAt).toBeGreaterThanOrEqual(episode.from);
      expect(timeline.setupAt).toBeLessThanOrEqual(episode.until);
    }
    const calls = (some: readonly SimulatedCall[]) =>
      some.map(({ cli, cld, account, origin, timeline }) => ({ cli, cld, account, origin, timeline }));
    const honest = arrived.filter((call) => call.origin.kind === 'benign');
    expect(calls(honest)).toEqual(calls(watch({}, 5_000).arrived));
    expect(honest.length).toBeGreaterThan(50);
  });

  test('on a hijacked account too: its owner goes on calling', () => {
    const { arrived } = watch({ scenarios: ['stuck-setups'] }, 5_000);
    const kinds = new Set(arrived.filter(({ account }) => account === 40).map(({ origin }) => origin.kind));
    expect([...kinds].sort()).toEqual(['attack', 'benign']);
  });

  test('a disconnect is told of for both sides of an on-net call, an end of its own for none', () => {
    const told: [string, number][] = [];
    const journal = {
      arrived: () => undefined,
      disconnected: (call: SimulatedCall, at: number) => told.push([call.id, at]),
    };
    const world = open({ warmStart: true, journal });
    world.advanceTo(NIGHT + 300_000);
    expect(told).toEqual([]);
    const out = live(world).find((call) => call.direction === 'onnet_out');
    world.disconnect(out?.id ?? '');
    expect(told).toEqual([
      [out?.id, NIGHT + 300_000],
      [out?.peer, NIGHT + 300_000],
    ]);
  });

  test('is scripted where a test placed it', () => {
    const world = open({ traffic: 'none' });
    expect(world.call(world.addCall({}))?.origin).toEqual({ kind: 'scripted' });
  });
});

describe('scripted calls', () => {
  test('stay in their state until they are told otherwise', () => {
    const states = [
      'Idle',
      'WaitAuth',
      'WaitRoute',
      'ARComplete',
      'Connected',
      'Disconnecting',
      'Dead',
    ] as const;
    const world = open({ traffic: 'none' });
    for (const state of states) world.addCall({ state });
    world.advanceTo(NIGHT + 86_400_000);
    expect(world.calls().map((call) => stateAt(call.timeline, world.now))).toEqual(states);
  });

  test('can be given an ID that was used before, but not one in use', () => {
    const world = open({ traffic: 'none' });
    world.addCall({ id: '960', callId: 'first' });
    expect(() => world.addCall({ id: '960' })).toThrow('960');
    world.removeCall('960');
    world.addCall({ id: '960', callId: 'second' });
    expect(world.call('960')?.callId).toBe('second');
    expect(world.addCall({})).toBe('961');
  });

  test('bring unknown accounts along and refuse a wrong owner', () => {
    const world = open({ traffic: 'none' });
    world.carrier.addCustomer(8, 4);
    world.addCall({ account: 77, customer: 8 });
    expect(world.carrier.ownerOf(77)).toBe(8);
    expect(world.carrier.isUnder(8, 2)).toBe(true);
    expect(() => world.addCall({ account: 77, customer: 3 })).toThrow('Account 77 belongs to customer 8');
    expect(() => world.addCall({ account: 78, customer: 99 })).toThrow('Customer 99');
  });

  test('measure their duration from the answer', () => {
    const world = open({ traffic: 'none' });
    const id = world.addCall({ setupAt: NIGHT - 3 * 3_600_000, delaySeconds: 5 });
    const call = world.call(id);
    expect(call && durationSeconds(call.timeline, world.now)).toBe(3 * 3_600 - 5);
  });
});
