import type { ActionMode, PlannedAction } from './domain/action.js';
import { type Call, identityKey } from './domain/call.js';
import type { Caps, CustomerTree } from './domain/config.js';
import type { RecentDisconnect } from './domain/conversations.js';
import { asStated, type KnownCustomers } from './domain/customer-tree.js';
import type { FactSource, Limit } from './domain/facts.js';
import type { Holding, HoldingChanges, RuleActed } from './domain/ledger.js';
import type { Numbering } from './domain/numbering.js';
import type { Rule } from './domain/rule.js';
import { UNBOUNDED, type VersionBounds } from './domain/rule-version.js';
import { type Subject, subjectKey } from './domain/scope.js';
import type { Snapshot } from './domain/snapshot.js';
import type { Verdict } from './domain/verdict.js';
import type { CallHistory } from './facts/call-history.js';
import { type DeriveFactsOptions, deriveFacts } from './facts/derive-facts.js';
import type { KeptCalls } from './facts/kept-calls.js';
import { type SharedIndex, shareIndex } from './facts/shared-index.js';
import type { QuietKeeper } from './pass-quiet.js';
import { createPlan } from './plan/plan-actions.js';
import type { Protection } from './plan/protection.js';
import { createRuleTiming, type HeldVerdict, type RuleTiming } from './plan/rule-timing.js';
import type { CompiledRule } from './policy/compile-rules.js';

/** All that decides what is to be done on one snapshot; the same in a pass, a test, an explanation and a backtest. */
export interface DecisionInput {
  snapshot: Snapshot;
  /** With this snapshot already taken in. */
  history: CallHistory;
  /** In planning order: priority high to low, then name. */
  rules: readonly CompiledRule[];
  numbering: Numbering;
  limits: readonly Limit[];
  caps: Pick<Caps, 'sharePerPass'>;
  /** As stated: what plans and safeguards go by. */
  customerTree: CustomerTree;
  /** With what the switch has told beside it: what facts count by. The stated ones where it is left out. */
  customers?: KnownCustomers;
  protection: Protection;
  /** Calls whose disconnect was sent a moment ago: still listed, but as good as gone. */
  recentlyDisconnected: readonly RecentDisconnect[];
  /** What is held violated so far, of all rules. */
  holding: readonly Holding[];
  /** What the rules did to whom, as far back as any of them asks. */
  acted: readonly RuleActed[];
  /** How much of that counts for a rule; all of it by default. */
  boundsOf?: (rule: Rule) => VersionBounds;
  intervalMs: number;
  yieldNow: () => Promise<void>;
  /** For replays: which subjects of a rule have to be judged. */
  quiet?: QuietKeeper['of'];
  /** For replays: an index of the listing that is kept from poll to poll; all calls without `admits`. */
  indexOf?: KeptCalls['index'];
  /** Told after every rule what of it is held violated from now on, so that a pass that breaks off does not lose it. */
  onHolding?: (holding: HoldingChanges) => void;
  /** Called before every rule; may throw where the pass has run out of time. */
  beforeRule?: () => void;
}

/** What one rule came to. */
export interface RuleDecision {
  rule: Rule;
  /** False outside of its schedule; it was not judged then. */
  active: boolean;
  /** Verdicts that may act, and those that are clear or indeterminate. */
  verdicts: readonly Verdict[];
  held: readonly HeldVerdict[];
  /** The call behind a subject of scope call, as the rule saw it: an ID may be that of a call that is over, too. */
  callOf: (subject: Subject) => Call | undefined;
  /** Where the rule could not be judged: it plans nothing, and hides nothing of what others see. */
  broken: unknown;
}

export interface Decision {
  /** In planning order, safeguards that planning knows of already noted. */
  actions: readonly PlannedAction[];
  rules: readonly RuleDecision[];
  holding: HoldingChanges;
}

