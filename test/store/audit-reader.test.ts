import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  ACTION_TYPES,
  type ActionRecordInput,
  type AuditRecord,
  OUTCOMES,
  type Outcome,
} from '../../src/domain/action.js';
import type { AuditQuery } from '../../src/domain/ports.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { explainSearch } from '../../src/store/audit-search.js';
import { openStore } from '../../src/store/open-store.js';
import { plainNumber } from '../../src/store/plain-number.js';
import {
  accountInput,
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  startFixture,
  storeFailure,
  temporaryDatabase,
} from './support.js';

function reading(path: string) {
  const reader = openAuditReader(path);
  onTestFinished(() => reader.close());
  return {
    ...reader,
    ids: (query: AuditQuery) => [...reader.query(query)].map(({ id }) => id),
  };
}

test('the newest records come oldest first: by their time, then in the order they were written', async () => {
  const { audit, path } = freshStore();
  for (const at of [5, 3, 9, 3, 1]) await audit.record(alertInput({ at }), outcomeOf('alerted'), []);
  const { ids } = reading(path);
  expect(ids({})).toEqual([5, 2, 4, 1, 3]);
  expect(ids({ limit: 3 })).toEqual([4, 1, 3]);
  expect(ids({ limit: 0 })).toEqual([]);
  expect(ids({ limit: 99 })).toEqual([5, 2, 4, 1, 3]);
  expect(ids({ since: 3, until: 9 })).toEqual([2, 4, 1]);
  expect(ids({ rule: 'account-concurrent-calls', limit: 2 })).toEqual([1, 3]);
});

test('following from the greatest id seen misses nothing and repeats nothing, whatever times the records bear', async () => {
  const { audit, path } = freshStore();
  const { ids } = reading(path);
  const seen: number[] = [];
  for (const at of [50, 10, 40, 20, 30]) {
    await audit.record(alertInput({ at }), outcomeOf('alerted'), []);
    await audit.record(alertInput({ at: at - 9, rule: 'other' }), outcomeOf('alerted'), []);
    seen.push(...ids({ afterId: Math.max(0, ...seen), rule: 'account-concurrent-calls' }));
  }
  expect(seen).toEqual([1, 3, 5, 7, 9]);
});

test('--call finds a call by ID and by CALL_ID, alerts about it, and what an account action took along', async () => {
  const { audit, path } = freshStore();
  await audit.record(callInput('7'), outcomeOf('disconnected'), []);
  await audit.record(callInput('8'), outcomeOf('disconnected'), []);
  await audit.record(accountInput({ target: '7', subject: 'account:7' }), outcomeOf('disconnected'), [
    callInput('7'),
  ]);
  await audit.record(alertInput({ scope: 'call', subject: 'call:7', target: '7' }), outcomeOf('alerted'), []);
  await audit.record(alertInput({ subject: 'account:7', target: '7' }), outcomeOf('alerted'), []);
  const sameBoth = { id: '9', callId: '9', setupTimeText: undefined };
  await audit.record(callInput('9', { call: sameBoth }), outcomeOf('disconnected'), []);
  const { ids } = reading(path);
  expect(ids({ call: '9' })).toEqual([7]);
  expect(ids({ call: '7' })).toEqual([1, 4, 5]);
  expect(ids({ call: '7@192.0.2.1' })).toEqual([1, 4]);
  expect(ids({ call: '7', limit: 1 })).toEqual([5]);
  expect(ids({ call: "7' OR 1=1 --" })).toEqual([]);
});

test('--cli and --cld find a number as listed and however its separators and prefix are written', async () => {
  const { audit, path } = freshStore();
  const numbers = [
    '+49 30 1234',
    '0049301234',
    '49-30-1234',
    '4930123',
    '030 1234',
    'anonymous',
    '0011#4930',
    '',
  ];
  for (const cli of numbers)
    await audit.record(callInput('1', { cli, cld: undefined }), outcomeOf('disconnected'), []);
  await audit.record(callInput('1', { cli: undefined, cld: '+49 (30) 1234' }), outcomeOf('disconnected'), []);
  const { ids } = reading(path);
  for (const cli of ['+49301234', '0049 30 1234', '49301234', '(49) 30.1234']) {
    expect(ids({ cli }), cli).toEqual([1, 2, 3]);
  }
  expect(ids({ cli: '0301234' })).toEqual([5]);
  expect(ids({ cli: 'anonymous' })).toEqual([6]);
  expect(ids({ cli: '0011#4930' })).toEqual([7]);
  expect(ids({ cld: '49301234' })).toEqual([9]);
});

