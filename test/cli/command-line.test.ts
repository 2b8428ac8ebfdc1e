import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { tempDir } from '../support/temp-store.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
const ENV = { SIPPY_PASSWORD: 'correct-horse-battery' };
const CONFIG = `switches:
  - name: lab
    url: https://192.0.2.10/xmlapi/xmlapi
    username: ops
    password: "\${SIPPY_PASSWORD}"
rules: ./rules
`;

let cwd: string;

beforeEach(() => {
  cwd = tempDir();
});

const run = (args: string[], env: Record<string, string> = ENV) => runCli(args, { cwd, env });

describe('the command line', () => {
  it('answers --help and --version with exit code 0', async () => {
    expect(await run(['--version'])).toMatchObject({ exitCode: 0, stdout: `${VERSION}\n`, stderr: '' });
    const help = await run(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    for (const command of ['init', 'rules', 'audit', 'calls', 'stats', 'status', 'doctor', 'simulate']) {
      expect(help.stdout).toContain(`  ${command}`);
    }
  });

  it.each([
    'init',
    'rules check',
    'rules list',
    'rules facts',
    'audit',
    'audit list',
    'audit verify',
    'audit export',
    'audit prune',
    'calls',
    'stats',
    'status',
    'doctor',
    'simulate',
  ])('explains %s with an example', async (words) => {
    const { exitCode, stdout, stderr } = await run([...words.split(' '), '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/Examples?:\n {2}\$ callwarden /);
  });

  it.each([
    [['doctro'], /unknown command 'doctro'\n\(Did you mean doctor\?\)/],
    [['rules', 'chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['rules', 'tst'], /unknown command 'tst'\n\(Did you mean test\?\)/],
    [['rules', 'test', 'nowhere'], /There is no rules directory|nowhere/],
    [['audit', 'prune', '--reason', 'old'], /required option '--before <time>' not specified/],
    [['audit', 'prune', '--before', '+1h', '--reason', 'x', '--yes'], /--before is in the future/],
    [['audit', 'prune', '--before', '1y', '--reason', ' '], /Expected a reason of 1 to 500 characters/],
    [['audit', 'prune', '--before', '1y', '--reason', 'x'], /Nobody is there to ask\. Give --yes/],
    [['audit', 'export', '-o', 'json'], /Expected one of jsonl, csv/],
    [['audit', 'export', '--gzip'], /--gzip goes with --to/],
    [['audit', 'verify', '-o', 'csv'], /Expected one of table, json/],
    [['pause'], /required option '--reason <text>' not specified/],
    [['resume'], /required option '--reason <text>' not specified/],
    [['pause', '--reason', ' '], /Expected a reason of 1 to 500 characters/],
    [['pause', '--reason', 'x', '--for', '10'], /'10' is invalid\. Expected a duration with its unit/],
    [['pause', '--reason', 'x', '--for', '500ms'], /Expected 1s to 31d; without --for/],
    [['pause', '--reason', 'x', '--for', '32d'], /Expected 1s to 31d; without --for/],
    [['audit', '--sinze', '1h'], /unknown option '--sinze'\n\(Did you mean --since\?\)/],
    [['audit', '--since', 'soon'], /'soon' is invalid\. Expected a time such as 1h/],
    [['audit', '--outcome', 'disconected'], /Expected one of disconnected, .* Did you mean "disconnected"\?/],
    [['audit', '--action', 'cut'], /Expected one of alert, disconnectCall/],
    [['audit', '--mode', 'off'], /Expected one of enforce, monitor/],
    [['audit', '--account', 'x'], /Expected the number of an account/],
    [['audit', '-n', 'some'], /Expected a number of records, or all/],
    [['audit', '-o', 'xml'], /Expected one of table, json, jsonl, csv/],
    [['audit', '--since', '1h', '--until', '2h'], /--since is not before --until/],
    [['audit', '-f', '--until', '2h'], /does not go with --until/],
    [['calls', '--state', 'Conected'], /Did you mean "Connected"\?/],
    [['simulate', '--port', '65536'], /Expected a port/],
    [['simulate', '--scenario', 'none'], /There is no scenario "none"/],
    [['simulate', '--fault', 'nothing'], /Fault "nothing" cannot be read/],
    [['init', 'a', 'b'], /too many arguments/],
    [[], /Usage: callwarden/],
    [['rules'], /Usage: callwarden rules/],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('explains faults with simulate --help', async () => {
    const { stdout } = await run(['simulate', '--help']);
    expect(stdout).toMatch(/ {2}lost-reply +the method is carried out/);
    expect(stdout).toContain('next=N');
    expect(stdout).not.toContain('[]');
  });

  it('shows nothing that steers a terminal when it quotes what was typed', async () => {
    const { stderr } = await run(['\u001b[2J\u009b1A']);
    expect(stderr).toContain('\\u001b');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
    expect(stderr).not.toMatch(/[\u001b\u009b]/);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(process.execPath, [MAIN, 'rules', 'facts'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

describe('a config', () => {
  beforeEach(() => {
    writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG.replace('username', 'usrname'));
  });

  it.each(['audit', 'calls', 'stats', 'status', 'doctor'])(
    'with a mistake ends %s with exit code 2 and its place',
    async (command) => {
      const { exitCode, stdout, stderr } = await run([command, '-c', 'callwarden.yaml']);
      expect(stderr).toMatch(/^callwarden\.yaml:\d+:\d+: error: .*\n/);
      expect(stderr).toContain(
        'callwarden.yaml:4:5: error: "usrname" is not a known key. Did you mean "username"?',
      );
      expect(stderr).toMatch(/error: CONFIG_INVALID: .*\nhint: /);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).not.toContain(ENV.SIPPY_PASSWORD);
    },
  );

  it('that is not there is exit code 2 as well, and so is an unset variable', async () => {
    expect(await run(['status', '-c', 'other.yaml'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('other.yaml: error: There is no such file.'),
    });
    writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
    expect(await run(['status'], {})).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^callwarden\.yaml:5:15: error: The environment variable SIPPY_PASSWORD is not set/,
      ),
    });
  });

  it('with tabs is told so, also next to a password, and what to check again', async () => {
    writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG.replace('    password', '\t  password'));
    const { stderr } = await run(['status']);
    expect(stderr).toContain(
      'callwarden.yaml:5:1: error: YAML does not allow tabs for indentation: use spaces.',
    );
    expect(stderr).toContain('hint: Correct it, then check with `callwarden doctor -c callwarden.yaml`.');
  });

  it.each(['audit', 'calls', 'stats', 'status', 'doctor'])(
    'that is valid makes %s refuse a switch it does not name',
    async (command) => {
      writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
      expect(await run([command, '--switch', 'lap'])).toMatchObject({
        exitCode: 2,
        stdout: '',
        stderr: expect.stringContaining('The config names no switch "lap". Did you mean "lab"?'),
      });
    },
  );
});

describe('init', () => {
  it('writes a config that is valid once the password is set, and the shipped rules', async () => {
    const { exitCode, stdout, stderr } = await run(['init', 'carrier']);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toContain('carrier/callwarden.yaml');
    expect(stderr).toContain('callwarden doctor -c carrier/callwarden.yaml');
    const dir = join(cwd, 'carrier');
    for (const file of ['rules/limits.csv', 'rules/account-concurrent-calls.yaml', 'rules/lists']) {
      expect(existsSync(join(dir, file))).toBe(true);
    }
    expect(await run(['status', '-c', 'carrier/callwarden.yaml'])).toMatchObject({ exitCode: 0 });
    expect(await run(['rules', 'check', 'carrier/rules'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('ships rules that only monitor, or are off', async () => {
    await run(['init']);
    const { stdout } = await run(['rules', 'list', '-o', 'json']);
    const modes = (JSON.parse(stdout) as { mode: string }[]).map(({ mode }) => mode);
    expect(modes.length).toBeGreaterThanOrEqual(6);
    expect(new Set(modes)).toEqual(new Set(['monitor', 'off']));
  });

  it('overwrites nothing: where one file is there already, none is written', async () => {
    mkdirSync(join(cwd, 'rules'));
    writeFileSync(join(cwd, 'rules', 'limits.csv'), 'mine');
    const { exitCode, stderr } = await run(['init']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('rules/limits.csv');
    expect(readdirSync(cwd)).toEqual(['rules']);
    expect(readdirSync(join(cwd, 'rules'))).toEqual(['limits.csv']);
    expect(readFileSync(join(cwd, 'rules', 'limits.csv'), 'utf8')).toBe('mine');
  });

  it('refuses a directory that cannot be made', async () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(await run(['init', 'file/dir'])).toMatchObject({ exitCode: 2 });
  });

  it.runIf(existsSync('/proc/self'))('refuses a file system that makes no directories', async () => {
    const { exitCode, stderr } = await run(['init', '/proc/callwarden/x']);
    expect(stderr).toMatch(/^error: \/proc\/callwarden\/x cannot be written to \(E[A-Z]+\)\.\n$/);
    expect(exitCode).toBe(2);
  });
});

describe('rules', () => {
  beforeEach(() => {
    cpSync(fileURLToPath(new URL('../../rules', import.meta.url)), join(cwd, 'rules'), { recursive: true });
  });

  it('check counts what is there', async () => {
    const { exitCode, stdout } = await run(['rules', 'check']);
    expect(stdout).toMatch(/^\d+ rules, \d+ lists, \d+ limits?: ok\n$/);
    expect(exitCode).toBe(0);
  });

  it('check prints every problem of every file and ends with exit code 2', async () => {
    writeFileSync(join(cwd, 'rules', 'a.yaml'), 'name: a\nscop: account\n');
    writeFileSync(join(cwd, 'rules', 'b.yaml'), 'name: [');
    const { exitCode, stdout, stderr } = await run(['rules', 'check']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/rules\/a\.yaml:2:1: error: "scop" is not a known key\. Did you mean "scope"\?/);
    expect(stderr).toMatch(/rules\/b\.yaml:1:\d+: error: This is not YAML/);
    expect(stderr).toMatch(/error: RULES_INVALID: /);
  });

  it('check warns of what is not read, and of a directory without a rule', async () => {
    writeFileSync(join(cwd, 'rules', 'c.yml.txt'), 'name: c\n');
    const found = await run(['rules', 'check']);
    expect(found.stderr).toMatch(/^rules\/c\.yml\.txt: warning: This file is not read: /);
    expect(found.exitCode).toBe(0);
    mkdirSync(join(cwd, 'empty'));
    const empty = await run(['rules', 'check', 'empty']);
    expect(empty.stderr).toBe('empty: warning: There is no rule here: nothing will ever be judged.\n');
    expect(empty.stdout).toBe('0 rules, 0 lists, 0 limits: ok\n');
  });

  it('check of a directory that is not there ends with exit code 2', async () => {
    expect(await run(['rules', 'check', 'nowhere'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('check -c knows the switches of the config, and without it what it assumes', async () => {
    const config = CONFIG.replace('    password', '    schedule: "*/45 * * * * *"\n    password');
    writeFileSync(join(cwd, 'callwarden.yaml'), config);
    const rule = (more: string) => `name: z
scope: account
mode: monitor
conditions: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 3 }] }
event: { type: alert }
for: 60s
${more}`;
    writeFileSync(join(cwd, 'rules', 'z.yaml'), rule(''));
    expect(await run(['rules', 'check'])).toMatchObject({ exitCode: 0, stderr: '' });
    const known = await run(['rules', 'check', '-c', 'callwarden.yaml']);
    expect(known.stderr).toContain(
      'rules/z.yaml:6:6: warning: "for: 60s" is shorter than two polls, which are up to 45s apart (switch "lab")',
    );
    expect(known.stdout).toMatch(/: ok\n$/);
    writeFileSync(join(cwd, 'rules', 'z.yaml'), rule('only: { switches: [lob] }\n'));
    expect(await run(['rules', 'check'])).toMatchObject({ exitCode: 0 });
    const refused = await run(['rules', 'check', 'rules', '--config', 'callwarden.yaml']);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('The config has no switch "lob"');
  });

  it('check -c knows for how long the ledger is kept', async () => {
    const short = 'is kept for 2d only (retention.ledger in the config)';
    writeFileSync(join(cwd, 'callwarden.yaml'), `${CONFIG}retention: { ledger: 2d }\n`);
    const known = await run(['rules', 'check', '-c', 'callwarden.yaml']);
    expect(known.stderr).toMatch(/pbx-break-in\.yaml:\d+:\d+: warning: "account\.firstSeenCountry" needs/);
    expect(known.stderr).toContain(short);
    expect(known.exitCode).toBe(0);
    writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG);
    expect((await run(['rules', 'check', '-c', 'callwarden.yaml'])).stderr).not.toContain(short);
  });

  it('check -c takes the rules directory of the config, unless another is named', async () => {
    mkdirSync(join(cwd, 'empty'));
    writeFileSync(join(cwd, 'callwarden.yaml'), CONFIG.replace('./rules', './empty'));
    expect((await run(['rules', 'check', '-c', 'callwarden.yaml'])).stdout).toMatch(/^0 rules/);
    expect((await run(['rules', 'check', 'rules', '-c', 'callwarden.yaml'])).stdout).toMatch(
      /^[1-9]\d* rules/,
    );
    expect(await run(['rules', 'check', '-c', 'nowhere.yaml'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it.each(['check', 'list'])('%s of a file says that it wants the directory', async (command) => {
    expect(await run(['rules', command, 'rules/stuck-setups.yaml'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr:
        'error: rules/stuck-setups.yaml is a file; expected the rules directory that it lies in (rules).\n',
    });
    writeFileSync(join(cwd, 'plain'), '');
    expect((await run(['rules', command, 'plain'])).stderr).toBe(
      'error: plain is a file; expected the rules directory that it lies in (.).\n',
    );
  });

  it('facts tells the whole definition of those that are named', async () => {
    const whole = (await run(['rules', 'facts', 'account.minutes', '-o', 'table'])).stdout;
    expect(whole).toMatch(
      /^account\.minutes: number, minutes; params within, to, state, direction\n {2}Connected minutes in the last `within`: .* narrows\.\n$/,
    );
    const line = (await run(['rules', 'facts', '-o', 'table'])).stdout
      .split('\n')
      .find((one) => one.startsWith('account.callsEnded '));
    expect(line).toMatch(/^account\.callsEnded +number +calls +Calls of the account .* answered or not\.$/);
    const several = (await run(['rules', 'facts', 'minutes', '-o', 'jsonl'])).stdout.trim().split('\n');
    expect(several.map((one) => (JSON.parse(one) as { name: string }).name)).toContain('cli.minutesToday');
    expect(several.every((one) => one.includes('inutes'))).toBe(true);
    const unknown = await run(['rules', 'facts', 'account.minuts']);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('There is no fact "account.minuts". Did you mean "account.minutes"?');
  });

  it('list and facts print in every format', async () => {
    const facts = await run(['rules', 'facts']);
    const first = JSON.parse(facts.stdout.split('\n')[0] ?? '') as object;
    expect(Object.keys(first)).toEqual(['name', 'scope', 'type', 'unit', 'params', 'description']);
    expect((await run(['rules', 'facts', '-o', 'csv'])).stdout).toMatch(
      /^name,scope,type,unit,params,description\r\n/,
    );
    const table = (await run(['rules', 'list', '-o', 'table'])).stdout;
    expect(table).toMatch(/^NAME +MODE +SCOPE +EVENT +PRIORITY +FILE +DESCRIPTION\n/);
    expect(table).toContain('account-concurrent-calls');
  });
});
