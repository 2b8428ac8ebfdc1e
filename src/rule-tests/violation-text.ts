import { climbedText } from '../documents/climbed-text.js';
import { evidenceText } from '../documents/evidence-text.js';
import type { ActionType } from '../domain/action.js';
import type { ViolatedVerdict } from '../domain/verdict.js';
import type { CaseCall } from './test-case.js';

/** What was expected of a rule, as far as that decides what is worth telling; undefined for any. */
export interface ExpectedOfRule {
  action?: ActionType | undefined;
  /** The call that was expected to go. */
  call?: CaseCall | undefined;
}

/**
 * What a violation asks for, where something else was expected of it: `account:10 violates the rule (…); of the 31 calls that
 * may be taken, 30 stay`.
 */
export function violationText(subject: string, verdict: ViolatedVerdict, expected: ExpectedOfRule): string {
  const { event, evidence } = verdict;
  const isCut = (expected.action ?? 'disconnectCall') === 'disconnectCall';
  const picks = event.type === 'disconnectCall' && isCut;
  const { escalated } = evidence;
  const asked = picks ? '' : `, which asks for ${event.type}`;
  const climbed = escalated === undefined ? asked : `, and has ${climbedText(escalated, event.type)}`;
  const pool = picks ? `; ${poolText(verdict, expected.call)}` : '';
  return `${subject} violates the rule (${evidenceText(evidence.conditions)})${climbed}${pool}`;
}

function poolText({ pool, keep }: ViolatedVerdict, call: CaseCall | undefined): string {
  if (pool.length === 0) return 'none of its calls may be taken';
  const which = pool.length === 1 ? 'the one call' : `the ${pool.length} calls`;
  if (call !== undefined && !pool.some(({ id }) => id === call.id)) {
    return `${call.name} is none of ${which} that may be taken`;
  }
  const stay = Math.min(keep, pool.length);
  return `of ${which} that may be taken, ${stay === 0 ? 'none stays' : `${stay} ${stay === 1 ? 'stays' : 'stay'}`}`;
}
