import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** The built program; another build can be put in its place to see that the harness finds what is broken in it. */
export const PROGRAM = resolve(process.env['CHAOS_PROGRAM'] ?? 'dist/cli/main.js');

/** Who opens intents: the service, or somebody at a command line. */
export type ChildKind = 'run' | 'cli';

/** One process of the program, with the time in which it can have written anything. */
export interface Child {
  readonly kind: ChildKind;
  readonly startedAt: number;
  /** Milliseconds since the epoch: just before it was killed, else when it was seen to have ended. */
  endedAt(): number | undefined;
  killed(): boolean;
  alive(): boolean;
  output(): string;
  /** SIGKILL, whatever it is doing; resolves when it is gone. False where it had ended by itself. */
  kill(): Promise<boolean>;
  /** Resolves with the exit code; null where it was killed. */
  ended: Promise<number | null>;
  process: ChildProcess;
}

export interface StartOptions {
  kind: ChildKind;
  folder: string;
  /** Put before `node`, e.g. a command that takes rights away. */
  wrapper?: readonly string[];
}

export function startChild(args: readonly string[], options: StartOptions): Child {
  const { kind, folder, wrapper = [] } = options;
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, PROGRAM, ...args];
  const startedAt = Date.now();
  const child = spawn(command, rest, {
    cwd: folder,
    env: { ...process.env, SIPPY_PASSWORD: 'secret', TZ: 'UTC', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  let endedAt: number | undefined;
  let killed = false;
  const ended = once(child, 'close').then(([code]) => {
    endedAt ??= Date.now();
    return code as number | null;
  });
  const alive = () => child.exitCode === null && child.signalCode === null;
  return {
    kind,
    startedAt,
    process: child,
    ended,
    alive,
    endedAt: () => endedAt,
    killed: () => killed,
    output: () => text,
    async kill() {
      if (alive()) {
        endedAt = Date.now();
        killed = true;
        child.kill('SIGKILL');
      }
      await ended;
      return killed;
    },
  };
}

/** Polls until the condition holds or the bound is over; tells which. */
export async function comesTrue(condition: () => boolean, boundMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + boundMs;
  while (!condition()) {
    if (Date.now() > giveUpAt) return false;
    await new Promise((done) => setTimeout(done, 3));
  }
  return true;
}

/** The random instant of a kill: the only wait in these tests that waits for nothing. */
export function instant(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
