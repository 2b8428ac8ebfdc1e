import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ActionOutcome, ActionRecordInput, AuditRecord } from '../../src/domain/action.js';
import { openStore, type Store } from '../../src/store/open-store.js';
import { runCli, startCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

const NOON = Date.parse('2026-01-05T12:00:00.000Z');
const HOSTILE = '\u001b[2J\u202e123';

let cwd: string;
let store: Store;

beforeEach(() => {
  cwd = tempDir();
  writeFileSync(
    join(cwd, 'callwarden.yaml'),
    ['lab', 'main']
      .map((name) => `  - { name: ${name}, url: "https://192.0.2.10/x", trusted: { customer: 1 } }\n`)
      .reduce((text, line) => text + line, 'switches:\n'),
  );
});

function open(): Store {
  store = openStore(join(cwd, 'callwarden.db'));
  onTestFinished(() => store.close());
  return store;
}

function input(index: number, changes: Partial<ActionRecordInput> = {}): ActionRecordInput {
  return {
    parent: undefined,
    at: NOON + index * 60_000,
    switch: 'lab',
    passId: 'pass-1',
    rule: 'account-concurrent-calls',
    ruleHash: 'abc',
    scope: 'account',
    subject: 'account:10',
    action: 'disconnectCall',
    target: String(100 + index),
    mode: 'enforce',
    actor: 'scheduler',
    login: 'login:ops',
    account: 10,
    customer: 2,
    call: { id: String(100 + index), callId: `call-${index}@lab`, setupTimeText: '20260105T11:59:00' },
    cli: '+4930123456',
    cld: '00442071234567',
    evidence: { conditions: { result: true } },
    ...changes,
  };
}

function outcome(changes: Partial<ActionOutcome> = {}): ActionOutcome {
  return {
    outcome: 'disconnected',
    reason: undefined,
    count: undefined,
    latencyMs: 12,
    error: undefined,
    ...changes,
  };
}

/** Six records, one a minute from noon on. */
async function fill(): Promise<void> {
  const { audit } = open();
  await audit.record(input(0), outcome(), []);
  await audit.record(input(1, { rule: 'stuck-setups', account: 11, subject: 'account:11' }), outcome(), []);
  await audit.record(
    input(2, { mode: 'monitor' }),
    outcome({ outcome: 'monitored', reason: 'rule-monitor' }),
    [],
  );
  await audit.record(
    input(3, { switch: 'main', customer: 3, cli: '441' }),
    outcome({ outcome: 'failed' }),
    [],
  );
  await audit.record(input(4, { cli: HOSTILE, cld: '=1+1' }), outcome(), []);
  await audit.record(
    input(5, { action: 'alert', call: undefined, target: '10', cli: undefined, cld: undefined }),
    outcome({ outcome: 'alerted' }),
    [],
  );
}

const run = (args: string[]) => runCli(['audit', ...args], { cwd });

async function ids(args: string[]): Promise<number[]> {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as AuditRecord).id);
}

