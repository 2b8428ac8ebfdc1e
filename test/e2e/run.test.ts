import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/simulator/parse-fault.js';
import { lab, until } from './lab.js';

describe('run', () => {
  it('enforces on schedule, logs a line per pass, and ends with 0 on SIGTERM', async () => {
    const it = await lab();
    for (let count = 0; count < 5; count += 1) it.simulator.world.addCall({ account: 10 });
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') === 2, 'two calls are cut');
    await until(() => it.records().every(({ confirmed }) => confirmed === true), 'both are confirmed');
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect(code).toBe(0);
    const passes = service
      .output()
      .split('\n')
      .filter((line) => line.includes('"passId"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(passes[0]).toMatchObject({
      level: 'info',
      switch: 'lab',
      status: 'completed',
      calls: 5,
      violations: 1,
      outcomes: { disconnected: 2 },
    });
    expect(service.output()).not.toContain('secret');
    expect(it.records().every(({ actor }) => actor === 'scheduler')).toBe(true);
  });

  it('records a request in flight at SIGTERM and sends nothing after it', async () => {
    const it = await lab({ config: 'caps: { sharePerPass: 1 }' });
    for (let count = 0; count < 20; count += 1) it.simulator.world.addCall({ account: 10 });
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=1s')]);
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 0, 'a disconnect is under way');
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect(code).toBe(0);
    const outcomes = it.records().map(({ outcome, reason }) => `${outcome} ${reason}`);
    expect(outcomes.filter((text) => text === 'disconnected null')).toHaveLength(it.sent('disconnectCall'));
    expect(outcomes.filter((text) => text === 'withheld stopping').length).toBeGreaterThan(0);
    expect(outcomes).not.toContain('null null');
  });

  it('runs, and ends, where it cannot tell others that it does', async () => {
    const it = await lab();
    for (let count = 0; count < 5; count += 1) it.simulator.world.addCall({ account: 10 });
    const hash = createHash('sha256').update(join(it.folder, 'rules')).digest('hex').slice(0, 12);
    mkdirSync(join(it.folder, `callwarden.db.rules+${hash}.lock.sqlite`));
    const rehearsal = it.start('once', '-c', it.config, '--dry-run');
    await once(rehearsal, 'exit');
    const database = new Database(join(it.folder, 'callwarden.db'));
    database.exec(
      "CREATE TRIGGER mute BEFORE INSERT ON running_service BEGIN SELECT RAISE(ABORT, 'not today'); END",
    );
    database.close();
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') === 2, 'two calls are cut');
    expect(service.output()).toContain('once beside this service may report its own rules to status');
    expect(service.output()).toContain('cannot tell with which config this service runs');
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect(code).toBe(0);
  });

  it('goes on after SIGHUP where nobody sits at a terminal, and says that none is needed', async () => {
    const it = await lab();
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    service.kill('SIGHUP');
    await until(() => service.output().includes('SIGHUP changes nothing'), 'it says so');
    for (let count = 0; count < 5; count += 1) it.simulator.world.addCall({ account: 10 });
    await until(() => it.sent('disconnectCall') === 2, 'it goes on cutting');
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect(code).toBe(0);
  });

  it('records a request in flight where the terminal of a single pass is closed', async () => {
    const it = await lab();
    for (let count = 0; count < 5; count += 1) it.simulator.world.addCall({ account: 10 });
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=1s')]);
    const pass = it.start('once', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 0, 'a disconnect is under way');
    pass.kill('SIGHUP');
    const [code] = await once(pass, 'exit');
    expect(code).toBe(0);
    const outcomes = it.records().map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'disconnected')).toHaveLength(it.sent('disconnectCall'));
    expect(outcomes).not.toContain(null);
  });

  it('goes on after failed passes, and says when the switch answers again', async () => {
    const it = await lab();
    it.simulator.setFaults([parseFault('listAllCalls:fault')]);
    const service = it.start('run', '-c', it.config);
    await until(() => service.output().includes('SWITCH_FAULT'), 'a pass fails');
    it.simulator.setFaults([]);
    await until(() => service.output().includes('"status":"completed"'), 'a pass completes');
    service.kill('SIGINT');
    const [code] = await once(service, 'exit');
    expect(code).toBe(0);
  });

  it('leaves the switch to the other process while that one acts', async () => {
    const it = await lab();
    for (let count = 0; count < 6; count += 1) it.simulator.world.addCall({ account: 10 });
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=1500ms')]);
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 0, 'a disconnect is under way');
    const { code, reports } = await it.once();
    expect(code).toBe(0);
    expect(reports[0]?.status).toBe('completed');
    expect(it.sent('disconnectCall')).toBe(3);
    service.kill('SIGTERM');
    await once(service, 'exit');
  });

  it('turns an intent that a killed process left open into unknown, and confirms it later', async () => {
    const it = await lab();
    for (let count = 0; count < 4; count += 1) it.simulator.world.addCall({ account: 10 });
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=5s')]);
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 0, 'a disconnect is under way');
    service.kill('SIGKILL');
    await once(service, 'exit');
    expect(it.records()).toMatchObject([{ outcome: null }]);
    it.simulator.setFaults([]);
    await it.once();
    expect(it.records()).toMatchObject([{ outcome: 'unknown', reason: 'orphaned' }]);
    await it.once();
    expect(it.records()).toMatchObject([{ outcome: 'unknown', confirmed: true }]);
    expect(it.sent('disconnectCall')).toBe(1);
  });
});
