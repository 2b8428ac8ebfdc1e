import type Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { AuditRecord, Outcome } from '../../src/domain/action.js';
import type { AuditQuery } from '../../src/domain/ports.js';
import { recordKey } from '../../src/domain/ports.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import {
  accountInput,
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  storeFailure,
  temporaryDatabase,
} from './support.js';

function read(path: string, query: AuditQuery = {}): AuditRecord[] {
  const reader = openAuditReader(path);
  try {
    return [...reader.query(query)];
  } finally {
    reader.close();
  }
}

test('a record comes back as it was given, with the keys of the contract in their order', async () => {
  const { audit, path } = freshStore();
  const input = callInput('77', {
    rule: 'Übergröße "x" \u001b[31m; DROP TABLE audit_action;--',
    subject: 'cli:名前\n\t\\',
    cli: '<sip:é@x>\u0000\u0007',
    cld: '👩‍👩‍👧 0049',
    actor: "cli:o'brien",
    evidence: { reason: 'line\nbreak \u2028 " \\ __proto__ \u0000' },
  });
  const outcome = outcomeOf('failed', {
    reason: 'refused',
    latencyMs: 12.4,
    error: 'SWITCH_FAULT: no "rights"',
  });
  const intent = await audit.openIntent(input, []);
  await audit.closeIntent(intent, outcome, [], NOON + 50);
  const [record] = read(path);
  expect(record).toEqual({
    id: intent.id,
    parent: null,
    at: '2026-03-01T12:00:00.000Z',
    switch: 'lab',
    passId: 'pass-1',
    rule: input.rule,
    ruleHash: input.ruleHash,
    scope: 'account',
    subject: input.subject,
    action: 'disconnectCall',
    target: '77',
    mode: 'enforce',
    outcome: 'failed',
    confirmed: null,
    count: null,
    reason: 'refused',
    actor: "cli:o'brien",
    account: 10,
    customer: 2,
    callId: '77@192.0.2.1',
    cli: input.cli,
    cld: input.cld,
    latencyMs: 12,
    error: 'SWITCH_FAULT: no "rights"',
    evidence: input.evidence,
  });
  expect(Object.keys(record ?? {}).join(' ')).toBe(
    'id parent at switch passId rule ruleHash scope subject action target mode outcome confirmed count reason actor account customer callId cli cld latencyMs error evidence',
  );
});

test('an intent can be seen before its outcome, and its time keeps its milliseconds', async () => {
  const { audit, path } = freshStore();
  for (const at of [0, 1, 999, NOON + 1, NOON + 7, NOON + 999]) {
    await audit.openIntent(callInput('1', { at, account: undefined, customer: undefined }), []);
  }
  const records = read(path);
  expect(records.map(({ at }) => at)).toEqual(
    [0, 1, 999, NOON + 1, NOON + 7, NOON + 999].map((at) => new Date(at).toISOString()),
  );
  expect(records[0]).toMatchObject({
    outcome: null,
    confirmed: null,
    account: null,
    customer: null,
    reason: null,
  });
});

test('an account action and the calls it takes are committed together, each with its outcome', async () => {
  const { audit, path } = freshStore();
  const intent = await audit.openIntent(accountInput(), [callInput('1'), callInput('2', { parent: 999 })]);
  expect(intent).toEqual({ id: 1, childIds: [2, 3] });
  const outcome = outcomeOf('disconnected', { count: 2, latencyMs: 30 });
  const childOutcomes = [
    outcomeOf('disconnected', { reason: 'taken-along' }),
    outcomeOf('unknown', { reason: 'perhaps-taken' }),
  ];
  await audit.closeIntent(intent, outcome, childOutcomes, NOON + 40);
  const untold = { parent: 1, count: null, latencyMs: null };
  expect(read(path)).toMatchObject([
    { id: 1, parent: null, outcome: 'disconnected', count: 2, latencyMs: 30, reason: null },
    { ...untold, id: 2, target: '1', outcome: 'disconnected', reason: 'taken-along' },
    { ...untold, id: 3, target: '2', outcome: 'unknown', reason: 'perhaps-taken' },
  ]);
});

