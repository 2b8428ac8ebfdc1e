import type { Rule } from '../../src/domain/rule.js';
import { createNumbering } from '../../src/facts/numbering.js';
import type { KnownRules } from '../../src/rule-tests/case-findings.js';
import { type ReadCases, readCases } from '../../src/rule-tests/read-cases.js';
import type { RuleTestCase } from '../../src/rule-tests/test-case.js';

export const START = Date.parse('2026-01-05T10:00:00Z');

export function aRule(name: string, over: Partial<Rule> = {}): Rule {
  return {
    name,
    description: undefined,
    scope: 'account',
    mode: 'monitor',
    priority: 1,
    conditions: { fact: 'account.connectedCalls', operator: 'greaterThan', value: 30 },
    event: { type: 'disconnectCall', select: 'newest', keep: 30, where: undefined, message: undefined },
    only: {},
    except: {},
    forMs: 0,
    cooldownMs: undefined,
    schedule: [],
    escalate: [],
    needs: undefined,
    hash: `hash of ${name}`,
    location: { file: `rules/${name}.yaml`, line: 1, column: 1 },
    ...over,
  };
}

export const KNOWN: KnownRules = {
  rules: [aRule('cap'), aRule('watch'), aRule('asleep', { mode: 'off' })],
  appliesTo: (rule, switchName) => rule.only.switches?.includes(switchName) ?? true,
  limitsReadBy: (rules) =>
    new Map([['account', new Set(rules.some(({ name }) => name === 'cap') ? ['most', 'fewest'] : [])]]),
  numberingOf: createNumbering,
};

export function read(text: string, known: KnownRules = KNOWN, file = 'rules/tests/some.yaml'): ReadCases {
  return readCases([{ file, text }], known);
}

/** The only case of a text that has to be right. */
export function theCase(text: string, known?: KnownRules): RuleTestCase {
  const { cases, problems } = read(text, known);
  const [first] = cases;
  if (first === undefined || cases.length !== 1) throw new Error(JSON.stringify(problems));
  return first;
}

/** `line:column: message` of every problem. */
export function problemsOf(text: string, known?: KnownRules): string[] {
  return read(text, known).problems.map(
    ({ location, message }) => `${location?.line}:${location?.column}: ${message}`,
  );
}
