import { createHash } from 'node:crypto';

/** SHA-256 of a text in hex: names the version of a rule or a file that decided. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
