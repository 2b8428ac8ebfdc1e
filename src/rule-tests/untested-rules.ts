import type { Problem } from '../domain/errors.js';
import type { Rule } from '../domain/rule.js';
import type { RuleTestCase } from './test-case.js';

/** A warning for every rule that is not off and that no case names, under `rules` or in what it expects. */
export function untestedRules(rules: readonly Rule[], cases: readonly RuleTestCase[]): readonly Problem[] {
  const named = new Set(cases.flatMap(namedRules));
  return rules
    .filter(({ name, mode }) => mode !== 'off' && !named.has(name))
    .map(({ name, location }) => ({
      file: location.file,
      location,
      message: `The rule "${name}" has no test: no case in the folder "tests" names it. Write one; docs/testing-rules.md shows how.`,
      severity: 'warning',
    }));
}

/** The rules that a case names, under `rules` or in what it expects. */
export function namedRules({ rules, expectations }: RuleTestCase): readonly string[] {
  const expected = [...expectations.values()].flatMap(({ actions, violated, clear }) => [
    ...(actions ?? []).flatMap(({ rule }) => (rule === undefined ? [] : [rule])),
    ...[...violated, ...clear].map(({ rule }) => rule),
  ]);
  return [...(rules ?? []), ...expected];
}
