import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import type { FactParams } from '../../src/domain/facts.js';
import { EMPTY, INTERVAL_MS, NUMBERING, newHistory, START, world } from './history-support.js';
import { call, vendorsOf } from './support.js';

const DAY_MS = 86_400_000;
const account10 = { scope: 'account', id: '10' } as const;
const lab = { scope: 'switch', id: 'lab' } as const;
const identity = (id: string) => ({ id, callId: `c${id}`, setupTimeText: undefined });
const talk = (id: string, fields: Partial<Call> = {}) =>
  call({ ...identity(id), duration: 0, delay: 0, age: 0, ...fields });
const dialled = (id: string, cld: string | undefined, fields: Partial<Call> = {}) =>
  talk(id, { cld, cldNumber: cld, ...fields });

function ask(
  shown: ReturnType<typeof world>,
  name: string,
  params: FactParams,
  options: Parameters<typeof shown.facts>[0] = {},
) {
  return shown.facts(options).observe(account10, `account.${name}`, params);
}

describe('a window', () => {
  it('is open at its beginning and closed at its end', () => {
    const shown = world();
    shown.poll(0, [talk('1', { setupAt: START - 30_000 }), talk('2', { setupAt: START - 29_999 })]);
    expect(ask(shown, 'callsStarted', { within: 30 })).toMatchObject({ value: 1, counted: [{ id: '2' }] });
    expect(ask(shown, 'callsStarted', { within: 31 })).toMatchObject({ value: 2 });
  });

  it('counts a call without SETUP_TIME from its first sight, and none as later than that', () => {
    const shown = world();
    shown.poll(0, [talk('1'), talk('2', { setupAt: START + 400 })]);
    expect(ask(shown, 'callsStarted', { within: 1 })).toMatchObject({ value: 2, atLeast: false });
  });

  it('counts no call as started that is listed as hours old, though SETUP_TIME does not say so', () => {
    const shown = world();
    const hoursOld = { duration: 7200, delay: 3, age: 7203 };
    shown.poll(0, [talk('1', hoursOld), talk('2', { age: 20 }), talk('3', { setupAt: START - 10_000 })]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 2, atLeast: false });
    // Nor after ten minutes in which nobody looked, nor where the listing before had left it out.
    shown.poll(600, [talk('4', { ...hoursOld, age: 30 }), talk('5', hoursOld)]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 1, counted: [{ id: '4' }] });
    shown.poll(605, [talk('4', { age: 35 }), talk('5', hoursOld), talk('6', hoursOld)]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 1, atLeast: false });
    const ringing = { state: 'ARComplete', duration: undefined, delay: 400, age: undefined };
    const noDelay = { duration: 300, delay: undefined, age: undefined };
    shown.poll(610, [talk('4', { age: 40 }), talk('7', ringing), talk('8', noDelay)]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 1, atLeast: false });
  });

  it.each(['distinctCld', 'repeatedCld', 'distinctMediaIps', 'callsStarted'])(
    'does not know of %s whether a call counts that lists no time, where nobody had looked before',
    (name) => {
      const shown = world();
      const timeless = { duration: undefined, delay: undefined, age: undefined };
      shown.poll(0, [talk('1', timeless)]);
      expect(ask(shown, name, { within: 60 })).toMatchObject({ value: 0, atLeast: true, counted: [] });
      // From then on it is known that a new call was not there before.
      shown.poll(10, [talk('1', timeless), talk('2', timeless)]);
      expect(ask(shown, name, { within: 60 })).toMatchObject({ value: 1, atLeast: true });
      expect(ask(shown, name, { within: 9 })).toMatchObject({ value: 1, atLeast: false });
      shown.poll(15, [talk('1', { duration: undefined, delay: undefined, age: 5000 }), talk('2', timeless)]);
      expect(ask(shown, name, { within: 60 })).toMatchObject({ value: 1, atLeast: false });
    },
  );

  it('has no facts where there is no ledger', () => {
    const other = world();
    other.poll(0, [talk('1')]);
    expect(ask(other, 'callsStarted', { within: 60 }, { history: newHistory() })).toEqual({
      known: false,
      reason: 'no-history',
    });
  });

  it('gives subjects that had calls in it and have none now, and whose they were', () => {
    const shown = world();
    shown.poll(0, [talk('1')]);
    shown.poll(5, []);
    expect(shown.facts().subjects('account')).toEqual([account10]);
    expect(shown.facts().widen(account10, 'customer')).toEqual({ scope: 'customer', id: '2' });
    expect(shown.facts({ windowMs: 0 }).subjects('account')).toEqual([]);
    shown.poll(700, []);
    expect(shown.facts().subjects('account')).toEqual([]);
  });

  it('gives vendors the calls that their listings ever showed', () => {
    const shown = world();
    const one = talk('1');
    shown.poll(0, [one], { vendors: vendorsOf([3, [one]]) });
    shown.poll(5, [], { vendors: vendorsOf([3, []]) });
    const vendor = { scope: 'vendor', id: '3' } as const;
    expect(shown.facts().observe(vendor, 'vendor.callsEnded', { within: 60 })).toMatchObject({ value: 1 });
    expect(shown.history.vendorsOf(one)).toEqual([3]);
  });
});

