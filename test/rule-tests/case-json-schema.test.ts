import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { caseSchemaText } from '../../src/cli/commands/rules-schema.js';
import { parseDocument } from '../../src/documents/located-document.js';
import { caseFileJsonSchema } from '../../src/rule-tests/case-json-schema.js';
import { caseSchema, collectionSchema } from '../../src/rule-tests/case-schema.js';
import { isValid } from '../policy/json-schema-validator.js';
import { problemsOf } from './support.js';

const SCHEMA = caseFileJsonSchema();
const TESTS = new URL('../../rules/tests/', import.meta.url).pathname;
const CASES = readdirSync(TESTS).filter((file) => /\.ya?ml$/.test(file));

function readValue(text: string, file = 'case.yaml'): unknown {
  const parsed = parseDocument(text, file);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.document.value;
}

const EVERY_KEY = `
name: everything
description: All that a case may say.
rules: [cap]
start: 2026-01-05T10:00:00+02:00
every: 5s
until: 1m
fail: [10s, 20s..40s]
strict: true
history: 0s
switch: test
numbers: { country: DE, techPrefixes: ["0011#"] }
limits: [{ scope: account, id: 10, name: most, value: 60 }]
protect: { numbers: ["112"], accounts: [7], customers: [] }
customerTree: { 3: 2 }
calls:
  - { id: a, repeat: 31, step: 500ms, from: -8d, to: 60s, answered: 3s, state: Idle, account: 10, customer: "{n%10+100}",
      connection: [7, 8], environment: 1, cli: "44{nn}", cld: ["49", "33"], callId: x, direction: onnet_in,
      callerMediaIp: 192.0.2.1, calleeMediaIp: 192.0.2.2, vendors: [3] }
  - { id: 31 }
expect:
  - { at: 0s, actions: [] }
  - at: [5s, 15s]
    actions:
      - { rule: cap, action: disconnectCall, targets: [a-30, a-31] }
      - { action: alert, target: 10, subject: "account:10", withheld: true }
      - { count: 3, withheld: protected-number }
    violated: [{ rule: cap, subject: "account:10" }]
    clear: [{ rule: cap, subject: "account:10" }]
`;

describe('what can be run is valid', () => {
  it.each(CASES)('the shipped %s, which names the schema', (file) => {
    const text = readFileSync(join(TESTS, file), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./cases.schema.json');
    expect(isValid(readValue(text), SCHEMA)).toBe(true);
  });

  it.each([
    ['every key', EVERY_KEY],
    ['nothing but a name', 'name: a'],
    [
      'several cases with what they have in common',
      'every: " 5 s "\ncases: [{ name: a }, { calls: [{ id: a }] }]',
    ],
    ['a file that names its schema', '$schema: ./cases.schema.json\ncases: [{ name: a }]'],
    ['one case that names its schema', '{ "$schema": "./cases.schema.json", "rules": ["cap"] }'],
  ])('%s', (_, text) => {
    expect(problemsOf(text).filter((problem) => !problem.includes('No poll'))).toEqual([]);
    expect(isValid(readValue(text), SCHEMA)).toBe(true);
  });
});

describe('usual mistakes are marked', () => {
  it.each([
    ['a mistyped key', 'call: []'],
    ['a number of seconds', 'every: 5'],
    ['a duration without its unit', 'calls: [{ id: a, from: "5" }]'],
    ['a negative duration', 'until: -5s'],
    ['half a range of polls', 'fail: ["5s.."]'],
    ['a called number without quotes', 'calls: [{ id: a, cld: 4930 }]'],
    ['a state after the answer', 'calls: [{ id: a, state: Connected }]'],
    ['a call without a name', 'calls: [{ account: 10 }]'],
    ['too many repetitions', 'calls: [{ id: a, repeat: 10001 }]'],
    ['an expectation without its poll', 'expect: [{ actions: [] }]'],
    ['an action that there is not', 'expect: [{ at: 0s, actions: [{ action: disconnect }] }]'],
    ['a reason that there is not', 'expect: [{ at: 0s, actions: [{ withheld: protected }] }]'],
    ['a subject without its scope', 'expect: [{ at: 0s, clear: [{ rule: cap, subject: "10" }] }]'],
    ['a limit of a call', 'limits: [{ scope: call, id: 1, name: a, value: 2 }]'],
    ['an empty list of cases', 'cases: []'],
    ['a name for several cases', 'name: x\ncases: [{ name: a }]'],
    ['a $schema that is no text', '$schema: 7'],
  ])('%s', (_, text) => {
    expect(problemsOf(text)).not.toEqual([]);
    expect(isValid(readValue(text), SCHEMA)).toBe(false);
  });
});

describe('the schema of test cases', () => {
  it('describes every key', () => {
    const bare = [...keysIn(SCHEMA)].filter(([, property]) => property['description'] === undefined);
    expect(bare.map(([key]) => key)).toEqual([]);
    const known = new Set([...keysIn(SCHEMA)].map(([key]) => key));
    for (const key of [...Object.keys(caseSchema.shape), ...Object.keys(collectionSchema.shape)])
      expect(known).toContain(key);
  });

  it('ships as the program prints it', () => {
    const hint = 'Write it anew: node dist/cli/main.js rules schema --cases > rules/tests/cases.schema.json';
    expect(readFileSync(join(TESTS, 'cases.schema.json'), 'utf8') === caseSchemaText(), hint).toBe(true);
  });
});

/** The keys that a person can write, with their schemas. */
function* keysIn(schema: unknown): Generator<[string, Record<string, unknown>]> {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, ...rest } = schema as { properties?: Record<string, Record<string, unknown>> };
  for (const [key, property] of Object.entries(properties ?? {})) {
    yield [key, property];
    yield* keysIn(property);
  }
  for (const inner of Object.values(rest)) yield* keysIn(inner);
}
