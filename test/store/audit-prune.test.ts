import { expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/action.js';
import { type PruneStatement, SHORTEST_KEPT_MS } from '../../src/domain/audit-chain.js';
import { createAuditChain } from '../../src/store/audit-chain.js';
import { findSpan, isStillWhole } from '../../src/store/audit-chain-span.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { sealHash } from '../../src/store/audit-seals.js';
import type { Store } from '../../src/store/open-store.js';
import {
  accountInput,
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  storeFailure,
} from './support.js';
import { DAY_MS, signer, signerOf, tamper, verified, writeCalls } from './support-chain.js';

/** Long after what the tests write at NOON. */
const LATER = NOON + 90 * DAY_MS;
const by = { at: LATER, actor: 'cli:ops', reason: 'kept for 60 days', signer };

function laterStore(): Store & { path: string } {
  return freshStore(undefined, { clock: () => LATER });
}

function idsOf(path: string, query: object = {}): number[] {
  const reader = openAuditReader(path);
  const ids = [...reader.query(query)].map(({ id }) => id);
  reader.close();
  return ids;
}

function record({ audit }: Pick<Store, 'audit'>, at: number, outcome: Outcome = 'alerted'): Promise<number> {
  return audit.record(alertInput({ at }), outcomeOf(outcome), []);
}

test('a pruned log begins later, says who pruned it, and passes', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 3);
  await writeCalls(store, 4, 2, NOON + DAY_MS);
  const span = { from: 1, to: 10, events: 10, actions: 3 };
  expect(await store.chain.prunable(NOON + DAY_MS)).toEqual(span);
  const old = signer.sign(await store.chain.head(), NOON);
  expect(await store.chain.prune(NOON + DAY_MS, by)).toEqual(span);
  const found = verified(store.path, [old]);
  expect(found).toMatchObject({
    events: 7,
    first: 11,
    head: { sequence: 17 },
    checkpoints: { matched: 1, pruned: 0 },
    fault: undefined,
  });
  expect(await store.chain.head()).toEqual(found.head);
  const database = rawDatabase(store.path);
  expect(found.prunes).toMatchObject([
    {
      ...span,
      at: new Date(LATER).toISOString(),
      actor: 'cli:ops',
      reason: 'kept for 60 days',
      lastAction: 3,
      lastAdministration: 1,
      previous: '0'.repeat(64),
    },
  ]);
  const pruned = database.prepare<[], { detail: string }>('SELECT * FROM audit_administration').all();
  expect(pruned).toMatchObject([
    { id: 2, at: LATER, actor: 'cli:ops', kind: 'pruned', reason: 'kept for 60 days' },
  ]);
  expect(JSON.parse(pruned[0]?.detail ?? '')).toMatchObject({ ...span, seal: sealHash(found.prunes[0]) });
  expect(await store.chain.prune(NOON + DAY_MS, by)).toBeUndefined();
});

test('a second prune goes on from the first, and checkpoints of what is gone are counted as such', async () => {
  const store = laterStore();
  const heads = [];
  for (const day of [0, 1, 2]) {
    await writeCalls(store, day * 2 + 1, 2, NOON + day * DAY_MS);
    heads.push(signer.sign(await store.chain.head(), NOON + day * DAY_MS));
  }
  await store.chain.prune(NOON + DAY_MS, by);
  await store.chain.prune(NOON + 2 * DAY_MS, by);
  expect(idsOf(store.path)).toEqual([5, 6]);
  // Those of the end of a span can be compared with its seal.
  const within = signer.sign({ sequence: 3, hash: 'a'.repeat(64) }, NOON);
  const found = verified(store.path, [...heads, within]);
  expect(found).toMatchObject({
    first: 14,
    checkpoints: { matched: 3, pruned: 1 },
    prunes: [
      { from: 1, to: 7 },
      { from: 8, to: 13 },
    ],
    fault: undefined,
  });
  expect(found.prunes[1]).toMatchObject({
    previous: sealHash(found.prunes[0]),
    begun: found.prunes[0]?.begun,
  });
  await writeCalls(store, 7, 1, NOON + 3 * DAY_MS);
  expect(idsOf(store.path)).toEqual([5, 6, 7]);
  expect(verified(store.path, heads).fault).toBeUndefined();
});

