import { once as exited } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Lab, lab, until } from './lab.js';

const CLI = '493023125001';
const CLD = '447700900123';
const LISTED_CLI = '493069999888';
/** Numbers that persons and rule files name, each at one place of its own, and how they are written there. */
const NAMED = {
  to: ['447700900456', '+44 7700 900456'],
  because: ['447700900567', '0044-7700-900567'],
  ruleName: ['447700900678', '447700900678'],
  paused: ['447700900789', '0044-7700-900789'],
  resumed: ['447700900891', '+44 (0) 7700.900891'],
  byHand: ['447700900912', '447700900912/493023125001'],
  pruned: ['447700901023', '+44 7700 901 023'],
  listFile: ['447700901134', '447700901134'],
  caller: ['493030405060', '0049-30-30405060'],
  uri: ['447700901245', 'sip:+447700901245@10.0.0.1'],
  arabic: ['493030405171', '٤٩٣٠٣٠٤٠٥١٧١'],
} as const;
const written = (name: keyof typeof NAMED) => NAMED[name][1];

const RULES = {
  'caller.yaml': `
name: caller
scope: cli
mode: enforce
conditions: { all: [{ fact: cli.totalCalls, operator: greaterThan, value: 0 }] }
event: { type: alert }
`,
  'number.yaml': `
name: number
scope: call
mode: enforce
conditions:
  all:
    - { fact: call.cli, operator: startsWithAnyOf, value: numbers }
    - { fact: call.cld, operator: startsWithAnyOf, value: ["4477"] }
event: { type: disconnectCall }
`,
  'named.yaml': `
name: to-${written('ruleName')}
scope: account
mode: enforce
conditions:
  any:
    - { fact: account.totalCalls, params: { to: ["${written('to')}", "4477"] }, operator: greaterThan, value: 0 }
event: { type: alert }
`,
  'left-out.yaml': `
name: left-out
scope: call
mode: enforce
conditions: { all: [{ fact: call.cld, operator: inList, value: victim-${written('listFile')} }] }
event: { type: disconnectCall }
except: { cld: [{ prefix: "44770090", because: "customer ${written('because')} asked" }] }
`,
  [`lists/victim-${written('listFile')}.txt`]: `${CLD}\n`,
  'lists/numbers.txt': `${CLI}\n${LISTED_CLI}\n`,
};

async function privateLab(config: string): Promise<Lab & { id: string }> {
  const one = await lab({ rules: RULES, config: `caps: { sharePerPass: 1 }\n${config}` });
  const id = one.simulator.world.addCall({
    cli: `+49 30 ${CLI.slice(4)}`,
    cld: CLD,
    callId: `${CLD}@192.0.2.1`,
    account: 10,
  });
  one.simulator.world.addCall({
    cli: written('caller'),
    cld: written('uri'),
    callId: 'a@192.0.2.1',
    account: 12,
  });
  const digits = NAMED.caller[0].slice(2);
  one.simulator.world.addCall({
    cli: written('arabic'),
    cld: CLD,
    callId: `${digits}@192.0.2.1`,
    account: 12,
  });
  one.simulator.world.addCall({
    cli: NAMED.caller[0],
    cld: CLD,
    callId: `0${digits}-1@192.0.2.1`,
    account: 13,
  });
  return { ...one, id };
}

