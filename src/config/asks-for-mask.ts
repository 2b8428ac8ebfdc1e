import { readFileSync } from 'node:fs';

/** `privacy: mask` at the beginning of a line or of a mapping in braces, quoted or not. */
const MASK = /(?:^|[{,])\s*["']?privacy["']?\s*:\s*["']?mask\b/m;

/** Whether a config asks for masked numbers, as far as that can be told of one that is not valid. */
export function asksForMask(file: string): boolean {
  try {
    return MASK.test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}
