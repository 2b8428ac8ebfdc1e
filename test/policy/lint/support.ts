import type { Condition, FactCondition, RuleSet } from '../../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { type LintOptions, lintRules } from '../../../src/policy/lint/lint-rules.js';

export function aRuleSet(parts: Partial<RuleSet>): RuleSet {
  return { rules: [], conditions: new Map(), lists: new Map(), limits: [], hash: 'b'.repeat(64), ...parts };
}

export function lint(parts: Partial<RuleSet>, options: Partial<LintOptions> = {}) {
  return lintRules(aRuleSet(parts), { catalogue: FACT_CATALOGUE, now: undefined, ...options });
}

export function messages(parts: Partial<RuleSet>, options: Partial<LintOptions> = {}): string[] {
  return lint(parts, options).map(({ message }) => message);
}

export function leaf(
  fact: string,
  operator: string,
  value: FactCondition['value'],
  params?: FactCondition['params'],
): FactCondition {
  return { fact, operator, value, ...(params === undefined ? {} : { params }) };
}

export const total = (operator: string, value: FactCondition['value'], params?: FactCondition['params']) =>
  leaf('account.totalCalls', operator, value, params);

export function all(...children: Condition[]): Condition {
  return { all: children };
}

export function any(...children: Condition[]): Condition {
  return { any: children };
}
