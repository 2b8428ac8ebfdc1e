import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCheckpoints } from '../../src/cli/checkpoint-file.js';
import { isGenuine, openSigner, readPublicKeys } from '../../src/cli/checkpoint-keys.js';
import { createCheckpointWriting, keepCheckpoints } from '../../src/cli/checkpoint-writing.js';
import { tempDir } from '../support/temp-store.js';

const NOON = Date.parse('2026-01-05T12:00:00.000Z');

function writing() {
  const folder = tempDir();
  const logged: { level: string; text: string }[] = [];
  const log = (level: string) => (_: object, text: string) => void logged.push({ level, text });
  let head = { sequence: 0, hash: '0'.repeat(64) };
  const options = {
    chain: { head: () => Promise.resolve(head) },
    file: join(folder, 'heads.jsonl'),
    keyFile: join(folder, 'key'),
    clock: () => NOON,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
  };
  return {
    folder,
    options,
    logged,
    grow: (sequence: number) => {
      head = { sequence, hash: String(sequence).padStart(64, '0') };
    },
    sequences: () => readCheckpoints(options.file).checkpoints.map(({ sequence }) => sequence),
  };
}

describe('checkpoints beside the passes', () => {
  it('are written where the log has grown, and not where it has not', async () => {
    const it = writing();
    const { write } = createCheckpointWriting(it.options);
    await write();
    expect(existsSync(it.options.file)).toBe(false);
    for (const sequence of [3, 3, 9, 9]) {
      it.grow(sequence);
      await write();
    }
    expect(it.sequences()).toEqual([3, 9]);
    const keys = readPublicKeys([`${it.options.keyFile}.pub`]);
    for (const checkpoint of readCheckpoints(it.options.file).checkpoints) {
      expect(isGenuine(checkpoint, keys)).toBe(true);
    }
    expect(it.logged).toEqual([{ level: 'info', text: expect.stringContaining('made the key') }]);
  });

  it('are written at the start and at the end', async () => {
    const it = writing();
    it.grow(1);
    const kept = await keepCheckpoints({ ...it.options, everyMs: 3_600_000 });
    expect(it.sequences()).toEqual([1]);
    it.grow(2);
    await kept.stop();
    expect(it.sequences()).toEqual([1, 2]);
  });

  it('that cannot be written are an error in the log each time, and come once they can', async () => {
    const it = writing();
    it.grow(1);
    mkdirSync(it.options.file);
    const { write } = createCheckpointWriting(it.options);
    await write();
    await write();
    expect(it.logged.filter(({ level }) => level === 'error').map(({ text }) => text)).toEqual([
      expect.stringMatching(/no checkpoint .* could be written: .*heads\.jsonl cannot be written \(EISDIR\)/),
      expect.stringMatching(/no checkpoint/),
    ]);
    rmSync(it.options.file, { recursive: true });
    await write();
    expect(it.sequences()).toEqual([1]);
  });

  it('are signed by the key that is there then, and a change of it is told', async () => {
    const it = writing();
    const { keyFile, file } = it.options;
    const { write } = createCheckpointWriting(it.options);
    it.grow(1);
    await write();
    rmSync(keyFile);
    it.grow(2);
    await write();
    expect(it.sequences()).toEqual([1]);
    expect(it.logged.at(-1)).toEqual({
      level: 'error',
      text: expect.stringContaining('is gone, and its public'),
    });
    rmSync(`${keyFile}.pub`);
    openSigner(keyFile);
    await write();
    expect(it.logged.at(-1)).toEqual({
      level: 'warn',
      text: expect.stringContaining('keep the older public key'),
    });
    const keys = readPublicKeys([keyFile]);
    expect(readCheckpoints(file).checkpoints.map((one) => isGenuine(one, keys))).toEqual([false, true]);
  });

  it('do not reject where the database fails', async () => {
    const it = writing();
    const chain = { head: () => Promise.reject(new Error('disk gone')) };
    await createCheckpointWriting({ ...it.options, chain }).write();
    expect(it.logged).toEqual([{ level: 'error', text: expect.stringContaining('disk gone') }]);
  });
});