test('the number that a search compares is the one that the database computes', () => {
  const { path } = freshStore();
  const database = rawDatabase(path);
  const insert = database.prepare(
    `INSERT INTO audit_action (at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, cli, cld, evidence)
     VALUES (0, '', '', '', '', '', '', '', '', '', '', '', ?, ?, 'null') RETURNING cli_number AS cli, cld_number AS cld`,
  );
  const piece = fc.constantFrom('+', '0', '00', ' ', '-', '.', '(', ')', '#', '4', '9', 'a', 'é', '\t');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string({ unit: 'grapheme' }), (pieces, any) => {
      const cli = pieces.join('');
      expect(insert.get(cli, any)).toEqual({ cli: plainNumber(cli), cld: plainNumber(any) });
    }),
  );
});

const SOME: Required<Omit<AuditQuery, 'limit' | 'since' | 'until'>> = {
  id: 2,
  rule: 'r1',
  account: 1,
  customer: 1,
  call: '1',
  cli: '+1',
  cld: '+1',
  action: 'alert',
  outcome: 'disconnected',
  switch: 'lab',
  mode: 'enforce',
  afterId: 3,
};

const FILTERS: readonly AuditQuery[] = [
  ...Object.entries(SOME).map(([key, value]) => ({ [key]: value })),
  { since: NOON },
  { until: NOON },
  {},
  { rule: 'r1', outcome: 'disconnected' },
  { account: 1, since: NOON },
  { switch: 'lab', outcome: 'failed' },
  { customer: 1, rule: 'r1', mode: 'enforce' },
  { cli: '1', cld: '1' },
  SOME,
];

test.each(FILTERS.flatMap((query) => [{ ...query, limit: 100 }, query]))(
  'an index answers %j',
  async (query) => {
    const { audit, path } = freshStore();
    for (let id = 0; id < 3; id += 1) await audit.record(callInput(`${id}`), outcomeOf('disconnected'), []);
    const database = new Database(path, { readonly: true });
    onTestFinished(() => void database.close());
    const plan = explainSearch(database, query);
    // The log in its own order of time is the one thing that may be walked: it stops at the limit.
    const walks = plan.filter((step) => step.startsWith('SCAN') && !step.startsWith('SCAN json_each'));
    expect(walks, plan.join('\n')).toEqual([]);
    expect(plan.join('\n')).toMatch(
      /SEARCH (a|s) USING (COVERING )?(INDEX audit_action_|INTEGER PRIMARY KEY|PRIMARY KEY)/,
    );
    if (query.limit !== undefined && query.call === undefined && query.afterId === undefined) {
      expect(plan.join('\n')).not.toContain('TEMP B-TREE');
    }
  },
);

interface Generated {
  input: ActionRecordInput;
  outcome: Outcome | undefined;
  children: ActionRecordInput[];
}

