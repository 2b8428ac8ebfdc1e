import type { Call } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import {
  type FactCatalogue,
  type FactSource,
  type Observed,
  restsOnWatch,
  WATCHED_MS,
} from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import { LACKS, type QuietBound } from '../domain/quiet.js';
import type { Rule, RuleEvent, RuleSet, SubjectFilter } from '../domain/rule.js';
import type { Subject } from '../domain/scope.js';
import type { Verdict } from '../domain/verdict.js';
import { type CompileContext, compileConditions, compileProbe, type Probe } from './compile-condition.js';
import { createCountedTree } from './counted-tree.js';
import { filterAt, nextEnd } from './expiring-entries.js';
import {
  explainRule,
  type JudgeOptions,
  judgeRule,
  type PreparedEvent,
  type PreparedRule,
} from './judge-rule.js';
import { createCallBound, needsOf } from './quiet-bound.js';
import { eventsOf } from './references.js';
import { createRuleNumbers } from './rule-numbers.js';
import { isWithinSchedule } from './schedule.js';
import { compileFilter } from './subject-filter.js';

export interface CompileOptions {
  catalogue: FactCatalogue;
  /** How the switch writes numbers: prefixes, lists and values of the rules are read the same way. */
  numbering: Numbering;
  switchName: string;
  /** Exceptions that have ended by then are left out; milliseconds since the epoch. */
  now: number;
}

/** One rule, ready to judge the snapshots of one switch. */
export interface CompiledRule {
  rule: Rule;
  /** Vendors whose calls the rule needs to have listed, ascending. */
  vendors: readonly number[];
  /**
   * Whether the rule sees a call at all, by those keys of `only` and `except` that filter calls; `unknown` where the
   * field they ask for is missing. Such a call is never a victim and makes counts lower bounds.
   */
  admits(call: Call, vendorsOf: (call: Call) => readonly number[]): boolean | 'unknown';
  /** Whether an account or customer action of this rule may take the call along; see CompiledFilter. */
  admitsTaken(call: Call, vendorsOf: (call: Call) => readonly number[]): boolean;
  /**
   * What the rule says of every subject, in the order of the fact source; subjects that `only` and `except` leave out
   * are absent. One run at a time. Rejects where the rule cannot be judged, which no checked rule should come to.
   */
  judge(facts: FactSource, options: JudgeOptions): Promise<readonly Verdict[]>;
  /**
   * What the rule says of one subject at a step (0 for its own event), a clear verdict with its evidence; undefined where
   * `only` and `except` leave the subject out.
   */
  explain(facts: FactSource, subject: Subject, step: number): Promise<Verdict | undefined>;
  /** How far back its facts look, in milliseconds; 0 where none looks back. */
  windowMs: number;
  /** How far back it asks whether every poll was sound, in milliseconds; 0 where it does not. */
  watchedMs: number;
  /** Whether any of its facts counts subcustomers, so that it has to be known who they are. */
  usesTree: boolean;
  /** Customers that it names in `only` and `except`. */
  customers: readonly number[];
  /** The tree by which its `recursive` facts count: without the customers that it excepts. */
  countedTree(tree: CustomerTree): CustomerTree;
  /** Whether `admits` can say anything but true. */
  filtersCalls: boolean;
  /** What a call must not lack for the rule's counts to stay more than lower bounds, as bits of LACKS. */
  needs: number;
  /**
   * For a rule of scope call: how long a call with these fields must stay clear; undefined where that cannot be told by
   * them, for other scopes too. See createCallBound.
   */
  callBound(observe: (name: string) => Observed | undefined): QuietBound | undefined;
  /** When the next of its exceptions ends: compile again then; undefined where none will. */
  expiresAt: number | undefined;
  /** Whether it is judged at all at this instant, by its schedule and by exceptions of this switch that end. */
  active(now: number): boolean;
}

/**
 * Compiles the rules that apply to one switch: those that are not off and whose `switches` let it in. In planning
 * order: priority high to low, then name.
 */
export function compileRules(ruleSet: RuleSet, options: CompileOptions): readonly CompiledRule[] {
  const context: CompileContext = {
    catalogue: options.catalogue,
    numbers: createRuleNumbers(options.numbering),
    conditions: ruleSet.conditions,
    lists: ruleSet.lists,
  };
  return ruleSet.rules
    .filter((rule) => rule.mode !== 'off' && appliesTo(rule, options.switchName))
    .toSorted((one, other) => other.priority - one.priority || (one.name < other.name ? -1 : 1))
    .map((rule) => compileRule(rule, context, options));
}

/**
 * The rules compiled anew wherever an exception has ended: the same array for as long as none has, and the same rule for as long
 * as none of its own has, where instants are asked for in order.
 */
