import type { NumberPlan } from './numbering.js';

/** callwarden.yaml after checking: paths absolute, durations in milliseconds, secrets read. */
export interface Config {
  /** Absolute path of the file. */
  file: string;
  switches: readonly SwitchConfig[];
  /** monitor overrides every rule. */
  mode: 'enforce' | 'monitor';
  /** Absolute paths. */
  rulesDir: string;
  database: string;
  protect: Protect;
  caps: Caps;
  maxSnapshotAgeMs: number;
  retention: { ledgerMs: number; audit: 'forever' };
  /** Where signed heads of the audit log are kept, and the private key that signs them: absolute paths. */
  checkpoints: { file: string; keyFile: string; everyMs: number };
  /** Set where telephone numbers are masked wherever they leave the database. */
  privacy?: 'mask';
}

export interface SwitchConfig {
  name: string;
  url: string;
  login:
    | { kind: 'digest'; username: string; password: string }
    | { kind: 'trusted'; customer: number; wholesaler: number };
  /** PEM text of the pinned CA, already read; undefined for the system's own. */
  ca: string | undefined;
  timeoutMs: number;
  deadlineMs: number;
  concurrency: number;
  /** node-cron, seconds first. */
  schedule: string;
  numbers: NumberPlan;
  /** This switch's own, with the global one added in. */
  protect: Protect;
  /** child: parent */
  customerTree: CustomerTree;
  /** Whether listings are compared with getAccountCallStats; one that contradicts it is suspect. */
  crossCheck: boolean;
}

/** Never disconnected, whatever a rule says. */
export interface Protect {
  numbers: readonly string[];
  accounts: readonly number[];
  customers: readonly number[];
}

/** In calls, per switch. */
export interface Caps {
  perPass: number;
  perHour: number;
  sharePerPass: number;
}

/** Parent by child. */
export type CustomerTree = ReadonlyMap<number, number>;