test.each([0, 1, 3])('an intent with two children is not closed with %i outcomes for them', async (given) => {
  const { audit, path } = freshStore();
  const intent = await audit.openIntent(accountInput(), [callInput('1'), callInput('2')]);
  const childOutcomes = Array.from({ length: given }, () => outcomeOf('disconnected'));
  const error = await storeFailure(() =>
    audit.closeIntent(intent, outcomeOf('disconnected'), childOutcomes, NOON),
  );
  expect(error.message).toContain(`${given} outcomes for the 2 calls under action 1`);
  expect(read(path).map(({ outcome }) => outcome)).toEqual([null, null, null]);
});

test('what was decided without a request stands for the children too, but not its count', async () => {
  const { audit, path } = freshStore();
  const outcome = outcomeOf('monitored', { reason: 'dry-run', count: 5 });
  expect(await audit.record(accountInput(), outcome, [callInput('1')])).toBe(1);
  expect(read(path)).toMatchObject([
    { outcome: 'monitored', count: 5 },
    { parent: 1, outcome: 'monitored', reason: 'dry-run', count: null },
  ]);
});

test('an intent that cannot be committed with all its children leaves none of them', async () => {
  const { audit, path } = freshStore();
  const impossible = callInput('2', { evidence: undefined as never });
  await storeFailure(() => audit.openIntent(accountInput(), [callInput('1'), impossible]));
  await storeFailure(() => audit.record(accountInput(), outcomeOf('monitored'), [impossible]));
  await storeFailure(() => audit.openIntent(callInput('3', { parent: 999 }), []));
  expect(read(path)).toEqual([]);
});

test('an outcome is given once', async () => {
  const { audit, path } = freshStore();
  const intent = await audit.openIntent(callInput('1'), []);
  await audit.closeIntent(intent, outcomeOf('failed'), [], NOON);
  const again = await storeFailure(() => audit.closeIntent(intent, outcomeOf('disconnected'), [], NOON));
  expect(again.message).toContain('append-only');
  await storeFailure(() => audit.closeIntent({ id: 99, childIds: [] }, outcomeOf('failed'), [], NOON));
  expect(read(path)).toMatchObject([{ outcome: 'failed' }]);
});

test('intents that a dead process left become unknown, children too, on the asked switch alone', async () => {
  const { audit, path } = freshStore();
  await audit.openIntent(accountInput(), [callInput('1'), callInput('2')]);
  await audit.openIntent(callInput('3', { switch: 'fra' }), []);
  const closed = await audit.openIntent(callInput('4'), []);
  await audit.closeIntent(closed, outcomeOf('disconnected'), [], NOON);
  expect(await audit.resolveOrphans('lab', NOON + 90_000)).toBe(3);
  expect(await audit.resolveOrphans('lab', NOON + 90_000)).toBe(0);
  const orphaned = { outcome: 'unknown', reason: 'orphaned' };
  expect(read(path)).toMatchObject([
    orphaned,
    orphaned,
    orphaned,
    { outcome: null },
    { outcome: 'disconnected' },
  ]);
  expect((await audit.unconfirmed('lab')).map(({ id, closedAt }) => [id, closedAt])).toEqual([
    [2, NOON + 90_000],
    [3, NOON + 90_000],
    [5, NOON],
  ]);
});

