import type {
  ActionCall,
  ActionMode,
  ActionOutcome,
  ActionReport,
  HandReason,
  PlannedAction,
  WithholdReason,
} from '../domain/action.js';
import { type Call, type CallIdentity, perhapsSameCall } from '../domain/call.js';
import type { Pauses } from '../domain/pause.js';
import { type AuditLog, type Clock, recordKey, type SwitchPort } from '../domain/ports.js';
import { subjectText } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createEnforcingGate, type Decision, type EnforcingGate, type GateOptions } from './gate.js';
import { childRecordOf, outcomeOf, type RecordOrigin, recordOf } from './records.js';
import type { FreshListing, Relisting } from './relisting.js';
import { openDisconnect, requestAndRecord } from './send-disconnect.js';

export interface EnforceContext extends Omit<GateOptions, 'paused'> {
  origin: RecordOrigin;
  port: SwitchPort;
  audit: AuditLog;
  /** Whether acting is paused; undefined for a person who acts by hand, whom no pause stops. */
  pauses: Pick<Pauses, 'of'> | undefined;
  clock: Clock;
  snapshot: Snapshot;
  maxSnapshotAgeMs: number;
  relisting: Relisting;
  /** Records that are not to be repeated yet, by recordKey. */
  unchanged: ReadonlyMap<string, number>;
  /** Requests in flight at once. */
  concurrency: number;
  /** Ends requests in flight. */
  signal: AbortSignal;
  handReason: HandReason | undefined;
  /** By hand: more calls than a person has agreed to are withheld; undefined for rules. */
  agreedCalls: number | undefined;
  /** Lets timers and sockets run between two actions. */
  yieldNow: () => Promise<void>;
  /** Calls whose disconnect was sent a moment ago, before this pass. */
  recentlyDisconnected: readonly CallIdentity[];
  /** A whole that takes more than this share of the switch's calls is withheld. */
  sharePerPass: number;
  /** What an account or customer action would take; from `plan/`, so that both looks agree. */
  inspect: (
    action: PlannedAction,
    listing: JudgedCalls,
    taken: (call: CallIdentity) => boolean,
  ) => Inspection;
  /** Why a single call must not be cut on this listing; from `plan/`. */
  withholdOf: (call: Call, listing: JudgedCalls) => WithholdReason | undefined;
}

/** The part of a listing that safeguards look at; a snapshot has it too. */
export type JudgedCalls = Pick<FreshListing, 'calls' | 'suspects' | 'doubt'>;

export interface Inspection {
  inside: readonly ActionCall[];
  /** Calls that may be taken along. */
  perhapsInside: readonly ActionCall[];
  hold: WithholdReason | undefined;
  oneByOne: readonly ActionCall[];
  /** How many calls the whole takes, as the caps count them. */
  weight: number;
}

/** A decision that ends an action without a request. */
export type FinalDecision = Exclude<Decision, { kind: 'send' }>;

/** One run of enforcement: what was decided, what is in flight, what was recorded. */
export interface EnforcementRun {
  context: EnforceContext;
  gate: EnforcingGate;
  /** Records an action that ends without a request; resolves with the record's id. */
  conclude(
    action: PlannedAction,
    decision: Exclude<Decision, { kind: 'send' }>,
    parent?: number,
  ): Promise<number>;
  /** Waits until a request may start; to be called before deciding, so that nothing slow comes between decision and request. */
  freePlace(): Promise<void>;
  /**
   * Commits the intent of an action that the gate lets through, then starts its request, which rests on a listing asked for
   * at `observedAt`, and leaves it in flight. Where a pause was committed before the intent could be, it is withheld.
   * `listed`: under how many IDs that listing showed calls of an account or customer, with those that are on record already.
   */
  send(action: PlannedAction, observedAt: number, parent?: number, listed?: number): Promise<void>;
  /** Whether a request for this call was sent in this pass or a moment before it. */
  taken(call: CallIdentity): boolean;
  failure(): { error: unknown } | undefined;
  settled(): Promise<void>;
  reports(): ActionReport[];
}

