import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { CALL_STATES, identityKey } from '../../src/domain/call.js';
import type { Ledger, LedgerCall, LedgerPoll, LedgerState } from '../../src/domain/ledger.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { openLedgerReader } from '../../src/store/ledger-reader.js';
import { identityHash } from '../../src/store/ledger-rows.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import { openStore } from '../../src/store/open-store.js';
import {
  alertInput,
  freshStore,
  NOON,
  outcomeOf,
  storeFailure,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';
import { changesOf, ledgerCall, pollAt } from './support-ledger.js';

async function callsOf(ledger: Ledger, since = 0, switchName = 'lab'): Promise<string[]> {
  return (await ledger.load(switchName, since)).calls.map(({ id }) => id);
}

test('a switch that was never polled is unknown', async () => {
  const { ledger } = freshStore();
  expect(await ledger.lastPollId('lab')).toBe(undefined);
  expect(await ledger.load('lab', 0)).toEqual({
    lastPollId: undefined,
    polls: [],
    calls: [],
    countries: [],
    accounts: [],
    holding: [],
    lastSoundAt: [],
    lastListedAt: [],
    prunedUntil: [],
    soundHours: [],
  });
});

test('what was committed comes back as it was, after a restart too', async () => {
  const store = freshStore();
  const full = ledgerCall('1', {
    vendors: [3, 17],
    setupAt: NOON - 4_000.5,
    connectedAt: NOON - 1_234.25,
    states: [...CALL_STATES, 'Zwischenzustand "x"'].map((state, index) => ({
      state,
      at: NOON + index * 5_000,
    })),
    lastSeenAt: NOON + 40_000,
    lastDuration: 41.235,
    lastDelay: 0,
    endedAt: NOON + 45_000,
    cutAt: NOON + 44_000.5,
    absentAt: NOON + 45_000,
    leg: 2,
    endedBy: NOON + 52_000.25,
    endedInGap: true,
    finalDuration: 33.5,
    wholeSeconds: false,
  });
  const bare: LedgerCall = {
    id: '2',
    callId: '名前 "\u0000\n',
    setupTimeText: undefined,
    login: 'trusted:1',
    cli: undefined,
    cld: undefined,
    account: undefined,
    customer: undefined,
    connection: undefined,
    environment: undefined,
    direction: undefined,
    callerMediaIp: undefined,
    calleeMediaIp: undefined,
    vendors: [],
    setupAt: undefined,
    firstSeenAt: NOON + 1,
    lastSeenAt: NOON + 1,
    connectedAt: undefined,
    states: [],
    lastDuration: undefined,
    lastDelay: undefined,
    endedAt: undefined,
    cutAt: undefined,
  };
  const changes = changesOf({
    poll: { ...pollAt(NOON), result: 'suspect', intervalMs: 2_500 },
    calls: [bare, full],
    countries: [{ account: 10, country: 'GB', firstAt: NOON - 0.5, lastAt: NOON }],
    accounts: [{ account: 10, firstAt: NOON - 0.5 }],
    put: [{ rule: 'r', ruleHash: 'h', subject: 'account:10', since: NOON - 5_000, lastAt: NOON }],
    numbering: { fingerprint: '["DE",[]]', since: NOON - 60_000 },
  });
  expect(await store.ledger.commit('lab', changes)).toBe(1);
  const expected: LedgerState = {
    lastPollId: 1,
    lastPollAt: NOON,
    numbering: { fingerprint: '["DE",[]]', since: NOON - 60_000 },
    polls: [changes.poll],
    calls: [full, bare],
    countries: changes.countries,
    accounts: changes.accounts,
    holding: changes.holding.put,
    lastSoundAt: [],
    lastListedAt: [{ login: 'login:ops', at: NOON }],
    prunedUntil: [],
    soundHours: [],
  };
  expect(await store.ledger.load('lab', 0)).toEqual(expected);
  store.close();
  const again = freshStore(store.path);
  expect(await again.ledger.load('lab', 0)).toEqual(expected);
  expect(await again.ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000) }))).toBe(2);
});

