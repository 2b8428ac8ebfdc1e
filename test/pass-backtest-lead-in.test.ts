import { describe, expect, it } from 'vitest';
import type { LedgerPoll } from '../src/domain/ledger.js';
import type { Rule } from '../src/domain/rule.js';
import { type BacktestOptions, runBacktest } from '../src/pass-backtest.js';
import { actingFrom } from '../src/pass-backtest-lead-in.js';
import { aBacktest, aRow, at, LOGIN, polls, START } from './support/backtest.js';
import { aRule } from './support/calls.js';

const HOUR = 3_600_000;

/** An account may have one connected call; the newest beyond it are cut. */
function cap(changes: Parameters<typeof aRule>[0] = {}): Rule {
  return aRule({
    conditions: { all: [{ fact: 'account.connectedCalls', operator: 'greaterThan', value: 1 }] },
    event: { keep: 1 },
    ...changes,
  });
}

const alerting = (changes: Parameters<typeof aRule>[0]) =>
  cap({ name: 'alerting', hash: 'b', event: { type: 'alert' }, ...changes });

/** Every so many seconds, from START on. */
function pollsEvery(seconds: number, count: number, from = 0): LedgerPoll[] {
  return polls(count).map((poll, index) => ({
    ...poll,
    at: at(from + index * seconds),
    intervalMs: seconds * 1000,
  }));
}

/** As the command does it. */
function replayed(
  rules: readonly Rule[],
  { since = START, ...parts }: Partial<Omit<BacktestOptions, 'rules'>>,
) {
  return runBacktest(aBacktest({ rules, since, actsFrom: actingFrom(rules, since), ...parts }));
}

describe('where rules begin to act', () => {
  it('is an hour before the span at least, as the cap per hour looks back so far, at a full hour', () => {
    expect(actingFrom([cap()], START)).toBe(START - HOUR);
    expect(actingFrom([cap({ cooldownMs: 60_000 })], START + 1)).toBe(START - HOUR);
    expect(actingFrom([], START + HOUR - 1)).toBe(START - HOUR);
  });

  it('is as far before as cooldown and escalate reach, and a day at most', () => {
    const climbs = cap({ escalate: [{ after: 2, withinMs: 5 * HOUR, event: cap().event }] });
    expect(actingFrom([cap({ cooldownMs: 3 * HOUR }), climbs], START)).toBe(START - 5 * HOUR);
    expect(actingFrom([cap({ cooldownMs: 30 * 24 * HOUR })], START)).toBe(START - 24 * HOUR);
  });

  it('does not go by rules that are off', () => {
    expect(actingFrom([cap({ mode: 'off', cooldownMs: 5 * HOUR })], START)).toBe(START - HOUR);
  });
});

