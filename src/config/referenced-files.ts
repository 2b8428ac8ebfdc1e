import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { decodeUtf8 } from '../documents/utf8-text.js';

/**
 * What reading a file named in the config came to. `message` never contains what the file holds, and names the path as it
 * is written: a variable meant for another key could bring a secret.
 */
export type ReferencedFile =
  | { ok: true; text: string; warning: string | undefined }
  | { ok: false; message: string };

/** Reads a password file: its text without the line ending that editors and `echo` put there. */
export function readPasswordFile(path: string, shown: string): ReferencedFile {
  const read = readBytes(path, 'passwordFile', shown);
  if (!read.ok) return read;
  const decoded = decodeUtf8(read.bytes);
  if (!decoded.ok) return { ok: false, message: `"passwordFile": ${shown} is not UTF-8 text.` };
  const text = decoded.text.replace(/\r?\n$/, '');
  if (text === '') return { ok: false, message: `"passwordFile": ${shown} is empty; expected the password.` };
  if (/[\r\n]/.test(text)) {
    return { ok: false, message: `"passwordFile": ${shown} has several lines; expected the password alone.` };
  }
  return {
    ok: true,
    text,
    warning: isReadableByOthers(path) ? `"passwordFile": ${OPEN_TO_OTHERS}` : undefined,
  };
}

/** Reads PEM certificates and parses each of them, so that a wrong file is found now and not as a failed handshake. */
export function readCaFile(path: string, shown: string): ReferencedFile {
  const read = readBytes(path, 'caFile', shown);
  if (!read.ok) return read;
  // What stands around the certificates may be in any encoding.
  const certificates = read.bytes
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  const expected = 'expected one or more certificates in PEM form (-----BEGIN CERTIFICATE-----)';
  if (certificates === null)
    return { ok: false, message: `"caFile": ${shown} holds no certificate; ${expected}.` };
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch {
    return { ok: false, message: `"caFile": ${shown} holds a certificate that cannot be read; ${expected}.` };
  }
  return { ok: true, text: certificates.join('\n'), warning: undefined };
}

export const OPEN_TO_OTHERS = 'others on this machine can read the file; chmod 600 it.';

/** True where the group or others may read; always false where the system has no such bits. */
export function isReadableByOthers(path: string): boolean {
  return hasMode(path, 0o044);
}

/** True where those may read who are not even in the group. */
export function isReadableByAll(path: string): boolean {
  return hasMode(path, 0o004);
}

function hasMode(path: string, bits: number): boolean {
  try {
    return process.platform !== 'win32' && (statSync(path).mode & bits) !== 0;
  } catch {
    return false;
  }
}

function readBytes(
  path: string,
  key: string,
  shown: string,
): { ok: true; bytes: Buffer } | { ok: false; message: string } {
  try {
    return { ok: true, bytes: readFileSync(path) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { ok: false, message: `"${key}": ${shown} cannot be read (${code}).` };
  }
}