test('a call has one row, which each change replaces whole', async () => {
  const { ledger, path } = freshStore();
  const first = ledgerCall('1', { states: [{ state: 'WaitRoute', at: NOON }] });
  await ledger.commit('lab', changesOf({ calls: [first] }));
  const later: LedgerCall = {
    ...first,
    account: undefined,
    connection: 99,
    vendors: [4],
    lastSeenAt: NOON + 5_000,
    connectedAt: NOON + 3_000,
    states: [...first.states, { state: 'Connected', at: NOON + 5_000 }],
    lastDuration: 2,
  };
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000), calls: [later] }));
  expect((await ledger.load('lab', 0)).calls).toEqual([later]);
  const ended = { ...later, endedAt: NOON + 10_000 };
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 10_000), calls: [ended] }));
  expect((await ledger.load('lab', 0)).calls).toEqual([ended]);
  // A listing may show it again after all.
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 15_000), calls: [later] }));
  expect((await ledger.load('lab', NOON + 60_000)).calls).toEqual([later]);
  expect(count(path, 'ledger_call')).toBe(1);
});

test('what two logins list of one call are two rows, neither of which knows of the other', async () => {
  const { ledger, path } = freshStore();
  const seen = ledgerCall('1', { cutAt: NOON + 500 });
  const others = ledgerCall('1', { login: 'login:noc', firstSeenAt: NOON + 2_000, account: undefined });
  await ledger.commit('lab', changesOf({ calls: [seen] }));
  const poll = { ...pollAt(NOON + 2_000), login: 'login:noc' };
  await ledger.commit('lab', changesOf({ poll, calls: [others] }));
  expect((await ledger.load('lab', 0)).calls).toEqual([seen, others]);
  const ended = { ...seen, endedAt: NOON + 5_000 };
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000), calls: [ended] }));
  expect((await ledger.load('lab', 0)).calls).toEqual([ended, others]);
  expect(count(path, 'ledger_call')).toBe(2);
});

test('the start that was reckoned for a call is kept, also where it was set up between milliseconds', async () => {
  const { ledger, path } = freshStore();
  const reckoned = ledgerCall('1', { setupAt: undefined, startedAt: NOON - 7_200_000.5 });
  const unknown = ledgerCall('2', { setupAt: undefined, startedAt: undefined });
  await ledger.commit('lab', changesOf({ calls: [reckoned, unknown] }));
  const { calls } = await freshStore(path).ledger.load('lab', 0);
  expect(calls.map(({ startedAt }) => startedAt)).toEqual([NOON - 7_200_000.5, undefined]);
});

test('a row keeps since when the call is known and that it was cut, also for who knows of neither', async () => {
  const { ledger } = freshStore();
  const first = ledgerCall('1', { cutAt: NOON + 1_000 });
  await ledger.commit('lab', changesOf({ calls: [first] }));
  const states = [{ state: 'Connected', at: NOON + 60_000 }];
  const anew = ledgerCall('1', { firstSeenAt: NOON + 60_000, lastSeenAt: NOON + 60_000, states });
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 60_000), calls: [anew] }));
  expect((await ledger.load('lab', 0)).calls).toMatchObject([
    { firstSeenAt: NOON, cutAt: NOON + 1_000, lastSeenAt: NOON + 60_000, states },
  ]);
});

test('the last sound poll of each login is known, however long ago it was', async () => {
  const { ledger } = freshStore();
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON) }));
  await ledger.commit('lab', changesOf({ poll: { ...pollAt(NOON + 5_000), result: 'suspect' } }));
  const noc = { ...pollAt(NOON + 10_000), login: 'login:noc' };
  await ledger.commit('lab', changesOf({ poll: noc }));
  expect((await ledger.load('lab', NOON + 86_400_000)).lastSoundAt).toEqual([
    { login: 'login:noc', at: NOON + 10_000 },
    { login: 'login:ops', at: NOON },
  ]);
});

test('the hours of the last week with a sound poll are known', async () => {
  const { ledger } = freshStore();
  const hour = 3_600_000;
  const first = Math.floor(NOON / hour);
  const at = (hours: number) => pollAt((first + hours) * hour + 1_000);
  const polls: LedgerPoll[] = [at(0), at(1), { ...at(2), result: 'suspect' }, at(4), at(168)];
  for (const poll of polls) await ledger.commit('lab', changesOf({ poll }));
  expect((await ledger.load('lab', NOON + 168 * hour)).soundHours).toEqual([
    first + 1,
    first + 4,
    first + 168,
  ]);
});

