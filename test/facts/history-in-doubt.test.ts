import { describe, expect, it } from 'vitest';
import type { Call, SuspectCall } from '../../src/domain/call.js';
import type { FactParams } from '../../src/domain/facts.js';
import type { LedgerCall, LedgerPoll, LedgerState } from '../../src/domain/ledger.js';
import type { HistoryChanges } from '../../src/facts/call-history.js';
import { createLoginHistory } from '../../src/facts/login-history.js';
import { EMPTY, INTERVAL_MS, newHistory, START, world } from './history-support.js';
import { call } from './support.js';

const LOGIN = 'login:ops';
const SETUP = '20260105T100000.000';
const talk = (fields: Partial<Call> = {}) =>
  call({ id: '1', callId: 'a', setupTimeText: SETUP, setupAt: START - 3000, duration: 2, ...fields });
const UNREADABLE: SuspectCall = {
  id: undefined,
  callId: undefined,
  state: 'Connected',
  account: undefined,
  customer: undefined,
  connection: undefined,
  cli: undefined,
  cld: undefined,
  reason: 'unreadable',
};

function ask(shown: ReturnType<typeof world>, name: string, params: FactParams, account = '10') {
  return shown.facts().observe({ scope: 'account', id: account }, `account.${name}`, params);
}

function soundPoll(second: number): LedgerPoll {
  return { at: START + second * 1000, intervalMs: INTERVAL_MS, result: 'sound', login: LOGIN };
}

/** A history that a restart made of these rows, each the last that was written of its call. */
function restarted(changes: readonly HistoryChanges[], more: Partial<LedgerState> = {}) {
  const rows = new Map<string, LedgerCall>();
  for (const { calls } of changes)
    for (const row of calls) rows.set(`${row.id} ${row.setupTimeText ?? ''} ${row.leg ?? 0}`, row);
  const history = newHistory();
  history.restore({ ...EMPTY, polls: changes.map(({ poll }) => poll), calls: [...rows.values()], ...more });
  return world(history);
}

describe('a listing without SETUP_TIME', () => {
  const blank = { setupTimeText: undefined, setupAt: undefined };

  it('is of the call that is known, and neither ends it nor starts another', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk({ ...blank, duration: 7 })]).calls).toEqual([]);
    expect(shown.poll(10, [talk({ duration: 12 })]).calls).toEqual([]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 1, counted: [{ id: '1' }] });
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 0 });
  });

  it('that was the first one gives the row its identity, also after a restart', () => {
    const shown = world();
    const first = shown.poll(0, [talk(blank)]);
    const known = shown.poll(5, [talk({ account: 11, duration: 7 })]);
    expect(known.calls).toMatchObject([{ setupTimeText: undefined, setupAt: START - 3000, account: 11 }]);
    const again = restarted([first, known]);
    expect(again.poll(10, [talk({ account: 11, duration: 12 })]).calls).toEqual([]);
    expect(again.poll(15, []).calls).toMatchObject([{ setupTimeText: undefined, endedAt: START + 15_000 }]);
  });
});

