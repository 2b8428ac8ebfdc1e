import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Lab, lab, until } from './lab.js';

interface Row {
  mode: string | null;
  configChanged: boolean | null;
  rules: { rules: number } | null;
}

function edit(it: Lab, from: string, to: string): void {
  const text = readFileSync(it.config, 'utf8');
  expect(text).toContain(from);
  writeFileSync(it.config, text.replace(from, to));
}

async function status(it: Lab): Promise<{ row: Row | undefined; stderr: string }> {
  const { code, stdout, stderr } = await it.callwarden('status', '-c', it.config, '-o', 'json');
  expect(code).toBe(0);
  return { row: (JSON.parse(stdout) as Row[])[0], stderr };
}

async function running(it: Lab, config = it.config) {
  const service = it.start('run', '-c', config);
  // Skipped while another service has its pass.
  await until(() => /"status":"(completed|skipped)"/.test(service.output()), 'a pass completes');
  return {
    async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
      service.kill(signal);
      const [code] = await once(service, 'exit');
      expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
    },
  };
}

const ASKED = ['--rule', 'three-calls', '--subject', 'account:10'];

describe('a config that is edited while the service runs', () => {
  it('leaves the service cutting, and status, doctor and explain say so', async () => {
    const it = await lab();
    const first = await running(it);
    expect(await status(it)).toMatchObject({
      row: { mode: 'enforce', configChanged: false, rules: { rules: 1 } },
      stderr: '',
    });
    expect((await it.callwarden('doctor', '-c', it.config)).stdout).toContain(
      'ok    service: lab: a service runs, with mode enforce and this config\n',
    );

    edit(it, 'mode: enforce', 'mode: monitor # calm');
    const behind = `the running service goes by mode enforce, although ${it.config} says mode monitor: it read its config when it started, at 20`;
    const step = `Restart the service for the config to take effect, or \`callwarden pause -c ${it.config} --reason TEXT\` to stop acting at once.`;
    const edited = await status(it);
    expect(edited.row).toMatchObject({ mode: 'enforce', configChanged: true });
    expect(edited.stderr).toContain(`warning: lab: ${behind}`);
    expect(edited.stderr).toContain(step);
    const table = await it.callwarden('status', '-c', it.config, '-o', 'table');
    expect(table.stdout).toMatch(/ MODE .*\n.* enforce, config monitor /);
    const doctor = (await it.callwarden('doctor', '-c', it.config)).stdout;
    expect(doctor).toContain('1 switch, mode monitor\n');
    expect(doctor).toContain(`warn  service: lab: ${behind}`);
    expect(doctor).toContain(`next: ${step}\n`);

    await it.callwarden('pause', '-c', it.config, '--reason', 'the config waits for a restart');
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    const paused = (await it.callwarden('rules', 'explain', '-c', it.config, ...ASKED)).stdout;
    expect(paused).toContain(`Note: ${behind}`);
    expect(paused).toContain('acting is paused by cli:');
    expect(paused).not.toContain('the config only monitors');
    await it.callwarden('resume', '-c', it.config, '--reason', 'see whether it cuts');
    await until(() => it.sent('disconnectCall') === 1, 'the service goes on cutting');
    const past = (await it.callwarden('rules', 'explain', '-c', it.config, ...ASKED, '--at', '0s')).stdout;
    expect(past).toContain(`Note: ${behind}`);
    expect(past).not.toContain('the config only monitors');
    await first.end();
  });

  it('is no news after the restart, and explain goes by the file again', async () => {
    const it = await lab();
    const first = await running(it);
    edit(it, 'mode: enforce', 'mode: monitor');
    await first.end();
    expect(await status(it)).toMatchObject({ row: { mode: null, configChanged: null }, stderr: '' });
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    const second = await running(it);
    expect(await status(it)).toMatchObject({ row: { mode: 'monitor', configChanged: false }, stderr: '' });
    const monitored = (await it.callwarden('rules', 'explain', '-c', it.config, ...ASKED)).stdout;
    expect(monitored).toContain('Nothing is cut, because\n  - the config only monitors');
    expect(monitored).not.toContain('Note:');
    expect(it.sent('disconnectCall')).toBe(0);
    await second.end();
  });

  it('cuts nothing by an edit to enforce before the restart, and explain does not say that it would', async () => {
    const it = await lab();
    edit(it, 'mode: enforce', 'mode: monitor');
    const service = await running(it);
    edit(it, 'mode: monitor', 'mode: enforce');
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    const { stdout } = await it.callwarden('rules', 'explain', '-c', it.config, ...ASKED);
    expect(stdout).toContain(`goes by mode monitor, although ${it.config} says mode enforce`);
    expect(stdout).toContain('Nothing is cut, because\n  - the config only monitors');
    const { row, stderr } = await status(it);
    expect(row).toMatchObject({ mode: 'monitor', configChanged: true });
    expect(stderr).toContain('Restart the service for the config to take effect.\n');
    await service.end('SIGKILL');
    expect((await status(it)).row).toMatchObject({ mode: null, configChanged: null });
    const after = await it.callwarden('rules', 'explain', '-c', it.config, ...ASKED);
    expect(after.stdout).toContain('A pass right now would send 1 disconnect.');
  });

  it('is told of where it is protection or a cap, and not for a comment', async () => {
    const it = await lab();
    const service = await running(it);
    edit(it, 'mode: enforce', '# it acts\nmode: enforce\ncaps: { perPass: 50 }');
    expect(await status(it)).toMatchObject({ row: { configChanged: false }, stderr: '' });
    edit(it, 'caps: { perPass: 50 }', 'protect: { accounts: [10] }');
    const { row, stderr } = await status(it);
    expect(row).toMatchObject({ mode: 'enforce', configChanged: true });
    expect(stderr).toContain(`goes by another config than ${it.config} holds now`);
    const table = await it.callwarden('status', '-c', it.config, '-o', 'table');
    expect(table.stdout).toContain(' enforce, config changed ');
    await service.end();
  });
});

