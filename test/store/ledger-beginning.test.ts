import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { registerAuditHash } from '../../src/store/audit-chain-hash.js';
import { openLedgerReader } from '../../src/store/ledger-reader.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import { openStore } from '../../src/store/open-store.js';
import {
  accountInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';
import { changesOf, ledgerCall, pollAt } from './support-ledger.js';

const HOUR = 3_600_000;
const ended = { lastSeenAt: NOON + 5_000, endedAt: NOON + 10_000 };

/** A ledger of `lab` whose clock is set back by an hour after two polls, and one of `fra` that knows nothing of that. */
async function setBack() {
  const store = freshStore();
  const { ledger } = store;
  await ledger.commit(
    'lab',
    changesOf({
      calls: [ledgerCall('live'), ledgerCall('over', ended)],
      countries: [{ account: 10, country: 'GB', firstAt: NOON - HOUR, lastAt: NOON }],
      accounts: [{ account: 10, firstAt: NOON - HOUR }],
      put: [{ rule: 'r', ruleHash: 'h', subject: 'account:10', since: NOON, lastAt: NOON }],
    }),
  );
  await ledger.commit('fra', changesOf({ calls: [ledgerCall('other')] }));
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 5_000) }));
  const at = NOON - HOUR;
  await ledger.commit('lab', {
    ...changesOf({
      poll: pollAt(at),
      calls: [ledgerCall('live', { firstSeenAt: at, lastSeenAt: at })],
      put: [{ rule: 'r', ruleHash: 'h2', subject: 'account:11', since: at, lastAt: at }],
    }),
    anew: true,
  });
  return { ...store, at };
}

test('a history that begins anew knows of its own polls and calls alone, and of all countries and accounts', async () => {
  const { ledger, at, path } = await setBack();
  const state = await ledger.load('lab', 0);
  expect(state).toMatchObject({
    ...{ lastPollId: 3, lastPollAt: at, polls: [pollAt(at)], countries: [{ country: 'GB' }] },
    accounts: [{ account: 10, firstAt: NOON - HOUR }],
    holding: [{ ruleHash: 'h2' }],
    lastSoundAt: [{ login: 'login:ops', at }],
    lastListedAt: [{ login: 'login:ops', at }],
  });
  // A call that goes on has another row: the first sight of the old one lies after now.
  expect(state.calls.map(({ id, firstSeenAt }) => [id, firstSeenAt])).toEqual([['live', at]]);
  const reader = openLedgerReader(path);
  onTestFinished(() => reader.close());
  expect(reader.polls('lab', 0, NOON + HOUR)).toEqual([pollAt(at)]);
  expect([...reader.calls('lab', 0, NOON + HOUR)]).toEqual(state.calls);
  expect((await ledger.load('fra', 0)).calls.map(({ id }) => id)).toEqual(['other']);
});

test('it stays so when the clock catches up, and after a restart', async () => {
  const { ledger, at, path } = await setBack();
  for (const poll of [pollAt(at + 5_000), pollAt(NOON), pollAt(NOON + 5_000)])
    await ledger.commit('lab', changesOf({ poll }));
  for (const one of [ledger, freshStore(path).ledger]) {
    const state = await one.load('lab', 0);
    expect(state.polls.map((poll) => poll.at)).toEqual([at, at + 5_000, NOON, NOON + 5_000]);
    expect(state.calls.map(({ firstSeenAt }) => firstSeenAt)).toEqual([at]);
  }
});

test('what was before goes with the retention, and its ids are never given again', async () => {
  const { ledger, at } = await setBack();
  expect(await ledger.prune({ before: at, countriesBefore: 0, maxRows: 100 })).toBe(0);
  expect(await ledger.prune({ before: at + 1, countriesBefore: 0, maxRows: 100 })).toBeGreaterThan(1);
  await ledger.commit('lab', changesOf({ poll: pollAt(at + 5_000), calls: [ledgerCall('live', ended)] }));
  await ledger.prune({ before: NOON + HOUR, countriesBefore: 0, maxRows: 100 });
  await ledger.prune({ before: NOON + HOUR, countriesBefore: 0, maxRows: 100 });
  expect((await ledger.load('lab', 0)).calls).toEqual([]);
  const next = ledgerCall('next', { firstSeenAt: at + 10_000, lastSeenAt: at + 10_000 });
  await ledger.commit('lab', changesOf({ poll: pollAt(at + 10_000), calls: [next] }));
  expect((await ledger.load('lab', 0)).calls).toEqual([next]);
});

