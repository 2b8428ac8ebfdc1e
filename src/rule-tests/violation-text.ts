import { climbedText } from '../documents/climbed-text.js';
import { evidenceText } from '../documents/evidence-text.js';
import type { ViolatedVerdict } from '../domain/verdict.js';
import type { CaseCall } from './test-case.js';

/**
 * What a violation asks for, where something else was expected of it: `account:10 violates the rule (…); of the 31 calls that
 * may be taken, 30 stay`. `call` is the one that was expected to go.
 */
export function violationText(subject: string, verdict: ViolatedVerdict, call: CaseCall | undefined): string {
  const { event, evidence } = verdict;
  const pool = event.type === 'disconnectCall' ? `; ${poolText(verdict, call)}` : '';
  return `${subject} violates the rule (${evidenceText(evidence.conditions)})${askedText(verdict)}${pool}`;
}

function askedText({ event, evidence: { escalated } }: ViolatedVerdict): string {
  if (escalated !== undefined) return `, and has ${climbedText(escalated, event.type)}`;
  return event.type === 'disconnectCall' ? '' : `, which asks for ${event.type}`;
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
