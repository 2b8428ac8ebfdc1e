import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/simulator/parse-fault.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { type Lab, lab, until } from './lab.js';

const FILES = ['', '-wal', '-shm'].map((suffix) => `callwarden.db${suffix}`);

function addCalls(it: Lab, count: number): void {
  for (let added = 0; added < count; added += 1) it.simulator.world.addCall({ account: 10 });
}

/** A service that has cut three calls. */
async function acting() {
  const it = await lab({ config: 'caps: { sharePerPass: 1 }' });
  addCalls(it, 6);
  const service = it.start('run', '-c', it.config);
  await until(() => it.sent('disconnectCall') === 3, 'the service acts');
  await until(() => it.records({ outcome: 'disconnected' }).length === 3, 'that is recorded');
  return { it, service };
}

type Service = Awaited<ReturnType<typeof acting>>['service'];

function failedPasses(service: Service): readonly string[] {
  return service.output().match(/"code":"STORE_FAILED".*"msg":.*/g) ?? [];
}

/** Gives the rules something to cut, and the service two more passes to cut it in. */
async function expectNothingSent(it: Lab, service: Service): Promise<void> {
  await until(() => failedPasses(service).length > 0, 'a pass fails');
  const [sent, failed] = [it.sent('disconnectCall'), failedPasses(service).length];
  addCalls(it, 5);
  await until(() => failedPasses(service).length > failed + 1, 'two more passes fail');
  expect(it.sent('disconnectCall')).toBe(sent);
}

async function ended(service: Service): Promise<void> {
  service.kill('SIGTERM');
  const [code] = await once(service, 'exit');
  expect(code).toBe(0);
}

describe('a database that is removed or replaced under a running service', () => {
  for (const file of FILES) {
    it(`${file} removed: nothing is sent any more, and every pass says why`, async () => {
      const { it, service } = await acting();
      rmSync(join(it.folder, file));
      await expectNothingSent(it, service);
      const line = failedPasses(service)[0];
      expect(line).toContain(`${file}`);
      expect(line).toContain('was removed or moved away while it was open');
      expect(line).toContain('Nothing is sent to a switch meanwhile.');
      await ended(service);
    });
  }

  it('all removed: a pause by another process makes a new one, and is not acted against', async () => {
    const { it, service } = await acting();
    for (const file of FILES) rmSync(join(it.folder, file));
    await expectNothingSent(it, service);
    const paused = await it.callwarden('pause', '-c', it.config, '--reason', 'the rule is wrong');
    expect(paused.code).toBe(0);
    await until(() => service.output().includes('was replaced by another file'), 'the new one is noticed');
    await ended(service);
    expect(it.sent('disconnectCall')).toBe(3);
    // The end of the old process has taken nothing from the new database.
    const status = await it.callwarden('status', '-c', it.config);
    expect(status.stdout).toContain('the rule is wrong');
    const again = it.start('run', '-c', it.config);
    await until(() => it.records({ outcome: 'withheld' }).length === 5, 'the pause holds');
    await ended(again);
    expect(it.sent('disconnectCall')).toBe(3);
  });

  it('restored from a backup: nothing is sent until the service is started again', async () => {
    const { it, service } = await acting();
    const database = join(it.folder, 'callwarden.db');
    await it.callwarden('audit', 'list', '-c', it.config);
    copyFileSync(database, join(it.folder, 'backup.db'));
    renameSync(join(it.folder, 'backup.db'), database);
    await expectNothingSent(it, service);
    await ended(service);
  });

  it('moved away and put back: nothing is lost, and the service goes on by itself', async () => {
    const { it, service } = await acting();
    const away = join(it.folder, 'away');
    mkdirSync(away);
    for (const file of FILES) renameSync(join(it.folder, file), join(away, file));
    await expectNothingSent(it, service);
    expect(existsSync(join(it.folder, 'callwarden.db'))).toBe(false);
    for (const file of FILES) renameSync(join(away, file), join(it.folder, file));
    await until(() => it.records({ outcome: 'disconnected' }).length === 8, 'the service acts again');
    expect(it.sent('disconnectCall')).toBe(8);
    await ended(service);
    expect((await it.callwarden('audit', 'verify', '-c', it.config)).code).toBe(0);
  });

  it('moved away amid disconnects: each request that was sent has its outcome in the file that was moved', async () => {
    const it = await lab({ config: 'caps: { sharePerPass: 1 }' });
    addCalls(it, 43);
    it.simulator.setFaults([parseFault('disconnectCall:slow:delay=700ms')]);
    const service = it.start('run', '-c', it.config);
    await until(() => it.sent('disconnectCall') > 3, 'the service is disconnecting');
    const away = join(it.folder, 'away');
    mkdirSync(away);
    for (const file of FILES) renameSync(join(it.folder, file), join(away, file));
    await until(() => failedPasses(service).length > 1, 'passes fail');
    const sent = it.sent('disconnectCall');
    expect(sent).toBeLessThan(40);
    await ended(service);
    const reader = openAuditReader(join(away, 'callwarden.db'));
    try {
      const disconnected = [...reader.query({ outcome: 'disconnected' })];
      expect(disconnected).toHaveLength(sent);
    } finally {
      reader.close();
    }
  });
});
