import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { createNumbering } from '../../src/facts/numbering.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { readRuleFiles } from '../../src/rule-files/read-rule-files.js';

const DIR = new URL('../../rules/', import.meta.url);
const files = (await readdir(DIR)).filter((name) => name.endsWith('.yaml'));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const checked = checkRules(await readRuleFiles(fileURLToPath(DIR)), FACT_CATALOGUE, sha256);
const rules = checked.ruleSet?.rules ?? [];

describe('the shipped rules', () => {
  it('pass the check without an error or a warning', () => {
    expect(checked.problems).toEqual([]);
    expect(rules.map(({ name }) => `${name}.yaml`).sort()).toEqual(files.sort());
  });

  it('cover what a carrier needs first', () => {
    expect(rules.map(({ name }) => name).sort()).toEqual([
      'account-concurrent-calls',
      'connection-concurrent-calls',
      'customer-concurrent-calls',
      'high-risk-destinations',
      'maximum-duration',
      'stuck-setups',
    ]);
  });

  it('only monitor until an admin decides otherwise', () => {
    for (const rule of rules) expect(rule.mode, rule.name).toBe('monitor');
  });

  it.each(files)(
    'say in the head of %s what they are for, what they measure, why there, and whom they hit',
    async (name) => {
      const text = await readFile(new URL(name, DIR), 'utf8');
      const head = text.slice(0, text.search(/^[^#]/m));
      for (const word of ['Pattern:', 'Signal:', 'Threshold:', 'Wrong hits:'])
        expect(head).toContain(`# ${word}`);
    },
  );

  it('keep as many calls as the limit allows, by the same limit that they are judged by', () => {
    const capping = rules.filter(({ name }) => name.endsWith('-concurrent-calls'));
    expect(capping).toHaveLength(3);
    for (const rule of capping) expect(rule.event.keep).toEqual(limitOf(rule));
  });
});

function limitOf(rule: Rule): unknown {
  const { conditions } = rule;
  const [first] = 'all' in conditions ? conditions.all : [];
  return first !== undefined && 'value' in first ? first.value : undefined;
}

describe('the list of high-risk prefixes', () => {
  it('holds each prefix once, as an international one', async () => {
    const text = await readFile(new URL('lists/high-risk-prefixes.txt', DIR), 'utf8');
    const entries = text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim() || []);
    expect(entries.length).toBeGreaterThan(20);
    expect(new Set(entries).size).toBe(entries.length);
    const numbering = createNumbering({ techPrefixes: [] });
    for (const entry of entries) expect(`+${numbering.normalise(entry)}`).toBe(entry);
  });
});

describe('limits.csv', () => {
  it('ships without any limit of its own', () => {
    expect(checked.ruleSet?.limits).toEqual([]);
  });
});

describe("the admin's guide", () => {
  it('shows a worked example that passes the check', async () => {
    const guide = await readFile(new URL('../docs/rules.md', DIR), 'utf8');
    const block = (language: string) =>
      guide.match(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``))?.[1] ?? '';
    const { problems, ruleSet } = checkRules(
      [
        { file: 'rules/account-concurrent-calls.yaml', kind: 'rules', text: block('yaml') },
        { file: 'rules/limits.csv', kind: 'limits', text: block('csv') },
      ],
      FACT_CATALOGUE,
      sha256,
    );
    expect(problems).toEqual([]);
    expect(ruleSet?.rules).toHaveLength(1);
    expect(ruleSet?.limits).toHaveLength(1);
  });

  it('names every fact of the catalogue', async () => {
    const guide = await readFile(new URL('../docs/rules.md', DIR), 'utf8');
    for (const { name } of FACT_CATALOGUE.values()) {
      expect(guide, name).toMatch(new RegExp(`\\b${name.split('.')[1]}\\b`));
    }
  });
});