test('calls that differ in one part of their identity alone are different calls', async () => {
  const { ledger } = freshStore();
  const call = ledgerCall('1');
  const others = [
    call,
    { ...call, id: '2' },
    { ...call, callId: 'other' },
    { ...call, setupTimeText: 'other' },
    { ...call, setupTimeText: undefined },
    { ...call, setupTimeText: '' },
  ];
  await ledger.commit('lab', changesOf({ calls: others }));
  const ended = others.map((one, index) => ({ ...one, endedAt: NOON + 1 + index }));
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000), calls: ended }));
  const { calls } = await ledger.load('lab', 0);
  expect(calls).toHaveLength(others.length);
  expect(new Set(calls.map(identityKey))).toEqual(new Set(others.map(identityKey)));
  expect(calls.map(({ endedAt }) => endedAt)).toEqual(ended.map(({ endedAt }) => endedAt));
});

test('two calls whose hashes meet stay two calls', async () => {
  const { ledger, path } = freshStore();
  const [one, other] = collidingCallIds();
  const calls = [ledgerCall('1', { callId: one }), ledgerCall('1', { callId: other })];
  await ledger.commit('lab', changesOf({ calls }));
  const [first, second] = hashesIn(path);
  expect(first).toBe(second);
  const changed = calls.map((call, index) => ({ ...call, account: 20 + index }));
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000), calls: changed }));
  expect((await ledger.load('lab', 0)).calls).toEqual(changed);
});

test('the same call on two switches is two calls, and nothing of one switch shows on the other', async () => {
  const { ledger } = freshStore();
  const put = [{ rule: 'r', ruleHash: 'h', subject: 'account:10', since: NOON, lastAt: NOON }];
  const account = { account: 10, firstAt: NOON };
  const country = { account: 10, country: 'GB', firstAt: NOON, lastAt: NOON };
  const lab = changesOf({ calls: [ledgerCall('1')], put, accounts: [account], countries: [country] });
  await ledger.commit('lab', lab);
  await ledger.commit('fra', changesOf({ calls: [ledgerCall('1', { account: 77 }), ledgerCall('2')] }));
  await ledger.commit('fra', changesOf({ poll: pollAt(NOON + 5_000), drop: put }));
  expect(await ledger.lastPollId('lab')).toBe(1);
  expect(await ledger.lastPollId('fra')).toBe(2);
  const state = await ledger.load('lab', 0);
  expect(state.calls).toEqual([ledgerCall('1')]);
  expect(state.polls).toEqual([pollAt(NOON)]);
  expect([state.holding, state.accounts, state.countries]).toEqual([put, [account], [country]]);
  expect(await ledger.load('fra', 0)).toMatchObject({
    polls: [{ at: NOON }, { at: NOON + 5_000 }],
    calls: [{ account: 77 }, { id: '2' }],
    countries: [],
    accounts: [],
    holding: [],
  });
});

test('loading since an instant takes what lived then or after it, and polls from it on', async () => {
  const { ledger } = freshStore();
  const at = (seconds: number) => NOON + seconds * 1_000;
  const calls = [
    ledgerCall('live', { firstSeenAt: at(-900), lastSeenAt: at(-900) }),
    ledgerCall('ended before', { firstSeenAt: at(-60), lastSeenAt: at(-6), endedAt: at(0) - 1 }),
    ledgerCall('ended then', { firstSeenAt: at(-50), lastSeenAt: at(-5), endedAt: at(0) }),
    ledgerCall('ended later', { firstSeenAt: at(-70), lastSeenAt: at(20), endedAt: at(25) }),
    ledgerCall('came later', { firstSeenAt: at(30), lastSeenAt: at(30) }),
  ];
  await ledger.commit('lab', changesOf({ poll: pollAt(at(0) - 1), calls }));
  await ledger.commit('lab', changesOf({ poll: pollAt(at(5)) }));
  await ledger.commit('lab', changesOf({ poll: pollAt(at(0)) }));
  expect(await callsOf(ledger, at(0))).toEqual(['live', 'ended later', 'ended then', 'came later']);
  const { polls, lastPollId } = await ledger.load('lab', at(0));
  expect(polls).toEqual([pollAt(at(0)), pollAt(at(5))]);
  expect(lastPollId).toBe(3);
});

