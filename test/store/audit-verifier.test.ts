import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SHORTEST_KEPT_MS } from '../../src/domain/audit-chain.js';
import { registerAuditHash, storedColumns } from '../../src/store/audit-chain-hash.js';
import { openAuditVerifier } from '../../src/store/audit-verifier.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import {
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  startFixture,
  storeFailure,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';
import {
  authorised,
  genuine,
  reckonAnew,
  signer,
  signerOf,
  tamper,
  verified,
  writeCalls,
} from './support-chain.js';

function events(path: string): { seq: number; kind: string; ref: number }[] {
  return rawDatabase(path)
    .prepare<[], { seq: number; kind: string; ref: number }>('SELECT seq, kind, ref FROM audit_event')
    .all();
}

/** Three calls behind the record of the beginning: events 2 to 10 are intent, outcome, confirmation in turn. */
async function threeCalls() {
  const store = freshStore();
  await writeCalls(store, 1, 3);
  const head = await store.chain.head();
  return { ...store, database: rawDatabase(store.path), head, checkpoint: signer.sign(head, NOON) };
}

test('a new log begins with a record that says so', async () => {
  const { path, chain } = freshStore();
  expect(events(path)).toEqual([{ seq: 1, kind: 'administration', ref: 1 }]);
  expect(rawDatabase(path).prepare('SELECT * FROM audit_administration').get()).toEqual({
    id: 1,
    at: NOON,
    actor: 'callwarden',
    kind: 'begun',
    switch: null,
    reason: null,
    detail: expect.stringMatching(/^\{"version":1,"adopted":0,"log":"[0-9a-f-]{36}"\}$/),
  });
  const head = await chain.head();
  expect(head).toMatchObject({ sequence: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(verified(path)).toEqual({
    events: 1,
    first: 1,
    head,
    checkpoints: { matched: 0, pruned: 0 },
    prunes: [],
    notes: [],
    fault: undefined,
  });
});

test('every row is an event of its own, and the whole log passes', async () => {
  const { path, head, checkpoint } = await threeCalls();
  expect(events(path).slice(1)).toEqual(
    [1, 2, 3].flatMap((ref, index) =>
      ['action', 'outcome', 'confirmation'].map((kind, place) => ({ seq: 2 + index * 3 + place, kind, ref })),
    ),
  );
  const begin = signer.sign({ sequence: 1, hash: hashOf(path, 1) }, NOON);
  expect(verified(path, [checkpoint, begin])).toMatchObject({
    events: 10,
    first: 1,
    head,
    checkpoints: { matched: 2, pruned: 0 },
    fault: undefined,
  });
});

function hashOf(path: string, seq: number): string {
  return String(
    rawDatabase(path).prepare('SELECT lower(hex(hash)) FROM audit_event WHERE seq = ?').pluck().get(seq),
  );
}

test('what is rolled back takes no number with it', async () => {
  const { audit, path } = freshStore();
  await storeFailure(() =>
    audit.openIntent(callInput('1'), [callInput('2', { evidence: undefined as never })]),
  );
  await storeFailure(() => audit.closeIntent({ id: 99, childIds: [] }, outcomeOf('failed'), [], NOON));
  await writeCalls({ audit }, 1, 1);
  expect(events(path).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(verified(path).fault).toBeUndefined();
});

test('a log that processes write at the same time passes', async () => {
  const path = temporaryDatabase();
  const stores = [freshStore(path), freshStore(path)];
  const started = startFixture('write-records.mjs', path, 'fra', '40');
  for (let round = 0; round < 20; round += 1) {
    for (const store of stores) await writeCalls(store, round, 1);
  }
  expect((await started).line).toBe('done');
  expect(verified(path)).toMatchObject({ events: 1 + 2 * 40 + 2 * 20 * 3, fault: undefined });
});

test('a walk while others write sees the log as it was when it began', async () => {
  const store = freshStore();
  await writeCalls(store, 1, 2);
  const verifier = openAuditVerifier(store.path);
  onTestFinished(() => verifier.close());
  const seen: number[] = [];
  const found = verifier.verify({
    checkpoints: [],
    genuine,
    authorised,
    onProgress: (done, of) => {
      seen.push(done, of);
      rawDatabase(store.path).exec(
        "INSERT INTO audit_administration (at, actor, kind) VALUES (1, 'x', 'paused')",
      );
    },
  });
  expect(found).toMatchObject({ events: 7, head: { sequence: 7 }, fault: undefined });
  expect(seen).toEqual([7, 7]);
  expect(verifier.head().sequence).toBe(8);
});

test.each<[what: string, sql: string, fault: object]>([
  [
    'a row',
    "UPDATE audit_action SET evidence = '{}' WHERE id = 2",
    { event: 5, kind: 'action', row: 2, action: 2, what: 'altered' },
  ],
  [
    'an outcome',
    'UPDATE audit_outcome SET count = 1 WHERE action_id = 2',
    { event: 6, kind: 'outcome', row: 2, action: 2, what: 'altered' },
  ],
  [
    'a confirmation',
    'UPDATE audit_confirmation SET confirmed = 0 WHERE id = 1',
    { event: 4, kind: 'confirmation', row: 1, action: 1, what: 'altered' },
  ],
  [
    'the beginning',
    "UPDATE audit_administration SET actor = 'x'",
    { event: 1, kind: 'administration', row: 1, action: undefined, what: 'altered' },
  ],
  ['a hash', 'UPDATE audit_event SET hash = zeroblob(32) WHERE seq = 9', { event: 9, what: 'altered' }],
  [
    'the kind of an event',
    "UPDATE audit_event SET kind = 'outcome' WHERE seq = 4",
    { event: 4, what: 'inserted' },
  ],
  [
    'bytes that read as the same text',
    "UPDATE audit_action SET rule = CAST(rule || x'00' AS TEXT) WHERE id = 3",
    { event: 8, what: 'altered' },
  ],
  [
    'a removed row',
    'DELETE FROM audit_outcome WHERE action_id = 1',
    { event: 3, kind: 'outcome', row: 1, action: 1, what: 'removed' },
  ],
  [
    'a removed event',
    'DELETE FROM audit_event WHERE seq IN (4, 5)',
    {
      event: 4,
      kind: undefined,
      what: 'removed',
      detail: 'Events 4 to 5 are gone from the middle of the log.',
    },
  ],
  [
    'a removed record',
    'DELETE FROM audit_event WHERE seq = 4; DELETE FROM audit_confirmation WHERE id = 1',
    { event: 4, what: 'removed' },
  ],
  [
    'a removed record, the later ones renumbered',
    'DELETE FROM audit_event WHERE seq = 4; DELETE FROM audit_confirmation WHERE id = 1; UPDATE audit_event SET seq = seq - 1 WHERE seq > 4',
    { event: 4, what: 'altered' },
  ],
  ['the first event', 'DELETE FROM audit_event WHERE seq = 1', { event: 1, what: 'removed' }],
  [
    'the beginning cut off',
    'DELETE FROM audit_event WHERE seq < 5; DELETE FROM audit_action WHERE id = 1; DELETE FROM audit_outcome WHERE action_id = 1; DELETE FROM audit_confirmation WHERE id = 1; DELETE FROM audit_administration',
    { event: 1, what: 'removed' },
  ],
  [
    'a row put in',
    "INSERT INTO audit_outcome SELECT 4, 1, 'failed', NULL, NULL, NULL, NULL; INSERT INTO audit_confirmation VALUES (9, 2, 1, 0)",
    { event: 5, kind: 'confirmation', row: 9, action: 2, what: 'inserted' },
  ],
  [
    'an event put in again',
    "INSERT INTO audit_event SELECT 11, 'outcome', 3, hash FROM audit_event WHERE seq = 9",
    { event: 11, row: 3, what: 'inserted' },
  ],
  [
    'two events in another order',
    'UPDATE audit_event SET seq = 99 WHERE seq = 3; UPDATE audit_event SET seq = 3 WHERE seq = 4; UPDATE audit_event SET seq = 4 WHERE seq = 99',
    { event: 3, what: 'altered' },
  ],
  [
    'the tail',
    'DELETE FROM audit_event WHERE seq > 7; DELETE FROM audit_action WHERE id = 3; DELETE FROM audit_outcome WHERE action_id = 3; DELETE FROM audit_confirmation WHERE id = 3',
    { event: 8, what: 'cut' },
  ],
  ['every event', 'DELETE FROM audit_event', { event: 1, what: 'cut' }],
])('%s that was tampered with is named', async (_, sql, fault) => {
  const { path, database } = await threeCalls();
  tamper(database, () => database.exec(sql));
  expect(verified(path).fault).toMatchObject(fault);
});

const TAIL =
  "DELETE FROM audit_event WHERE seq > 7; DELETE FROM audit_action WHERE id = 3; DELETE FROM audit_outcome WHERE action_id = 3; DELETE FROM audit_confirmation WHERE id = 3; DELETE FROM search_record WHERE action_id = 3; DELETE FROM acted_record WHERE action_id = 3; UPDATE sqlite_sequence SET seq = 7 WHERE name = 'audit_event'";

test('a tail that was cut with all that the database remembers of it shows against a checkpoint alone', async () => {
  const { path, database, checkpoint } = await threeCalls();
  tamper(database, () => database.exec(TAIL));
  expect(verified(path).fault).toBeUndefined();
  expect(verified(path, [checkpoint]).fault).toMatchObject({ event: 8, what: 'cut' });
});

test('what is written behind a cut tail leaves a gap', async () => {
  const { path, database, audit } = await threeCalls();
  tamper(database, () => database.exec(TAIL.replace(/; UPDATE.*/, '')));
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  expect(verified(path).fault).toMatchObject({ event: 8, what: 'removed' });
});

test('a chain that was reckoned anew shows against the first checkpoint behind the change', async () => {
  const { path, database, checkpoint } = await threeCalls();
  const at = (seq: number) => signer.sign({ sequence: seq, hash: hashOf(path, seq) }, NOON);
  const checkpoints = [at(4), at(8), checkpoint];
  tamper(database, () => {
    database.exec("UPDATE audit_action SET target = 'another' WHERE id = 2");
    reckonAnew(database, 1);
  });
  expect(verified(path).fault).toBeUndefined();
  expect(verified(path, checkpoints)).toMatchObject({
    checkpoints: { matched: 1 },
    fault: { event: 8, what: 'altered', detail: expect.stringContaining('from an event after 4') },
  });
});

test('a checkpoint with a wrong signature is told as such', async () => {
  const { path, head, checkpoint } = await threeCalls();
  for (const forged of [
    { ...checkpoint, signature: signerOf(8).sign(head, NOON).signature },
    { ...checkpoint, sequence: 9 },
    { ...checkpoint, at: '2026-01-01T00:00:00.000Z' },
  ]) {
    expect(verified(path, [checkpoint, forged]).fault).toMatchObject({
      event: forged.sequence,
      what: 'forged',
    });
  }
});

test.each<[what: string, sql: string, names: string]>([
  [
    'a trigger that is gone',
    'DROP TRIGGER audit_outcome_no_delete',
    'trigger audit_outcome_no_delete is gone',
  ],
  [
    'a trigger that does something else',
    'DROP TRIGGER audit_event_no_update; CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT 1; END',
    'trigger audit_event_no_update was changed',
  ],
  [
    'a trigger that was added',
    'CREATE TRIGGER quiet AFTER INSERT ON audit_action BEGIN SELECT 1; END',
    'trigger quiet is not one of callwarden',
  ],
  [
    'a view that tells something else',
    'DROP VIEW audit_record; CREATE VIEW audit_record AS SELECT 1',
    'view audit_record was changed',
  ],
  [
    'a table that was changed',
    'ALTER TABLE audit_outcome ADD COLUMN note TEXT',
    'table audit_outcome was changed',
  ],
  ['a table that is gone', 'DROP TABLE audit_confirmation', 'table audit_confirmation is gone'],
])('%s is told, though every record is right', async (_, sql, names) => {
  const { path, database } = await threeCalls();
  database.pragma('foreign_keys = OFF');
  database.exec(sql);
  expect(verified(path).fault).toMatchObject({ what: 'guard', detail: expect.stringContaining(names) });
});

test('triggers that are put back as they were, and indexes for reports of one’s own, are no fault', async () => {
  const { path, database } = await threeCalls();
  tamper(database, () => database.exec('CREATE INDEX mine ON audit_action (rule); ANALYZE; VACUUM'));
  expect(verified(path)).toMatchObject({
    notes: ['The index mine on audit_action is not one of callwarden: it was added.'],
    fault: undefined,
  });
});

test.each<[what: string, sql: string, names: string]>([
  [
    'a trigger of a table that the log is not in',
    'CREATE TRIGGER quiet AFTER INSERT ON unconfirmed_call BEGIN DELETE FROM pause; END',
    'trigger quiet is not one of callwarden: it was added to unconfirmed_call',
  ],
  ['a table', 'CREATE TABLE mine (id)', 'table mine is not one of callwarden'],
  ['a view', 'CREATE VIEW mine AS SELECT 1', 'view mine is not one of callwarden'],
  [
    'an index that keeps rows out',
    'CREATE UNIQUE INDEX mine ON pass (pass_id)',
    'index mine is not one of callwarden: it was added to pass',
  ],
  ['an index less', 'DROP INDEX audit_action_parent', 'index audit_action_parent is gone'],
  ['a working table less', 'DROP TABLE unconfirmed_call', 'table unconfirmed_call is gone'],
  ['another column', 'ALTER TABLE pause ADD COLUMN note TEXT', 'table pause was changed'],
])('what callwarden works with is guarded as well: %s', async (_, sql, names) => {
  const { path, database } = await threeCalls();
  database.exec(sql);
  expect(verified(path).fault).toMatchObject({ what: 'guard', detail: expect.stringContaining(names) });
});

test.each(['sqlite_quiet', 'pause'])(
  'a trigger %s that was written into the schema is told',
  async (name) => {
    const { path, database } = await threeCalls();
    const sql = `CREATE TRIGGER ${name} AFTER INSERT ON search_record BEGIN DELETE FROM pause; END`;
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    database.prepare("INSERT INTO sqlite_schema VALUES ('trigger', ?, 'search_record', 0, ?)").run(name, sql);
    database.pragma('writable_schema = RESET');
    expect(verified(path).fault).toMatchObject({ what: 'guard', detail: expect.stringContaining(name) });
  },
);

/** Makes an index leave out an action while `work` is done, without a trace in the schema. */
function behindIndexes(
  database: Database.Database,
  names: readonly string[],
  action: number,
  work: () => void,
) {
  const read = database.prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE name = ?').pluck();
  const texts = names.map((name) => [name, read.get(name) ?? ''] as const);
  const setTo = (text: (sql: string) => string) => {
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    const change = database.prepare<[string, string]>('UPDATE sqlite_schema SET sql = ? WHERE name = ?');
    for (const [name, sql] of texts) change.run(text(sql), name);
    database.pragma('writable_schema = RESET');
  };
  tamper(database, () => {
    setTo((sql) => `${sql} ${sql.includes(' WHERE ') ? 'AND' : 'WHERE'} id <> ${action}`);
    work();
    setTo((sql) => sql);
  });
}

test('a row that was put in behind the indexes is found', async () => {
  const { path, database } = await threeCalls();
  const columns = storedColumns(database, 'audit_action').slice(1).join(', ');
  behindIndexes(database, ['audit_action_at'], 4, () =>
    database.exec(`INSERT INTO audit_action SELECT 4, ${columns} FROM audit_action WHERE id = 3`),
  );
  expect(database.prepare('SELECT count(*) FROM audit_action').pluck().get()).toBe(3);
  expect(verified(path).fault).toMatchObject({ kind: 'action', row: 4, what: 'inserted' });
});

test('a row that indexes do not show is damage, though every table is right', async () => {
  const { path, database } = await threeCalls();
  behindIndexes(database, ['audit_action_account'], 2, () => database.exec('REINDEX audit_action_account'));
  expect(verified(path).fault).toMatchObject({
    what: 'guard',
    detail: expect.stringMatching(/^The database is damaged: .*audit_action_account/),
  });
});

test.each<[what: string, sql: string, fault: object]>([
  [
    'a record that queries leave out',
    'DELETE FROM search_record WHERE action_id = 2',
    { action: 2, detail: 'The search index does not show record 2: queries would leave it out.' },
  ],
  [
    'a record under another outcome',
    "INSERT INTO search_facet SELECT 99, switch, rule, action, mode, 'failed' FROM search_facet LIMIT 1; UPDATE search_record SET facet_id = 99 WHERE action_id = 3",
    { action: 3, detail: expect.stringContaining('does not show record 3') },
  ],
  [
    'a record twice',
    'INSERT INTO search_record SELECT facet_id, at + 1, action_id FROM search_record WHERE action_id = 1',
    { action: 1, detail: expect.stringContaining('shows record 1 as it is not') },
  ],
  [
    'a record that there is not',
    'INSERT INTO search_record SELECT facet_id, at, 9 FROM search_record WHERE action_id = 1',
    { action: 9 },
  ],
  [
    'a call that nobody waits for',
    'DELETE FROM unconfirmed_call',
    { action: 4, detail: expect.stringContaining('Record 4 is not confirmed') },
  ],
  [
    'a call that is waited for in vain',
    "INSERT INTO unconfirmed_call VALUES ('lab', 2)",
    { action: 2, detail: expect.stringContaining('Record 2 is waited for') },
  ],
  [
    'an action that its rule forgot',
    'DELETE FROM acted_record WHERE action_id = 3',
    { action: 3, detail: expect.stringContaining('Record 3 is not among') },
  ],
  [
    'an action that its rule never took',
    'INSERT INTO acted_record SELECT acted_rule_id, at + 1, action_id FROM acted_record WHERE action_id = 1',
    { action: 1, detail: expect.stringContaining('Record 1 is among') },
  ],
])('what is worked with has to say what the log says: %s', async (_, sql, fault) => {
  const { path, database, audit } = await threeCalls();
  await audit.record(callInput('4'), outcomeOf('disconnected'), []);
  expect(verified(path).fault).toBeUndefined();
  database.exec(sql);
  expect(verified(path).fault).toMatchObject({ what: 'guard', kind: 'action', ...fault });
});

test('each trigger of the chain hashes every column that its table stores', () => {
  const { path } = freshStore();
  const database = rawDatabase(path);
  const typeOf = database
    .prepare<[string, string], string>('SELECT type FROM pragma_table_info(?) WHERE name = ?')
    .pluck();
  for (const kind of ['action', 'outcome', 'confirmation', 'administration']) {
    const sql = String(
      database
        .prepare("SELECT sql FROM sqlite_schema WHERE name = 'audit_' || ? || '_chain'")
        .pluck()
        .get(kind),
    );
    const table = `audit_${kind}`;
    const expected = storedColumns(database, table).map((column) => {
      const type = typeOf.get(table, column) === 'INTEGER' ? 'i' : 't';
      return `'t${column.length}:${column}${type}' || octet_length(NEW.${column}) || ':' || NEW.${column}`;
    });
    expect(sql.match(/'t\d+:\w+' \|\| octet.*NEW\.\w+/g), kind).toEqual(expected);
  }
});

test.each([
  'UPDATE audit_event SET hash = zeroblob(32)',
  'DELETE FROM audit_event',
  "INSERT INTO audit_event (kind, ref, hash) VALUES ('action', 1, zeroblob(32))",
  "INSERT OR REPLACE INTO audit_event (seq, kind, ref, hash) VALUES (3, 'action', 1, zeroblob(32))",
  "INSERT INTO audit_event (seq, kind, ref, hash) VALUES (99, 'action', 1, zeroblob(32))",
  "UPDATE audit_administration SET actor = 'x'",
  'DELETE FROM audit_administration',
  "INSERT OR REPLACE INTO audit_administration (id, at, actor, kind) VALUES (1, 1, 'x', 'begun')",
  "UPDATE audit_seal SET at = 'x'",
  'DELETE FROM audit_seal',
  "INSERT OR REPLACE INTO audit_seal VALUES (1, 1, 1, 1, 1, 0, 0, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x')",
])('the log refuses: %s', async (sql) => {
  const { path } = await threeCalls();
  for (const recursiveTriggers of ['ON', 'OFF']) {
    const database = rawDatabase(path);
    database.exec(
      "INSERT INTO audit_seal VALUES (NULL, 1, 0, 1, 1, 0, 0, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x')",
    );
    database.pragma(`recursive_triggers = ${recursiveTriggers}`);
    expect(() => database.exec(sql)).toThrow('append-only');
  }
});

test('another program reads all of the log and its views, and cannot add to it', async () => {
  const { path, close } = await threeCalls();
  close();
  const other = new Database(path);
  onTestFinished(() => void other.close());
  for (const name of ['audit_record', 'audit_event', 'audit_head', 'audit_pruned', 'audit_administration']) {
    expect(() => other.prepare(`SELECT * FROM ${name}`).all(), name).not.toThrow();
  }
  expect(() =>
    other.exec("INSERT INTO audit_administration (at, actor, kind) VALUES (1, 'x', 'paused')"),
  ).toThrow('no such function: audit_hash');
  expect(verified(path)).toMatchObject({ events: 10, fault: undefined });
});

/** Versions 1 to 4 with records of all kinds, as an older callwarden left them. */
function olderDatabase(path: string): void {
  const directory = join(temporaryDirectory(), 'migrations');
  mkdirSync(directory);
  for (const { version, name } of readMigrations(MIGRATIONS_DIR).slice(0, 4)) {
    const file = `${String(version).padStart(4, '0')}_${name}.sql`;
    copyFileSync(join(MIGRATIONS_DIR, file), join(directory, file));
  }
  const old = new Database(path);
  migrate(old, path, readMigrations(directory), NOON);
  old.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO audit_action (at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, call_id, cli, evidence)
    SELECT 1000 * i - iif(i = 7, 60000, 0), 'lab', 'p', 'r', 'h', 'account', 'account:1', 'disconnectCall', '1', 'enforce', 'scheduler', 'login:ops', i, 'é', 'null' FROM n;
    INSERT INTO audit_outcome (action_id, at, outcome) SELECT id, at + 40, 'disconnected' FROM audit_action;
    INSERT INTO audit_confirmation (action_id, at, confirmed) SELECT id, at + 5000, 1 FROM audit_action WHERE id % 2 = 0;`);
  old.close();
}

test('the rows of an older database are chained by time, and the log says how many', () => {
  const path = temporaryDatabase();
  olderDatabase(path);
  freshStore(path);
  const chained = events(path);
  expect(chained).toHaveLength(1 + 6_000 + 6_000 + 3_000);
  expect(chained.slice(0, 8).map(({ kind, ref }) => `${kind} ${ref}`)).toEqual([
    'administration 1',
    'action 1',
    'outcome 1',
    'action 2',
    'outcome 2',
    'action 3',
    'outcome 3',
    'action 4',
  ]);
  const actions = chained.filter(({ kind }) => kind === 'action').map(({ ref }) => ref);
  expect(actions).toEqual([...actions].sort((one, other) => one - other));
  expect(rawDatabase(path).prepare('SELECT detail FROM audit_administration').pluck().get()).toContain(
    '{"version":1,"adopted":15000,',
  );
  expect(verified(path)).toMatchObject({ events: 15_001, fault: undefined });
});

test('a database whose chaining fails is left as it was', async () => {
  const path = temporaryDatabase();
  olderDatabase(path);
  const broken = new Database(path);
  onTestFinished(() => void broken.close());
  broken.function('audit_hash', { varargs: true, directOnly: false }, () => {
    throw new Error('no');
  });
  await storeFailure(() => migrate(broken, path, readMigrations(MIGRATIONS_DIR), NOON));
  expect(broken.prepare("SELECT name FROM sqlite_schema WHERE name = 'audit_event'").get()).toBeUndefined();
  registerAuditHash(broken);
  migrate(broken, path, readMigrations(MIGRATIONS_DIR), NOON);
  expect(verified(path).fault).toBeUndefined();
});

/** As docs/audit.md has it for whoever wants to verify without callwarden. */
const DOCUMENTED = /```python\n([\s\S]*?)```/.exec(
  readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8'),
)?.[1];

const withoutPython = spawnSync('python3', ['--version']).status !== 0;

test.skipIf(withoutPython)('the script of the documentation comes to the same head', async () => {
  const { path, head, database, audit, chain } = await threeCalls();
  await audit.record(alertInput({ rule: 'é\u{1f4de}\ud800' }), outcomeOf('alerted'), []);
  database.exec(
    "INSERT INTO audit_administration (at, actor, kind) VALUES (1, CAST(x'61ff62' AS TEXT), 'paused')",
  );
  const run = () =>
    execFileSync('python3', ['-c', DOCUMENTED ?? ''], {
      cwd: dirname(path),
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  const last = openAuditVerifier(path);
  onTestFinished(() => last.close());
  expect(last.head().sequence).toBe(head.sequence + 3);
  expect(run()).toBe(`head ${last.head().sequence} ${last.head().hash}`);
  const at = NOON + 2 * SHORTEST_KEPT_MS;
  expect(await chain.prune(NOON + 90_000, { at, actor: 'cli:ops', reason: 'x', signer })).toMatchObject({
    to: 7,
  });
  expect(run()).toBe(`head ${last.head().sequence} ${last.head().hash}`);
  tamper(database, () => database.exec("UPDATE audit_outcome SET error = 'x' WHERE action_id = 3"));
  expect(run).toThrow('event 9 is not what was written');
  tamper(database, () => database.exec('DELETE FROM audit_event WHERE seq = 8'));
  expect(run).toThrow('event 8 is gone');
});

/** Takes from a table what keeps it strict while `work` is done, without a trace in the schema. */
function loosely(database: Database.Database, table: string, work: () => void): void {
  const read = database.prepare<[string], string>('SELECT sql FROM sqlite_schema WHERE name = ?').pluck();
  const strict = read.get(table) ?? '';
  const setTo = (sql: string) => {
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    database.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sql, table);
    database.pragma('writable_schema = RESET');
  };
  tamper(database, () => {
    setTo(strict.replace(') STRICT', ')').replaceAll(' NOT NULL', ''));
    database.pragma('ignore_check_constraints = ON');
    work();
    setTo(strict);
  });
}

describe('a value of another type in the place of a hash', () => {
  test.each([
    ['a text of the same bytes', 'CAST(hash AS TEXT)'],
    ['its own hex', 'lower(hex(hash))'],
    ['a number', '5'],
    ['nothing', 'NULL'],
    ['a blob that is too short', "x'00'"],
  ])('is altered: %s', async (_, value) => {
    for (const event of [1, 3, 'last'] as const) {
      const { path, database, checkpoint } = await threeCalls();
      const seq = event === 'last' ? checkpoint.sequence : event;
      loosely(database, 'audit_event', () => {
        database.exec(`UPDATE audit_event SET hash = ${value} WHERE seq = ${seq}`);
      });
      for (const checkpoints of [[], [checkpoint]]) {
        expect(verified(path, checkpoints).fault, `event ${seq}`).toMatchObject({
          event: seq,
          what: 'altered',
        });
      }
    }
  });

  test('in a seal is told, too', async () => {
    const { path, database } = await threeCalls();
    loosely(database, 'audit_seal', () => {
      database.exec(
        "INSERT INTO audit_seal VALUES (1, x'00', 'a', 'b', 1, 1, 5, NULL, x'01', 'x', 'y', 'z', 7, 8, 9)",
      );
    });
    expect(verified(path).fault).toMatchObject({
      what: 'guard',
      detail: expect.stringMatching(/^The seals of prunes are not as callwarden writes them: .*audit_seal/),
    });
  });
});
