import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { knownRules, stageCase } from '../../src/cli/case-decider.js';
import type { RuleSet } from '../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { readCases } from '../../src/rule-tests/read-cases.js';
import { runCase } from '../../src/rule-tests/run-case.js';

const BLOCKS = [...readFileSync('docs/rules.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text = '']) => text,
);
const blockWith = (beginning: string) => BLOCKS.find((one) => one.startsWith(beginning)) ?? '';

function checked(text: string) {
  const files = [{ file: 'rules/climbing.yaml', kind: 'rules' as const, text }];
  return checkRules(files, FACT_CATALOGUE, (one) => createHash('sha256').update(one).digest('hex'));
}

async function failuresOf(ruleSet: RuleSet | undefined) {
  if (ruleSet === undefined) throw new Error('the rule is refused');
  const files = [{ file: 'rules/tests/climbing.yaml', text: blockWith('rules: [climbing]') }];
  const { cases, problems } = readCases(files, knownRules(ruleSet));
  expect(problems).toEqual([]);
  expect(cases).toHaveLength(1);
  const runs = await Promise.all(cases.map((one) => runCase(one, stageCase(one, ruleSet))));
  return runs.flatMap(({ failures }) => failures);
}

it('the rule that climbs in docs/rules.md does what its case says, without a warning', async () => {
  const { ruleSet, problems } = checked(blockWith('name: climbing'));
  expect(problems).toEqual([]);
  expect(await failuresOf(ruleSet)).toEqual([]);
});

it('is not said to be never reached where its case shows that it is', async () => {
  const { ruleSet, problems } = checked(blockWith('name: climbing').replace('within: 10m', 'within: 182s'));
  expect(await failuresOf(ruleSet)).toEqual([]);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('This step may not be reached'),
  ]);
});

it('may not be reached without its cooldown, as docs/rules.md says, unless within 15 minutes', () => {
  const bare = blockWith('name: climbing').replace('cooldown: 1m\n', '');
  expect(checked(bare).problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('This step may not be reached'),
  ]);
  expect(checked(bare.replace('within: 10m', 'within: 15m')).problems).toEqual([]);
});
