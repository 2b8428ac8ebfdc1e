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
    for (const row of calls) rows.set(`${row.id} ${row.setupTimeText ?? ''}`, row);
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

  it('is of no call that has another one', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    expect(shown.poll(5, [talk({ setupTimeText: '20260105T100004.000' })]).calls).toHaveLength(2);
  });
});

describe('a call between two accounts that is listed once for each', () => {
  const legs = (duration: number) => [
    talk({ direction: 'onnet_in', duration }),
    talk({ account: 20, direction: 'onnet_out', duration }),
  ];

  it('counts for both, whatever order they come in, and is written once', () => {
    const shown = world();
    expect(shown.poll(0, legs(2)).calls).toMatchObject([{ account: 10 }]);
    expect(shown.poll(5, legs(7).reverse()).calls).toEqual([]);
    for (const account of ['10', '20'])
      expect(ask(shown, 'callsStarted', { within: 60 }, account)).toMatchObject({ value: 1 });
    expect(shown.poll(10, []).calls).toMatchObject([{ account: 10, endedAt: START + 10_000 }]);
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
    expect(shown.history.lastListedAt).toBe(START + 60_000);
    expect(shown.poll(7200, []).calls).toMatchObject([
      { lastSeenAt: START + 60_000, lastDuration: 62, endedAt: START + 7_200_000 },
    ]);
    expect(ask(shown, 'averageEndedDuration', { within: 600 })).toMatchObject({ known: false });
    expect(ask(shown, 'callsEnded', { within: 600 })).toMatchObject({ value: 0, atLeast: true });
  });

  it('is the first listing without the call, also where an entry that cannot be read put off its certainty', () => {
    const shown = world();
    shown.poll(0, [talk(), talk({ id: '2', callId: 'b' })]);
    shown.poll(5, [talk({ id: '2', callId: 'b', duration: 7 })], { suspects: [UNREADABLE] });
    shown.poll(10, [], { suspects: [UNREADABLE] });
    const { calls } = shown.poll(15, []);
    expect(calls.map(({ id, endedAt }) => [id, endedAt])).toEqual([
      ['1', START + 5000],
      ['2', START + 10_000],
    ]);
  });

  it('is none where the call is listed again', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(5, [], { suspects: [UNREADABLE] });
    shown.poll(10, [talk({ duration: 12 })]);
    expect(shown.poll(15, []).calls).toMatchObject([{ endedAt: START + 15_000 }]);
  });

  it('came at the latest when the listing without it was there', () => {
    const shown = world();
    shown.poll(0, [talk({ duration: 0 })]);
    shown.poll(5, [], { receivedAt: START + 12_000 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 12 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'shortCalls', { within: 60, under: 12.001 })).toMatchObject({ value: 1 });
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
    expect(ask(shown, 'callsStarted', { within: 10 })).toMatchObject({ value: 1, gap: { seconds: 5 } });
    expect(ask(shown, 'callsEnded', { within: 10 })).toMatchObject({ value: 0 });
    expect(ask(shown, 'minutes', { within: 10 })).toMatchObject({ value: 2 / 60 });
    shown.poll(15, []);
    expect(ask(shown, 'callsEnded', { within: 10 })).toMatchObject({ value: 1 });
  });

  it('makes no call longer than it is listed', () => {
    const shown = world();
    shown.poll(0, [talk()]);
    shown.poll(3605, [talk({ duration: 7 })]);
    expect(ask(shown, 'minutes', { within: 7200 })).toMatchObject({ value: 7 / 60 });
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
            dependsOnEnd: false,
            dependsOnState: false,
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
