import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openStore, type Store } from '../../src/store/open-store.js';
import { callInput, NOON, outcomeOf } from '../store/support.js';
import { runCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

const CONFIG = 'switches: [{ name: lab, url: "https://192.0.2.10/x", trusted: { customer: 1 } }]\n';
const HEADS = 'callwarden.db.checkpoints.jsonl';

let cwd: string;

beforeEach(() => {
  cwd = tempDir();
  writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
});

const verify = (...args: string[]) => runCli(['audit', 'verify', ...args], { cwd });

async function report(...args: string[]) {
  const { exitCode, stdout } = await verify('-o', 'json', ...args);
  return { exitCode, ...(JSON.parse(stdout) as { whole: boolean; events: number; fault: object | null }) };
}

async function filled(records = 3): Promise<Store> {
  const store = openStore(join(cwd, 'callwarden.db'));
  onTestFinished(() => store.close());
  for (let index = 1; index <= records; index += 1) {
    await store.audit.record(callInput(String(100 + index), { at: NOON }), outcomeOf('disconnected'), []);
  }
  return store;
}

/** As somebody would who has the file and sqlite3. */
function tamper(...statements: string[]): void {
  const database = new Database(join(cwd, 'callwarden.db'));
  try {
    for (const sql of statements) database.exec(sql);
  } finally {
    database.close();
  }
}

/** Changes the log and puts its guards back as they were. */
function tamperQuietly(table: string, sql: string): void {
  const database = new Database(join(cwd, 'callwarden.db'));
  try {
    const guards = database
      .prepare<[string], { name: string; sql: string }>(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?",
      )
      .all(table);
    for (const { name } of guards) database.exec(`DROP TRIGGER ${name}`);
    database.exec(sql);
    for (const guard of guards) database.exec(guard.sql);
  } finally {
    database.close();
  }
}

describe('audit verify', () => {
  it('tells what it went through, with exit code 0', async () => {
    await filled();
    const { exitCode, stdout, stderr } = await verify();
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^The audit log is whole\.\n {2}events +\d+, 1 to (\d+)\n {2}head +\1 [0-9a-f]{64}\n {2}pruned +nothing\n {2}checkpoints +no file to compare with/,
    );
    expect(exitCode).toBe(0);
    expect(await report()).toMatchObject({ exitCode: 0, whole: true, fault: null, first: 1 });
  });

  it('finds an empty log whole, and does not sign it', async () => {
    await filled(0);
    expect(await verify()).toMatchObject({ exitCode: 0 });
  });

  it('names the event and the action of a record that was altered, and what to do', async () => {
    await filled();
    tamperQuietly('audit_action', 'UPDATE audit_action SET account = 99 WHERE id = 2');
    const { exitCode, stdout } = await verify();
    expect(stdout).toMatch(
      /^THE AUDIT LOG IS NOT WHOLE: altered at event \d+\.\n {2}event +\d+ \(action, row 2\)\n {2}action +2\n/,
    );
    expect(stdout).toMatch(/\n {2}next +Keep the database as it is/);
    expect(exitCode).toBe(1);
    expect(await report()).toMatchObject({
      exitCode: 1,
      whole: false,
      fault: { kind: 'action', row: 2, action: 2, what: 'altered', next: expect.stringContaining('backup') },
    });
  });

  it('tells of a guard that was taken away', async () => {
    await filled();
    tamper('DROP TRIGGER audit_action_no_update');
    expect(await report()).toMatchObject({ exitCode: 1, fault: { what: 'guard' } });
  });

  it('appends a signed checkpoint, finds a cut tail with it, and appends none then', async () => {
    await filled();
    const signed = await verify('--checkpoint');
    expect(signed.stderr).toMatch(
      /Made the key .*callwarden\.db\.key.*\nCheckpoint of event \d+ appended to .*\.checkpoints\.jsonl/,
    );
    expect((await verify()).stdout).toMatch(/1 matches with .*\.checkpoints\.jsonl; signatures good/);
    expect((await verify('--checkpoint', 'other.jsonl')).exitCode).toBe(0);
    tamperQuietly(
      'audit_event',
      "DELETE FROM audit_event WHERE seq > 4; UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit_event'",
    );
    tamperQuietly('audit_outcome', 'DELETE FROM audit_outcome WHERE action_id >= 2');
    tamperQuietly('audit_action', 'DELETE FROM audit_action WHERE id > 2');
    const cut = await report('--against', HEADS);
    expect(cut).toMatchObject({ exitCode: 1, fault: { what: 'cut', event: 5 } });
    const before = readFileSync(join(cwd, HEADS), 'utf8');
    expect((await verify('--checkpoint')).stderr).toContain('No checkpoint was written');
    expect(readFileSync(join(cwd, HEADS), 'utf8')).toBe(before);
  });

  it('believes no checkpoint that another key signed, until that key is named too', async () => {
    await filled();
    await verify('--checkpoint');
    const pub = readFileSync(join(cwd, 'callwarden.db.key.pub'));
    writeFileSync(join(cwd, 'old.pub'), pub);
    for (const file of ['callwarden.db.key', 'callwarden.db.key.pub']) rmSync(join(cwd, file));
    await verify('--checkpoint', 'new.jsonl');
    expect(await report()).toMatchObject({
      exitCode: 1,
      fault: { what: 'forged', next: expect.stringContaining('--key') },
    });
    expect((await verify('--key', 'old.pub', 'callwarden.db.key.pub')).exitCode).toBe(0);
  });

  it('says where signatures could not be checked, and insists on a key where it was asked to compare', async () => {
    await filled();
    await verify('--checkpoint');
    for (const file of ['callwarden.db.key', 'callwarden.db.key.pub']) rmSync(join(cwd, file));
    expect((await verify()).stdout).toContain('signatures NOT checked, for want of a key');
    const asked = await verify('--against', HEADS);
    expect(asked).toMatchObject({ exitCode: 2, stdout: '' });
    expect(asked.stderr).toMatch(/There is no key to check the signatures of .* with.*--key/);
    expect(existsSync(join(cwd, 'callwarden.db.key'))).toBe(false);
  });

  it('notes a checkpoint that a crash cut short, and refuses a file of something else', async () => {
    await filled();
    await verify('--checkpoint');
    appendFileSync(join(cwd, HEADS), '{"sequence":12,"ha');
    const torn = await verify();
    expect(torn.stderr).toMatch(/checkpoints\.jsonl:2: this line was cut short/);
    expect(torn.exitCode).toBe(0);
    for (const [args, message] of [
      [['--against', 'callwarden.yaml'], /callwarden\.yaml:1: this is no checkpoint/],
      [['--against', 'nowhere'], /nowhere cannot be read \(ENOENT\)/],
      [['--against', HEADS, '--key', 'callwarden.yaml'], /callwarden\.yaml holds no public key/],
      [['--checkpoint', 'callwarden.db'], /callwarden\.db holds something else than checkpoints/],
    ] as const) {
      const { exitCode, stderr } = await verify(...args);
      expect(stderr).toMatch(message);
      expect(exitCode).toBe(2);
    }
  });

  it('fails where it was asked to compare, and the file holds no checkpoint', async () => {
    await filled();
    await verify('--checkpoint');
    writeFileSync(join(cwd, 'emptied.jsonl'), '\n');
    const { exitCode, stdout, stderr } = await verify('--against', 'emptied.jsonl');
    expect(stderr).toContain('emptied.jsonl holds no checkpoint, so there is nothing to compare with.');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  it('names an index that somebody added, without calling it a fault', async () => {
    await filled();
    tamper('CREATE INDEX mine ON pass (started_at)');
    expect(await verify()).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('The index mine on pass'),
    });
  });

  it('of a database that is not there fails with the next step, and makes none', async () => {
    const { exitCode, stderr } = await verify();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/STORE_FAILED: There is no database .*\nhint: /);
    expect(existsSync(join(cwd, 'callwarden.db'))).toBe(false);
  });
});
