import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CallwardenError } from '../../src/domain/errors.js';
import { fingerprintRules } from '../../src/rule-files/fingerprint.js';
import {
  type Look,
  type RulesOnDisk,
  readAll,
  readRulesOnDisk,
  watchRules,
} from '../../src/rule-files/watch-rules.js';
import { tempDir } from '../support/temp-store.js';

let root: string;
let dir: string;

beforeEach(() => {
  root = tempDir();
  dir = join(root, 'rules');
  write('a.yaml', 'one');
  write('lists/risky.txt', '+882\n');
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}

async function watching() {
  const { fingerprint } = await readRulesOnDisk(dir);
  return watchRules(dir, fingerprint);
}

/** The texts by name that a look brought. */
function texts(look: Look): Record<string, string> | string {
  if (look.found !== 'changed') return look.found;
  return Object.fromEntries(look.rules.files.map(({ file, text }) => [file.slice(dir.length + 1), text]));
}

describe('watchRules', () => {
  it('finds the same for as long as nothing changes', async () => {
    const watch = await watching();
    expect(await watch.look()).toEqual({ found: 'same' });
    expect(await watch.look()).toEqual({ found: 'same' });
  });

  it('takes a change at the second look that finds it, and once', async () => {
    const watch = await watching();
    write('a.yaml', 'another');
    expect(texts(await watch.look())).toBe('changing');
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'another', 'lists/risky.txt': '+882\n' });
    expect(texts(await watch.look())).toBe('same');
  });

  it('waits for a file that is written piece by piece', async () => {
    const watch = await watching();
    write('a.yaml', 'na');
    expect(texts(await watch.look())).toBe('changing');
    write('a.yaml', 'name: ');
    expect(texts(await watch.look())).toBe('changing');
    write('a.yaml', 'name: whole');
    expect(texts(await watch.look())).toBe('changing');
    expect(texts(await watch.look())).toMatchObject({ 'a.yaml': 'name: whole' });
  });

  it('names what does not come to rest, and nothing else, while that keeps every other change from being taken', async () => {
    const watch = await watching();
    write('a.yaml', 'an urgent edit');
    const looks: Look[] = [];
    for (let round = 0; round < 16; round += 1) {
      write('lists/risky.txt', `+882${round}\n`);
      looks.push(await watch.look());
    }
    expect(looks.slice(0, 14).map(({ found }) => found)).toEqual(Array(14).fill('changing'));
    const files = [join(dir, 'lists/risky.txt')];
    expect(looks.slice(14)).toEqual([
      { found: 'restless', files },
      { found: 'restless', files },
    ]);
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'an urgent edit', 'lists/risky.txt': '+88215\n' });
    write('a.yaml', 'another');
    expect(texts(await watch.look())).toBe('changing');
  });

  it('names every file of several that take turns', async () => {
    const watch = await watching();
    let last: Look | undefined;
    for (let round = 0; round < 16; round += 1) {
      write(`lists/${round % 3}.txt`, `+882${round}\n`);
      last = await watch.look();
    }
    const files = ['0', '1', '2'].map((name) => join(dir, 'lists', `${name}.txt`));
    expect(last).toEqual({ found: 'restless', files });
  });

  it('says that it came to rest as it was before', async () => {
    const watch = await watching();
    for (let round = 0; round < 15; round += 1) {
      write('b.yaml', `${round}`);
      await watch.look();
    }
    rmSync(join(dir, 'b.yaml'));
    await watch.look();
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'one', 'lists/risky.txt': '+882\n' });
    expect(texts(await watch.look())).toBe('same');
  });

  it('leaves a change that is undone before it counted', async () => {
    const watch = await watching();
    write('b.yaml', 'passing');
    expect(texts(await watch.look())).toBe('changing');
    rmSync(join(dir, 'b.yaml'));
    expect(texts(await watch.look())).toBe('same');
  });

  it('takes nothing that changed while it was read', async () => {
    const { fingerprint } = await readRulesOnDisk(dir);
    let edits = 1;
    const watch = watchRules(dir, fingerprint, async () => {
      const rules = await readRulesOnDisk(dir);
      if (edits > 0) write('b.yaml', 'meanwhile');
      edits -= 1;
      return rules;
    });
    write('a.yaml', 'another');
    await watch.look();
    expect(texts(await watch.look())).toBe('changing');
    expect(texts(await watch.look())).toMatchObject({ 'a.yaml': 'another', 'b.yaml': 'meanwhile' });
  });

  it('sees an atomic rename, even onto a file of the same size and time', async () => {
    const watch = await watching();
    const at = new Date('2026-01-05T10:00:00Z');
    utimesSync(join(dir, 'a.yaml'), at, at);
    await watch.look();
    await watch.look();
    writeFileSync(join(root, 'new'), 'two');
    utimesSync(join(root, 'new'), at, at);
    renameSync(join(root, 'new'), join(dir, 'a.yaml'));
    await watch.look();
    expect(texts(await watch.look())).toMatchObject({ 'a.yaml': 'two' });
  });

  it('sees files that come and go, in lists too', async () => {
    const watch = await watching();
    write('b.yaml', 'b');
    write('limits.csv', 'l');
    rmSync(join(dir, 'lists'), { recursive: true });
    await watch.look();
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'one', 'b.yaml': 'b', 'limits.csv': 'l' });
  });

  it('does not care for files that are not read', async () => {
    const watch = await watching();
    write('tests/a.yaml', 'x');
    write('.a.yaml.swp', 'x');
    write('a.yaml~', 'x');
    write('README.md', 'x');
    expect(texts(await watch.look())).toBe('same');
  });

  it('follows a link that is swapped below the files, as Kubernetes does for a ConfigMap', async () => {
    const volume = join(root, 'volume');
    for (const [version, text] of [
      ['..1', 'old'],
      ['..2', 'new'],
    ] as const) {
      mkdirSync(join(volume, version), { recursive: true });
      writeFileSync(join(volume, version, 'a.yaml'), text);
    }
    symlinkSync('..1', join(volume, '..data'));
    symlinkSync(join('..data', 'a.yaml'), join(volume, 'a.yaml'));
    dir = volume;
    const watch = await watching();
    expect(texts(await watch.look())).toBe('same');
    symlinkSync('..2', join(volume, '..data_tmp'));
    renameSync(join(volume, '..data_tmp'), join(volume, '..data'));
    await watch.look();
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'new' });
  });

  it('follows the directory where that is a link which is swapped', async () => {
    const link = join(root, 'current');
    symlinkSync(dir, link);
    mkdirSync(join(root, 'next'));
    writeFileSync(join(root, 'next', 'a.yaml'), 'next');
    dir = link;
    const watch = await watching();
    symlinkSync(join(root, 'next'), join(root, 'tmp'));
    renameSync(join(root, 'tmp'), link);
    await watch.look();
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'next' });
  });

  it('says at each look that the directory is gone, and reads it anew when it is back', async () => {
    const watch = await watching();
    renameSync(dir, join(root, 'away'));
    expect(texts(await watch.look())).toBe('changing');
    for (let look = 0; look < 2; look += 1) {
      expect(await watch.look()).toMatchObject({ found: 'unreadable', error: { code: 'RULES_INVALID' } });
    }
    renameSync(join(root, 'away'), dir);
    expect(texts(await watch.look())).toBe('changing');
    expect(texts(await watch.look())).toMatchObject({ 'a.yaml': 'one' });
  });

  it('names a file that cannot be read, until it can', async () => {
    const watch = await watching();
    symlinkSync(join(root, 'nowhere'), join(dir, 'b.yaml'));
    await watch.look();
    expect(await watch.look()).toMatchObject({
      found: 'unreadable',
      error: {
        problems: [
          { file: join(dir, 'b.yaml'), message: expect.stringContaining('a link that leads to nothing') },
        ],
      },
    });
    writeFileSync(join(root, 'nowhere'), 'b');
    await watch.look();
    expect(texts(await watch.look())).toMatchObject({ 'b.yaml': 'b' });
  });

  it('tries again now and then where a file could not be read although it looks the same', async () => {
    const { fingerprint } = await readRulesOnDisk(dir);
    let reads = 0;
    const watch = watchRules(dir, fingerprint, async () => {
      reads += 1;
      if (reads > 1) return readRulesOnDisk(dir);
      throw new CallwardenError('RULES_INVALID', 'input/output error', { hint: '' });
    });
    write('a.yaml', 'another');
    const found: string[] = [];
    for (let look = 0; look < 12; look += 1) found.push((await watch.look()).found);
    expect(found).toEqual(['changing', ...Array(10).fill('unreadable'), 'changed']);
    expect(reads).toBe(2);
  });

  it('reads everything anew when it is told to forget', async () => {
    const watch = await watching();
    await watch.look();
    watch.forget();
    expect(texts(await watch.look())).toMatchObject({ 'a.yaml': 'one' });
    expect(texts(await watch.look())).toBe('same');
  });
});