describe('a call that listings lacked', () => {
  const blank = { setupTimeText: undefined, setupAt: undefined, age: undefined };
  const pair = (duration: number, fields: Partial<Call> = {}) => [
    talk({ direction: 'onnet_out', duration, ...fields }),
    talk({ account: 20, direction: 'onnet_in', duration, ...fields }),
  ];
  const expectOneCall = (shown: ReturnType<typeof world>, account = '10') => {
    expect(ask(shown, 'callsStarted', { within: 600 }, account)).toMatchObject({ value: 1 });
    expect(ask(shown, 'callsEnded', { within: 600 }, account)).toMatchObject({ value: 0 });
  };

  it.each([
    ['listed first without a SETUP_TIME', blank],
    ['listed first with another SETUP_TIME', { setupTimeText: '20260105T100004.000' }],
  ])('is back after a restart, too, where it was %s', (_, first) => {
    const before = world();
    const changes = [
      before.poll(0, [talk({ ...first, account: 20 })]),
      before.poll(5, [talk({ account: 20 })]),
    ];
    const ofPair = world();
    const pairs = [ofPair.poll(0, pair(2, first)), ofPair.poll(5, pair(7))];
    for (const one of [before, restarted(changes)]) {
      for (const second of [10, 15, 20]) one.poll(second, []);
      expect(ask(one, 'callsEnded', { within: 600 }, '20')).toMatchObject({ value: 1 });
      one.poll(25, [talk({ account: 20, duration: 27 })]);
      expectOneCall(one, '20');
    }
    for (const one of [ofPair, restarted(pairs)]) {
      one.poll(10, pair(12).slice(0, 1));
      one.poll(15, pair(17));
      for (const account of ['10', '20']) expectOneCall(one, account);
    }
  });

  it('is back without its SETUP_TIME, where it began before it was away, or is not away for long', () => {
    for (const [second, age] of [
      [20, undefined],
      [299, undefined],
      [500, 503],
    ] as const) {
      const shown = world();
      shown.poll(0, [talk()]);
      for (const away of [5, 10, 15]) shown.poll(away, []);
      shown.poll(second, [talk({ ...blank, duration: second + 2, age })]);
      expectOneCall(shown);
    }
  });

  it.each([
    ['began while it was away', 60, { ...blank, age: 10 }],
    ['has another SETUP_TIME, after it was seen last', 20, { setupTimeText: 'x', setupAt: START + 1000 }],
    ['may have begun at any time in five minutes', 300, blank],
    ['belongs to another account', 20, { ...blank, account: 20 }],
  ])('is another one where what is listed under its ID %s', (_, second, fields) => {
    const shown = world();
    shown.poll(0, [talk()]);
    for (const away of [5, 10, 15]) shown.poll(away, []);
    shown.poll(second, [talk(fields)]);
    expect(shown.history.ofLogin(LOGIN)?.ofCallId(talk())).toHaveLength(2);
  });

  it('is another one where it was seen over, and what is listed began a little later', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(5, [talk({ state: 'Dead' })]);
    for (const away of [10, 15, 20]) shown.poll(away, []);
    shown.poll(25, [talk({ ...blank, state: 'ARComplete', duration: 0, age: 3 })]);
    expect(shown.history.ofLogin(LOGIN)?.ofCallId(talk())).toHaveLength(2);
  });

  it('is another one where it was seen over, and nothing tells when what is listed began', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(5, [talk({ state: 'Dead' })]);
    for (const away of [10, 15, 20]) shown.poll(away, []);
    shown.poll(25, [talk(blank)]);
    expect(shown.history.ofLogin(LOGIN)?.ofCallId(talk())).toHaveLength(2);
  });
});

describe('a listing with another SETUP_TIME', () => {
  const other = { setupTimeText: '20260105T100004.000' };

  it('is of the call that the listing before showed, which neither ends nor starts, nor gets another row', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk({ ...other, duration: 7 })]).calls).toEqual([]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 1, counted: [{ ...other }] });
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 0 });
    expect(shown.poll(10, []).calls).toMatchObject([{ setupTimeText: SETUP, endedAt: START + 10_000 }]);
  });

  it('is of that call after a restart, too, and cuts under either are its own', () => {
    const shown = restarted([world().poll(0, [talk()])]);
    expect(shown.poll(5, [talk({ ...other, duration: 7 })], { cuts: [talk()] }).calls).toMatchObject([
      { setupTimeText: SETUP, cutAt: START + 5000, endedAt: undefined },
    ]);
  });

  it('is of another call where the one that is known is listed beside it, or is over', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk(other), talk({ duration: 7 })]).calls).toMatchObject([other]);
    shown.poll(10, []);
    const third = { setupTimeText: '20260105T100014.000', setupAt: START + 14_000 };
    expect(shown.poll(15, [talk(third)]).calls).toMatchObject([third]);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 3 });
  });
});

