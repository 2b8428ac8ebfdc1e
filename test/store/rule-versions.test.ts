import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JudgedBy } from '../../src/domain/rule-version.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import { openStore } from '../../src/store/open-store.js';
import {
  alertInput,
  freshStore,
  NOON,
  outcomeOf,
  rawDatabase,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';

/** A pass by one version of one rule. */
function judged(ruleHash: string, at = NOON, config = 'a'): JudgedBy {
  return {
    source: { config: `/etc/${config}.yaml`, directory: `/etc/${config}`, mode: 'enforce' },
    versions: [{ rule: 'cap', ruleHash, mode: 'enforce' }],
    turnedOff: [],
    at,
  };
}

test('what passes judged by is known after a restart, to each switch its own', async () => {
  const path = temporaryDatabase();
  const first = openStore(path);
  expect(await first.ledger.ruleVersions('lab')).toEqual({ sources: [], lastAction: 0 });
  await first.ledger.noteRules('lab', judged('one'));
  await first.audit.record(alertInput(), outcomeOf('alerted'), []);
  const kept = await first.ledger.noteRules('lab', judged('two', NOON + 5_000));
  first.close();
  const { ledger } = freshStore(path);
  expect(await ledger.ruleVersions('other')).toEqual({ sources: [], lastAction: 1 });
  const { sources, lastAction } = await ledger.ruleVersions('lab');
  expect(lastAction).toBe(1);
  expect(sources).toHaveLength(1);
  expect(sources[0]).toMatchObject(judged('two').source);
  expect(sources[0]?.versions).toEqual(expect.arrayContaining([...(kept[0]?.versions ?? [])]));
  expect(sources[0]?.versions).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ruleHash: 'one', absentSince: NOON + 5_000, absentPasses: 1 }),
      expect.objectContaining({ ruleHash: 'two', coolsAfter: 1, climbsAfter: 1, since: NOON + 5_000 }),
    ]),
  );
});

test('a rule that is edited before every pass leaves only a few versions, so that passes do not become slower', async () => {
  const { ledger, path } = freshStore();
  for (let edit = 0; edit < 50; edit++)
    await ledger.noteRules('lab', judged(`edit ${edit}`, NOON + edit * 60_000));
  const count = rawDatabase(path).prepare<[], number>('SELECT count(*) FROM rule_version').pluck();
  expect(count.get()).toBe(4);
  for (let edit = 50; edit < 200; edit++)
    await ledger.noteRules('lab', judged(`edit ${edit}`, NOON + 3_000_000 + edit * 1_000));
  expect(count.get()).toBe(61);
});

test('a pass by the rules of the pass before it writes nothing', async () => {
  const { ledger, path } = freshStore();
  await ledger.noteRules('lab', judged('one'));
  const version = rawDatabase(path).prepare('PRAGMA data_version').pluck();
  const before = version.get();
  await ledger.noteRules('lab', judged('one', NOON + 5_000));
  expect(version.get()).toBe(before);
  await ledger.noteRules('lab', judged('two', NOON + 10_000));
  expect(version.get()).not.toBe(before);
});

test('the sources that were used last are kept, with one that passes between the others', async () => {
  const { ledger, path } = freshStore();
  for (let at = 0; at < 30; at++) {
    await ledger.noteRules('lab', judged('one', NOON + at * 2, 'service'));
    await ledger.noteRules('lab', judged('one', NOON + at * 2 + 1, `r${at}`));
  }
  const { sources } = await ledger.ruleVersions('lab');
  expect(sources.map(({ directory }) => directory)).toEqual([
    '/etc/r29',
    '/etc/service',
    ...Array.from({ length: 8 }, (_, at) => `/etc/r${28 - at}`),
  ]);
  expect(rawDatabase(path).prepare('SELECT count(*) FROM rule_version').pluck().get()).toBe(10);
});

test('what an earlier database kept of versions says nothing of where they came from, and goes', async () => {
  const migrations = join(temporaryDirectory(), 'migrations');
  cpSync(MIGRATIONS_DIR, migrations, { recursive: true });
  for (const file of readdirSync(migrations).filter((name) => name >= '0018')) rmSync(join(migrations, file));
  const path = temporaryDatabase();
  const old = rawDatabase(path);
  migrate(old, path, readMigrations(migrations), NOON);
  old.exec(`INSERT INTO rule_version VALUES ('lab', 'one', 'enforce', ${NOON}, NULL, 0)`);
  old.close();
  const { ledger } = freshStore(path);
  expect((await ledger.ruleVersions('lab')).sources).toEqual([]);
  const [source] = await ledger.noteRules('lab', judged('one', NOON + 5_000));
  expect(source?.versions).toMatchObject([{ coolsAfter: 0, since: 0 }]);
});

test('of what a version did, only records after the given one are found', async () => {
  const { audit } = freshStore();
  const { ruleHash, switch: switchName } = alertInput();
  for (const pass of ['pass-1', 'pass-2', 'pass-3'])
    await audit.record(alertInput({ passId: pass, at: NOON }), outcomeOf('alerted'), []);
  const acted = await audit.actedSince(switchName, 'enforce', new Map([[ruleHash, { since: 0, after: 1 }]]));
  expect(acted.map(({ passId, actionId }) => [passId, actionId])).toEqual([
    ['pass-2', 2],
    ['pass-3', 3],
  ]);
  const unchanged = (after: number) =>
    audit.unchangedSince(switchName, 0, new Map([[alertInput().rule, { since: 0, after }]]));
  expect([...(await unchanged(2)).values()]).toEqual([3]);
  expect([...(await unchanged(3)).values()]).toEqual([]);
});
