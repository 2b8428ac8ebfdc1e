import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  fingerprint,
  isAuthorised,
  isGenuine,
  openSigner,
  readPublicKeys,
} from '../../src/cli/checkpoint-keys.js';
import { tempDir } from '../support/temp-store.js';

const NOON = Date.parse('2026-01-05T12:00:00.000Z');
const HEAD = { sequence: 7, hash: 'a'.repeat(64) };

function keyFile(text?: string): string {
  const file = join(tempDir(), 'callwarden.db.key');
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
  return file;
}

describe('the key that signs checkpoints', () => {
  it('is made on first need, for its owner only, with its public key beside it', () => {
    const file = keyFile();
    const signer = openSigner(file);
    expect(signer).toMatchObject({ created: true, warning: undefined });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(readFileSync(`${file}.pub`, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  });

  it('is never made a second time', () => {
    const file = keyFile();
    openSigner(file);
    const before = readFileSync(file, 'utf8');
    expect(openSigner(file).created).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('signs what its public key, and no other, finds genuine', () => {
    const file = keyFile();
    const checkpoint = openSigner(file).sign(HEAD, NOON);
    expect(checkpoint).toMatchObject({ ...HEAD, at: '2026-01-05T12:00:00.000Z' });
    const keys = readPublicKeys([`${file}.pub`]);
    expect(keys.has(checkpoint.key)).toBe(true);
    expect(isGenuine(checkpoint, keys)).toBe(true);
    for (const forged of [
      { ...checkpoint, sequence: 8 },
      { ...checkpoint, hash: 'b'.repeat(64) },
      { ...checkpoint, at: '2026-01-05T12:00:00.001Z' },
      { ...checkpoint, signature: `${'A'.repeat(86)}==` },
    ]) {
      expect(isGenuine(forged, keys)).toBe(false);
    }
    const other = keyFile();
    openSigner(other);
    expect(isGenuine(checkpoint, readPublicKeys([`${other}.pub`]))).toBe(false);
    expect(isGenuine(checkpoint, readPublicKeys([`${other}.pub`, file]))).toBe(true);
  });

  it('signs a prune with all that it says, so that nobody can change a word of it', () => {
    const file = keyFile();
    const signer = openSigner(file);
    const keys = readPublicKeys([file]);
    const statement = {
      ...{ from: 1, to: 7, events: 7, actions: 2, lastAction: 2, lastAdministration: 1 },
      ...{ hash: 'a'.repeat(64), begun: 'b'.repeat(64), previous: '0'.repeat(64) },
      ...{ at: '2026-01-05T12:00:00.000Z', actor: 'cli:ops', reason: 'x"\n2' },
    };
    const seal = signer.signPrune(statement);
    expect(isAuthorised(seal, keys)).toBe(true);
    for (const [name, value] of Object.entries(statement)) {
      const other = typeof value === 'number' ? value + 1 : `${value}1`;
      expect([name, isAuthorised({ ...seal, [name]: other }, keys)]).toEqual([name, false]);
    }
    const { signature } = signer.sign({ sequence: 7, hash: statement.hash }, NOON);
    expect(isAuthorised({ ...seal, signature }, keys)).toBe(false);
  });

  it('is not made anew where only its public key is left', () => {
    const file = keyFile();
    openSigner(file);
    rmSync(file);
    expect(() => openSigner(file)).toThrow(/is gone, and its public key .* is there\. Put the key back/);
    expect(existsSync(file)).toBe(false);
  });

  it('bears the fingerprint that openssl pkey -pubin -outform der | sha256sum shows', () => {
    const body = 'MCowBQYDK2VwAyEAOlOzBSmnu20fa7UFpd8ddcJjFuLrVgyxmEMTx/AqorM=';
    const pem = `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;
    expect(fingerprint(createPublicKey(pem))).toBe(
      '0ead550fba635cb1e718782fe0c7b7fb571a8839dc5ef4e45a7f52aff4a2afc8',
    );
  });

  it('makes the public key anew where it is gone', () => {
    const file = keyFile();
    openSigner(file);
    const before = readFileSync(`${file}.pub`, 'utf8');
    rmSync(`${file}.pub`);
    openSigner(file);
    expect(readFileSync(`${file}.pub`, 'utf8')).toBe(before);
  });

  it('warns where others can read it', () => {
    const file = keyFile();
    openSigner(file);
    chmodSync(file, 0o640);
    expect(openSigner(file).warning).toContain(`the key ${file}`);
    expect(openSigner(file).warning).toContain('chmod 600');
  });

  it.each([
    ['an empty file', '', /is empty; expected an Ed25519 private key/],
    ['another text', 'secret words', /holds no private key in PEM form/],
    [
      'a key of another kind',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      /holds a key of another kind \(ec\)/,
    ],
  ])('refuses %s, names it, says what to do, and leaves it as it is', (_, text, message) => {
    const file = keyFile(text);
    expect(() => openSigner(file)).toThrow(message);
    expect(() => openSigner(file)).toThrow(file);
    expect(() => openSigner(file)).toThrow(/move it and its \.pub away/);
    expect(() => openSigner(file)).not.toThrow(/secret words/);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(`${file}.pub`)).toBe(false);
  });

  it('refuses a public key that is not its own', () => {
    const file = keyFile();
    const other = keyFile();
    openSigner(file);
    openSigner(other);
    writeFileSync(`${file}.pub`, readFileSync(`${other}.pub`));
    expect(() => openSigner(file)).toThrow(`${file}.pub is not the public key of ${file}`);
  });

  it('names a directory that is not there', () => {
    const file = join(tempDir(), 'nowhere', 'key');
    expect(() => openSigner(file)).toThrow(/key .*nowhere.* cannot be made \(ENOENT\)/);
    expect(() => readPublicKeys([file])).toThrow(/cannot be read \(ENOENT\)/);
  });
});
