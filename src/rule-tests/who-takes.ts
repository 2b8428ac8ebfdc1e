import type { PlannedAction } from '../domain/action.js';
import type { CaseDecision } from './case-decider.js';
import type { CaseNames } from './case-names.js';
import type { CaseCall } from './test-case.js';

/**
 * What takes a call at the very poll at which a rule was expected to disconnect it: an action of a rule that is planned
 * before, or another one of the rule itself. Undefined where nothing does, or only what comes after.
 */
export function whoTakes(
  call: CaseCall,
  wanted: string | undefined,
  { actions, rules }: CaseDecision,
  names: CaseNames,
): string | undefined {
  const order = rules.map(({ rule }) => rule.name);
  const last = wanted === undefined ? order.length : order.indexOf(wanted);
  const taker = actions.find((action) => takes(action, call) && order.indexOf(action.rule) <= last);
  if (taker === undefined) return undefined;
  const { rule, action, target, subject } = names.seen(taker);
  const what = action === 'disconnectCall' ? '' : ` with ${action} ${target}`;
  const why = rule === wanted ? ` for ${subject}` : wanted === undefined ? '' : ', which is planned before';
  return `${call.name} is taken by ${rule}${what} at this poll${why}`;
}

function takes({ action, withhold, call, takes: taken }: PlannedAction, { id }: CaseCall): boolean {
  if (action === 'alert' || withhold !== undefined) return false;
  return (call === undefined ? taken : [call]).some((one) => one.id === id);
}
