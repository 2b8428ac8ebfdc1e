import { describe, expect, it } from 'vitest';
import type { Caps } from '../src/domain/config.js';
import type { LedgerCall } from '../src/domain/ledger.js';
import type { Rule } from '../src/domain/rule.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { runPass } from '../src/pass.js';
import { runBacktest } from '../src/pass-backtest.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { openLedgerReader } from '../src/store/ledger-reader.js';
import { aBacktest, aRow, at, NUMBERING, polls, START } from './support/backtest.js';
import { aCall, aRule } from './support/calls.js';
import { fakeSwitch } from './support/fake-switch.js';
import { aPassContext } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

/** An account may have one connected call; the newest beyond it are cut. */
function cap(changes: Parameters<typeof aRule>[0] = {}): Rule {
  const { event, ...rest } = changes;
  return aRule({
    conditions: { all: [{ fact: 'account.connectedCalls', operator: 'greaterThan', value: 1 }] },
    event: { keep: 1, ...event },
    ...rest,
  });
}

function alerting(changes: Parameters<typeof aRule>[0] = {}): Rule {
  return cap({ name: 'alerting', hash: 'b', event: { type: 'alert' }, ...changes });
}

const twoCalls = [
  aRow({ id: '1' }),
  aRow({ id: '2', firstSeenAt: at(10), endedAt: at(70), lastSeenAt: at(65) }),
];

describe('where nobody watched', () => {
  const unwatched = async (seconds: readonly number[], until: number, failed: readonly number[] = []) => {
    const [poll] = polls(1);
    if (poll === undefined) throw new Error('no poll');
    const made = seconds.map((second) => {
      const result = failed.includes(second) ? ('failed' as const) : ('sound' as const);
      return { ...poll, at: at(second), result };
    });
    const result = await runBacktest(aBacktest({ rules: [], polls: made, until: at(until) }));
    return result.unwatched.map(({ from, to }) => [from, to].map((time) => (time - START) / 1000));
  };

  it('is told, at the beginning and the end of the span too, from more than two intervals on', async () => {
    expect(await unwatched([0, 5, 15, 20], 30)).toEqual([]);
    expect(await unwatched([0, 5, 16, 20], 31)).toEqual([
      [5, 16],
      [20, 31],
    ]);
    expect(await unwatched([11, 15], 20)).toEqual([[0, 11]]);
  });

  it('is where polls failed one after the other, and not where a single one did', async () => {
    expect(await unwatched([0, 5, 10], 10, [5])).toEqual([]);
    expect(await unwatched([0, 5, 10, 15], 15, [5, 10])).toEqual([[0, 15]]);
  });

  it('is nothing that lies before the span, and all of it where no poll was sound', async () => {
    const before = polls(2).map((poll) => ({ ...poll, at: poll.at - 60_000 }));
    const quiet = await runBacktest(aBacktest({ rules: [], polls: [...before, ...polls(3)], until: at(15) }));
    expect(quiet.unwatched).toEqual([]);
    expect(await unwatched([0, 5], 60, [0, 5])).toEqual([[0, 60]]);
  });
});

