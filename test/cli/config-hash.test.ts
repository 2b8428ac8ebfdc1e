// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a variable of the config.
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { configHash } from '../../src/cli/config-hash.js';
import { readConfig } from '../../src/config/read-config.js';
import { tempDir } from '../support/temp-store.js';

const SWITCH =
  'switches:\n  - { name: lab, url: "http://127.0.0.1:1/x", username: ops, password: "${PW}", customerTree: { 3: 2, 5: 2 } }\n';

function hashOf(text: string, { env = { PW: 'a' }, folder = tempDir() } = {}): string {
  const file = join(folder, 'callwarden.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  return configHash(readConfig(file, env).config);
}

describe('the hash of a config', () => {
  let plain: string;
  beforeEach(() => {
    plain = hashOf(SWITCH);
  });

  it('is the same whatever the layout, the comments, what stands for a default, and the folder', () => {
    const spread = SWITCH.replace('{ 3: 2, 5: 2 }', '{ 5: 2, 3: 2 } ');
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf(`# a comment\ncaps: { perHour: 500 }\nmode: monitor\n\nrules: rules\n${spread}`)).toBe(
      plain,
    );
  });

  it('holds no password', () => {
    expect(hashOf(SWITCH, { env: { PW: 'another' } })).toBe(plain);
  });

  it.each([
    ['mode: enforce'],
    ['rules: ./others'],
    ['database: /srv/callwarden.db'],
    ['caps: { perPass: 49 }'],
    ['protect: { numbers: ["+49301234567"] }'],
    ['protect: { customers: [2] }'],
    ['maxSnapshotAge: 6s'],
    ['retention: { ledger: 8d }'],
    ['checkpoints: { every: 2h }'],
    ['checkpoints: { key: ./another.key }'],
    ['privacy: mask'],
  ])('is another one for %s', (line) => {
    expect(hashOf(`${SWITCH}${line}\n`)).not.toBe(plain);
  });

  it.each([
    ['lab', 'fra'],
    [':1/x', ':2/x'],
    ['ops', 'noc'],
    ['5: 2', '5: 3'],
    ['customerTree', 'schedule: "0 * * * * *", customerTree'],
    ['customerTree', 'numbers: { country: DE }, customerTree'],
    ['customerTree', 'crossCheck: false, customerTree'],
    ['customerTree', 'protect: { accounts: [7] }, customerTree'],
    ['username: ops, password: "${PW}"', 'trusted: { customer: 1 }'],
  ])('is another one for a switch with %s turned into %s', (from, to) => {
    expect(hashOf(SWITCH.replace(from, to))).not.toBe(plain);
  });

  it('goes by the folder as the link to a release names it, though the link leads to the next one', () => {
    const root = tempDir();
    for (const release of ['r1', 'r2']) {
      mkdirSync(join(root, release));
      hashOf(`${SWITCH}database: ../callwarden.db\n`, { folder: join(root, release) });
    }
    const by = (folder: string) =>
      configHash(readConfig(join(root, folder, 'callwarden.yaml'), { PW: 'a' }).config);
    symlinkSync('r1', join(root, 'current'));
    const before = by('current');
    symlinkSync('r2', join(root, 'next'));
    renameSync(join(root, 'next'), join(root, 'current'));
    expect([by('current'), by('r2')]).toEqual([before, before]);
  });

  it.each([
    ['rules: ROOT/current/rules', 'the rules'],
    ['rules: ROOT/current/linked', 'rules that are a link themselves'],
    ['rules: ROOT/current', 'the folder itself'],
    ['database: ROOT/current/callwarden.db', 'a database that is not there yet'],
  ])('is the same by the link and without it for %s, %s by an absolute path', (line) => {
    const root = tempDir();
    for (const folder of ['r1', 'r1/rules', 'elsewhere']) mkdirSync(join(root, folder));
    symlinkSync('r1', join(root, 'current'));
    symlinkSync(join(root, 'elsewhere'), join(root, 'r1', 'linked'));
    const text = `${SWITCH}${line.replace('ROOT', root)}\n`;
    const [by, without] = ['current', 'r1'].map((folder) => hashOf(text, { folder: join(root, folder) }));
    expect(by).toBe(without);
    const relative = `${SWITCH}${line.replace('ROOT/current', '.')}\n`;
    expect(hashOf(relative, { folder: join(root, 'r1') })).toBe(by);
  });

  it('is the same after a swap of the link that it names the rules by', () => {
    const root = tempDir();
    for (const folder of ['r1', 'r2', 'config']) mkdirSync(join(root, folder));
    symlinkSync('r1', join(root, 'current'));
    const text = `${SWITCH}rules: ${root}/current\n`;
    const before = hashOf(text, { folder: join(root, 'config') });
    symlinkSync('r2', join(root, 'next'));
    renameSync(join(root, 'next'), join(root, 'current'));
    expect(hashOf(text, { folder: join(root, 'config') })).toBe(before);
  });
});