/** All that the program has printed, with every command that shows a number. */
async function everythingPrinted(one: Lab & { id: string }): Promise<string> {
  const { config, id } = one;
  const printed: string[] = [];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await one.callwarden(...args, '-c', config);
    if (args[0] !== 'doctor') expect({ args, code, stderr }).toMatchObject({ code: 0 });
    printed.push(`$ ${args.slice(0, 2).join(' ')}\n`, stdout, stderr);
    return stdout;
  };
  for (const format of ['table', 'json']) await run('calls', '-o', format);
  await run('rules', 'explain', '--rule', 'number', '--subject', `call:${id}`);
  await run('rules', 'explain', '--rule', 'number', '--subject', `call:${id}`, '-o', 'json');
  // The subject is found by a call, so that the command line does not bear the number.
  await run('rules', 'explain', '--rule', 'caller', '--subject', `call:${id}`);
  for (const format of ['text', 'json']) {
    for (const rule of [`to-${written('ruleName')}`, 'left-out'])
      await run('rules', 'explain', '--rule', rule, '--subject', `call:${id}`, '-o', format);
  }
  await run('pause', '--reason', `call back ${written('paused')}`);
  for (const format of ['table', 'json']) await run('status', '-o', format);
  await run('pause', '--reason', `again ${written('paused')}`);
  await run('doctor');
  printed.push(await logOfService(one));
  await run('rules', 'explain', '--rule', 'number', '--subject', `call:${id}`);
  await run('resume', '--reason', `${written('resumed')} agrees`);
  await run('once', '--dry-run');
  await run('once', '--json');
  for (const format of ['table', 'json', 'csv']) await run('audit', 'list', '-o', format);
  await run('audit', 'export');
  await run('audit', 'export', '--to', join(one.folder, 'out.csv'));
  await run('audit', 'export', '--to', join(one.folder, 'new.jsonl'), '--cursor', join(one.folder, 'cursor'));
  printed.push(...['out.csv', 'new.jsonl'].map((name) => readFileSync(join(one.folder, name), 'utf8')));
  for (const { id: record } of one.records().slice(-2)) {
    await run('rules', 'explain', '--action', `${record}`);
    await run('rules', 'explain', '--action', `${record}`, '-o', 'json');
  }
  await run('rules', 'backtest', '-o', 'json', '--since', '1h');
  const next = one.simulator.world.addCall({ cli: CLI, cld: CLD, account: 11 });
  await run('disconnect', 'call', next, '--yes', '--reason', `${written('byHand')} asked`);
  await run('audit', 'list', '-o', 'json', '--account', '11');
  await run('audit', 'prune', '--before', 'now', '--reason', `${written('pruned')} wants it`, '--dry-run');
  await run('audit', 'verify');
  await run('audit', 'verify', '-o', 'json');
  return printed.join('\n');
}

/** A service that finds acting paused, and then a broken rule. */
async function logOfService(one: Lab): Promise<string> {
  const service = one.start('run', '-c', one.config);
  await until(
    () => service.output().includes('indeterminate') || service.output().includes('violations'),
    'it passed',
  );
  const broken = `name: x\nscope: call\nmode: enforce\nconditions: { all: [{ fact: call.cld, operator: equal, value: ${CLD} }] }\n`;
  writeFileSync(join(one.folder, 'rules', 'broken.yaml'), broken);
  await until(() => service.output().includes('are not taken'), 'the log told of the broken rule');
  rmSync(join(one.folder, 'rules', 'broken.yaml'));
  service.kill('SIGTERM');
  await exited(service, 'exit');
  return service.output();
}

/** No seven digits of it in a row, on any line, whatever stands between them. */
function expectHidden(number: string, printed: string): void {
  for (const line of printed.split('\n')) {
    const bare = line.replace(/[٠-٩]/g, (digit) => String((digit.codePointAt(0) ?? 0) - 0x660));
    const digits = bare.replace(/(?<=\d)[^\d*a-z]+(?=\d)/gi, '');
    for (let from = 0; from + 7 <= number.length; from += 1)
      expect(digits.includes(number.slice(from, from + 7)) ? `${number}: ${line}` : '').toBe('');
  }
}

describe('privacy: mask', { timeout: 400_000 }, () => {
  it('lets no full number out of the database, which keeps it and is searched by it', async () => {
    const one = await privateLab('privacy: mask');
    const printed = await everythingPrinted(one);
    for (const number of [CLI, CLD, LISTED_CLI, ...Object.values(NAMED).map(([digits]) => digits)])
      expectHidden(number, printed);
    expect(printed).toContain('447700******');
    const [record] = one.records({ rule: 'number', outcome: 'disconnected' });
    expect(record).toMatchObject({ cli: `+49 30 ${CLI.slice(4)}`, cld: CLD });
    const found = await one.callwarden('audit', 'list', '-c', one.config, '--cld', CLD, '-o', 'json');
    expect((JSON.parse(found.stdout) as unknown[]).length).toBeGreaterThan(0);
  });

  it('quotes no full number of a config that is not valid', async () => {
    const one = await privateLab(`privacy: mask\n"${CLD}": ${CLI}\ncheckpoints: "${CLI}"`);
    const { code, stderr } = await one.callwarden('calls', '-c', one.config);
    expect(code).toBe(2);
    expect(stderr).toContain('"447700******" is not a known key');
    for (const number of [CLI, CLD]) expectHidden(number, stderr);
  });

  it('shows full numbers where the config does not ask for it', async () => {
    const one = await privateLab('');
    const calls = await one.callwarden('calls', '-c', one.config, '-o', 'table');
    expect(calls.stdout).toContain(CLD);
  });

  it('takes no other word', async () => {
    const one = await privateLab('privacy: hide');
    const checked = await one.callwarden('calls', '-c', one.config);
    expect(checked).toMatchObject({ code: 2, stderr: expect.stringContaining('"privacy": expected mask') });
  });
});
