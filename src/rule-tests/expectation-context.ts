import type { CasePlace, KnownRules } from './case-findings.js';
import type { SeenSubjects } from './seen-subjects.js';
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
  seen: SeenSubjects;
}
