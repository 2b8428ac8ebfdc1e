import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { createPassLock } from '../../src/store/pass-lock.js';
import { callInput, NOON, outcomeOf } from '../store/support.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

const CONFIG = 'switches: [{ name: lab, url: "https://192.0.2.10/x", trusted: { customer: 1 } }]\n';

let cwd: string;

beforeEach(async () => {
  cwd = tempDir();
  writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
  const store = openStore(join(cwd, 'callwarden.db'), { clock: () => NOON });
  onTestFinished(() => store.close());
  await store.audit.record(callInput('1', { account: 10 }), outcomeOf('disconnected'), []);
  const hostile = { account: 11, cli: '=cmd|x', cld: '@SUM(1),"a"', at: NOON + 60_000 };
  await store.audit.record(callInput('2', hostile), outcomeOf('failed'), []);
  await store.audit.openIntent(callInput('3', { account: 11, at: NOON + 120_000 }), []);
});

const run = (...args: string[]) => runCli(['audit', 'export', ...args], { cwd });
const ids = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { id: number }).id);
const read = (name: string) => readFileSync(join(cwd, name), 'utf8');

describe('audit export', () => {
  it('prints what audit list prints, but for what is still under way', async () => {
    const { exitCode, stdout, stderr } = await run();
    const listed = await runCli(['audit', 'list', '-n', 'all', '-o', 'jsonl'], { cwd });
    expect(stdout.split('\n')).toEqual(listed.stdout.split('\n').filter((line) => !line.includes('"id":3,')));
    expect(stderr).toBe('Left out what is still under way: 1 record.\n');
    expect(exitCode).toBe(0);
  });

  it('narrows by the filters of audit list', async () => {
    expect(ids((await run('--account', '11')).stdout)).toEqual([2]);
    expect(ids((await run('--outcome', 'disconnected')).stdout)).toEqual([1]);
    expect(ids((await run('--until', '2026-03-01T12:01:00Z')).stdout)).toEqual([1]);
    expect(await run('--switch', 'lob')).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('writes a file that is complete, for its owner alone, in the form that its name says', async () => {
    expect(await run('--to', 'cut.jsonl')).toMatchObject({ exitCode: 0, stdout: '' });
    expect(ids(read('cut.jsonl'))).toEqual([1, 2]);
    expect(statSync(join(cwd, 'cut.jsonl')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(cwd, 'cut.jsonl.part'))).toBe(false);
    await run('--to', 'cut.jsonl.gz');
    expect(ids(gunzipSync(readFileSync(join(cwd, 'cut.jsonl.gz'))).toString())).toEqual([1, 2]);
    await run('--to', 'cut.csv');
    const lines = read('cut.csv').split('\r\n');
    expect(lines[0]).toMatch(/^id,parent,at/);
    expect(lines[2]).toContain(`,'=cmd|x,"'@SUM(1),""a""",`);
  });

  it('leaves a file alone that is there already', async () => {
    writeFileSync(join(cwd, 'kept'), 'kept');
    const { exitCode, stderr } = await run('--to', 'kept');
    expect(stderr).toContain('kept is there already');
    expect(exitCode).toBe(2);
    expect(read('kept')).toBe('kept');
  });

  it('with a cursor exports to standard output or a file what is new', async () => {
    expect(ids((await run('--cursor', 'one')).stdout)).toEqual([1, 2]);
    expect(await run('--cursor', 'one')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    await run('--cursor', 'two', '--to', 'out.jsonl', '--account', '11');
    expect(ids(read('out.jsonl'))).toEqual([2]);
    const other = await run('--cursor', 'two', '--to', 'out.jsonl');
    expect(other.stderr).toContain('belongs to an export with other filters');
    expect(other.exitCode).toBe(2);
  });

  it('refuses --until beside a cursor, which would leave a hole', async () => {
    const { exitCode, stderr } = await run('--cursor', 'one', '--until', '2026-03-01T12:01:00Z');
    expect(stderr).toContain('--until does not go with --cursor');
    expect(exitCode).toBe(2);
    expect(existsSync(join(cwd, 'one'))).toBe(false);
    expect(ids((await run('--cursor', 'one', '--since', '2026-03-01T12:01:00Z')).stdout)).toEqual([2]);
  });

  it('leaves the cursor to another export that has it', async () => {
    const release = await createPassLock(resolve(cwd, 'cursor')).acquire('export');
    const { exitCode, stdout, stderr } = await run('--cursor', 'cursor');
    release?.();
    expect(stderr).toContain('Another export with the cursor cursor is under way');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });
});

/** The built program behind a shell, which can take away the room and lead its output elsewhere. */
async function shell(script: string): Promise<{ exitCode: number | null; stderr: string }> {
  const program = `cw() { "${process.execPath}" "${resolve('dist/cli/main.js')}" audit export "$@"; }`;
  const child = spawn('bash', ['-c', `set -o pipefail; ${program}; ${script}`], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stderr };
}

/** No file may grow beyond so many KiB: a write takes what fits, and the next one fails. */
const room = (kibibytes: number) => `trap '' XFSZ; ulimit -f ${kibibytes}`;

const sequence = (name: string) => (JSON.parse(read(name)) as { sequence: number }).sequence;

/** A cursor goes by when outcomes became known, a plain export by the time of records. */
const sorted = (text: string) => ids(text).sort((one, other) => one - other);

/** More than a disk of 64 KiB holds, and more than a pipe. */
async function recordMany(): Promise<number[]> {
  const store = openStore(join(cwd, 'callwarden.db'), { clock: () => NOON });
  for (let id = 10; id < 300; id += 1) {
    await store.audit.record(
      callInput(String(id), { evidence: { reason: 'x'.repeat(500) } }),
      outcomeOf('disconnected'),
      [],
    );
  }
  store.close();
  return sorted((await run()).stdout);
}

describe('audit export without room', () => {
  it.each(['', '--cursor cursor', '-o csv'])(
    'to a full device (%s) exits 1 with one line',
    async (options) => {
      const { exitCode, stderr } = await shell(`cw ${options} > /dev/full`);
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        'error: Standard output cannot be written (ENOSPC). There is no room left: make some, then run the command again.',
      );
      expect(stderr).not.toContain('    at ');
      expect(exitCode).toBe(1);
      if (options === '--cursor cursor') expect(sequence('cursor')).toBe(0);
    },
  );

  it('on standard output never moves the cursor past what was not written', async () => {
    const all = await recordMany();
    const short = await shell(`${room(64)}; cw --cursor cursor > out.jsonl`);
    expect(short).toEqual({
      exitCode: 1,
      stderr:
        'error: Standard output cannot be written (EFBIG). There is no room left: make some, then run the command again.\n',
    });
    expect(statSync(join(cwd, 'out.jsonl')).size).toBe(64 * 1024);
    expect(sequence('cursor')).toBe(0);
    expect(await shell('cw --cursor cursor > out.jsonl')).toEqual({ exitCode: 0, stderr: '' });
    expect(sorted(read('out.jsonl'))).toEqual(all);
  });

  it('in a file exits 1, leaves nothing half, and goes on once there is room', async () => {
    const all = await recordMany();
    const whole = await shell(`${room(64)}; cw --to whole.jsonl`);
    expect(whole.stderr).toContain('whole.jsonl cannot be written (EFBIG). There is no room left');
    expect(whole.exitCode).toBe(1);
    expect(readdirSync(cwd).filter((name) => name.startsWith('whole'))).toEqual([]);
    const added = await shell(`${room(64)}; cw --cursor cursor --to out.jsonl`);
    expect(added.stderr).toContain('out.jsonl cannot be written (EFBIG). There is no room left');
    expect(added.exitCode).toBe(1);
    expect(sequence('cursor')).toBe(0);
    expect(await shell('cw --cursor cursor --to out.jsonl')).toEqual({ exitCode: 0, stderr: '' });
    expect(sorted(read('out.jsonl'))).toEqual(all);
  });

  it('in a pipe moves the cursor only when the reader has taken all', async () => {
    const all = await recordMany();
    expect(await shell('cw --cursor cursor | head -c 100 > out.jsonl')).toEqual({ exitCode: 0, stderr: '' });
    expect(sequence('cursor')).toBe(0);
    const slow = startCli(['audit', 'export', '--cursor', 'cursor'], { cwd });
    slow.process.stdout?.pause();
    await new Promise((done) => setTimeout(done, 1_500));
    expect(sequence('cursor')).toBe(0);
    slow.process.stdout?.resume();
    const { exitCode, stdout } = await slow.ended;
    expect(exitCode).toBe(0);
    expect(sorted(stdout)).toEqual(all);
    expect(sequence('cursor')).toBeGreaterThan(all.length);
  });
});

describe('audit export to a file', () => {
  it('two at once to one name: one has it, whole, and the other says so', async () => {
    const all = await recordMany();
    const both = await Promise.all([run('--to', 'cut.jsonl'), run('--to', 'cut.jsonl')]);
    expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
    expect(both.map(({ stderr }) => stderr).join('')).toContain('cut.jsonl is there already');
    expect(sorted(read('cut.jsonl'))).toEqual(all);
    expect(readdirSync(cwd).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('two at once with cursors of their own leave one the file', async () => {
    const release = await createPassLock(join(cwd, 'out.jsonl')).acquire('export');
    const second = await run('--cursor', 'two', '--to', 'out.jsonl');
    release?.();
    expect(second.stderr).toContain('Another export with the cursor two or to out.jsonl is under way');
    expect(second.exitCode).toBe(1);
    expect(existsSync(join(cwd, 'two'))).toBe(false);
    expect((await run('--cursor', 'one', '--to', 'out.jsonl')).exitCode).toBe(0);
    expect((await run('--cursor', 'two', '--to', 'out.jsonl')).exitCode).toBe(2);
  });

  it('follows no link that somebody else has laid', async () => {
    for (const name of ['victim', 'victim2']) writeFileSync(join(cwd, name), '');
    symlinkSync('victim', join(cwd, 'cut.jsonl.part'));
    expect((await run('--to', 'cut.jsonl')).exitCode).toBe(0);
    expect(ids(read('cut.jsonl'))).toEqual([1, 2]);
    symlinkSync('victim2', join(cwd, 'out.jsonl'));
    symlinkSync('nowhere', join(cwd, 'dangling'));
    for (const to of ['out.jsonl', 'dangling']) {
      const linked = await run('--cursor', 'cursor', '--to', to);
      expect(linked.stderr).toContain('is a symbolic link');
      expect(linked.exitCode).toBe(2);
    }
    expect((await run('--to', 'dangling')).exitCode).toBe(2);
    expect([read('victim'), read('victim2'), existsSync(join(cwd, 'nowhere'))]).toEqual(['', '', false]);
  });

  it('makes files of mode 0600 whatever the umask', async () => {
    await shell('umask 000; cw --to one.jsonl; cw --cursor cursor --to two.jsonl');
    for (const name of ['one.jsonl', 'two.jsonl', 'cursor', 'cursor.export.lock.sqlite']) {
      expect(statSync(join(cwd, name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it('refuses one file for records and cursor, however it is written', async () => {
    mkdirSync(join(cwd, 'folder'));
    symlinkSync('.', join(cwd, 'same'));
    for (const cursor of ['out', './out', 'folder/../out', 'same/out', join(cwd, 'out')]) {
      const { exitCode, stderr } = await run('--to', 'out', '--cursor', cursor);
      expect(stderr).toContain('--to and --cursor both name out');
      expect(exitCode).toBe(2);
    }
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  it('in a folder that is not there names the path, not the database', async () => {
    for (const options of [
      ['--to', 'no/out'],
      ['--cursor', 'no/cursor'],
      ['--cursor', 'cursor', '--to', 'no/out'],
    ]) {
      const { exitCode, stderr } = await run(...options);
      expect(stderr).toMatch(
        /^error: .*no\/\w+ cannot be written \(ENOENT\)\. Check the path and its permissions\.$/m,
      );
      expect(exitCode).toBe(2);
    }
  });
});