test('a log that is pruned of every record goes on with new numbers', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 2);
  await store.chain.prune(LATER, by);
  expect(idsOf(store.path)).toEqual([]);
  expect(verified(store.path)).toMatchObject({ events: 1, first: 8, fault: undefined });
  expect(await record(store, LATER)).toBe(3);
  const reused = `INSERT INTO audit_action (id, at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, evidence)
    SELECT 1, at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login, evidence FROM audit_action`;
  expect(() => rawDatabase(store.path).exec(reused)).toThrow('append-only');
  expect(verified(store.path)).toMatchObject({ events: 3, fault: undefined });
});

test('the span ends before the first action without an outcome', async () => {
  const store = laterStore();
  await record(store, NOON);
  await store.audit.openIntent(callInput('1', { at: NOON }), []);
  await record(store, NOON);
  expect(await store.chain.prunable(LATER)).toMatchObject({ to: 3, actions: 1 });
  await store.audit.resolveOrphans('lab', NOON);
  expect(await store.chain.prunable(LATER)).toMatchObject({ actions: 3 });
});

test.each([
  [
    'its outcome',
    async ({ audit }: Store, late: number) => {
      const intent = await audit.openIntent(callInput('1', { at: NOON }), []);
      await audit.closeIntent(intent, outcomeOf('disconnected'), [], late);
    },
  ],
  [
    'a confirmation',
    async ({ audit }: Store, late: number) => {
      const id = await audit.record(callInput('1', { at: NOON }), outcomeOf('disconnected'), []);
      await audit.confirm([{ id, confirmed: false }], NOON);
      await audit.confirm([{ id, confirmed: true }], late);
    },
  ],
  [
    'a call under it',
    async ({ audit }: Store, late: number) => {
      const parent = await audit.record(accountInput({ at: NOON }), outcomeOf('withheld'), [
        callInput('1', { at: NOON }),
      ]);
      await audit.record(callInput('2', { at: late, parent }), outcomeOf('disconnected'), []);
    },
  ],
])('an action stays while %s does', async (_, write) => {
  const store = laterStore();
  await record(store, NOON);
  await write(store, NOON + DAY_MS);
  await record(store, NOON + DAY_MS);
  expect(await store.chain.prunable(NOON + DAY_MS)).toEqual({ from: 1, to: 3, events: 3, actions: 1 });
  expect(await store.chain.prunable(NOON + DAY_MS + 1)).toMatchObject({ from: 1 });
  await store.chain.prune(NOON + DAY_MS, by);
  expect(verified(store.path).fault).toBeUndefined();
  expect(Math.min(...idsOf(store.path))).toBe(2);
});

test('nothing that a rule may still ask for is pruned, whatever is asked', async () => {
  const store = laterStore();
  await record(store, LATER - SHORTEST_KEPT_MS - 1);
  await record(store, LATER - SHORTEST_KEPT_MS);
  expect(await store.chain.prunable(LATER)).toMatchObject({ actions: 1 });
  expect(await store.chain.prune(Number.MAX_SAFE_INTEGER, by)).toMatchObject({ actions: 1 });
  expect(idsOf(store.path)).toEqual([2]);
});

test('a log without an old action has nothing to prune', async () => {
  const store = laterStore();
  expect(await store.chain.prunable(LATER)).toBeUndefined();
  expect(await store.chain.prune(LATER, by)).toBeUndefined();
  expect(verified(store.path)).toMatchObject({ events: 1, fault: undefined });
});

test('what queries, caps and confirmations work with is pruned along', async () => {
  const store = laterStore();
  const { audit, path } = store;
  const unconfirmed = await audit.record(callInput('1'), outcomeOf('unknown'), []);
  await record(store, NOON);
  await audit.record(alertInput({ at: NOON + DAY_MS, rule: 'other' }), outcomeOf('alerted'), []);
  await store.chain.prune(NOON + DAY_MS, by);
  const database = rawDatabase(path);
  const rows = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  const left = ['search_record', 'search_facet', 'acted_record', 'acted_rule', 'audit_outcome'];
  expect(left.map(rows)).toEqual(left.map(() => 1));
  expect(rows('unconfirmed_call')).toBe(0);
  expect([idsOf(path), idsOf(path, { outcome: 'alerted' }), idsOf(path, { id: 1 })]).toEqual([[3], [3], []]);
  expect(await audit.unconfirmed('lab')).toEqual([]);
  // A pass that had read it before comes too late, and harms nothing.
  await audit.confirm([{ id: unconfirmed, confirmed: true }], LATER);
  expect(verified(path).fault).toBeUndefined();
});

