import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CallwardenError } from '../../src/domain/errors.js';
import { findIgnoredCases, readCaseFiles } from '../../src/rule-files/read-case-files.js';
import { tempDir } from '../support/temp-store.js';

function rulesDir(files: Record<string, string | Buffer>): string {
  const dir = tempDir();
  mkdirSync(join(dir, 'tests'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'tests', name), text);
  return dir;
}

async function refusalOf(dir: string): Promise<CallwardenError> {
  const error: unknown = await readCaseFiles(dir).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CallwardenError)) throw new Error('Expected a CallwardenError.');
  expect(error.code).toBe('RULES_INVALID');
  return error;
}

async function problemsOf(dir: string): Promise<readonly string[]> {
  return (await refusalOf(dir)).problems.map(({ message }) => message);
}

describe('reading case files', () => {
  it('takes YAML and JSON, sorted by name, and nothing that is not meant as one', async () => {
    const dir = rulesDir({
      'b.yml': 'b',
      'a.yaml': 'a',
      'c.JSON': 'c',
      'README.md': 'x',
      '.a.yaml.swp': 'x',
      'a.yaml~': 'x',
      'case.schema.json': 'x',
    });
    mkdirSync(join(dir, 'tests', 'more.yaml'));
    expect((await readCaseFiles(dir)).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  it('reads a linked folder, and no folder that a link in it leads to', async () => {
    const dir = rulesDir({ 'a.yaml': 'a' });
    renameSync(join(dir, 'tests'), join(dir, 'elsewhere'));
    symlinkSync('elsewhere', join(dir, 'tests'));
    mkdirSync(join(dir, 'more'));
    symlinkSync('../more', join(dir, 'elsewhere', 'more.yaml'));
    expect((await readCaseFiles(dir)).map(({ text }) => text)).toEqual(['a']);
    expect(await findIgnoredCases(dir)).toMatchObject([
      { file: join(dir, 'tests', 'more.yaml'), message: expect.stringMatching(/^This folder is not read/) },
    ]);
  });

  it('finds none where there is no folder', async () => {
    expect(await readCaseFiles(tempDir())).toEqual([]);
  });

  it('refuses what is no UTF-8 text, or no file at all, without waiting for it', async () => {
    const dir = rulesDir({ 'latin.yaml': Buffer.from([0xe4, 0x0a]) });
    execFileSync('mkfifo', [join(dir, 'tests', 'pipe.yaml')]);
    expect(await problemsOf(dir)).toEqual([
      'The file is not UTF-8 text: save it in that encoding.',
      'This is not a regular file.',
    ]);
  });

  it('says what to do by what is wrong, and where a link leads', async () => {
    const dir = rulesDir({ 'latin.yaml': Buffer.from([0xe4, 0x0a]) });
    expect(await refusalOf(dir)).toMatchObject({
      hint: 'Replace the files, or move them out of the folder "tests".',
      problems: [{ location: { file: join(dir, 'tests', 'latin.yaml'), line: 1, column: 1 } }],
    });
    const linked = rulesDir({});
    symlinkSync('nowhere.yaml', join(linked, 'tests', 'gone.yaml'));
    symlinkSync('round.yaml', join(linked, 'tests', 'round.yaml'));
    expect(await problemsOf(linked)).toEqual([
      'This is a link that leads to nothing: nowhere.yaml is not there.',
      'This is a link that leads in a circle, by way of round.yaml.',
    ]);
    expect((await refusalOf(linked)).hint).toBe(
      'Let the link lead to a file that is there, or remove the link.',
    );
    const large = rulesDir({ 'large.yaml': '#'.repeat(5 * 1024 * 1024 + 1) });
    expect((await refusalOf(large)).hint).toMatch(/^Split the cases over several files/);
  });
});