export function createRun(context: EnforceContext): EnforcementRun {
  const { pauses, origin } = context;
  const gate = createEnforcingGate(context, async () => pauses?.of(origin.switchName, context.clock()));
  const inFlight = new Set<Promise<void>>();
  const reports: (ActionReport | undefined)[] = [];
  const known = new Map(context.unchanged);
  const trips = new Set<string>();
  const sent: CallIdentity[] = [...context.recentlyDisconnected];
  let failed: { error: unknown } | undefined;

  async function record(action: PlannedAction, mode: ActionMode, outcome: ActionOutcome, parent?: number) {
    const { call } = action;
    const key = recordKey({
      rule: action.rule,
      ruleHash: action.ruleHash,
      subject: subjectText(action.subject),
      action: action.action,
      target: action.target,
      reason: outcome.reason ?? null,
      mode,
      callId: call?.callId ?? null,
      setupTime: call?.setupTimeText ?? null,
    });
    const earlier = known.get(key);
    const input = recordOf(action, mode, context.clock(), context.origin, parent);
    // Calls that stay need no record each; of calls that may or may not be taken there can be thousands.
    const taken = outcome.outcome === 'monitored' ? action.takes : [];
    const children = taken.map((call) => childRecordOf(input, call));
    const id = earlier ?? (await context.audit.record(input, outcome, children));
    known.set(key, id);
    reports.push(reportOf(action, id, mode, outcome));
    return id;
  }

  return {
    context,
    gate,
    failure: () => failed,
    reports: () => reports.filter((report) => report !== undefined),
    async settled() {
      await Promise.all(inFlight);
    },
    async conclude(action, decision, parent) {
      const mode = modeOf(action, context);
      // A dry run goes on as if it had sent, so that it shows what the real run would do.
      if (decision.kind === 'monitored' && decision.rehearses) sent.push(...callsOf(action));
      if (decision.kind === 'alerted')
        return record(action, mode, outcomeOf('alerted', action.alertReason), parent);
      const id = await record(action, mode, outcomeOf(decision.kind, decision.reason), parent);
      const trip = `${action.rule} ${decision.reason}`;
      if (decision.reason.startsWith('cap-') && !trips.has(trip)) {
        trips.add(trip);
        await record(
          capAlert(action, decision.reason, context),
          mode,
          outcomeOf('alerted', decision.reason as WithholdReason),
        );
      }
      return id;
    },
    async freePlace() {
      while (inFlight.size >= context.concurrency) await Promise.race(inFlight);
    },
    taken: (call) => sent.some((one) => perhapsSameCall(one, call)),
    async send(action, observedAt, parent, listed = 0) {
      // Requests that ended meanwhile may have shown that nothing can be recorded any more.
      if (failed !== undefined) return;
      const input = recordOf(action, 'enforce', context.clock(), context.origin, parent);
      const children = [
        ...action.takes.map((call) => ({ record: childRecordOf(input, call), certain: true })),
        ...action.perhapsTakes.map((call) => ({ record: childRecordOf(input, call), certain: false })),
      ];
      const intent = await openDisconnect(input, children, context);
      if (intent === undefined) {
        gate.correct(action, -action.weight);
        await record(action, 'enforce', outcomeOf('withheld', 'paused'), parent);
        return;
      }
      const slot = reports.push(undefined) - 1;
      sent.push(...callsOf(action));
      const notAfter = observedAt + context.maxSnapshotAgeMs;
      const request = requestAndRecord(action, intent, children, { ...context, notAfter })
        .then(async (outcome) => {
          reports[slot] = reportOf(action, intent.id, 'enforce', outcome);
          const ended = outcome.count ?? 0;
          if (action.call !== undefined || ended <= listed) return;
          // As the hourly cap counts it: a switch that ends more than it listed may count an on-net call once.
          gate.correct(action, ended - (listed - children.length) - action.weight);
          const alert = tookMoreAlert(action, intent.id, { ended, listed });
          await record(alert, 'enforce', outcomeOf('alerted', alert.alertReason));
        })
        .catch((error: unknown) => {
          failed ??= { error };
        })
        .finally(() => inFlight.delete(request));
      inFlight.add(request);
    },
  };
}

/** What certainly is taken; a call that only may be taken along must stay within the reach of other rules. */
function callsOf(action: PlannedAction): readonly CallIdentity[] {
  if (action.action === 'alert') return [];
  return action.call === undefined ? action.takes : [action.call];
}

/** Whether the request could have been sent had nothing stood in its way. */
function modeOf(action: PlannedAction, context: EnforceContext): ActionMode {
  return action.mode === 'enforce' && context.configMode === 'enforce' && !context.dryRun
    ? 'enforce'
    : 'monitor';
}

/** Calls that came after the listing that was made for the action, or that it lacked: no record names them. */
function tookMoreAlert(
  action: PlannedAction,
  id: number,
  { ended, listed }: { ended: number; listed: number },
): PlannedAction {
  return {
    ...action,
    action: 'alert',
    alertReason: 'took-more-than-listed',
    weight: 0,
    takes: [],
    perhapsTakes: [],
    evidence: {
      reason: `the switch says that record ${id} ended ${ended} calls, ${ended - listed} more than were listed immediately before: no record names those`,
    },
  };
}

/** Every trip of a cap is an alert of its own: somebody should look at the rule. */
function capAlert(action: PlannedAction, reason: string, context: EnforceContext): PlannedAction {
  const { switchName } = context.origin;
  return {
    ...action,
    scope: 'switch',
    subject: { scope: 'switch', id: switchName },
    action: 'alert',
    target: switchName,
    call: undefined,
    account: undefined,
    customer: undefined,
    weight: 0,
    takes: [],
    perhapsTakes: [],
    evidence: { reason: `${reason}: rule ${action.rule} asked for more calls than the cap lets it take` },
  };
}

function reportOf(action: PlannedAction, id: number, mode: ActionMode, outcome: ActionOutcome): ActionReport {
  return {
    id,
    rule: action.rule,
    action: action.action,
    target: action.target,
    mode,
    outcome: outcome.outcome,
    reason: outcome.reason ?? null,
  };
}
