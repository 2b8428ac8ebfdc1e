import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/domain/action.js';
import { openStore } from '../../src/store/open-store.js';
import { callInput, outcomeOf } from '../store/support.js';
import { type Lab, lab, until } from './lab.js';

/** Long before whenever this is run. */
const LONG_AGO = Date.parse('2020-01-05T12:00:00Z');

function database(it: Lab): string {
  return join(it.folder, 'callwarden.db');
}

/** As somebody would who has the file and knows sqlite3: takes the guards of a table away, and puts them back. */
function tamper(it: Lab, changes: Readonly<Record<string, string>>): void {
  const open = new Database(database(it));
  try {
    open.pragma('foreign_keys = OFF');
    for (const [table, sql] of Object.entries(changes)) {
      const guards = open
        .prepare<[string], { name: string; sql: string }>(
          "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?",
        )
        .all(table);
      for (const { name } of guards) open.exec(`DROP TRIGGER ${name}`);
      open.exec(sql);
      for (const guard of guards) open.exec(guard.sql);
    }
  } finally {
    open.close();
  }
}

/** Two records of years ago, as a log has them that was kept for long. */
async function oldRecords(it: Lab): Promise<void> {
  const store = openStore(database(it), { clock: () => LONG_AGO });
  for (const id of ['91', '92']) {
    await store.audit.record(callInput(id, { at: LONG_AGO }), outcomeOf('withheld'), []);
  }
  store.close();
}

function addCalls({ simulator }: Lab, count: number): void {
  const start = simulator.tick() - 60_000;
  for (let index = 0; index < count; index += 1) {
    simulator.world.addCall({ account: 10, setupAt: start + index * 1_000 });
  }
}

/** Runs the service until two calls were cut and both are known to be gone. */
async function runOnce(it: Lab): Promise<string> {
  addCalls(it, 5);
  const service = it.start('run', '-c', it.config);
  const cut = () => it.records({ outcome: 'disconnected' });
  await until(
    () =>
      existsSync(database(it)) && cut().length === 2 && cut().every(({ confirmed }) => confirmed === true),
    'both calls are confirmed as gone',
  );
  service.kill('SIGTERM');
  await once(service, 'exit');
  return service.output();
}

describe('the chain of the audit log', () => {
  it('is whole after a run, tells what was changed and that its end was cut, and stays whole when it is pruned', async () => {
    const it = await lab();
    await oldRecords(it);
    const output = await runOnce(it);
    expect(output).toContain('made the key');
    const heads = `${database(it)}.checkpoints.jsonl`;
    const written = readFileSync(heads, 'utf8').trim().split('\n');
    // At the start, and at the end with what came between.
    expect(written).toHaveLength(2);
    expect(statSync(`${database(it)}.key`).mode & 0o777).toBe(0o600);

    const verify = async (...args: string[]) => {
      const { code, stdout } = await it.callwarden('audit', 'verify', '-c', it.config, '-o', 'json', ...args);
      return {
        code,
        ...(JSON.parse(stdout) as { head: { sequence: number }; fault: { event: number } | null }),
      };
    };
    const whole = await verify();
    expect(whole).toMatchObject({ code: 0, whole: true, fault: null, checkpoints: { matched: 2 } });
    expect(JSON.parse(written[1] ?? '')).toMatchObject(whole.head);

    tamper(it, { audit_action: 'UPDATE audit_action SET account = 99 WHERE id = 3' });
    const altered = await verify();
    expect(altered).toMatchObject({ code: 1, fault: { what: 'altered', action: 3, kind: 'action' } });
    tamper(it, { audit_action: 'UPDATE audit_action SET account = 10 WHERE id = 3' });
    expect(await verify()).toMatchObject({ code: 0 });

    copyFileSync(database(it), join(it.folder, 'older.db'));
    addCalls(it, 2);
    await it.once();
    expect(await it.callwarden('audit', 'verify', '-c', it.config, '--checkpoint')).toMatchObject({
      code: 0,
    });
    renameSync(database(it), join(it.folder, 'newer.db'));
    copyFileSync(join(it.folder, 'older.db'), database(it));
    const cut = await verify('--against', heads);
    expect(cut).toMatchObject({ code: 1, fault: { what: 'cut', event: whole.head.sequence + 1 } });
    renameSync(join(it.folder, 'newer.db'), database(it));

    const pruned = await it.callwarden(
      ...[
        'audit',
        'prune',
        '-c',
        it.config,
        '--before',
        '2021-01-01',
        '--reason',
        'kept for a year',
        '--yes',
      ],
    );
    expect(pruned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Removed 2 records/) });
    expect(await verify('--against', heads)).toMatchObject({ code: 0, whole: true, fault: null });
    expect(it.records().map(({ id }) => id)).toEqual([3, 4, 5, 6]);
  }, 120_000);
});

describe('an export that is killed', () => {
  it('is gone on with by the next one, without a hole and without a duplicate', async () => {
    const it = await lab();
    const records = 12_000;
    await manyRecords(it, records);
    const args = ['audit', 'export', '-c', it.config, '--cursor', 'cursor', '--to', 'out.jsonl'];
    const exported = join(it.folder, 'out.jsonl');
    const sizeOf = () => (existsSync(exported) ? statSync(exported).size : 0);
    for (let kills = 0; kills < 2; kills += 1) {
      const before = sizeOf();
      const child = it.start(...args);
      await until(() => sizeOf() > before || child.exitCode !== null, 'the export has written something');
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (kills === 0) expect(readFileSync(exported, 'utf8').split('\n').length).toBeLessThan(records);
    }
    expect(await it.callwarden(...args)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const ids = readFileSync(exported, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditRecord).id);
    expect(ids).toHaveLength(records);
    expect(new Set(ids).size).toBe(records);
  }, 120_000);
});

async function manyRecords(it: Lab, records: number): Promise<void> {
  const store = openStore(database(it));
  const perCommit = 2_000;
  for (let done = 0; done < records; done += perCommit) {
    const inputs = Array.from({ length: perCommit }, (_, index) => callInput(String(done + index)));
    const [first, ...children] = inputs;
    if (first === undefined) continue;
    await store.audit.record(first, outcomeOf('withheld'), children);
  }
  store.close();
}
