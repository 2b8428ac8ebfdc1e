import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import type { AccountCallStats, AnswerTiming } from '../../src/domain/snapshot.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { accountsLacking, findDisagreement } from '../../src/gather/cross-check.js';
import { readCalls } from '../../src/gather/read-calls.js';
import { createRandom, type Random } from '../../src/simulator/random.js';
import { SCENARIO_CHOICES } from '../../src/simulator/scenarios.js';
import { startSimulator } from '../../src/simulator/start-simulator.js';
import { createSippySwitch } from '../../src/switch/sippy-switch.js';
import { calls, NOW } from '../support/calls.js';

const AT_ONCE: AnswerTiming = { requestedAt: NOW, receivedAt: NOW + 100, serverDate: undefined };

function statsOf(connected: Record<number, number>, timing: AnswerTiming = AT_ONCE): AccountCallStats {
  const accounts = Object.entries(connected).map(
    ([account, count]) => [Number(account), { total: count, connected: count }] as const,
  );
  return { accounts: new Map(accounts), suspect: undefined, timing };
}

/** Calls that are answered at once and last so long on average: as they are listed, and how many there are a `span` later. */
function steadyFlow(
  random: Random,
  { count, length, span }: { count: number; length: number; span: number },
) {
  const listed: Call[] = [];
  let counted = 0;
  for (let at = -12 * length; ; at += random.exponential(length / count)) {
    if (at > span) return { listed, counted };
    const endsAt = at + random.exponential(length);
    if (endsAt > span) counted += 1;
    if (at <= 0 && endsAt > 0) listed.push(...calls(1, { duration: -at }, listed.length + 1));
  }
}

function disagreement(
  listed: readonly Call[],
  stats: AccountCallStats,
  unplaced = 0,
  shownBefore: readonly number[] = [],
): string | undefined {
  return findDisagreement(listed, unplaced, AT_ONCE, stats, new Set(shownBefore));
}

describe('listing and statistics', () => {
  it('disagree where the listing lost half of the calls of an account', () => {
    expect(disagreement(calls(50), statsOf({ 10: 50 }))).toBeUndefined();
    expect(disagreement(calls(25), statsOf({ 10: 50 }))).toBe(
      'getAccountCallStats counts 50 connected calls of account 10 and the listing shows 25, in answers 0.1 s apart at most',
    );
  });

  it('disagree where the listing shows twice what the statistics count', () => {
    expect(disagreement(calls(50), statsOf({ 10: 25 }))).toContain('25 connected calls of account 10');
  });

  it('disagree where a little is missing of every account', () => {
    const accounts = Array.from({ length: 200 }, (_, index) => index + 1);
    const listed = accounts.flatMap((account) => calls(2, { account }, account * 10));
    const agreed = Object.fromEntries(accounts.map((account) => [account, 2]));
    expect(disagreement(listed, statsOf(agreed))).toBeUndefined();
    const more = Object.fromEntries(accounts.map((account) => [account, 3]));
    expect(disagreement(listed, statsOf(more))).toContain('600 connected calls and the listing shows 400');
  });

  it('agree where few calls are apart, whatever the account', () => {
    expect(disagreement(calls(1), statsOf({ 10: 5 }))).toBeUndefined();
    expect(disagreement(calls(1), statsOf({ 10: 7 }))).toBeDefined();
  });

  it('agree where calls in setup may have been answered in between', () => {
    const listed = [...calls(10), ...calls(15, { state: 'ARComplete', duration: 0 }, 100)];
    expect(disagreement(listed, statsOf({ 10: 25 }))).toBeUndefined();
    expect(disagreement(calls(10), statsOf({ 10: 25 }))).toBeDefined();
  });

  it('agree where listed calls were answered after the statistics', () => {
    const listed = [...calls(10), ...calls(15, { duration: 1 }, 100)];
    expect(disagreement(listed, statsOf({ 10: 10 }))).toBeUndefined();
    expect(disagreement([...calls(10), ...calls(15, {}, 100)], statsOf({ 10: 10 }))).toBeDefined();
  });

  it('agree over a longer time, in which more calls end', () => {
    const apart: AnswerTiming = { ...AT_ONCE, requestedAt: NOW - 10_000 };
    expect(disagreement(calls(100), statsOf({ 10: 70 }))).toBeDefined();
    expect(disagreement(calls(100), statsOf({ 10: 70 }, apart))).toBeUndefined();
  });

  it('agree however on-net calls are counted', () => {
    const listed = calls(40, { direction: 'onnet_out' });
    for (const counted of [20, 40, 80]) {
      expect(disagreement(listed, statsOf({ 10: counted })), `${counted}`).toBeUndefined();
    }
    expect(disagreement(calls(40), statsOf({ 10: 20 }))).toBeDefined();
  });

  it('do not compare accounts that only one of the two reports', () => {
    expect(disagreement(calls(50), statsOf({ 11: 50 }))).toBeUndefined();
    expect(disagreement(calls(50), statsOf({}))).toBeUndefined();
  });

  it('disagree where an account is missing that was listed before', () => {
    expect(disagreement(calls(20), statsOf({ 10: 20, 11: 50 }))).toBeUndefined();
    expect(disagreement(calls(20), statsOf({ 10: 20, 11: 50 }), 0, [11])).toContain(
      '50 connected calls of account 11 and the listing shows 0',
    );
    const gone = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [100 + index, 3]));
    const known = Object.keys(gone).map(Number);
    expect(disagreement(calls(20), statsOf({ 10: 20, ...gone }), 0, known)).toContain('290 connected calls');
  });

  it('agree where an account makes calls of seconds, beside others that talk for long', () => {
    for (const seed of [1, 2, 3]) {
      for (const [count, length, span] of [
        [200, 6, 0.3],
        [100, 10, 1],
        [500, 20, 1],
        [40, 5, 3],
      ] as const) {
        const random = createRandom(seed, `${count} ${length} ${span}`);
        for (let poll = 0; poll < 150; poll += 1) {
          const { listed, counted } = steadyFlow(random, { count, length, span });
          const apart: AnswerTiming = { ...AT_ONCE, requestedAt: NOW, receivedAt: NOW + span * 1000 };
          const all = [...listed, ...calls(300, { account: 20, duration: 1_800 }, 100_000)];
          const stats = statsOf({ 10: counted, 20: 300 }, apart);
          expect(findDisagreement(all, 0, apart, stats)).toBeUndefined();
        }
      }
    }
  });

  it('disagree where such an account lost half of its calls', () => {
    const listed = calls(100, { duration: 5 });
    expect(disagreement(listed, statsOf({ 10: 200 }))).toContain('200 connected calls of account 10');
  });

  it('are not put down to an hour by which the clock was set in between', () => {
    const leapt: AnswerTiming = { ...AT_ONCE, receivedAt: NOW + 3_600_000 };
    expect(disagreement(calls(5, { duration: 600 }), statsOf({ 10: 500 }, leapt))).toBeDefined();
  });

  it('agree where calls without a readable account or identity may be the missing ones', () => {
    const nobodys = calls(20, { account: undefined }, 100);
    expect(disagreement([...calls(10), ...nobodys], statsOf({ 10: 30 }))).toBeUndefined();
    expect(disagreement(calls(10), statsOf({ 10: 30 }), 20)).toBeUndefined();
    expect(disagreement(calls(10), statsOf({ 10: 30 }))).toBeDefined();
  });

  it('agree with themselves, whatever is listed', () => {
    const listing = fc.array(
      fc.record({
        account: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        state: fc.constantFrom('Connected', 'ARComplete', 'Idle', 'Dead', 'Odd'),
        duration: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
        direction: fc.constantFrom('vendor', 'onnet_in', undefined),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(listing, (entries) => {
        const listed = entries.map(
          (entry, index): Call => ({ ...(calls(1, {}, index + 1)[0] as Call), ...entry }),
        );
        const connected: Record<number, number> = {};
        for (const { account, state } of listed) {
          if (account !== undefined && state === 'Connected')
            connected[account] = (connected[account] ?? 0) + 1;
        }
        expect(disagreement(listed, statsOf(connected))).toBeUndefined();
      }),
    );
  });
});

