import type { ActionOutcome, ActionRecordInput, HandReason, PlannedAction } from '../domain/action.js';
import { CallwardenError } from '../domain/errors.js';
import type { Pauses } from '../domain/pause.js';
import type {
  AuditLog,
  Clock,
  DisconnectAnswer,
  MaybeSent,
  OpenIntent,
  RequestOptions,
  SwitchPort,
} from '../domain/ports.js';
import { outcomeOf } from './records.js';

/** The record of a call that a whole takes along; not certain where nobody has stated whose customer's it is. */
export interface ChildRecord {
  record: ActionRecordInput;
  certain: boolean;
}

export interface SendContext {
  port: SwitchPort;
  audit: AuditLog;
  clock: Clock;
  /** Ends requests in flight: the deadline, or the end of the grace at shutdown. */
  signal: AbortSignal;
  /** The request must not leave later than this: the listing it rests on is too old then. Milliseconds since the epoch. */
  notAfter: number;
  /** What a person gave as the reason; stands as the reason of a plain success. */
  handReason: HandReason | undefined;
}

/**
 * Commits the intent, without which nothing may be sent. Undefined where acting is paused: the transaction of the intent
 * looks itself, so that of a pause and an intent one is surely first, and after `callwarden pause` has returned no request
 * leaves whose intent was not committed before. A person who acts by hand has no pauses and is not stopped by them.
 */
export async function openDisconnect(
  record: ActionRecordInput,
  children: readonly ChildRecord[],
  { audit, pauses }: { audit: AuditLog; pauses: Pick<Pauses, 'of'> | undefined },
): Promise<OpenIntent | undefined> {
  const records = children.map((child) => child.record);
  return pauses === undefined
    ? audit.openIntent(record, records)
    : audit.openIntentUnlessPaused(record, records);
}

/**
 * Sends the request of a committed intent and commits the outcome. Rejects with STORE_FAILED only: when the outcome cannot
 * be written the intent stays open, and a later pass resolves it to `unknown`.
 */
export async function requestAndRecord(
  action: PlannedAction,
  intent: OpenIntent,
  children: readonly ChildRecord[],
  context: SendContext,
): Promise<ActionOutcome> {
  const sentAt = context.clock();
  const outcome = await requestDisconnect(action, sentAt, context);
  // A switch that counts fewer than were listed has not ended all of these, and does not say which.
  const certain = children.filter((child) => child.certain).length;
  const endedAll = outcome.count === undefined || outcome.count >= certain;
  const childOutcomes = children.map((child) => outcomeOfChild(outcome, child.certain && endedAll));
  await context.audit.closeIntent(intent, outcome, childOutcomes, context.clock());
  return outcome;
}

async function requestDisconnect(
  action: PlannedAction,
  sentAt: number,
  context: SendContext,
): Promise<ActionOutcome> {
  try {
    const answer = await ask(context.port, action, { signal: context.signal, notAfter: context.notAfter });
    return outcomeOfAnswer(answer, context.clock() - sentAt, context.handReason);
  } catch (error) {
    return outcomeOfError(error, context.clock() - sentAt);
  }
}

function ask(port: SwitchPort, action: PlannedAction, options: RequestOptions): Promise<DisconnectAnswer> {
  switch (action.action) {
    case 'disconnectCall':
      return port.disconnectCall(action.target, options);
    case 'disconnectAccount':
      return port.disconnectAccount(Number(action.target), options);
    case 'disconnectCustomer':
      return port.disconnectCustomer(Number(action.target), options);
    case 'alert':
      throw new TypeError('An alert is recorded, never sent.');
  }
}

function outcomeOfAnswer(
  answer: DisconnectAnswer,
  latencyMs: number,
  handReason: HandReason | undefined,
): ActionOutcome {
  switch (answer.result) {
    case 'ok':
      return outcomeOf('disconnected', handReason, { latencyMs, count: answer.count });
    case 'not-found':
      return outcomeOf('already-gone', handReason, { latencyMs });
    case 'refused':
      return outcomeOf('failed', 'refused', {
        latencyMs,
        error: `the switch answered "${answer.text}" instead of OK`,
      });
  }
}

/**
 * A fault is the switch's own no. Any other error leaves open whether the request arrived, unless the adapter knows that
 * it did not: then it is `unknown` and a later listing tells, for repeating it blindly might cut another call.
 */
export function outcomeOfError(error: unknown, latencyMs: number): ActionOutcome {
  if (!(error instanceof CallwardenError))
    return outcomeOf('unknown', 'reply-lost', { latencyMs, error: String(error) });
  const text = `${error.code}: ${error.message}`;
  if (error.code === 'SWITCH_FAULT') return outcomeOf('failed', 'refused', { latencyMs, error: text });
  const maybeSent = (error as CallwardenError & MaybeSent).maybeSent ?? true;
  return maybeSent
    ? outcomeOf('unknown', 'reply-lost', { latencyMs, error: text })
    : outcomeOf('failed', undefined, { latencyMs, error: text });
}

function outcomeOfChild(parent: ActionOutcome, certain: boolean): ActionOutcome {
  const { outcome, reason, error } = parent;
  if (outcome !== 'disconnected') return outcomeOf(outcome, reason, { error });
  return certain ? outcomeOf('disconnected', 'taken-along') : outcomeOf('unknown', 'perhaps-taken');
}