describe('readRulesOnDisk', () => {
  const inOrder = (rules: RulesOnDisk) => texts({ found: 'changed', rules });

  it('reads anew what changed while it was read, so that it is never half of one edit', async () => {
    let reads = 0;
    const rules = await readRulesOnDisk(dir, async (...given) => {
      const read = await readAll(...given);
      reads += 1;
      if (reads > 2) return read;
      write('lists/risky.txt', `+88${reads}\n`);
      // As a file that is gone by then.
      if (reads === 2) throw new CallwardenError('RULES_INVALID', 'gone', { hint: '' });
      return read;
    });
    expect(reads).toBe(3);
    expect(inOrder(rules)).toEqual({ 'a.yaml': 'one', 'lists/risky.txt': '+882\n' });
  });

  it('reads one whole directory where the link to it is swapped meanwhile', async () => {
    const link = join(root, 'current');
    const lead = (name: string) => {
      symlinkSync(join(root, name), join(root, 'tmp'));
      renameSync(join(root, 'tmp'), link);
    };
    mkdirSync(join(root, 'next', 'lists'), { recursive: true });
    writeFileSync(join(root, 'next', 'a.yaml'), 'next');
    writeFileSync(join(root, 'next', 'lists', 'ignored'), '');
    lead('rules');
    dir = link;
    const rules = await readRulesOnDisk(dir, async (named, place) => {
      lead('next');
      const read = await readAll(named, place);
      lead('rules');
      return read;
    });
    expect(inOrder(rules)).toEqual({ 'a.yaml': 'one', 'lists/risky.txt': '+882\n' });
    const watch = watchRules(dir, rules.fingerprint);
    expect(texts(await watch.look())).toBe('same');
    lead('next');
    await watch.look();
    expect(texts(await watch.look())).toEqual({ 'a.yaml': 'next', 'lists/ignored': '' });
  });

  it('refuses what keeps changing, and names it', async () => {
    let reads = 0;
    const reading = readRulesOnDisk(dir, async (...given) => {
      reads += 1;
      write('a.yaml', 'x'.repeat(reads));
      return readAll(...given);
    });
    await expect(reading).rejects.toMatchObject({
      code: 'RULES_INVALID',
      message: `The rules directory ${dir} keeps changing while it is read.`,
      problems: [{ file: join(dir, 'a.yaml'), severity: 'error' }],
    });
    expect(reads).toBe(20);
  });

  it('tells at once what cannot be read, where it does not change', async () => {
    symlinkSync(join(root, 'nowhere'), join(dir, 'b.yaml'));
    await expect(readRulesOnDisk(dir)).rejects.toMatchObject({ problems: [{ file: join(dir, 'b.yaml') }] });
    rmSync(dir, { recursive: true });
    await expect(readRulesOnDisk(dir)).rejects.toMatchObject({
      message: `There is no rules directory ${dir}.`,
    });
  });
});

describe('fingerprintRules', () => {
  it('changes with the permissions of a file, since it may have become readable', async () => {
    const before = await fingerprintRules(dir);
    chmodSync(join(dir, 'a.yaml'), 0o600);
    expect(await fingerprintRules(dir)).not.toBe(before);
  });

  it('is the same for the same files', async () => {
    expect(await fingerprintRules(dir)).toBe(await fingerprintRules(dir));
  });
});