test('calls come in order of first sight, whatever order they were committed in', async () => {
  const { ledger } = freshStore();
  const firstSights = [5, 3, 9, 3, 1, 7, 2, 8];
  for (const [index, seconds] of firstSights.entries()) {
    const seenAt = NOON + seconds * 1_000;
    const call = ledgerCall(`${seconds}${index}`, { firstSeenAt: seenAt, lastSeenAt: seenAt });
    const ended = index % 2 === 0 ? { ...call, endedAt: NOON + 60_000 - index } : call;
    await ledger.commit('lab', changesOf({ poll: pollAt(NOON + index), calls: [ended] }));
  }
  expect(await callsOf(ledger)).toEqual(['14', '26', '31', '33', '50', '75', '87', '92']);
});

test('holdings are put, replaced and dropped by rule version and subject', async () => {
  const { ledger } = freshStore();
  const one = { rule: 'r', ruleHash: 'h1', subject: 'account:10', since: NOON, lastAt: NOON };
  const two = { ...one, subject: 'account:11' };
  const three = { ...one, ruleHash: 'h2' };
  await ledger.commit('lab', changesOf({ put: [one, two, three] }));
  const moved = { ...one, lastAt: NOON + 5_000 };
  const drop = [{ ruleHash: 'h1', subject: 'account:11' }];
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000), put: [moved], drop }));
  expect((await ledger.load('lab', 0)).holding).toEqual([moved, three]);
  // Dropped and begun anew within one poll.
  const anew = { ...one, since: NOON + 10_000, lastAt: NOON + 10_000 };
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 10_000), put: [anew], drop: [one] }));
  expect((await ledger.load('lab', 0)).holding).toEqual([anew, three]);
});

test('countries and accounts are replaced by what is committed last', async () => {
  const { ledger } = freshStore();
  const country = { account: 10, country: 'GB', firstAt: NOON, lastAt: NOON };
  const account = { account: 10, firstAt: NOON };
  await ledger.commit('lab', changesOf({ countries: [country], accounts: [account] }));
  const later = { ...country, firstAt: NOON + 1, lastAt: NOON + 2 };
  const earlier = { account: 10, firstAt: NOON - 1 };
  await ledger.commit(
    'lab',
    changesOf({ countries: [later, { ...later, country: 'FR' }], accounts: [earlier] }),
  );
  const state = await ledger.load('lab', NOON + 86_400_000);
  expect(state.countries).toEqual([{ ...later, country: 'FR' }, later]);
  expect(state.accounts).toEqual([earlier]);
});

test('a commit of which one part cannot be written leaves nothing of it', async () => {
  const { ledger } = freshStore();
  await ledger.commit('lab', changesOf({ calls: [ledgerCall('1')] }));
  const before = await ledger.load('lab', 0);
  const put = [{ rule: 'r', ruleHash: 'h', subject: 's', since: NOON, lastAt: Number.NaN }];
  const bad = changesOf({ poll: pollAt(NOON + 5_000), calls: [ledgerCall('2')], put });
  expect((await storeFailure(() => ledger.commit('lab', bad))).message).toContain('refused a record');
  const poll = { ...pollAt(NOON), result: 'fine' } as unknown as LedgerPoll;
  await storeFailure(() => ledger.commit('lab', changesOf({ poll })));
  expect(await ledger.load('lab', 0)).toEqual(before);
});

test('a read-only store loads and refuses to write', async () => {
  const store = freshStore();
  await store.ledger.commit('lab', changesOf({ calls: [ledgerCall('1')] }));
  const reading = freshStore(store.path, { readonly: true });
  expect(await callsOf(reading.ledger)).toEqual(['1']);
  expect(await reading.ledger.lastPollId('lab')).toBe(1);
  const commit = await storeFailure(() => reading.ledger.commit('lab', changesOf({})));
  expect(commit.message).toContain('read-only');
  await storeFailure(() => reading.ledger.prune({ before: NOON, countriesBefore: 0, maxRows: 1 }));
  // It sees what the other goes on to write.
  await store.ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000) }));
  expect(await reading.ledger.lastPollId('lab')).toBe(2);
});

test('a closed store answers STORE_FAILED', async () => {
  const store = freshStore();
  store.close();
  await storeFailure(() => store.ledger.load('lab', 0));
  await storeFailure(() => store.ledger.lastPollId('lab'));
});