describe('a call between two accounts that is listed once for each', () => {
  const legs = (duration: number) => [
    talk({ direction: 'onnet_in', duration }),
    talk({ account: 20, direction: 'onnet_out', duration }),
  ];

  it('counts for both, whatever order they come in, and each has its row', () => {
    const shown = world();
    expect(shown.poll(0, legs(2)).calls).toMatchObject([
      { account: 10, leg: undefined },
      { account: 20, leg: 1 },
    ]);
    expect(shown.poll(5, legs(7).reverse()).calls).toEqual([]);
    for (const account of ['10', '20'])
      expect(ask(shown, 'callsStarted', { within: 60 }, account)).toMatchObject({ value: 1 });
    expect(shown.poll(10, []).calls).toMatchObject([
      { account: 10, endedAt: START + 10_000 },
      { account: 20, endedAt: START + 10_000 },
    ]);
    for (const account of ['10', '20'])
      expect(ask(shown, 'callsEnded', { within: 60 }, account)).toMatchObject({ value: 1 });
  });

  it('is cut in both', () => {
    const shown = world();
    shown.poll(0, legs(2));
    shown.poll(5, [], { cuts: [talk()] });
    for (const account of ['10', '20'])
      expect(ask(shown, 'callsEnded', { within: 60 }, account)).toMatchObject({ value: 0 });
  });

  describe('of which only one has been listed when it is cut', () => {
    const own = talk({ direction: 'onnet_out' });
    const dead = { ...own, state: 'Dead' };
    const other = talk({ id: '2', account: 20, direction: 'onnet_in', state: 'Dead', setupAt: START + 4000 });
    const unlike = { ...other, id: '3', cld: '1' };
    /** Of the two that are over the unlike one has ended by itself. */
    const expectOneEnd = (shown: ReturnType<typeof world>) => {
      expect(ask(shown, 'callsEnded', { within: 60 }, '20')).toMatchObject({ value: 1 });
      expect(ask(shown, 'shortCalls', { within: 60, under: 30 }, '20')).toMatchObject({ value: 1 });
    };

    it('is cut in the other one as well, which is listed first as over and under another ID', () => {
      const shown = world();
      shown.poll(0, [own]);
      const { calls } = shown.poll(5, [other, unlike, dead], { cuts: [own] });
      expect(calls.filter(({ cutAt }) => cutAt === START + 5000).map(({ id }) => id)).toEqual(['1', '2']);
      expectOneEnd(shown);
    });

    it('is so where a doubtful listing shows that first', () => {
      const shown = world();
      shown.poll(0, [own]);
      const doubt = { reason: 'suspect-share' as const, detail: '' };
      shown.poll(5, [dead, other, unlike], { cuts: [own], doubt });
      shown.poll(10, [dead, other, unlike]);
      expectOneEnd(shown);
    });

    it('is so where that comes polls later, over a restart as well', () => {
      const shown = world();
      const changes = [shown.poll(0, [own]), shown.poll(5, [dead], { cuts: [own] })];
      for (const one of [shown, restarted(changes)]) {
        const late = one.poll(10, [
          dead,
          { ...other, state: 'Connected' },
          { ...unlike, state: 'Connected' },
        ]);
        expect(late.calls.map(({ id, cutAt }) => [id, cutAt])).toEqual([
          ['2', START + 10_000],
          ['3', undefined],
        ]);
        one.poll(15, []);
        expectOneEnd(one);
      }
    });

    it('is so in a replay', () => {
      const history = newHistory();
      const none = { ended: [], cuts: [] };
      history.replay({ ...none, poll: soundPoll(0), listed: [{ call: own }] });
      const listed = [other, unlike, dead].map((call) => ({ call }));
      history.replay({ ...none, poll: soundPoll(5), listed, cuts: [own] });
      const ended = history.ofLogin(LOGIN)?.everOf(other) ?? [];
      expect(ended.map(({ cutAt }) => cutAt)).toEqual([START + 5000]);
      expect(history.ofLogin(LOGIN)?.everOf(unlike)).toMatchObject([{ cutAt: undefined }]);
    });
  });

  it('is known to both after a restart, also where it is over', () => {
    const shown = world();
    const changes = [shown.poll(0, legs(2)), shown.poll(5, [])];
    for (const one of [restarted(changes), restarted(changes.slice(0, 1))]) {
      one.poll(10, []);
      for (const account of ['10', '20'])
        expect(ask(one, 'averageEndedDuration', { within: 60 }, account)).toMatchObject({ value: 2 });
    }
  });

  it('keeps its entries apart where the second one comes later, and first in the listing', () => {
    const shown = world();
    shown.poll(0, [talk({ direction: undefined })]);
    expect(shown.poll(5, legs(7).reverse()).calls).toMatchObject([
      { account: 10, direction: 'onnet_in', leg: undefined },
      { account: 20, leg: 1 },
    ]);
    for (const account of ['10', '20'])
      expect(ask(shown, 'callsStarted', { within: 60 }, account)).toMatchObject({ value: 1 });
  });

  it('keeps its entries apart where the first one is not listed just when the second one comes', () => {
    const shown = world();
    const [callee, caller] = legs(2).map((leg) => ({ ...leg, customer: undefined }));
    if (callee === undefined || caller === undefined) throw new Error('two entries');
    const both = [callee, { ...caller, customer: 2 }];
    shown.poll(0, both.slice(1));
    expect(shown.poll(5, [callee]).calls).toMatchObject([
      { account: 10, customer: undefined, leg: 1, endedAt: undefined },
      { account: 20, customer: 2, leg: undefined, endedAt: START + 5000 },
    ]);
    shown.poll(10, both);
    for (const account of ['10', '20']) {
      expect(ask(shown, 'callsStarted', { within: 60 }, account)).toMatchObject({ value: 1 });
      expect(ask(shown, 'callsEnded', { within: 60 }, account)).toMatchObject({ value: 0 });
    }
    const customer = { scope: 'customer', id: '2' } as const;
    expect(shown.facts().observe(customer, 'customer.callsStarted', { within: 60 })).toMatchObject({
      value: 1,
    });
  });

  it.each([0, 1])('counts no more entries once it is over, in either order: %i', (order) => {
    const shown = world();
    shown.poll(0, [talk({ direction: undefined })]);
    shown.poll(5, [talk({ direction: undefined, state: 'Dead' })]);
    const over = legs(0).map((leg) => ({ ...leg, state: 'Dead' }));
    for (const second of [10, 15]) {
      expect(shown.poll(second, order === 0 ? over : over.toReversed()).calls).toEqual([]);
      for (const name of ['callsStarted', 'callsEnded'])
        expect(ask(shown, name, { within: 60 })).toMatchObject({ value: 1 });
      expect(ask(shown, 'callsEnded', { within: 60 }, '20')).toMatchObject({ value: 0 });
    }
  });

  it('is still one entry where it only changes its account', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk({ account: 20 })]).calls).toMatchObject([{ account: 20, endedAt: undefined }]);
  });
});