describe('what would have been cut', () => {
  it('is told with the minutes before, and those that the call really went on for', async () => {
    const {
      cut,
      calls,
      polls: count,
    } = await runBacktest(aBacktest({ rules: [cap()], calls: twoCalls, polls: polls(20) }));
    expect(cut).toEqual([
      expect.objectContaining({
        id: '2',
        rule: 'account-concurrent-calls',
        cutAt: at(10),
        minutesBefore: 0,
        minutesCut: 55 / 60,
      }),
    ]);
    expect([calls, count]).toEqual([2, 20]);
  });

  it('counts the minutes of a call without an end up to the last poll', async () => {
    const calls = [aRow({ id: '1' }), aRow({ id: '2', firstSeenAt: at(10) })];
    const { cut } = await runBacktest(aBacktest({ rules: [cap()], calls, polls: polls(20) }));
    expect(cut.map(({ minutesCut }) => minutesCut)).toEqual([85 / 60]);
  });

  it('counts no minute after the last poll, whatever the ledger has come to know since of how a call ended', async () => {
    const minutesAsOf = async (known: Partial<LedgerCall>) => {
      const calls = [aRow({ id: '1' }), aRow({ id: '2', firstSeenAt: at(10), ...known })];
      const { cut } = await runBacktest(aBacktest({ rules: [cap()], calls, polls: polls(20) }));
      return cut.map(({ minutesCut }) => minutesCut);
    };
    const whileLive = await minutesAsOf({});
    expect(await minutesAsOf({ endedAt: at(100), lastSeenAt: at(95) })).toEqual(whileLive);
    expect(await minutesAsOf({ endedAt: at(7200), lastSeenAt: at(7195) })).toEqual(whileLive);
  });

  it('is within the cap of a sliding hour, and what exceeds it is told by its reason', async () => {
    const calls = Array.from({ length: 5 }, (_, index) =>
      aRow({ id: String(index), firstSeenAt: at(index * 5) }),
    );
    const [poll] = polls(1);
    if (poll === undefined) throw new Error('no poll');
    const minutes = Array.from({ length: 62 }, (_, index) => ({ ...poll, at: at(20 + index * 60) }));
    const { cut, rules } = await runBacktest(
      aBacktest({
        rules: [cap()],
        calls,
        polls: [...polls(4), ...minutes],
        caps: { perPass: 50, perHour: 2, sharePerPass: 1 },
      }),
    );
    // At 3620 s the cuts of 5 s and 10 s are more than an hour old.
    expect(cut.map(({ id, cutAt }) => [id, cutAt])).toEqual([
      ['1', at(5)],
      ['2', at(10)],
      ['4', at(3620)],
      ['3', at(3620)],
    ]);
    // Both again and again, until there is room for one of them at a time.
    expect(rules[0]?.withheld).toEqual({ 'cap-per-hour': 2 });
  });

  it('tells of a tripped cap by an alert, not again while that is unchanged, as passes do', async () => {
    const calls = Array.from({ length: 5 }, (_, index) => aRow({ id: String(index) }));
    const alerts = async (caps: Partial<Caps>, rule: Partial<Rule> = {}) => {
      const some = { perPass: 50, perHour: 500, sharePerPass: 1, ...caps };
      const rules = [cap(rule)];
      const result = await runBacktest(aBacktest({ rules, calls, polls: polls(121), caps: some }));
      return [result.rules[0]?.actions, result.rules[0]?.alerts];
    };
    expect(await alerts({})).toEqual([4, 0]);
    // Four calls are withheld at each of 121 polls in ten minutes: told at once, after five minutes and after ten.
    expect(await alerts({ perHour: 0 })).toEqual([0, 3]);
    expect(await alerts({ perHour: 0 }, { cooldownMs: 60_000 })).toEqual([0, 11]);
    expect(await alerts({ perHour: 0 }, { cooldownMs: 1 })).toEqual([0, 121]);
    // Two caps trip one after the other.
    expect(await alerts({ perPass: 1, perHour: 2 })).toEqual([2, 3]);
  });

  it('leaves alone who was over only before --since, but knows the window before it', async () => {
    const started = aRule({
      conditions: {
        all: [{ fact: 'account.callsStarted', params: { within: 60 }, operator: 'greaterThan', value: 2 }],
      },
    });
    const calls = [0, 5, 40].map((second, index) =>
      aRow({ id: String(index), firstSeenAt: at(second), endedAt: at(second + 5) }),
    );
    const { cut, calls: count } = await runBacktest(
      aBacktest({ rules: [started], calls, polls: polls(20), since: at(40) }),
    );
    expect(cut.map(({ id, cutAt }) => [id, cutAt])).toEqual([['2', at(40)]]);
    expect(count).toBe(1);
  });

  it('cuts nothing at failed or doubtful polls, and counts them', async () => {
    const results = ['sound', 'sound', 'failed', 'suspect', 'sound'] as const;
    const { cut, missedPolls } = await runBacktest(
      aBacktest({
        rules: [cap()],
        calls: twoCalls,
        polls: polls(5).map((poll, index) => ({ ...poll, result: results[index] ?? 'sound' })),
      }),
    );
    expect(cut.map(({ cutAt }) => cutAt)).toEqual([at(20)]);
    expect(missedPolls).toBe(2);
  });

  it('is told with the vendors that a rule goes by and that no call was listed for', async () => {
    const rules = [
      aRule({ name: 'by-vendor', scope: 'vendor', only: { vendors: [3, 4] } }),
      cap({ name: 'but-vendor', except: { vendors: [5] } }),
      cap({ name: 'plain' }),
    ];
    const unseen = async (vendors: readonly number[]) => {
      const calls = [aRow({ id: '1', vendors })];
      const result = await runBacktest(aBacktest({ rules, calls, polls: polls(3) }));
      return result.rules.map((rule) => rule.unseenVendors);
    };
    expect(await unseen([])).toEqual([[5], [3, 4], []]);
    expect(await unseen([3, 5])).toEqual([[], [4], []]);
  });

  it('leaves calls that were really cut out of what counts ended calls', async () => {
    const ended = aRule({
      conditions: {
        all: [{ fact: 'account.callsEnded', params: { within: 600 }, operator: 'greaterThan', value: 0 }],
      },
      event: { type: 'alert' },
    });
    const alertsOf = async (cutAt: number | undefined) => {
      const calls = [aRow({ id: '1', endedAt: at(10), cutAt }), aRow({ id: '2' })];
      return (await runBacktest(aBacktest({ rules: [ended], calls, polls: polls(5) }))).rules[0]?.alerts;
    };
    expect([await alertsOf(undefined), await alertsOf(at(10))]).toEqual([1, 0]);
  });

  it('leaves calls that it cuts itself out of them too, however long the next listing takes to come', async () => {
    const ended = aRule({
      name: 'ended',
      hash: 'b',
      conditions: {
        all: [{ fact: 'account.callsEnded', params: { within: 600 }, operator: 'greaterThan', value: 0 }],
      },
      event: { type: 'alert' },
    });
    const calls = [aRow({ id: '1' }), aRow({ id: '2' }), aRow({ id: '3' })];
    for (const everyMs of [30_000, 35_000, 120_000]) {
      const some = polls(5).map((poll, index) => ({
        ...poll,
        at: START + index * everyMs,
        intervalMs: everyMs,
        // An outage is as long.
        result: index === 2 ? ('failed' as const) : poll.result,
      }));
      const options = aBacktest({ rules: [cap(), ended], calls, polls: some });
      for (const thorough of [false, true]) {
        const { cut, rules } = await runBacktest({ ...options, thorough });
        expect([cut.length, rules.map(({ alerts }) => alerts)]).toEqual([2, [0, 0]]);
      }
    }
  });

  it('does not forget, at a poll at which another rule has planned a cut, whom it has to look at later', async () => {
    const toAlert = aRule({
      name: 'later',
      hash: 'b',
      scope: 'call',
      conditions: { all: [{ fact: 'call.cld', operator: 'equal', value: '493023125001' }] },
      event: { type: 'alert' },
    });
    const whole = aRule({
      name: 'first',
      priority: 2,
      scope: 'call',
      conditions: { all: [{ fact: 'call.state', operator: 'equal', value: 'ARComplete' }] },
      event: { type: 'disconnectAccount' },
    });
    const ringing = { states: [{ state: 'ARComplete', at: START }], connectedAt: undefined, endedAt: at(5) };
    // The first poll is judged but does not act: the account's other call comes back at the next one.
    const { rules } = await runBacktest(
      aBacktest({
        rules: [whole, toAlert],
        calls: [aRow({ id: '1' }), aRow({ id: '2', ...ringing })],
        polls: polls(4),
        since: at(5),
      }),
    );
    expect(rules.map(({ rule, alerts }) => [rule, alerts])).toEqual([
      ['first', 0],
      ['later', 1],
    ]);
  });
});

