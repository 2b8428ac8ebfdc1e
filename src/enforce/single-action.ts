import type { ActionCall, PlannedAction } from '../domain/action.js';
import { callEvidence } from '../domain/verdict.js';

/** One call in place of the account or customer action that would have taken it along. */
export function singleAction(whole: PlannedAction, call: ActionCall): PlannedAction {
  return {
    ...whole,
    action: 'disconnectCall',
    target: call.id,
    call,
    account: call.account,
    customer: call.customer,
    weight: 1,
    takes: [],
    perhapsTakes: [],
    evidence: {
      ...whole.evidence,
      call: callEvidence(call),
      // The rule has acted on the call that it judged, whichever others that took.
      ...(whole.evidence.call && { judged: whole.evidence.call }),
    },
  };
}