describe('what was cut by us', () => {
  it('is no outcome, but was started and has talked', () => {
    const shown = world();
    const [cut, natural] = [talk('1'), talk('2')];
    shown.poll(0, [cut, natural]);
    shown.poll(60, [talk('1', { duration: 60 }), talk('2', { duration: 60 })]);
    shown.poll(65, [], { cuts: [cut] });
    const within = { within: 600 };
    expect(ask(shown, 'callsStarted', within)).toMatchObject({ value: 2 });
    expect(ask(shown, 'minutes', within)).toMatchObject({ value: 2 });
    expect(ask(shown, 'callsEnded', within)).toMatchObject({ value: 1 });
    expect(ask(shown, 'shortCalls', { ...within, under: 90 })).toMatchObject({ value: 1 });
    expect(ask(shown, 'equalDurations', { ...within, tolerance: 1 })).toMatchObject({ value: 1 });
    expect(ask(shown, 'answerRatio', { ...within, min: 2 })).toEqual({
      known: false,
      reason: 'too-few-samples',
    });
    expect(ask(shown, 'averageEndedDuration', { ...within, min: 1 })).toMatchObject({ value: 60 });
  });

  it('counts as started although it is planned to be cut, and is in no pool any more', () => {
    const shown = world();
    shown.poll(0, [talk('1'), talk('2')]);
    const options = { admits: (one: Call) => one.id !== '1', filter: 'none' } as const;
    expect(ask(shown, 'callsStarted', { within: 60 }, options)).toMatchObject({
      value: 2,
      counted: [{ id: '2' }],
    });
  });
});

