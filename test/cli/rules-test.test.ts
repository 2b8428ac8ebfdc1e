import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addRulesTest } from '../../src/cli/commands/rules-test.js';
import type { CliContext } from '../../src/cli/context.js';
import { reportError } from '../../src/cli/errors.js';
import { tempDir } from '../support/temp-store.js';

const CAP = `name: cap
scope: account
mode: monitor
conditions:
  all:
    - { fact: account.connectedCalls, operator: greaterThan, value: { fact: account.limit, params: { name: maxConcurrentCalls, default: 30 } } }
event:
  type: disconnectCall
  params: { select: newest, keep: { fact: account.limit, params: { name: maxConcurrentCalls, default: 30 } } }
`;

const OTHER = CAP.replace('cap', 'other').replaceAll('account', 'customer');

const EXAMPLE = `rules: [cap]
start: 2026-01-05T10:00:00Z
every: 5s
fail: [10s]
calls:
  - { id: a, repeat: 31, step: 0s, account: 10, customer: 2, connection: 7, cli: "4420", cld: "4930123", from: 0s, to: 60s, answered: 3s }
expect:
  - at: 5s
    actions: [ { rule: cap, action: disconnectCall, target: a-31 } ]
  - { at: 0s, actions: [] }
`;

interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs the command on a directory of these files. */
async function runTest(files: Record<string, string>, ...options: readonly string[]): Promise<Ran> {
  return runBefore(false, files, ...options);
}

/** The same, where a person may look on. */
async function runBefore(
  isTerminal: boolean,
  files: Record<string, string>,
  ...options: readonly string[]
): Promise<Ran> {
  const directory = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const ran: Ran = { exitCode: 0, stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: async (text: string) => {
      ran[name] += text.replaceAll(`${directory}/`, '');
    },
    isTerminal,
    columns: undefined,
  });
  const context: CliContext = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    clock: () => Date.parse('2026-06-01T00:00:00Z'),
    interrupted: () => new AbortController().signal,
    setExitCode: (code) => {
      ran.exitCode = code;
    },
  };
  const program = new Command().exitOverride();
  addRulesTest(program.command('rules'), context);
  try {
    await program.parseAsync(['rules', 'test', directory, ...options], { from: 'user' });
  } catch (error) {
    const { text, exitCode } = reportError(error);
    await context.stderr.write(text ?? '');
    ran.exitCode = exitCode;
  }
  return ran;
}

/** The one case of a text, played on the one rule of another. */
async function play(rule: string, testCase: string, more: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await runTest({ 'rule.yaml': rule, 'tests/case.yaml': testCase, ...more });
  return `${stderr}${stdout}`.replaceAll(/^rule.yaml.*warning.*\n/gm, '');
}

const PASSED = 'ok   tests/case.yaml: case\n1 case: 1 passed, 0 failed\n';