describe('two services on one switch', () => {
  /** A second config beside the first, that only watches. */
  function watching(it: Lab): string {
    const file = join(it.folder, 'watches.yaml');
    const text = readFileSync(it.config, 'utf8');
    writeFileSync(file, text.replace('mode: enforce', 'mode: monitor'), { mode: 0o600 });
    return file;
  }

  it('are each told of by their config, and the one that cuts by any other', async () => {
    const it = await lab();
    const watches = watching(it);
    const services = [await running(it), await running(it, watches)];
    const cutting = await status(it);
    expect(cutting.row).toMatchObject({
      mode: 'enforce',
      configChanged: false,
      services: [
        { mode: 'enforce', config: it.config },
        { mode: 'monitor', config: watches },
      ],
    });
    expect(cutting.stderr).toContain(
      `lab: 2 services run, and this tells of the first: mode enforce by ${it.config} since 20`,
    );
    const table = await it.callwarden('status', '-c', watches, '-o', 'table');
    expect(table.stdout).toContain(' monitor, one of 2 ');
    expect(table.stderr).toContain('warning: lab: 2 services run');

    edit(it, 'mode: enforce', 'mode: monitor');
    renameSync(it.config, join(it.folder, 'moved.yaml'));
    const moved = { ...it, config: join(it.folder, 'moved.yaml') };
    expect((await status(moved)).row).toMatchObject({ mode: 'enforce', configChanged: true });
    for (const service of services) await service.end();
  });

  it('leave what the first does as it is told, when the second ends or is killed', async () => {
    const it = await lab();
    const watches = watching(it);
    const first = await running(it);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await (await running(it, watches)).end(signal);
      expect(await status(it)).toMatchObject({ row: { mode: 'enforce', configChanged: false }, stderr: '' });
    }
    edit(it, 'mode: enforce', 'mode: monitor');
    expect((await status(it)).row).toMatchObject({ mode: 'enforce', configChanged: true });
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    await until(() => it.sent('disconnectCall') === 1, 'the first goes on cutting');
    await first.end();
    await (await running(it)).end();
    expect(readdirSync(it.folder).filter((name) => name.includes('.service+'))).toEqual([]);
  });
});
