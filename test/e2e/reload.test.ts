import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Lab, lab, THREE_CALLS, until } from './lab.js';

interface Rules {
  directory: string;
  loadedHash: string;
  diskHash: string | null;
  loadedAt: string;
  rules: number;
  problems: { file: string; line: number | null; column: number | null; message: string }[];
  heldBack: { file: string; entriesBefore: number; entriesNow: number; lost: number; hash: string }[];
}

const RISKY = `
name: risky
scope: call
mode: enforce
conditions:
  all:
    - { fact: call.cld, operator: startsWithAnyOf, value: risky }
event: { type: disconnectCall }
`;

/** As an editor saves: another file, put in its place. */
function save(it: Lab, name: string, text: string): void {
  const file = join(it.folder, 'rules', name);
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

async function status(it: Lab): Promise<{ rules: Rules; stderr: string }> {
  const { code, stdout, stderr } = await it.callwarden('status', '-c', it.config, '-o', 'json');
  expect(code).toBe(0);
  const [row] = JSON.parse(stdout) as { rules: Rules }[];
  if (row === undefined) throw new Error('No row.');
  return { rules: row.rules, stderr };
}

/** A request whose answer is still on its way has a record, but no outcome. */
function cutCalls(it: Lab): number {
  return it.records().filter(({ outcome }) => outcome === 'disconnected').length;
}

async function end(service: ReturnType<Lab['start']>): Promise<void> {
  service.kill('SIGTERM');
  const [code] = await once(service, 'exit');
  expect(code).toBe(0);
}

describe('run while its rules change', () => {
  it('acts by an edited rule at the next pass, and by the last good ones while an edit is bad', async () => {
    const it = await lab();
    for (let count = 0; count < 3; count += 1) it.simulator.world.addCall({ account: 10 });
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    const before = await status(it);
    expect(before.rules).toMatchObject({ rules: 1, problems: [], heldBack: [] });
    expect(before.rules.diskHash).toBe(before.rules.loadedHash);

    save(it, 'three-calls.yaml', THREE_CALLS.replace('value: 3', 'value: 2').replace('keep: 3', 'keep: 2'));
    await until(() => service.output().includes('rules reloaded: changed three-calls'), 'it reloads');
    await until(() => cutCalls(it) === 1, 'the third call is cut');
    expect(it.records()).toMatchObject([{ rule: 'three-calls', outcome: 'disconnected' }]);

    save(it, 'three-calls.yaml', THREE_CALLS.replace('keep: 3', 'keep: many'));
    await until(() => service.output().includes('stay in force'), 'the bad edit is said');
    const bad = await status(it);
    expect(bad.rules.loadedHash).not.toBe(before.rules.loadedHash);
    expect(bad.rules.diskHash).not.toBe(bad.rules.loadedHash);
    expect(bad.rules.problems).toMatchObject([
      { file: join(it.folder, 'rules', 'three-calls.yaml'), line: 10 },
    ]);
    expect(bad.stderr).toMatch(/three-calls\.yaml:10:\d+: error: /);
    it.simulator.world.addCall({ account: 10 });
    await until(() => cutCalls(it) === 2, 'the good rule still cuts');

    save(it, 'three-calls.yaml', THREE_CALLS);
    await until(() => service.output().includes('in force again'), 'it is mended');
    const mended = await status(it);
    expect(mended.rules).toMatchObject({ loadedHash: before.rules.loadedHash, problems: [] });
    expect(mended.stderr).toBe('');
    await end(service);
  });

  it('holds a list back that lost its entries, over a restart too, until it is accepted', async () => {
    const list = '+8821\n+8822\n+8823\n+8824\n';
    const it = await lab({ rules: { 'risky.yaml': RISKY, 'lists/risky.txt': list } });
    const first = it.start('run', '-c', it.config);
    await until(() => first.output().includes('"status":"completed"'), 'a pass completes');
    save(it, 'lists/risky.txt', '+8824\n');
    await until(() => first.output().includes('is held back'), 'the list is held back');
    await end(first);

    const single = await it.once('--dry-run');
    expect(single.code).toBe(0);
    expect(single.stderr).toContain(
      'risky.txt is held back: it lost 3 of the 4 entries in force and has 1 now',
    );
    const second = it.start('run', '-c', it.config);
    it.simulator.world.addCall({ cld: '882112345' });
    await until(() => cutCalls(it) === 1, 'the old list still cuts');
    const held = await status(it);
    expect(held.rules.heldBack).toMatchObject([
      { file: join(it.folder, 'rules', 'lists', 'risky.txt'), entriesBefore: 4, entriesNow: 1, lost: 3 },
    ]);
    expect(held.stderr).toContain('callwarden rules accept');

    const wrong = await it.callwarden('rules', 'accept', 'rules/risky.yaml', '-c', it.config);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('rules/risky.yaml is not held back');
    expect(wrong.stderr).toContain('lists/risky.txt');
    const accepted = await it.callwarden('rules', 'accept', 'rules/lists/risky.txt', '-c', it.config);
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(accepted.stdout).toContain('with 1 entry instead of 4');
    await until(() => second.output().includes('rules reloaded: changed risky'), 'the short list is taken');
    expect((await status(it)).rules).toMatchObject({ heldBack: [] });
    const again = await it.callwarden('rules', 'accept', 'rules/lists/risky.txt', '-c', it.config);
    expect(again).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No file of the rules is held back'),
    });
    await end(second);
  });

  it('cuts nothing by half-written limits, nor by a rule that asks for limits which are held back', async () => {
    const limit = (name: string) => `{ fact: account.limit, params: { name: ${name}, default: 1 } }`;
    const rule = (name: string) =>
      THREE_CALLS.replace('value: 3', `value: ${limit(name)}`).replace('keep: 3', `keep: ${limit(name)}`);
    const rows = (name: string) =>
      `scope,id,name,value\n${[8, 9, 10].map((id) => `account,${id},${name},60\n`).join('')}`;
    const it = await lab({ rules: { 'three-calls.yaml': rule('max'), 'limits.csv': rows('max') } });
    for (let count = 0; count < 8; count += 1) it.simulator.world.addCall({ account: 10 });
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    save(it, 'limits.csv', rows('max').slice(0, -2));
    await until(() => service.output().includes('ends in the middle of a line'), 'it is held back');
    save(it, 'limits.csv', rows('most'));
    save(it, 'three-calls.yaml', rule('most'));
    await until(() => service.output().includes('three-calls.yaml is not taken yet'), 'the rule waits');
    const passes = () => service.output().split('"status":"completed"').length;
    const seen = passes();
    await until(() => passes() > seen + 2, 'passes go on');
    expect(it.records()).toEqual([]);
    const accepted = await it.callwarden('rules', 'accept', 'limits.csv', '-c', it.config);
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(accepted.stdout).toContain(`with it takes effect ${join(it.folder, 'rules', 'three-calls.yaml')}`);
    await until(() => service.output().includes('rules reloaded: changed three-calls'), 'both are taken');
    expect((await status(it)).rules).toMatchObject({ heldBack: [], problems: [] });
    expect(it.records()).toEqual([]);
    await end(service);
  });

  it('compares a release with the one before by the link that leads to it, and a directory never used with none', async () => {
    const it = await lab();
    const config = readFileSync(it.config, 'utf8').concat('database: ../callwarden.db\n');
    for (const [name, list] of [
      ['r1', '+8821\n+8822\n+8823\n+8824\n'],
      ['r2', '+8821\n'],
      ['r3', '+8823\n'],
    ] as const) {
      mkdirSync(join(it.folder, name, 'rules', 'lists'), { recursive: true });
      writeFileSync(join(it.folder, name, 'callwarden.yaml'), config, { mode: 0o600 });
      writeFileSync(join(it.folder, name, 'rules', 'risky.yaml'), RISKY);
      writeFileSync(join(it.folder, name, 'rules', 'lists', 'risky.txt'), list);
    }
    symlinkSync('r1', join(it.folder, 'current'));
    const byLink = join(it.folder, 'current', 'callwarden.yaml');
    for (const path of [byLink, join(it.folder, 'r3', 'callwarden.yaml')]) {
      expect(await it.callwarden('once', '-c', path)).toMatchObject({ code: 0, stderr: '' });
    }
    rmSync(join(it.folder, 'current'));
    symlinkSync('r2', join(it.folder, 'current'));
    it.simulator.world.addCall({ cld: '882412345' });
    for (const path of [byLink, join(it.folder, 'r2', 'callwarden.yaml')]) {
      const { code, stderr } = await it.callwarden('once', '-c', path);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining('it lost 3 of the 4 entries'),
      });
    }
    expect(it.records()).toMatchObject([{ outcome: 'disconnected' }]);
    const accepted = await it.callwarden('rules', 'accept', 'r2/rules/lists/risky.txt', '-c', byLink);
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(await it.callwarden('once', '-c', byLink)).toMatchObject({ code: 0, stderr: '' });
    // Though it was tried by its own path before.
    rmSync(join(it.folder, 'current'));
    symlinkSync('r3', join(it.folder, 'current'));
    const { stderr } = await it.callwarden('once', '-c', byLink);
    expect(stderr).toContain('it lost 1 of the 1 entry in force and has 1 now');
  });

  it('lets a loss be accepted before any service has noticed it', async () => {
    const list = '+8821\n+8822\n+8823\n+8824\n';
    const it = await lab({ rules: { 'risky.yaml': RISKY, 'lists/risky.txt': list } });
    const none = await it.callwarden('rules', 'accept', 'lists/risky.txt', '-c', it.config);
    expect(none.code).toBe(2);
    await it.once();
    rmSync(join(it.folder, 'rules', 'lists', 'risky.txt'));
    const refused = await it.callwarden('rules', 'accept', 'lists/risky.txt', '-c', it.config);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    // The rule that names it is still there.
    expect(refused.stderr).toContain('There is no list "risky"');
    expect(refused.stderr).toContain('risky.txt was not accepted. Without it the rules would be refused');
    rmSync(join(it.folder, 'rules', 'risky.yaml'));
    writeFileSync(join(it.folder, 'rules', 'three-calls.yaml'), THREE_CALLS);
    const accepted = await it.callwarden('rules', 'accept', 'lists/risky.txt', '-c', it.config);
    expect(accepted).toMatchObject({ code: 0, stderr: '' });
    expect(accepted.stdout).toContain('risky.txt is gone, with its 4 entries');
    const { code, stderr } = await it.once();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('is what status tells of, whatever once goes by beside it', async () => {
    const it = await lab();
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    const tree = THREE_CALLS.replace('name: three-calls', 'name: tree')
      .replace('scope: account', 'scope: customer')
      .replace('fact: account.connectedCalls', 'fact: customer.connectedCalls, params: { recursive: true }');
    save(it, 'tree.yaml', tree);
    await until(() => service.output().includes('stay in force'), 'the rule is refused');
    const before = await status(it);
    expect(before.stderr).toContain('State it in the config (customerTree: { child: parent }) and restart');

    const config = readFileSync(it.config, 'utf8');
    writeFileSync(it.config, config.replace('    schedule:', '    customerTree: { 3: 2 }\n    schedule:'));
    expect((await it.once()).code).toBe(0);
    const { rules, stderr } = await status(it);
    expect(rules).toEqual(before.rules);
    // The edit of the config is news of its own.
    expect(stderr).toMatch(/^warning: lab: the running service goes by another config than /);
    expect(stderr.slice(stderr.indexOf('\n') + 1)).toBe(before.stderr);
    await end(service);
    expect((await it.once()).code).toBe(0);
    expect((await status(it)).rules).toMatchObject({ rules: 2, problems: [] });
  });

  it('drops an exception that has expired, without an edit', async () => {
    const expiry = new Date(Date.now() + 12_000).toISOString();
    const rules = `${THREE_CALLS}except: { accounts: [{ id: 10, until: "${expiry}", because: "a test" }] }\n`;
    const it = await lab({ rules: { 'three-calls.yaml': rules } });
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    expect(it.records()).toEqual([]);
    await until(() => cutCalls(it) === 1, 'the fourth call is cut');
    expect(it.records()[0]?.at.localeCompare(expiry)).toBeGreaterThanOrEqual(0);
    await end(service);
  });
});
