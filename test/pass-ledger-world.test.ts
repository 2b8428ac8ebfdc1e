import { describe, expect, it } from 'vitest';
import type { LedgerCall } from '../src/domain/ledger.js';
import { countLive } from '../src/domain/snapshot.js';
import { createCallHistory } from '../src/facts/call-history.js';
import { createLedgerWorld } from '../src/pass-ledger-world.js';
import { aRow, at, LOGIN, NUMBERING, polls, START } from './support/backtest.js';

function worldOf(...calls: ReturnType<typeof aRow>[]) {
  return createLedgerWorld({ switchName: 'lab', numbering: NUMBERING, calls });
}

it('lists a call from its first sight up to the listing that no longer showed it, ageing by the second', () => {
  const world = worldOf(
    aRow({ id: '1', firstSeenAt: at(5), connectedAt: at(3), setupAt: at(1), lastDelay: 2, endedAt: at(15) }),
  );
  const seen = polls(5).map((poll) => world.snapshot(poll).calls.map(({ duration, age }) => [duration, age]));
  expect(seen).toEqual([[], [[2, 4]], [[7, 9]], [], []]);
});

it('tells the changes of each poll: what is new, what is in another state, what is over', () => {
  const states = [
    { state: 'ARComplete', at: at(5) },
    { state: 'Connected', at: at(15) },
  ];
  const world = worldOf(aRow({ id: '1', firstSeenAt: at(5), connectedAt: at(14), states, endedAt: at(20) }));
  const changes = polls(6).map((poll) => {
    const { listed, ended } = world.step(poll);
    return [listed.map(({ call }) => call.state), ended.length];
  });
  expect(changes).toEqual([
    [[], 0],
    [['ARComplete'], 0],
    [[], 0],
    [['Connected'], 0],
    [[], 1],
    [[], 0],
  ]);
});

/** A call that was over when it was listed first, having talked for so long. */
function brief(second: number, changes: Partial<LedgerCall> & { id: string }, talked = 0) {
  const first = at(second);
  return aRow({
    setupAt: undefined,
    connectedAt: talked > 0 ? first - talked * 1000 : undefined,
    states: [{ state: 'Dead', at: first }],
    lastDuration: talked,
    lastDelay: 1,
    ...changes,
    firstSeenAt: first,
    endedAt: first,
  });
}