describe('definitions', () => {
  it('count as short only what was surely shorter', () => {
    const shown = world();
    // Answered 2 s ago; the first listing without it comes 5 s later: it lasted between 2 and 7 s.
    shown.poll(0, [talk('1', { duration: 2 })]);
    shown.poll(5, []);
    // Whole seconds may be cut off: then it may have been up to a second longer.
    expect(ask(shown, 'shortCalls', { within: 60, under: 7.999 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 8 })).toMatchObject({ value: 1 });
  });

  it('know the length of a call better where the switch lists fractions of seconds', () => {
    const shown = world();
    shown.poll(0, [talk('1', { duration: 0 }), talk('2', { duration: 2.25 })]);
    shown.poll(5, [talk('1', { duration: 5.5 })]);
    expect(ask(shown, 'shortCalls', { within: 60, under: 7.25 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 7.251 })).toMatchObject({ value: 1 });
    shown.poll(10, []);
    expect(ask(shown, 'shortCalls', { within: 60, under: 10 })).toMatchObject({ value: 1 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 10.001 })).toMatchObject({ value: 2 });
  });

  it.each([
    ['taken where it is listed', 63.5, 63.5],
    ['not taken from a 0', 0, 60],
    ['not taken where it is less than was seen', 12, 60],
    ['taken where it is the same but for rounding', 59.5, 59.5],
  ])('the final DURATION of a call that is over is %s', (_, final, length) => {
    for (const state of ['Disconnecting', 'Dead']) {
      const shown = world();
      shown.poll(0, [talk('1', { duration: 55 })]);
      shown.poll(5, [talk('1', { duration: 60 })]);
      shown.poll(10, [talk('1', { state, duration: final })]);
      expect(ask(shown, 'averageEndedDuration', { within: 60 })).toMatchObject({ value: length });
      shown.poll(15, [talk('1', { state, duration: final + 5 })]);
      expect(ask(shown, 'averageEndedDuration', { within: 60 })).toMatchObject({ value: length });
    }
  });

  it('count only the minutes inside the window, from the answer to the last sight', () => {
    const shown = world();
    shown.poll(0, [talk('1', { duration: 300 }), talk('2', { state: 'ARComplete' })]);
    shown.poll(5, [talk('1', { duration: 305 })]);
    expect(ask(shown, 'minutes', { within: 60 })).toMatchObject({ value: 1, counted: [{ id: '1' }] });
    expect(ask(shown, 'minutes', { within: 600 })).toMatchObject({ value: 305 / 60 });
    shown.poll(10, []);
    expect(ask(shown, 'minutes', { within: 60 })).toMatchObject({ value: 55 / 60, counted: [] });
    expect(ask(shown, 'minutes', { within: 600 })).toMatchObject({ value: 305 / 60 });
  });

  it('begin the minutes of today anew at midnight', () => {
    const shown = world();
    // START is 10:00 in UTC, so midnight in Kyiv is 12 hours and in Auckland one hour away.
    shown.poll(0, [talk('1', { duration: 600 })]);
    expect(ask(shown, 'minutesToday', { timezone: 'Pacific/Auckland' })).toMatchObject({ value: 10 });
    shown.poll(3600, [talk('1', { duration: 4200 })]);
    expect(ask(shown, 'minutesToday', { timezone: 'Pacific/Auckland' })).toMatchObject({ value: 0 });
    shown.poll(3660, [talk('1', { duration: 4260 })]);
    expect(ask(shown, 'minutesToday', { timezone: 'Pacific/Auckland' })).toMatchObject({ value: 1 });
    expect(ask(shown, 'minutesToday', { timezone: 'Europe/Kyiv' })).toMatchObject({ value: 71 });
    expect(ask(shown, 'minutesToday', {})).toMatchObject({ value: 71 });
  });

  it('find the longest run of consecutive numbers, in any order, of one length', () => {
    const shown = world();
    const numbers = ['4930102', '4930100', '4930101', '4930101', '4930103', '4930200', '9999999', '10000000'];
    shown.poll(0, [...numbers.map((cld, at) => dialled(String(at), cld)), dialled('x', 'alice')]);
    const observed = ask(shown, 'sequentialCld', { within: 60 });
    expect(observed).toMatchObject({ value: 4, atLeast: false });
    expect(observed.known && observed.counted?.map(({ id }) => id)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('keep numbers of fifteen digits apart', () => {
    const shown = world();
    shown.poll(0, [dialled('1', '999999999999998'), dialled('2', '999999999999999'), dialled('3', '888')]);
    expect(ask(shown, 'sequentialCld', { within: 60 })).toMatchObject({ value: 2 });
  });

  it('count the most calls to one number, and take those for its pool', () => {
    const shown = world();
    shown.poll(0, [dialled('1', '4930100'), dialled('2', '4930100'), dialled('3', '4930101')]);
    expect(ask(shown, 'repeatedCld', { within: 60 })).toMatchObject({
      value: 2,
      counted: [{ id: '1' }, { id: '2' }],
    });
  });

  it('give the calls to every number, or run of numbers, that comes to so much', () => {
    const shown = world();
    const often = ['4930100', '4930100', '4930100', '4420555', '4420555', '33155'];
    shown.poll(0, [...often.map((cld, at) => dialled(String(at), cld)), dialled('x', undefined)]);
    shown.poll(
      5,
      often.slice(1).map((cld, at) => dialled(String(at + 1), cld)),
    );
    const most = ask(shown, 'repeatedCld', { within: 60 });
    const callsOver = (over: number) =>
      most.known && most.byNumber?.countedWhere((value) => value > over).map(({ id }) => id);
    expect(most).toMatchObject({ value: 3, counted: [{ id: '1' }, { id: '2' }] });
    expect([0, 1, 2, 3].map(callsOver)).toEqual([
      ['1', '2', '3', '4', '5'],
      ['1', '2', '3', '4'],
      ['1', '2'],
      [],
    ]);

    const runs = world();
    const numbers = ['4930100', '4930101', '4930102', '4420555', '4420556', '4420556', '33155', 'alice'];
    runs.poll(
      0,
      numbers.map((cld, at) => dialled(String(at), cld)),
    );
    const longest = ask(runs, 'sequentialCld', { within: 60 });
    const inRunsOver = (over: number) =>
      longest.known && longest.byNumber?.countedWhere((value) => value > over).map(({ id }) => id);
    expect(longest).toMatchObject({ value: 3 });
    expect([0, 1, 2, 3].map(inRunsOver)).toEqual([
      ['0', '1', '2', '3', '4', '5', '6'],
      ['0', '1', '2', '3', '4', '5'],
      ['0', '1', '2'],
      [],
    ]);
  });

  it('tell calls apart by no value where they are not the most of one, or have ended', () => {
    const shown = world();
    shown.poll(0, [talk('1'), talk('2')]);
    for (const [name, params] of [
      ['callsStarted', {}],
      ['distinctCld', {}],
      ['equalDurations', { tolerance: 5 }],
    ] as const)
      expect(ask(shown, name, { within: 60, ...params }), name).not.toHaveProperty('byNumber');
  });

  it('are lower bounds where numbers are missing', () => {
    const shown = world();
    shown.poll(0, [dialled('1', '4930100'), dialled('2', undefined)]);
    for (const name of ['distinctCld', 'sequentialCld', 'repeatedCld', 'distinctCountries', 'callerIsCalled'])
      expect(ask(shown, name, { within: 60 }), name).toMatchObject({ atLeast: true });
    expect(ask(shown, 'callsStarted', { within: 60, to: ['49'] })).toMatchObject({ value: 1, atLeast: true });
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 2, atLeast: false });
  });

  it('compare caller and called number', () => {
    const shown = world();
    shown.poll(0, [dialled('1', '4930111111'), dialled('2', '4930222222')]);
    expect(ask(shown, 'callerIsCalled', { within: 60 })).toMatchObject({ value: 1, counted: [{ id: '1' }] });
    const of = (id: string) => shown.facts().observe({ scope: 'call', id }, 'call.callerIsCalled', {});
    expect([of('1'), of('2')]).toMatchObject([{ value: true }, { value: false }]);
  });

  it('give facts of ended calls the live calls that to and direction let in', () => {
    const shown = world();
    shown.poll(0, [talk('1'), dialled('2', '4420555'), talk('3')]);
    shown.poll(5, [dialled('2', '4420555'), talk('3')]);
    expect(ask(shown, 'callsEnded', { within: 60, to: ['49'] })).toMatchObject({
      value: 1,
      counted: [{ id: '3' }],
    });
  });

  it('do not count past calls that the filter of the rule keeps out, and doubt those of which it does not know', () => {
    const shown = world();
    const connection = (id: string, of: number | undefined) => talk(id, { connection: of });
    shown.poll(0, [connection('1', 5), connection('2', 6), connection('3', undefined)]);
    shown.poll(5, []);
    const admits = (one: Call) => (one.connection === undefined ? 'unknown' : one.connection === 5);
    for (const options of [
      { filter: { admits }, admits },
      { admits, filter: undefined },
    ])
      expect(ask(shown, 'callsEnded', { within: 60 }, options)).toMatchObject({ value: 1, atLeast: true });
  });
});

