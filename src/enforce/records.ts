import type {
  ActionCall,
  ActionMode,
  ActionOutcome,
  ActionRecordInput,
  Outcome,
  OutcomeReason,
  PlannedAction,
} from '../domain/action.js';
import { subjectText } from '../domain/scope.js';
import { callEvidence } from '../domain/verdict.js';

/** Who acts, where and in which pass: the same for every record of a pass. */
export interface RecordOrigin {
  switchName: string;
  passId: string;
  /** `scheduler` or `cli:<user>` */
  actor: string;
  /** Under whose rights the switch is asked. */
  login: string;
}

export function recordOf(
  action: PlannedAction,
  mode: ActionMode,
  at: number,
  origin: RecordOrigin,
  parent?: number,
): ActionRecordInput {
  return {
    parent,
    at,
    switch: origin.switchName,
    passId: origin.passId,
    rule: action.rule,
    ruleHash: action.ruleHash,
    scope: action.scope,
    subject: subjectText(action.subject),
    action: action.action,
    target: action.target,
    mode,
    actor: origin.actor,
    login: origin.login,
    account: action.account,
    customer: action.customer,
    call: action.call,
    cli: action.call?.cli,
    cld: action.call?.cld,
    evidence: takesWhole(action) ? { ...action.evidence, calls: action.weight } : action.evidence,
  };
}

/** Its children are the entries of its calls; how many calls those are, its own record tells. */
function takesWhole({ action, call }: PlannedAction): boolean {
  return (action === 'disconnectAccount' || action === 'disconnectCustomer') && call === undefined;
}

/** The record of a call that an account or customer action takes along; the store fills in the parent. */
export function childRecordOf(parent: ActionRecordInput, call: ActionCall): ActionRecordInput {
  return {
    ...parent,
    parent: undefined,
    action: 'disconnectCall',
    target: call.id,
    account: call.account,
    customer: call.customer,
    call,
    cli: call.cli,
    cld: call.cld,
    evidence: {
      reason: `taken along by ${parent.action} ${parent.target}`,
      call: callEvidence(call),
    },
  };
}

export function outcomeOf(
  outcome: Outcome,
  reason?: OutcomeReason,
  details: Partial<Pick<ActionOutcome, 'count' | 'latencyMs' | 'error'>> = {},
): ActionOutcome {
  return { outcome, reason, count: details.count, latencyMs: details.latencyMs, error: details.error };
}
