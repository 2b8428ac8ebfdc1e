import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ExportAsked } from '../../src/cli/export-cursor.js';
import { exportChanges } from '../../src/cli/export-log.js';
import { SHORTEST_KEPT_MS } from '../../src/domain/audit-chain.js';
import { openAuditChanges } from '../../src/store/audit-changes.js';
import { openStore } from '../../src/store/open-store.js';
import { callInput, NOON, outcomeOf } from '../store/support.js';
import { signer } from '../store/support-chain.js';
import { tempDir } from '../support/temp-store.js';

interface Asked extends Partial<ExportAsked> {
  to?: string | undefined;
  /** Ends the export as a crash would, after so many batches. */
  crashAfter?: number;
  /** Another log than the one that is written to. */
  database?: string;
}

/** A log, and exports of it with one cursor, of two events a batch. */
function exporting() {
  const folder = tempDir();
  const database = join(folder, 'callwarden.db');
  const store = openStore(database, { clock: () => NOON });
  onTestFinished(() => store.close());
  const file = join(folder, 'out');
  const cursorFile = join(folder, 'cursor');
  const printed: string[] = [];
  const stdout = {
    isTerminal: false,
    columns: undefined,
    write: async (text: string) => void printed.push(text),
  };
  let records = 0;
  return {
    folder,
    file,
    cursorFile,
    store,
    printed,
    async record(count: number) {
      for (const last = records + count; records < last; ) {
        records += 1;
        await store.audit.record(callInput(String(100 + records)), outcomeOf('disconnected'), []);
      }
    },
    async go({ to = file, crashAfter, database: log = database, ...asked }: Asked = {}) {
      const changes = openAuditChanges(log, { batchEvents: 2 });
      try {
        return await exportChanges(
          crashAfter === undefined ? changes : { ...changes, after: crashing(changes.after, crashAfter) },
          {
            query: {},
            asked: { format: 'jsonl', gzip: false, filters: {}, ...asked },
            to: to === '' ? undefined : to,
            cursorFile,
          },
          stdout,
        );
      } finally {
        changes.close();
      }
    },
    ids: (text = readFileSync(file, 'utf8')) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { id: number }).id),
  };
}

type After = ReturnType<typeof openAuditChanges>['after'];

function crashing(after: After, batches: number): After {
  return function* (sequence, query) {
    let left = batches;
    for (const batch of after(sequence, query)) {
      if (left === 0) throw new Error('crashed');
      left -= 1;
      yield batch;
    }
  };
}

