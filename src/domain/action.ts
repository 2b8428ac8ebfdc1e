import type { CallIdentity } from './call.js';
import type { EventType, Selection } from './rule.js';
import type { Scope, Subject } from './scope.js';
import type { CallEvidence, Evidence } from './verdict.js';

export const ACTION_TYPES = [
  'alert',
  'disconnectCall',
  'disconnectAccount',
  'disconnectCustomer',
] as const satisfies EventType[];
export type ActionType = (typeof ACTION_TYPES)[number];

/** What became of an action. */
export const OUTCOMES = [
  'disconnected',
  'already-gone',
  'failed',
  'unknown',
  'monitored',
  'withheld',
  'alerted',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Whether an action's request could have been sent: monitor covers monitoring rules, a monitoring config and dry runs. */
export type ActionMode = 'enforce' | 'monitor';

/**
 * Why an action was withheld: the closed list of safeguards.
 *
 * - `protected-…`: the call's CLD or CLI, account or customer is protected.
 * - `number-unknown`: the call's CLD is not known yet, so nobody can say that it is not protected.
 * - `owner-unknown`: the call's account or customer is not known yet, and some are protected.
 * - `target-unknown`: the call to act on bears no account or customer to disconnect.
 * - `ambiguous-id`: the switch lists two different calls under this ID.
 * - `takes-…`: an account or customer action would take along a call that is protected, excepted by the rule, suspect
 *   or of unknown number; the other calls are cut one by one instead.
 * - `more-than-agreed`: by hand, more calls had come than the person was asked about.
 * - `cap-…`: see Caps.
 * - `suspect-snapshot`, `stale-snapshot`: the listing is not sound, or too old and could not be refreshed.
 * - `changed-identity`, `gone`: the newest listing shows another call under this ID, or none.
 * - `changed-state`: the call was judged while it was set up, and is answered by now.
 * - `paused`: a person stopped acting on this switch, or on all.
 * - `deadline`, `stopping`: the pass ran out of time, or the service is shutting down.
 */
export const WITHHOLD_REASONS = [
  'protected-number',
  'protected-account',
  'protected-customer',
  'number-unknown',
  'owner-unknown',
  'target-unknown',
  'ambiguous-id',
  'takes-protected',
  'takes-excepted',
  'takes-suspect',
  'takes-unknown-number',
  'more-than-agreed',
  'cap-share',
  'cap-per-pass',
  'cap-per-hour',
  'suspect-snapshot',
  'stale-snapshot',
  'changed-identity',
  'changed-state',
  'gone',
  'paused',
  'deadline',
  'stopping',
] as const;
export type WithholdReason = (typeof WITHHOLD_REASONS)[number];

/** Why an action was only monitored. */
export const MONITOR_REASONS = ['rule-monitor', 'config-monitor', 'dry-run'] as const;
export type MonitorReason = (typeof MONITOR_REASONS)[number];

/**
 * Why a safeguard raised an alert beside what the rules ask for: a call is still listed after three disconnects; an account or
 * customer action ended more calls than were listed immediately before.
 */
export type AlertReason = 'outlived-disconnects' | 'took-more-than-listed';

/** Why an outcome is what it is, where the outcome alone does not say it. */
export type OutcomeReason =
  | WithholdReason
  | MonitorReason
  | 'taken-along'
  | 'perhaps-taken'
  | 'reply-lost'
  | 'refused'
  | 'orphaned'
  | AlertReason
  | HandReason;

/** What a person gave as the reason of an action by hand. */
export type HandReason = `by hand: ${string}`;

/** The parties of the call that an action takes, as listed, for the audit log. */
export interface ActionCall extends CallIdentity {
  state: string;
  direction: string | undefined;
  account: number | undefined;
  customer: number | undefined;
  cli: string | undefined;
  cld: string | undefined;
}

/** One thing to do, decided by `plan/` from verdicts; not yet allowed to happen. */
export interface PlannedAction {
  rule: string;
  ruleHash: string;
  /** Of the rule; decides the world in which the call counts as gone. */
  mode: ActionMode;
  scope: Scope;
  subject: Subject;
  action: ActionType;
  /** Bare ID: of the call, account or customer, or of the subject for an alert. */
  target: string;
  /** The call that is taken; for account and customer actions and alerts undefined. */
  call: ActionCall | undefined;
  /** Account and customer of the target where they are known. */
  account: number | undefined;
  customer: number | undefined;
  /** How many calls it takes, as the caps weigh it; 0 for an alert. */
  weight: number;
  /** For account and customer actions: the calls they were seen to take, as children of the record. */
  takes: readonly ActionCall[];
  /** For customer actions: the calls that may be taken, of customers that nobody has stated to be outside the target. */
  perhapsTakes: readonly ActionCall[];
  /** The order in which a one-by-one replacement would cut. */
  select: Selection;
  /** A safeguard that planning already knows to stop it. */
  withhold: WithholdReason | undefined;
  message: string | undefined;
  /** Of an alert that a safeguard raised rather than the rule itself. */
  alertReason?: AlertReason;
  evidence: Evidence | HandEvidence;
}

/** The evidence of an action by hand, or of an alert that a safeguard raised: what a person reads. */
export interface HandEvidence {
  reason: string;
  call?: CallEvidence;
  calls?: number;
  violatedSince?: string;
  listedAt?: string;
}

/** What is written before a request leaves, and, with an outcome, for whatever was decided without one. */
export interface ActionRecordInput {
  parent: number | undefined;
  /** Milliseconds since the epoch. */
  at: number;
  switch: string;
  passId: string;
  rule: string;
  ruleHash: string;
  scope: Scope;
  /** `account:10` */
  subject: string;
  action: ActionType;
  target: string;
  mode: ActionMode;
  /** `scheduler` or `cli:<user>` */
  actor: string;
  /** Under whose rights the calls were listed, as SwitchPort.login says it. */
  login: string;
  account: number | undefined;
  customer: number | undefined;
  call: CallIdentity | undefined;
  cli: string | undefined;
  cld: string | undefined;
  evidence: Evidence | HandEvidence;
}

export interface ActionOutcome {
  outcome: Outcome;
  reason: OutcomeReason | undefined;
  /** Calls that the switch says it ended; for single calls undefined. */
  count: number | undefined;
  /** From sending the request to its answer; undefined where none was sent. */
  latencyMs: number | undefined;
  /** Code and message, without secrets; undefined where nothing went wrong. */
  error: string | undefined;
}

/** One record of the audit log, as `audit -o jsonl` prints it; the contract names the keys and their order. */
export interface AuditRecord {
  id: number;
  parent: number | null;
  /** ISO 8601 UTC with milliseconds. */
  at: string;
  switch: string;
  passId: string;
  rule: string;
  ruleHash: string;
  scope: string;
  subject: string;
  action: ActionType;
  target: string;
  mode: ActionMode;
  /** null while the request is under way. */
  outcome: Outcome | null;
  confirmed: boolean | null;
  count: number | null;
  reason: string | null;
  actor: string;
  account: number | null;
  customer: number | null;
  callId: string | null;
  cli: string | null;
  cld: string | null;
  latencyMs: number | null;
  error: string | null;
  evidence: unknown;
}

/** What became of one planned action, for the pass report. */
export interface ActionReport {
  /** Of the record; of the earlier record where an unchanged one was not repeated. */
  id: number;
  rule: string;
  action: ActionType;
  target: string;
  mode: ActionMode;
  outcome: Outcome;
  reason: OutcomeReason | null;
}
