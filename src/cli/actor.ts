import { userInfo } from 'node:os';
import type { Environment } from '../config/substitute-variables.js';

/** Who runs this process, as the system knows it. */
export interface ProcessUser {
  /** Undefined where the system has no such numbers. */
  uid: number | undefined;
  /** Empty or undefined where the system's list of users has no name for it. */
  name: string | undefined;
}

/** A name as systems give them, so that the variable can bring nothing else into the log. */
const USER_NAME = /^[\p{L}\p{N}_.@\\-][\p{L}\p{N}_.@\\$ -]{0,63}$/u;

/**
 * `cli:<user>` for the audit log: whose process it is, and behind sudo who is at the keyboard, `cli:root(sudo:alice)`. Anybody can
 * set SUDO_USER, so it is only believed of root, who could do and write anything, and never stands for the user.
 */
export function actorOfCommandLine(env: Environment, user: ProcessUser = processUser()): string {
  const own = user.name || String(user.uid ?? 'unknown');
  const before = env['SUDO_USER'];
  const isSudo = user.uid === 0 && before !== undefined && before !== own && USER_NAME.test(before);
  return isSudo ? `cli:${own}(sudo:${before})` : `cli:${own}`;
}

function processUser(): ProcessUser {
  const uid = process.getuid?.();
  try {
    return { uid, name: userInfo().username };
  } catch {
    // A user without an entry in the system's list still has a number.
    return { uid, name: undefined };
  }
}
