import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { knownRules, stageCase } from '../../src/cli/case-decider.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { readCaseFiles } from '../../src/rule-files/read-case-files.js';
import { readRuleFiles } from '../../src/rule-files/read-rule-files.js';
import { readCases } from '../../src/rule-tests/read-cases.js';
import { textReport } from '../../src/rule-tests/report-cases.js';
import { runCase } from '../../src/rule-tests/run-case.js';
import type { RuleTestCase } from '../../src/rule-tests/test-case.js';

const DIR = fileURLToPath(new URL('../../rules/', import.meta.url));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const { ruleSet, problems } = checkRules(await readRuleFiles(DIR), FACT_CATALOGUE, sha256);
if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
const { rules } = ruleSet;
const read = readCases(await readCaseFiles(DIR), knownRules(ruleSet));

/** The cases that are about this rule alone. */
const casesOf = (rule: string): readonly RuleTestCase[] =>
  read.cases.filter((one) => one.rules?.length === 1 && one.rules[0] === rule);

const demandsAction = ({ expectations }: RuleTestCase) =>
  [...expectations.values()].some(({ actions }) => actions?.some(({ withheld }) => withheld === undefined));

describe('the cases of the shipped rules', () => {
  it('are read without a problem', () => {
    expect(read.problems).toEqual([]);
    expect(read.cases.length).toBeGreaterThan(70);
  });

  it.each(read.cases.map((one) => [`${one.rules?.join(', ')}: ${one.name}`, one] as const))(
    '%s',
    async (_, testCase) => {
      const result = await runCase(testCase, stageCase(testCase, ruleSet));
      expect(result.failures.length === 0 ? '' : textReport([result])).toBe('');
    },
  );

  // As docs/config.md advises; digits without any prefix are read otherwise by a country alone.
  it.each(
    read.cases
      .filter((one) => demandsAction(one) && one.numbers.country === undefined)
      .map((one) => [`${one.rules?.join(', ')}: ${one.name}`, one] as const),
  )('hold where the switch states a country, too: %s', async (_, written) => {
    const numbers = { country: 'DE', bare: 'international', techPrefixes: [] } as const;
    const testCase = { ...written, numbers };
    const result = await runCase(testCase, stageCase(testCase, ruleSet));
    expect(result.failures.length === 0 ? '' : textReport([result])).toBe('');
  });

  it.each(rules.map(({ name }) => name))(
    'show for %s an attack that is caught and two looks-alike that are not',
    (name) => {
      const cases = casesOf(name);
      expect(cases.filter(demandsAction).length).toBeGreaterThanOrEqual(1);
      expect(cases.filter((one) => !demandsAction(one)).length).toBeGreaterThanOrEqual(2);
    },
  );

  it.each(rules.map(({ name }) => name))('of %s stand in a file of its name', (name) => {
    for (const { location } of casesOf(name))
      expect(location.file).toMatch(new RegExp(`/tests/${name}\\.yaml$`));
  });
});
