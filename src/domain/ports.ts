import type { ActionMode, ActionOutcome, ActionRecordInput, AuditRecord } from './action.js';
import type { CallIdentity } from './call.js';
import type { RecentDisconnect } from './conversations.js';
import type { ActedFrom, RuleActed } from './ledger.js';
import type { PassReport } from './pass-report.js';
import type { AccountCallStats, AnswerTiming, ListFilter, Listing } from './snapshot.js';

/** Milliseconds since the epoch. */
export type Clock = () => number;

export interface RequestOptions {
  /**
   * Milliseconds since the epoch after which the request must not leave any more, however long connecting and logging in
   * took; it is then rejected with maybeSent false.
   */
  notAfter?: number;
  /** Ends the request early; the error is SWITCH_TIMEOUT, and a disconnect's fate is then unknown. */
  signal?: AbortSignal;
}

/** What a disconnect came to, as far as the switch tells. Faults and lost replies are errors instead. */
export type DisconnectResult =
  | { result: 'ok'; count: number | undefined }
  | { result: 'not-found' }
  /** Any other result text: a refusal. */
  | { result: 'refused'; text: string };

export type DisconnectAnswer = DisconnectResult & { timing: AnswerTiming };

/**
 * One Sippy switch. Every method rejects with a CallwardenError of a SWITCH_ code: nothing else leaves this port, and no
 * failure ever reads as an empty answer.
 */
export interface SwitchPort {
  listAllCalls(filter: ListFilter, options?: RequestOptions): Promise<Listing>;
  /** States Connected, ARComplete and WaitRoute only. */
  listActiveCalls(filter: ListFilter, options?: RequestOptions): Promise<Listing>;
  disconnectCall(id: string, options?: RequestOptions): Promise<DisconnectAnswer>;
  disconnectAccount(account: number, options?: RequestOptions): Promise<DisconnectAnswer>;
  /** Ends the calls of all descendants too. */
  disconnectCustomer(customer: number, options?: RequestOptions): Promise<DisconnectAnswer>;
  getAccountCallStats(options?: RequestOptions): Promise<AccountCallStats>;
  /** Under whose rights it asks: `login:ops` or `trusted:1`. */
  readonly login: string;
  /** In trusted mode the customer whose rights it uses, whose listings may be asked for any customer below; else undefined. */
  readonly trustedCustomer: number | undefined;
  close(): Promise<void>;
}

/**
 * True where a request that ended in this error may have reached the switch all the same, so that its effect is
 * unknown. Adapters set it on the errors they raise.
 */
export interface MaybeSent {
  maybeSent?: boolean;
}

/** When a fault was asked for and came, since that is an answer too. Adapters set it on the errors they raise for faults. */
export interface FaultTiming {
  timing?: AnswerTiming;
}