test('calls that were or may have been disconnected since an instant are named by their identity', async () => {
  const { audit } = freshStore();
  const outcomes: Outcome[] = ['disconnected', 'unknown', 'already-gone', 'failed', 'monitored', 'withheld'];
  for (const [index, outcome] of outcomes.entries()) {
    const intent = await audit.openIntent(callInput(String(index), { at: NOON - 60_000 }), []);
    await audit.closeIntent(intent, outcomeOf(outcome), [], NOON);
  }
  const noSetupTime = { id: '6', callId: 'six', setupTimeText: undefined };
  await audit.openIntent(accountInput({ at: NOON }), [callInput('6', { at: NOON, call: noSetupTime })]);
  await audit.openIntent(callInput('7', { at: NOON - 1 }), []);
  await audit.openIntent(callInput('8', { switch: 'fra' }), []);
  const since = async (at: number) => (await audit.disconnectsSince('lab', at)).map(({ id }) => id).sort();
  expect(await since(NOON)).toEqual(['0', '1', '2', '6']);
  expect(await since(NOON - 1)).toEqual(['0', '1', '2', '6', '7']);
  expect(await since(NOON + 1)).toEqual([]);
  const named = await audit.disconnectsSince('lab', NOON);
  expect(named).toContainEqual(expect.objectContaining(noSetupTime));
  expect(named).toContainEqual(expect.objectContaining(callInput('0').call));
});

test('a call that was disconnected is named with what tells which other entry ended with it', async () => {
  const { audit } = freshStore();
  const call = { id: '1', callId: 'one', setupTimeText: 'then' };
  const evidence = {
    reason: 'test',
    call: { id: '1', callId: 'one', setupTime: 'then', direction: 'onnet_out' },
  };
  await audit.record(callInput('1', { call, cli: '44', cld: '49', evidence }), outcomeOf('disconnected'), []);
  expect(await audit.disconnectsSince('lab', NOON)).toEqual([
    { ...call, direction: 'onnet_out', cli: '44', cld: '49' },
  ]);
});

test('the cap counts a whole by the calls that its evidence names, though each entry of them has a record', async () => {
  const { audit } = freshStore();
  const whole = (calls: number, count: number) =>
    audit.record(
      accountInput({ evidence: { reason: 'test', calls } }),
      outcomeOf('disconnected', { count }),
      ['1', '2', '3', '4'].map((id) => callInput(id)),
    );
  // By entries or by calls, as a switch may count them.
  await whole(2, 4);
  expect(await audit.callsTakenSince('lab', NOON)).toBe(2);
  await whole(2, 2);
  expect(await audit.callsTakenSince('lab', NOON)).toBe(4);
  await whole(2, 6);
  expect(await audit.callsTakenSince('lab', NOON)).toBe(10);
});

test('the cap counts what was sent in calls: children once, the count of the switch where it is larger', async () => {
  const { audit } = freshStore();
  const taken = () => audit.callsTakenSince('lab', NOON);
  const account = async (children: number, outcome: Outcome, count: number | undefined) => {
    const calls = Array.from({ length: children }, (_, index) => callInput(`${index}`));
    const intent = await audit.openIntent(accountInput(), calls);
    await audit.closeIntent(
      intent,
      outcomeOf(outcome, { count }),
      calls.map(() => outcomeOf(outcome)),
      NOON,
    );
  };
  expect(await taken()).toBe(0);
  await account(3, 'disconnected', 2);
  expect(await taken()).toBe(3);
  await account(1, 'disconnected', 5);
  expect(await taken()).toBe(8);
  await account(2, 'unknown', undefined);
  expect(await taken()).toBe(10);
  await account(2, 'already-gone', 0);
  expect(await taken()).toBe(12);
  await account(2, 'failed', undefined);
  expect(await taken()).toBe(14);
  await audit.record(callInput('1'), outcomeOf('monitored'), []);
  await audit.record(callInput('1', { switch: 'fra' }), outcomeOf('disconnected'), []);
  await audit.record(callInput('1', { at: NOON - 1 }), outcomeOf('disconnected'), []);
  expect(await taken()).toBe(14);
  await audit.openIntent(callInput('2'), []);
  expect(await taken()).toBe(15);
  await audit.openIntent(accountInput(), [callInput('3'), callInput('4')]);
  expect(await taken()).toBe(17);
});