test('pruning takes never more rows than it may, the oldest first, until nothing old is left', async () => {
  const { ledger } = freshStore();
  const calls = Array.from({ length: 40 }, (_, index) => {
    const at = NOON + index * 1_000;
    return ledgerCall(`${index}`, { firstSeenAt: NOON, lastSeenAt: at, endedAt: at + 500 });
  });
  for (const [index, call] of [...calls].reverse().entries()) {
    await ledger.commit('lab', changesOf({ poll: pollAt(NOON + index * 1_000), calls: [call] }));
  }
  const step = () => ledger.prune({ before: NOON + 30_500, countriesBefore: 0, maxRows: 7 });
  expect(await step()).toBe(7);
  expect((await callsOf(ledger)).map(Number).sort((a, b) => a - b)[0]).toBe(7);
  const gone: number[] = [7];
  for (let rows = await step(); rows > 0; rows = await step()) gone.push(rows);
  // 30 calls and 31 polls.
  expect(gone).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 5]);
  const { calls: left, polls } = await ledger.load('lab', 0);
  expect(left.map(({ endedAt }) => endedAt).sort()[0]).toBe(NOON + 30_500);
  expect([left.length, polls.length, polls[0]?.at]).toEqual([10, 9, NOON + 31_000]);
});

test('polls are loaded back to the last sound one of each login, which tells whether anything is missing after it', async () => {
  const { ledger } = freshStore();
  const poll = (second: number, result: LedgerPoll['result'] = 'sound', login = 'login:ops') =>
    ledger.commit('lab', changesOf({ poll: { ...pollAt(NOON + second * 1_000), result, login } }));
  await poll(0);
  await poll(1, 'sound', 'login:noc');
  await poll(5);
  await poll(10, 'failed');
  await poll(15, 'suspect');
  await poll(20);
  const since = async (...seconds: number[]) => {
    const [calls = 0, polls] = seconds.map((second) => NOON + second * 1_000);
    const { polls: found } = await ledger.load('lab', calls, polls);
    return found.map(({ at, login }) => `${(at - NOON) / 1_000}${login === 'login:noc' ? ' noc' : ''}`);
  };
  expect(await since(20)).toEqual(['1 noc', '20']);
  expect(await since(17)).toEqual(['1 noc', '5', '10', '15', '20']);
  expect(await since(5)).toEqual(['1 noc', '5', '10', '15', '20']);
  expect(await since(4)).toEqual(['0', '1 noc', '5', '10', '15', '20']);
  expect(await since(20, 6)).toEqual(['1 noc', '5', '10', '15', '20']);
  expect(await since(-1)).toEqual(['0', '1 noc', '5', '10', '15', '20']);
});

test('polls may be kept for longer than calls', async () => {
  const { ledger } = freshStore();
  for (const second of [0, 5, 10])
    await ledger.commit('lab', changesOf({ poll: pollAt(NOON + second * 1_000) }));
  const options = { before: NOON + 11_000, pollsBefore: NOON + 5_000, countriesBefore: 0, maxRows: 100 };
  expect(await ledger.prune(options)).toBe(1);
  expect((await ledger.load('lab', 0)).polls.map(({ at }) => at)).toEqual([NOON + 5_000, NOON + 10_000]);
});

test('pruning spares what lives, and what is known longer than calls are', async () => {
  const { ledger } = freshStore();
  const day = 86_400_000;
  const put = [{ rule: 'r', ruleHash: 'h', subject: 's', since: NOON - day, lastAt: NOON }];
  const old = [{ ...put[0], subject: 'old', lastAt: NOON - day }] as typeof put;
  await ledger.commit(
    'lab',
    changesOf({
      poll: pollAt(NOON),
      calls: [ledgerCall('marathon', { firstSeenAt: NOON - 9 * day, lastSeenAt: NOON - 9 * day })],
      countries: [
        { account: 10, country: 'GB', firstAt: 0, lastAt: NOON - 90 * day },
        { account: 10, country: 'FR', firstAt: 0, lastAt: NOON - 90 * day - 1 },
      ],
      accounts: [{ account: 10, firstAt: 0 }],
      put: [...put, ...old],
    }),
  );
  const options = { before: NOON, countriesBefore: NOON - 90 * day, maxRows: 100 };
  expect(await ledger.prune(options)).toBe(2);
  expect(await ledger.prune(options)).toBe(0);
  expect(await ledger.load('lab', 0)).toMatchObject({
    calls: [{ id: 'marathon' }],
    polls: [{ at: NOON }],
    countries: [{ country: 'GB' }],
    accounts: [{ account: 10 }],
    holding: put,
  });
});