describe('audit', () => {
  it('prints the records oldest first, as the contract names their keys', async () => {
    await fill();
    const { stdout } = await run([]);
    const records = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditRecord);
    expect(records.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(records[0] ?? {})).toEqual(
      'id parent at switch passId rule ruleHash scope subject action target mode outcome confirmed count reason actor account customer callId cli cld latencyMs error evidence'.split(
        ' ',
      ),
    );
    expect(records[0]).toMatchObject({
      at: '2026-01-05T12:00:00.000Z',
      target: '100',
      outcome: 'disconnected',
    });
    expect(records[4]?.cli).toBe(HOSTILE);
  });

  it('narrows by every filter', async () => {
    await fill();
    expect(await ids(['list', '--rule', 'stuck-setups'])).toEqual([2]);
    expect(await ids(['--account', '11'])).toEqual([2]);
    expect(await ids(['--customer', '3'])).toEqual([4]);
    expect(await ids(['--call', 'call-2@lab'])).toEqual([3]);
    expect(await ids(['--call', '103'])).toEqual([4]);
    expect(await ids(['--cli', '0049 30 123456'])).toEqual([1, 2, 3]);
    expect(await ids(['--cld', '+442071234567', '--switch', 'main'])).toEqual([4]);
    expect(await ids(['--action', 'alert'])).toEqual([6]);
    expect(await ids(['--outcome', 'monitored'])).toEqual([3]);
    expect(await ids(['--mode', 'monitor'])).toEqual([3]);
    expect(await ids(['--since', '2026-01-05 12:02', '--until', '2026-01-05 12:04'])).toEqual([3, 4]);
    expect(await ids(['--since', '2026-01-05T12:05:00Z'])).toEqual([6]);
    expect(await ids(['-n', '2'])).toEqual([5, 6]);
    expect(await ids(['-n', '0'])).toEqual([]);
  });

  it('says on stderr that nothing matches', async () => {
    await fill();
    expect(await run(['--rule', 'none'])).toEqual({
      exitCode: 0,
      signal: null,
      stdout: '',
      stderr: 'no records match\n',
    });
  });

  it.each([
    ['--cli', 'abc'],
    ['--cli', ''],
    ['--cld', '+'],
  ])('refuses %s "%s"', async (option, text) => {
    const { exitCode, stderr } = await run([option, text]);
    expect(stderr).toContain('Expected a telephone number');
    expect(exitCode).toBe(2);
  });

  it('shows why an action failed', async () => {
    const { audit } = open();
    await audit.record(
      input(0),
      outcome({ outcome: 'failed', reason: 'refused', error: 'Permission denied' }),
      [],
    );
    expect((await run(['-o', 'table'])).stdout).toContain('failed (refused: Permission denied)');
  });

  it('explains its filters with --help', async () => {
    expect((await run(['--help'])).stdout).toMatch(/--cld <number> +to this number/);
  });

  it('prints the last 100 unless asked for all', async () => {
    const { audit } = open();
    for (let index = 0; index < 120; index += 1) await audit.record(input(index), outcome(), []);
    expect(await ids([])).toEqual(Array.from({ length: 100 }, (_, index) => index + 21));
    expect(await ids(['-n', 'all'])).toHaveLength(120);
  });

  it('still finds what was done on a switch that has left the config', async () => {
    const { audit } = open();
    await audit.record(input(0, { switch: 'retired' }), outcome(), []);
    expect(await ids(['--switch', 'retired'])).toEqual([1]);
    expect(await run(['--switch', 'retried'])).toMatchObject({ exitCode: 2 });
  });

  it('shows a table that no caller can steer', async () => {
    await fill();
    const { stdout } = await run(['-o', 'table']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^TIME \(UTC\) +SWITCH +RULE +ACTION +TARGET +OUTCOME +GONE +ACCT +CLI -> CLD$/);
    expect(lines[1]).toMatch(
      /^2026-01-05 12:00:00 +lab +account-concurrent-calls +disconnectCall +100 +disconnected/,
    );
    expect(lines[3]).toContain('monitored (rule-monitor)');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
    expect(stdout).not.toMatch(/[\u001b\u202e]/);
    expect(stdout).toContain('\\u001b[2J\\u202e123');
  });

  it('writes CSV that is no formula', async () => {
    await fill();
    const { stdout } = await run(['-o', 'csv', '--rule', 'account-concurrent-calls']);
    const lines = stdout.split('\r\n');
    expect(lines[0]).toMatch(/^id,parent,at,switch,passId,/);
    expect(lines[1]).toContain(',+4930123456,00442071234567,12,,"{""conditions"":{""result"":true}}"');
    expect(stdout).toContain(",'=1+1,");
  });

  it('follows: prints each new record once its outcome is known, and ends with 0 on SIGINT', async () => {
    const { audit } = open();
    await audit.record(input(0), outcome(), []);
    const cli = startCli(['audit', '-f', '-o', 'jsonl'], { cwd });
    await cli.printed(/"id":1,/);
    const intent = await audit.openIntent(input(1, { at: Date.now() }), []);
    await audit.record(input(2, { at: Date.now() }), outcome(), []);
    await cli.printed(/"id":3,/);
    expect(cli.stdout).not.toContain('"id":2,');
    await audit.closeIntent(intent, outcome(), [], Date.now());
    await cli.printed(/"id":2,.*"outcome":"disconnected"/);
    const { exitCode, stdout } = await cli.end('SIGINT');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter(Boolean)).toHaveLength(3);
  });

  it('of a database that is not there fails with the next step', async () => {
    expect(await run([])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: STORE_FAILED: There is no database .*\nhint: /),
    });
  });

  it('of a damaged database fails, and changes nothing', async () => {
    appendFileSync(join(cwd, 'callwarden.db'), 'no database at all, but text of some length'.repeat(20));
    const { exitCode, stderr } = await run([]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: STORE_FAILED: .*\nhint: /);
  });
});
