import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AuditRecord } from '../../src/domain/action.js';
import type { AuditQuery } from '../../src/domain/ports.js';
import { openAuditReader } from '../../src/store/audit-reader.js';
import { openStore, type StoreOptions } from '../../src/store/open-store.js';

/** A directory that is gone after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'callwarden-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A real database file for one test. */
export function tempStore(options: Pick<StoreOptions, 'clock'> = {}) {
  const path = join(tempDir(), 'callwarden.db');
  // A short wait for locks: tests that lock the database on purpose should not wait for seconds.
  const store = openStore(path, { busyTimeoutMs: 50, ...options });
  onTestFinished(() => store.close());
  const records = (query: AuditQuery = {}): AuditRecord[] => {
    const reader = openAuditReader(path);
    try {
      return [...reader.query(query)];
    } finally {
      reader.close();
    }
  };
  return { path, store, records };
}
