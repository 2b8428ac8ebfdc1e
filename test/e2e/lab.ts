import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AuditRecord } from '../../src/domain/action.js';
import type { PassReport } from '../../src/domain/pass-report.js';
import type { AuditQuery } from '../../src/domain/ports.js';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/start-simulator.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { tempDir } from '../support/temp-store.js';

const PROGRAM = resolve('dist/cli/main.js');

/** Caps an account at three connected calls: small enough for a test to break. */
export const THREE_CALLS = `
name: three-calls
scope: account
mode: enforce
conditions:
  all:
    - { fact: account.connectedCalls, operator: greaterThan, value: 3 }
event:
  type: disconnectCall
  params: { select: newest, keep: 3 }
`;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A simulated switch without traffic of its own, and a folder with a config for it. */
export interface Lab {
  simulator: Simulator;
  folder: string;
  config: string;
  /** Runs the built program in the folder until it ends. */
  callwarden(...args: string[]): Promise<Finished>;
  /** Runs `once --json` and reads its reports. */
  once(...args: string[]): Promise<{ code: number | null; reports: PassReport[]; stderr: string }>;
  /** Starts the built program and leaves it running. */
  start(...args: string[]): ChildProcess & { output: () => string };
  records(query?: AuditQuery): AuditRecord[];
  /** The requests of one method that the switch has seen, e.g. every disconnectCall. */
  sent(method: string): number;
}

export async function lab(
  options: { rules?: Record<string, string>; config?: string; simulator?: Partial<SimulatorOptions> } = {},
): Promise<Lab> {
  const simulator = await startSimulator({
    seed: 1,
    traffic: 'none',
    clock: Date.now,
    username: 'ops',
    password: 'secret',
    ...options.simulator,
  });
  onTestFinished(() => simulator.close());
  const folder = tempDir();
  mkdirSync(join(folder, 'rules'));
  for (const [name, text] of Object.entries(options.rules ?? { 'three-calls.yaml': THREE_CALLS })) {
    mkdirSync(join(folder, 'rules', 'lists'), { recursive: true });
    writeFileSync(join(folder, 'rules', name), text);
  }
  const config = join(folder, 'callwarden.yaml');
  writeFileSync(config, configText(simulator.url, options.config ?? ''), { mode: 0o600 });
  const database = join(folder, 'callwarden.db');
  const env = { ...process.env, SIPPY_PASSWORD: 'secret', COLUMNS: '120' };
  const callwarden = (...args: string[]) =>
    new Promise<Finished>((done) => {
      execFile(process.execPath, [PROGRAM, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
      });
    });
  return {
    simulator,
    folder,
    config,
    callwarden,
    async once(...args) {
      const { code, stdout, stderr } = await callwarden('once', '-c', config, '--json', ...args);
      return { code, reports: stdout === '' ? [] : (JSON.parse(stdout) as PassReport[]), stderr };
    },
    start(...args) {
      const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => (text += String(chunk)));
      onTestFinished(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      });
      return Object.assign(child, { output: () => text });
    },
    records(query = {}) {
      const reader = openAuditReader(database);
      try {
        return [...reader.query(query)];
      } finally {
        reader.close();
      }
    },
    sent: (method) => simulator.requests.filter((request) => request.method === method).length,
  };
}

function configText(url: string, more: string): string {
  return `
switches:
  - name: lab
    url: ${url}
    username: ops
    password: \${SIPPY_PASSWORD}
    schedule: "* * * * * *"
mode: enforce
${more}`;
}

/** Polls until the condition holds; the bound only ends a test that would fail anyway. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error(`It never came to be that ${what}.`);
    await new Promise((done) => setTimeout(done, 25));
  }
}
