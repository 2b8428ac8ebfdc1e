import type { ActionCall, ActionMode, PlannedAction } from '../domain/action.js';
import { type Call, type CallIdentity, isLive, perhapsSameCall } from '../domain/call.js';
import type { Caps, CustomerTree } from '../domain/config.js';
import { perhapsOtherSide, type RecentDisconnect } from '../domain/conversations.js';
import type { Rule } from '../domain/rule.js';
import type { Subject } from '../domain/scope.js';
import { exceedsShare } from '../domain/share-cap.js';
import { countLive, type Snapshot } from '../domain/snapshot.js';
import { callEvidence, type Verdict, type ViolatedVerdict } from '../domain/verdict.js';
import {
  actionCall,
  endingWith,
  indexListing,
  type ListingIndex,
  weightOf,
  withholdCall,
} from './call-safeguards.js';
import { inspectTarget } from './inspect-target.js';
import type { Protection } from './protection.js';
import { selectVictims } from './select-victims.js';

export interface PlanContext {
  snapshot: Snapshot;
  caps: Pick<Caps, 'sharePerPass'>;
  tree: CustomerTree;
  protection: Protection;
  /** Calls whose disconnect was sent less than 30 s ago: still listed, but as good as gone. */
  recentlyDisconnected: readonly RecentDisconnect[];
}

/**
 * Grows rule by rule, in planning order. There are two worlds: what enforcing rules plan counts as gone for every later
 * rule; what monitoring rules plan counts as gone only for later monitoring rules, so that a rule which merely watches
 * never changes what an enforcing one does.
 */
export interface Plan {
  /** Whether a call is still there for a rule of this mode. */
  present(call: Call, mode: ActionMode): boolean;
  /** Whether every call is still there for a rule of this mode, so that nobody has to ask for each. */
  untouched(mode: ActionMode): boolean;
  /** The IDs of the calls that are gone for a rule of this mode. */
  goneIds(mode: ActionMode): ReadonlySet<string>;
  /**
   * Plans what the verdicts of the next rule ask for; `admits` is the rule's own filter of calls, and `callOf` says which call
   * a subject of scope call is.
   */
  add(
    rule: Rule,
    verdicts: readonly Verdict[],
    admits: (call: Call) => boolean,
    callOf: (subject: Subject) => Call | undefined,
  ): void;
  readonly actions: readonly PlannedAction[];
}

export function createPlan(context: PlanContext): Plan {
  const { snapshot, caps } = context;
  const recent = context.recentlyDisconnected;
  // Nothing is indexed or counted until a call is to be cut.
  const recentIds =
    recent.length === 0 ? new Set<string>() : idsStillListed(recent, snapshot, indexListing(snapshot));
  const gone: Record<ActionMode, Set<string>> = { enforce: new Set(recentIds), monitor: new Set(recentIds) };
  const actions: PlannedAction[] = [];

  return {
    actions,
    present: (call, mode) => !gone[mode].has(call.id),
    untouched: (mode) => gone[mode].size === 0,
    goneIds: (mode) => gone[mode],
    add(rule, verdicts, admits, callOf) {
      if (!verdicts.some(({ result }) => result === 'violated')) return;
      const mode: ActionMode = rule.mode === 'enforce' ? 'enforce' : 'monitor';
      const planned = planRule(rule, mode, verdicts, admits, { ...context, gone: gone[mode], callOf });
      const listing = indexListing(snapshot);
      const taken = new Set(planned.flatMap((action) => idsOf([...takenBy(action), ...action.perhapsTakes])));
      const weight = weightOf(taken, listing);
      const capped = exceedsShare(weight, () => countLive(snapshot), caps.sharePerPass);
      const going: string[] = [];
      for (const action of planned) {
        const withhold = action.withhold ?? (capped && action.action !== 'alert' ? 'cap-share' : undefined);
        actions.push(withhold === action.withhold ? action : { ...action, withhold });
        if (withhold === undefined) going.push(...idsOf(takenBy(action)));
      }
      for (const id of endingWith(going, listing)) {
        gone.monitor.add(id);
        if (mode === 'enforce') gone.enforce.add(id);
      }
    },
  };
}

function idsStillListed(
  recent: readonly RecentDisconnect[],
  snapshot: Snapshot,
  listing: ListingIndex,
): ReadonlySet<string> {
  const isListed = (call: CallIdentity) =>
    listing.entriesOf(call.id).some((entry) => perhapsSameCall(entry, call));
  const listed = endingWith(idsOf(recent.filter(isListed)), listing);
  // A replay lists neither entry of an on-net call that was cut; a switch may list one for longer.
  if (snapshot.kept !== undefined) return listed;
  const unlisted = groupByCallId(recent.filter((call) => !isListed(call)));
  const left = snapshot.calls.filter((other) =>
    unlisted.get(other.callId)?.some((call) => perhapsOtherSide(call, other)),
  );
  return new Set([...listed, ...idsOf(left)]);
}

function groupByCallId(
  recent: readonly RecentDisconnect[],
): ReadonlyMap<string, readonly RecentDisconnect[]> {
  const groups = new Map<string, RecentDisconnect[]>();
  for (const call of recent) groups.set(call.callId, [...(groups.get(call.callId) ?? []), call]);
  return groups;
}

function idsOf(calls: readonly Pick<CallIdentity, 'id'>[]): readonly string[] {
  return calls.map(({ id }) => id);
}

interface RuleContext extends PlanContext {
  gone: ReadonlySet<string>;
  callOf: (subject: Subject) => Call | undefined;
}