test('calls of a login that nobody uses any more go when nothing was seen under it for the retention', async () => {
  const { ledger } = freshStore();
  const day = 86_400_000;
  const older = ledgerCall('1', { login: 'login:old' });
  await ledger.commit('lab', changesOf({ poll: { ...pollAt(NOON), login: 'login:old' }, calls: [older] }));
  await ledger.commit('gone', changesOf({ calls: [ledgerCall('2')] }));
  const now = NOON + 7 * day;
  // A failed poll under it shows nothing; that the call is cut is no sight of it either.
  const failed: LedgerPoll = { ...pollAt(now), login: 'login:old', result: 'failed' };
  await ledger.commit('lab', changesOf({ poll: failed }));
  await ledger.commit('lab', changesOf({ poll: pollAt(now + 1), calls: [older] }));
  expect((await ledger.load('lab', now)).calls).toEqual([older]);
  await ledger.prune({ before: NOON, countriesBefore: 0, maxRows: 100 });
  expect(await callsOf(ledger)).toEqual(['1']);
  await ledger.prune({ before: NOON + 1, countriesBefore: 0, maxRows: 100 });
  expect(await callsOf(ledger)).toEqual([]);
  expect(await callsOf(ledger, 0, 'gone')).toEqual([]);
});

test('pruning leaves behind up to when calls of each login are gone', async () => {
  const { ledger, path } = freshStore();
  const over = (id: string, second: number, login = 'login:ops') =>
    ledgerCall(id, { login, endedAt: NOON + second * 1_000 });
  const calls = [over('1', 10), over('2', 30), over('3', 20, 'login:noc'), over('4', 40)];
  await ledger.commit('lab', changesOf({ calls }));
  await ledger.commit('fra', changesOf({ calls: [over('1', 50)] }));
  const prune = async (second: number, maxRows = 100) => {
    await ledger.prune({ before: NOON + second * 1_000, countriesBefore: 0, maxRows });
    const { prunedUntil = [] } = await ledger.load('lab', 0);
    return prunedUntil.map(({ login, at }) => `${login} ${(at - NOON) / 1_000}`);
  };
  expect(await prune(10)).toEqual([]);
  expect(await prune(31, 1)).toEqual(['login:ops 10']);
  expect(await prune(31)).toEqual(['login:noc 20', 'login:ops 30']);
  // Late news of a call that is gone.
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 50_000), calls: [over('1', 10)] }));
  expect(await prune(31)).toEqual(['login:noc 20', 'login:ops 30']);
  expect(await callsOf(ledger)).toEqual(['4']);
  expect((await ledger.load('fra', 0)).prunedUntil).toEqual([]);
  expect((await freshStore(path).ledger.load('lab', 0)).prunedUntil).toHaveLength(2);
});

test('the number of the last poll outlives the poll, so that it never names two', async () => {
  const { ledger } = freshStore();
  await ledger.commit('lab', changesOf({}));
  await ledger.prune({ before: NOON + 1, countriesBefore: 0, maxRows: 100 });
  expect((await ledger.load('lab', 0)).polls).toEqual([]);
  expect(await ledger.lastPollId('lab')).toBe(1);
  expect(await ledger.commit('lab', changesOf({}))).toBe(2);
});

test.each([0, -1])('pruning at most %i rows deletes nothing', async (maxRows) => {
  const { ledger } = freshStore();
  await ledger.commit('lab', changesOf({ calls: [ledgerCall('1', { endedAt: NOON + 1 })] }));
  expect(await ledger.prune({ before: NOON + 9, countriesBefore: 0, maxRows })).toBe(0);
  expect(await callsOf(ledger)).toEqual(['1']);
});

