import type { PlannedAction, WithholdReason } from '../domain/action.js';
import { type Subject, subjectText } from '../domain/scope.js';
import type { ConditionEvidence } from '../domain/verdict.js';
import type { CaseCall, RuleTestCase } from './test-case.js';

/** An action as a case speaks of it: calls by the names that it gave them. */
export interface SeenAction {
  rule: string;
  action: PlannedAction['action'];
  target: string;
  /** `account:10`, `call:a-31` */
  subject: string;
  withheld: WithholdReason | undefined;
  conditions: ConditionEvidence | undefined;
}

/** Translates between the IDs that the switch of a case lists and the names that the case gave its calls. */
export interface CaseNames {
  seen(action: PlannedAction): SeenAction;
  subject(subject: Subject): string;
  /** The subject that a case names, e.g. `call:a-31`. */
  subjectOf(text: string): Subject;
  call(name: string): CaseCall | undefined;
}

export function namesOf({ calls }: RuleTestCase): CaseNames {
  const nameById = new Map(calls.map(({ id, name }) => [id, name]));
  const callByName = new Map(calls.map((call) => [call.name, call]));
  const subject = ({ scope, id }: Subject) =>
    subjectText({ scope, id: scope === 'call' ? (nameById.get(id) ?? id) : id });
  return {
    subject,
    call: (name) => callByName.get(name),
    seen({ rule, action, target, subject: judged, scope, withhold, evidence }) {
      const ofCall = action === 'disconnectCall' || (action === 'alert' && scope === 'call');
      return {
        rule,
        action,
        target: ofCall ? (nameById.get(target) ?? target) : target,
        subject: subject(judged),
        withheld: withhold,
        conditions: 'conditions' in evidence ? evidence.conditions : undefined,
      };
    },
    subjectOf(text) {
      const colon = text.indexOf(':');
      const scope = text.slice(0, colon) as Subject['scope'];
      const id = text.slice(colon + 1);
      return { scope, id: scope === 'call' ? (callByName.get(id)?.id ?? id) : id };
    },
  };
}
