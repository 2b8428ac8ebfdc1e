import { describe, expect, it } from 'vitest';
import { type Lab, lab } from './lab.js';

/**
 * C0 but for the line feed, DEL, C1 (0x9b alone begins an escape sequence), bidirectional and zero-width characters,
 * line separators of Unicode.
 */
const STEERING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** All that XML can carry: the escape character itself it cannot. */
const CLI = '4930\u009b2J\u202e\u00851\nFORGED by cli';
const CLD = '4416\u2066149\u007f60000\u2028\nFORGED by cld';
const CALL_ID = 'sip\u200b-\u009d0;owned\u009c@x\nFORGED by call';

/** A rule file can write any character, the escape character as well. */
const RULES = {
  'loud.yaml': `
name: loud
description: "\\e]0;owned\\a calls\\nFORGED by rule"
scope: call
mode: enforce
conditions: { all: [{ fact: call.cli, operator: startsWithAnyOf, value: ["4930"] }] }
event: { type: disconnectCall }
except: { accounts: [{ id: 99, until: 2099-01-01, because: "\\e[2J because\\nFORGED by because" }] }
`,
  'caller.yaml': `
name: caller
scope: cli
mode: enforce
conditions: { all: [{ fact: cli.totalCalls, operator: greaterThan, value: 0 }] }
event: { type: alert }
`,
};

async function hostileLab(): Promise<Lab & { id: string; readable: string }> {
  const one = await lab({
    rules: RULES,
    config: 'protect: { numbers: ["555000"] }\ncaps: { perPass: 1000 }',
  });
  const call = { callId: CALL_ID, cli: CLI, cld: CLD, account: 10 };
  const id = one.simulator.world.addCall({ ...call, listedFields: { DIRECTION: 'on\u009bnet\u202e' } });
  one.simulator.world.addCall({ ...call, account: 99 });
  const readable = one.simulator.world.addCall({ ...call, cld: '441614960000' });
  return { ...one, id, readable };
}

/** Nothing steers the terminal, and no text of a caller begins a line of its own; it is shown, written out. */
function expectHarmless({ stdout, stderr }: { stdout: string; stderr: string }): void {
  for (const printed of [stdout, stderr]) {
    expect(STEERING.exec(printed)?.[0], JSON.stringify(printed)).toBeUndefined();
    expect(printed).not.toMatch(/^\s*FORGED/m);
  }
}

describe('what a caller or a rule file smuggles into a text', { timeout: 120_000 }, () => {
  it('never steers the terminal, in no format of calls, once, audit and explain', async () => {
    const one = await hostileLab();
    const { id, config } = one;
    for (const format of ['table', 'json', 'csv']) {
      const calls = await one.callwarden('calls', '-c', config, '-o', format);
      expectHarmless({
        ...calls,
        stdout: format === 'csv' ? calls.stdout.replaceAll('\r\n', '\n') : calls.stdout,
      });
      expect(calls.stdout).toContain('\\u009b');
    }
    const explained = await one.callwarden(
      ...['rules', 'explain', '-c', config, '--rule', 'loud', '--subject', `call:${id}`],
    );
    expectHarmless(explained);
    // A number with other characters than a number has may be any number: its call is kept, and its text is printed.
    expect(explained.stdout).toContain('withheld (number-unknown)');
    const cut = await one.callwarden(
      ...['rules', 'explain', '-c', config, '--rule', 'loud', '--subject', `call:${one.readable}`],
    );
    expectHarmless(cut);
    expect(cut.stdout).toContain('would be cut');
    expectHarmless(
      await one.callwarden('rules', 'explain', '-c', config, '--rule', 'caller', '--subject', `cli:${CLI}`),
    );
    const once = await one.callwarden('once', '-c', config);
    expectHarmless(once);
    expect(once.stdout).toContain('\\u202e');
    expectHarmless(await one.callwarden('once', '-c', config, '--json'));
    for (const format of ['table', 'json', 'csv']) {
      const audit = await one.callwarden('audit', 'list', '-c', config, '-o', format);
      expect(audit.stdout).toContain('\\u009b');
      expectHarmless({ ...audit, stdout: audit.stdout.replaceAll('\r\n', '\n') });
    }
    const exported = await one.callwarden('audit', 'export', '-c', config);
    expectHarmless(exported);
    const [record] = one.records({ rule: 'loud', outcome: 'disconnected' });
    for (const format of ['text', 'json']) {
      expectHarmless(
        await one.callwarden('rules', 'explain', '-c', config, '--action', `${record?.id}`, '-o', format),
      );
    }
    expectHarmless(await one.callwarden('status', '-c', config, '-o', 'table'));
    expectHarmless(await one.callwarden('doctor', '-c', config));
  });

  it('leaves JSON what it was, escaped, so that nothing is lost for a program', async () => {
    const one = await hostileLab();
    const { stdout } = await one.callwarden('calls', '-c', one.config, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([
      { cli: CLI, cld: CLD, callId: CALL_ID, direction: 'on\u009bnet\u202e' },
      { account: 99 },
      { cld: '441614960000' },
    ]);
    await one.callwarden('once', '-c', one.config);
    const audit = await one.callwarden('audit', 'list', '-c', one.config, '--rule', 'loud', '-o', 'json');
    expect(JSON.parse(audit.stdout)).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ cli: CLI, cld: CLD, callId: CALL_ID, outcome: 'withheld' }),
      ]),
    );
  });

  it('is harmless in what a disconnect by hand, and a check of rules, prints', async () => {
    const one = await hostileLab();
    const { id, config } = one;
    expectHarmless(
      await one.callwarden('disconnect', 'call', id, '-c', config, '--reason', 'a\u009bb\nFORGED', '--yes'),
    );
    expectHarmless(await one.callwarden('audit', 'list', '-c', config, '-o', 'table'));
    for (const what of ['list', 'check', 'test'])
      expectHarmless(await one.callwarden('rules', what, 'rules'));
    const bad = await lab({
      rules: { 'bad.yaml': 'name: a\n"\\e[2J\\nFORGED\\u202e": 1\nscope: "ca\\nFORGED ll\\u009b"\n' },
    });
    const checked = await bad.callwarden('rules', 'check', 'rules');
    expect(checked).toMatchObject({ code: 2, stderr: expect.stringContaining('\\u001b[2J\\u000aFORGED') });
    expectHarmless(checked);
    expectHarmless(await bad.callwarden('once', '-c', bad.config));
  });
});
