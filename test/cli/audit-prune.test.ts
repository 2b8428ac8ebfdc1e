import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { appendCheckpoint } from '../../src/cli/checkpoint-file.js';
import { openSigner } from '../../src/cli/checkpoint-keys.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { openStore } from '../../src/store/open-store.js';
import { callInput, NOON, outcomeOf } from '../store/support.js';
import { runCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

const CONFIG = 'switches: [{ name: lab, url: "https://192.0.2.10/x", trusted: { customer: 1 } }]\n';
/** Long before whenever this is run. */
const LONG_AGO = Date.parse('2020-01-05T12:00:00Z');

/** Nobody is behind sudo here. */
const ACTOR = `cli:${userInfo().username}`;

let cwd: string;

beforeEach(() => {
  cwd = tempDir();
  writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
});

const prune = (...args: string[]) =>
  runCli(['audit', 'prune', '--before', '2021-01-01', '--reason', 'kept for a year', ...args], {
    cwd,
  });
const verify = () => runCli(['audit', 'verify'], { cwd });

/** Two records of long ago and one of now. */
async function filled(): Promise<void> {
  const path = join(cwd, 'callwarden.db');
  const old = openStore(path, { clock: () => LONG_AGO });
  for (const id of ['1', '2']) {
    await old.audit.record(callInput(id, { at: LONG_AGO }), outcomeOf('withheld'), []);
  }
  old.close();
  const store = openStore(path);
  await store.audit.record(callInput('3', { at: Date.now() }), outcomeOf('withheld'), []);
  store.close();
}

function ids(): number[] {
  const reader = openAuditReader(join(cwd, 'callwarden.db'));
  try {
    return [...reader.query({})].map(({ id }) => id);
  } finally {
    reader.close();
  }
}

describe('audit prune', () => {
  it('shows with --dry-run what would go, and removes nothing', async () => {
    await filled();
    const { exitCode, stdout } = await prune('--dry-run');
    expect(stdout).toMatch(
      /^Would remove 2 records \(\d events, 1 to \d\), all before 2021-01-01 00:00:00\.\n$/,
    );
    expect(exitCode).toBe(0);
    expect(ids()).toEqual([1, 2, 3]);
    expect(existsSync(join(cwd, 'callwarden.db.key'))).toBe(false);
  });

  it('removes the old span, says who did it, and leaves a log that is whole', async () => {
    await filled();
    const { exitCode, stdout, stderr } = await prune('--yes');
    expect(stdout).toMatch(/^Removed 2 records .* On record as done by cli:\w+\.\n$/);
    expect(stderr).toContain('The file keeps its size');
    expect(exitCode).toBe(0);
    expect(ids()).toEqual([3]);
    const whole = await verify();
    expect(whole.stdout).toMatch(
      / {2}pruned +events 1 to \d by cli:\S+ at 20\S+Z: kept for a year; signature checked\n {2}checkpoints +no file/,
    );
    expect(whole.exitCode).toBe(0);
    const database = new Database(join(cwd, 'callwarden.db'), { readonly: true });
    const record = database
      .prepare("SELECT actor, kind, reason FROM audit_administration WHERE kind = 'pruned'")
      .get();
    database.close();
    expect(record).toEqual({ actor: ACTOR, kind: 'pruned', reason: 'kept for a year' });
    expect((await prune('--yes')).stdout).toMatch(/^Nothing to remove/);
  });

  it('never touches the last 30 days, and says so', async () => {
    await filled();
    const { stdout, stderr } = await runCli(['audit', 'prune', '--before', 'now', '--reason', 'x', '--yes'], {
      cwd,
    });
    expect(stderr).toContain('Records of the last 30d are never removed');
    expect(stdout).toMatch(/^Removed 2 records/);
    expect(ids()).toEqual([3]);
  });

  it('removes nothing from a log that is not whole', async () => {
    await filled();
    const database = new Database(join(cwd, 'callwarden.db'));
    const guard = database
      .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'audit_action_no_update'")
      .pluck()
      .get();
    database.exec('DROP TRIGGER audit_action_no_update; UPDATE audit_action SET cld = NULL WHERE id = 1');
    database.exec(guard ?? '');
    database.close();
    const { exitCode, stderr } = await prune('--yes');
    expect(stderr).toMatch(
      /NOT WHOLE: altered at event[\s\S]*Nothing was removed: what is not whole is evidence\./,
    );
    expect(exitCode).toBe(1);
    expect(ids()).toEqual([1, 2, 3]);
  });

  it('is told by verify, and is a fault where no key can vouch for it', async () => {
    await filled();
    await runCli(['audit', 'verify', '--checkpoint', 'kept.jsonl'], { cwd });
    const first = new Database(join(cwd, 'callwarden.db'), { readonly: true });
    const hash = first.prepare('SELECT lower(hex(hash)) FROM audit_event WHERE seq = 2').pluck().get();
    first.close();
    const signed = openSigner(join(cwd, 'callwarden.db.key')).sign({ sequence: 2, hash: String(hash) }, NOON);
    appendCheckpoint(join(cwd, 'kept.jsonl'), signed);
    await prune('--yes');
    const against = await runCli(['audit', 'verify', '--against', 'kept.jsonl', '-o', 'json'], { cwd });
    expect(JSON.parse(against.stdout)).toMatchObject({
      prunes: [{ from: 1, records: 2, actor: ACTOR, reason: 'kept for a year' }],
      checkpoints: { matched: 1, pruned: 1 },
    });
    expect((await runCli(['audit', 'verify', '--against', 'kept.jsonl'], { cwd })).stdout).toMatch(
      / {2}WARNING +1 checkpoint is of events that were pruned.*by cli:\w+\?/,
    );
    for (const file of ['callwarden.db.key', 'callwarden.db.key.pub']) {
      renameSync(join(cwd, file), join(cwd, `old-${file}`));
    }
    const unvouched = await verify();
    expect(unvouched.stdout).toMatch(/NOT WHOLE: forged[\s\S]*by cli:\S+[\s\S]*--key[\s\S]*NOT checked/);
    expect(unvouched.exitCode).toBe(1);
    expect(await runCli(['audit', 'verify', '--key', 'old-callwarden.db.key.pub'], { cwd })).toMatchObject({
      exitCode: 0,
    });
  });

  it('goes on after a change of the key, with the older public key', async () => {
    await filled();
    await prune('--yes');
    for (const file of ['callwarden.db.key', 'callwarden.db.key.pub']) {
      renameSync(join(cwd, file), join(cwd, `old-${file}`));
    }
    const path = join(cwd, 'callwarden.db');
    const store = openStore(path);
    await store.audit.record(callInput('4', { at: LONG_AGO }), outcomeOf('withheld'), []);
    store.close();
    expect(await prune('--yes')).toMatchObject({ exitCode: 1, stdout: '' });
    const older = ['--key', 'old-callwarden.db.key.pub'];
    expect(await prune('--dry-run', ...older)).toMatchObject({ exitCode: 0 });
    openSigner(`${path}.key`);
    expect(await prune('--dry-run')).toMatchObject({ exitCode: 1 });
    expect(await prune('--yes', ...older)).toMatchObject({ exitCode: 0 });
    const keys = ['--key', 'callwarden.db.key.pub', 'old-callwarden.db.key.pub'];
    expect(await runCli(['audit', 'verify', ...keys], { cwd })).toMatchObject({ exitCode: 0 });
  });

  it('names what keeps it from going on, and what to do', async () => {
    await filled();
    const store = openStore(join(cwd, 'callwarden.db'));
    await store.audit.openIntent(callInput('5', { at: LONG_AGO, switch: 'gone' }), []);
    store.close();
    const { stderr } = await prune('--dry-run');
    expect(stderr).toMatch(
      /^Record 4 \(event 8, switch gone, 2020-.*no outcome yet.*once -c .* --switch gone/,
    );
  });

  it('of a database that is not there fails, and makes none', async () => {
    expect((await prune('--yes')).stderr).toMatch(/STORE_FAILED: There is no database/);
    expect(existsSync(join(cwd, 'callwarden.db'))).toBe(false);
  });
});