test('what was before leaves no window incomplete, pruned or not', async () => {
  const { ledger } = freshStore();
  const over = (id: string, at: number) =>
    ledgerCall(id, { firstSeenAt: at, lastSeenAt: at, endedAt: at + 1 });
  const pruned = async (before: number) => {
    await ledger.prune({ before, countriesBefore: 0, maxRows: 100 });
    return (await ledger.load('lab', 0)).prunedUntil;
  };
  await ledger.commit('lab', changesOf({ calls: [over('1', NOON), over('2', NOON + 5)] }));
  expect(await pruned(NOON + 2)).toEqual([{ login: 'login:ops', at: NOON + 1 }]);
  const back = NOON - HOUR;
  const anew = { ...changesOf({ poll: pollAt(back), calls: [over('3', back)] }), anew: true };
  await ledger.commit('lab', anew);
  expect((await ledger.load('lab', 0)).prunedUntil).toEqual([]);
  expect(await pruned(back + 1)).toEqual([]);
  expect(await pruned(back + 2)).toEqual([{ login: 'login:ops', at: back + 1 }]);
});

test('the last sound and the last listed poll are the last that were committed', async () => {
  const { ledger } = freshStore();
  for (const result of ['sound', 'suspect', 'failed'] as const) {
    const at = NOON + { sound: 0, suspect: 5_000, failed: 10_000 }[result];
    await ledger.commit('lab', changesOf({ poll: { ...pollAt(at), result } }));
  }
  expect(await ledger.load('lab', NOON + HOUR)).toMatchObject({
    lastPollAt: NOON + 10_000,
    lastSoundAt: [{ login: 'login:ops', at: NOON }],
    lastListedAt: [{ login: 'login:ops', at: NOON + 5_000 }],
  });
});

test('each entry of a call between two accounts has its row', async () => {
  const { ledger } = freshStore();
  const legs = [ledgerCall('1'), ledgerCall('1', { account: 20, direction: 'onnet_in', leg: 1 })];
  await ledger.commit('lab', changesOf({ calls: legs }));
  const over = legs.map((leg) => ({ ...leg, ...ended }));
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 10_000), calls: over.toReversed() }));
  expect((await ledger.load('lab', 0)).calls).toEqual(over);
});

test('accounts are known since numbers are read as they are', async () => {
  const { ledger } = freshStore();
  const accounts = [
    { account: 10, firstAt: NOON - HOUR },
    { account: 11, firstAt: NOON },
  ];
  const mark = { fingerprint: 'new', since: NOON - 1_000 };
  await ledger.commit('lab', { ...changesOf({ accounts }), numbering: { fingerprint: 'old', since: 0 } });
  expect((await ledger.load('lab', 0)).accounts).toEqual(accounts);
  await ledger.commit('lab', { ...changesOf({ poll: pollAt(NOON + 5_000) }), numbering: mark });
  await ledger.commit('lab', changesOf({ poll: pollAt(NOON + 10_000) }));
  expect(await ledger.load('lab', 0)).toMatchObject({
    numbering: mark,
    accounts: [
      { account: 10, firstAt: NOON - 1_000 },
      { account: 11, firstAt: NOON },
    ],
  });
});

/** A database as it was before this migration, with a switch `lab` and its login. */
function databaseBefore(migration: string, lastSoundAt: number) {
  const dir = join(temporaryDirectory(), 'migrations');
  mkdirSync(dir);
  const migrations = readMigrations(MIGRATIONS_DIR);
  const upTo = migrations.findIndex(({ name }) => name === migration);
  for (const { version, name } of migrations.slice(0, upTo)) {
    const file = `${String(version).padStart(4, '0')}_${name}.sql`;
    copyFileSync(join(MIGRATIONS_DIR, file), join(dir, file));
  }
  const path = temporaryDatabase();
  const database = new Database(path);
  registerAuditHash(database);
  migrate(database, path, readMigrations(dir), NOON);
  database.exec(`
    INSERT INTO ledger_switch (id, name, last_poll_id) VALUES (1, 'lab', 3);
    INSERT INTO ledger_login (id, switch_id, name, last_sound_at) VALUES (1, 1, 'login:ops', ${lastSoundAt});`);
  return { path, database };
}