describe('an exception that ended within the span', () => {
  const until = at(12);
  const location = { file: 'rules/test.yaml', line: 1, column: 1 };
  const expiring = [{ key: 'accounts' as const, entry: 10, until, because: 'a load test', location }];

  it('holds as it did then, and no longer, however quickly it is replayed', async () => {
    const rule = cap({ except: { expiring } });
    const calls = [
      aRow({ id: '1' }),
      aRow({ id: '2' }),
      aRow({ id: '3', account: 11 }),
      aRow({ id: '4', account: 11 }),
    ];
    const options = aBacktest({ rules: [rule, alerting()], calls, polls: polls(6) });
    for (const thorough of [false, true]) {
      const { cut } = await runBacktest({ ...options, thorough });
      expect(cut.map(({ id, cutAt }) => [id, cutAt])).toEqual([
        ['4', START],
        ['2', at(15)],
      ]);
    }
  });

  it('hides calls from windows no more once it has ended', async () => {
    const numbers = [
      { ...expiring[0], key: 'cld' as const, entry: '49', until, because: undefined, location },
    ];
    const started = cap({
      conditions: {
        all: [{ fact: 'account.callsStarted', params: { within: 600 }, operator: 'greaterThan', value: 1 }],
      },
      except: { expiring: numbers },
    });
    const calls = ['1', '2', '3'].map((id) => aRow({ id }));
    const options = aBacktest({ rules: [started], calls, polls: polls(6) });
    for (const thorough of [false, true]) {
      const { cut } = await runBacktest({ ...options, thorough });
      expect(cut.map(({ cutAt }) => cutAt)).toEqual([at(15), at(15)]);
    }
  });

  it('keeps a whole from taking its calls along no longer', async () => {
    const numbers = [
      { ...expiring[0], key: 'cld' as const, entry: '37', until: at(2), because: undefined, location },
    ];
    const whole = cap({ event: { type: 'disconnectAccount' }, except: { expiring: numbers } });
    const calls = [aRow({ id: '1' }), aRow({ id: '2' }), aRow({ id: '3', cld: '37112345678' })];
    const { cut, rules } = await runBacktest(
      aBacktest({ rules: [whole], calls, polls: polls(6), since: at(5) }),
    );
    expect([cut.length, rules[0]?.actions, rules[0]?.withheld]).toEqual([3, 1, {}]);
  });
});

