import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendCheckpoint, readCheckpoints } from '../../src/cli/checkpoint-file.js';
import type { Checkpoint } from '../../src/domain/audit-chain.js';
import { tempDir } from '../support/temp-store.js';

function checkpoint(sequence: number): Checkpoint {
  return {
    sequence,
    hash: 'a'.repeat(64),
    at: '2026-01-05T12:00:00.000Z',
    key: 'b'.repeat(64),
    signature: `${'C'.repeat(86)}==`,
  };
}

const file = () => join(tempDir(), 'callwarden.db.checkpoints.jsonl');

describe('a file of checkpoints', () => {
  it('gives back what was appended, one a line', () => {
    const path = file();
    appendCheckpoint(path, checkpoint(1));
    appendCheckpoint(path, checkpoint(2));
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    expect(readCheckpoints(path)).toEqual({ checkpoints: [checkpoint(1), checkpoint(2)], notes: [] });
  });

  it('bears a last line that a crash cut short anywhere, and goes on behind it', () => {
    const whole = `${JSON.stringify(checkpoint(2))}\n`;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 2 }), (length) => {
        const path = file();
        appendCheckpoint(path, checkpoint(1));
        appendFileSync(path, whole.slice(0, length));
        const torn = readCheckpoints(path);
        expect(torn.checkpoints).toEqual([checkpoint(1)]);
        expect(torn.notes).toEqual([expect.stringContaining(`${path}:2: this line was cut short`)]);
        appendCheckpoint(path, checkpoint(3));
        expect(readCheckpoints(path).checkpoints).toEqual([checkpoint(1), checkpoint(3)]);
      }),
      { numRuns: 40 },
    );
  });

  it('takes a last line that lacks nothing but its end', () => {
    const path = file();
    writeFileSync(path, JSON.stringify(checkpoint(1)));
    appendCheckpoint(path, checkpoint(2));
    expect(readCheckpoints(path)).toEqual({ checkpoints: [checkpoint(1), checkpoint(2)], notes: [] });
  });

  it.each([
    ['another text', 'hello'],
    ['a hash that is none', JSON.stringify({ ...checkpoint(2), hash: 'xyz' })],
    ['a key too many', JSON.stringify({ ...checkpoint(2), more: 1 })],
    ['an event 0', JSON.stringify({ ...checkpoint(2), sequence: 0 })],
    ['a time that is none', JSON.stringify({ ...checkpoint(2), at: 'noon' })],
  ])('is refused with its line where it holds %s', (_, line) => {
    const path = file();
    writeFileSync(path, `${JSON.stringify(checkpoint(1))}\n${line}\n${JSON.stringify(checkpoint(3))}\n`);
    expect(() => readCheckpoints(path)).toThrow(`${path}:2: this is no checkpoint`);
  });

  it('is not appended to where it is something else', () => {
    const path = file();
    writeFileSync(path, 'SQLite format 3\0');
    expect(() => appendCheckpoint(path, checkpoint(1))).toThrow(/holds something else than checkpoints/);
    expect(readFileSync(path, 'utf8')).toBe('SQLite format 3\0');
  });

  it('can be written by its owner only, and tells where it cannot be written or read', () => {
    const path = file();
    appendCheckpoint(path, checkpoint(1));
    expect(statSync(path).mode & 0o022).toBe(0);
    const nowhere = join(tempDir(), 'nowhere', 'heads.jsonl');
    expect(() => appendCheckpoint(nowhere, checkpoint(1))).toThrow(/nowhere.* cannot be written \(ENOENT\)/);
    expect(() => readCheckpoints(nowhere)).toThrow(/nowhere.* cannot be read \(ENOENT\)/);
  });
});
