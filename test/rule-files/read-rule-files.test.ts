import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findIgnoredFiles, readRuleFiles } from '../../src/rule-files/read-rule-files.js';

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'callwarden-rules-'));
  dir = join(root, 'rules');
  mkdirSync(dir);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), content);
}

describe('readRuleFiles', () => {
  it('reads rules, lists and limits, sorted by name', async () => {
    write('b.yml', 'b');
    write('a.yaml', 'a');
    write('c.json', '{}');
    write('d.YAML', 'd');
    write('limits.csv', 'scope,id,name,value\n');
    write('lists/risky.txt', '+882\n');
    const files = await readRuleFiles(dir);
    expect(files.map(({ file, kind, text }) => [file.slice(dir.length + 1), kind, text])).toEqual([
      ['a.yaml', 'rules', 'a'],
      ['b.yml', 'rules', 'b'],
      ['c.json', 'rules', '{}'],
      ['d.YAML', 'rules', 'd'],
      ['limits.csv', 'limits', 'scope,id,name,value\n'],
      ['lists/risky.txt', 'list', '+882\n'],
    ]);
  });

  it('leaves out tests, other folders, schemas, notes, hidden files and what editors leave behind', async () => {
    const others = [
      'tests/a.yaml',
      'old/a.yaml',
      'rule.schema.json',
      'README.md',
      '.a.yaml',
      'a.yaml~',
      '.a.yaml.swp',
    ];
    for (const name of [
      ...others,
      '#a.yaml#',
      'a.yaml.bak',
      'lists/.hidden.txt',
      'lists/a.txt~',
      'lists/README.md',
      'other.csv',
    ])
      write(name, 'x');
    expect(await readRuleFiles(dir)).toEqual([]);
  });

  it('refuses a directory that does not exist, with the next step', async () => {
    await expect(readRuleFiles(join(dir, 'nowhere'))).rejects.toMatchObject({
      code: 'RULES_INVALID',
      message: `There is no rules directory ${dir}/nowhere.`,
      hint: expect.stringContaining('callwarden init'),
    });
  });

  it('refuses a file in place of a directory', async () => {
    write('a.yaml', 'a');
    const refused = (path: string) => ({
      code: 'RULES_INVALID',
      message: `${path} is no directory.`,
      hint: expect.stringContaining('Name the directory that the rules lie in'),
    });
    const file = join(dir, 'a.yaml');
    await expect(readRuleFiles(file)).rejects.toMatchObject(refused(file));
    write('lists', '+881');
    await expect(readRuleFiles(dir)).rejects.toMatchObject(refused(join(dir, 'lists')));
  });

  it('names every file that is not UTF-8, too large, or no file at all, and never waits for a pipe', async () => {
    write('latin.yaml', Buffer.from('name: a\ndescription: caf\xe9\n', 'latin1'));
    write('large.yaml', '');
    truncateSync(join(dir, 'large.yaml'), 512 * 1024 + 1);
    write('lists/large.txt', '');
    truncateSync(join(dir, 'lists/large.txt'), 50 * 1024 * 1024 + 1);
    execFileSync('mkfifo', [join(dir, 'pipe.yaml')]);
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      code: 'RULES_INVALID',
      problems: [
        { file: join(dir, 'large.yaml'), message: expect.stringContaining('at most 524288 are read') },
        {
          file: join(dir, 'latin.yaml'),
          location: { file: join(dir, 'latin.yaml'), line: 2, column: 17 },
          message: expect.stringContaining('not UTF-8'),
        },
        { file: join(dir, 'lists/large.txt'), message: expect.stringContaining('at most 52428800') },
        { file: join(dir, 'pipe.yaml'), message: expect.stringContaining('not a regular file') },
      ],
    });
  });

  it('names the place that is not UTF-8, not those where a text that was saved so before says U+FFFD itself', async () => {
    write(
      'latin.yaml',
      Buffer.concat([
        Buffer.from('\u{FEFF}description: caf\u{FFFD} 1\n# \u{FFFD}\u{FFFD}, M\u{FFFD}nchen '),
        Buffer.from('B\xe4r\n', 'latin1'),
      ]),
    );
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      problems: [{ location: { line: 2, column: 16 } }],
    });
    write('latin.yaml', Buffer.concat([Buffer.from('\u{FEFF}'), Buffer.from('\xe4', 'latin1')]));
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      problems: [{ location: { line: 1, column: 1 } }],
    });
  });

  it('refuses rule files that are too large together, whatever lists there are', async () => {
    write('lists/numbers.txt', '4930\n'.repeat(300_000));
    for (const name of ['a', 'b', 'c']) write(`${name}.yaml`, '#'.repeat(349_525));
    await expect(readRuleFiles(dir)).resolves.toHaveLength(4);
    write('d.yaml', '##');
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      problems: [
        { file: dir, message: 'The rule files have 1048577 bytes together; at most 1048576 are read.' },
      ],
      hint: expect.stringContaining('lists'),
    });
  });

  it('says of a link to nothing, or in a circle, that it is one, and nothing of permissions', async () => {
    symlinkSync('../away/a.yaml', join(dir, 'a.yaml'));
    symlinkSync('b.yaml', join(dir, 'b.yaml'));
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      hint: 'Let the link lead to a file that is there, or remove the link.',
      problems: [
        { message: 'This is a link that leads to nothing: ../away/a.yaml is not there.' },
        { message: 'This is a link that leads in a circle, by way of b.yaml.' },
      ],
    });
  });

  it('hints at nothing but what helps', async () => {
    write('latin.yaml', Buffer.from('name: a\ndescription: caf\xe9\n', 'latin1'));
    await expect(readRuleFiles(dir)).rejects.toMatchObject({
      hint: 'Replace the files, or move them out of the rules directory.',
    });
    symlinkSync('nowhere', join(dir, 'a.yaml'));
    await expect(readRuleFiles(dir)).rejects.toMatchObject({ hint: expect.stringMatching(/link\. Replace/) });
  });

  it('accepts a list that is larger than a rule file may be', async () => {
    write('lists/long.txt', '4412345678\n'.repeat(600_000));
    expect((await readRuleFiles(dir))[0]?.text).toHaveLength(6_600_000);
  });
});