describe('alerts', () => {
  const over = [aRow({ id: '1' }), aRow({ id: '2' })];

  it('are repeated after five minutes where the rule names no cooldown', async () => {
    const { rules } = await runBacktest(aBacktest({ rules: [alerting()], calls: over, polls: polls(121) }));
    expect(rules[0]?.alerts).toBe(3);
  });

  it('are repeated after the cooldown where it names one', async () => {
    const rule = alerting({ cooldownMs: 60_000 });
    const { rules } = await runBacktest(aBacktest({ rules: [rule], calls: over, polls: polls(121) }));
    expect(rules[0]?.alerts).toBe(11);
  });
});

describe('calls that were over when they were listed first', () => {
  /** One listed at 10 s and one at 20 s, of the same account; which talked for 4 seconds. */
  const brief = [10, 20].map((second, index) =>
    aRow({
      id: String(index + 2),
      firstSeenAt: at(second),
      setupAt: at(second - 4),
      connectedAt: at(second - 4),
      states: [{ state: 'Dead', at: at(second) }],
      lastDuration: 4,
      endedAt: at(second),
    }),
  );
  const counting = (name: string, least: number, params = {}) =>
    alerting({
      name,
      hash: name,
      conditions: {
        all: [
          {
            fact: `account.${name}`,
            params: { within: 60, ...params },
            operator: 'greaterThanInclusive',
            value: least,
          },
        ],
      },
      cooldownMs: 1,
    });

  it('count as begun and as ended at that poll, for whoever waits for either', async () => {
    const rules = [
      counting('callsEnded', 2),
      counting('callsStarted', 2),
      counting('equalDurations', 2, { tolerance: 0 }),
      counting('shortCalls', 2, { under: 10 }),
    ];
    // The last poll is the one that listed the second of them.
    const options = aBacktest({ rules, calls: brief, polls: polls(5) });
    const { rules: told, calls } = await runBacktest(options);
    expect(told.map(({ rule, alerts }) => [rule, alerts])).toEqual(rules.map(({ name }) => [name, 1]));
    expect(calls).toBe(2);
    const earlier = await runBacktest({ ...options, polls: polls(4) });
    expect(earlier.rules.map(({ alerts }) => alerts)).toEqual([0, 0, 0, 0]);
  });

  it('come to the same where another entry of the call goes on, however quickly it is replayed', async () => {
    const [first] = brief;
    if (first === undefined) throw new Error('no call');
    for (const second of [5, 10, 15]) {
      const goesOn = aRow({
        ...first,
        account: 11,
        leg: 1,
        firstSeenAt: at(second),
        lastSeenAt: at(35),
        states: [{ state: 'Connected', at: at(second) }],
        endedAt: at(40),
      });
      const calls = [first, goesOn].toSorted((one, other) => one.firstSeenAt - other.firstSeenAt);
      const rules = [counting('callsEnded', 1), counting('callsStarted', 1)];
      const options = aBacktest({ rules, calls, polls: polls(10) });
      const quick = await runBacktest(options);
      expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
      // It has begun by the time at which either was listed, and has ended at 40 s, and at 10 s where nothing went on then.
      expect(quick.rules.map(({ alerts }) => alerts)).toEqual(
        second === 15 ? [3, 8] : [2, second === 5 ? 9 : 8],
      );
    }
  });
});

it('cuts a held whole call by call', async () => {
  const whole = cap({ event: { type: 'disconnectAccount' }, except: { cld: ['112'] } });
  const calls = [aRow({ id: '1' }), aRow({ id: '2' }), aRow({ id: '3', cld: '112' })];
  const { cut, rules } = await runBacktest(aBacktest({ rules: [whole], calls, polls: polls(3) }));
  expect(cut.map(({ id }) => id).sort()).toEqual(['1', '2']);
  expect(rules[0]).toMatchObject({ actions: 2, withheld: { 'takes-excepted': 1 } });
});

it('knows which of the calls that it cuts were cut in earnest, too', async () => {
  const calls = twoCalls.map((row) => (row.id === '2' ? { ...row, cutAt: at(15), endedAt: at(15) } : row));
  const options = aBacktest({ rules: [cap()], calls, polls: polls(20) });
  const { cut, cutOtherwise } = await runBacktest(options);
  expect(cut.map(({ id, reallyCut }) => [id, reallyCut])).toEqual([['2', true]]);
  expect(cutOtherwise).toBe(0);
});

