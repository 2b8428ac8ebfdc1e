import type { Numbering } from '../../src/domain/numbering.js';
import type { SwitchPort } from '../../src/domain/ports.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { createProtectedNumbers } from '../../src/facts/protected-numbers.js';
import type { PassContext } from '../../src/pass-enforcement.js';
import { createSwitchMemory } from '../../src/pass-memory.js';
import type { Store } from '../../src/store/open-store.js';

export const NUMBERING: Numbering = createNumbering({ techPrefixes: [] });
const PROTECTED = createProtectedNumbers([], NUMBERING);

/** All that a pass meets, with the defaults of the config, enforcing, and without a rule. */
export function aPassContext(
  parts: { port: SwitchPort; store: Store; clock: () => number } & Partial<PassContext>,
): PassContext {
  const { port, store, clock, ...changes } = parts;
  return {
    switchName: 'lab',
    port,
    audit: store.audit,
    lock: store.lock,
    pauses: store.pauses,
    clock,
    numbering: NUMBERING,
    rules: [],
    turnedOff: [],
    rulesFrom: { config: 'callwarden.yaml', directory: 'rules' },
    limits: [],
    configMode: 'enforce',
    protect: { accounts: [], customers: [] },
    matchProtectedNumber: (raw) => PROTECTED.match(raw),
    customerTree: new Map(),
    crossCheck: true,
    learnedTree: undefined,
    caps: { perPass: 50, perHour: 500, sharePerPass: 1 },
    maxSnapshotAgeMs: 5000,
    memory: createSwitchMemory({
      switchName: changes.switchName ?? 'lab',
      numbering: changes.numbering ?? NUMBERING,
      ledger: store.ledger,
    }),
    intervalMs: 5000,
    deadlineMs: 30_000,
    concurrency: 4,
    yieldNow: () => new Promise(setImmediate),
    note: () => undefined,
    ...changes,
  };
}