describe('rules test', () => {
  it('plays the documented example', async () => {
    expect(await runTest({ 'cap.yaml': CAP, 'tests/cap.yaml': EXAMPLE })).toEqual({
      exitCode: 0,
      stdout: 'ok   tests/cap.yaml: cap\n1 case: 1 passed, 0 failed\n',
      stderr: '',
    });
  });

  it('ends with 1 where a case fails, and says why', async () => {
    const wrong = EXAMPLE.replace('repeat: 31', 'repeat: 30').replace('a-31', 'a-30');
    expect(await runTest({ 'cap.yaml': CAP, 'tests/cap.yaml': wrong })).toEqual({
      exitCode: 1,
      stdout: `FAIL tests/cap.yaml: cap
       tests/cap.yaml:8:5: at 5s (2026-01-05T10:00:05.000Z):
         - disconnectCall a-30 by cap
               account:10 is clear, this does not hold: account.connectedCalls 30 > 30 (account.limit maxConcurrentCalls)
1 case: 0 passed, 1 failed
`,
      stderr: '',
    });
  });

  it('ends with 1 where a call is cut that nobody expected', async () => {
    const { exitCode, stdout } = await runTest({
      'cap.yaml': CAP,
      'tests/cap.yaml': EXAMPLE.replace('repeat: 31', 'repeat: 32'),
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('+ disconnectCall a-32 by cap of account:10: account.connectedCalls 32 > 30');
  });

  it('ends with 2 where a case or a rule is wrong, at the place', async () => {
    const badCase = await runTest({
      'cap.yaml': CAP,
      'tests/cap.yaml': EXAMPLE.replace('answered', 'answer'),
    });
    expect(badCase.exitCode).toBe(2);
    expect(badCase.stderr).toContain('tests/cap.yaml:6:');
    expect(badCase.stderr).toContain('"answer" is not a known key. Did you mean "answered"?');
    const badRule = await runTest({ 'cap.yaml': 'name: cap', 'tests/cap.yaml': EXAMPLE });
    expect(badRule.exitCode).toBe(2);
    expect(badRule.stdout).toBe('');
  });

  it('shows a person how far it has come, on standard error, and wipes that out', async () => {
    const files = { 'cap.yaml': CAP, 'tests/cap.yaml': EXAMPLE };
    const { stdout, stderr } = await runBefore(true, files);
    expect(stdout).toBe((await runTest(files)).stdout);
    expect(stderr).toBe(`\rplaying [${'-'.repeat(30)}] 0 %\u001b[K\r\u001b[K`);
    const other = await runBefore(true, { ...files, 'tests/cap.yaml': EXAMPLE.replace('a-31', 'b') });
    expect(other.stderr).not.toContain('playing');
  });

  it('ends with 2 at a time that no switch could write, however far away', async () => {
    for (const key of ['every', 'until', 'history']) {
      const far = EXAMPLE.replace(/every: 5s/, `every: 5s\n${key}: 99999999d`);
      const text = key === 'every' ? EXAMPLE.replace('5s', '99999999d') : far;
      const { exitCode, stdout, stderr } = await runTest({ 'cap.yaml': CAP, 'tests/cap.yaml': text });
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`"${key}": expected an instant in the years 1970 to 9999`);
    }
  });

  it('reads JSON cases, and leaves out what editors leave behind', async () => {
    const { stdout } = await runTest({
      'cap.yaml': CAP,
      'tests/cap.json': '{ "rules": ["cap"] }',
      'tests/.cap.yaml.swp': 'x: [',
      'tests/README.md': '# x',
    });
    expect(stdout).toBe('ok   tests/cap.json: cap\n1 case: 1 passed, 0 failed\n');
  });

  it('warns of a rule without a case, and fails on it where asked to', async () => {
    const files = { 'cap.yaml': CAP, 'other.yaml': OTHER, 'tests/cap.yaml': EXAMPLE };
    const { exitCode, stderr } = await runTest(files);
    expect([exitCode, stderr]).toEqual([
      0,
      'other.yaml:1:1: warning: The rule "other" has no test: no case in the folder "tests" names it. Write one; docs/testing-rules.md shows how.\n',
    ]);
    const fatal = await runTest(files, '--lint-fatal');
    expect(fatal.exitCode).toBe(1);
    expect(fatal.stderr).toContain('1 warning, which fails the run because of --lint-fatal.\n');
    expect((await runTest({ 'cap.yaml': CAP, 'tests/cap.yaml': EXAMPLE }, '--lint-fatal')).exitCode).toBe(0);
  });

  it('warns of what stands beside the cases and is not read', async () => {
    const files = {
      'cap.yaml': CAP,
      'tests/cap.yaml': EXAMPLE,
      'tests/more/cap.yaml': EXAMPLE,
      'tests/cap.yaml.off': EXAMPLE,
      'tests/README.md': '# x',
      'tests/cases.schema.json': '{}',
    };
    const { exitCode, stderr } = await runTest(files);
    expect([exitCode, stderr]).toEqual([
      0,
      'tests/cap.yaml.off: warning: This file is not read: expected *.yaml, *.yml or *.json.\n' +
        'tests/more: warning: This folder is not read: cases stand in the folder "tests" itself.\n',
    ]);
  });

  it.each(['30s', '35s', '60s'])(
    'counts a call that was cut as none that ended by itself, where the next listing comes after %s',
    async (every) => {
      const files = {
        'cut.yaml': `name: cut-risky
scope: call
mode: enforce
conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["+53"] } ] }
event: { type: disconnectCall }
`,
        'ended.yaml': `name: many-ended
scope: account
mode: enforce
conditions: { all: [ { fact: account.callsEnded, params: { within: 10m }, operator: greaterThan, value: 2 } ] }
event: { type: alert }
`,
        'tests/cut.yaml': `every: ${every}
strict: true
calls:
  - { id: bad, repeat: 4, account: 10, cli: "4420", cld: "5351234{n}", from: 0s, to: 10m, answered: 0s }
  - { id: good, account: 10, cli: "4420", cld: "4930123", from: 0s, to: 10m, answered: 0s }
expect:
  - { at: 0s, actions: [ { rule: cut-risky, action: disconnectCall, target: "bad-*", count: 4 } ] }
`,
      };
      expect(await runTest(files)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ok /) });
    },
  );

  it('knows of a past call whose it is not once a later poll shows it, as passes do, those before the start too', async () => {
    const files = {
      'burst.yaml': `name: burst
scope: account
mode: enforce
conditions: { all: [ { fact: account.callsStarted, params: { within: 10m }, operator: greaterThan, value: 2 } ] }
event: { type: disconnectCall }
except: { vendors: [2] }
`,
      'tests/burst.yaml': `rules: [burst]
every: 5s
strict: true
cases:
  - name: each listed once
    calls: [ { id: a, repeat: 5, step: 5s, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -1s, to: 3s, vendors: [1] } ]
  - name: listed again
    calls: [ { id: a, repeat: 3, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -1s, to: 8s, vendors: [1] } ]
    expect: [ { at: 5s, actions: [ { action: disconnectCall, targets: [a-1, a-2, a-3] } ] } ]
  - name: of the excepted vendor
    calls: [ { id: a, repeat: 3, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -1s, to: 8s, vendors: [2] } ]
  - name: last listed by the poll before the start
    calls: [ { id: a, repeat: 3, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -8s, to: 8s } ]
    expect: [ { at: 0s, actions: [ { action: disconnectCall, targets: [a-1, a-2, a-3] } ] } ]
  - name: over before the start
    calls:
      - { id: once, repeat: 3, step: 5s, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -31s, to: -28s }
      - { id: twice, repeat: 2, step: 5s, account: 11, connection: 7, cli: "4420", cld: "4930123", from: -31s, to: -22s }
      - { id: now, account: 10, connection: 7, cli: "4420", cld: "4930123", from: -1s, to: 12s }
      - { id: then, account: 11, connection: 7, cli: "4420", cld: "4930123", from: -1s, to: 12s }
    expect: [ { at: 5s, actions: [ { action: disconnectCall, target: then } ] } ]
`,
    };
    expect(await runTest(files)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('5 cases: 5 passed'),
    });
  });

  it('refuses an empty --run', async () => {
    const { exitCode, stdout, stderr } = await runTest(
      { 'cap.yaml': CAP, 'tests/cap.yaml': EXAMPLE },
      '--run',
      '',
    );
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--run: expected a name, or a part of one; here it is empty.');
  });

  it('says so where there is no case at all', async () => {
    const { exitCode, stderr } = await runTest({ 'cap.yaml': CAP });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no cases in tests: nothing was tested');
  });

  it('runs the cases of one name, or with it in their name or file', async () => {
    const files = {
      'cap.yaml': CAP,
      'tests/a.yaml': 'cases: [{ name: one, rules: [cap] }, { name: one more }]',
      'tests/b.yaml': 'name: other',
    };
    const ran = async (name: string) =>
      [...(await runTest(files, '--run', name)).stdout.matchAll(/^ok {3}(.*)$/gm)].map(([, found]) => found);
    expect(await ran('one')).toEqual(['tests/a.yaml: one']);
    expect(await ran('on')).toEqual(['tests/a.yaml: one', 'tests/a.yaml: one more']);
    expect(await ran('b.yaml')).toEqual(['tests/b.yaml: other']);
    const nothing = await runTest(files, '--run', 'othr');
    expect(nothing.exitCode).toBe(2);
    expect(nothing.stderr).toContain('No case has "othr" in its name or file. Did you mean "other"?');
  });

  it('counts warnings of the cases that are run alone, where some are chosen', async () => {
    const idle =
      'calls: [{ id: a, account: 10 }]\n    expect: [{ at: 0s, clear: [{ rule: cap, subject: account:11 }] }]';
    const files = {
      'cap.yaml': CAP,
      'other.yaml': OTHER,
      'tests/a.yaml': `cases:\n  - name: sound\n    rules: [cap]\n    calls: [{ id: a, account: 10 }]\n  - name: idle\n    ${idle}\n`,
    };
    const sound = await runTest(files, '--run', 'sound', '--lint-fatal');
    expect([sound.exitCode, sound.stderr]).toEqual([0, '']);
    const warned = await runTest(files, '--run', 'idle', '--lint-fatal');
    expect(warned.exitCode).toBe(1);
    expect(warned.stderr).toMatch(/^tests\/a\.yaml:7:\d+: warning: /);
    expect(warned.stderr).not.toContain('other.yaml');
  });

  it('counts a warning of a whole case for that case, wherever its name stands', async () => {
    const files = {
      'cap.yaml': CAP,
      'tests/a.yaml':
        'cases:\n  - name: sound\n    rules: [cap]\n    calls: [{ id: a, account: 10 }]\n  - rules: [cap]\n    name: empty\n',
    };
    expect((await runTest(files, '--run', 'sound', '--lint-fatal')).stderr).toBe('');
    expect((await runTest(files, '--run', 'empty', '--lint-fatal')).stderr).toMatch(
      /^tests\/a\.yaml:6:11: warning: No poll of this case sees a call/,
    );
  });

  describe('a case in which a rule never comes to a verdict', () => {
    const RATIO = `name: ratio
scope: account
mode: monitor
conditions: { all: [{ fact: account.answerRatio, operator: lessThan, value: 0.5, params: { within: 1h, min: 2 }}] }
event: { type: alert }
`;
    const WARNING =
      /^tests\/a\.yaml:\d+:\d+: warning: The case "idle" tests nothing of the rule "ratio", which never comes to a verdict in it \(account:10: account\.answerRatio within 1h unknown \(too-few-samples\) < 0\.5\): it would pass whatever the rule says\./m;
    const calls = (ids: string) =>
      `[${ids.split(' ').map((id) => `{ id: ${id}, account: 10, cld: "4930123", to: 4s, answered: 1s }`)}]`;
    const test = (text: string, ...options: string[]) =>
      runTest({ 'cap.yaml': CAP, 'ratio.yaml': RATIO, 'tests/a.yaml': text }, '--run', 'idle', ...options);

    it('is warned of by rule and case', async () => {
      const named = await test(
        `name: idle\nrules: [ratio]\nuntil: 10s\ncalls: ${calls('a')}\n`,
        '--lint-fatal',
      );
      expect(named.exitCode).toBe(1);
      expect(named.stderr).toMatch(WARNING);
      expect(named.stderr).toContain('1 warning, which fails the run because of --lint-fatal.\n');
      expect(named.stdout).toContain('ok   tests/a.yaml: idle');
      const expected = 'expect: [{ at: 5s, clear: [{ rule: ratio, subject: account:10 }] }]';
      expect((await test(`name: idle\ncalls: ${calls('a')}\n${expected}\n`)).stderr).toMatch(WARNING);
      const json = await test(`name: idle\nrules: [ratio]\nuntil: 10s\ncalls: ${calls('a')}\n`, '-o', 'json');
      expect(JSON.parse(json.stdout)).toMatchObject({
        passed: 1,
        warnings: [{ file: 'tests/a.yaml', message: expect.stringContaining('tests nothing of the rule') }],
      });
    });

    it('is none where it comes to one at some poll, or for somebody', async () => {
      const both = `name: idle\nrules: [ratio]\nuntil: 10s\ncalls: ${calls('a b')}\n`;
      expect((await test(both)).stderr).toBe('');
      const third = both.replace(/]\n$/, ', { id: c, account: 11, to: 4s, answered: 1s }]\n');
      expect((await test(third)).stderr).toBe('');
    });

    it('is none where the case names no rule and another one decides', async () => {
      expect((await test(`name: idle\nuntil: 10s\ncalls: ${calls('a')}\n`)).stderr).toBe('');
    });

    it('is none where the case fails anyhow', async () => {
      const text = `name: idle\nrules: [ratio]\ncalls: ${calls('a')}\nexpect: [{ at: 5s, actions: [{ rule: ratio }] }]\n`;
      const failed = await test(text);
      expect([failed.exitCode, failed.stderr]).toEqual([1, '']);
    });
  });

  describe('a case in which a rule that it names cannot act, whatever its conditions say', () => {
    const text = (repeat: number, more = 'account: 10', rest = '') =>
      `rules: [cap]\n${rest}calls: [{ id: a, repeat: ${repeat}, ${more}, cld: "4930123", answered: 0s, to: 30s }]`;
    const warned = (why: string) => `The case "case" tests nothing of the rule "cap", which ${why}`;

    it('is warned of where no call says whom the rule judges', async () => {
      expect(await play(CAP, text(40, 'cli: "4420"'))).toContain(
        warned(
          'judges nobody in it, as "account" is not given for any call: it would pass whatever the rule says. Give it for the calls.\n',
        ),
      );
      const ofCallers = CAP.replace('scope: account', 'scope: cli').replaceAll('account.', 'cli.');
      expect(await play(ofCallers, text(40))).toContain('as "cli" is not given for any call');
      // Somebody who is excepted, or not meant, has a call: that is what such a case shows.
      expect(await play(`${CAP}except: { accounts: [10] }\n`, text(40))).toBe(PASSED);
      expect(await play(`${CAP}only: { accounts: [11] }\n`, text(40))).toBe(PASSED);
    });

    it('is warned of where it is over before `for` is, unless it says who violates the rule or is clear', async () => {
      const slow = (forText: string) => `${CAP}for: ${forText}\n`;
      const why =
        'cannot act in it: "for" is 10m and counts from the first poll on, the last one is 30s later. It would pass whatever the conditions of the rule say: let it go on ("until"), or expect who is "violated" or "clear".';
      expect(await play(slow('10m'), text(31, 'account: 10, from: -20m'))).toContain(warned(why));
      for (const [repeat, result] of [
        [31, 'violated'],
        [30, 'clear'],
      ] as const) {
        const expected = `\nexpect: [{ at: 5s, ${result}: [{ rule: cap, subject: account:10 }] }]`;
        expect(await play(slow('10m'), text(repeat) + expected)).toBe(PASSED);
      }
      expect(await play(slow('30s'), text(30))).toBe(PASSED);
      expect(await play(slow('35s'), text(30))).toContain('"for" is 35s');
      expect(await play(slow('30s'), text(30, 'account: 10', 'fail: [0s]\n'))).toContain('is 25s later');
    });

    it('is warned of where it rests all the time by its schedule, and would have let everything pass anyhow', async () => {
      const nightly = `${CAP}schedule: { from: "22:00", to: "06:00", timezone: UTC }\n`;
      const why =
        'is outside of its schedule at every poll: it passes without the schedule as well, whatever the rule says by day or night. Let it "start" within the schedule, or write calls that the rule would act on.';
      expect(await play(nightly, text(30))).toContain(warned(why));
      // By day it rests: that is what such a case shows.
      expect(await play(nightly, text(31))).toBe(PASSED);
      expect(await play(nightly, text(30, 'account: 10', 'start: 2026-01-05T23:00:00Z\n'))).toBe(PASSED);
      expect(await play(nightly, text(30, 'account: 10', 'start: 2026-01-05T21:59:40Z\n'))).toBe(PASSED);
    });
  });

  describe('a case that passes only because a safeguard stops what a rule asks for', () => {
    const ALL = CAP.replace(/keep: .* }/, 'keep: 0 }');
    const text = (call: string, more = '', actions = '') =>
      `rules: [cap]\n${more}calls: [{ id: a, repeat: 31, account: 10, cli: "4420", ${call}answered: 0s }]\nexpect: [{ at: [0s, 5s], actions: [${actions}] }]`;
    const warned = (reason: string, wayOut: string) =>
      `tests/case.yaml:1:1: warning: The case "case" passes only because a safeguard stops what the rule "cap" asks for: disconnectCall a-31 at 0s and 30 more, ${reason}. ${wayOut}, or list it with `;

    it('is warned of: a CLD that is not given or cannot be read, and an emergency number', async () => {
      expect(await play(ALL, text(''))).toContain(
        warned('number-unknown (a-31 has CLI 4420, CLD none)', 'Give every call a CLD that can be read') +
          '"withheld: number-unknown" where that is what the case shows.\n',
      );
      expect(await play(ALL, text('cld: "a 4930123456", '))).toContain(
        'number-unknown (a-31 has CLI 4420, CLD a 4930123456)',
      );
      expect(await play(ALL, text('cld: "110", ', 'protect: { numbers: ["4930123"] }\n'))).toContain(
        warned(
          'protected-number (a-31 has CLI 4420, CLD 110)',
          'Emergency numbers are protected everywhere: write other ones',
        ),
      );
    });

    it('is none where it lists that, or protects them itself', async () => {
      const listed = '{ withheld: protected-number, target: a-*, count: 31 }';
      expect(await play(ALL, text('cld: "110", ', '', listed))).toBe(PASSED);
      for (const protect of ['numbers: ["+4930123"]', 'accounts: [10]']) {
        expect(await play(ALL, text('cld: "4930123", ', `protect: { ${protect} }\n`))).toBe(PASSED);
      }
    });

    it('is one of a whole too, but not where its other calls are cut and listed', async () => {
      const whole = CAP.replace('disconnectCall', 'disconnectAccount').replace(
        / {2}params: \{ select.*\n/,
        '',
      );
      expect(await play(whole, text('cld: "110", '))).toContain(
        'disconnectAccount 10 at 0s, takes-protected.',
      );
      const others = `rules: [cap]
calls:
  - { id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", answered: 0s }
  - { id: sos, account: 10, cli: "4420", cld: "112", answered: 0s }
expect:
  - { at: 0s, actions: [{ action: disconnectCall, target: a-*, count: 31 }] }
  - { at: 5s, actions: [] }
`;
      expect(await play(whole, others)).toBe(PASSED);
    });

    it('is none where it fails anyhow', async () => {
      expect(
        await play(ALL, text('', '', '{ rule: cap, action: disconnectCall, target: a-1 }')),
      ).not.toContain('warning');
    });
  });

  it('says in JSON and TAP which warnings fail the run', async () => {
    const files = { 'cap.yaml': CAP };
    const message =
      'The rule "cap" has no test: no case in the folder "tests" names it. Write one; docs/testing-rules.md shows how.';
    const json = await runTest(files, '-o', 'json', '--lint-fatal');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      failed: 0,
      warnings: [{ file: 'cap.yaml', line: 1, column: 1, message }],
    });
    const tap = await runTest(files, '-o', 'tap', '--lint-fatal');
    expect(tap.exitCode).toBe(1);
    expect(tap.stdout).toBe(`TAP version 13\n1..1\nnot ok - lint: cap.yaml:1:1: ${message}\n`);
    const tolerated = await runTest(files, '-o', 'tap');
    expect(tolerated.exitCode).toBe(0);
    expect(tolerated.stdout).toBe('TAP version 13\n1..0 # SKIP there is no case\n');
  });

  it('judges a caller by its number, in whatever form a case writes it', async () => {
    const rule = CAP.replace('scope: account', 'scope: cli').replaceAll('account.', 'cli.');
    const text = (expected: string) =>
      `rules: [cap]\nlimits: [{ scope: cli, id: "+4420", name: maxConcurrentCalls, value: 2 }]\ncalls: [{ id: a, repeat: 3, cli: "4420", cld: "4930123", answered: 0s }]\nexpect: [{ at: 0s, ${expected}, actions: [{ target: a-3 }] }]`;
    expect(await play(rule, text('violated: [{ rule: cap, subject: "cli:+4420" }]'))).toBe(PASSED);
    expect(await play(rule, text('clear: [{ rule: cap, subject: "cli:+4420" }]'))).toContain(
      '- clear cli:4420 by cap',
    );
  });

  it('refuses a subject that the rule never judges, with its place', async () => {
    const text =
      'calls: [{ id: a, account: 10 }]\nexpect: [{ at: 0s, clear: [{ rule: cap, subject: call:a }] }]';
    const { exitCode, stderr } = await runTest({ 'cap.yaml': CAP, 'tests/cap.yaml': text });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      'tests/cap.yaml:2:50: error: "subject": rule cap judges subjects of scope account',
    );
  });

  it('prints JSON and TAP alone on standard output', async () => {
    const files = { 'cap.yaml': CAP, 'tests/cap.yaml': EXAMPLE };
    const json: unknown = JSON.parse((await runTest(files, '-o', 'json')).stdout);
    expect(json).toMatchObject({ passed: 1, failed: 0, cases: [{ name: 'cap', polls: 13 }] });
    expect((await runTest(files, '-o', 'tap')).stdout).toBe(
      'TAP version 13\n1..1\nok 1 - tests/cap.yaml: cap\n',
    );
  });
});