it('counts the calls that were cut in earnest and not by these rules, in the span alone', async () => {
  const late = cap({ forMs: 30_000 });
  const calls = twoCalls.map((row) => (row.id === '2' ? { ...row, cutAt: at(17), endedAt: at(20) } : row));
  const options = aBacktest({ rules: [late], calls, polls: polls(20) });
  expect(await runBacktest(options)).toMatchObject({ cut: [], cutOtherwise: 1 });
  expect(await runBacktest({ ...options, thorough: true })).toMatchObject({ cut: [], cutOtherwise: 1 });
  expect((await runBacktest({ ...options, since: at(25) })).cutOtherwise).toBe(0);
});

describe('a call that outlived its disconnect in earnest', () => {
  const talked = (value: number) =>
    aRule({
      name: `talked-${value}`,
      hash: String(value),
      conditions: {
        all: [{ fact: 'account.minutes', params: { within: 600 }, operator: 'greaterThan', value }],
      },
      event: { type: 'alert' },
    });
  const ended = aRule({
    name: 'ended',
    hash: 'ended',
    conditions: {
      all: [{ fact: 'account.callsEnded', params: { within: 600 }, operator: 'greaterThan', value: 0 }],
    },
    event: { type: 'alert' },
  });
  /** One call, found cut at 15 s. */
  const found = async (row: Partial<LedgerCall>, rules: readonly Rule[], thorough = false) => {
    const calls = [aRow({ id: '1', account: 11 }), aRow({ id: '2', cutAt: at(15), ...row })];
    return runBacktest(aBacktest({ rules, calls, polls: polls(20), thorough }));
  };

  it('was cut by nobody, and goes on', async () => {
    const lax = [cap({ forMs: 60_000 }), ended];
    const survived = await found({ lastSeenAt: at(65), endedAt: at(70) }, lax);
    expect([survived.cutOtherwise, survived.rules[1]?.alerts]).toEqual([0, 1]);
    expect((await found({}, lax)).cutOtherwise).toBe(0);
    // Listed a little longer, as a switch takes its time.
    const late = await found({ lastSeenAt: at(25), endedAt: at(30) }, lax);
    expect([late.cutOtherwise, late.rules[1]?.alerts]).toEqual([1, 0]);
    const wholeAccount = cap({
      conditions: { all: [{ fact: 'account.connectedCalls', operator: 'greaterThan', value: 0 }] },
      event: { keep: 0 },
      only: { accounts: [10] },
    });
    const { cut } = await found({ lastSeenAt: at(65), endedAt: at(70) }, [wholeAccount]);
    expect(cut).toMatchObject([{ id: '2', reallyCut: false, minutesCut: 65 / 60 }]);
  });

  it('talks for as long as listings show it, however quickly it is replayed', async () => {
    const of10 = (value: number) => ({ ...talked(value), only: { accounts: [10] } });
    for (const thorough of [false, true]) {
      const { rules } = await found(
        { lastSeenAt: at(40), endedAt: at(45) },
        [of10(0.65), of10(0.67)],
        thorough,
      );
      expect(rules.map(({ alerts }) => alerts)).toEqual([1, 0]);
    }
  });
});

describe('a call that a whole may have taken along', () => {
  const whole = aRule({
    name: 'whole',
    hash: 'whole',
    scope: 'customer',
    priority: 2,
    conditions: { all: [{ fact: 'customer.totalCalls', operator: 'greaterThan', value: 2 }] },
    event: { type: 'disconnectCustomer' },
  });
  /** Three of customer 2 from 10 s on; whose that of customer 4 is, nobody knows. */
  const calls = [
    aRow({ id: '9', customer: 4, account: 20, lastSeenAt: at(40), endedAt: at(45) }),
    ...['1', '2', '3'].map((id) => aRow({ id, firstSeenAt: at(10) })),
    aRow({ id: '5', customer: 4, account: 21, firstSeenAt: at(15) }),
  ];

  it('has not ended by itself for all that is known, and talks for as long as it is listed', async () => {
    const of20 = (name: string, value: number) =>
      aRule({
        name: `${name}-${value}`,
        hash: `${name}-${value}`,
        only: { accounts: [20] },
        conditions: {
          all: [{ fact: `account.${name}`, params: { within: 600 }, operator: 'greaterThan', value }],
        },
        event: { type: 'alert' },
      });
    const rules = [whole, of20('callsEnded', 0), of20('minutes', 0.65), of20('minutes', 0.67)];
    const options = aBacktest({ rules, calls, polls: polls(20) });
    for (const thorough of [false, true]) {
      const result = await runBacktest({ ...options, thorough });
      expect(result.cut.map(({ id }) => id)).toEqual(['1', '2', '3']);
      expect(result.rules.map(({ alerts }) => alerts)).toEqual([0, 0, 1, 0]);
    }
  });

  it('uses up the hourly cap', async () => {
    const another = cap({
      name: 'another',
      conditions: { all: [{ fact: 'account.totalCalls', operator: 'greaterThan', value: 0 }] },
      event: { keep: 0 },
      only: { accounts: [21] },
    });
    const cutWith = async (perHour: number) => {
      const caps = { perPass: 50, perHour, sharePerPass: 1 };
      const { cut } = await runBacktest(
        aBacktest({ rules: [whole, another], calls, polls: polls(20), caps }),
      );
      return cut.map(({ id }) => id);
    };
    expect(await cutWith(4)).toEqual(['1', '2', '3']);
    expect(await cutWith(5)).toEqual(['1', '2', '3', '5']);
  });
});