describe('an export with a cursor', () => {
  it('adds what is new, and only that, each time', async () => {
    const it = exporting();
    await it.record(3);
    expect(await it.go()).toEqual({ lines: 3, missed: 0 });
    expect(await it.go()).toEqual({ lines: 0, missed: 0 });
    await it.record(2);
    await it.store.audit.confirm([{ id: 2, confirmed: true }], NOON);
    expect(await it.go()).toEqual({ lines: 3, missed: 0 });
    expect(it.ids()).toEqual([1, 2, 3, 4, 5, 2]);
  });

  it('makes files that their owner alone can read', async () => {
    const it = exporting();
    await it.record(1);
    await it.go();
    for (const path of [it.file, it.cursorFile]) expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['before the first batch', 0],
    ['after one batch', 1],
    ['after two', 2],
  ])(
    'that crashed %s, with half a batch written, is gone on with: no hole, no duplicate',
    async (_, batches) => {
      const it = exporting();
      await it.record(4);
      await expect(it.go({ crashAfter: batches })).rejects.toThrow('crashed');
      appendFileSync(it.file, '{"id":3,"parent":null,"at":"2026-');
      await it.record(1);
      await it.go();
      expect(it.ids()).toEqual([1, 2, 3, 4, 5]);
    },
  );

  it('that is compressed has a whole member per batch, and is gone on with after a crash', async () => {
    const it = exporting();
    await it.record(4);
    await expect(it.go({ gzip: true, crashAfter: 2 })).rejects.toThrow('crashed');
    appendFileSync(it.file, Buffer.from([0x1f, 0x8b, 8, 0]));
    await it.go({ gzip: true });
    await it.record(1);
    await it.go({ gzip: true });
    expect(it.ids(gunzipSync(readFileSync(it.file)).toString('utf8'))).toEqual([1, 2, 3, 4, 5]);
  });

  it('in CSV writes the head once in a file, and once per run to standard output', async () => {
    const it = exporting();
    await it.record(2);
    await it.go({ format: 'csv' });
    await it.record(1);
    await it.go({ format: 'csv' });
    const lines = readFileSync(it.file, 'utf8').trim().split('\r\n');
    expect(lines.map((line) => line.split(',')[0])).toEqual(['id', '1', '2', '3']);
    renameSync(it.cursorFile, `${it.cursorFile}.old`);
    await it.go({ format: 'csv', to: '' });
    expect(it.printed.join('').match(/^id,parent/gm)).toHaveLength(1);
  });

  it('begins a new file where the old one was rotated away, and misses nothing', async () => {
    const it = exporting();
    await it.record(2);
    await it.go({ format: 'csv' });
    renameSync(it.file, `${it.file}.1`);
    await it.record(1);
    await it.go({ format: 'csv' });
    expect(readFileSync(it.file, 'utf8')).toMatch(/^id,parent.*\r\n3,/);
    truncateSync(it.file);
    await it.record(1);
    await it.go({ format: 'csv' });
    expect(readFileSync(it.file, 'utf8')).toMatch(/^id,parent.*\r\n4,/);
  });

  it('refuses a file that it did not write, and leaves it as it is', async () => {
    const it = exporting();
    await it.record(2);
    writeFileSync(it.file, 'somebody else wrote this');
    await expect(it.go()).rejects.toThrow(/holds something already/);
    expect(existsSync(it.cursorFile)).toBe(false);
    const mine = join(it.folder, 'mine');
    await it.go({ to: mine });
    writeFileSync(mine, 'x'.repeat(statSync(mine).size + 10));
    await expect(it.go({ to: mine })).rejects.toThrow(/is not as the last export left it/);
    expect(readFileSync(mine, 'utf8')).toMatch(/^x+$/);
    expect(readFileSync(it.file, 'utf8')).toBe('somebody else wrote this');
  });

  it('refuses a cursor that belongs to another export, or is none', async () => {
    const it = exporting();
    await it.record(1);
    await it.go({ filters: { account: 10 } });
    await expect(it.go()).rejects.toThrow(/belongs to an export with other filters/);
    await expect(it.go({ filters: { account: 10 }, gzip: true })).rejects.toThrow(/another format/);
    await expect(it.go({ filters: { account: 10 }, to: '' })).rejects.toThrow(/with another place/);
    writeFileSync(it.cursorFile, '42\n');
    await expect(it.go()).rejects.toThrow(/is no cursor of an export/);
    expect(readFileSync(it.cursorFile, 'utf8')).toBe('42\n');
  });

  it('fails where it is another database, also where that one was pruned beyond the cursor', async () => {
    const it = exporting();
    await it.record(2);
    await it.go();
    const other = openStore(join(it.folder, 'other.db'), { clock: () => NOON });
    onTestFinished(() => other.close());
    for (const id of ['1', '2', '3', '4', '5']) {
      await other.audit.record(callInput(id), outcomeOf('disconnected'), []);
    }
    const exportOther = () => it.go({ database: join(it.folder, 'other.db') });
    await expect(exportOther()).rejects.toThrow('it is that of another database');
    const at = NOON + 2 * SHORTEST_KEPT_MS;
    await other.chain.prune(at, { at, actor: 'cli:ops', reason: 'x', signer });
    await expect(exportOther()).rejects.toThrow('it is that of another database');
    await it.store.chain.prune(at, { at, actor: 'cli:ops', reason: 'x', signer });
    expect(await it.go()).toEqual({ lines: 0, missed: 0 });
  });

  it('fails where the log is not the one that the cursor knows', async () => {
    const it = exporting();
    await it.record(2);
    await it.go();
    const cursor = JSON.parse(readFileSync(it.cursorFile, 'utf8')) as { sequence: number; hash: string };
    writeFileSync(it.cursorFile, JSON.stringify({ ...cursor, hash: 'f'.repeat(64) }));
    await expect(it.go()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      hint: expect.stringContaining('verify'),
    });
    writeFileSync(it.cursorFile, JSON.stringify({ ...cursor, sequence: 1_000 }));
    await expect(it.go()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(it.ids()).toEqual([1, 2]);
  });

  it('does not move the cursor where the lines cannot be written', async () => {
    const it = exporting();
    await it.record(1);
    mkdirSync(it.file);
    await expect(it.go()).rejects.toThrow(/out cannot be written \(EISDIR\)/);
    expect(existsSync(it.cursorFile)).toBe(false);
  });
});