test('a call that was only perhaps taken along is no disconnected one', async () => {
  const { audit } = freshStore();
  const intent = await audit.openIntent(accountInput(), [callInput('1'), callInput('2')]);
  const children = [outcomeOf('disconnected'), outcomeOf('unknown', { reason: 'perhaps-taken' })];
  await audit.closeIntent(intent, outcomeOf('disconnected'), children, NOON);
  expect((await audit.disconnectsSince('lab', NOON)).map(({ id }) => id)).toEqual(['1']);
});

test('an account action is confirmed by the calls that it took, whatever becomes of those it only may have taken', async () => {
  const { audit, path } = freshStore();
  const intent = await audit.openIntent(accountInput(), [callInput('1'), callInput('2')]);
  const children = [outcomeOf('disconnected'), outcomeOf('unknown', { reason: 'perhaps-taken' })];
  await audit.closeIntent(intent, outcomeOf('disconnected'), children, NOON);
  const [taken, perhaps] = intent.childIds;
  await audit.confirm([{ id: perhaps ?? 0, confirmed: false }], NOON);
  expect(read(path).map(({ confirmed }) => confirmed)).toEqual([null, null, false]);
  await audit.confirm([{ id: taken ?? 0, confirmed: true }], NOON);
  expect(read(path).map(({ confirmed }) => confirmed)).toEqual([true, true, false]);
});

test('calls cut one by one under a withheld account action count each', async () => {
  const { audit, path } = freshStore();
  const withheld = await audit.record(
    accountInput(),
    outcomeOf('withheld', { reason: 'takes-protected' }),
    [],
  );
  for (const id of ['1', '2']) {
    await audit.record(callInput(id, { parent: withheld }), outcomeOf('disconnected', {}), []);
  }
  expect(await audit.callsTakenSince('lab', NOON)).toBe(2);
  await audit.confirm(
    [2, 3].map((id) => ({ id, confirmed: true })),
    NOON,
  );
  expect(read(path)).toMatchObject([{ confirmed: null }, { parent: 1, confirmed: true }, { parent: 1 }]);
});

test('unchanged records are known by what was decided about which call in which mode, the newest under each key', async () => {
  const { audit } = freshStore();
  await audit.record(alertInput({ at: NOON - 1 }), outcomeOf('alerted'), []);
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  await audit.record(callInput('1'), outcomeOf('withheld', { reason: 'cap-per-pass' }), []);
  await audit.record(callInput('1'), outcomeOf('withheld', { reason: 'deadline' }), []);
  await audit.record(callInput('1'), outcomeOf('monitored', { reason: 'dry-run' }), []);
  await audit.record(callInput('2'), outcomeOf('disconnected'), []);
  await audit.record(callInput('3', { switch: 'fra' }), outcomeOf('monitored'), []);
  await audit.openIntent(callInput('4'), []);
  expect(await audit.unchangedSince('lab', NOON, new Map())).toEqual(
    new Map([
      [keyOf({}), 3],
      [keyOf({ ...CALL_1, reason: 'cap-per-pass' }), 4],
      [keyOf({ ...CALL_1, reason: 'deadline' }), 5],
      [keyOf({ ...CALL_1, reason: 'dry-run' }), 6],
    ]),
  );
});

test('a rule may be asked for what it recorded longer ago, or less long, than the others', async () => {
  const { audit } = freshStore();
  const record = (rule: string, at: number, outcome: Outcome = 'alerted') =>
    audit.record(alertInput({ rule, at }), outcomeOf(outcome), []);
  const far = 'far "back", \\u005c';
  await record(far, NOON - 3_600_001);
  await record(far, NOON - 3_600_000);
  await record('near', NOON - 60_001);
  await record('other', NOON - 300_001);
  await record('other', NOON - 300_000);
  const fromOfRule = new Map([
    [far, { since: NOON - 3_600_000, after: 0 }],
    ['near', { since: NOON - 60_000, after: 0 }],
    ['unheard-of', { since: 0, after: 0 }],
  ]);
  const unchanged = () => audit.unchangedSince('lab', NOON - 300_000, fromOfRule);
  expect(await unchanged()).toEqual(
    new Map([
      [keyOf({ rule: far }), 2],
      [keyOf({ rule: 'other' }), 5],
    ]),
  );
  await record('near', NOON - 60_000, 'withheld');
  await record(far, NOON);
  expect(await unchanged()).toEqual(
    new Map([
      [keyOf({ rule: 'other' }), 5],
      [keyOf({ rule: 'near' }), 6],
      [keyOf({ rule: far }), 7],
    ]),
  );
});

