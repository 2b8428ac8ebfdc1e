// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a variable of the config.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

/** Nobody is behind sudo here. */
const ACTOR = `cli:${userInfo().username}`;

let cwd: string;
let database: string;

beforeEach(() => {
  cwd = tempDir();
  database = join(cwd, 'callwarden.db');
  mkdirSync(join(cwd, 'rules'));
  const entry = (name: string, port: number) =>
    `  - { name: ${name}, url: "http://127.0.0.1:${port}/x", username: ops, password: "\${PW}" }\n`;
  writeFileSync(join(cwd, 'callwarden.yaml'), `switches:\n${entry('lab', 1)}${entry('fra', 2)}`, {
    mode: 0o600,
  });
});

const run = (...args: string[]) => runCli(args, { cwd, env: { PW: 'pw' } });
const INSTANT = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

async function status(): Promise<Record<string, { allSwitches: boolean; until: string | null } | null>> {
  const { stdout, exitCode } = await run('status', '-o', 'json');
  expect(exitCode).toBe(0);
  const rows = JSON.parse(stdout) as {
    switch: string;
    paused: { allSwitches: boolean; until: string | null } | null;
  }[];
  return Object.fromEntries(rows.map((row) => [row.switch, row.paused]));
}

describe('pause', () => {
  it('creates the database where there is none, privately, and stops all switches', async () => {
    const { exitCode, stdout, stderr } = await run('pause', '--reason', 'a rule is wrong');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        `^all switches: paused by ${ACTOR} since ${INSTANT} until somebody resumes: a rule is wrong\n$`,
      ),
    );
    expect(stderr).toContain('Go on with `callwarden resume -c callwarden.yaml --reason TEXT`');
    expect(statSync(database).mode & 0o777).toBe(0o600);
    expect(await status()).toMatchObject({
      lab: { allSwitches: true, until: null },
      fra: { allSwitches: true },
    });
  });

  it('with --for and --switch stops one switch for a time, and says so in status and doctor', async () => {
    const { stdout } = await run('pause', '--switch', 'lab', '--for', '1h', '--reason', 'maintenance');
    expect(stdout).toMatch(
      new RegExp(`^lab: paused by ${ACTOR} since ${INSTANT} until ${INSTANT}: maintenance\n$`),
    );
    const { lab, fra } = await status();
    expect(fra).toBeNull();
    expect(lab).toMatchObject({ allSwitches: false, reason: 'maintenance', actor: ACTOR });
    expect(Date.parse(lab?.until ?? '') - Date.now()).toBeLessThanOrEqual(3_600_000);
    const table = await run('status', '-o', 'table');
    expect(table.stdout).toContain('PAUSED UNTIL (UTC)');
    expect(table.stderr).toMatch(
      /warning: lab: paused by cli:\S+ .*: maintenance\. Rules disconnect nothing; `callwarden resume -c callwarden\.yaml --switch lab --reason TEXT` ends it\./,
    );
    expect((await run('doctor')).stdout).toMatch(/^warn {2}pause: lab: paused by cli:\S+ .*: maintenance/m);
  });

  it('without an end is shown in the table as going on until somebody resumes', async () => {
    await run('pause', '--switch', 'fra', '--reason', 'open end');
    expect((await run('status', '-o', 'table')).stdout).toMatch(/^fra +until resumed/m);
  });

  it('replaces an earlier pause of the same, and says which', async () => {
    await run('pause', '--reason', 'the first');
    const { stderr } = await run('pause', '--for', '10m', '--reason', 'the second');
    expect(stderr).toMatch(
      /This replaces the pause before: paused by cli:\S+ .* until somebody resumes: the first/,
    );
    expect((await status())['lab']?.until).not.toBeNull();
    const ofLab = await run('pause', '--switch', 'lab', '--reason', 'more');
    expect(ofLab.stderr).toContain('All switches are paused besides, until');
  });

  it('refuses a switch that the config does not name', async () => {
    const { exitCode, stderr } = await run('pause', '--switch', 'lob', '--reason', 'x');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('The config names no switch "lob". Did you mean "lab"?');
    expect(existsSync(database)).toBe(false);
  });

  it('says that nothing is paused where the database cannot be written', async () => {
    mkdirSync(database);
    const { exitCode, stderr } = await run('pause', '--reason', 'x');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /Nothing is paused\. To stop acting all the same, stop the service\.\nerror: STORE_FAILED/,
    );
  });

  it('shows nothing that steers a terminal when it repeats the reason', async () => {
    const { stdout } = await run('pause', '--reason', 'x\u001b[2Jy');
    expect(stdout).not.toContain('\u001b');
    expect((await run('status', '-o', 'table')).stderr).not.toContain('\u001b');
  });
});

describe('resume', () => {
  it('says that nothing is paused, with exit code 0, and creates no database', async () => {
    const { exitCode, stdout, stderr } = await run('resume', '--reason', 'x');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toBe('Nothing is paused; nothing was changed.\n');
    expect(existsSync(database)).toBe(false);
  });

  it('ends every pause, and tells which those were', async () => {
    await run('pause', '--reason', 'one');
    await run('pause', '--switch', 'fra', '--reason', 'two');
    const { exitCode, stdout } = await run('resume', '--reason', 'done');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^all switches: resumed; it was paused by .*: one\nfra: resumed; it was paused by .*: two\n$/,
    );
    expect(await status()).toEqual({ lab: null, fra: null });
  });

  it('of one switch leaves the others paused', async () => {
    await run('pause', '--switch', 'lab', '--reason', 'one');
    await run('pause', '--switch', 'fra', '--reason', 'two');
    expect((await run('resume', '--switch', 'lab', '--reason', 'done')).stdout).toMatch(/^lab: resumed; /);
    expect(await status()).toMatchObject({ lab: null, fra: { allSwitches: false } });
    expect((await run('resume', '--switch', 'lab', '--reason', 'done')).stderr).toBe(
      'lab is not paused; nothing was changed.\n',
    );
  });

  it('of one switch is refused while all are paused, with what to do', async () => {
    await run('pause', '--reason', 'a rule is wrong');
    const { exitCode, stdout, stderr } = await run('resume', '--switch', 'lab', '--reason', 'done');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /^error: lab stays paused, for all switches are paused by cli:\S+ .*: a rule is wrong$/m,
    );
    expect(stderr).toContain(
      'hint: `callwarden resume -c callwarden.yaml --reason TEXT` lets all act again.',
    );
    expect((await status())['lab']).not.toBeNull();
  });

  it('and pause leave who did it and why in the audit log', async () => {
    await run('pause', '--switch', 'lab', '--reason', 'one');
    await run('resume', '--reason', 'two');
    const opened = new Database(database, { readonly: true });
    const rows = opened
      .prepare(
        "SELECT actor, kind, switch, reason FROM audit_administration WHERE kind IN ('paused', 'resumed') ORDER BY id",
      )
      .all();
    opened.close();
    expect(rows).toEqual([
      { actor: ACTOR, kind: 'paused', switch: 'lab', reason: 'one' },
      { actor: ACTOR, kind: 'resumed', switch: 'lab', reason: 'two' },
    ]);
  });
});
