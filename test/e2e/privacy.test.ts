import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Lab, lab } from './lab.js';

const CLI = '493023125001';
const CLD = '447700900123';
const LISTED_CLI = '493069999888';

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
  return { ...one, id };
}

/** All that the program has printed, with every command that shows a number. */
async function everythingPrinted(one: Lab & { id: string }): Promise<string> {
  const { config, id } = one;
  const printed: string[] = [];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await one.callwarden(...args, '-c', config);
    expect({ args, code, stderr }).toMatchObject({ code: 0 });
    printed.push(`$ ${args.slice(0, 2).join(' ')}\n`, stdout, stderr);
    return stdout;
  };
  for (const format of ['table', 'json']) await run('calls', '-o', format);
  await run('rules', 'explain', '--rule', 'number', '--subject', `call:${id}`);
  await run('rules', 'explain', '--rule', 'number', '--subject', `call:${id}`, '-o', 'json');
  // The subject is found by a call, so that the command line does not bear the number.
  await run('rules', 'explain', '--rule', 'caller', '--subject', `call:${id}`);
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
  await run('disconnect', 'call', next, '--yes', '--reason', `${CLD} asked`);
  await run('audit', 'list', '-o', 'json', '--account', '11');
  await run('status', '-o', 'table');
  await run('doctor');
  return printed.join('\n');
}

describe('privacy: mask', { timeout: 180_000 }, () => {
  it('lets no full number out of the database, which keeps it and is searched by it', async () => {
    const one = await privateLab('privacy: mask');
    const printed = await everythingPrinted(one);
    for (const number of [CLI, CLD, LISTED_CLI]) {
      for (let from = 0; from + 7 <= number.length; from += 1) {
        const run = number.slice(from, from + 7);
        const at = printed.indexOf(run);
        expect(at === -1 ? '' : printed.slice(Math.max(0, at - 200), at + 40), run).toBe('');
      }
    }
    expect(printed).toContain('447700******');
    const [record] = one.records({ rule: 'number', outcome: 'disconnected' });
    expect(record).toMatchObject({ cli: `+49 30 ${CLI.slice(4)}`, cld: CLD });
    const found = await one.callwarden('audit', 'list', '-c', one.config, '--cld', CLD, '-o', 'json');
    expect((JSON.parse(found.stdout) as unknown[]).length).toBeGreaterThan(0);
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
