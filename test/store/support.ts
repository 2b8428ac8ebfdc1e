import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { ActionOutcome, ActionRecordInput, Outcome } from '../../src/domain/action.js';
import { CallwardenError } from '../../src/domain/errors.js';
import { registerAuditHash } from '../../src/store/audit-chain-hash.js';
import { openStore, type Store, type StoreOptions } from '../../src/store/open-store.js';

/** 2026-03-01T12:00:00.000Z */
export const NOON = Date.UTC(2026, 2, 1, 12);

export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'callwarden-store-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function temporaryDatabase(): string {
  return join(temporaryDirectory(), 'callwarden.db');
}

/** A store on a fresh database, closed when the test ends. */
export function freshStore(path = temporaryDatabase(), options: StoreOptions = {}): Store & { path: string } {
  const store = openStore(path, { clock: () => NOON, ...options });
  onTestFinished(() => store.close());
  return { ...store, path };
}

/** A connection of its own, past the store but with the function that adding to the log takes; closed when the test ends. */
export function rawDatabase(path: string): Database.Database {
  const database = new Database(path);
  onTestFinished(() => void database.close());
  registerAuditHash(database);
  return database;
}

export function alertInput(changes: Partial<ActionRecordInput> = {}): ActionRecordInput {
  return {
    parent: undefined,
    at: NOON,
    switch: 'lab',
    passId: 'pass-1',
    rule: 'account-concurrent-calls',
    ruleHash: 'a'.repeat(64),
    scope: 'account',
    subject: 'account:10',
    action: 'alert',
    target: '10',
    mode: 'enforce',
    actor: 'scheduler',
    login: 'login:ops',
    account: 10,
    customer: 2,
    call: undefined,
    cli: undefined,
    cld: undefined,
    evidence: { conditions: { result: true, fact: 'account.connectedCalls', observed: 31 } },
    ...changes,
  };
}

export function callInput(id: string, changes: Partial<ActionRecordInput> = {}): ActionRecordInput {
  return alertInput({
    action: 'disconnectCall',
    target: id,
    call: { id, callId: `${id}@192.0.2.1`, setupTimeText: '20260301T11:59:00.000' },
    cli: '+49301234567',
    cld: '0044 20 7946 0000',
    ...changes,
  });
}

export function accountInput(changes: Partial<ActionRecordInput> = {}): ActionRecordInput {
  return alertInput({ action: 'disconnectAccount', ...changes });
}

export function outcomeOf(outcome: Outcome, changes: Partial<ActionOutcome> = {}): ActionOutcome {
  return {
    outcome,
    reason: undefined,
    count: undefined,
    latencyMs: undefined,
    error: undefined,
    ...changes,
  };
}

/** What `work` throws or rejects with, which has to be STORE_FAILED with a next step. */
export async function storeFailure(work: () => unknown): Promise<CallwardenError> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    if (error.code !== 'STORE_FAILED' || error.hint === '') throw error;
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Starts a fixture as a process of its own and resolves with its first line of output. */
export async function startFixture(
  name: string,
  ...args: string[]
): Promise<{ child: ChildProcess; line: string }> {
  const script = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [chunk] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ])) as [Buffer];
  return { child, line: chunk.toString().trim() };
}

export async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
