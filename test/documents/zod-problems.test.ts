import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { didYouMean } from '../../src/documents/did-you-mean.js';
import { parseDocument } from '../../src/documents/located-document.js';
import { zodProblems } from '../../src/documents/zod-problems.js';

const schema = z.strictObject({
  mode: z.enum(['enforce', 'monitor', 'off']),
  keep: z.int().min(0).optional(),
  share: z.number().gt(0).max(1).optional(),
  accounts: z.array(z.number()).min(1).optional(),
  name: z
    .string()
    .regex(/^[a-z]+$/, 'The name must be lower-case letters.')
    .optional(),
  protect: z.strictObject({ numbers: z.array(z.string()) }).optional(),
  login: z
    .union([
      z.strictObject({ user: z.string(), password: z.string() }),
      z.strictObject({ customer: z.number() }),
    ])
    .optional(),
  tree: z.record(z.string(), z.strictObject({ parent: z.number() })).optional(),
  except: z.array(z.union([z.int(), z.strictObject({ id: z.int(), until: z.string() })])).optional(),
});

function problems(text: string) {
  const parsed = parseDocument(text, 'c.yaml');
  if (!parsed.ok) throw new Error('not YAML');
  const result = schema.safeParse(parsed.document.value);
  if (result.success) return [];
  return zodProblems(result.error, parsed.document, {
    schema,
    explainKey: (key) => (key === 'later' ? 'Later!' : undefined),
  }).map(({ location, message }) => `${location?.line}:${location?.column} ${message}`);
}

describe('zodProblems', () => {
  it.each([
    [
      'mode: enforced',
      '1:7 "mode": expected one of "enforce", "monitor" or "off", but found the text "enforced". Did you mean "enforce"?',
    ],
    ['keep: 1', '1:1 "mode" is missing: expected one of "enforce", "monitor" or "off".'],
    ['mode: off\nkeeep: 1', '2:1 "keeep" is not a known key. Did you mean "keep"?'],
    [
      'mode: off\nzzzzzz: 1',
      '2:1 "zzzzzz" is not a known key: expected one of mode, keep, share, accounts, name, protect, login, tree, except.',
    ],
    ['mode: off\nlater: 1', '2:1 Later!'],
    ['mode: off\nkeep: "3"', '2:7 "keep": expected a number, but found the text "3".'],
    ['mode: off\nkeep: 3.5', '2:7 "keep": expected a whole number, but found the number 3.5.'],
    ['mode: off\nkeep: -1', '2:7 "keep": expected a number, at least 0, but found the number -1.'],
    ['mode: off\nshare: 0', '2:8 "share": expected a number, more than 0, but found the number 0.'],
    [
      'mode: off\naccounts: []',
      '2:11 "accounts": expected a list of at least 1 entry, but found an empty list.',
    ],
    ['mode: off\naccounts:\n  - 1\n  - x', '4:5 "accounts[1]": expected a number, but found the text "x".'],
    ['mode: off\nname: A1', '2:7 The name must be lower-case letters.'],
    ['mode: off\nprotect:\n  number: []', '3:3 "number" is not a known key. Did you mean "numbers"?'],
    ['mode: off\nlogin: {user: a}', '2:8 "password" is missing: expected text.'],
    ['mode: off\ntree: {3: {parnt: 2}}', '2:12 "parnt" is not a known key. Did you mean "parent"?'],
    // Of a union, the branch that takes values of this type says what is wrong.
    [
      'mode: off\nexcept: [{ id: 8, util: x, until: y }]',
      '2:19 "util" is not a known key. Did you mean "until"?',
    ],
    ['mode: off\nexcept: [x]', '2:10 "except[0]": expected a number, but found the text "x".'],
    ['mode: off\nkeep:', '2:1 "keep": expected a number, but found nothing.'],
    ['[a]', '1:1 The document: expected a mapping, but found a list.'],
  ])('explains %j', (text, message) => {
    expect(problems(text)).toContain(message);
  });

  it('reports every problem at once, one for each unknown key', () => {
    expect(problems('mode: x\nkeep: x\none: 1\ntwo: 2')).toHaveLength(4);
  });
});

describe('didYouMean', () => {
  it('finds what is one slip away and is silent where nothing is close', () => {
    const candidates = ['account.connectedCalls', 'account.totalCalls', 'mode', 'in', 'greaterThan'];
    expect(didYouMean('account.conectedCalls', candidates)).toBe(' Did you mean "account.connectedCalls"?');
    expect(didYouMean('greaterthan', candidates)).toBe(' Did you mean "greaterThan"?');
    expect(didYouMean('mdoe', candidates)).toBe(' Did you mean "mode"?');
    expect(didYouMean('banana', candidates)).toBe('');
    expect(didYouMean('x', candidates)).toBe('');
  });
});
