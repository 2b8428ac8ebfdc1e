import { userInfo } from 'node:os';
import type { Environment } from '../config/substitute-variables.js';

/** `cli:<user>` for the audit log: who is at the keyboard, also behind sudo. */
export function actorOfCommandLine(env: Environment): string {
  return `cli:${env['SUDO_USER'] ?? userName()}`;
}

/** A user without an entry in the system's list still has a number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