test('a database from before the ledger gets it and keeps its records', async () => {
  const migrationsDir = join(temporaryDirectory(), 'migrations');
  mkdirSync(migrationsDir);
  const first = '0001_audit-and-passes.sql';
  copyFileSync(join(MIGRATIONS_DIR, first), join(migrationsDir, first));
  const path = temporaryDatabase();
  const old = new Database(path);
  migrate(old, path, readMigrations(migrationsDir), NOON);
  old
    .prepare(
      `INSERT INTO audit_action (at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, evidence)
       VALUES (?, 'lab', 'p', 'r', 'h', 'account', 'account:10', 'alert', '10', 'enforce', 'scheduler', 'login:ops', '{}')`,
    )
    .run(NOON);
  old.close();
  const store = openStore(path);
  onTestFinished(() => store.close());
  await store.ledger.commit('lab', changesOf({ calls: [ledgerCall('1')] }));
  expect(await callsOf(store.ledger)).toEqual(['1']);
  await store.audit.record(alertInput(), outcomeOf('alerted'), []);
  const reader = openAuditReader(path);
  onTestFinished(() => reader.close());
  expect([...reader.query({})].map(({ rule }) => rule)).toEqual(['r', 'account-concurrent-calls']);
});

test('the ledger holds what a map by login and identity would, whatever is committed', async () => {
  const text = fc.string({ maxLength: 8 });
  const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
  const number = maybe(fc.integer({ min: -5, max: 2 ** 40 }));
  const moment = fc.integer({ min: NOON, max: NOON + 100 });
  const call = fc
    .record({
      id: fc.constantFrom('1', '2'),
      callId: fc.constantFrom('a', 'b'),
      setupTimeText: fc.constantFrom(undefined, 't'),
      login: fc.constantFrom('login:ops', 'login:noc'),
      cli: maybe(text),
      cld: maybe(text),
      account: number,
      customer: number,
      connection: number,
      environment: number,
      direction: maybe(text),
      callerMediaIp: maybe(text),
      calleeMediaIp: maybe(text),
      vendors: fc.array(fc.nat(), { maxLength: 3 }),
      setupAt: maybe(fc.double({ min: 0, max: 1e14, noNaN: true })),
      connectedAt: maybe(fc.double({ min: 0, max: 1e14, noNaN: true })),
      firstSeenAt: moment,
      states: fc.array(fc.record({ state: fc.oneof(fc.constantFrom(...CALL_STATES), text), at: moment })),
      lastDuration: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
      lastDelay: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
      endedAfter: maybe(fc.nat({ max: 50 })),
      cutAt: maybe(moment),
      endedBy: maybe(fc.double({ min: 0, max: 1e14, noNaN: true })),
      endedInGap: maybe(fc.boolean()),
      finalDuration: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
      wholeSeconds: maybe(fc.boolean()),
    })
    .map(({ endedAfter, ...rest }): LedgerCall => {
      const { firstSeenAt } = rest;
      const endedAt = endedAfter === undefined ? undefined : firstSeenAt + endedAfter;
      return { ...rest, lastSeenAt: firstSeenAt, endedAt };
    });
  const commits = fc.array(fc.array(call, { maxLength: 4 }), { maxLength: 6 });
  const keyOf = (one: LedgerCall) => `${one.login} ${identityKey(one)}`;
  await fc.assert(
    fc.asyncProperty(commits, moment, async (rounds, since) => {
      const store = openStore(temporaryDatabase());
      try {
        const model = new Map<string, LedgerCall>();
        for (const [index, calls] of rounds.entries()) {
          await store.ledger.commit('lab', changesOf({ poll: pollAt(NOON + index), calls }));
          for (const one of calls) {
            const known = model.get(keyOf(one)) ?? one;
            const firstSeenAt = Math.min(one.firstSeenAt, known.firstSeenAt);
            model.set(keyOf(one), { ...one, firstSeenAt, cutAt: one.cutAt ?? known.cutAt });
          }
        }
        const expected = [...model.values()].filter(
          ({ endedAt }) => endedAt === undefined || endedAt >= since,
        );
        const { calls } = await store.ledger.load('lab', since);
        const sights = calls.map(({ firstSeenAt }) => firstSeenAt);
        expect(sights).toEqual([...sights].sort((one, other) => one - other));
        expect(calls).toHaveLength(expected.length);
        expect(new Map(calls.map((one) => [keyOf(one), one]))).toEqual(
          new Map(expected.map((one) => [keyOf(one), one])),
        );
      } finally {
        store.close();
      }
    }),
    { seed: 11, numRuns: 60 },
  );
});

/** Two CALL_IDs of the same hash on the first switch, found by trying: about 77,000 make one pair likely. */
function collidingCallIds(): [string, string] {
  const seen = new Map<number, string>();
  for (let index = 0; ; index += 1) {
    const callId = `call-${index.toString(36)}`;
    const hash = identityHash(1, ledgerCall('1', { callId }));
    const other = seen.get(hash);
    if (other !== undefined) return [other, callId];
    seen.set(hash, callId);
  }
}

