import { describe, expect, test } from 'vitest';
import { type CallState, isLive } from '../../src/domain/call.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { createProtectedNumbers } from '../../src/facts/protected-numbers.js';
import { HIGH_RISK_NUMBERS } from '../../src/simulator/number-ranges.js';
import {
  chooseScenarios,
  SCENARIO_CHOICES,
  SCENARIOS,
  type ScenarioName,
} from '../../src/simulator/scenarios.js';
import { durationSeconds, type SimulatedCall, stateAt } from '../../src/simulator/simulated-call.js';
import { World } from '../../src/simulator/world.js';
import { NIGHT } from './simulator-client.js';

const names = Object.keys(SCENARIOS) as ScenarioName[];

/** Every call of a scenario that was seen within its first minute, watched four times a second. */
function firstMinute(name: ScenarioName, warmStart = false, traffic: 'benign' | 'week' | 'none' = 'none') {
  const world = new World({ seed: 3, startAt: NIGHT, scenarios: [name], traffic, warmStart });
  const seen = new Map<string, SimulatedCall>();
  for (let at = NIGHT; at <= NIGHT + 60_000; at += 250) {
    world.advanceTo(at);
    for (const call of world.calls()) seen.set(call.id, call);
  }
  const state = (call: SimulatedCall): CallState => stateAt(call.timeline, world.now);
  const live = world.calls().filter((call) => isLive(state(call)));
  return { world, seen: [...seen.values()], live, state };
}

const isHighRisk = (number: string) => HIGH_RISK_NUMBERS.some((range) => number.startsWith(range.prefix));

describe('each scenario shows its pattern within a minute', () => {
  test('concurrency-burst: one account holds more than 30 connected calls', () => {
    const { live, state } = firstMinute('concurrency-burst');
    const connected = live.filter((call) => call.account === 11 && state(call) === 'Connected');
    expect(connected.length).toBeGreaterThan(30);
  });

  test('marathon-calls: calls that nobody hangs up for hours', () => {
    const { world, live } = firstMinute('marathon-calls');
    expect(live).toHaveLength(3);
    world.advanceTo(NIGHT + 7 * 3_600_000);
    const longest = world.calls().map((call) => durationSeconds(call.timeline, world.now));
    expect(longest.filter((seconds) => seconds > 6.9 * 3_600)).toHaveLength(3);
  });

  test('irsf-night: one caller floods high-risk countries', () => {
    const { live } = firstMinute('irsf-night');
    expect(live.length).toBeGreaterThan(15);
    expect(live.every((call) => call.account === 12 && isHighRisk(call.cld))).toBe(true);
    expect(new Set(live.map((call) => call.cli)).size).toBe(1);
    expect(new Set(live.map((call) => call.cld.slice(0, 3))).size).toBeGreaterThan(3);
  });

  test('wangiri: hundreds of mobiles rung once from high-risk numbers, none answered', () => {
    const { seen } = firstMinute('wangiri');
    expect(seen.length).toBeGreaterThan(150);
    for (const call of seen) {
      const { setupAt, connectedAt, disconnectingAt } = call.timeline;
      expect(isHighRisk(call.cli)).toBe(true);
      expect(connectedAt).toBe(Number.POSITIVE_INFINITY);
      expect(disconnectingAt - setupAt).toBeLessThanOrEqual(3_000);
    }
  });

  test('sequential-scan: one caller dials number after number', () => {
    const { seen } = firstMinute('sequential-scan');
    expect(seen.length).toBeGreaterThan(80);
    expect(new Set(seen.map((call) => call.cli)).size).toBe(1);
    const dialled = seen.map((call) => Number(call.cld.slice(-3)));
    dialled.slice(1).forEach((number, index) => {
      expect(number).toBe(((dialled[index] ?? 0) + 1) % 1_000);
    });
  });

  test('stuck-setups: calls stay in WaitRoute or ARComplete', () => {
    const { world, live, state } = firstMinute('stuck-setups');
    expect(live.length).toBeGreaterThan(4);
    world.advanceTo(NIGHT + 300_000);
    const stuck = world.calls().filter((call) => world.now - call.timeline.setupAt > 90_000);
    expect(stuck.length).toBeGreaterThan(15);
    expect([...new Set(stuck.map(state))].sort()).toEqual(['ARComplete', 'WaitRoute']);
  });
});

describe('a warm start violates the shipped limits at once, each by fewer than 20 calls', () => {
  const at = (name: ScenarioName, secondsLater: number) => {
    const world = new World({ seed: 1, startAt: NIGHT, scenarios: [name], warmStart: true });
    world.advanceTo(NIGHT + secondsLater * 1_000);
    return { world, calls: world.calls().filter((call) => isLive(stateAt(call.timeline, world.now))) };
  };

  test('more than 30 calls on account 11 within five seconds', () => {
    const { world, calls } = at('concurrency-burst', 5);
    const connected = calls.filter((call) => call.account === 11 && call.timeline.connectedAt <= world.now);
    expect(connected.length).toBeGreaterThan(30);
    expect(connected.length).toBeLessThan(50);
  });

  test('calls that are longer than four hours', () => {
    const { world, calls } = at('marathon-calls', 0);
    const long = calls.filter((call) => durationSeconds(call.timeline, world.now) > 14_400);
    expect(long.length).toBeGreaterThanOrEqual(3);
    expect(long.length).toBeLessThan(20);
  });

  test('calls to high-risk countries', () => {
    const { calls } = at('irsf-night', 0);
    const risky = calls.filter((call) => isHighRisk(call.cld));
    expect(risky.length).toBeGreaterThan(4);
    expect(risky.length).toBeLessThan(20);
  });

  test('setups that are older than four minutes', () => {
    const { world, calls } = at('stuck-setups', 0);
    const stuck = calls.filter(
      (call) => call.timeline.connectedAt > world.now && world.now - call.timeline.setupAt > 240_000,
    );
    expect(stuck.length).toBeGreaterThan(4);
    expect(stuck.length).toBeLessThan(20);
  });
});

