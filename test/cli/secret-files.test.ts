import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lab, until } from '../e2e/lab.js';

const PASSWORD = 'pl4nted-0pen-Sesame';

/** A lab whose switch asks for a password that is written nowhere else. */
async function secretLab(kind: 'file' | 'inline') {
  const one = await lab({ simulator: { password: PASSWORD } });
  if (kind === 'file') writeFileSync(join(one.folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  const login = kind === 'file' ? 'passwordFile: ./password' : `password: ${PASSWORD}`;
  const text = readFileSync(one.config, 'utf8').replace(/password: .*/, login);
  writeFileSync(one.config, text, { mode: 0o600 });
  for (let call = 0; call < 5; call += 1) one.simulator.world.addCall({ account: 10 });
  return one;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
}

describe('a password', { timeout: 120_000 }, () => {
  it('is in nothing that is printed, and in no file but its own', async () => {
    const one = await secretLab('file');
    const printed = [];
    for (const args of [
      ['once'],
      ['doctor'],
      ['calls'],
      ['stats'],
      ['status'],
      ['audit', 'list', '-o', 'json'],
    ])
      printed.push(await one.callwarden(...args, '-c', one.config));
    one.simulator.setFaults([{ method: '*', kind: 'html' }]);
    printed.push(await one.callwarden('once', '-c', one.config));
    writeFileSync(join(one.folder, 'password'), `x${PASSWORD}\n`);
    const refused = await one.callwarden('calls', '-c', one.config);
    expect(refused.code).toBe(1);
    for (const { stdout, stderr } of [...printed, refused]) expect(stdout + stderr).not.toContain(PASSWORD);
    for (const name of filesIn(one.folder).filter((file) => file !== 'password'))
      expect(readFileSync(join(one.folder, name), 'latin1'), name).not.toContain(PASSWORD);
  });

  it('is not in the log of the service, nor are the files that it makes open to others', async () => {
    const one = await secretLab('inline');
    const service = one.start('run', '-c', one.config);
    await until(() => / disconnected/.test(service.output()), 'something was cut');
    service.kill('SIGTERM');
    await until(() => service.exitCode !== null, 'the service ended');
    expect(service.output()).not.toContain(PASSWORD);
    const open = filesIn(one.folder).filter((name) => (statSync(join(one.folder, name)).mode & 0o077) !== 0);
    // Only what is meant to be handed on: the public key, and the heads that it vouches for.
    expect(open.filter((name) => !/\.pub$|\.checkpoints\.jsonl$/.test(name))).toEqual([]);
    for (const name of filesIn(one.folder).filter((file) => !file.endsWith('.yaml')))
      expect(readFileSync(join(one.folder, name), 'latin1'), name).not.toContain(PASSWORD);
  });
});

describe('a secret file that others can read', { timeout: 120_000 }, () => {
  it.each(['once', 'doctor', 'run'])('is warned of by %s', async (command) => {
    const one = await secretLab('file');
    chmodSync(join(one.folder, 'password'), 0o644);
    await one.callwarden('audit', 'verify', '-c', one.config);
    writeFileSync(join(one.folder, 'callwarden.db.key'), 'a key', { mode: 0o644 });
    const told = [
      '"passwordFile": others on this machine can read',
      '"key": others on this machine can read',
    ];
    if (command === 'run') {
      const service = one.start('run', '-c', one.config);
      await until(() => told.every((text) => service.output().includes(text)), 'run told of both');
      return;
    }
    const { stderr } = await one.callwarden(command, '-c', one.config);
    for (const text of told) expect(stderr).toContain(text);
  });

  it('is the config, too, where a password is written into it', async () => {
    const one = await secretLab('inline');
    chmodSync(one.config, 0o644);
    const { stderr } = await one.callwarden('once', '-c', one.config);
    expect(stderr).toContain('"password": others on this machine can read the file');
  });

  it.each(['once', 'doctor', 'run', 'status'])('is the database, too: %s tells', async (command) => {
    const one = await secretLab('file');
    const database = join(one.folder, 'callwarden.db');
    const told =
      /"database": everybody on this machine can read \S+callwarden\.db, and with it who called whom/;
    const made = await one.callwarden('once', '-c', one.config);
    expect(statSync(database).mode & 0o777).toBe(0o600);
    // A group is let in on purpose.
    chmodSync(database, 0o660);
    expect(made.stderr + (await one.callwarden('once', '-c', one.config)).stderr).not.toMatch(told);
    chmodSync(database, 0o644);
    if (command === 'run') {
      const service = one.start('run', '-c', one.config);
      await until(() => told.test(service.output()), 'run tells of it');
      return;
    }
    expect((await one.callwarden(command, '-c', one.config)).stderr).toMatch(told);
  });
});