test('a prune that cannot be signed, or is refused, changes nothing', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 2);
  const head = await store.chain.head();
  const failing = {
    ...signer,
    signPrune: () => {
      throw new Error('the key is gone');
    },
  };
  const error = await storeFailure(() => store.chain.prune(LATER, { ...by, signer: failing }));
  expect(error.message).toContain('the key is gone');
  const reading = freshStore(store.path, { readonly: true, clock: () => LATER });
  await storeFailure(() => reading.chain.prune(LATER, by));
  expect(await reading.chain.prunable(LATER)).toMatchObject({ actions: 2 });
  expect(await store.chain.head()).toEqual(head);
  expect(idsOf(store.path)).toEqual([1, 2]);
});

test('only what a record says was pruned can be deleted', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 2);
  await writeCalls(store, 3, 1, NOON + DAY_MS);
  await store.chain.prune(NOON + DAY_MS, by);
  const database = rawDatabase(store.path);
  for (const table of ['action', 'outcome', 'confirmation', 'administration', 'event', 'seal']) {
    expect(() => database.exec(`DELETE FROM audit_${table}`), table).toThrow('append-only');
  }
  expect(verified(store.path)).toMatchObject({ events: 4, fault: undefined });
});

async function prunedStore() {
  const store = laterStore();
  await writeCalls(store, 1, 2);
  await writeCalls(store, 3, 2, NOON + DAY_MS);
  await store.chain.prune(NOON + DAY_MS, by);
  return { ...store, store, database: rawDatabase(store.path) };
}

test.each<[what: string, sql: string, fault: object]>([
  [
    'the record of the prune',
    "UPDATE audit_administration SET actor = 'cli:other'",
    { event: 14, what: 'altered' },
  ],
  [
    'what the record says',
    "UPDATE audit_administration SET detail = json_set(detail, '$.hash', 'ab')",
    { event: 14, what: 'altered' },
  ],
  [
    'the record made unreadable',
    "UPDATE audit_administration SET detail = '{'",
    { event: 14, what: 'altered' },
  ],
  ['the record removed', 'DELETE FROM audit_administration', { event: 14, what: 'removed' }],
  [
    'the record and its event removed',
    'DELETE FROM audit_administration; DELETE FROM audit_event WHERE seq = 14',
    { event: 14, what: 'cut' },
  ],
  ['the first event that was left', 'DELETE FROM audit_event WHERE seq = 8', { event: 8, what: 'removed' }],
  [
    'an event put back',
    "INSERT INTO audit_event VALUES (7, 'action', 2, zeroblob(32))",
    { event: 7, what: 'inserted' },
  ],
  [
    'a row put back',
    "INSERT INTO audit_outcome (action_id, at, outcome) VALUES (2, 1, 'failed')",
    { event: 0, kind: 'outcome', row: 2, what: 'inserted' },
  ],
  ['the seal', "UPDATE audit_seal SET signature = 'AAAA'", { event: 7, what: 'forged' }],
  ['who pruned', "UPDATE audit_seal SET actor = 'cli:other'", { event: 7, what: 'forged' }],
  ['the seal removed', 'DELETE FROM audit_seal', { event: 1, what: 'removed' }],
  [
    'a seal put in again',
    'INSERT INTO audit_seal SELECT id + 1, first_event, last_event, events, actions, last_action, last_administration, hash, begun, previous, at, actor, reason, key, signature FROM audit_seal',
    { event: 7, what: 'forged' },
  ],
])('of a pruned log, %s is guarded as well', async (_, sql, fault) => {
  const { path, database } = await prunedStore();
  expect(verified(path)).toMatchObject({ first: 8, head: { sequence: 14 }, fault: undefined });
  tamper(database, () => database.exec(sql));
  expect(verified(path).fault).toMatchObject(fault);
});