describe('an end that nobody saw', () => {
  it('may lie before the window where the call was last seen before it', () => {
    const shown = world();
    const changes = [shown.poll(0, [talk()]), shown.poll(30, [])];
    for (const one of [shown, restarted(changes)]) {
      one.poll(35, []);
      expect(ask(one, 'callsEnded', { within: 30 })).toMatchObject({ value: 0, atLeast: true });
      expect(ask(one, 'callsEnded', { within: 36 })).toMatchObject({ value: 1, atLeast: false });
      expect(ask(one, 'answerRatio', { within: 30, min: 1 })).toMatchObject({ known: false });
    }
  });

  it('comes to be in doubt as the window moves on', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(30, []);
    expect(ask(shown, 'callsEnded', { within: 32 })).toMatchObject({ value: 1, atLeast: false });
    shown.poll(35, []);
    expect(ask(shown, 'callsEnded', { within: 32 })).toMatchObject({ value: 0, atLeast: true });
    shown.poll(65, []);
    expect(ask(shown, 'callsEnded', { within: 32 })).toMatchObject({ value: 0, atLeast: false });
  });

  it('has lasted until the last sound poll, however long the stop was', () => {
    const first = world().poll(0, [talk()]);
    const shown = restarted([first], {
      polls: [],
      lastSoundAt: [{ login: LOGIN, at: START + 60_000 }],
    });
    expect(shown.history.lastListedAt(LOGIN)).toBe(START + 60_000);
    expect(shown.poll(7200, []).calls).toMatchObject([
      { lastSeenAt: START + 60_000, lastDuration: 62, endedAt: START + 7_200_000 },
    ]);
    expect(ask(shown, 'averageEndedDuration', { within: 600 })).toMatchObject({ known: false });
    expect(ask(shown, 'callsEnded', { within: 600 })).toMatchObject({ value: 0, atLeast: true });
  });

  it('came until it was certain, where an entry that could not be read put that off', () => {
    const shown = world();
    shown.poll(0, [talk(), talk({ id: '2', callId: 'b' })]);
    shown.poll(5, [talk({ id: '2', callId: 'b', duration: 7 })], { suspects: [UNREADABLE] });
    shown.poll(10, [], { suspects: [UNREADABLE] });
    const { calls } = shown.poll(15, []);
    expect(calls.map(({ id, lastSeenAt, endedAt }) => [id, lastSeenAt, endedAt])).toEqual([
      ['1', START, START + 15_000],
      ['2', START + 5000, START + 15_000],
    ]);
    expect(ask(shown, 'callsEnded', { within: 12 })).toMatchObject({ value: 1, atLeast: true });
    // The entry may have been either of them, which may have talked until now.
    expect(ask(shown, 'shortCalls', { within: 60, under: 15 })).toMatchObject({ value: 0 });
  });

  it('is none of calls whose account the listing lacks calls of, and of no other', () => {
    const shown = world();
    const other = talk({ id: '9', callId: 'z', account: 11 });
    shown.poll(0, [talk(), talk({ id: '2', callId: 'b' }), other]);
    const lacking = { lackingCallsOf: new Set([10]) };
    const { calls } = shown.poll(5, [talk({ duration: 7 })], lacking);
    expect(calls.map(({ id, endedAt, absentAt }) => [id, endedAt, absentAt])).toEqual([
      ['2', undefined, START + 5000],
      ['9', START + 5000, undefined],
    ]);
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'callsEnded', { within: 60 }, '11')).toMatchObject({ value: 1, atLeast: false });
    shown.poll(10, [talk({ duration: 12 }), talk({ id: '2', callId: 'b', duration: 12 })]);
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 0, atLeast: false });
    // What lacks nobody ends what it does not show.
    shown.poll(15, [talk({ duration: 17 })], { lackingCallsOf: new Set() });
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 1, atLeast: false });
  });

  it('is taken for what it is where the statistics count an account otherwise for longer than five minutes', () => {
    const shown = world();
    const lacking = { lackingCallsOf: new Set([10]) };
    shown.poll(0, [talk(), talk({ id: '2', callId: 'b' })]);
    for (const second of [5, 300]) shown.poll(second, [talk({ duration: second })], lacking);
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(2);
    shown.poll(305, [], lacking);
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(0);
    expect(ask(shown, 'callsEnded', { within: 4 })).toMatchObject({ value: 1 });
    // Once they agreed the next difference is a new one.
    shown.poll(310, [talk({ id: '3', callId: 'c' })], { lackingCallsOf: new Set() });
    shown.poll(315, [], lacking);
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(1);
  });

  it('is none where the statistics do not answer once the listing lacked calls, also after a restart, for five minutes', () => {
    const shown = world();
    const lacking = { lackingCallsOf: new Set([10]) };
    const changes = [shown.poll(0, [talk(), talk({ id: '9', callId: 'z', account: 11 })])];
    changes.push(shown.poll(5, [talk({ id: '9', callId: 'z', account: 11, duration: 7 })], lacking));
    const again = restarted(changes);
    for (const one of [shown, again]) {
      // Nothing lacked of the other account.
      expect(one.poll(10, []).calls).toMatchObject([{ id: '9', endedAt: START + 10_000 }]);
      expect(ask(one, 'callsEnded', { within: 60 })).toMatchObject({ value: 0 });
    }
    const back = restarted(changes);
    back.poll(10, []);
    expect(back.poll(15, [talk({ duration: 17 })]).calls).toMatchObject([{ id: '1', absentAt: undefined }]);
    for (const one of [shown, again]) {
      one.poll(300, []);
      expect(one.history.ofLogin(LOGIN)?.live.size).toBe(1);
      one.poll(310, []);
      expect(one.history.ofLogin(LOGIN)?.live.size).toBe(0);
    }
  });

  it('comes at once where the statistics agree after a restart, and five minutes after it where they never do', () => {
    const shown = world();
    const lacking = { lackingCallsOf: new Set([10]) };
    const changes = [shown.poll(0, [talk()]), shown.poll(5, [], lacking)];
    expect(restarted(changes).poll(10, [], { lackingCallsOf: new Set() }).calls).toMatchObject([
      { id: '1', endedAt: START + 10_000, absentAt: undefined },
    ]);
    const again = restarted(changes);
    again.poll(100, [], lacking);
    expect(again.history.ofLogin(LOGIN)?.live.size).toBe(1);
    again.poll(305, [], lacking);
    expect(again.history.ofLogin(LOGIN)?.live.size).toBe(0);
  });

  it('is none where the call is listed again', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(5, [], { suspects: [UNREADABLE] });
    shown.poll(10, [talk({ duration: 12 })]);
    expect(shown.poll(15, []).calls).toMatchObject([{ endedAt: START + 15_000 }]);
  });

  it('is not seen any later after a restart where an entry that cannot be read may be the call', () => {
    const shown = world();
    const more = { suspects: [UNREADABLE] };
    const changes = [shown.poll(0, [talk()]), shown.poll(5, [], more), shown.poll(10, [], more)];
    expect(changes.map(({ calls }) => calls.map(({ absentAt }) => absentAt))).toEqual([
      [undefined],
      [START + 5000],
      [],
    ]);
    const again = restarted(changes);
    for (const one of [shown, again]) {
      one.poll(60, [], more);
      expect(ask(one, 'minutes', { within: 600 })).toMatchObject({ value: 2 / 60 });
    }
    expect(again.poll(65, [], { lackingCallsOf: new Set() }).calls).toMatchObject([
      { lastSeenAt: START, lastDuration: 2, endedAt: START + 65_000, absentAt: undefined },
    ]);
  });

  it('is written as seen again where the call is listed after all', () => {
    const shown = world();
    const changes = [
      shown.poll(0, [talk()]),
      shown.poll(5, [], { suspects: [UNREADABLE] }),
      shown.poll(10, [talk({ duration: 12 })]),
      shown.poll(15, [talk({ duration: 17 })]),
    ];
    expect(changes[2]?.calls).toMatchObject([{ absentAt: undefined, lastSeenAt: START + 10_000 }]);
    const again = restarted(changes);
    expect(again.poll(20, []).calls).toMatchObject([{ lastDuration: 17, lastSeenAt: START + 15_000 }]);
  });

  it('is given up after five minutes in which an entry that cannot be read may be the call, and counts for sure nowhere', () => {
    const shown = world();
    const more = { suspects: [UNREADABLE] };
    const changes = [shown.poll(0, [talk()]), shown.poll(5, [], more), shown.poll(300, [], more)];
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(1);
    changes.push(shown.poll(305, [], more));
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(0);
    expect(changes.at(-1)?.calls).toMatchObject([{ endedAt: START + 305_000, absentAt: START + 5000 }]);
    for (const one of [shown, restarted(changes)]) {
      one.poll(310, [], more);
      expect(ask(one, 'callsEnded', { within: 600 })).toMatchObject({ value: 0, atLeast: true });
      expect(ask(one, 'shortCalls', { within: 600, under: 60 })).toMatchObject({ value: 0, atLeast: true });
      expect(ask(one, 'averageEndedDuration', { within: 600 })).toMatchObject({ known: false });
      expect(ask(one, 'minutes', { within: 600 })).toMatchObject({ value: 2 / 60 });
      // Listed again it has not ended, and its row says so.
      expect(one.poll(315, [talk({ duration: 317 })]).calls).toMatchObject([
        { endedAt: undefined, absentAt: undefined, lastSeenAt: START + 315_000 },
      ]);
    }
  });

  it('has an unknown length where a restart cannot tell whether doubtful listings showed the call', () => {
    const shown = world();
    const doubt = { reason: 'suspect-share', detail: '' } as const;
    const changes = [
      shown.poll(0, [talk()]),
      shown.poll(5, [talk({ duration: 7 }), talk({ id: '2', callId: 'b', duration: 1 })], { doubt }),
    ];
    const again = restarted(changes);
    again.poll(10, []);
    // What that listing brought anew was written with it.
    expect(ask(again, 'averageEndedDuration', { within: 60 })).toEqual({
      known: false,
      reason: 'not-listed',
    });
    expect(again.history.ofLogin(LOGIN)?.find(talk({ id: '2', callId: 'b' }))?.call.duration).toBe(1);
    shown.poll(10, []);
    expect(ask(shown, 'averageEndedDuration', { within: 60 })).toMatchObject({ value: 4 });
  });

  it('came at the latest when the listing without it was there', () => {
    const shown = world();
    shown.poll(0, [talk({ duration: 0 })]);
    shown.poll(5, [], { receivedAt: START + 12_000 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 12.999 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 13 })).toMatchObject({ value: 1 });
  });
});

