import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { knownRules, stageCase } from '../../src/cli/case-decider.js';
import type { RuleSet } from '../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { readCases } from '../../src/rule-tests/read-cases.js';
import { runCase } from '../../src/rule-tests/run-case.js';

const BLOCKS = ['docs/rules.md', 'docs/cookbook.md'].flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text),
);
const blockWith = (beginning: string) => BLOCKS.find((one) => one.startsWith(beginning)) ?? '';
const LIST = 'rules/lists/high-risk-prefixes.txt';

function checked(text: string, others: Parameters<typeof checkRules>[0] = []) {
  const files = [{ file: 'rules/climbing.yaml', kind: 'rules' as const, text }, ...others];
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

it('the rule that cuts by minutes in docs/cookbook.md goes on cutting, and spares other calls', async () => {
  const list = { file: LIST, kind: 'list' as const, text: readFileSync(LIST, 'utf8') };
  const { ruleSet, problems } = checked(blockWith('name: high-risk-minutes-cut'), [list]);
  expect(problems).toEqual([]);
  if (ruleSet === undefined) throw new Error('the rule is refused');
  const text = `rules: [high-risk-minutes-cut]
strict: true
until: 2m
calls:
  - { id: before, repeat: 3, account: 12, cli: "4420", cld: "25209{nnnnnn}", from: -50m, to: -5m, answered: 0s }
  - { id: own, account: 12, cli: "4420", cld: "442079460000", to: 5m, answered: 0s }
  - { id: more, repeat: 2, step: 1m, account: 12, cli: "4420", cld: "25209{nnnnnn}", to: 5m, answered: 0s }
expect:
  - { at: 0s, actions: [{ action: disconnectCall, target: more-1 }] }
  - { at: 60s, actions: [{ action: disconnectCall, target: more-2 }] }
`;
  const { cases, problems: wrong } = readCases(
    [{ file: 'rules/tests/minutes.yaml', text }],
    knownRules(ruleSet),
  );
  expect(wrong).toEqual([]);
  expect(cases).toHaveLength(1);
  for (const testCase of cases) {
    const { failures } = await runCase(testCase, stageCase(testCase, ruleSet));
    expect(failures).toEqual([]);
  }
});