describe('what rules did before the span', () => {
  const three = ['1', '2', '3'].map((id) => aRow({ id }));

  it('holds them back by their cooldown', async () => {
    const rules = [alerting({ cooldownMs: 120_000 })];
    const alerts = async (since: number, actsFrom?: number) => {
      const parts = {
        calls: three,
        polls: polls(40),
        since,
        ...(actsFrom === undefined ? {} : { actsFrom }),
      };
      return (await replayed(rules, parts)).rules[0]?.alerts;
    };
    // At 0 s and at 120 s.
    expect([await alerts(START), await alerts(at(60)), await alerts(at(125))]).toEqual([2, 1, 0]);
    // At 60 s and at 180 s, had nothing been done before.
    expect(await alerts(at(60), at(60))).toBe(2);
  });

  it('makes them climb', async () => {
    const escalate = [{ after: 2, withinMs: 300_000, event: aRule({ event: { keep: 1 } }).event }];
    const { rules, cut } = await replayed([alerting({ cooldownMs: 5_000, escalate })], {
      calls: three,
      polls: polls(10),
      since: at(10),
    });
    expect(rules).toMatchObject([{ alerts: 0, actions: 2 }]);
    expect(cut.map(({ id, cutAt }) => [id, cutAt])).toEqual([
      ['3', at(10)],
      ['2', at(10)],
    ]);
  });

  it('is used up of the cap per hour, and no cap of then is told as tripped in the span', async () => {
    const calls = [0, 5, 10, 15].map((second) => aRow({ id: String(second), firstSeenAt: at(second) }));
    const caps = { perPass: 50, perHour: 2, sharePerPass: 1 };
    const { cut, rules, leadIn } = await replayed([cap()], { calls, polls: polls(40), caps, since: at(20) });
    expect([cut, leadIn.callsCut]).toEqual([[], 2]);
    // Withheld and told at 15 s first, not again for five minutes.
    expect(rules).toMatchObject([{ actions: 0, alerts: 0, withheld: { 'cap-per-hour': 1 } }]);
  });

  it('ends calls, which are on the switch in the span for all that is counted, and nowhere else', async () => {
    const goesOn = aRow({ id: '2', firstSeenAt: at(5), endedAt: at(60), lastSeenAt: at(55) });
    const endsBefore = aRow({ id: '3', firstSeenAt: at(5), endedAt: at(15), lastSeenAt: at(10) });
    const reallyCut = aRow({
      id: '4',
      firstSeenAt: at(5),
      cutAt: at(40),
      endedAt: at(40),
      lastSeenAt: at(35),
    });
    const parts = {
      calls: [aRow({ id: '1' }), goesOn, endsBefore, reallyCut],
      polls: polls(20),
      since: at(20),
    };
    for (const thorough of [false, true]) {
      const result = await replayed([cap()], { ...parts, thorough });
      expect(result).toMatchObject({
        calls: 3,
        polls: 16,
        cut: [],
        cutOtherwise: 0,
        rules: [{ actions: 0 }],
      });
      expect(result.leadIn).toMatchObject({ callsCut: 2 });
    }
    expect(await replayed([], parts)).toMatchObject({ calls: 3, cutOtherwise: 1, leadIn: { callsCut: 0 } });
  });

  it('counts both entries of an on-net call that it cut', async () => {
    const [rowOut, rowIn] = [
      aRow({ id: '1', callId: 'pair', direction: 'onnet_out' }),
      aRow({ id: '2', callId: 'pair', direction: 'onnet_in', account: 20 }),
    ];
    const all = cap({ event: { keep: 0 }, only: { accounts: [10] } });
    const parts = { calls: [rowOut, rowIn, aRow({ id: '3' })], polls: polls(10), since: at(20) };
    expect(await replayed([all], parts)).toMatchObject({ calls: 3, leadIn: { callsCut: 3 } });
  });

  it('is the same wherever in an hour the span begins, though much had been done before', async () => {
    const rules = [alerting({ cooldownMs: 7 * 60_000 })];
    const parts = { calls: three, polls: pollsEvery(60, 240) };
    const minutes = async (since: number, actsFrom = actingFrom(rules, since)) => {
      const spans = [at(9600), at(9900), at(10_200), at(10_500)].map((until) =>
        replayed(rules, { ...parts, polls: parts.polls.filter((poll) => poll.at < until), since, actsFrom }),
      );
      const alerts = (await Promise.all(spans)).map((result) => result.rules[0]?.alerts ?? 0);
      return alerts.slice(1).map((count, index) => count - (alerts[index] ?? 0));
    };
    const [early, late] = [at(7260), at(9120)];
    expect(await minutes(late)).toEqual(await minutes(early));
    expect(await minutes(late, late)).not.toEqual(await minutes(early, early));
  });
});

describe('what reaches back further than the lead-in', () => {
  const two = ['1', '2'].map((id) => aRow({ id }));
  const long = pollsEvery(60, 200, -7200);
  const month = 30 * 24 * HOUR;

  it('is nothing where the ledger holds an hour before, and cooldowns are short', async () => {
    const { leadIn } = await replayed([cap({ cooldownMs: 60_000 })], { calls: two, polls: long });
    expect(leadIn).toEqual({
      ...{ from: START - HOUR, isAllThatIsKnown: false, callsCut: 0 },
      ...{ reachingFurther: [], capReachesFurther: false },
    });
  });

  it('are longer cooldowns, of rules that wanted to act', async () => {
    const slow = [
      cap({ cooldownMs: month }),
      cap({ name: 'idle', hash: 'c', cooldownMs: month, only: { accounts: [99] } }),
    ];
    const { leadIn } = await replayed(slow, { calls: two, polls: long, actsFrom: START - HOUR });
    expect(leadIn.reachingFurther).toEqual([{ rule: 'account-concurrent-calls', reachMs: month }]);
    expect(leadIn.isAllThatIsKnown).toBe(false);
  });

  it('is what reaches back to before the ledger, while it does', async () => {
    const rules = [cap({ cooldownMs: 60_000 })];
    const short = async (since: number, calls = two) => {
      const { leadIn } = await replayed(rules, { calls, polls: pollsEvery(5, 1000), since });
      return [leadIn.from, leadIn.isAllThatIsKnown, leadIn.reachingFurther.length, leadIn.capReachesFurther];
    };
    expect(await short(at(30))).toEqual([START, true, 1, true]);
    // A minute after its beginning the cooldown reaches no further, after an hour the cap does not either.
    expect(await short(at(60))).toEqual([START, true, 0, true]);
    expect(await short(at(3600))).toEqual([START, false, 0, false]);
    // Where nothing was to be done nothing would have been held back.
    expect(await short(at(30), two.slice(1))).toEqual([START, true, 0, false]);
  });

  it('is also what reaches back to where calls have been pruned', async () => {
    const prunedUntil = [{ login: LOGIN, at: START - 60_000 }];
    const { leadIn } = await replayed([cap()], { calls: two, polls: long, prunedUntil });
    expect(leadIn).toMatchObject({ from: START - 60_000, isAllThatIsKnown: true, capReachesFurther: true });
  });
});