function hashesIn(path: string): unknown[] {
  return look(path, (database) => database.prepare('SELECT identity_hash FROM ledger_call').pluck().all());
}

function count(path: string, table: string): unknown {
  return look(path, (database) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
}

function look<T>(path: string, work: (database: Database.Database) => T): T {
  const database = new Database(path, { readonly: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

test('what was learned of customers is kept where it is new, and read as it held at a time', async () => {
  const { ledger, path } = freshStore();
  const one = { customer: 3, parent: 2, placed: true, answered: true };
  const other = { customer: 2, parent: 1, placed: false, answered: true };
  const commit = (at: number, ...learned: (typeof one)[]) =>
    ledger.commit('lab', changesOf({ poll: pollAt(at), learned }));
  await commit(NOON, one, other);
  await commit(NOON + 1, one, other);
  await commit(NOON + 2, { ...one, parent: 1 }, other);
  await ledger.commit('fra', changesOf({ learned: [{ ...one, customer: 9 }] }));
  expect(await ledger.learnedCustomers('lab')).toEqual([
    { ...other, learnedAt: NOON },
    { ...one, parent: 1, learnedAt: NOON + 2 },
  ]);
  const reader = openLedgerReader(path);
  expect(reader.customers('lab', NOON + 2)).toEqual([
    { ...one, learnedAt: NOON },
    { ...other, learnedAt: NOON },
  ]);
  expect(reader.customers('lab', NOON + 3)).toHaveLength(3);
  expect(reader.customers('nowhere', NOON + 3)).toEqual([]);
  reader.close();
  // It goes with the retention once newer knowledge has taken its place by then.
  const pruned = (before: number) => ledger.prune({ before, countriesBefore: 0, maxRows: 100 });
  const rows = () => {
    const reading = openLedgerReader(path);
    const found = reading.customers('lab', NOON + 10);
    reading.close();
    return found;
  };
  await pruned(NOON + 2);
  expect(rows()).toHaveLength(3);
  await pruned(NOON + 3);
  expect(rows()).toEqual([
    { ...other, learnedAt: NOON },
    { ...one, parent: 1, learnedAt: NOON + 2 },
  ]);
});

test('of what holds unchanged is kept when it was said last, some minutes more or less', async () => {
  const { ledger, path } = freshStore();
  const one = { customer: 3, parent: 2, placed: true, answered: true };
  const said = (after: number) => ({ ...one, answeredAt: NOON + after, placedAt: NOON + after - 1000 });
  const kept = async (minutes: number) => {
    const after = minutes * 60_000;
    await ledger.commit('lab', changesOf({ poll: pollAt(NOON + after), learned: [said(after)] }));
    return ledger.learnedCustomers('lab');
  };
  expect(await kept(0)).toEqual([{ ...said(0), learnedAt: NOON }]);
  expect(await kept(4)).toEqual([{ ...said(0), learnedAt: NOON }]);
  expect(await kept(60)).toEqual([{ ...said(3_600_000), learnedAt: NOON }]);
  expect(count(path, 'ledger_customer')).toBe(1);
  const reader = openLedgerReader(path);
  expect(reader.customers('lab', NOON + 1)).toMatchObject([{ ...one, learnedAt: NOON }]);
  reader.close();
  // A clock that was an hour ahead.
  const anew = { ...changesOf({ poll: pollAt(NOON + 60_000) }), anew: true };
  await ledger.commit('lab', anew);
  expect(await ledger.learnedCustomers('lab')).toEqual([
    { ...one, learnedAt: NOON, answeredAt: NOON + 60_000, placedAt: NOON + 60_000 },
  ]);
});

test('what was learned of customers outlives a clock that is set back, as known from then on', async () => {
  const { ledger } = freshStore();
  const one = { customer: 3, parent: 2, placed: true, answered: true };
  await ledger.commit('lab', changesOf({ learned: [one] }));
  await ledger.commit('lab', { ...changesOf({ poll: pollAt(NOON - 60_000) }), anew: true });
  expect(await ledger.learnedCustomers('lab')).toEqual([{ ...one, learnedAt: NOON - 60_000 }]);
});
