import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { type Child, comesTrue } from './child.js';
import { type Lab, type LabOptions, OWN_CUSTOMERS, openLab } from './lab.js';

const BOUND_MS = 90_000;
const HOLD_WRITE_LOCK = resolve('test/store/fixtures/hold-write-lock.mjs');

/** Root may write what is read-only; without this one capability it is a user like any other. */
const WITHOUT_OVERRIDE =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override'] : [];

/** Folders with a disk of their own. */
const mounted = new Set<string>();

async function quietLab(options: Partial<LabOptions> = {}): Promise<Lab> {
  const lab = await openLab({ seed: 1, perHour: 1_000, traffic: 'none', ...options });
  onTestFinished(async () => {
    await lab.close();
    if (mounted.delete(lab.folder)) execFileSync('umount', ['-l', lab.folder]);
    rmSync(lab.folder, { recursive: true, force: true });
  });
  return lab;
}

/** An account with more calls than it may have. */
function violate({ simulator }: Lab, account: number): void {
  simulator.tick();
  for (let count = 0; count < 6; count += 1) {
    simulator.world.addCall({ account, customer: OWN_CUSTOMERS.oneByOne });
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  if (!(await comesTrue(condition, BOUND_MS))) throw new Error(`It never came to be that ${what}.`);
}

/** The service, once a pass of it has completed. */
async function startedRun(lab: Lab): Promise<Child> {
  const run = lab.start('run', 'run', '-c', lab.config);
  await until(() => run.output().includes('"status":"completed"') || !run.alive(), 'a pass completes');
  expect(run.alive(), run.output()).toBe(true);
  return run;
}

async function finished(lab: Lab, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = lab.start('cli', ...args, '-c', lab.config);
  const code = await child.ended;
  return { code, output: child.output() };
}

async function stopped(run: Child): Promise<number | null> {
  run.process.kill('SIGTERM');
  return run.ended;
}

/** Everything that reached the switch has its intent, and something did. */
async function goesOn(lab: Lab, what: string): Promise<void> {
  await until(() => lab.switchSide.requests.length > 0, `the service goes on by itself ${what}`);
  expect(lab.violations).toEqual([]);
}

/** From now on the process cannot write beyond the first byte of any file; undone with `unlimited`. */
function limitFileSize({ process: { pid } }: Child, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

/** Leaves the first page as it is: SQLite still takes the file for a database. */
function damage({ database: path, audit }: Lab): void {
  const database = new Database(path);
  expect(database.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0 }]);
  database.close();
  audit.release();
  const file = openSync(path, 'r+');
  try {
    const page = Buffer.alloc(4_096, 0x5a);
    for (let at = page.length; at < statSync(path).size; at += page.length) {
      writeSync(file, page, 0, page.length, at);
    }
  } finally {
    closeSync(file);
  }
}

it('sends nothing while another process locks the database, says so, and goes on by itself', async () => {
  const lab = await quietLab();
  const run = await startedRun(lab);
  const holder = spawn(process.execPath, [HOLD_WRITE_LOCK, lab.database]);
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  violate(lab, 10_001);
  await until(() => run.output().includes('is locked by another process'), 'the lock is named');
  expect(lab.switchSide.requests).toEqual([]);
  const byHand = await finished(lab, 'disconnect', 'account', '10001', '--reason', 'x', '--yes');
  expect(byHand).toMatchObject({ code: 1, output: expect.stringContaining('STORE_FAILED') });
  expect(lab.switchSide.requests).toEqual([]);
  holder.kill('SIGKILL');
  await goesOn(lab, 'once the lock is gone');
  expect(await stopped(run)).toBe(0);
});

it('does not start on a read-only database, and says what to do', async () => {
  const lab = await quietLab();
  expect((await finished(lab, 'once')).code).toBe(0);
  violate(lab, 10_001);
  for (const [path, mode, well] of [
    [lab.database, 0o444, 0o600],
    [lab.folder, 0o555, 0o700],
  ] as const) {
    chmodSync(path, mode);
    const run = lab.startUnder(WITHOUT_OVERRIDE, 'run', '-c', lab.config);
    await until(() => !run.alive() || run.output().includes('STORE_FAILED'), 'it fails aloud');
    expect(run.output()).toMatch(/STORE_FAILED.*(read-only|cannot be opened|may not be accessed)/);
    expect(run.output()).toMatch(/[Pp]ermissions/);
    await run.kill();
    expect(lab.switchSide.requests).toEqual([]);
    chmodSync(path, well);
  }
  await startedRun(lab);
  await goesOn(lab, 'when it is started again');
});