function planRule(
  rule: Rule,
  mode: ActionMode,
  verdicts: readonly Verdict[],
  admits: (call: Call) => boolean,
  context: RuleContext,
): PlannedAction[] {
  const taken = new Set<string>();
  const targets = new Set<string>();
  const planned: PlannedAction[] = [];
  for (const verdict of verdicts) {
    if (verdict.result !== 'violated') continue;
    const base = baseOf(rule, mode, verdict, context);
    switch (verdict.event.type) {
      case 'alert':
        planned.push(base);
        break;
      case 'disconnectCall':
        planned.push(...planCalls(base, verdict, taken, context));
        break;
      case 'disconnectAccount':
      case 'disconnectCustomer':
        planned.push(...planTargets(verdict.event.type, base, verdict, targets, admits, context));
        break;
    }
  }
  return planned;
}

function baseOf(rule: Rule, mode: ActionMode, verdict: ViolatedVerdict, context: RuleContext): PlannedAction {
  const { scope, id } = verdict.subject;
  const call = context.callOf(verdict.subject);
  return {
    rule: rule.name,
    ruleHash: rule.hash,
    mode,
    scope,
    subject: verdict.subject,
    action: verdict.event.type,
    target: id,
    call: call === undefined ? undefined : actionCall(call),
    account: scope === 'account' ? Number(id) : call?.account,
    customer: scope === 'customer' ? Number(id) : call?.customer,
    weight: 0,
    takes: [],
    perhapsTakes: [],
    select: verdict.event.select,
    withhold: undefined,
    message: verdict.event.message,
    evidence: call === undefined ? verdict.evidence : { ...verdict.evidence, call: callEvidence(call) },
  };
}

function planCalls(
  base: PlannedAction,
  verdict: ViolatedVerdict,
  taken: Set<string>,
  context: RuleContext,
): PlannedAction[] {
  const listing = indexListing(context.snapshot);
  const pool = verdict.pool.filter((call) => !context.gone.has(call.id) && !taken.has(call.id));
  const victims = selectVictims(pool, verdict.event.select, verdict.keep);
  for (const id of endingWith(idsOf(victims), listing)) taken.add(id);
  return victims.map((call) => ({
    ...base,
    target: call.id,
    call: actionCall(call),
    account: call.account,
    customer: call.customer,
    weight: 1,
    withhold: withholdCall(call, listing, context.protection),
    evidence: {
      ...base.evidence,
      call: callEvidence(call),
      pool: { size: pool.length, keep: verdict.keep },
    },
  }));
}

function planTargets(
  action: 'disconnectAccount' | 'disconnectCustomer',
  base: PlannedAction,
  verdict: ViolatedVerdict,
  planned: Set<string>,
  admits: (call: Call) => boolean,
  context: RuleContext,
): PlannedAction[] {
  const field = action === 'disconnectAccount' ? 'account' : 'customer';
  const actions: PlannedAction[] = [];
  for (const target of targetsOf(field, verdict, context.snapshot)) {
    if (target === undefined) {
      actions.push({ ...base, action, call: undefined, withhold: 'target-unknown' });
      continue;
    }
    if (planned.has(String(target))) continue;
    planned.add(String(target));
    const found = inspectTarget({ action, target, select: base.select }, context.snapshot, {
      tree: context.tree,
      protection: context.protection,
      admits,
      taken: (call) => context.gone.has(call.id),
    });
    // With a hold the calls are cut one by one at best, so only those count as gone and weigh.
    const takes = found.hold === undefined ? found.inside : found.oneByOne;
    const perhapsTakes = found.hold === undefined ? found.perhapsInside : [];
    if (found.inside.length === 0) continue;
    actions.push({
      ...base,
      action,
      target: String(target),
      call: undefined,
      account: action === 'disconnectAccount' ? target : base.account,
      customer: action === 'disconnectCustomer' ? target : (base.customer ?? commonCustomer(found.inside)),
      weight: found.hold === undefined ? found.weight : takes.length,
      takes: takes.map(actionCall),
      perhapsTakes: perhapsTakes.map(actionCall),
      withhold: context.snapshot.doubt === undefined ? undefined : 'suspect-snapshot',
    });
  }
  return actions;
}

/**
 * The subject itself; the customer that an account's calls name; else what the calls of the pool belong to. In ascending
 * order, undefined for calls of none.
 */
export function targetsOf(
  field: 'account' | 'customer',
  { subject, pool }: Pick<ViolatedVerdict, 'subject' | 'pool'>,
  snapshot: Pick<Snapshot, 'calls'>,
): (number | undefined)[] {
  if (subject.scope === field) return [Number(subject.id)];
  const calls =
    subject.scope === 'account'
      ? snapshot.calls.filter(({ account, state }) => account === Number(subject.id) && isLive(state))
      : pool;
  const targets = new Set(calls.map((call) => call[field]));
  return [...targets].sort(
    (one, other) => (one ?? Number.POSITIVE_INFINITY) - (other ?? Number.POSITIVE_INFINITY),
  );
}

/** The customer of all these calls; undefined where they have several or none. */
export function commonCustomer(calls: readonly Call[]): number | undefined {
  const customers = new Set(calls.map((call) => call.customer));
  return customers.size === 1 ? calls[0]?.customer : undefined;
}

/** Calls that may or may not be taken along are none of these: they would be spared by every other rule. */
function takenBy(action: PlannedAction): readonly ActionCall[] {
  if (action.action === 'alert') return [];
  if (action.action === 'disconnectCall') return action.call === undefined ? [] : [action.call];
  return action.takes;
}