const small = fc.integer({ min: 1, max: 3 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const number = fc.constantFrom('+491', '00491', '49 1', '492', 'x');
const generatedInput: fc.Arbitrary<ActionRecordInput> = fc
  .record({
    at: fc.integer({ min: NOON, max: NOON + 5 }),
    switch: fc.constantFrom('lab', 'fra'),
    rule: fc.constantFrom('r1', 'r2', 'r3'),
    action: fc.constantFrom(...ACTION_TYPES),
    mode: fc.constantFrom<'enforce' | 'monitor'>('enforce', 'monitor'),
    account: optional(small),
    customer: optional(small),
    cli: optional(number),
    cld: optional(number),
    id: fc.constantFrom('1', '2', '3'),
  })
  .map(({ id, ...changes }) =>
    changes.action === 'disconnectCall'
      ? callInput(id, changes)
      : alertInput({ ...changes, target: id, scope: id === '1' ? 'call' : 'account' }),
  );
const generated: fc.Arbitrary<Generated> = fc.record({
  input: generatedInput,
  outcome: optional(fc.constantFrom(...OUTCOMES)),
  children: fc.array(generatedInput, { maxLength: 2 }),
});
/** Few filters at a time, or hardly a query would match anything. */
const generatedQuery: fc.Arbitrary<AuditQuery> = fc
  .record({
    since: fc.integer({ min: NOON, max: NOON + 5 }),
    until: fc.integer({ min: NOON, max: NOON + 6 }),
    rule: fc.constantFrom('r1', 'r2', 'none'),
    account: small,
    customer: small,
    call: fc.constantFrom('1', '2', '2@192.0.2.1'),
    cli: number,
    cld: number,
    action: fc.constantFrom(...ACTION_TYPES),
    outcome: fc.constantFrom(...OUTCOMES),
    switch: fc.constantFrom('lab', 'fra'),
    mode: fc.constantFrom('enforce', 'monitor'),
    id: fc.nat(8),
    afterId: fc.nat(8),
    limit: fc.integer({ min: 0, max: 6 }),
  })
  .chain((all) =>
    fc
      .subarray(Object.keys(all) as (keyof AuditQuery)[], { maxLength: 4 })
      .map((keys) => Object.fromEntries(keys.map((key) => [key, all[key]]))),
  );

/** What the query promises, without an index. */
function naive(records: readonly (AuditRecord & { ref: string | undefined })[], query: AuditQuery): number[] {
  const { since, until, call, cli, cld, afterId, limit, ...equal } = query;
  const sameNumber = (one: string, other: string | null) =>
    other !== null && plainNumber(one) === plainNumber(other);
  const matching = records.filter(
    (record) =>
      Object.entries(equal).every(([key, value]) => record[key as keyof AuditRecord] === value) &&
      (since === undefined || Date.parse(record.at) >= since) &&
      (until === undefined || Date.parse(record.at) < until) &&
      (call === undefined || record.ref === call || record.callId === call) &&
      (cli === undefined || sameNumber(cli, record.cli)) &&
      (cld === undefined || sameNumber(cld, record.cld)) &&
      (afterId === undefined || record.id > afterId),
  );
  matching.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id);
  return matching.slice(limit === undefined ? 0 : Math.max(0, matching.length - limit)).map(({ id }) => id);
}

test('for any history a query returns what a filter over all its records would', async () => {
  let matches = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(generated, { maxLength: 12 }),
      fc.array(generatedQuery, { minLength: 8, maxLength: 8 }),
      async (history, queries) => {
        const path = temporaryDatabase();
        const store = openStore(path);
        const refs = new Map<number, string | undefined>();
        const refOf = (input: ActionRecordInput) =>
          input.call?.id ?? (input.scope === 'call' && input.action === 'alert' ? input.target : undefined);
        for (const { input, outcome, children } of history) {
          const intent = await store.audit.openIntent(input, children);
          const forChildren = children.map(() => outcomeOf(outcome ?? 'unknown'));
          if (outcome) await store.audit.closeIntent(intent, outcomeOf(outcome), forChildren, input.at + 1);
          for (const [index, id] of [intent.id, ...intent.childIds].entries()) {
            refs.set(id, refOf([input, ...children][index] ?? input));
          }
        }
        store.close();
        const reader = openAuditReader(path);
        const records = [...reader.query({})].map((record) => ({ ...record, ref: refs.get(record.id) }));
        expect(records).toHaveLength(refs.size);
        for (const query of queries) {
          const ids = [...reader.query(query)].map(({ id }) => id);
          expect(ids, JSON.stringify(query)).toEqual(naive(records, query));
          if (ids.length > 1) matches += 1;
        }
        reader.close();
      },
    ),
    { seed: 20260301, numRuns: 80 },
  );
  expect(matches).toBeGreaterThan(100);
});