describe('findIgnoredFiles', () => {
  const ignored = async () =>
    (await findIgnoredFiles(dir)).map(({ file, message, severity }) => {
      expect(severity).toBe('warning');
      return `${file.slice(dir.length + 1)}: ${message}`;
    });

  it('names what looks like it should be read, but is not', async () => {
    for (const name of ['c.yml.txt', 'Limits.csv', 'more/d.yaml', 'lists/old/risky.txt', 'a.yaml'])
      write(name, 'x');
    expect(await ignored()).toEqual([
      expect.stringMatching(/^Limits\.csv: This file is not read: .* Did you mean "limits\.csv"\?$/),
      expect.stringMatching(/^c\.yml\.txt: This file is not read: expected \*\.yaml/),
      expect.stringMatching(/^lists\/old: This folder is not read/),
      expect.stringMatching(/^more: This folder is not read/),
    ]);
  });

  it('takes a linked folder for the folder that it leads to', async () => {
    write('../data/lists/risky.txt', '+882\n');
    write('../data/tests/a.yaml', 'x');
    write('../data/more/b.yaml', 'x');
    write('lists/.keep', '');
    for (const name of ['tests', 'more']) symlinkSync(`../data/${name}`, join(dir, name));
    symlinkSync('../../data/more', join(dir, 'lists', 'more'));
    expect(await ignored()).toEqual([
      expect.stringMatching(/^lists\/more: This folder is not read/),
      expect.stringMatching(/^more: This folder is not read/),
    ]);
    expect(await readRuleFiles(dir)).toEqual([]);
    rmSync(join(dir, 'lists'), { recursive: true });
    symlinkSync('../data/lists', join(dir, 'lists'));
    expect(await ignored()).toEqual([expect.stringMatching(/^more: /)]);
    expect(await readRuleFiles(dir)).toMatchObject([{ file: join(dir, 'lists/risky.txt'), kind: 'list' }]);
  });

  it('tells of a linked folder that is not there', async () => {
    symlinkSync('../data/lists', join(dir, 'lists'));
    expect(await ignored()).toEqual([expect.stringMatching(/^lists: This file is not read/)]);
  });

  it('says nothing of tests, schemas, notes, hidden files and what editors leave behind', async () => {
    for (const name of ['tests/a.yaml', 'rule.schema.json', 'README.md', '.git/a.yaml', '.a.yaml', 'a.yaml~'])
      write(name, 'x');
    for (const name of ['#a#', 'a.yaml.bak', 'limits.csv', 'lists/a.txt', 'lists/README.md'])
      write(name, 'x');
    expect(await ignored()).toEqual([]);
  });
});