test('what another version of a rule recorded is no unchanged record', async () => {
  const { audit } = freshStore();
  await audit.record(alertInput({ ruleHash: 'b'.repeat(64) }), outcomeOf('alerted'), []);
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  expect(await audit.unchangedSince('lab', NOON, new Map())).toEqual(
    new Map([
      [keyOf({ ruleHash: 'b'.repeat(64) }), 1],
      [keyOf({}), 2],
    ]),
  );
});

test('a record counts from the listing that it rests on, where it names one', async () => {
  const { audit } = freshStore();
  const listed = (at: number) => {
    const evidence = { conditions: { result: true }, listedAt: new Date(at).toISOString() };
    return alertInput({ at: at + 700, evidence });
  };
  await audit.record(listed(NOON), outcomeOf('alerted'), []);
  const unchanged = async (since: number) => [
    ...(await audit.unchangedSince('lab', since, new Map())).values(),
  ];
  expect(await unchanged(NOON)).toEqual([1]);
  expect(await unchanged(NOON + 1)).toEqual([]);
  expect(
    await audit.actedSince('lab', 'enforce', new Map([[alertInput().ruleHash, { since: 0, after: 0 }]])),
  ).toMatchObject([{ at: NOON }]);
});

test('another call under the same ID, and the same call in another mode, are no unchanged record', async () => {
  const { audit } = freshStore();
  const withheld = outcomeOf('withheld', { reason: 'deadline' });
  const setupTimeText = '20260301T11:59:00.000';
  const calls = [
    { id: '1', callId: '1@192.0.2.1', setupTimeText },
    { id: '1', callId: 'later@192.0.2.1', setupTimeText },
    { id: '1', callId: '1@192.0.2.1', setupTimeText: '20260301T11:59:30.000' },
    { id: '1', callId: '1@192.0.2.1', setupTimeText: undefined },
  ];
  for (const call of calls) await audit.record(callInput('1', { call }), withheld, []);
  await audit.record(callInput('1', { mode: 'monitor' }), withheld, []);
  const alertAbout = { scope: 'call', subject: 'call:1', target: '1', call: calls[1] } as const;
  await audit.record(alertInput(alertAbout), outcomeOf('alerted'), []);
  await audit.record(accountInput({ mode: 'monitor' }), withheld, []);
  const about = { ...CALL_1, reason: 'deadline' };
  expect(await audit.unchangedSince('lab', NOON, new Map())).toEqual(
    new Map([
      [keyOf(about), 1],
      [keyOf({ ...about, callId: 'later@192.0.2.1' }), 2],
      [keyOf({ ...about, setupTime: '20260301T11:59:30.000' }), 3],
      [keyOf({ ...about, setupTime: null }), 4],
      [keyOf({ ...about, mode: 'monitor' }), 5],
      [keyOf({ subject: 'call:1', target: '1', callId: 'later@192.0.2.1', setupTime: setupTimeText }), 6],
      [keyOf({ action: 'disconnectAccount', reason: 'deadline', mode: 'monitor' }), 7],
    ]),
  );
});

const CALL_1 = {
  action: 'disconnectCall',
  target: '1',
  callId: '1@192.0.2.1',
  setupTime: '20260301T11:59:00.000',
};

/** The key of the alert of alertInput, with changes. */
function keyOf(changes: Partial<Parameters<typeof recordKey>[0]>): string {
  return recordKey({
    rule: 'account-concurrent-calls',
    ruleHash: alertInput().ruleHash,
    subject: 'account:10',
    action: 'alert',
    target: '10',
    reason: null,
    mode: 'enforce',
    callId: null,
    setupTime: null,
    ...changes,
  });
}

