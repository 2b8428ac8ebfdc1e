import type { ActionCall, ActionMode, PlannedAction, WithholdReason } from '../domain/action.js';
import { type Call, identityKey, isLive } from '../domain/call.js';
import type { Caps, CustomerTree } from '../domain/config.js';
import type { Rule } from '../domain/rule.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Verdict, ViolatedVerdict } from '../domain/verdict.js';
import { inspectTarget } from './inspect-target.js';
import type { Protection } from './protection.js';
import { selectVictims } from './select-victims.js';

/** A rule that would take fewer calls than this is never judged by its share of the switch's calls. */
const SHARE_CAP_FROM_CALLS = 20;

export interface PlanContext {
  snapshot: Snapshot;
  caps: Pick<Caps, 'sharePerPass'>;
  tree: CustomerTree;
  protection: Protection;
  /** identityKey of calls whose disconnect was sent less than 30 s ago: still listed, but as good as gone. */
  recentlyDisconnected: ReadonlySet<string>;
}

/**
 * Grows rule by rule, in planning order. There are two worlds: what enforcing rules plan counts as gone for every later
 * rule; what monitoring rules plan counts as gone only for later monitoring rules, so that a rule which merely watches
 * never changes what an enforcing one does.
 */
export interface Plan {
  /** Whether a call is still there for a rule of this mode. */
  present(call: Call, mode: ActionMode): boolean;
  /** Plans what the verdicts of the next rule ask for; `admits` is the rule's own filter of calls. */
  add(rule: Rule, verdicts: readonly Verdict[], admits: (call: Call) => boolean): void;
  readonly actions: readonly PlannedAction[];
}

export function createPlan(context: PlanContext): Plan {
  const { snapshot } = context;
  const entries = entriesById(snapshot.calls);
  const liveCalls = snapshot.calls.filter((call) => isLive(call.state)).length;
  const recentIds = new Set(
    snapshot.calls
      .filter((call) => context.recentlyDisconnected.has(identityKey(call)))
      .map((call) => call.id),
  );
  const gone: Record<ActionMode, Set<string>> = { enforce: new Set(recentIds), monitor: new Set(recentIds) };
  const actions: PlannedAction[] = [];

  return {
    actions,
    present: (call, mode) => !gone[mode].has(call.id),
    add(rule, verdicts, admits) {
      const mode: ActionMode = rule.mode === 'enforce' ? 'enforce' : 'monitor';
      const planned = planRule(rule, mode, verdicts, admits, { ...context, entries, gone: gone[mode] });
      const capped = exceedsShare(planned, liveCalls, context.caps.sharePerPass);
      for (const action of planned) {
        const withhold = action.withhold ?? (capped && action.action !== 'alert' ? 'cap-share' : undefined);
        actions.push({ ...action, withhold });
        if (withhold !== undefined) continue;
        for (const call of takenBy(action)) {
          gone.monitor.add(call.id);
          if (mode === 'enforce') gone.enforce.add(call.id);
        }
      }
    },
  };
}

/** A rule that suddenly takes a large share of all calls is more likely wrong than right, so it is withheld whole. */
function exceedsShare(planned: readonly PlannedAction[], liveCalls: number, share: number): boolean {
  const taken = planned.reduce((sum, action) => sum + action.weight, 0);
  return taken >= SHARE_CAP_FROM_CALLS && taken > share * liveCalls;
}

interface RuleContext extends PlanContext {
  entries: ReadonlyMap<string, readonly Call[]>;
  gone: ReadonlySet<string>;
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
    const base = baseOf(rule, mode, verdict);
    switch (rule.event.type) {
      case 'alert':
        planned.push(base);
        break;
      case 'disconnectCall':
        planned.push(...planCalls(rule, base, verdict, taken, context));
        break;
      case 'disconnectAccount':
      case 'disconnectCustomer':
        planned.push(...planTargets(rule.event.type, base, verdict, targets, admits, context));
        break;
    }
  }
  return planned;
}