it('tells how far it has come after every poll, failed ones too', async () => {
  const shares: number[] = [];
  const some = polls(4).map((poll, index) => ({
    ...poll,
    result: index === 1 ? ('failed' as const) : poll.result,
  }));
  await runBacktest(aBacktest({ rules: [cap()], polls: some, onProgress: (share) => shares.push(share) }));
  expect(shares).toEqual([0.25, 0.5, 0.75, 1]);
});

it('cuts, replaying a ledger that passes have written, those whom the passes in monitor mode noted first', async () => {
  const { path, store, records } = tempStore();
  const never = new AbortController().signal;
  let now = START;
  const port = fakeSwitch([], () => now);
  const rule = cap({ mode: 'monitor' });
  const set = { rules: [rule], conditions: new Map(), lists: new Map(), limits: [], hash: '' };
  const compile = { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now };
  const context = aPassContext({
    port,
    store,
    clock: () => now,
    rules: compileRules(set, compile),
    numbering: NUMBERING,
  });
  const timetable = [
    { id: '1', from: 0, to: 100, account: 10 },
    { id: '2', from: 10, to: 60, account: 10 },
    { id: '3', from: 0, to: 40, account: 11 },
    { id: '4', from: 25, to: 90, account: 11 },
    { id: '5', from: 50, to: 90, account: 12 },
  ];
  for (let second = 0; second <= 100; second += 5) {
    now = at(second);
    port.calls = timetable
      .filter(({ from, to }) => from <= second && second < to)
      .map(({ id, from, account }) =>
        aCall({ id, account, duration: second - from, delay: 0, setupAt: at(from) }),
      );
    await runPass(context, {
      passId: `p${second}`,
      actor: 'scheduler',
      dryRun: false,
      stop: never,
      abort: never,
    });
  }
  const noted = records()
    .filter(({ outcome }) => outcome === 'monitored')
    .map(({ at: instant, target }) => [new Date(instant).getTime(), target]);
  const reader = openLedgerReader(path);
  const { cut } = await runBacktest(
    aBacktest({
      rules: [cap()],
      polls: reader.polls('lab', START, at(200)),
      calls: reader.calls('lab', START, at(200)),
    }),
  );
  reader.close();
  expect(noted).toEqual([
    [at(10), '2'],
    [at(25), '4'],
  ]);
  expect(cut.map(({ cutAt, id }) => [cutAt, id])).toEqual(noted);
});

it('counts the alerts of tripped caps that passes recorded', async () => {
  const { path, store, records } = tempStore();
  const never = new AbortController().signal;
  const rule = cap({ cooldownMs: 60_000 });
  let now = START;
  const port = fakeSwitch([], () => now);
  const set = { rules: [rule], conditions: new Map(), lists: new Map(), limits: [], hash: '' };
  const caps = { perPass: 50, perHour: 0, sharePerPass: 1 };
  const context = aPassContext({
    port,
    store,
    clock: () => now,
    rules: compileRules(set, { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now }),
    numbering: NUMBERING,
    caps,
  });
  for (let second = 0; second <= 150; second += 5) {
    now = at(second);
    port.calls = ['1', '2', '3'].map((id) => aCall({ id, duration: second, delay: 0, setupAt: START }));
    const stops = { stop: never, abort: never };
    await runPass(context, { passId: `p${second}`, actor: 'scheduler', dryRun: false, ...stops });
  }
  const alerts = records().filter(({ outcome }) => outcome === 'alerted');
  const reader = openLedgerReader(path);
  const parts = { polls: reader.polls('lab', START, at(200)), calls: reader.calls('lab', START, at(200)) };
  const { rules } = await runBacktest(aBacktest({ rules: [rule], ...parts, caps }));
  reader.close();
  expect(alerts.map(({ reason, target }) => [reason, target])).toEqual(
    Array(3).fill(['cap-per-hour', 'lab']),
  );
  expect(rules.map(({ alerts: count }) => count)).toEqual([3]);
});