/** Judges and plans rule by rule, because what one rule takes is gone for the next. */
export async function decidePass(input: DecisionInput): Promise<Decision> {
  const { snapshot } = input;
  const plan = createPlan({ ...input, tree: input.customerTree });
  const judge = createJudge(input);
  const rules: RuleDecision[] = [];
  const put: HoldingChanges['put'][number][] = [];
  const drop: HoldingChanges['drop'][number][] = [];
  for (const compiled of input.rules) {
    input.beforeRule?.();
    const { rule } = compiled;
    const mode: ActionMode = rule.mode === 'enforce' ? 'enforce' : 'monitor';
    try {
      const present = (call: Call) => plan.present(call, mode);
      const { decision, holding, admitsTaken } = await judge(compiled, plan.goneIds(mode), present);
      plan.add(rule, decision.verdicts, admitsTaken, decision.callOf);
      rules.push(decision);
      put.push(...holding.put);
      drop.push(...holding.drop);
      if (snapshot.doubt === undefined) input.onHolding?.(holding);
    } catch (error) {
      rules.push({ ...nothingOf(rule, true), broken: error });
    }
  }
  // On a listing that nothing is acted on, nothing begins, goes on or ends either.
  const holding = snapshot.doubt === undefined ? { put, drop } : { put: [], drop: [] };
  return { actions: plan.actions, rules, holding };
}

/** The judges of a decision share what they have in common. */
function createJudge(input: DecisionInput) {
  const { snapshot } = input;
  const shared = createSharedIndexes(input);
  const vendorsOf = vendorLookup(snapshot);
  const timings = createTimings(input);

  return async (compiled: CompiledRule, goneIds: ReadonlySet<string>, present: (call: Call) => boolean) => {
    const { rule } = compiled;
    const admitsTaken = (call: Call) => compiled.admitsTaken(call, vendorsOf);
    let facts: FactSource | undefined;
    const callOf = (subject: Subject) => callBehind(subject, facts);
    const timing = timings(rule, callOf);
    if (!compiled.active(snapshot.observedAt)) {
      return { decision: nothingOf(rule, false), holding: timing.sift([]).holding, admitsTaken };
    }
    const quiet = input.quiet?.(compiled, {
      goneCount: goneIds.size,
      gone: () => callsWith(goneIds, snapshot),
      vendorsOf,
    });
    if (quiet?.due?.size === 0) {
      quiet.finish();
      const verdicts = [...quiet.undecided];
      const { holding } = timing.sift(verdicts);
      return { decision: { ...nothingOf(rule, true), verdicts }, holding, admitsTaken };
    }
    const options = factOptions(input, compiled);
    const countsAsOthers = options.tree === customersOf(input).tree;
    facts = deriveFacts(snapshot, {
      ...options,
      admits: (call) => present(call) && compiled.admits(call, vendorsOf),
      admitsAll: !compiled.filtersCalls && countsAsOthers,
      shared: shared(goneIds.size, rule.mode, present),
      ...indexFor(input, compiled),
    });
    const verdicts = await compiled.judge(facts, {
      yieldNow: input.yieldNow,
      stepOf: timing.stepOf,
      ...(quiet === undefined ? {} : { quiet }),
    });
    const timed = timing.sift(verdicts);
    const decision: RuleDecision = {
      rule,
      active: true,
      verdicts: timed.acting,
      held: timed.held,
      callOf,
      broken: undefined,
    };
    return { decision, holding: timed.holding, admitsTaken };
  };
}

/** All that is listed under these IDs. */
function callsWith(ids: ReadonlySet<string>, snapshot: Snapshot): readonly Call[] {
  const { kept } = snapshot;
  return kept === undefined
    ? snapshot.calls.filter(({ id }) => ids.has(id))
    : [...ids].flatMap((id) => kept.withId(id));
}

function indexFor({ indexOf }: DecisionInput, compiled: CompiledRule): Pick<DeriveFactsOptions, 'indexOf'> {
  if (indexOf === undefined) return {};
  return { indexOf: (admits) => indexOf(admits, compiled.filtersCalls ? compiled : undefined) };
}