test.each([
  ['set back', [NOON, NOON + HOUR, NOON + 5_000], []],
  ['never set back', [NOON, NOON + 5_000, NOON + HOUR], ['1']],
])(
  'a database from before this whose clock was %s goes on with what it can trust',
  async (_, polls, known) => {
    const { path, database: old } = databaseBefore('ledger-clock', Math.max(...polls));
    old.exec(`
    INSERT INTO ledger_call (identity_hash, switch_id, login_id, ref, call_id, first_seen_at, last_seen_at, states)
    VALUES (1, 1, 1, '1', 'a', ${NOON}, ${NOON}, '[]')`);
    const insert = old.prepare(`INSERT INTO ledger_poll VALUES (1, ?, ?, 1, 5000, 'sound')`);
    for (const [at, instant] of polls.entries()) insert.run(instant, at + 1);
    old.close();
    const store = openStore(path);
    onTestFinished(() => store.close());
    const state = await store.ledger.load('lab', 0);
    expect(state.calls.map(({ id }) => id)).toEqual(known);
    expect(state.lastPollAt).toBe(polls.at(-1));
    const last = known.length === 0 ? [] : [{ login: 'login:ops', at: polls.at(-1) }];
    expect([state.polls.length, state.lastSoundAt, state.lastListedAt]).toEqual([
      known.length * 3,
      last,
      last,
    ]);
  },
);

const DAY = 24 * HOUR;

test.each([
  ['goes by the oldest end that it holds', [NOON - 6 * DAY, NOON - DAY], [NOON - 8 * DAY], NOON - 6 * DAY],
  ['goes by its oldest poll where no call has ended', [], [NOON - 8 * DAY], NOON - 7 * DAY],
  ['has pruned none where its polls are of less than a day', [], [NOON - HOUR], undefined],
  ['is complete where it holds nothing', [], [], undefined],
])('a database that may have pruned calls before that was kept %s', async (_, ends, polls, until) => {
  const { path, database } = databaseBefore('pruned-until', NOON);
  database.exec(
    `UPDATE ledger_switch SET last_poll_at = ${NOON}, begun_after_poll = 1, begun_after_call = 1`,
  );
  const insertCall = database.prepare(`
      INSERT INTO ledger_call (id, identity_hash, switch_id, login_id, ref, call_id, first_seen_at, last_seen_at, ended_at, states)
      VALUES (?, 1, 1, 1, '1', 'a', ?, ?, ?, '[]')`);
  const insertPoll = database.prepare(`INSERT INTO ledger_poll VALUES (1, ?, ?, 1, 5000, 'sound')`);
  // The first of each are of another time, and the last call lives.
  for (const [index, end] of [NOON - 9 * DAY, ...ends, null].entries())
    insertCall.run(index + 1, NOON - 10 * DAY, NOON - 9 * DAY, end);
  for (const [index, at] of [NOON - 20 * DAY, ...polls].entries()) insertPoll.run(at, index + 1);
  database.close();
  const { prunedUntil } = await freshStore(path).ledger.load('lab', 0);
  expect(prunedUntil).toEqual(until === undefined ? [] : [{ login: 'login:ops', at: until }]);
});

test('disconnects are asked for until an instant, and with the calls that were only perhaps taken along', async () => {
  const { audit } = freshStore();
  const at = async (instant: number, id: string) => {
    const intent = await audit.openIntent(callInput(id, { at: instant }), []);
    await audit.closeIntent(intent, outcomeOf('disconnected'), [], instant);
  };
  await at(NOON, 'now');
  await at(NOON + HOUR, 'ahead');
  await audit.openIntent(callInput('open ahead', { at: NOON + HOUR }), []);
  const whole = await audit.openIntent(accountInput(), [callInput('perhaps'), callInput('surely')]);
  const children = [outcomeOf('unknown', { reason: 'perhaps-taken' }), outcomeOf('disconnected')];
  await audit.closeIntent(whole, outcomeOf('disconnected'), children, NOON);
  const ids = async (options?: { until?: number; mayHaveEnded?: boolean }) =>
    (await audit.disconnectsSince('lab', NOON, options)).map(({ id }) => id).sort();
  expect(await ids()).toEqual(['ahead', 'now', 'open ahead', 'surely']);
  expect(await ids({ until: NOON })).toEqual(['now', 'surely']);
  expect(await ids({ mayHaveEnded: true })).toEqual(['ahead', 'now', 'open ahead', 'perhaps', 'surely']);
});