describe('in a case', () => {
  it('a rule acts whatever its mode, one that is off only where it is named', async () => {
    const off = CAP.replace('mode: monitor', 'mode: off');
    expect(await play(off, EXAMPLE)).toBe(PASSED);
    const unnamed = EXAMPLE.replace('rules: [cap]\n', '').replace(/expect:[\s\S]*/, '');
    expect(await play(off, unnamed)).toContain(PASSED);
    expect(await play(CAP, unnamed)).toContain('+ disconnectCall a-31 by cap');
  });

  it('limits stand in limits.csv, or in the case instead', async () => {
    const limits = { 'limits.csv': 'scope,id,name,value\naccount,10,maxConcurrentCalls,31\n' };
    expect(await play(CAP, EXAMPLE, limits)).toContain('account.connectedCalls 31 > 31');
    const own = `limits: [{ scope: account, id: 10, name: maxConcurrentCalls, value: 30 }]\n${EXAMPLE}`;
    expect(await play(CAP, own, limits)).toBe(PASSED);
  });

  it('no cap stops an action, but emergency numbers are protected', async () => {
    const all = CAP.replace(/keep: .* }/, 'keep: 0 }').replace('greaterThan', 'greaterThanInclusive');
    const text = (cld: string, actions: string) => `calls:
  - { id: a, repeat: 40, account: 10, cli: "4420", cld: "${cld}", to: 4s, answered: 0s }
expect:
  - { at: 0s, actions: [${actions}] }
`;
    expect(await play(all, text('4930123', '{ action: disconnectCall, target: a-*, count: 40 }'))).toBe(
      PASSED,
    );
    expect(await play(all, text('112', ''))).toContain(PASSED);
    expect(await play(all, text('112', '{ withheld: protected-number, target: a-*, count: 40 }'))).toBe(
      PASSED,
    );
    expect(await play(all, text('112', '{ action: disconnectCall, target: a-1 }'))).toContain(
      'withheld: protected-number',
    );
  });

  it('what is expected of one poll may stand in any order, also where an action could meet several entries', async () => {
    const text = (actions: string) => `calls:
  - { id: a, repeat: 33, account: 10, cli: "4420", cld: "4930123", to: 4s, answered: 0s }
expect:
  - { at: 0s, actions: [${actions}] }
`;
    const any = '{ action: disconnectCall, target: a-*, count: 2 }';
    const last = '{ action: disconnectCall, target: a-33 }';
    const thirties = '{ action: disconnectCall, target: a-3* }';
    for (const actions of [
      `${any}, ${thirties}`,
      `${thirties}, ${any}`,
      `${any}, ${last}`,
      `${last}, ${any}`,
    ])
      expect(await play(CAP, text(actions)), actions).toBe(PASSED);
    expect(await play(CAP, text(`${any}, ${any}`))).toContain('- disconnectCall a-*\n');
  });

  it('a whole that would take along a protected call is withheld, and the others are cut one by one', async () => {
    const whole = CAP.replace('disconnectCall', 'disconnectAccount').replace(/ {2}params: \{ select.*\n/, '');
    const text = `calls:
  - { id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", to: 20s, answered: 0s }
  - { id: sos, account: 10, cli: "4420", cld: "112", to: 20s, answered: 0s }
expect:
  - at: 0s
    actions:
      - { action: disconnectAccount, target: 10, withheld: takes-protected }
      - { action: disconnectCall, target: a-*, count: 31 }
`;
    expect(await play(whole, text)).toBe(PASSED);
    const unprotected = text
      .replace('"112"', '"4930999"')
      .replace(/actions:\n[\s\S]*/, 'actions: [{ action: disconnectAccount, target: 10 }]\n');
    expect(await play(whole, unprotected)).toBe(PASSED);
  });

  it('`for` counts from the first poll that violates the rule', async () => {
    const text = `calls: [{ id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", to: 30s, answered: 3s }]
expect:
  - { at: 5s, actions: [], violated: [{ rule: cap, subject: account:10 }] }
  - { at: 15s, actions: [{ rule: cap, action: disconnectCall, target: a-31 }] }
`;
    expect(await play(`${CAP}for: 10s\n`, text)).toBe(PASSED);
    expect(await play(`${CAP}for: 15s\n`, text)).toContain(
      'has not held long enough ("for"): it may act from 20s on',
    );
  });

  it('`cooldown` lets a rule act on a subject once', async () => {
    const text = `calls:
  - { id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", to: 60s, answered: 0s }
  - { id: b, from: 10s, account: 10, cli: "4420", cld: "4930123", to: 60s, answered: 0s }
expect:
  - { at: 0s, actions: [{ rule: cap, action: disconnectCall, target: a-31 }] }
  - { at: 30s, actions: [{ rule: cap, action: disconnectCall, target: b }] }
`;
    expect(await play(`${CAP}cooldown: 30s\n`, text)).toBe(PASSED);
    expect(await play(CAP, text)).toContain('+ disconnectCall b by cap');
  });

  it('alerts are recorded once, and tolerated where they are not listed', async () => {
    const alert = CAP.replace('disconnectCall', 'alert').replace(/ {2}params: \{ select.*\n/, '');
    const text = `until: 10m
calls: [{ id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", answered: 0s }]
expect:
  - { at: 0s, actions: [{ rule: cap, action: alert, target: 10 }] }
  - { at: [5s, 295s], actions: [] }
  - { at: 5m, actions: [{ action: alert }] }
`;
    expect(await play(alert, text)).toBe(PASSED);
    expect(await play(alert, `strict: true\n${text}`)).toContain('at 10m');
  });

  it('exceptions end while it goes on', async () => {
    const excepted = `${CAP}except: { accounts: [{ id: 10, until: "2026-01-05T10:00:20Z", because: campaign }] }\n`;
    const text = `calls: [{ id: a, repeat: 31, account: 10, cli: "4420", cld: "4930123", to: 60s, answered: 0s }]
expect:
  - { at: 20s, actions: [{ rule: cap, action: disconnectCall, target: a-31 }] }
`;
    expect(await play(excepted, text)).toBe(PASSED);
  });

  it('calls of the past count in windows, and a window without a gap is complete', async () => {
    const rule = `name: cap
scope: account
mode: monitor
conditions:
  all:
    - { fact: account.callsStarted, params: { within: 10m }, operator: greaterThanInclusive, value: 3 }
event: { type: alert }
needs: complete
`;
    const text = (more: string) => `${more}calls:
  - { id: old, repeat: 2, account: 10, cli: "4420", cld: "4930123", from: -9m, to: -8m, answered: 5s }
  - { id: new, account: 10, cli: "4420", cld: "4930123", to: 30s, answered: 5s }
expect: [{ at: 0s, actions: [{ rule: cap, action: alert, target: 10 }] }]
`;
    expect(await play(rule, text(''))).toBe(PASSED);
    expect(await play(rule, text('history: 0s\n'))).toContain('cannot be judged');
  });

  it('an account that is known for a week has countries that it called first today', async () => {
    const rule = `name: cap
scope: call
mode: monitor
conditions:
  all:
    - { fact: call.firstSeenCountry, operator: equal, value: true }
event: { type: disconnectCall }
`;
    const text = (since: string) => `calls:
  - { id: old, account: 10, cli: "4420", cld: "4930123", from: ${since}, to: -1h, answered: 5s }
  - { id: home, account: 10, cli: "4420", cld: "4930124", to: 30s, answered: 5s }
  - { id: new, account: 10, cli: "4420", cld: "5371234567", to: 30s, answered: 5s }
expect: [{ at: 0s, actions: [{ rule: cap, action: disconnectCall, target: new }] }]
`;
    expect(await play(rule, text('-8d'))).toBe(PASSED);
    expect(await play(rule, text('-6d'))).toContain(
      'call.firstSeenCountry unknown (too-little-history) = true',
    );
    // The polls of a case are whole, also those of the days before.
    expect(await play(`${rule}needs: complete\n`, text('-8d'))).toBe(PASSED);
  });

  it('vendors carry calls as the case says', async () => {
    const rule = `name: cap
scope: vendor
mode: monitor
only: { vendors: [3] }
conditions:
  all:
    - { fact: vendor.totalCalls, operator: greaterThan, value: 1 }
event: { type: disconnectCall, params: { select: oldest, keep: 1 } }
`;
    const text = `calls:
  - { id: a, repeat: 3, step: 1s, from: -10s, to: 4s, account: 10, cli: "4420", cld: "4930123", vendors: [3] }
  - { id: b, repeat: 3, to: 4s, account: 10, cli: "4420", cld: "4930123", vendors: [4] }
expect: [{ at: 0s, actions: [{ rule: cap, action: disconnectCall, targets: [a-1, a-2], subject: vendor:3 }] }]
`;
    expect(await play(rule, text)).toBe(PASSED);
  });
});

describe('a case that fails', () => {
  const CALLS =
    'calls: [{ id: a, repeat: 31, account: 10, customer: 2, cli: "4420", cld: "4930123", to: 60s, answered: 0s }]\n';
  const cutAt = (at: string, more = '') =>
    `${more}${CALLS}expect: [{ at: ${at}, actions: [{ rule: cap, action: disconnectCall, target: a-31 }] }]\n`;
  /** The reasons below what did not happen. */
  const reasons = async (files: Record<string, string>, testCase: string) => {
    const { stdout } = await runTest({ ...files, 'tests/case.yaml': testCase });
    return [...stdout.matchAll(/^ {15}(\S.*)$/gm)].map(([, reason]) => reason);
  };

  it('names the exception that leaves somebody out, and until when it does', async () => {
    const excepted = (key: string, entry: string | number) => ({
      'cap.yaml': `${CAP}except: { ${key}: [{ ${key === 'switches' ? 'name' : 'id'}: ${entry}, until: "2026-01-05T10:00:20Z", because: campaign }] }\n`,
    });
    expect(await reasons(excepted('accounts', 10), cutAt('15s'))).toEqual([
      'account:10 was not judged: except.accounts names 10 (until 2026-01-05T10:00:20Z, because: campaign)',
    ]);
    expect(await reasons(excepted('switches', 'test'), cutAt('15s'))).toEqual([
      'the rule is not judged on this switch: except.switches names test (until 2026-01-05T10:00:20Z, because: campaign)',
    ]);
    // It has ended: whoever is not judged now is so for another reason.
    expect(
      await reasons(
        excepted('switches', 'test'),
        cutAt('25s', 'until: 25s\n')
          .replace('to: 60s', 'to: 61s')
          .replace('31', '30')
          .replace('a-31', 'a-30'),
      ),
    ).toEqual([
      'account:10 is clear, this does not hold: account.connectedCalls 30 > 30 (account.limit maxConcurrentCalls)',
    ]);
    const elsewhen = { 'cap.yaml': `${CAP}schedule: [{ from: "11:00", to: "12:00", timezone: UTC }]\n` };
    expect(await reasons(elsewhen, cutAt('15s'))).toEqual(['the rule is outside of its schedule']);
    const only = { 'cap.yaml': `${CAP}only: { accounts: [11] }\n` };
    expect(await reasons(only, cutAt('0s'))).toEqual([
      'account:10 was not judged: only.accounts does not name it',
    ]);
  });

  it('says which rule came first where that took the calls', async () => {
    const first = CAP.replace('name: cap', 'name: first\npriority: 10').replaceAll(
      'default: 30',
      'default: 29',
    );
    const rules = { 'cap.yaml': CAP, 'first.yaml': first };
    expect(await reasons(rules, cutAt('0s'))).toEqual([
      'a-31 is taken by first at this poll, which is planned before',
    ]);
    const lower = cutAt('0s').replace('a-31', 'a-29');
    expect(await reasons(rules, lower)).toEqual([
      'account:10 is clear, this does not hold: account.connectedCalls 29 > 30 (account.limit maxConcurrentCalls); first, which is planned before, takes a-30, a-31 at this poll',
    ]);
  });

  it('says so where a rule came first that took everything', async () => {
    const whole = CAP.replace('name: cap', 'name: whole\npriority: 10')
      .replace('disconnectCall', 'disconnectAccount')
      .replace(/ {2}params: \{ select.*\n/, '');
    const rules = { 'cap.yaml': CAP, 'whole.yaml': whole };
    expect(await reasons(rules, cutAt('0s'))).toEqual([
      'a-31 is taken by whole with disconnectAccount 10 at this poll, which is planned before',
    ]);
    const verdict = `${CALLS}expect: [{ at: 0s, actions: [{ action: disconnectAccount }], violated: [{ rule: cap, subject: account:10 }] }]`;
    expect(await reasons(rules, verdict)).toEqual([
      'account:10 was not judged: whole, which is planned before, takes a-1, a-2, a-3 and 28 more at this poll',
    ]);
  });

  it('says what a rule asks for instead, and that it has climbed', async () => {
    const climbing = CAP.replace('disconnectCall', 'alert')
      .replace(/ {2}params: \{ select.*\n/, '')
      .concat('cooldown: 5s\nescalate: [{ after: 2, within: 10m, event: { type: disconnectAccount } }]\n');
    const files = { 'cap.yaml': climbing };
    expect(await reasons(files, cutAt('0s'))).toEqual([
      'account:10 violates the rule (account.connectedCalls 31 > 30 (account.limit maxConcurrentCalls)), which asks for alert',
    ]);
    const alertAt10 = `${CALLS}expect: [{ at: 10s, actions: [{ rule: cap, action: alert, target: 10 }] }]`;
    expect((await reasons(files, alertAt10)).slice(-1)).toEqual([
      'account:10 violates the rule (account.connectedCalls 31 > 30 (account.limit maxConcurrentCalls)), and has climbed to disconnectAccount: the rule had acted twice on this subject within 10m',
    ]);
  });

  it('says that an alert is not repeated yet only where it would be one', async () => {
    const alert = CAP.replace('disconnectCall', 'alert').replace(/ {2}params: \{ select.*\n/, '');
    const text = `${CALLS.replace('60s', '7s')}expect: [{ at: [5s, 10s], actions: [{ rule: cap, action: alert, target: 10 }] }]`;
    expect(await reasons({ 'cap.yaml': alert }, text)).toEqual([
      'account:10 violates the rule (account.connectedCalls 31 > 30 (account.limit maxConcurrentCalls)), which asks for alert; the same was recorded at 0s, and is not repeated yet',
      'account:10 was not judged: it has no call here',
    ]);
  });

  it('tells of a call that a rule does not take whether it may take it', async () => {
    const text = cutAt('0s').replace('repeat: 31', 'repeat: 32').replace('target: a-31', 'target: a-5');
    expect(await reasons({ 'cap.yaml': CAP }, text)).toEqual([
      'account:10 violates the rule (account.connectedCalls 32 > 30 (account.limit maxConcurrentCalls)); of the 32 calls that may be taken, 30 stay',
    ]);
    const whole = cutAt('0s').replace(
      'action: disconnectCall, target: a-31',
      'action: disconnectAccount, target: 10',
    );
    expect(await reasons({ 'cap.yaml': CAP }, whole)).toEqual([
      'account:10 violates the rule (account.connectedCalls 31 > 30 (account.limit maxConcurrentCalls)), which asks for disconnectCall',
    ]);
    const where = CAP.replace(
      'params: { select',
      'params: { where: { all: [{ fact: call.duration, operator: greaterThan, value: 5 }] }, select',
    ).replace(/keep: .*/, 'keep: 0 }');
    expect(await reasons({ 'cap.yaml': where }, text)).toEqual([
      'account:10 violates the rule (account.connectedCalls 32 > 30 (account.limit maxConcurrentCalls)); none of its calls may be taken',
    ]);
  });
});
