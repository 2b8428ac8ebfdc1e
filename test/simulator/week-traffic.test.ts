import { describe, expect, test } from 'vitest';
import { createCarrier } from '../../src/simulator/carrier.js';
import type { SimulatedCall } from '../../src/simulator/simulated-call.js';
import { WEEK_PROFILES } from '../../src/simulator/week-profiles.js';
import { shareAt } from '../../src/simulator/week-traffic.js';
import { World } from '../../src/simulator/world.js';

const HOUR_MS = 3_600_000;
const MONDAY = Date.UTC(2026, 0, 5);
const SATURDAY = MONDAY + 120 * HOUR_MS;
const SUNDAY = SATURDAY + 24 * HOUR_MS;

/** Calls that were set up within the hours after an instant. */
function callsOf(from: number, hours: number, seed = 1): SimulatedCall[] {
  const calls: SimulatedCall[] = [];
  const world = new World({
    seed,
    startAt: from,
    traffic: 'week',
    journal: {
      arrived: (call) => call.direction !== 'onnet_in' && calls.push(call),
      disconnected: () => undefined,
    },
  });
  world.advanceTo(from + hours * HOUR_MS);
  return calls;
}

const madeBy = (calls: readonly SimulatedCall[], profile: string) =>
  calls.filter(({ origin }) => origin.kind === 'benign' && origin.profile === profile);

describe('an honest week', () => {
  test('has some ten thousand calls in a working hour and a tenth of it at night', () => {
    const busy = callsOf(MONDAY + 10 * HOUR_MS, 1).length;
    const night = callsOf(MONDAY + 3 * HOUR_MS, 1).length;
    expect(busy).toBeGreaterThan(8_000);
    expect(busy).toBeLessThan(12_000);
    expect(night).toBeGreaterThan(500);
    expect(night).toBeLessThan(busy / 8);
  });

  test('has a weekend: offices and the call centre rest, wholesale and households do not', () => {
    const busy = callsOf(MONDAY + 10 * HOUR_MS, 1);
    const sunday = callsOf(SUNDAY + 10 * HOUR_MS, 1);
    expect(madeBy(sunday, 'call centre')).toEqual([]);
    expect(madeBy(sunday, 'dialer with consent')).toEqual([]);
    expect(madeBy(sunday, 'office trunk').length).toBeLessThan(madeBy(busy, 'office trunk').length / 20);
    expect(madeBy(sunday, 'wholesale carrier').length).toBeGreaterThan(
      madeBy(busy, 'wholesale carrier').length / 2,
    );
    expect(madeBy(sunday, 'household').length).toBeGreaterThan(madeBy(busy, 'household').length);
    expect(madeBy(callsOf(SATURDAY + 10 * HOUR_MS, 1), 'call centre').length).toBeGreaterThan(100);
  });

  test('follows the local clock: New York begins when London is half through', () => {
    const newYork = WEEK_PROFILES.find(({ account }) => account === 12);
    const london = WEEK_PROFILES.find(({ account }) => account === 10);
    const share = (profile: typeof london, hour: number) =>
      profile === undefined ? undefined : shareAt(profile, MONDAY + hour * HOUR_MS);
    expect(share(london, 10)).toBe(1);
    expect(share(newYork, 10)).toBeLessThan(0.05);
    expect(share(newYork, 15)).toBe(1);
    // Friday evening there is Saturday morning in UTC.
    expect(share(newYork, 4 * 24 + 24 + 0)).toBe(0.25);
    expect(share(london, 4 * 24 + 24 + 0)).toBe(0.01);
  });

  test('has a dialer with consent: many short calls to many numbers, most of them unanswered', () => {
    const calls = madeBy(callsOf(MONDAY + 10 * HOUR_MS, 1), 'dialer with consent');
    const answered = calls.filter(({ timeline }) => Number.isFinite(timeline.connectedAt));
    expect(calls.length).toBeGreaterThan(2_000);
    expect(answered.length / calls.length).toBeGreaterThan(0.3);
    expect(answered.length / calls.length).toBeLessThan(0.4);
    expect(new Set(calls.map(({ cld }) => cld)).size).toBeGreaterThan(calls.length * 0.98);
  });

  test('has alarm panels: one number, equal lengths, by day and night', () => {
    const night = madeBy(callsOf(SUNDAY + 3 * HOUR_MS, 1), 'alarm panels');
    expect(night.length).toBeGreaterThan(30);
    expect(new Set(night.map(({ cld }) => cld)).size).toBe(1);
  });

  test('has accounts that are rung, or ring others, by blocks of neighbouring numbers', () => {
    const calls = callsOf(MONDAY + 10 * HOUR_MS, 1);
    expect(new Set(madeBy(calls, 'interconnect').map(({ cld }) => cld)).size).toBe(20);
    expect(new Set(madeBy(calls, 'call distributor').map(({ cld }) => cld)).size).toBe(20);
  });

  test("has subscribers who ring one number of the operator's, on-net", () => {
    const calls = madeBy(callsOf(MONDAY + 18 * HOUR_MS, 1), 'subscriber');
    expect(new Set(calls.map(({ cld }) => cld)).size).toBe(1);
    expect(new Set(calls.map(({ account }) => account)).size).toBeGreaterThan(40);
    expect(calls.length).toBeGreaterThan(200);
    expect(calls.every(({ direction }) => direction === 'onnet_out')).toBe(true);
  });

  test('is the same for the same seed, and another one for another', () => {
    const calls = (seed: number) =>
      callsOf(SUNDAY, 2, seed).map(({ cli, cld, timeline }) => [cli, cld, timeline]);
    expect(calls(4)).toEqual(calls(4));
    expect(calls(4)).not.toEqual(calls(5));
  });

  test('belongs to accounts of the carrier, each with one profile', () => {
    const carrier = createCarrier();
    const accounts = WEEK_PROFILES.map(({ account }) => account);
    expect(new Set(accounts).size).toBe(accounts.length);
    for (const { account, onnetShare, onnetAccount } of WEEK_PROFILES) {
      expect(carrier.ownerOf(account)).toBeDefined();
      if (onnetShare > 0) expect(accounts).toContain(onnetAccount);
    }
  });
});
