import type { Call } from '../domain/call.js';
import type { FactCatalogue, FactSource } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import type { Verdict } from '../domain/verdict.js';
import { type CompileContext, compileConditions, compileProbe } from './compile-condition.js';
import { judgeRule, type PreparedRule } from './judge-rule.js';
import { createRuleNumbers } from './rule-numbers.js';
import { compileFilter } from './subject-filter.js';

export interface CompileOptions {
  catalogue: FactCatalogue;
  /** How the switch writes numbers: prefixes, lists and values of the rules are read the same way. */
  numbering: Numbering;
  switchName: string;
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
  judge(facts: FactSource, options: { yieldNow: () => Promise<void> }): Promise<readonly Verdict[]>;
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
    .map((rule) => compileRule(rule, context));
}

/** Whether the rule's `switches` let this switch in. */
export function appliesTo({ only, except }: Rule, switchName: string): boolean {
  if (except.switches?.includes(switchName) === true) return false;
  return only.switches?.includes(switchName) ?? true;
}

function compileRule(rule: Rule, context: CompileContext): CompiledRule {
  const named = [...(rule.only.vendors ?? []), ...(rule.except.vendors ?? [])];
  const vendors = [...new Set(named)].sort((one, other) => one - other);
  const { where, keep } = rule.event;
  const prepared: PreparedRule = {
    rule,
    vendors,
    filter: compileFilter(rule.scope, rule.only, rule.except, context.numbers),
    conditions: compileConditions(rule.conditions, context),
    where: where === undefined ? undefined : compileConditions(where, context),
    keep: typeof keep === 'number' ? keep : compileProbe(keep, context),
  };
  return {
    rule,
    vendors,
    admits: (call, vendorsOf) => prepared.filter.admitsCall(call, vendorsOf),
    admitsTaken: (call, vendorsOf) => prepared.filter.admitsTaken(call, vendorsOf),
    judge: (facts, { yieldNow }) => judgeRule(prepared, facts, yieldNow),
  };
}
