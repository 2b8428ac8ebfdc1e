import type { ActionReport } from './action.js';
import type { ErrorCode } from './errors.js';
import type { Scope } from './scope.js';
import type { Evidence } from './verdict.js';

/** What one pass came to, as `once --json` prints it; the contract names the keys. */
export interface PassReport {
  switch: string;
  passId: string;
  /** ISO 8601 UTC with milliseconds. */
  startedAt: string;
  durationMs: number;
  /** skipped: another process held the switch's lock. */
  status: 'completed' | 'failed' | 'skipped';
  error: { code: ErrorCode; message: string } | null;
  /** Live calls in the snapshot. */
  calls: number;
  suspect: number;
  violations: readonly { rule: string; scope: Scope; subject: string; evidence: Evidence }[];
  /** Per rule: the missing facts and how many subjects could not be judged for them. */
  indeterminate: readonly { rule: string; missing: readonly string[]; subjects: number }[];
  actions: readonly ActionReport[];
}