function baseOf(rule: Rule, mode: ActionMode, verdict: ViolatedVerdict): PlannedAction {
  const { scope, id } = verdict.subject;
  return {
    rule: rule.name,
    ruleHash: rule.hash,
    mode,
    scope,
    subject: verdict.subject,
    action: rule.event.type,
    target: id,
    call: undefined,
    account: scope === 'account' ? Number(id) : undefined,
    customer: scope === 'customer' ? Number(id) : undefined,
    weight: 0,
    takes: [],
    select: rule.event.select,
    withhold: undefined,
    message: rule.event.message,
    evidence: verdict.evidence,
  };
}

function planCalls(
  rule: Rule,
  base: PlannedAction,
  verdict: ViolatedVerdict,
  taken: Set<string>,
  context: RuleContext,
): PlannedAction[] {
  const pool = verdict.pool.filter((call) => !context.gone.has(call.id) && !taken.has(call.id));
  return selectVictims(pool, rule.event.select, verdict.keep).map((call) => {
    taken.add(call.id);
    return {
      ...base,
      target: call.id,
      call: actionCall(call),
      account: call.account,
      customer: call.customer,
      weight: 1,
      withhold: withholdCall(call, context),
      evidence: {
        ...base.evidence,
        call: { id: call.id, callId: call.callId, setupTime: call.setupTimeText },
        pool: { size: pool.length, keep: verdict.keep },
      },
    };
  });
}

/** The safeguards that planning already knows of for one call; undefined where none stops it. */
export function withholdCall(
  call: Call,
  context: { snapshot: Snapshot; protection: Protection; entries: ReadonlyMap<string, readonly Call[]> },
): WithholdReason | undefined {
  if (context.snapshot.doubt !== undefined) return 'suspect-snapshot';
  const entries = context.entries.get(call.id) ?? [call];
  if (entries.some((entry) => identityKey(entry) !== identityKey(call))) return 'ambiguous-id';
  for (const entry of entries) {
    const reason = context.protection.reasonFor(entry);
    if (reason !== undefined) return reason;
  }
  return undefined;
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
      actions.push({ ...base, action, withhold: 'target-unknown' });
      continue;
    }
    if (planned.has(String(target))) continue;
    planned.add(String(target));
    const inspection = inspectTarget(action, target, context.snapshot, {
      tree: context.tree,
      protection: context.protection,
      admits,
    });
    // With a hold the calls are cut one by one at best, so only those count as gone and weigh.
    const inside = inspection.hold === undefined ? inspection.inside : inspection.oneByOne;
    const perhaps = inspection.hold === undefined ? inspection.perhapsInside : [];
    const present = (call: Call) => !context.gone.has(call.id);
    const weight = inside.filter(present).length + perhaps.filter(present).length;
    if (weight === 0 && inspection.hold === undefined) continue;
    actions.push({
      ...base,
      action,
      target: String(target),
      account: action === 'disconnectAccount' ? target : base.account,
      customer:
        action === 'disconnectCustomer' ? target : (base.customer ?? commonCustomer(inspection.inside)),
      weight,
      takes: inside.filter(present).map(actionCall),
      withhold: context.snapshot.doubt === undefined ? undefined : 'suspect-snapshot',
    });
  }
  return actions;
}

/**
 * The subject itself; the customer that an account's calls name; else what the calls of the pool belong to. In ascending
 * order, undefined for calls of none.
 */
function targetsOf(
  field: 'account' | 'customer',
  { subject, pool }: ViolatedVerdict,
  snapshot: Snapshot,
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

function takenBy(action: PlannedAction): readonly ActionCall[] {
  return action.call === undefined ? action.takes : [action.call];
}

/** What the audit log keeps of a call. */
export function actionCall(call: Call): ActionCall {
  const { id, callId, setupTimeText, account, customer, cli, cld } = call;
  return { id, callId, setupTimeText, account, customer, cli, cld };
}

/** A switch may list a call twice, or two calls under one ID. */
export function entriesById(calls: readonly Call[]): Map<string, Call[]> {
  const entries = new Map<string, Call[]>();
  for (const call of calls) {
    const known = entries.get(call.id);
    if (known === undefined) entries.set(call.id, [call]);
    else known.push(call);
  }
  return entries;
}