export function rulesOverTime(
  compileAt: (now: number) => readonly CompiledRule[],
): (now: number) => readonly CompiledRule[] {
  let rules: readonly CompiledRule[] | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now < askedAt) rules = undefined;
    askedAt = now;
    const hasEnded = ({ expiresAt }: CompiledRule) => expiresAt !== undefined && expiresAt <= now;
    if (rules === undefined || rules.some(hasEnded)) {
      const kept = new Map((rules ?? []).filter((one) => !hasEnded(one)).map((one) => [one.rule.name, one]));
      rules = compileAt(now).map((one) => kept.get(one.rule.name) ?? one);
    }
    return rules;
  };
}

/** The vendors that passes by these rules ask for, ascending. */
export function vendorsAskedBy(rules: readonly Pick<CompiledRule, 'vendors'>[]): readonly number[] {
  return [...new Set(rules.flatMap(({ vendors }) => vendors))].sort((one, other) => one - other);
}

/** Whether the rule's `switches` let this switch in; exceptions that end are judged by `active`. */
export function appliesTo({ only, except }: Rule, switchName: string): boolean {
  if (isExcepted(except, switchName, undefined)) return false;
  return only.switches?.includes(switchName) ?? true;
}

function isExcepted(except: SubjectFilter, switchName: string, now: number | undefined): boolean {
  return filterAt(except, now).switches?.includes(switchName) === true;
}

function compileRule(rule: Rule, context: CompileContext, { switchName, now }: CompileOptions): CompiledRule {
  const except = filterAt(rule.except, now);
  const named = [...(rule.only.vendors ?? []), ...(except.vendors ?? [])];
  const vendors = [...new Set(named)].sort((one, other) => one - other);
  const filter = compileFilter(rule.scope, rule.only, except, context.numbers);
  const conditions = compileConditions(rule.conditions, context);
  const events = eventsOf(rule).map((event) => compileEvent(event, context));
  const prepared: PreparedRule = { rule, vendors, filter, conditions, events };
  const probes = [conditions, ...events].flatMap((one) => one.probes);
  const usesTree = probes.some(({ params }) => params.recursive === true);
  // Of calls of the past nobody knows at first whose they are not.
  const goesByPastVendors = vendors.length > 0 && conditions.probes.some((probe) => windowOf(probe) > 0);
  return {
    rule,
    vendors,
    admits: (call, vendorsOf) => filter.admitsCall(call, vendorsOf),
    admitsTaken: (call, vendorsOf) => filter.admitsTaken(call, vendorsOf),
    judge: (facts, options) => judgeRule(prepared, facts, options),
    explain: (facts, subject, step) => explainRule(prepared, facts, subject, alone(step)),
    windowMs: Math.max(0, ...probes.map(windowOf)),
    watchedMs: rule.needs === 'complete' ? Math.max(0, ...probes.map(watchedOf)) : 0,
    usesTree,
    customers: [...(rule.only.customers ?? []), ...(except.customers ?? [])],
    countedTree: usesTree ? createCountedTree(except.customers ?? []) : (tree) => tree,
    filtersCalls: filter.filtersCalls,
    needs: needsOf(conditions.probes, rule.only, except) | (goesByPastVendors ? LACKS.vendor : 0),
    callBound: rule.scope === 'call' ? createCallBound(conditions.root, conditions.probes) : () => undefined,
    expiresAt: nextEnd(rule.except, now),
    active: (at) =>
      isWithinSchedule(rule.schedule, at) &&
      (rule.except.expiring === undefined || !isExcepted(rule.except, switchName, at)),
  };
}

/** For one subject nobody else has to wait. */
function alone(step: number): JudgeOptions {
  return { yieldNow: () => Promise.resolve(), stepOf: () => step };
}

function compileEvent(
  event: RuleEvent,
  context: CompileContext,
): PreparedEvent & { probes: readonly Probe[] } {
  const where = event.where === undefined ? undefined : compileConditions(event.where, context);
  const keep = typeof event.keep === 'number' ? event.keep : compileProbe(event.keep, context);
  const kept = typeof keep === 'number' ? [] : [keep];
  return { event, where, keep, probes: [...(where?.probes ?? []), ...kept] };
}

/** The day on which the clocks go back has 25 hours. */
const LONGEST_DAY_MS = 25 * 3_600_000;

/** What is new to an account is told by the days before the window. */
function watchedOf(probe: Probe): number {
  return Math.max(windowOf(probe), restsOnWatch(probe.definition) ? WATCHED_MS : 0);
}

function windowOf({ definition, params }: Probe): number {
  if (!definition.windowed) return 0;
  return params.within === undefined ? LONGEST_DAY_MS : params.within * 1_000;
}