it('sends nothing on a damaged database, and says what to do', async () => {
  const lab = await quietLab();
  violate(lab, 10_001);
  const run = await startedRun(lab);
  await until(() => lab.switchSide.requests.length > 0, 'something is recorded');
  expect(await stopped(run)).toBe(0);
  const sent = lab.switchSide.requests.length;
  violate(lab, 10_002);
  damage(lab);
  const again = lab.start('run', 'run', '-c', lab.config);
  await until(() => !again.alive() || again.output().includes('STORE_FAILED'), 'it fails aloud');
  expect(again.output()).toContain('is damaged');
  expect(again.output()).toContain('restore the database from a backup');
  await again.kill();
  for (const command of [['once'], ['status'], ['doctor'], ['audit', 'verify']]) {
    const { code, output } = await finished(lab, ...command);
    expect(code, command.join(' ')).not.toBe(0);
    expect(output, command.join(' ')).toMatch(/damaged|malformed/);
  }
  writeFileSync(lab.database, 'no database at all');
  const third = await finished(lab, 'run');
  expect(third).toMatchObject({ code: 1, output: expect.stringContaining('is not a SQLite database') });
  expect(lab.switchSide.requests).toHaveLength(sent);
});

it('sends nothing when its database is damaged while it runs', async () => {
  const lab = await quietLab();
  const run = await startedRun(lab);
  // What it still has in memory may be written, but never sent without being recorded.
  damage(lab);
  violate(lab, 10_001);
  await until(() => !run.alive() || run.output().includes('STORE_FAILED'), 'it fails aloud');
  expect(run.output()).toContain('is damaged');
  expect(lab.switchSide.requests).toEqual([]);
});

it('sends nothing when nothing can be written, says so, and goes on by itself', async () => {
  const lab = await quietLab();
  const run = await startedRun(lab);
  limitFileSize(run, 1);
  violate(lab, 10_001);
  await until(() => run.output().includes('STORE_FAILED'), 'it fails aloud');
  expect(run.output()).toMatch(/free space/i);
  expect(lab.switchSide.requests).toEqual([]);
  limitFileSize(run, 'unlimited');
  await goesOn(lab, 'once it can write again');
  expect(await stopped(run)).toBe(0);
});

it('leaves an intent open whose outcome cannot be written, and resolves it once it can', async () => {
  const lab = await quietLab();
  const run = await startedRun(lab);
  lab.simulator.setFaults([{ method: 'disconnectCall', kind: 'slow', delayMs: 1_000 }]);
  violate(lab, 10_001);
  await until(() => lab.switchSide.requests.length > 0, 'a disconnect is under way');
  limitFileSize(run, 1);
  await until(() => run.output().includes('STORE_FAILED'), 'it fails aloud');
  const sent = lab.switchSide.requests.length;
  const open = lab.audit.rows().filter(({ outcome }) => outcome === null);
  expect(open.length).toBeGreaterThan(0);
  limitFileSize(run, 'unlimited');
  lab.simulator.setFaults([]);
  const resolved = () => lab.audit.rows().filter(({ id }) => open.some((intent) => intent.id === id));
  await until(() => resolved().every(({ confirmed }) => confirmed === 1), 'a later listing confirms them');
  expect(resolved().map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual(
    open.map(() => 'unknown orphaned'),
  );
  expect(lab.switchSide.requests).toHaveLength(sent);
  expect(lab.violations).toEqual([]);
});

/** A disk of its own of this size where this user may mount one; false where not. */
function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return false;
  }
  mounted.add(folder);
  return true;
}

/** Writes until there is no room; returns what gives it back. */
function fillDisk(folder: string): () => void {
  const ballast = join(folder, 'ballast');
  const file = openSync(ballast, 'w');
  const block = Buffer.alloc(4_096);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
  return () => rmSync(ballast);
}

it('stops sending when its disk is full, says so, and goes on by itself once there is room', async () => {
  let ownDisk = false;
  const lab = await quietLab({
    prepare: (folder) => {
      ownDisk = mountDisk(folder);
    },
  });
  const run = await startedRun(lab);
  // Without the right to mount, a limit to the size of files comes nearest; SQLite then speaks of input and output.
  const free = ownDisk ? fillDisk(lab.folder) : limited(run);
  let account = 10_000;
  await until(() => {
    // A log that was written before has room for a few more records: those may be sent, since they are recorded.
    account += 1;
    violate(lab, account);
    return run.output().includes('STORE_FAILED');
  }, 'it fails aloud');
  expect(run.output()).toMatch(ownDisk ? /the disk is full/ : /free space/i);
  const once = await finished(lab, 'once');
  expect(once.code).toBe(ownDisk ? 1 : 0);
  expect(lab.violations).toEqual([]);
  const sent = lab.switchSide.requests.length;
  free();
  violate(lab, account + 1);
  await until(() => lab.switchSide.requests.length > sent, 'the service goes on by itself');
  expect(lab.violations).toEqual([]);
  expect(await stopped(run)).toBe(0);
});

function limited(run: Child): () => void {
  limitFileSize(run, 1);
  return () => limitFileSize(run, 'unlimited');
}