describe('fraud that stays below plain limits shows its pattern within a quarter of an hour', () => {
  const quarter = (name: ScenarioName) => {
    const seen: SimulatedCall[] = [];
    const world = new World({
      seed: 3,
      startAt: NIGHT,
      scenarios: [name],
      traffic: 'none',
      journal: { arrived: (call) => seen.push(call), disconnected: () => undefined },
    });
    let most = 0;
    for (let at = NIGHT; at <= NIGHT + 15 * 60_000; at += 5_000) {
      world.advanceTo(at);
      most = Math.max(most, world.calls().filter((call) => isLive(stateAt(call.timeline, at))).length);
    }
    return { seen, most };
  };
  const talkSeconds = ({ timeline }: SimulatedCall) =>
    (timeline.disconnectingAt - timeline.connectedAt) / 1000;
  const distinct = (calls: readonly SimulatedCall[], of: (call: SimulatedCall) => unknown) =>
    new Set(calls.map(of)).size;

  test('night-international: an office calls dear countries of no list, never 31 calls at once', () => {
    const { seen, most } = quarter('night-international');
    expect(seen.length).toBeGreaterThan(40);
    expect(most).toBeLessThanOrEqual(30);
    expect(seen.some((call) => isHighRisk(call.cld))).toBe(false);
    expect(seen.every((call) => call.account === 101)).toBe(true);
  });

  test('wangiri-callback: many households ring back one small high-risk block', () => {
    const { seen } = quarter('wangiri-callback');
    expect(distinct(seen, (call) => call.account)).toBeGreaterThan(30);
    expect(distinct(seen, (call) => call.cld)).toBeLessThanOrEqual(10);
    expect(seen.every((call) => isHighRisk(call.cld))).toBe(true);
  });

  test('same-number-pumping: one account calls one number, never 31 calls at once', () => {
    const { seen, most } = quarter('same-number-pumping');
    expect(seen.length).toBeGreaterThan(150);
    expect(distinct(seen, (call) => call.cld)).toBe(1);
    expect(most).toBeLessThanOrEqual(30);
  });

  test('traffic-pumping: calls whose lengths differ by less than a second', () => {
    const { seen, most } = quarter('traffic-pumping');
    const lengths = seen.map(talkSeconds);
    expect(seen.length).toBeGreaterThan(200);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(1.01);
    expect(distinct(seen, (call) => call.cld)).toBeGreaterThan(150);
    expect(most).toBeLessThanOrEqual(30);
  });

  test('pbx-break-in: one office, many numbers in many countries', () => {
    const { seen, most } = quarter('pbx-break-in');
    expect(distinct(seen, (call) => call.cld.slice(0, 3))).toBeGreaterThan(5);
    expect(distinct(seen, (call) => call.cld)).toBe(seen.length);
    expect(most).toBeLessThanOrEqual(30);
  });

  test('short-duration-dialer: answered calls of a few seconds, hardly a number twice', () => {
    const { seen } = quarter('short-duration-dialer');
    const answered = seen.filter((call) => Number.isFinite(call.timeline.connectedAt));
    expect(answered.length).toBeGreaterThan(500);
    expect(Math.max(...answered.map(talkSeconds))).toBeLessThan(9.01);
    expect(distinct(seen, (call) => call.cld)).toBeGreaterThan(seen.length * 0.99);
  });
});

test('no simulated call shows a number that is protected as an emergency number', () => {
  const plans = [{}, { country: 'DE' }, { country: 'GB' }, { country: 'US' }];
  const protections = plans.map((plan) =>
    createProtectedNumbers([], createNumbering({ ...plan, techPrefixes: [] })),
  );
  for (const name of names) {
    const seen = [...firstMinute(name, true, 'benign').seen, ...firstMinute(name, true, 'week').seen];
    for (const call of seen) {
      expect(call.cli).toMatch(/^\d{7,15}$/);
      expect(call.cld).toMatch(/^\d{7,15}$/);
      for (const protection of protections) {
        expect(protection.match(call.cli)).toBeUndefined();
        expect(protection.match(call.cld)).toBeUndefined();
      }
    }
  }
});

test('benign traffic goes to no high-risk destination', () => {
  const { seen } = firstMinute('wangiri', true, 'benign');
  for (const call of seen) expect(isHighRisk(call.cld)).toBe(false);
});

describe('choosing scenarios', () => {
  test('benign is none of them, all is each of those that the demo shows, once', () => {
    expect(chooseScenarios([])).toEqual([]);
    expect(chooseScenarios(['benign'])).toEqual([]);
    expect(chooseScenarios(['all', 'wangiri'])).toEqual([
      'concurrency-burst',
      'marathon-calls',
      'irsf-night',
      'wangiri',
      'sequential-scan',
      'stuck-setups',
    ]);
    expect(chooseScenarios(['pbx-break-in', 'all'])).toHaveLength(7);
    expect(chooseScenarios(['wangiri', 'benign', 'irsf-night', 'wangiri'])).toEqual([
      'irsf-night',
      'wangiri',
    ]);
  });

  test('an unknown name is refused with all that are known', () => {
    expect(() => chooseScenarios(['irfs'])).toThrow('There is no scenario "irfs"');
    for (const { name, description } of SCENARIO_CHOICES) {
      expect(() => chooseScenarios(['irfs'])).toThrow(`${name}: ${description}`);
    }
  });
});
