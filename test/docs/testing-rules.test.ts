import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNumbering } from '../../src/facts/numbering.js';
import { caseSchema, collectionSchema } from '../../src/rule-tests/case-schema.js';
import { readCases } from '../../src/rule-tests/read-cases.js';
import { aRule } from '../rule-tests/support.js';

const GUIDE = readFileSync('docs/testing-rules.md', 'utf8');
const BLOCKS = [...GUIDE.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const CALLS = `calls:
  - { id: a, repeat: 31, account: 10 }
`;

describe('the guide to testing rules', () => {
  it('shows cases that can be read', () => {
    expect(BLOCKS.length).toBeGreaterThan(3);
    for (const block of BLOCKS) {
      const text = (block.startsWith('expect:') ? CALLS + block : block)
        .replaceAll('calls: […]', 'calls: [{ id: a }]')
        .replaceAll('[…]', '[]');
      const known = {
        rules: [aRule('account-concurrent-calls'), aRule('sequential-scan')],
        appliesTo: () => true,
        limitsReadBy: () => new Map(),
        numberingOf: createNumbering,
      };
      expect(readCases([{ file: 'shown.yaml', text }], known).problems, block).toEqual([]);
    }
  });

  it('names every key', () => {
    const keys = [...Object.keys(caseSchema.shape), ...Object.keys(collectionSchema.shape)];
    for (const key of keys) expect(GUIDE, key).toContain(`\`${key}${key === 'cases' ? ':' : ''}\``);
  });
});
