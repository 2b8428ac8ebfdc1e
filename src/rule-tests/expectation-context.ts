import type { CustomerTree } from '../domain/config.js';
import type { CasePlace, KnownRules } from './case-findings.js';
import type { CaseCall, CasePoll } from './test-case.js';

/** What expectations are checked against. */
export interface ExpectationContext {
  start: number;
  everyMs: number;
  polls: readonly CasePoll[];
  calls: readonly CaseCall[];
  /** Names of the rules that the case judges. */
  judged: ReadonlySet<string>;
  known: KnownRules;
  place: CasePlace;
  switchName: string;
  /** How long before `start` the ledger began. */
  historyMs: number;
  customerTree: CustomerTree;
}