describe('a call that was over when it was listed first', () => {
  const stepsOf = (world: ReturnType<typeof worldOf>, some = polls(4)) =>
    some.map((poll) => {
      const { snapshot, listed, freshCount, ended, passed, cut } = world.step(poll);
      return {
        calls: snapshot.calls.map(({ id, state, duration, age }) => [id, state, duration, age]),
        told: [listed.length, freshCount, ended.length, passed.length, cut.length],
      };
    });

  it('is listed once, as it was then, and has passed with the next poll', () => {
    const world = worldOf(aRow({ id: '1' }), brief(5, { id: '2' }, 3.5));
    expect(stepsOf(world)).toEqual([
      { calls: [['1', 'Connected', 0, 0]], told: [1, 1, 0, 0, 0] },
      {
        calls: [
          ['1', 'Connected', 5, 5],
          ['2', 'Dead', 3.5, 4.5],
        ],
        told: [1, 1, 0, 0, 0],
      },
      { calls: [['1', 'Connected', 10, 10]], told: [0, 0, 0, 1, 0] },
      { calls: [['1', 'Connected', 15, 15]], told: [0, 0, 0, 0, 0] },
    ]);
    expect(world.seen).toBe(2);
  });

  it('is told with its cut where somebody had cut it by then', () => {
    const steps = stepsOf(worldOf(brief(5, { id: '2', cutAt: at(5) })));
    expect(steps.map(({ told }) => told[4])).toEqual([0, 1, 0, 0]);
  });

  it('is nothing where the poll that listed it is not replayed, or speaks for nobody', () => {
    const world = worldOf(
      brief(2, { id: '1' }),
      brief(5, { id: '2' }),
      brief(10, { id: '3', login: 'other' }),
    );
    const some = polls(4).map((poll, index) =>
      index === 1 ? { ...poll, result: 'suspect' as const } : poll,
    );
    expect(stepsOf(world, some).map(({ calls }) => calls)).toEqual([[], [], [], []]);
    expect(world.seen).toBe(0);
  });

  it('is listed once for each of two accounts where both entries were over', () => {
    const same = { id: '1', callId: 'a', setupTimeText: 'then' };
    const world = worldOf(
      brief(5, { ...same }),
      brief(5, { ...same, account: 11, leg: 1 }),
      aRow({ id: '2' }),
    );
    expect(stepsOf(world, polls(4)).map(({ calls, told }) => [calls.length, told])).toEqual([
      [0, [0, 0, 0, 0, 0]],
      [3, [3, 3, 0, 0, 0]],
      [1, [0, 0, 0, 2, 0]],
      [1, [0, 0, 0, 0, 0]],
    ]);
    expect(world.seen).toBe(3);
  });

  it('leaves its place to another entry of the same call that goes on, then or from the next poll on', () => {
    for (const second of [0, 5, 10]) {
      const same = { id: '1', callId: 'a', setupTimeText: 'then' };
      const rows = [brief(5, { ...same }), aRow({ ...same, account: 11, leg: 1, firstSeenAt: at(second) })];
      const world = worldOf(...rows.toSorted((one, other) => one.firstSeenAt - other.firstSeenAt));
      const accounts = polls(4).map((poll) =>
        world.snapshot(poll).calls.map(({ account, state }) => [account, state]),
      );
      expect(accounts).toEqual([
        second === 0 ? [[11, 'Connected']] : [],
        [second === 10 ? [10, 'Dead'] : [11, 'Connected']],
        [[11, 'Connected']],
        [[11, 'Connected']],
      ]);
    }
  });
});

it('makes a new call of one whose state changes, so that who remembers the old one can tell them apart', () => {
  const states = [
    { state: 'WaitRoute', at: at(0) },
    { state: 'ARComplete', at: at(5) },
  ];
  const world = worldOf(aRow({ id: '1', states, connectedAt: undefined }));
  const [first, second, third] = polls(3).map((poll) => world.snapshot(poll).calls[0]);
  expect([first?.state, second?.state]).toEqual(['WaitRoute', 'ARComplete']);
  expect(third).toBe(second);
});

it('tells what ended again after a doubtful poll, since only a sound one ends it', () => {
  const world = worldOf(aRow({ id: '1', endedAt: at(5) }));
  const told = ['sound', 'suspect', 'sound', 'sound'].map(
    (result, index) =>
      world.step({ at: at(5 * index), intervalMs: 5000, result: result as 'sound', login: LOGIN }).ended
        .length,
  );
  expect(told).toEqual([0, 1, 1, 0]);
});