describe('accounts that may lack calls', () => {
  const lacking = (listed: readonly Call[], stats: AccountCallStats, unplaced = 0) => [
    ...accountsLacking(listed, unplaced, AT_ONCE, stats),
  ];

  it('are those of which the statistics count a single connected call more than is explained', () => {
    expect(lacking(calls(3), statsOf({ 10: 3 }))).toEqual([]);
    expect(lacking(calls(3), statsOf({ 10: 4 }))).toEqual([10]);
    expect(lacking(calls(3), statsOf({ 10: 2 }))).toEqual([]);
    expect(lacking([], statsOf({ 10: 1, 11: 0 }))).toEqual([10]);
  });

  it('are not those whose calls may be in setup, on-net, or unreadable', () => {
    const inSetup = calls(1, { state: 'ARComplete', duration: 0 }, 9);
    expect(lacking([...calls(3), ...inSetup], statsOf({ 10: 4 }))).toEqual([]);
    expect(lacking([...calls(2), ...calls(1, { direction: 'onnet_in' }, 9)], statsOf({ 10: 4 }))).toEqual([]);
    expect(lacking(calls(3), statsOf({ 10: 4 }), 1)).toEqual([]);
  });

  it('are not those of which some calls begin and end at any time', () => {
    expect(lacking(calls(500, { duration: 5 }), statsOf({ 10: 510 }))).toEqual([]);
    expect(lacking(calls(500, { duration: 5 }), statsOf({ 10: 540 }))).toEqual([10]);
  });
});

describe('a busy switch', () => {
  it.each([
    ['in peace', 1, []],
    ['under every attack at once', 2, SCENARIO_CHOICES.map(({ name }) => name)],
  ])(
    '%s is never doubted, whichever answer comes first and up to three seconds late',
    async (_, seed, scenarios) => {
      let now = NOW;
      const clock = () => now;
      const simulator = await startSimulator({ seed, scenarios, warmStart: true, clock });
      onTestFinished(() => simulator.close());
      const login = { kind: 'digest', username: 'ops', password: 'x' } as const;
      const port = createSippySwitch({
        url: simulator.url,
        login,
        ca: undefined,
        timeoutMs: 10_000,
        concurrency: 2,
        clock,
      });
      onTestFinished(() => port.close());
      const numbering = createNumbering({ techPrefixes: [] });
      let compared = 0;
      for (let poll = 0; poll < 150; poll += 1) {
        const lateMs = (poll % 4) * 1000;
        const first = poll % 2 === 0 ? await port.getAccountCallStats() : undefined;
        now += lateMs / 2;
        const listing = await port.listAllCalls({});
        now += lateMs / 2;
        const stats = first ?? (await port.getAccountCallStats());
        const listed = readCalls(listing.calls, numbering, listing.timing);
        // Answers come at once here; without the time that lies between them nothing would be explained.
        const timing = { ...listing.timing, requestedAt: now - lateMs, receivedAt: now };
        expect(findDisagreement(listed, 0, timing, stats)).toBeUndefined();
        compared += stats.accounts.size;
        now += 5_000 - lateMs;
      }
      expect(compared).toBeGreaterThanOrEqual(300);
    },
  );
});