describe('a country that is called for the first time', () => {
  const known = (ageMs: number) => {
    const history = newHistory();
    const firstAt = START - 8 * DAY_MS;
    history.restore({
      ...EMPTY,
      countries: [{ account: 10, country: 'DE', firstAt, lastAt: START - DAY_MS }],
      accounts: [{ account: 10, firstAt: START - ageMs }],
    });
    return world(history);
  };
  const ofCall = (shown: ReturnType<typeof world>, id: string) =>
    shown.facts().observe({ scope: 'call', id }, 'call.firstSeenCountry', {});

  it('counts, and no other', () => {
    const shown = known(8 * DAY_MS);
    shown.poll(0, [dialled('1', '33155500'), dialled('2', '33155501'), dialled('3', '4930555')]);
    expect(ask(shown, 'firstSeenCountry', { within: 3600 })).toMatchObject({
      value: 2,
      counted: [{ id: '1' }, { id: '2' }],
    });
    expect([ofCall(shown, '1'), ofCall(shown, '3')]).toMatchObject([{ value: true }, { value: false }]);
  });

  it('is missing while the account is known for less than 7 days, and a lower bound for the switch', () => {
    const shown = known(6 * DAY_MS);
    shown.poll(0, [dialled('1', '33155500')]);
    const missing = { known: false, reason: 'too-little-history' };
    const until = START + DAY_MS;
    expect(ask(shown, 'firstSeenCountry', { within: 3600 })).toEqual({ ...missing, until });
    expect(ofCall(shown, '1')).toEqual(missing);
    expect(shown.facts().observe(lab, 'switch.firstSeenCountry', { within: 60 })).toMatchObject({
      value: 0,
      atLeast: true,
    });
  });

  describe('by an account that has to be known for longer', () => {
    const month = { within: 3600, history: 28 * 86_400 };
    const toFrance = (ageMs: number) => {
      const shown = known(ageMs);
      shown.poll(0, [dialled('1', '33155500'), dialled('2', '4930555')]);
      return shown;
    };

    it('is missing until it has been known for so long, and says when that is', () => {
      const shown = toFrance(28 * DAY_MS - 1);
      const missing = { known: false, reason: 'too-little-history' };
      expect(ask(shown, 'firstSeenCountry', month)).toEqual({ ...missing, until: START + 1 });
      expect(ask(shown, 'firstSeenCountry', { within: 3600 })).toMatchObject({ value: 1 });
      expect(ofCall(shown, '1')).toMatchObject({ value: true });
    });

    it('counts from then on as it does without', () => {
      const shown = toFrance(28 * DAY_MS);
      for (const params of [month, { within: 3600 }, { ...month, history: 7 * 86_400 }])
        expect(ask(shown, 'firstSeenCountry', params)).toMatchObject({
          value: 1,
          atLeast: false,
          counted: [{ id: '1' }],
        });
      expect(ask(shown, 'firstSeenCountry', { ...month, history: 28 * 86_400 + 1 }).known).toBe(false);
    });

    it('counts none of its calls for others, whose count is a lower bound then', () => {
      const ofSwitch = (ageMs: number) =>
        toFrance(ageMs).facts().observe(lab, 'switch.firstSeenCountry', month);
      expect(ofSwitch(27 * DAY_MS)).toMatchObject({ value: 0, atLeast: true, counted: [] });
      expect(ofSwitch(28 * DAY_MS)).toMatchObject({ value: 1, atLeast: false, counted: [{ id: '1' }] });
    });

    it('is missing for that time after numbers came to be read otherwise', () => {
      const history = newHistory();
      history.restore({
        ...EMPTY,
        accounts: [{ account: 10, firstAt: START - 80 * DAY_MS }],
        numbering: { fingerprint: NUMBERING.fingerprint, since: START - 20 * DAY_MS },
      });
      const shown = world(history);
      shown.poll(0, [dialled('1', '33155500')]);
      expect(ask(shown, 'firstSeenCountry', month)).toMatchObject({ until: START + 8 * DAY_MS });
      expect(ask(shown, 'firstSeenCountry', { within: 3600 })).toMatchObject({ value: 1 });
    });
  });

  it('is missing with needs: complete unless every poll of the last 7 days was sound', () => {
    const everyMs = 600_000;
    const days = (count: number, failed?: number) => {
      const history = newHistory();
      const polls = Array.from({ length: (count * DAY_MS) / everyMs }, (_, at) => ({
        at: START - (at + 1) * everyMs,
        intervalMs: everyMs,
        result: at === failed ? ('failed' as const) : ('sound' as const),
        login: 'login:ops',
      })).reverse();
      history.restore({ ...EMPTY, polls, accounts: [{ account: 10, firstAt: START - 8 * DAY_MS }] });
      const shown = world(history);
      shown.poll(0, [dialled('1', '33155500')]);
      const needs = { needsComplete: true, filter: 'none' } as const;
      return [
        ask(shown, 'firstSeenCountry', { within: 3600 }, needs).known,
        shown.facts(needs).observe({ scope: 'call', id: '1' }, 'call.firstSeenCountry', {}).known,
        ask(shown, 'callsStarted', { within: 3600 }, needs).known,
        ask(shown, 'firstSeenCountry', { within: 3600 }).known,
      ];
    };
    expect(days(7)).toEqual([true, true, true, true]);
    expect(days(6.9)).toEqual([false, false, true, true]);
    expect(days(7, 900)).toEqual([false, false, true, true]);
    expect(days(8, 1100)).toEqual([true, true, true, true]);
  });

  it('is missing while the switch was not watched for a day of the last 7', () => {
    const hours = (missing: number) => {
      const last = Math.floor(START / 3_600_000);
      const history = newHistory();
      history.restore({
        ...EMPTY,
        accounts: [{ account: 10, firstAt: START - 8 * DAY_MS }],
        soundHours: Array.from({ length: 167 - missing }, (_, at) => last - 1 - at),
      });
      const shown = world(history);
      shown.poll(0, [dialled('1', '33155500')]);
      return [ask(shown, 'firstSeenCountry', { within: 3600 }), ofCall(shown, '1')];
    };
    expect(hours(24)).toMatchObject([{ value: 1 }, { value: true }]);
    const missing = { known: false, reason: 'too-little-history' };
    expect(hours(25)).toEqual([missing, missing]);
  });
});