describe('what is kept from poll to poll', () => {
  it('leaves the calls of a customer that a rule excepts out of those of its parent', async () => {
    const rule = alerting({
      scope: 'customer',
      conditions: {
        all: [
          { fact: 'customer.totalCalls', params: { recursive: true }, operator: 'greaterThan', value: 0 },
        ],
      },
      except: { customers: [2] },
    });
    const customerTree = new Map([[2, 1]]);
    const ofChild = aBacktest({ rules: [rule], calls: [aRow({ id: '1' })], polls: polls(3), customerTree });
    expect((await runBacktest(ofChild)).rules).toMatchObject([{ alerts: 0 }]);
    const calls = [aRow({ id: '1' }), aRow({ id: '2', customer: 1 })];
    const ofBoth = aBacktest({ rules: [rule], calls, polls: polls(3), customerTree });
    expect((await runBacktest(ofBoth)).rules).toMatchObject([{ alerts: 1 }]);
  });

  it('does not take a call for listed at a doubtful poll after it was cut', async () => {
    // Cut at 5 s, not shown at 45 s in doubt: up to 115 s the other one alone has talked, for 1.92 minutes.
    const talked = (value: number) =>
      alerting({
        name: `talked-${value}`,
        hash: String(value),
        conditions: {
          all: [{ fact: 'account.minutes', params: { within: 600 }, operator: 'greaterThan', value }],
        },
      });
    const rules = [cap(), talked(1.9), talked(1.95)];
    const calls = [aRow({ id: '1' }), aRow({ id: '2', firstSeenAt: at(5) })];
    const [first] = polls(1);
    if (first === undefined) throw new Error('no poll');
    const spans = [0, 5, 45, 85, 90, 95, 100, 105, 110, 115];
    const seen = spans.map((second) => ({
      ...first,
      at: at(second),
      result: second === 45 ? ('suspect' as const) : first.result,
    }));
    const options = aBacktest({ rules, calls, polls: seen });
    const quick = await runBacktest(options);
    expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
    expect(quick.rules.map(({ alerts }) => alerts)).toEqual([0, 1, 0]);
  });

  it('knows that a duration which is listed in whole seconds may be nearly one more', async () => {
    const [poll] = polls(1);
    if (poll === undefined) throw new Error('no poll');
    const uneven = [0, 7.5, 9.8, 14].map((second) => ({ ...poll, at: at(second) }));
    const long = cap({
      conditions: {
        all: [{ fact: 'account.longestDuration', operator: 'greaterThanInclusive', value: 7 }],
      },
      event: { keep: 0 },
    });
    const calls = [aRow({ id: '1', connectedAt: at(2.6), wholeSeconds: true })];
    const { cut } = await runBacktest(aBacktest({ rules: [long], calls, polls: uneven }));
    expect(cut.map(({ cutAt }) => cutAt)).toEqual([at(9.8)]);
  });

  it('does not take a call for gone because another one of its ID has been missing since before the rules were judged', async () => {
    const risky = aRule({
      scope: 'call',
      conditions: { all: [{ fact: 'call.cld', operator: 'equal', value: '493023125001' }] },
      event: { type: 'alert' },
    });
    const missing = aRow({ id: '3', callId: 'missing', absentAt: at(5) });
    const calls = [missing, aRow({ id: '3', callId: 'there' })];
    const options = aBacktest({ rules: [risky], calls, polls: polls(6), since: at(15) });
    const quick = await runBacktest(options);
    expect(quick.rules[0]?.alerts).toBe(1);
    expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
  });

  it('sees a call that ended in a gap come to be in doubt by time alone, once nothing else happens', async () => {
    const rules = [
      alerting({
        conditions: {
          all: [{ fact: 'account.callsEnded', params: { within: 60 }, operator: 'greaterThan', value: 3 }],
        },
      }),
    ];
    // Seen at 10 s and not at 45 s: from 70 s on it may have ended before the window began, at 105 s it surely has.
    const calls = [aRow({ id: '1' }), aRow({ id: '2', lastSeenAt: at(10), endedAt: at(45) })];
    const seen = polls(24).filter((poll) => poll.at <= at(10) || poll.at >= at(45));
    const options = aBacktest({ rules, calls, polls: seen });
    const quick = await runBacktest(options);
    expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
    expect(quick.rules).toMatchObject([{ indeterminatePolls: 7, alerts: 0 }]);
  });

  it('counts for sure no end of a call that was given up, and counts minutes up to its last listing', async () => {
    const ending = alerting({
      conditions: {
        all: [{ fact: 'account.callsEnded', params: { within: 60 }, operator: 'greaterThan', value: 0 }],
      },
    });
    const talking = alerting({
      ...{ name: 'talking', hash: 'c' },
      conditions: {
        all: [{ fact: 'account.minutes', params: { within: 60 }, operator: 'greaterThan', value: 0.5 }],
      },
    });
    const rulesOf = async (row: Partial<LedgerCall>) => {
      const calls = [aRow({ id: '2', lastSeenAt: at(30), endedAt: at(60), ...row })];
      const options = aBacktest({ rules: [ending, talking], calls, polls: polls(24) });
      const quick = await runBacktest(options);
      expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
      return quick.rules.map(({ alerts, indeterminatePolls }) => [alerts, indeterminatePolls]);
    };
    // What ended in a gap of listings of it may have ended before the window of the last polls began.
    expect(await rulesOf({})).toEqual([
      [1, 6],
      [0, 0],
    ]);
    const [givenUp] = await rulesOf({ absentAt: at(35) });
    expect(givenUp).toEqual([0, 12]);
  });

  it.each([
    ['shortCalls', { within: 30, under: 20 }, 4],
    ['callsEnded', { within: 30 }, 4],
    // Of what ended while nobody looked the length stays unknown for as long as it is in the window.
    ['equalDurations', { within: 30, tolerance: 2 }, 6],
  ] as const)(
    'cannot judge by %s for a while after a call that was held open, however far the rule is from its threshold',
    async (fact, params, unjudgedAfterGap) => {
      const rule = alerting({
        conditions: {
          all: [{ fact: `account.${fact}`, params: { ...params }, operator: 'greaterThan', value: 10 }],
        },
      });
      const times = { firstSeenAt: at(65), lastSeenAt: at(70), connectedAt: at(64) };
      for (const [ends, unjudged] of [
        [{ endedAt: at(90) }, unjudgedAfterGap],
        [{ absentAt: at(75), endedAt: at(150) }, 6],
      ] as const) {
        const calls = [aRow({ id: '1', ...times, ...ends })];
        const options = aBacktest({ rules: [rule], calls, polls: polls(40) });
        const quick = await runBacktest(options);
        expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
        expect(quick.rules).toMatchObject([{ indeterminatePolls: unjudged, alerts: 0 }]);
      }
    },
  );

  it.each([
    ['a week', {}, 7],
    ['a month', { history: 28 * 86_400 }, 28],
  ])(
    'tells of an account that is not known for %s at every poll until it is, and while it has calls',
    async (_, params, days) => {
      const rule = alerting({
        conditions: {
          all: [
            {
              fact: 'account.firstSeenCountry',
              params: { within: 30, ...params },
              operator: 'greaterThanInclusive',
              value: 1,
            },
          ],
        },
      });
      const [known, young] = [
        { account: 10, firstAt: at(60 - days * 86_400) },
        { account: 11, firstAt: at(86_400 - days * 86_400) },
      ];
      const calls = [aRow({ id: '1' }), aRow({ id: '2', firstSeenAt: at(40) })];
      const becomes = aBacktest({ rules: [rule], calls, polls: polls(40), accounts: [known], countries: [] });
      const first = await runBacktest(becomes);
      expect(first).toEqual(await runBacktest({ ...becomes, thorough: true }));
      expect(first.rules).toMatchObject([{ alerts: 0, indeterminatePolls: 12 }]);
      const ofYoung = calls.map((call) => ({ ...call, account: 11, endedAt: at(60), lastSeenAt: at(55) }));
      const goes = aBacktest({ rules: [rule], calls: ofYoung, polls: polls(40), accounts: [young] });
      const second = await runBacktest(goes);
      expect(second).toEqual(await runBacktest({ ...goes, thorough: true }));
      // Until its calls have left the window that it is there for.
      expect(second.rules).toMatchObject([{ alerts: 0, indeterminatePolls: 18 }]);
    },
  );

  it('knows that calls which another rule has planned to cut may be back without an event', async () => {
    const young = aRule({
      name: 'young',
      hash: 'c',
      scope: 'call',
      priority: 9,
      conditions: { all: [{ fact: 'call.duration', operator: 'lessThan', value: 20 }] },
      event: { type: 'disconnectCall' },
    });
    const many = alerting({
      priority: 1,
      conditions: { all: [{ fact: 'account.totalCalls', operator: 'greaterThan', value: 3 }] },
    });
    const old = aRow({ id: '0', setupAt: at(-60), connectedAt: at(-60) });
    const calls = [old, ...['1', '2', '3'].map((id) => aRow({ id }))];
    const caps = { perPass: 50, perHour: 0, sharePerPass: 1 };
    const options = aBacktest({ rules: [young, many], calls, polls: polls(10), caps });
    const quick = await runBacktest(options);
    expect(quick).toEqual(await runBacktest({ ...options, thorough: true }));
    expect(quick.rules.map(({ rule, alerts }) => [rule, alerts])).toEqual([
      // Of the cap that withheld its actions.
      ['young', 1],
      ['alerting', 1],
    ]);
  });
});