describe('a call that is first seen when it is over', () => {
  const over = { state: 'Disconnecting', duration: 4, setupAt: START + 1000 };

  it('was answered where it has talked', () => {
    const shown = world();
    shown.poll(0, []);
    expect(shown.poll(10, [talk(over)]).calls).toMatchObject([
      { connectedAt: START + 6000, endedAt: START + 10_000, lastDuration: 4 },
    ]);
    expect(ask(shown, 'answerRatio', { within: 60 })).toMatchObject({ value: 1 });
    expect(ask(shown, 'minutes', { within: 60 })).toMatchObject({ value: 4 / 60 });
  });

  it('was answered where only its setup was seen', () => {
    const shown = world();
    shown.poll(0, [talk({ state: 'ARComplete', duration: 0 })]);
    shown.poll(5, [talk({ state: 'Dead', duration: 3 })]);
    expect(ask(shown, 'averageEndedDuration', { within: 60 })).toMatchObject({ value: 3 });
  });

  it('did not end now where it may have been listed so for long', () => {
    const shown = world();
    for (const second of [0, 5, 10]) {
      expect(shown.poll(second, [talk({ state: 'Dead', setupAt: undefined })]).calls).toEqual([]);
      expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 0 });
    }
  });

  it('ended now where it was set up since the last sound poll before a restart', () => {
    const shown = restarted([], { polls: [soundPoll(0)] });
    const calls = [talk(over), talk({ ...over, id: '2', setupAt: START - 1000 })];
    expect(shown.poll(10, calls).calls).toMatchObject([{ id: '1', endedAt: START + 10_000 }]);
  });
});