describe('gaps', () => {
  const starting = (seconds: readonly number[]) => {
    const shown = world();
    for (const second of seconds) shown.poll(second, [talk('1')]);
    return shown;
  };

  it('are none while polls come within two intervals', () => {
    const shown = starting([0, 10, 20, 30]);
    expect(ask(shown, 'callsStarted', { within: 30 })).not.toHaveProperty('gap');
  });

  it('are what a longer stretch has beyond one interval', () => {
    const shown = starting([0, 5, 20, 25]);
    expect(ask(shown, 'callsStarted', { within: 25 })).toMatchObject({ gap: { seconds: 10 } });
    expect(ask(shown, 'callsStarted', { within: 10 })).toMatchObject({ gap: { seconds: 5 } });
    expect(ask(shown, 'callsStarted', { within: 5 })).not.toHaveProperty('gap');
  });

  it('leave unknown how long calls talked that ended in them', () => {
    const shown = world();
    const talks = [talk('1'), talk('2'), talk('3')];
    shown.poll(0, talks);
    shown.poll(5, talks);
    shown.poll(65, [talk('3', { duration: 65 })]);
    const within = { within: 90 };
    const equal = { ...within, tolerance: 5 };
    expect(ask(shown, 'callsEnded', within)).toMatchObject({ value: 2, atLeast: false });
    expect(ask(shown, 'equalDurations', equal)).toMatchObject({ value: 0, atLeast: true });
    shown.poll(70, []);
    expect(ask(shown, 'equalDurations', equal)).toMatchObject({ value: 1, atLeast: true });
    expect(ask(shown, 'averageEndedDuration', { within: 5 })).toMatchObject({ known: true });
    const average = (min: number) => ask(shown, 'averageEndedDuration', { ...within, min });
    expect(average(3)).toEqual({ known: false, reason: 'incomplete-window' });
    expect(average(4)).toEqual({ known: false, reason: 'too-few-samples' });
  });

  it.each([
    [10.5, true],
    [10.6, false],
  ])('are none where one poll is missing and the next comes %s s after the last: %s', (seconds, isKnown) => {
    const shown = world();
    shown.poll(0, [talk('1'), talk('2')]);
    shown.poll(5, [talk('1', { duration: 5 }), talk('2', { duration: 5 })]);
    shown.poll(5 + seconds, [talk('2', { duration: 5 + seconds })]);
    const within = { within: seconds + 2 };
    expect(ask(shown, 'callsEnded', within)).toMatchObject({ value: 1 });
    expect('gap' in ask(shown, 'callsEnded', within)).toBe(!isKnown);
    expect(ask(shown, 'averageEndedDuration', within)).toMatchObject({ known: isKnown });
  });

  it('are the time before the ledger began', () => {
    const shown = starting([0, 5]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({
      gap: { seconds: 55, knownSince: START },
    });
  });

  it('are the time of which calls were pruned, but for what is remembered of countries', () => {
    const history = newHistory();
    const polls = Array.from({ length: 25 }, (_, hour) => ({
      at: START - (25 - hour) * 3_600_000,
      intervalMs: 3_600_000,
      result: 'sound' as const,
      login: 'login:ops',
    }));
    const prunedUntil = [
      { login: 'login:ops', at: START - 7_200_000 },
      { login: 'login:noc', at: START - 1 },
    ];
    const accounts = [{ account: 10, firstAt: START - 8 * DAY_MS }];
    const { soundHours: _, ...known } = { ...EMPTY, accounts };
    history.restore({ ...known, polls, prunedUntil });
    const shown = world(history);
    shown.poll(0, [dialled('1', '33155500')]);
    const gap = { seconds: 3_600, knownSince: START - 7_200_000 };
    for (const name of ['callsStarted', 'callsEnded', 'minutes', 'firstSeenCountry']) {
      const within = (hours: number, needsComplete = false) =>
        ask(shown, name, { within: hours * 3_600 }, { needsComplete, filter: 'none' });
      expect(within(2)).not.toHaveProperty('gap');
      expect(within(3)).toMatchObject({ known: true, gap });
      expect(within(3, true)).toEqual({ known: false, reason: 'incomplete-window' });
      if (name !== 'firstSeenCountry') expect(within(2, true)).toMatchObject({ known: true });
    }
    const ofCall = shown.facts().observe({ scope: 'call', id: '1' }, 'call.firstSeenCountry', {});
    expect(ofCall).toMatchObject({ known: true, value: true });
    expect(ofCall).not.toHaveProperty('gap');
  });

  it('are polls that failed or were in doubt', () => {
    const shown = starting([0]);
    shown.history.missed({
      at: START + 5000,
      intervalMs: INTERVAL_MS,
      result: 'failed',
      login: 'login:ops',
    });
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    shown.poll(15, [talk('1')], { doubt });
    expect(ask(shown, 'callsStarted', { within: 15 })).toMatchObject({ gap: { seconds: 15 } });
    shown.poll(20, [talk('1')]);
    expect(ask(shown, 'callsStarted', { within: 20 })).toMatchObject({ gap: { seconds: 15 } });
  });

  it.each(['failed', 'in doubt'])('are a single poll that was %s, for whoever needs completeness', (how) => {
    const shown = starting([0, 5, 10]);
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    if (how === 'in doubt') shown.poll(15, [talk('1')], { doubt });
    else {
      const failed = { at: START + 15_000, intervalMs: INTERVAL_MS, result: 'failed' as const };
      shown.history.missed({ ...failed, login: 'login:ops' });
    }
    const complete = (within: number) =>
      ask(shown, 'callsStarted', { within }, { needsComplete: true, filter: 'none' }).known;
    if (how === 'in doubt') expect([complete(5), complete(10)]).toEqual([false, false]);
    shown.poll(20, [talk('1')]);
    expect([complete(5), complete(10), complete(20)]).toEqual([false, false, false]);
    expect(ask(shown, 'callsStarted', { within: 20 })).toMatchObject({ gap: { seconds: 5 } });
    shown.poll(25, [talk('1')]);
    expect([complete(5), complete(10)]).toEqual([true, false]);
  });

  it('are the time before the ledger began to the millisecond', () => {
    const shown = starting([0, 5]);
    const needs = { needsComplete: true } as const;
    expect(ask(shown, 'callsStarted', { within: 5 }, needs)).toMatchObject({ known: true });
    expect(ask(shown, 'callsStarted', { within: 5.001 }, needs)).toEqual({
      known: false,
      reason: 'incomplete-window',
    });
  });

  it('make the fact missing for a rule that needs completeness', () => {
    const shown = starting([0, 5]);
    const missing = { known: false, reason: 'incomplete-window' };
    expect(ask(shown, 'minutes', { within: 60 }, { needsComplete: true })).toEqual(missing);
    expect(ask(shown, 'minutes', { within: 5 }, { needsComplete: true })).toMatchObject({ known: true });
  });

  it('are known again after a restart', () => {
    const history = newHistory();
    const poll = (second: number) => ({
      at: START + second * 1000,
      intervalMs: INTERVAL_MS,
      result: 'sound' as const,
      login: 'login:ops',
    });
    history.restore({ ...EMPTY, polls: [poll(0), poll(5), poll(40)] });
    const shown = world(history);
    shown.poll(45, []);
    expect(ask(shown, 'callsStarted', { within: 45 })).toMatchObject({ gap: { seconds: 30 } });
  });
});

describe('recursive facts of customers', () => {
  const tree = new Map([
    [3, 2],
    [4, 3],
  ]);
  const customer = (id: string) => ({ scope: 'customer', id }) as const;
  const shown = world();
  shown.poll(0, [talk('1', { customer: 2 }), talk('2', { customer: 4 }), talk('3', { customer: 9 })]);
  shown.poll(5, [talk('2', { customer: 4 }), talk('3', { customer: 9 })]);

  it.each([
    ['callsStarted', { within: 60 }, 2],
    ['callsEnded', { within: 60 }, 1],
    ['totalCalls', {}, 1],
  ])('count the calls of all stated descendants in %s', (name, params, value) => {
    const facts = shown.facts({ tree });
    expect(facts.observe(customer('2'), `customer.${name}`, { ...params, recursive: true })).toMatchObject({
      value,
      atLeast: false,
    });
  });

  it('count only own calls without it', () => {
    expect(shown.facts({ tree }).observe(customer('2'), 'customer.totalCalls', {})).toMatchObject({
      value: 0,
    });
  });

  it('make ancestors subjects that have no calls themselves', () => {
    expect(shown.facts({ tree, windowMs: 0 }).subjects('customer')).toEqual(
      ['2', '3', '4', '9'].map(customer),
    );
    expect(shown.facts({ windowMs: 0 }).subjects('customer')).toEqual(['4', '9'].map(customer));
  });

  it('are lower bounds where no tree is stated, and an average is missing', () => {
    const observe = (name: string, params: FactParams = {}) =>
      shown.facts().observe(customer('4'), `customer.${name}`, { ...params, recursive: true });
    expect(observe('totalCalls')).toMatchObject({ value: 1, atLeast: true });
    expect(observe('callsStarted', { within: 60 })).toMatchObject({ value: 1, atLeast: true });
    expect(observe('averageDuration')).toEqual({ known: false, reason: 'lower-bound' });
  });
});
