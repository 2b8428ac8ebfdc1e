import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { knownRules, stageCase } from '../../src/cli/case-decider.js';
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

it('the rule that climbs in docs/rules.md does what its case says, without a warning', async () => {
  const { ruleSet, problems } = checked(blockWith('name: climbing'));
  expect(problems).toEqual([]);
  if (ruleSet === undefined) throw new Error('the rule is refused');
  const files = [{ file: 'rules/tests/climbing.yaml', text: blockWith('rules: [climbing]') }];
  const { cases, problems: wrong } = readCases(files, knownRules(ruleSet));
  expect(wrong).toEqual([]);
  expect(cases).toHaveLength(1);
  for (const testCase of cases) {
    const { failures } = await runCase(testCase, stageCase(testCase, ruleSet));
    expect(failures).toEqual([]);
  }
});

it('is never reached without its cooldown, as docs/rules.md says, unless within 15 minutes', () => {
  const bare = blockWith('name: climbing').replace('cooldown: 1m\n', '');
  expect(checked(bare).problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('This step is never reached'),
  ]);
  expect(checked(bare.replace('within: 10m', 'within: 15m')).problems).toEqual([]);
});
