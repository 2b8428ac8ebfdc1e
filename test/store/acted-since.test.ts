import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActionMode, ActionOutcome, ActionRecordInput, Outcome } from '../../src/domain/action.js';
import { OUTCOMES } from '../../src/domain/action.js';
import type { RuleActed } from '../../src/domain/ledger.js';
import type { AuditLog } from '../../src/domain/ports.js';
import { INSERT_ACTION, INSERT_OUTCOME } from '../../src/store/audit-sql.js';
import { migrate } from '../../src/store/migrate.js';
import { MIGRATIONS_DIR, readMigrations } from '../../src/store/migration-files.js';
import { openStore } from '../../src/store/open-store.js';
import {
  accountInput,
  alertInput,
  callInput,
  freshStore,
  NOON,
  outcomeOf,
  temporaryDatabase,
  temporaryDirectory,
} from './support.js';

const HASH = 'a'.repeat(64);
const ever = new Map([[HASH, { since: 0, after: 0 }]]);

function acted(changes: Partial<RuleActed> = {}): RuleActed {
  const acted = { ruleHash: HASH, subject: 'account:10', at: NOON, passId: 'pass-1', ...changes };
  return expect.objectContaining(acted) as RuleActed;
}

test.each<[Outcome, boolean]>([
  ['disconnected', true],
  ['already-gone', true],
  ['failed', true],
  ['unknown', true],
  ['withheld', false],
  ['monitored', false],
])('an enforcing rule whose action was %s has acted: %s', async (outcome, expected) => {
  const { audit } = freshStore();
  await audit.record(callInput('1'), outcomeOf(outcome), []);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual(expected ? [acted()] : []);
  expect(await audit.actedSince('lab', 'monitor', ever)).toEqual([]);
});

test('an alert is an act of its rule, but not the one that a cap raises in its name', async () => {
  const { audit } = freshStore();
  const onSwitch = { scope: 'switch', subject: 'switch:lab', target: 'lab' } as const;
  await audit.record(alertInput(onSwitch), outcomeOf('alerted', { reason: 'cap-per-pass' }), []);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([]);
  await audit.record(alertInput(onSwitch), outcomeOf('alerted'), []);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([acted({ subject: 'switch:lab' })]);
});

test('what a rule only noted counts for it while it watches, a dry run never', async () => {
  const { audit } = freshStore();
  const watching = { mode: 'monitor' } as const;
  await audit.record(callInput('1', watching), outcomeOf('monitored', { reason: 'dry-run' }), []);
  await audit.record(callInput('2', watching), outcomeOf('withheld', { reason: 'cap-per-pass' }), []);
  expect(await audit.actedSince('lab', 'monitor', ever)).toEqual([]);
  const later = { ...watching, at: NOON + 1, passId: 'pass-2' };
  await audit.record(callInput('1', later), outcomeOf('monitored', { reason: 'config-monitor' }), []);
  expect(await audit.actedSince('lab', 'monitor', ever)).toEqual([acted({ at: NOON + 1, passId: 'pass-2' })]);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([]);
});

test('twenty calls cut for one subject in one pass are one act, in the next pass another', async () => {
  const { audit } = freshStore();
  for (const [pass, at] of [
    ['pass-1', NOON],
    ['pass-2', NOON + 5_000],
  ] as const) {
    for (let call = 0; call < 20; call += 1) {
      const input = callInput(`${call}`, { passId: pass, at: at + call });
      await audit.record(input, outcomeOf('disconnected'), []);
    }
  }
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([
    acted(),
    acted({ at: NOON + 5_000, passId: 'pass-2' }),
  ]);
});

test('an account action is one act of its subject; the calls it took are none of another', async () => {
  const { audit } = freshStore();
  const child = callInput('1', { subject: 'cli:4930', at: NOON + 1 });
  const intent = await audit.openIntent(accountInput(), [child]);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([]);
  await audit.closeIntent(intent, outcomeOf('disconnected'), [outcomeOf('disconnected')], NOON + 9);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([acted()]);
});

test('calls cut one by one in place of a whole that was withheld are an act', async () => {
  const { audit } = freshStore();
  const withheld = outcomeOf('withheld', { reason: 'takes-protected' });
  const parent = await audit.record(accountInput(), withheld, []);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([]);
  const intent = await audit.openIntent(callInput('1', { parent, at: NOON + 40 }), []);
  await audit.closeIntent(intent, outcomeOf('disconnected'), [], NOON + 90);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([acted({ at: NOON + 40 })]);
});

test('a request that a dead process left behind counts from when it was begun', async () => {
  const { audit } = freshStore();
  await audit.openIntent(accountInput(), [callInput('1')]);
  await audit.resolveOrphans('lab', NOON + 90_000);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([acted()]);
});

interface Step {
  input: ActionRecordInput;
  outcome: ActionOutcome;
  children: readonly ActionRecordInput[];
  /** Cut under the last whole that was withheld. */
  inItsPlace: boolean;
}