test('the facets of a rare combination are merged over many frequent ones', async () => {
  const { audit, path } = freshStore();
  for (let at = 1; at <= 60; at += 1) {
    const outcome = at % 7 === 0 ? 'failed' : 'disconnected';
    await audit.record(
      callInput('1', { at, rule: `r${at % 5}`, switch: at % 2 ? 'lab' : 'fra' }),
      outcomeOf(outcome),
      [],
    );
  }
  const { ids } = reading(path);
  expect(ids({ action: 'disconnectCall', limit: 10 })).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
  expect(ids({ outcome: 'failed', limit: 3 })).toEqual([42, 49, 56]);
  expect(ids({ outcome: 'failed', rule: 'r0' })).toEqual([35]);
  expect(ids({ mode: 'enforce', until: 6, limit: 2 })).toEqual([4, 5]);
});

test('where every filter leaves thousands of records, the newest are found in the order of an index', () => {
  const { path } = freshStore();
  const database = rawDatabase(path);
  database.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO audit_action (at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, account, evidence)
    SELECT i, 'lab', 'p', 'r', 'h', 'account', 'account:1', 'alert', '1', 'enforce', 'scheduler', 'login:ops', 1, 'null' FROM n;
    INSERT INTO audit_outcome (action_id, at, outcome) SELECT id, at, 'alerted' FROM audit_action;`);
  const { ids } = reading(path);
  for (const query of [
    { afterId: 1 },
    { afterId: 1, rule: 'r' },
    { account: 1, outcome: 'alerted' },
    { account: 1 },
  ]) {
    expect(ids({ ...query, limit: 2 }), JSON.stringify(query)).toEqual([5999, 6000]);
    expect(explainSearch(database, { ...query, limit: 2 }).join('\n')).not.toContain('TEMP B-TREE');
    expect(ids(query)).toHaveLength('afterId' in query ? 5999 : 6000);
  }
  expect(ids({ afterId: 5998, account: 1 })).toEqual([5999, 6000]);
});

test('records that another process writes are seen while the reader is open and in the middle of a query', async () => {
  const { audit, path } = freshStore();
  for (let id = 1; id <= 3; id += 1) await audit.record(alertInput(), outcomeOf('alerted'), []);
  const reader = reading(path);
  const iterator = reader.query({})[Symbol.iterator]();
  expect(iterator.next().value).toMatchObject({ id: 1 });
  const { line } = await startFixture('write-records.mjs', path, 'fra', '5');
  expect(line).toBe('done');
  await audit.record(alertInput(), outcomeOf('alerted'), []);
  expect([iterator.next().value, iterator.next().value, iterator.next().done]).toMatchObject([
    { id: 2 },
    { id: 3 },
    true,
  ]);
  expect(reader.ids({ afterId: 3 })).toEqual([4, 5, 6, 7, 8, 9]);
});

test('a query that is left early lets the reader close and be used again', async () => {
  const { audit, path } = freshStore();
  for (let id = 1; id <= 3; id += 1) await audit.record(alertInput(), outcomeOf('alerted'), []);
  const reader = openAuditReader(path);
  for (const record of reader.query({})) if (record.id === 1) break;
  expect([...reader.query({})]).toHaveLength(3);
  reader.close();
  await storeFailure(() => [...reader.query({})]);
});

test('a reader of a database that does not exist yet says what creates it, and creates nothing', async () => {
  const path = temporaryDatabase();
  const error = await storeFailure(() => openAuditReader(path));
  expect(error.message).toContain('no database');
  expect(error.hint).toContain('callwarden run');
  expect(existsSync(path)).toBe(false);
});

test('a reader refuses an empty and a newer database, naming the versions', async () => {
  const path = temporaryDatabase();
  new Database(path).exec('VACUUM').close();
  expect((await storeFailure(() => openAuditReader(path))).hint).toContain('callwarden run');
  openStore(path).close();
  const database = new Database(path);
  database.exec("INSERT INTO schema_migration VALUES (9999, 'later', 'x', 0)");
  database.close();
  expect((await storeFailure(() => openAuditReader(path))).message).toContain('version 9999');
  expect((await storeFailure(() => openStore(path))).message).toContain('version 9999');
});