test('a disconnected call is unconfirmed until a listing shows it gone; true stays true', async () => {
  const { audit, path } = freshStore();
  const outcomes: Outcome[] = ['disconnected', 'unknown', 'already-gone', 'failed', 'withheld', 'monitored'];
  for (const [index, outcome] of outcomes.entries()) {
    await audit.record(callInput(`${index + 1}`), outcomeOf(outcome), []);
  }
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  await audit.record(callInput('8', { switch: 'fra' }), outcomeOf('disconnected'), []);
  const pending = async () => (await audit.unconfirmed('lab')).map(({ id, confirmed }) => [id, confirmed]);
  expect(await pending()).toEqual([
    [1, null],
    [2, null],
    [3, null],
  ]);
  expect((await audit.unconfirmed('lab'))[0]).toEqual({
    id: 1,
    rule: 'account-concurrent-calls',
    ruleHash: 'a'.repeat(64),
    call: callInput('1').call,
    account: 10,
    customer: 2,
    closedAt: NOON,
    login: 'login:ops',
    confirmed: null,
    asked: true,
  });
  await audit.confirm(
    [
      { id: 1, confirmed: false },
      { id: 2, confirmed: true },
    ],
    NOON + 1,
  );
  expect(await pending()).toEqual([
    [1, false],
    [3, null],
  ]);
  await audit.confirm(
    [
      { id: 1, confirmed: false },
      { id: 2, confirmed: false },
    ],
    NOON + 2,
  );
  expect(await pending()).toEqual([
    [1, false],
    [3, null],
  ]);
  await audit.confirm(
    [
      { id: 1, confirmed: true },
      { id: 2, confirmed: true },
    ],
    NOON + 3,
  );
  await audit.confirm([{ id: 1, confirmed: false }], NOON + 4);
  expect(await pending()).toEqual([[3, null]]);
  expect(read(path).map(({ confirmed }) => confirmed)).toEqual([
    true,
    true,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('an unconfirmed call names the login that listed it, children their own; the record that is read does not', async () => {
  const { audit, path } = freshStore();
  await audit.record(callInput('1', { login: 'login:noc' }), outcomeOf('disconnected'), []);
  await audit.record(accountInput({ login: 'trusted:2' }), outcomeOf('disconnected'), [
    callInput('2', { login: 'trusted:2' }),
  ]);
  expect((await audit.unconfirmed('lab')).map(({ id, login }) => [id, login])).toEqual([
    [1, 'login:noc'],
    [3, 'trusted:2'],
  ]);
  for (const record of read(path)) expect(record).not.toHaveProperty('login');
});

test('confirmations of which one refers to no record are all refused', async () => {
  const { audit } = freshStore();
  await audit.record(callInput('1'), outcomeOf('disconnected'), []);
  await storeFailure(() =>
    audit.confirm(
      [
        { id: 1, confirmed: true },
        { id: 99, confirmed: true },
      ],
      NOON,
    ),
  );
  expect(await audit.unconfirmed('lab')).toHaveLength(1);
});

test.each<[confirmations: (boolean | null)[], expected: boolean | null]>([
  [[], null],
  [[null, null], null],
  [[true, null], null],
  [[true, true], true],
  [[true, false], false],
  [[null, false], false],
])('an account action whose calls are confirmed %j is confirmed %j', async (confirmations, expected) => {
  const { audit, path } = freshStore();
  const children = confirmations.map((_, index) => callInput(`${index}`));
  const intent = await audit.openIntent(accountInput(), children);
  const forChildren = children.map(() => outcomeOf('disconnected'));
  await audit.closeIntent(intent, outcomeOf('disconnected'), forChildren, NOON);
  const known = confirmations.flatMap((confirmed, index) =>
    confirmed === null ? [] : [{ id: intent.childIds[index] ?? 0, confirmed }],
  );
  await audit.confirm(known, NOON);
  expect(read(path)[0]?.confirmed).toBe(expected);
});

/** A raw connection to a log with one action (id 1), its outcome and the confirmation false. */
async function rawLog(recursiveTriggers: boolean): Promise<Database.Database> {
  const path = temporaryDatabase();
  const store = freshStore(path);
  await store.audit.record(callInput('1'), outcomeOf('disconnected'), []);
  await store.audit.confirm([{ id: 1, confirmed: false }], NOON);
  const database = rawDatabase(path);
  database.pragma(`recursive_triggers = ${recursiveTriggers ? 'ON' : 'OFF'}`);
  return database;
}

const COLUMNS =
  'parent, at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, account, customer, call_ref, call_id, setup_time, cli, cld, evidence';

const TAMPERING = [
  "UPDATE audit_action SET rule = 'x'",
  "UPDATE OR REPLACE audit_action SET id = 1, rule = 'x' WHERE id = 1",
  'UPDATE audit_action SET id = 7',
  'DELETE FROM audit_action',
  ...['', 'OR REPLACE', 'OR IGNORE', 'OR ROLLBACK', 'OR FAIL'].map(
    (clause) => `INSERT ${clause} INTO audit_action (id, ${COLUMNS}) SELECT id, ${COLUMNS} FROM audit_action`,
  ),
  `REPLACE INTO audit_action (id, ${COLUMNS}) SELECT 1, ${COLUMNS} FROM audit_action`,
  `INSERT INTO audit_action (id, ${COLUMNS}) SELECT id, ${COLUMNS} FROM audit_action WHERE true ON CONFLICT DO UPDATE SET rule = 'x'`,
  `INSERT INTO audit_action (id, ${COLUMNS}) SELECT -1, ${COLUMNS} FROM audit_action`,
  `INSERT INTO audit_action (id, ${COLUMNS}) SELECT 0, ${COLUMNS} FROM audit_action`,
  "UPDATE audit_outcome SET outcome = 'failed'",
  'DELETE FROM audit_outcome',
  "INSERT INTO audit_outcome (action_id, at, outcome) VALUES (1, 0, 'failed')",
  "INSERT OR REPLACE INTO audit_outcome (action_id, at, outcome) VALUES (1, 0, 'failed')",
  "INSERT OR IGNORE INTO audit_outcome (action_id, at, outcome) VALUES (1, 0, 'failed')",
  "INSERT INTO audit_outcome (action_id, at, outcome) VALUES (1, 0, 'failed') ON CONFLICT DO UPDATE SET outcome = 'failed'",
  'UPDATE audit_confirmation SET confirmed = 1',
  'DELETE FROM audit_confirmation',
  'INSERT OR REPLACE INTO audit_confirmation (id, action_id, at, confirmed) VALUES (1, 1, 0, 1)',
  'INSERT OR REPLACE INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 0, 0)',
  'INSERT INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 0, 0)',
  'INSERT INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 0, 2)',
];

test.each(TAMPERING)('the log refuses: %s', async (sql) => {
  for (const recursiveTriggers of [false, true]) {
    const database = await rawLog(recursiveTriggers);
    const state = () =>
      ['audit_action', 'audit_outcome', 'audit_confirmation'].map((table) =>
        database.prepare(`SELECT * FROM ${table}`).all(),
      );
    const before = state();
    expect(() => database.exec(sql)).toThrow(/append-only|CHECK constraint/);
    expect(state()).toEqual(before);
  }
});

test('after true no confirmation is accepted, not even from another program', async () => {
  const database = await rawLog(false);
  database.exec('INSERT INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 0, 1)');
  for (const confirmed of [0, 1]) {
    expect(() =>
      database.exec(
        `INSERT OR REPLACE INTO audit_confirmation (action_id, at, confirmed) VALUES (1, 0, ${confirmed})`,
      ),
    ).toThrow('append-only');
  }
});