const HASHES = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const step: fc.Arbitrary<Step> = fc
  .record({
    whole: fc.boolean(),
    inItsPlace: fc.boolean(),
    ruleHash: fc.constantFrom(...HASHES),
    switch: fc.constantFrom('lab', 'fra'),
    passId: fc.constantFrom('pass-1', 'pass-2', 'pass-3'),
    subject: fc.constantFrom('account:10', 'account:11'),
    at: fc.integer({ min: NOON, max: NOON + 6 }),
    mode: fc.constantFrom<ActionMode>('enforce', 'monitor'),
    outcome: fc.constantFrom(...OUTCOMES),
    reason: fc.constantFrom(
      undefined,
      'dry-run' as const,
      'config-monitor' as const,
      'cap-per-hour' as const,
    ),
  })
  .map(({ whole, inItsPlace, outcome, reason, ...changes }) => ({
    input: whole ? accountInput(changes) : callInput('1', changes),
    outcome: outcomeOf(outcome, { reason }),
    children: whole ? [callInput('2', { ...changes, at: changes.at - 1 })] : [],
    inItsPlace: !whole && inItsPlace,
  }));

/** The sentence of the port, read off a list. */
function naive(
  steps: readonly Step[],
  mode: ActionMode,
  since: ReadonlyMap<string, number>,
): readonly string[] {
  const first = new Map<string, RuleActed>();
  for (const { input, outcome } of steps) {
    const { ruleHash, subject, at, passId } = input;
    const from = since.get(ruleHash);
    const acts =
      mode === 'enforce'
        ? ['disconnected', 'already-gone', 'failed', 'unknown'].includes(outcome.outcome) ||
          (outcome.outcome === 'alerted' && outcome.reason === undefined)
        : outcome.outcome === 'monitored' && outcome.reason !== 'dry-run';
    if (input.switch !== 'lab' || input.mode !== mode || !acts || from === undefined || at < from) continue;
    const key = JSON.stringify([ruleHash, subject, passId]);
    if ((first.get(key)?.at ?? Infinity) > at) first.set(key, { ruleHash, subject, at, passId });
  }
  return [...first.values()].map((one) => JSON.stringify(one)).sort();
}

async function write(audit: AuditLog, steps: readonly Step[]): Promise<void> {
  let withheld: number | undefined;
  for (const { input, outcome, children, inItsPlace } of steps) {
    const parent = inItsPlace ? withheld : undefined;
    const id = await audit.record({ ...input, parent }, outcome, children);
    if (input.action === 'disconnectAccount' && outcome.outcome === 'withheld') withheld = id;
  }
}

test('the acts of rules are what the log says, whatever was recorded in whatever order', async () => {
  const since = fc.dictionary(fc.constantFrom(...HASHES), fc.integer({ min: NOON - 1, max: NOON + 7 }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), since, async (steps, sinceOf) => {
      const store = openStore(temporaryDatabase());
      try {
        await write(store.audit, steps);
        const sinceOfHash = new Map(Object.entries(sinceOf));
        const from = new Map(Array.from(sinceOfHash, ([hash, since]) => [hash, { since, after: 0 }]));
        for (const mode of ['enforce', 'monitor'] as const) {
          const found = await store.audit.actedSince('lab', mode, from);
          const times = found.map(({ at }) => at);
          expect(times).toEqual([...times].sort((one, other) => one - other));
          const texts = found.map(({ ruleHash, subject, at, passId }) =>
            JSON.stringify({ ruleHash, subject, at, passId }),
          );
          expect(texts.sort()).toEqual(naive(steps, mode, sinceOfHash));
        }
      } finally {
        store.close();
      }
    }),
    { seed: 3, numRuns: 40 },
  );
});

test('what rules did before the ledger came is known after the upgrade', async () => {
  const migrationsDir = join(temporaryDirectory(), 'migrations');
  mkdirSync(migrationsDir);
  const first = '0001_audit-and-passes.sql';
  copyFileSync(join(MIGRATIONS_DIR, first), join(migrationsDir, first));
  const path = temporaryDatabase();
  const old = new Database(path);
  migrate(old, path, readMigrations(migrationsDir), NOON);
  const insert = (changes: object, outcome: Outcome, reason: string | null = null) => {
    const row = { ...alertInput(), parent: null, callRef: null, callId: null, setupTime: null, ...changes };
    const { lastInsertRowid } = old
      .prepare(INSERT_ACTION)
      .run({ ...row, call: null, cli: null, cld: null, evidence: '{}' });
    const given = { at: NOON, count: null, latencyMs: null, error: null };
    old.prepare(INSERT_OUTCOME).run({ ...given, actionId: lastInsertRowid, outcome, reason });
    return lastInsertRowid;
  };
  insert({}, 'alerted');
  const whole = insert({ action: 'disconnectAccount', passId: 'pass-2' }, 'disconnected');
  insert({ action: 'disconnectCall', parent: whole, passId: 'pass-3' }, 'disconnected');
  insert({ action: 'disconnectCall', passId: 'pass-4' }, 'withheld', 'deadline');
  insert({ mode: 'monitor', passId: 'pass-5' }, 'monitored', 'dry-run');
  old.close();
  const { audit } = freshStore(path);
  expect(await audit.actedSince('lab', 'enforce', ever)).toEqual([acted(), acted({ passId: 'pass-2' })]);
  expect(await audit.actedSince('lab', 'monitor', ever)).toEqual([]);
  await audit.record(alertInput({ at: NOON + 1, passId: 'pass-6' }), outcomeOf('alerted'), []);
  expect(await audit.actedSince('lab', 'enforce', new Map([[HASH, { since: NOON + 1, after: 0 }]]))).toEqual([
    acted({ at: NOON + 1, passId: 'pass-6' }),
  ]);
});