describe('a call that listings lacked and the ledger held open', () => {
  const stepsOf = (row: LedgerCall, some = polls(5)) => {
    const world = worldOf(row);
    return some.map((poll) => {
      const { snapshot, absent, ended, givenUp, cut } = world.step(poll);
      return [snapshot.calls, absent, ended, givenUp, cut].map(({ length }) => length);
    });
  };
  const held = { id: '1', lastSeenAt: at(5) };

  it('is listed up to the last listing that showed it, and ends when it ended', () => {
    expect(stepsOf(aRow({ ...held, endedAt: at(20) }))).toEqual([
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 1, 0, 0],
    ]);
  });

  it('has been given up where its row says so, and goes on where it says no end', () => {
    expect(stepsOf(aRow({ ...held, absentAt: at(10), endedAt: at(15), cutAt: at(10) })).slice(2)).toEqual([
      [0, 1, 0, 0, 1],
      [0, 0, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ]);
    expect(stepsOf(aRow({ ...held, absentAt: at(10) })).map(([, absent]) => absent)).toEqual([0, 0, 1, 1, 1]);
  });

  it('is listed by a doubtful listing before, of which the ledger may not know what it showed', () => {
    const some = polls(5).map((poll, index) =>
      index % 2 === 0 ? { ...poll, result: 'suspect' as const } : poll,
    );
    const steps = stepsOf(aRow({ ...held, endedAt: at(25) }), some);
    expect(steps.map(([listed, absent]) => [listed, absent])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
  });

  it('is listed once where no poll before is replayed, as else nobody would know of its end', () => {
    const steps = stepsOf(aRow({ ...held, endedAt: at(20) }), polls(5).slice(2));
    expect(steps.map(([listed, absent, ended]) => [listed, absent, ended])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('is listed until it ended where it was in a state of which the ledger does not keep how long it was', () => {
    const states = [
      { state: 'Connected', at: START },
      { state: 'Parked', at: at(5) },
    ];
    const steps = stepsOf(aRow({ ...held, states, endedAt: at(20) }));
    expect(steps.map(([listed, absent]) => [listed, absent])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
      [0, 0],
    ]);
  });
});

it('lists a call that is cut in the replay no more, and gives its row with the true end', () => {
  const row = aRow({ id: '1', endedAt: at(60) });
  const world = worldOf(row, aRow({ id: '2' }));
  const [first, second] = polls(2);
  if (first === undefined || second === undefined) throw new Error('no polls');
  world.step(first);
  expect(world.cut(row)).toEqual([row]);
  expect(world.cut(row)).toEqual([]);
  const { snapshot, ended } = world.step(second);
  expect(snapshot.calls.map(({ id }) => id)).toEqual(['2']);
  expect(ended.map(({ call }) => call.id)).toEqual(['1']);
});

it('tells once that the ledger knows a call to have been cut', () => {
  const world = worldOf(aRow({ id: '1', cutAt: at(5), endedAt: at(10) }));
  expect(polls(4).map((poll) => world.step(poll).cut.length)).toEqual([0, 1, 0, 0]);
});

it('shows a poll only what its login listed', () => {
  const world = worldOf(aRow({ id: '1' }), aRow({ id: '2', login: 'login:other' }));
  const [first, second] = [...polls(1), ...polls(1, { at: at(5), login: 'login:other' })].map((poll) =>
    world.snapshot(poll).calls.map(({ id }) => id),
  );
  expect([first, second]).toEqual([['1'], ['2']]);
});

it('says where two listed calls share an ID', () => {
  const world = worldOf(
    aRow({ id: '1' }),
    aRow({ id: '1', callId: 'other', firstSeenAt: at(5), endedAt: at(10) }),
  );
  expect(polls(4).map((poll) => world.step(poll).sharesIds)).toEqual([false, true, true, false]);
});

it('tells without putting its listing together what the listing shows', () => {
  const ringing = [
    { state: 'ARComplete', at: at(0) },
    { state: 'Connected', at: at(5) },
  ];
  const dying = [...ringing, { state: 'Dead', at: at(10) }];
  const rows = [
    aRow({ id: '1', states: ringing }),
    aRow({ id: '2', states: dying, endedAt: at(15) }),
    aRow({ id: '2', callId: 'other', firstSeenAt: at(5), endedAt: at(20) }),
    aRow({ id: '3', login: 'login:other' }),
    aRow({ id: '3', firstSeenAt: at(10) }),
    brief(10, { id: '4' }),
  ];
  const [asked, whole] = [worldOf(...rows), worldOf(...rows)];
  const live = polls(5).map((poll) => {
    const { kept } = asked.snapshot(poll);
    const { calls } = whole.snapshot(poll);
    for (const id of ['1', '2', '3', '4', '5']) {
      expect(kept?.withId(id), `${id} at ${poll.at - START}`).toEqual(calls.filter((call) => call.id === id));
    }
    return [kept?.liveCount(), countLive({ calls })];
  });
  expect(live).toEqual([
    [2, 2],
    [2, 2],
    [3, 3],
    [3, 3],
    [2, 2],
  ]);
});

it('lists an on-net call under neither of its IDs any more once it was cut by one of them, and counts it once', () => {
  const [rowOut, rowIn] = [
    aRow({ id: '1', callId: 'pair', direction: 'onnet_out' }),
    aRow({ id: '2', callId: 'pair', direction: 'onnet_in', account: 20 }),
  ];
  const world = worldOf(rowOut, rowIn, aRow({ id: '3' }));
  const [first, second] = polls(2);
  if (first === undefined || second === undefined) throw new Error('no poll');
  const { kept } = world.snapshot(first);
  const { calls } = worldOf(rowOut, rowIn, aRow({ id: '3' })).snapshot(first);
  expect([kept?.liveCount(), countLive({ calls })]).toEqual([2, 2]);
  expect(world.cut(rowOut)).toEqual([rowOut, rowIn]);
  expect(world.snapshot(second).calls.map(({ id }) => id)).toEqual(['3']);
});

it('goes on listing calls of the same direction that share everything else with one that was cut', () => {
  const flood = ['1', '2', '3'].map((id) => aRow({ id, callId: 'one', direction: 'onnet_out' }));
  const world = worldOf(...flood);
  const [first, second] = polls(2);
  if (first === undefined || second === undefined) throw new Error('no poll');
  const { kept } = world.snapshot(first);
  const { calls } = worldOf(...flood).snapshot(first);
  expect([kept?.liveCount(), countLive({ calls })]).toEqual([3, 3]);
  world.cut(flood[0]!);
  expect(world.snapshot(second).calls.map(({ id }) => id)).toEqual(['2', '3']);
});

it('still tells so of a call that was cut on that listing', () => {
  const row = aRow({ id: '1' });
  const world = worldOf(row, aRow({ id: '2' }));
  const [first] = polls(1);
  if (first === undefined) throw new Error('no poll');
  const { kept, calls } = world.snapshot(first);
  world.cut(row);
  expect([kept?.withId('1'), kept?.liveCount()]).toEqual([[calls[0]], 2]);
});

it('goes by SETUP_TIME where the row bears a DELAY from long before its last sight', () => {
  const ringing = { connectedAt: undefined, states: [{ state: 'ARComplete', at: START }] };
  const world = worldOf(aRow({ id: '1', ...ringing, lastDelay: 0, lastSeenAt: at(90), endedAt: at(95) }));
  const delays = polls(4).map((poll) => world.snapshot(poll).calls[0]?.delay);
  expect(delays).toEqual([0, 5, 10, 15]);
});

it('shows a call without SETUP_TIME as old as it was, so that a history takes it to have started when it did', () => {
  const unknown = {
    setupAt: undefined,
    firstSeenAt: START,
    connectedAt: at(-7200),
    lastDelay: 3,
    lastDuration: 7200,
  };
  const ringing = { ...unknown, connectedAt: undefined, states: [{ state: 'ARComplete', at: START }] };
  const rows = [
    aRow({ id: '1', ...unknown, startedAt: at(-7203) }),
    // From before the start was kept.
    aRow({ id: '2', ...unknown }),
    // The row is as of its last listing, 30 seconds after the first.
    aRow({ id: '3', ...ringing, lastDelay: 33, lastDuration: 0, lastSeenAt: at(30) }),
    aRow({ id: '4', ...unknown, lastDelay: undefined, startedAt: START }),
  ];
  const [first] = polls(1);
  if (first === undefined) throw new Error('no poll');
  const { snapshot } = worldOf(...rows).step(first);
  expect(snapshot.calls.map(({ age }) => age)).toEqual([7203, 7203, 3, undefined]);
  expect(snapshot.calls.map(({ setupAt }) => setupAt)).toEqual([undefined, undefined, undefined, undefined]);
  const history = createCallHistory({ numbering: NUMBERING, switchName: 'lab' });
  history.observe(snapshot, { intervalMs: 5000, cuts: [] });
  const starts = rows.map((row) => history.ofLogin(LOGIN)?.find(row)?.startedAt);
  expect(starts).toEqual([at(-7203), at(-7203), at(-3), at(-7200)]);
});
