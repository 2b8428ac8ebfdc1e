import { describe, expect, it } from 'vitest';
import type { Location } from '../../../src/domain/errors.js';
import { aRule } from '../../support/calls.js';
import { all, leaf, lint, messages, total } from './support.js';

const at = (file: string, line = 1): Location => ({ file, line, column: 1 });

describe('what no rule uses', () => {
  const lists = new Map<string, readonly string[]>(
    ['to', 'prefixes', 'numbers', 'kept', 'climbed', 'shared', 'idle'].map((name) => [name, ['+49']]),
  );
  const conditions = new Map([
    ['used', all({ condition: 'inner' })],
    ['inner', all(leaf('call.cld', 'notInList', 'shared'))],
    ['alone', all({ condition: 'deeper' })],
    ['deeper', all(leaf('call.age', 'greaterThan', 3))],
  ]);
  const event = { ...aRule().event, where: all(leaf('call.cld', 'startsWithAnyOf', 'prefixes')) };
  const rule = aRule({
    conditions: all(
      total('greaterThan', 3, { to: ['to'] }),
      { not: leaf('call.cld', 'inList', 'numbers') },
      { condition: 'used' },
    ),
    event: { keep: { fact: 'account.totalCalls', params: { to: ['kept'] } } },
    escalate: [
      {
        after: 2,
        withinMs: 1,
        event: { ...event, where: all(leaf('call.cld', 'startsWithAnyOf', 'climbed')) },
      },
    ],
  });
  const rules = [rule, aRule({ name: 'off', mode: 'off', event })];
  const listLocations = new Map([...lists.keys()].map((name) => [name, at(`rules/lists/${name}.txt`)]));
  const conditionLocations = new Map(
    [...conditions.keys()].map((name, index) => [name, at('rules/c.yaml', index + 2)]),
  );

  it('is told with its place: lists and shared conditions, those that lead to it included', () => {
    const problems = lint({ rules, lists, conditions }, { listLocations, conditionLocations });
    expect(
      problems.map(({ location, message, severity }) => [
        severity,
        `${location?.file}:${location?.line}`,
        message,
      ]),
    ).toEqual([
      [
        'warning',
        'rules/lists/idle.txt:1',
        'No rule uses the list "idle": remove the file, or name the list in a rule.',
      ],
      [
        'warning',
        'rules/c.yaml:4',
        'No rule uses the shared condition "alone": remove it, or use it by { condition: alone }.',
      ],
      [
        'warning',
        'rules/c.yaml:5',
        'No rule uses the shared condition "deeper": remove it, or use it by { condition: deeper }.',
      ],
    ]);
  });

  it('is not told where nobody says where it stands', () => {
    expect(lint({ rules, lists, conditions })).toEqual([]);
  });
});

describe('exceptions that have ended', () => {
  const now = Date.UTC(2026, 0, 5);
  const ends = (until: number | undefined, because?: string) =>
    messages(
      {
        rules: [
          aRule({
            except: {
              expiring: [{ key: 'accounts', entry: 8, until, because, location: at('rules/a.yaml', 9) }],
            },
          }),
        ],
      },
      { now },
    );

  it('are told from the instant at which they end', () => {
    expect(ends(now, 'a campaign')).toEqual([
      'The exception of 8 under "accounts" (a campaign) ended at 2026-01-05T00:00:00Z, so rule "account-concurrent-calls" applies to it again: remove the entry, or set a later "until".',
    ]);
    expect(ends(now + 1)).toEqual([]);
  });

  it('never are those without an end', () => {
    expect(ends(undefined, 'agreed')).toEqual([]);
  });
});

it('says of a rule only that it never matches where it is shadowed too', () => {
  const broad = aRule({ name: 'a', conditions: all(total('greaterThan', 3)) });
  const never = aRule({ name: 'b', conditions: all(total('greaterThan', 5), total('lessThan', 5)) });
  expect(messages({ rules: [broad, never] })).toEqual([expect.stringContaining('can never match')]);
});

describe('shortCalls', () => {
  const short = (within: number, under: number) =>
    leaf('account.shortCalls', 'greaterThan', 9, { within, under });
  const told = (...parts: Parameters<typeof all>) =>
    messages({ rules: [aRule({ conditions: all(...parts), event: { type: 'alert' } })] });

  it('that calls all short that began and ended in the window is told, once', () => {
    const message =
      '"under: 10m" of account.shortCalls in rule "account-concurrent-calls" is not less than "within: 10m", so every answered call that began and ended in the window is short. Lower "under", or widen "within".';
    expect(told(short(600, 600), short(600, 600))).toEqual([message]);
    expect(told(total('greaterThan', 3), short(60, 90))).toEqual([expect.stringContaining('"under: 90s"')]);
  });

  it('is fine below the window', () => {
    expect(told(short(600, 599))).toEqual([]);
  });
});