/** The log of actions, append-only. Every method rejects with STORE_FAILED; what resolved is committed to disk. */
export interface AuditLog {
  /** Commits intents in one transaction and returns their ids in order; children get the intent's id as `parent`. */
  openIntent(intent: ActionRecordInput, children: readonly ActionRecordInput[]): Promise<OpenIntent>;
  /**
   * The same where acting on this switch is not paused at the instant of the intent. Where it is, nothing is committed, and
   * it resolves with undefined; looking and committing are one transaction.
   */
  openIntentUnlessPaused(
    intent: ActionRecordInput,
    children: readonly ActionRecordInput[],
  ): Promise<OpenIntent | undefined>;
  /** Commits the outcome of an intent and those of its children, in the order in which they were opened. */
  closeIntent(
    intent: OpenIntent,
    outcome: ActionOutcome,
    childOutcomes: readonly ActionOutcome[],
    at: number,
  ): Promise<void>;
  /** Commits an action that was decided without a request (monitored, withheld, alerted), with its children; returns the id. */
  record(
    input: ActionRecordInput,
    outcome: ActionOutcome,
    children: readonly ActionRecordInput[],
  ): Promise<number>;
  /** Intents of this switch without an outcome become `unknown`, reason `orphaned`. Only under the switch's pass lock. */
  resolveOrphans(switchName: string, at: number): Promise<number>;
  /**
   * Calls of this switch whose disconnect was sent (or may have been) at or after `since`, children included. With
   * `mayHaveEnded` those of which that may be the end: those too that were only perhaps taken along, and not those of which
   * the switch said that they were gone already.
   */
  disconnectsSince(
    switchName: string,
    since: number,
    options?: {
      /** At or before this; for ever by default, since the clock may have been ahead. */
      until?: number;
      mayHaveEnded?: boolean;
    },
  ): Promise<readonly RecentDisconnect[]>;
  /**
   * How many calls requests were sent for at or after `since`: outcomes disconnected, unknown, failed and already-gone, weighed
   * in calls.
   */
  callsTakenSince(switchName: string, since: number): Promise<number>;
  /**
   * The alerted, monitored and withheld records on listings asked for at or after `since`, by recordKey; for rules named in
   * `fromOfRule` from what is given there instead.
   */
  unchangedSince(
    switchName: string,
    since: number,
    fromOfRule: ReadonlyMap<string, ActedFrom>,
  ): Promise<ReadonlyMap<string, number>>;
  /**
   * When these versions of rules acted on which subjects, from what is given for each: outcomes disconnected,
   * already-gone, failed, unknown and alerted in mode enforce, monitored in mode monitor; never what was withheld, nor dry
   * runs, nor the calls under an account or customer action. Once per pass and subject, in order of time; `at` is when the
   * listing was asked for that it acted on.
   */
  actedSince(
    switchName: string,
    mode: ActionMode,
    fromOfHash: ReadonlyMap<string, ActedFrom>,
  ): Promise<readonly RuleActed[]>;
  /** Call records with outcome disconnected, unknown or already-gone that no listing has confirmed as gone yet. */
  unconfirmed(switchName: string): Promise<readonly UnconfirmedDisconnect[]>;
  /** Adds confirmations; a false may become true later, a true never changes. */
  confirm(confirmations: readonly { id: number; confirmed: boolean }[], at: number): Promise<void>;
}

export interface OpenIntent {
  id: number;
  childIds: readonly number[];
}

export interface UnconfirmedDisconnect {
  id: number;
  /** The rule that asked for it, and its version. */
  rule: string;
  ruleHash: string;
  call: CallIdentity;
  account: number | undefined;
  customer: number | undefined;
  /** When the outcome was recorded: only a listing asked for after this can confirm it. */
  closedAt: number;
  /** Under whose rights the call was listed: only a listing under the same can confirm anything. */
  login: string;
  /** The last confirmation; null where there is none. */
  confirmed: false | null;
  /** False where nobody knows whether a request asked for this call at all: perhaps taken along, or orphaned. */
  asked: boolean;
}

/**
 * Key under which an unchanged alerted, monitored or withheld record is not repeated. Two calls that bear the same ID one
 * after the other are two targets, and what a dry run recorded does not stand for the real thing.
 */
export function recordKey(record: {
  rule: string;
  /** A changed rule begins anew. */
  ruleHash: string;
  subject: string;
  action: string;
  target: string;
  reason: string | null;
  mode: string;
  /** CALL_ID and SETUP_TIME of the call that is acted on, or judged by an alert; null where there is none. */
  callId: string | null;
  setupTime: string | null;
}): string {
  const { rule, ruleHash, subject, action, target, reason, mode, callId, setupTime } = record;
  return JSON.stringify([rule, ruleHash, subject, action, target, reason, mode, callId, setupTime]);
}

/** What `audit list` asks for; absent keys do not narrow. */
export interface AuditQuery {
  /** This one record. */
  id?: number;
  /** Milliseconds since the epoch; at >= since. */
  since?: number;
  /** at < until */
  until?: number;
  rule?: string;
  account?: number;
  customer?: number;
  /** ID or CALL_ID. */
  call?: string;
  cli?: string;
  cld?: string;
  action?: string;
  outcome?: string;
  switch?: string;
  mode?: string;
  /** Only records with a greater id: for following. */
  afterId?: number;
  /** The newest so many; undefined for all. */
  limit?: number;
}

/** Read-only: opens the database so that it cannot write. */
export interface AuditReader {
  /** Oldest first. */
  query(query: AuditQuery): Iterable<AuditRecord>;
  close(): void;
}

/** What the store remembers of passes, for `status`. */
export interface PassLog {
  save(report: PassReport): Promise<void>;
}

/** Held while a pass may act; the operating system releases it when its holder dies. */
export interface PassLock {
  /** Undefined where another process (or another pass of this one) holds it. */
  acquire(switchName: string): Promise<(() => void) | undefined>;
}