describe('a clock that was ahead', () => {
  const calls = (from: number, count: number, fields: Partial<Call> = {}) =>
    Array.from({ length: count }, (_, at) =>
      talk({ id: `${from + at}`, callId: `c${from + at}`, ...fields }),
    );

  it('leaves nothing to count that lies after now, and a gap', () => {
    const shown = world();
    shown.poll(0, []);
    shown.poll(3600, calls(1, 3, { setupAt: START + 3_595_000, setupTimeText: 'ahead' }));
    shown.poll(3605, []);
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 3 });
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 3 });
    shown.poll(10, calls(7, 1, { setupAt: START + 9000 }));
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({
      value: 1,
      gap: { seconds: 60, knownSince: START + 10_000 },
    });
    expect(ask(shown, 'callsEnded', { within: 10 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'minutes', { within: 10 })).toMatchObject({ value: 2 / 60 });
    shown.poll(15, []);
    expect(ask(shown, 'callsEnded', { within: 10 })).toMatchObject({ value: 1 });
  });

  it('begins everything anew, so that no two calls of one instant are of two times', () => {
    const shown = world();
    for (let second = 0; second < 60; second += 5)
      shown.poll(second, calls(second, 1, { setupAt: START + second * 1000 }));
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 12 });
    const changes = shown.poll(0, calls(100, 1, { setupAt: START - 1000 }));
    expect(changes).toMatchObject({ anew: true, calls: [{ id: '100' }] });
    for (let second = 5; second < 60; second += 5) {
      const { anew } = shown.poll(second, calls(100 + second, 1, { setupAt: START + second * 1000 }));
      expect(anew).toBeUndefined();
    }
    expect(ask(shown, 'callsStarted', { within: 60 })).toMatchObject({ value: 12 });
    expect(ask(shown, 'callsEnded', { within: 60 })).toMatchObject({ value: 11 });
  });

  it('begins anew with a poll that failed as well, and with one at the very instant of the last', () => {
    const shown = world();
    shown.poll(5, [talk()]);
    expect(shown.poll(5, [talk()])).toMatchObject({ anew: true, calls: [{ id: '1' }] });
    const failed: LedgerPoll = { at: START, intervalMs: INTERVAL_MS, result: 'failed', login: LOGIN };
    expect(shown.history.missed(failed)).toMatchObject({ anew: true });
    expect(shown.history.lastListedAt(LOGIN)).toBeUndefined();
    expect(shown.history.ofLogin(LOGIN)?.live.size).toBe(0);
    expect(shown.poll(5, [talk()]).anew).toBeUndefined();
  });

  const day = 86_400_000;
  /** Five days of polls after START, and a week before; DE was called first in that week, and GB and account 11 since START. */
  const knowing = () => {
    const history = newHistory();
    const hour = Math.floor(START / 3_600_000);
    history.restore({
      ...EMPTY,
      accounts: [
        { account: 10, firstAt: START - 8 * day },
        { account: 11, firstAt: START + 3 * day },
      ],
      countries: [
        { account: 10, country: 'DE', firstAt: START - 7 * day, lastAt: START + 2 * day },
        { account: 10, country: 'GB', firstAt: START + day, lastAt: START + 2 * day },
      ],
      polls: [soundPoll(5 * 86_400)],
      soundHours: Array.from({ length: 288 }, (_, at) => hour + 120 - at),
    });
    return history;
  };

  it('makes no country new that was known before, nor an account known for longer', () => {
    const history = knowing();
    const old = START - 91 * day;
    expect(history.missed({ ...soundPoll(0), result: 'failed' })).toMatchObject({
      accounts: [],
      countries: [
        { country: 'DE', firstAt: old, lastAt: START + 2 * day },
        { country: 'GB', firstAt: old, lastAt: START + 2 * day },
      ],
    });
    expect(history.countries.firstCalled(10, 'GB')).toBe(old);
    expect(history.countries.knowsEnough(10, START, 7 * day)).toBe(true);
    expect(history.countries.knowsEnough(11, START + 6 * day, 7 * day)).toBe(false);
  });

  it('leaves hours unwatched that come again', () => {
    const history = knowing();
    expect(history.countries.knowsEnough(10, START + 5 * day, 7 * day)).toBe(true);
    history.missed({ ...soundPoll(0), result: 'failed' });
    expect(history.countries.knowsEnough(10, START + 5 * day, 7 * day)).toBe(false);
  });

  it.each([
    ['after weeks in which nobody looked', (history: ReturnType<typeof newHistory>) => history],
    [
      'after a pass in 1970',
      (history: ReturnType<typeof newHistory>) => {
        history.missed({ ...soundPoll(-START / 1000), result: 'failed' });
        return history;
      },
    ],
  ])('knows every account %s since then only, however long ago it was first seen', (_, disturbed) => {
    const history = disturbed(knowing());
    const shown = world(history);
    const back = START + 40 * day;
    expect(shown.poll(40 * 86_400, []).numbering?.since).toBe(back);
    for (let hours = 1; hours <= 27 * 24; hours += 1) shown.poll(40 * 86_400 + hours * 3_600, []);
    const now = back + 27 * day;
    expect(history.countries.knowsEnough(10, now, 7 * day)).toBe(true);
    expect(history.countries.knowsEnough(10, now, 28 * day)).toBe(false);
    expect(history.countries.knowsEnough(10, now, 27 * day)).toBe(true);
  });

  it('leaves countries as they are where it is set by less than an hour', () => {
    const history = knowing();
    const late = soundPoll(5 * 86_400 - 3599);
    expect(history.missed({ ...late, result: 'failed' })).toMatchObject({ anew: true, countries: [] });
    expect(history.countries.firstCalled(10, 'GB')).toBe(START + day);
    expect(history.countries.knowsEnough(10, late.at, 7 * day)).toBe(true);
  });

  it('makes no call longer than it is listed', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(3605, [talk({ duration: 7 })]);
    expect(ask(shown, 'minutes', { within: 7200 })).toMatchObject({ value: 7 / 60 });
  });

  it.each([2, 50, -4])('makes none longer where it was set by only %i s', (step) => {
    const shown = world();
    shown.poll(0, [talk()]);
    const changes = shown.poll(5 + step, [talk({ duration: 7 })]);
    expect(changes.calls).toMatchObject([{ connectedAt: START + (step - 2) * 1000 }]);
    expect(ask(shown, 'minutes', { within: 7200 })).toMatchObject({ value: 7 / 60 });
  });

  it('is not suspected where a listing took long or durations are whole seconds', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk({ duration: 6 })]).calls).toEqual([]);
    expect(shown.poll(10, [talk({ duration: 15 })], { receivedAt: START + 13_000 }).calls).toEqual([]);
    expect(shown.poll(15, [talk({ duration: 17 })]).calls).toEqual([]);
  });
});

describe('views through the tree of customers', () => {
  const [one, other] = [new Map([[2, 1]]), new Map([[2, 3]])];

  it('answer by the tree that is stated now', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    const started = (tree: Map<number, number>, id: string) =>
      shown
        .facts({ filter: 'none', tree })
        .observe({ scope: 'customer', id }, 'customer.callsStarted', { within: 60, recursive: true });
    expect([started(one, '1'), started(one, '3')]).toMatchObject([{ value: 1 }, { value: 0 }]);
    expect([started(other, '1'), started(other, '3')]).toMatchObject([{ value: 0 }, { value: 1 }]);
  });

  it('are dropped with it, and no others', () => {
    const history = createLoginHistory(LOGIN);
    const made: string[] = [];
    const view = (key: string, tree?: Map<number, number>) =>
      history.view(
        key,
        () => {
          made.push(key);
          return {
            usedIn: 0,
            concerns: 1,
            enter() {},
            leave() {},
            advance() {},
          };
        },
        tree,
      );
    for (const tree of [one, one, other]) {
      view('own');
      view('recursive', tree);
    }
    expect(made).toEqual(['own', 'recursive', 'recursive']);
  });
});
