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
const lists = checked.ruleSet?.lists ?? new Map<string, readonly string[]>();

/** The comment before the rule itself. */
async function headOf(file: string): Promise<string> {
  const text = await readFile(new URL(file, DIR), 'utf8');
  return text.slice(0, text.search(/^[^#]/m));
}

describe('the shipped rules', () => {
  it('pass the check without an error or a warning', () => {
    expect(checked.problems).toEqual([]);
    expect(rules.map(({ name }) => `${name}.yaml`).sort()).toEqual(files.sort());
  });

  it('cover the fraud that carriers meet, and their caps', () => {
    expect(rules.map(({ name }) => name).sort()).toEqual([
      'account-call-burst',
      'account-concurrent-calls',
      'caller-is-called',
      'connection-concurrent-calls',
      'customer-concurrent-calls',
      'equal-durations',
      'high-risk-destinations',
      'high-risk-minutes-a-day',
      'irsf-burst',
      'maximum-duration',
      'maximum-duration-costly',
      'night-international',
      'pbx-break-in',
      'same-number-pumping',
      'sequential-scan',
      'short-duration-dialer',
      'stuck-setups',
      'traffic-pumping',
      'vendor-concurrent-calls',
      'wangiri-call-back',
      'wangiri-one-ring',
    ]);
  });

  it('only monitor until an admin decides otherwise; the one that must name vendors first is off', () => {
    for (const { name, mode } of rules)
      expect(mode, name).toBe(name === 'vendor-concurrent-calls' ? 'off' : 'monitor');
  });

  it.each(files)(
    'say in the head of %s what they are for, what they measure, why there, and whom they hit',
    async (name) => {
      const head = await headOf(name);
      for (const word of ['Pattern:', 'Signal:', 'Threshold:', 'Wrong hits:'])
        expect(head).toContain(`# ${word}`);
    },
  );

  it.each(files)('give in %s a source for the threshold, or call it a starting point', async (name) => {
    const [, threshold = ''] = (await headOf(name)).split('# Threshold:');
    expect(threshold.split(/^# \w+( \w+)?:/m)[0]?.replaceAll(/\s*\n#\s*/g, ' ')).toMatch(
      /our starting\s+point|RFC \d+|\(\w[^)]*\.\w+/i,
    );
  });

  it.each(files)('tell editors in the first line of %s which schema it follows', async (name) => {
    const text = await readFile(new URL(name, DIR), 'utf8');
    expect(text.split('\n', 1)[0]).toBe('# yaml-language-server: $schema=./rule.schema.json');
  });

  it('mark no test case as a rule: cases have a schema of their own', async () => {
    const names = (await readdir(new URL('tests/', DIR))).filter((name) => /\.ya?ml$/.test(name));
    expect(names.length).toBeGreaterThanOrEqual(rules.length);
    for (const name of names) {
      const text = await readFile(new URL(`tests/${name}`, DIR), 'utf8');
      expect(text.match(/yaml-language-server.*/g), name).toEqual([
        'yaml-language-server: $schema=./cases.schema.json',
      ]);
    }
  });

  it('keep as many calls as the limit allows, by the same limit that they are judged by', () => {
    const capping = rules.filter(({ name }) => name.endsWith('-concurrent-calls'));
    expect(capping).toHaveLength(4);
    for (const rule of capping) expect(rule.event.keep).toEqual(limitOf(rule));
  });

  it('plan what is precise before the caps, which take whatever is too much', () => {
    const capping = rules.filter(({ name }) => name.endsWith('-concurrent-calls'));
    const highestCap = Math.max(...capping.map(({ priority }) => priority));
    for (const { name, scope, priority, event } of rules) {
      const precise = scope !== 'call' && event.type === 'disconnectCall' && event.keep === 0;
      if (precise) expect(priority, name).toBeGreaterThan(highestCap);
    }
  });

  it('plan what goes on for longest before what takes calls by the dozen, and what costs nothing last', () => {
    const priorityOf = (name: string) => rules.find((rule) => rule.name === name)?.priority ?? 0;
    const byTheDozen = rules.filter(({ name }) => /-concurrent-calls$|^account-call-burst$/.test(name));
    for (const { name, priority } of byTheDozen) {
      expect(priorityOf('maximum-duration'), name).toBeGreaterThan(priority);
      expect(priorityOf('irsf-burst'), name).toBeGreaterThan(priority);
    }
    expect(Math.min(...rules.map(({ priority }) => priority))).toBe(priorityOf('stuck-setups'));
  });

  it('spare the callers that an account has long had before a cap takes the newest, whoever makes them', () => {
    const burst = rules.find(({ name }) => name === 'account-call-burst');
    const cap = rules.find(({ name }) => name === 'account-concurrent-calls');
    expect(burst?.priority).toBeGreaterThan(cap?.priority ?? Number.POSITIVE_INFINITY);
    expect(JSON.stringify(burst?.event.where)).toContain('"cli.minutes"');
  });

  it.each(['wangiri-one-ring', 'sequential-scan', 'short-duration-dialer'])(
    'alert in %s first, and take no call of seconds, so that the cap of an hour is left to other rules',
    (name) => {
      const rule = rules.find((one) => one.name === name);
      expect(rule?.event.type).toBe('alert');
      for (const { event } of rule?.escalate ?? [])
        expect(JSON.stringify(event.where)).toContain('"call.duration"');
    },
  );

  it('never end all calls of an account or customer at the first sight of a pattern', () => {
    for (const { name, event } of rules) expect(['alert', 'disconnectCall'], name).toContain(event.type);
  });

  it('count one-ring calls from exactly the caller numbers that the list calls high-risk', () => {
    const wangiri = rules.find(({ name }) => name === 'wangiri-one-ring');
    expect(wangiri?.only.cli).toEqual(lists.get('high-risk-prefixes'));
  });
});

function limitOf(rule: Rule): unknown {
  const { conditions } = rule;
  const [first] = 'all' in conditions ? conditions.all : [];
  return first !== undefined && 'value' in first ? first.value : undefined;
}

describe('the shipped lists', () => {
  it.each([...lists.keys()])('hold in %s each prefix once, as an international one', async (list) => {
    const text = await readFile(new URL(`lists/${list}.txt`, DIR), 'utf8');
    const entries = text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim() || []);
    expect(entries.length).toBeGreaterThan(3);
    expect(new Set(entries).size).toBe(entries.length);
    const numbering = createNumbering({ techPrefixes: [] });
    for (const entry of entries) expect(`+${numbering.normalise(entry)}`).toBe(entry);
  });

  it('call every high-risk destination a costly one', () => {
    const costly = lists.get('costly-prefixes') ?? [];
    for (const entry of lists.get('high-risk-prefixes') ?? [])
      expect(
        costly.some((prefix) => entry.startsWith(prefix)),
        entry,
      ).toBe(true);
  });
});

describe('limits.csv', () => {
  it('ships without any limit of its own', () => {
    expect(checked.ruleSet?.limits).toEqual([]);
  });
});

describe('the cookbook', () => {
  it('goes through every shipped rule', async () => {
    const cookbook = await readFile(new URL('../docs/cookbook.md', DIR), 'utf8');
    for (const { name } of rules) {
      const shared = name.endsWith('-concurrent-calls') ? name.replace('concurrent-calls', '') : name;
      expect(cookbook, name).toContain(shared);
    }
  });
});

describe("the admin's guide", () => {
  it('shows worked examples that pass the check', async () => {
    const guide = await readFile(new URL('../docs/rules.md', DIR), 'utf8');
    const blocks = (language: string) =>
      [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
    const whole = blocks('yaml').filter((text) => text.startsWith('name:'));
    const { problems, ruleSet } = checkRules(
      [
        ...whole.map((text, index) => ({ file: `rules/${index}.yaml`, kind: 'rules' as const, text })),
        { file: 'rules/limits.csv', kind: 'limits', text: blocks('csv').join('') },
      ],
      FACT_CATALOGUE,
      sha256,
    );
    expect(problems).toEqual([]);
    expect(ruleSet?.rules).toHaveLength(3);
    expect(ruleSet?.limits).toHaveLength(1);
  });

  it('shows exceptions with an end that pass the check', async () => {
    const guide = await readFile(new URL('../docs/rules.md', DIR), 'utf8');
    const [, except] = /```yaml\n(except:\n {2}accounts: \[7, .*?)```/s.exec(guide) ?? [];
    const text = `name: x\nscope: account\nmode: monitor\nevent: { type: alert }\nconditions:\n  all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }]\n${except}`;
    const { problems, ruleSet } = checkRules(
      [{ file: 'rules/x.yaml', kind: 'rules', text }],
      FACT_CATALOGUE,
      sha256,
    );
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(ruleSet?.rules[0]?.except.expiring).toHaveLength(3);
  });

  it('names every fact of the catalogue', async () => {
    const guide = await readFile(new URL('../docs/rules.md', DIR), 'utf8');
    for (const { name } of FACT_CATALOGUE.values()) {
      expect(guide, name).toMatch(new RegExp(`\\b${name.split('.')[1]}\\b`));
    }
  });
});