test('whoever cuts off the beginning has to have the key to call it a prune', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 2);
  await writeCalls(store, 3, 2, NOON + DAY_MS);
  await store.chain.prune(NOON + DAY_MS, { ...by, signer: signerOf(8) });
  expect(verified(store.path).fault).toMatchObject({
    event: 7,
    what: 'forged',
    detail: expect.stringContaining('by cli:ops'),
  });
});

test('a checkpoint of the last event does not make a prune, signed by the key as it is', async () => {
  const { database, path } = await prunedStore();
  const head = signer.sign({ sequence: 7, hash: verified(path).prunes[0]?.hash ?? '' }, LATER);
  tamper(database, () => {
    database
      .prepare('UPDATE audit_seal SET at = ?, signature = ?, key = ?')
      .run(head.at, head.signature, head.key);
  });
  expect(verified(path).fault).toMatchObject({ event: 7, what: 'forged' });
});

test('a seal without a record of its prune is told, and a record without a seal', async () => {
  const one = await prunedStore();
  await one.store.chain.prune(NOON + 2 * DAY_MS, by);
  const [first, second] = verified(one.path).prunes;
  tamper(one.database, () => one.database.exec('DELETE FROM audit_seal WHERE id = 1'));
  expect(verified(one.path).fault).toMatchObject({ event: second?.to, what: 'forged' });
  const other = await prunedStore();
  other.database.exec(
    `INSERT INTO audit_administration (at, actor, kind, reason, detail) VALUES (1, 'cli:ops', 'pruned', 'x', '{"seal":"${sealHash(first)}"}')`,
  );
  expect(verified(other.path).fault).toMatchObject({ event: 15, row: 3, what: 'forged' });
});

test('a large prune goes piece by piece, each whole in itself, and tells what it took in all', async () => {
  const store = laterStore();
  await writeCalls(store, 1, 7);
  const chain = createAuditChain(rawDatabase(store.path), store.path, () => LATER, { actionsPerPiece: 3 });
  const failing = {
    ...signer,
    signPrune: (prune: PruneStatement) => {
      if (prune.from > 10) throw new Error('the key is gone');
      return signer.signPrune(prune);
    },
  };
  await storeFailure(() => chain.prune(LATER, { ...by, signer: failing }));
  expect(idsOf(store.path)).toEqual([4, 5, 6, 7]);
  expect(verified(store.path)).toMatchObject({ prunes: [{ to: 10 }], fault: undefined });
  expect(await chain.prune(LATER, by)).toEqual({ from: 11, to: 22, events: 12, actions: 4 });
  expect(verified(store.path)).toMatchObject({
    prunes: [{ to: 10 }, { from: 11, to: 19 }, { from: 20, to: 22 }],
    fault: undefined,
  });
});

test('what keeps a span from going on is named', async () => {
  const store = laterStore();
  await record(store, NOON);
  expect(await store.chain.openBefore(LATER)).toBeUndefined();
  await store.audit.openIntent(callInput('1', { at: NOON, switch: 'gone' }), []);
  expect(await store.chain.openBefore(LATER)).toEqual({ event: 4, record: 2, switch: 'gone', at: NOON });
  expect(await store.chain.openBefore(NOON)).toBeUndefined();
});

test('a span that was found without the lock is looked for again where the log has changed since', async () => {
  const store = laterStore();
  const database = rawDatabase(store.path);
  const found = () => {
    const span = findSpan(database, LATER);
    if (span === undefined) throw new Error('there is nothing to prune');
    return span;
  };
  const id = await store.audit.record(callInput('1'), outcomeOf('disconnected'), []);
  await record(store, NOON);
  let span = found();
  await record(store, NOON);
  expect(isStillWhole(database, span)).toBe(true);
  await store.audit.confirm([{ id, confirmed: false }], NOON);
  expect(isStillWhole(database, span)).toBe(false);
  span = found();
  await record(store, NOON, 'withheld');
  await store.audit.record(callInput('2', { parent: 1 }), outcomeOf('disconnected'), []);
  expect(isStillWhole(database, span)).toBe(false);
  span = found();
  expect(await store.chain.prune(LATER, by)).toBeDefined();
  expect(isStillWhole(database, span)).toBe(false);
});