/** One for every state of the plan: what is gone for rules of a mode only grows, so its size tells which. */
function createSharedIndexes({ snapshot, numbering, indexOf }: DecisionInput) {
  const indexes = new Map<string, SharedIndex>();
  return (goneCount: number, mode: Rule['mode'], present: (call: Call) => boolean): SharedIndex => {
    const key = `${mode} ${goneCount}`;
    const kept = indexOf && (() => indexOf(goneCount === 0 ? undefined : present));
    const index = indexes.get(key) ?? shareIndex(snapshot, numbering, present, kept);
    indexes.set(key, index);
    return index;
  };
}

function nothingOf(rule: Rule, active: boolean): RuleDecision {
  return { rule, active, verdicts: [], held: [], callOf: () => undefined, broken: undefined };
}

function factOptions(input: DecisionInput, compiled: CompiledRule) {
  const { rule, windowMs } = compiled;
  const { numbering, limits, history } = input;
  const customers = customersOf(input);
  return {
    numbering,
    limits,
    history,
    windowMs,
    needsComplete: rule.needs === 'complete',
    tree: compiled.countedTree(customers.tree),
    customers,
    filter: compiled.filtersCalls ? compiled : ('none' as const),
  };
}

function customersOf({ customers, customerTree }: DecisionInput): KnownCustomers {
  return customers ?? asStated(customerTree);
}

/** What a rule would see were it the first one to be judged; calls that are not `present` are gone for it. */
export function factsFor(
  input: DecisionInput,
  compiled: CompiledRule,
  present: (call: Call) => boolean = () => true,
): FactSource {
  const vendorsOf = vendorLookup(input.snapshot);
  return deriveFacts(input.snapshot, {
    ...factOptions(input, compiled),
    admits: (call) => present(call) && compiled.admits(call, vendorsOf),
  });
}

/** What time has to say to one rule, whose facts these are; see RuleTiming. */
export function timingFor(input: DecisionInput, rule: Rule, facts: FactSource): RuleTiming {
  return createTimings(input)(rule, (subject) => callBehind(subject, facts));
}

function createTimings(input: DecisionInput) {
  const holding = byHash(input.holding);
  let acted: ReadonlyMap<string, readonly RuleActed[]> | undefined;
  const actedBy = ({ hash }: Rule) => {
    acted ??= byHash(input.acted);
    return acted.get(hash) ?? [];
  };
  return (rule: Rule, callOf: RuleDecision['callOf']): RuleTiming =>
    createRuleTiming(rule, {
      now: input.snapshot.observedAt,
      intervalMs: input.intervalMs,
      holding: new Map((holding.get(rule.hash) ?? []).map((one) => [one.subject, one])),
      acted: () => actedBy(rule),
      bounds: input.boundsOf?.(rule) ?? UNBOUNDED,
      keyOf: (subject) => subjectKey(subject, callOf(subject)),
    });
}

function callBehind(subject: Subject, facts: FactSource | undefined): Call | undefined {
  return subject.scope === 'call' ? facts?.callsOf(subject)[0] : undefined;
}

function byHash<T extends { ruleHash: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.ruleHash);
    if (group === undefined) groups.set(item.ruleHash, [item]);
    else group.push(item);
  }
  return groups;
}

/** The vendors whose listings showed a call. */
export function vendorLookup(snapshot: Snapshot): (call: Call) => readonly number[] {
  const known = new WeakMap<Call, readonly number[]>();
  return (call) => {
    if (snapshot.vendors.size === 0) return [];
    let vendors = known.get(call);
    if (vendors === undefined) {
      const key = identityKey(call);
      vendors = [...snapshot.vendors].filter(([, keys]) => keys.has(key)).map(([vendor]) => vendor);
      known.set(call, vendors);
    }
    return vendors;
  };
}
