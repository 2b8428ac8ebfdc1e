import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { createPassLock } from '../../src/store/pass-lock.js';
import { callInput, NOON, outcomeOf } from '../store/support.js';
import { runCli } from '../support/run-cli.js';
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
