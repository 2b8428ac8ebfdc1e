import { describe, expect, it } from 'vitest';
import { check, problemsOf } from './support.js';

const GOOD = `name: account-concurrent-calls
scope: account
mode: monitor
conditions:
  all:
    - fact: account.connectedCalls
      operator: greaterThan
      value: 30
event:
  type: disconnectCall
  params: { keep: 30 }
`;

/** The good rule with one piece of its text replaced. */
function changed(from: string, to: string): string {
  if (!GOOD.includes(from)) throw new Error(`the good rule holds no ${from}`);
  return GOOD.replace(from, to);
}

/** A call rule with this comparison on line 5, its keys at column 7. */
function withLeaf(leaf: string): string {
  return `name: a
scope: call
mode: monitor
conditions: { all: [
      ${leaf}
  ] }
event: { type: disconnectCall }
`;
}

/** An account rule with this comparison on line 5. */
function withAccountLeaf(leaf: string): string {
  return withLeaf(leaf).replace('scope: call', 'scope: account').replace('disconnectCall', 'alert');
}

/** A rule on accounts whose event stands on line 5, its text beginning at column 8. */
function withEvent(event: string, scope = 'account'): string {
  return `name: a
scope: ${scope}
mode: monitor
conditions: { all: [{ fact: ${scope}.${scope === 'call' ? 'duration' : 'totalCalls'}, operator: greaterThan, value: 1 }] }
event: ${event}
`;
}

describe('a good rule', () => {
  it('is read with its defaults filled in', () => {
    const { ruleSet, problems } = check({ 'rules/a.yaml': GOOD });
    expect(problems).toEqual([]);
    expect(ruleSet?.rules).toEqual([
      {
        name: 'account-concurrent-calls',
        description: undefined,
        scope: 'account',
        mode: 'monitor',
        priority: 1,
        conditions: { all: [{ fact: 'account.connectedCalls', operator: 'greaterThan', value: 30 }] },
        event: { type: 'disconnectCall', select: 'newest', keep: 30, where: undefined, message: undefined },
        only: {},
        except: {},
        forMs: 0,
        cooldownMs: undefined,
        schedule: [],
        escalate: [],
        needs: undefined,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        location: { file: 'rules/a.yaml', line: 1, column: 1 },
      },
    ]);
  });

  it('may be JSON, stand in a list beside shared conditions, and use lists, limits and other facts', () => {
    const { problems, ruleSet } = check({
      'rules/a.json': JSON.stringify({
        name: 'json',
        scope: 'call',
        mode: 'off',
        priority: 7,
        conditions: {
          any: [{ fact: 'call.cld', operator: 'startsWithAnyOf', value: 'risky' }, { condition: 'long' }],
        },
        event: { type: 'disconnectCall' },
        only: { switches: ['lab'], cli: ['+49 30'] },
        except: { accounts: [7] },
      }),
      'rules/b.yaml': `conditions:
  long: { all: [{ fact: call.duration, operator: greaterThan, value: 3600 }] }
rules:
  - name: listed
    scope: customer
    mode: enforce
    conditions:
      all:
        - fact: customer.connectedCalls
          params: { to: risky, state: Connected, direction: vendor }
          operator: greaterThan
          value: { fact: customer.limit, params: { name: maxRisky, default: 2 } }
    event: { type: disconnectCall, params: { select: oldest, keep: { fact: customer.limit, params: { name: maxRisky, default: 2 } }, where: { condition: long } } }
`,
      'rules/c.yaml': '# nothing but a comment\nconditions: {}\n',
      'rules/lists/risky.txt': '# satellite\n+882\n  00883 # more\n\n',
      'rules/limits.csv':
        'switch,name,id,scope,value\n,maxRisky,2,customer,5\nlab,"maxRisky",2,customer,7.5\n',
    });
    expect(problems).toEqual([]);
    expect(ruleSet?.lists.get('risky')).toEqual(['+882', '00883']);
    expect(ruleSet?.limits).toEqual([
      { scope: 'customer', id: '2', name: 'maxRisky', value: 5, switch: undefined },
      { scope: 'customer', id: '2', name: 'maxRisky', value: 7.5, switch: 'lab' },
    ]);
    expect(ruleSet?.rules[1]?.conditions).toMatchObject({
      all: [{ params: { to: ['risky'], state: ['Connected'], direction: ['vendor'] } }],
    });
  });

  it('has a hash that follows its own text, lists, limits and shared conditions, and nothing else', () => {
    const files = {
      'a.yaml': `name: a
scope: account
mode: monitor
conditions: { all: [{ condition: busy }] }
event: { type: alert }
`,
      'b.yaml': `conditions:
  busy: { all: [{ fact: account.totalCalls, params: { to: risky }, operator: greaterThan, value: { fact: account.limit, params: { name: max, default: 3 } } }] }
  other: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }
`,
      'lists/risky.txt': '882\n',
      'lists/other.txt': '883\n',
      'limits.csv': 'scope,id,name,value\naccount,1,max,3\naccount,1,min,3\n',
    };
    const hashOf = (changes: Partial<typeof files>) =>
      check({ ...files, ...changes }).ruleSet?.rules[0]?.hash;
    const base = hashOf({});
    expect(hashOf({ 'a.yaml': `# moved\n\n${files['a.yaml']}` })).toBe(base);
    expect(hashOf({ 'a.yaml': `$schema: ./rule.schema.json\n${files['a.yaml']}` })).toBe(base);
    expect(hashOf({ 'lists/other.txt': '884\n' })).toBe(base);
    expect(hashOf({ 'limits.csv': files['limits.csv'].replace('min,3', 'min,4') })).toBe(base);
    expect(hashOf({ 'b.yaml': files['b.yaml'].replace('value: 1', 'value: 2') })).toBe(base);
    const others = [
      hashOf({ 'a.yaml': files['a.yaml'].replace('monitor', 'enforce') }),
      hashOf({ 'lists/risky.txt': '881\n' }),
      hashOf({ 'limits.csv': files['limits.csv'].replace('max,3', 'max,4') }),
      hashOf({ 'b.yaml': files['b.yaml'].replace('default: 3', 'default: 4') }),
    ];
    expect(new Set([base, ...others]).size).toBe(5);
    expect(base).toBeDefined();
  });
});

describe('the hash of a rule', () => {
  const text = (more: string) => `${GOOD}${more}`;
  const hashOf = (more: string, lists: Record<string, string> = {}) => {
    const { ruleSet, problems } = check({ 'a.yaml': text(more), ...lists });
    if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join());
    return ruleSet.rules[0]?.hash;
  };
  const step = (event: string) => `escalate: [{ after: 3, within: 10m, event: ${event} }]\n`;

  it('changes with every key that times, excepts or escalates it', () => {
    const hashes = [
      '',
      'for: 10s\n',
      'for: 20s\n',
      'cooldown: 5m\n',
      'schedule: { days: [sat], timezone: UTC }\n',
      'schedule: { days: [sun], timezone: UTC }\n',
      'needs: complete\n',
      'except: { accounts: [8] }\n',
      'except: { accounts: [{ id: 8, until: 2026-02-01 }] }\n',
      'except: { accounts: [{ id: 8, until: 2026-02-02 }] }\n',
      step('{ type: disconnectAccount }'),
      step('{ type: disconnectCustomer }'),
      step('{ type: disconnectAccount }').replace('10m', '20m'),
      step('{ type: disconnectAccount }').replace('3', '4'),
    ].map((more) => hashOf(more));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('changes with the lists and limits that only an escalation step uses', () => {
    const where = '{ all: [{ fact: call.cld, operator: startsWithAnyOf, value: risky }] }';
    const counted = `{ all: [{ fact: account.totalCalls, params: { to: risky }, operator: greaterThan, value: 1 }] }`;
    for (const condition of [where, counted]) {
      const more = step(`{ type: disconnectCall, params: { where: ${condition} } }`);
      const base = hashOf(more, { 'lists/risky.txt': '882\n' });
      expect(hashOf(more, { 'lists/risky.txt': '882\n' })).toBe(base);
      expect(hashOf(more, { 'lists/risky.txt': '883\n' })).not.toBe(base);
    }
    const keep = step(
      '{ type: disconnectCall, params: { keep: { fact: account.limit, params: { name: max, default: 1 } } } }',
    );
    const limits = (value: number) => ({ 'limits.csv': `scope,id,name,value\naccount,1,max,${value}\n` });
    expect(hashOf(keep, limits(1))).not.toBe(hashOf(keep, limits(2)));
  });

  it('stays where only the reason of an exception changes, or where it stands', () => {
    const except = (entry: string) => hashOf(`except: { accounts: [${entry}] }\n`);
    const base = except('{ id: 8, until: 2026-02-01, because: a test }');
    expect(except('{ id: 8, because: another, until: 2026-02-01 }')).toBe(base);
    expect(except('\n  { id: 8, until: 2026-02-01 }')).toBe(base);
  });

  it('stays where an exception for good is given a reason, and changes where it is given an end', () => {
    const except = (entries: string) => hashOf(`except: { accounts: [${entries}] }\n`);
    const base = except('7, 8');
    expect(except('{ id: 7, because: a test }, 8')).toBe(base);
    expect(except('8, { id: 7, because: a test }')).toBe(base);
    expect(except('8, { id: 7, until: 2026-02-01 }')).not.toBe(base);
    expect(except('7')).not.toBe(base);
  });

  type Pair = [what: string, one: string, other: string];
  it.each<Pair>([
    ['subjects', 'only: { accounts: [9, 10, 11] }\n', 'only: { accounts: [10, 11, 9] }\n'],
    ['prefixes', 'only: { cld: ["44", "+49"] }\n', 'only: { cld: ["+49", "44"] }\n'],
    [
      'days',
      'schedule: { days: [sat, sun], timezone: UTC }\n',
      'schedule: { days: [sun, sat], timezone: UTC }\n',
    ],
    ...(
      [
        ['values', '{ fact: call.country, operator: in, value: [', 'DE', 'FR', '] }'],
        ['numbers', '{ fact: call.account, operator: notIn, value: [', '9', '10', '] }'],
        [
          'networks',
          '{ fact: call.callerMediaIp, operator: inNetwork, value: [',
          '10.0.0.0/8',
          '192.0.2.0/24',
          '] }',
        ],
        [
          'states',
          '{ fact: account.totalCalls, params: { state: [',
          'Idle',
          'Connected',
          '] }, operator: greaterThan, value: 1 }',
        ],
        [
          'destinations',
          '{ fact: account.totalCalls, params: { to: [',
          '"44"',
          '"49"',
          '] }, operator: greaterThan, value: 1 }',
        ],
      ] as const
    ).map(([what, before, one, other, after]) => {
      const where = (first: string, second: string) =>
        step(`{ type: disconnectCall, params: { where: { any: [${before}${first}, ${second}${after}] } } }`);
      return [what, where(one, other), where(other, one)] satisfies Pair;
    }),
  ])('stays where %s only change places', (_, one, other) => {
    expect(hashOf(one)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf(other)).toBe(hashOf(one));
  });

  it('stays where lines of a list only change places, as it was before where they are in order', () => {
    const where = step(
      '{ type: disconnectCall, params: { where: { all: [{ fact: call.cld, operator: startsWithAnyOf, value: risky }] } } }',
    );
    const withList = (...lines: string[]) => hashOf(where, { 'lists/risky.txt': `${lines.join('\n')}\n` });
    expect(withList('883', '882', '8811')).toBe(withList('8811', '882', '883'));
    expect(withList('882', '883')).not.toBe(withList('8811', '882', '883'));
  });

  it('stays where entries in a shared condition only change places', () => {
    const shared = (values: string) => {
      const conditions = `conditions:\n  near: { all: [{ fact: call.country, operator: in, value: [${values}] }] }\n`;
      const more = step('{ type: disconnectCall, params: { where: { all: [{ condition: near }] } } }');
      return check({ 'a.yaml': text(more), 'b.yaml': conditions }).ruleSet?.rules[0]?.hash;
    };
    expect(shared('DE, FR')).toMatch(/^[0-9a-f]{64}$/);
    expect(shared('FR, DE')).toBe(shared('DE, FR'));
  });

  it('changes where conditions change places, which shows in the evidence', () => {
    const where = (...conditions: string[]) =>
      hashOf(step(`{ type: disconnectCall, params: { where: { all: [${conditions}] } } }`));
    const [one, other] = [
      '{ fact: call.age, operator: greaterThan, value: 1 }',
      '{ fact: call.country, operator: equal, value: DE }',
    ];
    expect(where(one, other)).not.toBe(where(other, one));
  });

  it('stays where the rows of limits.csv only change places', () => {
    const keep = step(
      '{ type: disconnectCall, params: { keep: { fact: account.limit, params: { name: max, default: 1 } } } }',
    );
    const limits = (...rows: string[]) => ({ 'limits.csv': ['scope,id,name,value', ...rows, ''].join('\n') });
    const [one, other] = ['account,1,max,5', 'account,2,max,7'];
    const files = (...rows: string[]) => ({ 'r.yaml': text(keep), ...limits(...rows) });
    expect(hashOf(keep, limits(one, other))).toBe(hashOf(keep, limits(other, one)));
    expect(check(files(one, other)).ruleSet?.hash).toBe(check(files(other, one)).ruleSet?.hash);
  });
});

describe('a rule is refused, with its place and what was expected,', () => {
  it.each([
    [
      'an unknown key',
      changed('mode: monitor', 'mode: monitor\nmodes: off'),
      '4:1 "modes" is not a known key. Did you mean "mode"?',
    ],
    [
      'no mode',
      changed('mode: monitor\n', ''),
      '1:1 "mode" is missing: expected one of "enforce", "monitor" or "off".',
    ],
    [
      'an unknown mode',
      changed('mode: monitor', 'mode: monitr'),
      '3:7 "mode": expected one of "enforce", "monitor" or "off", but found the text "monitr". Did you mean "monitor"?',
    ],
    [
      'an unknown scope',
      changed('scope: account', 'scope: acount'),
      '2:8 "scope": expected one of "call", "account", "customer", "connection", "vendor", "cli" or "switch", but found the text "acount". Did you mean "account"?',
    ],
    [
      'a name with blanks',
      changed('account-concurrent-calls', 'My Rule'),
      '1:7 A name is made of lower-case letters, digits and hyphens',
    ],
    [
      'the name of actions by hand',
      changed('account-concurrent-calls', 'by-hand'),
      '1:7 "by-hand" is the name under which the audit log keeps actions by hand',
    ],
    [
      'priority zero, which the engine refuses',
      changed('mode:', 'priority: 0\nmode:'),
      '3:11 "priority": expected a number, at least 1, but found the number 0.',
    ],
    [
      'no conditions',
      GOOD.replace(/conditions:[\s\S]*(?=event)/, ''),
      '1:1 "conditions" is missing: expected all, any, not or condition.',
    ],
    ['no event', GOOD.replace(/event:[\s\S]*/, ''), '1:1 "event" is missing: expected a mapping.'],
    ['a rule that is a list', '- name: a\n', '1:1 The document: expected a mapping, but found a list.'],
    [
      'event type "error", the engine\'s own',
      changed('type: disconnectCall', 'type: error'),
      '10:9 "error" is an event of json-rules-engine itself: expected one of alert, disconnectCall',
    ],
    [
      'event type "success", the engine\'s own',
      changed('type: disconnectCall', 'type: success'),
      '10:9 "success" is an event of json-rules-engine itself',
    ],
    [
      'an unknown event',
      changed('type: disconnectCall', 'type: disconectCall'),
      '10:9 "type": expected one of "alert", "disconnectCall", "disconnectAccount" or "disconnectCustomer", but found the text "disconectCall". Did you mean "disconnectCall"?',
    ],
    [
      'an unknown event param',
      changed('keep: 30', 'kep: 30'),
      '11:13 "kep" is not a known key. Did you mean "keep"?',
    ],
    [
      'keep that is no whole number',
      changed('keep: 30', 'keep: 30.5'),
      '11:19 "keep": expected a whole number, but found the number 30.5.',
    ],
    ['a negative keep', changed('keep: 30', 'keep: -1'), '11:19 "keep": expected a number, at least 0'],
    [
      'an unknown selection',
      changed('keep: 30', 'select: newst'),
      '11:21 "select": expected one of "newest", "oldest", "longest" or "shortest", but found the text "newst". Did you mean "newest"?',
    ],
    [
      'an unknown filter',
      changed('event:', 'only: { account: [1] }\nevent:'),
      '9:9 "account" is not a known key. Did you mean "accounts"?',
    ],
    [
      'an empty filter',
      changed('event:', 'only: { accounts: [] }\nevent:'),
      '9:19 "accounts": expected a list of at least 1 entry, but found an empty list.',
    ],
    [
      'an account that is text',
      changed('event:', 'except: { accounts: ["7"] }\nevent:'),
      '9:22 "accounts[0]": expected a number, but found the text "7".',
    ],
    [
      'a prefix that is a number',
      changed('event:', 'except: { cld: [0049] }\nevent:'),
      '9:17 A prefix is text: put it in quotes',
    ],
    [
      'a prefix that is none',
      changed('event:', 'except: { cld: ["abc"] }\nevent:'),
      '9:17 This is no number prefix: expected digits',
    ],
    [
      'a caller without a number as a prefix',
      changed('event:', 'except: { cli: [anonymous] }\nevent:'),
      '9:17 This is no number prefix: expected digits, with or without "+" and separators. Callers without a number are matched by a condition: { fact: call.cli, operator: equal, value: anonymous }.',
    ],
  ])('for %s', (_, text, message) => {
    expect(problemsOf({ 'r.yaml': text })).toContainEqual(expect.stringContaining(`r.yaml:${message}`));
    expect(check({ 'r.yaml': text }).ruleSet).toBeUndefined();
  });
});

describe('conditions are refused', () => {
  it.each([
    [
      'an empty "all", which the engine takes for true',
      'all: []',
      '5:8 "all": expected a list of at least 1 entry, but found an empty list.',
    ],
    [
      'an empty "any", which the engine takes for true',
      'any: []',
      '5:8 "any": expected a list of at least 1 entry',
    ],
    [
      'both "all" and "any", of which the engine drops one',
      'all: [{ condition: x }]\n  any: [{ condition: y }]',
      '5:3 A condition has exactly one of all, any, not and condition, but this has all and any',
    ],
    [
      '"all" that is no list',
      'all: { fact: account.totalCalls, operator: equal, value: 1 }',
      '5:8 "all": expected a list, but found a mapping.',
    ],
    [
      'an unknown key beside "all", which the engine ignores',
      'all: [{ fact: account.totalCalls, operator: equal, value: 1 }]\n  mode: off',
      '6:3 "mode" is not a known key',
    ],
    [
      'a comparison at the top',
      'fact: account.totalCalls\n  operator: equal\n  value: 1',
      '5:3 A single comparison cannot stand at the top: wrap it in "all"',
    ],
    ['an empty condition', 'all: [{}]', '5:9 This condition is empty'],
    [
      'text as a condition',
      'all: [busy]',
      '5:9 Expected a condition (all, any, not, condition, or a comparison of a fact), but found the text "busy".',
    ],
    ['a misspelt node', 'al: []', '5:3 "al" is not a known key. Did you mean "all"?'],
    [
      'an unknown shared condition',
      'all: [{ condition: bussy }]',
      '5:22 There is no shared condition "bussy" under "conditions:" of any file. Did you mean "busy"?',
    ],
    [
      'a priority, which leaves others unevaluated',
      'all: [{ condition: busy, priority: 10 }]',
      '5:28 "priority" of a single condition is not allowed',
    ],
    [
      '"not" of a list',
      'not: [{ condition: busy }]',
      '5:8 Expected a condition (all, any, not, condition, or a comparison of a fact), but found a list.',
    ],
  ])('for %s', (_, conditions, message) => {
    const rule = `name: a\nscope: account\nmode: off\nconditions:\n  ${conditions}\nevent: { type: alert }\n`;
    const shared =
      'conditions:\n  busy: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }\n';
    expect(problemsOf({ 'r.yaml': rule, 's.yaml': shared })).toContainEqual(
      expect.stringContaining(`r.yaml:${message}`),
    );
  });
});

describe('a comparison is refused', () => {
  it.each([
    [
      'an unknown fact',
      '{ fact: call.durration, operator: equal, value: 1 }',
      '5:15 There is no fact "call.durration". Did you mean "call.duration"?',
    ],
    ['a missing value', '{ fact: call.duration, operator: equal }', '5:7 "value" is missing'],
    ['a missing operator', '{ fact: call.duration, value: 1 }', '5:7 "operator" is missing: expected text.'],
    [
      'a priority',
      '{ fact: call.duration, operator: equal, value: 1, priority: 2 }',
      '5:57 "priority" of a single condition is not allowed',
    ],
    ['a path', '{ fact: call.duration, operator: equal, value: 1, path: $.a }', '5:57 "path" is not allowed'],
    [
      'an unknown key',
      '{ fact: call.duration, operator: equal, valu: 1 }',
      '5:47 "valu" is not a known key. Did you mean "value"?',
    ],
    [
      'params on a plain attribute',
      '{ fact: call.duration, params: { to: ["1"] }, operator: equal, value: 1 }',
      '5:30 "call.duration" takes no params: take them out.',
    ],
    [
      'an unknown operator',
      '{ fact: call.duration, operator: greaterthan, value: 1 }',
      '5:40 There is no operator "greaterthan". Did you mean "greaterThan"?',
    ],
    [
      '"contains", which never matches text',
      '{ fact: call.cld, operator: contains, value: "1" }',
      '5:35 "contains" works on lists only',
    ],
    [
      'an operator decorator',
      '{ fact: call.cld, operator: "not:equal", value: "1" }',
      '5:35 Operator decorators such as "not:equal" are not allowed',
    ],
    [
      'an operator that does not fit',
      '{ fact: call.cld, operator: greaterThan, value: 1 }',
      '5:35 "greaterThan" does not fit "call.cld", which is text (number-plan): expected one of equal, notEqual, in, notIn, startsWithAnyOf, inList, notInList.',
    ],
    [
      'a network of a number',
      '{ fact: call.cld, operator: inNetwork, value: "192.0.2.0/24" }',
      '5:35 "inNetwork" does not fit "call.cld"',
    ],
    [
      'text compared as a number ("9" > "10" is true)',
      '{ fact: call.duration, operator: greaterThan, value: "9" }',
      '5:60 "call.duration" is a number: expected a number without quotes, but found the text "9".',
    ],
    [
      'null, which any number exceeds',
      '{ fact: call.duration, operator: greaterThan, value: null }',
      '5:60 "call.duration" is a number: expected a number without quotes, but found nothing.',
    ],
    [
      'false, which any number exceeds',
      '{ fact: call.duration, operator: greaterThan, value: false }',
      '5:60 "call.duration" is a number: expected a number without quotes, but found false.',
    ],
    [
      'an infinite number',
      '{ fact: call.duration, operator: greaterThan, value: .inf }',
      '5:60 "call.duration" is a number',
    ],
    [
      'a number compared as text',
      '{ fact: call.cld, operator: equal, value: 49800 }',
      '5:49 "call.cld" is text: expected text in quotes, but found the number 49800.',
    ],
    [
      'empty text',
      '{ fact: call.cld, operator: equal, value: "" }',
      '5:49 "call.cld": expected text, but found the text "".',
    ],
    [
      '"in" with text, which matches parts of it',
      '{ fact: call.country, operator: in, value: "DEAT" }',
      '5:50 "in" compares with a list, e.g. [1, 2], but found the text "DEAT".',
    ],
    [
      '"in" with an empty list',
      '{ fact: call.country, operator: in, value: [] }',
      '5:50 "in" compares with a list, e.g. [1, 2], but found an empty list.',
    ],
    [
      '"in" with another fact',
      '{ fact: call.account, operator: in, value: { fact: call.customer } }',
      '5:50 "in" cannot compare with another fact',
    ],
    [
      'one wrong entry of a list',
      '{ fact: call.account, operator: in, value: [1, "2"] }',
      '5:54 "call.account" is a number',
    ],
    [
      'a list where one value is compared',
      '{ fact: call.account, operator: equal, value: [1] }',
      '5:53 "equal" compares with one value ("in" takes a list), but found a list.',
    ],
    [
      'a country in small letters',
      '{ fact: call.country, operator: equal, value: de }',
      '5:53 "call.country": expected a country as two capital letters (ISO 3166-1), e.g. "DE", but found the text "de". Did you mean "DE"?',
    ],
    [
      'an unknown state',
      '{ fact: call.state, operator: equal, value: connected }',
      '5:51 "call.state": expected one of "Idle", "WaitAuth", "WaitRoute", "ARComplete", "Connected", "Disconnecting" or "Dead", but found the text "connected". Did you mean "Connected"?',
    ],
    [
      'an address that is none',
      '{ fact: call.callerMediaIp, operator: equal, value: 192.0.2 }',
      '5:59 "call.callerMediaIp": expected an IP address',
    ],
    [
      'a network that is none',
      '{ fact: call.callerMediaIp, operator: inNetwork, value: [192.0.2.0/33] }',
      '5:64 "inNetwork": expected a network in CIDR notation',
    ],
    [
      'an abbreviated network',
      '{ fact: call.callerMediaIp, operator: inNetwork, value: 10.1/8 }',
      '5:63 "inNetwork": expected a network in CIDR notation',
    ],
    [
      'a prefix that is none',
      '{ fact: call.cld, operator: startsWithAnyOf, value: ["882x"] }',
      '5:60 "882x" is no number prefix',
    ],
    [
      'the name of a list among prefixes',
      '{ fact: call.cld, operator: startsWithAnyOf, value: [risky] }',
      'The name of a list stands alone, without brackets.',
    ],
    [
      'an unknown list',
      '{ fact: call.cld, operator: inList, value: riski }',
      '5:50 There is no list "riski" in lists/: expected one of risky. Did you mean "risky"?',
    ],
    [
      'prefixes in place of a list',
      '{ fact: call.cld, operator: inList, value: ["882"] }',
      '5:50 "inList" takes the name of a list in rules/lists/, but found a list.',
    ],
    [
      'an unknown fact to compare with',
      '{ fact: call.duration, operator: greaterThan, value: { fact: call.agee } }',
      '5:68 There is no fact "call.agee". Did you mean "call.age"?',
    ],
    [
      'a fact of another type to compare with',
      '{ fact: call.duration, operator: greaterThan, value: { fact: call.cld } }',
      '5:68 "call.cld" is a string, but "call.duration" is a number',
    ],
    [
      'an unknown key of a reference',
      '{ fact: call.duration, operator: greaterThan, value: { fact: call.age, path: a } }',
      '5:78 "path" is not allowed',
    ],
    [
      'a vendor fact without vendors',
      '{ fact: vendor.totalCalls, operator: greaterThan, value: 1 }',
      '5:15 "vendor.totalCalls" needs the vendors to be named in rule "a"',
    ],
  ])('for %s', (_, leaf, message) => {
    const found = problemsOf({ 'r.yaml': withLeaf(leaf), 'lists/risky.txt': '882\n' });
    expect(found).toContainEqual(expect.stringContaining(message));
  });

  it.each([
    [
      'an unknown param',
      '{ fact: account.totalCalls, params: { too: ["1"] }, operator: equal, value: 1 }',
      '5:45 "too" is not a known key. Did you mean "to"?',
    ],
    [
      'params that were left empty',
      '{ fact: account.totalCalls, params: , operator: equal, value: 1 }',
      '5:35 "params" is empty: expected to, state, direction, or no "params" at all.',
    ],
    [
      'a param of another fact',
      '{ fact: account.totalCalls, params: { min: 3 }, operator: equal, value: 1 }',
      '5:45 "account.totalCalls" does not take "min": it takes to, state, direction.',
    ],
    [
      'a window for a fact of one snapshot',
      '{ fact: account.totalCalls, params: { within: 5m }, operator: equal, value: 1 }',
      '5:45 "account.totalCalls" does not take "within": it takes to, state, direction.',
    ],
    [
      'recursive for what is no customer',
      '{ fact: account.totalCalls, params: { recursive: true }, operator: equal, value: 1 }',
      '5:45 "account.totalCalls" does not take "recursive", which adds the calls of subcustomers: only facts of customers that speak of calls do, as customer.totalCalls.',
    ],
    [
      'prefixes that are numbers',
      '{ fact: account.totalCalls, params: { to: [882] }, operator: equal, value: 1 }',
      '5:50 A prefix is text',
    ],
    [
      'one prefix without a list',
      '{ fact: account.totalCalls, params: { to: "882" }, operator: equal, value: 1 }',
      '5:49 Prefixes come as a list',
    ],
    [
      'an unknown list of prefixes',
      '{ fact: account.totalCalls, params: { to: risk }, operator: equal, value: 1 }',
      '5:49 There is no list "risk"',
    ],
    [
      'an unknown state',
      '{ fact: account.totalCalls, params: { state: Idel }, operator: equal, value: 1 }',
      'Did you mean "Idle"?',
    ],
    [
      'a state that is over',
      '{ fact: account.totalCalls, params: { state: Dead }, operator: equal, value: 1 }',
      '5:52 "Dead" calls are over and count nowhere',
    ],
    [
      'a state that is not connected',
      '{ fact: account.connectedCalls, params: { state: [Idle] }, operator: equal, value: 1 }',
      '5:56 "account.connectedCalls" counts no "Idle" calls: expected "Connected".',
    ],
    [
      'a state that is no setup',
      '{ fact: account.setupCalls, params: { state: Connected }, operator: equal, value: 1 }',
      '5:52 "account.setupCalls" counts no "Connected" calls',
    ],
    [
      'fewer samples than one',
      '{ fact: account.averageDuration, params: { min: 0 }, operator: greaterThan, value: 1 }',
      '5:55 "min": expected a number, at least 1',
    ],
    [
      'a limit without a name',
      '{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit } }',
      '"name" is missing: expected the name of a limit in limits.csv.',
    ],
    [
      'a default that is text',
      '{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: x, default: "3" } } }',
      '"default": expected a number, but found the text "3".',
    ],
    [
      'a narrower fact',
      '{ fact: call.duration, operator: greaterThan, value: 1 }',
      '5:15 "call.duration" cannot be seen by rule "a", which judges scope account: expected a fact of account, customer, switch.',
    ],
    [
      'a narrower fact to compare with',
      '{ fact: account.totalCalls, operator: greaterThan, value: { fact: cli.totalCalls } }',
      '"cli.totalCalls" cannot be seen by rule "a"',
    ],
  ])('with params: %s', (_, leaf, message) => {
    const found = problemsOf({ 'r.yaml': withAccountLeaf(leaf), 'lists/risky.txt': '882\n' });
    expect(found).toContainEqual(expect.stringContaining(message));
    expect(found.some((problem) => problem.includes('warning'))).toBe(false);
  });

  it('never for a limit without a row and default, which is only warned of', () => {
    const leaf =
      '{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: maxCall } } }';
    const { problems, ruleSet } = check({
      'r.yaml': withAccountLeaf(leaf),
      'limits.csv': 'scope,id,name,value\naccount,1,maxCalls,2\n',
    });
    expect(problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('No rule reads the limit "maxCalls"') },
      {
        severity: 'warning',
        message: expect.stringMatching(
          /sets the limit "maxCall" for scope account.*Did you mean "maxCalls"\?/,
        ),
      },
    ]);
    expect(ruleSet).toBeDefined();
  });

  it('never for a direction that was not seen yet, which is only warned of', () => {
    const { problems, ruleSet } = check({
      'r.yaml': withLeaf('{ fact: call.direction, operator: equal, value: onnet-in }'),
    });
    expect(problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('Did you mean "onnet_in"?') },
    ]);
    expect(ruleSet).toBeDefined();
  });
});

describe('an event is refused', () => {
  it.each([
    [
      'keep for an alert',
      '{ type: alert, params: { keep: 1 } }',
      'account',
      '5:33 "keep" chooses single calls, which "alert" does not take',
    ],
    [
      'select for an account',
      '{ type: disconnectAccount, params: { select: newest } }',
      'account',
      '5:45 "select" chooses single calls',
    ],
    [
      'keep for one call',
      '{ type: disconnectCall, params: { keep: 1 } }',
      'call',
      '5:42 "keep" has no meaning for scope call',
    ],
    [
      'where for an alert',
      '{ type: alert, params: { where: { condition: long } } }',
      'account',
      '5:33 "where" narrows the calls that are taken, and an alert takes none',
    ],
    [
      'where for the account itself',
      '{ type: disconnectAccount, params: { where: { condition: long } } }',
      'account',
      '5:45 "where" narrows the calls that are taken, but here "disconnectAccount" takes all of the subject',
    ],
    [
      'a message that nobody would see',
      '{ type: disconnectCall, params: { message: hi } }',
      'account',
      '5:42 "message" belongs to "alert"',
    ],
    [
      'recursive',
      '{ type: disconnectCustomer, params: { recursive: true } }',
      'customer',
      '5:46 "recursive" is not a known key',
    ],
    [
      'keep of an unknown fact',
      '{ type: disconnectCall, params: { keep: { fact: account.limt } } }',
      'account',
      '5:56 There is no fact "account.limt". Did you mean "account.limit"?',
    ],
    [
      'keep of a fact that is text',
      '{ type: disconnectCall, params: { keep: { fact: call.cld } } }',
      'account',
      '"call.cld" is a string, but "keep" is a number',
    ],
    [
      'keep of a fact that looks back',
      '{ type: disconnectCall, params: { keep: { fact: account.callsStarted, params: { within: 1h } } } }',
      'account',
      '"account.callsStarted" looks back, and what nobody saw is missing in it, so that too few calls would be kept',
    ],
    [
      'keep of seconds',
      '{ type: disconnectCall, params: { keep: { fact: account.longestDuration } } }',
      'account',
      '"account.longestDuration" is a number of seconds, but "keep" is a number of calls',
    ],
    [
      'keep of a narrower fact',
      '{ type: disconnectCall, params: { keep: { fact: call.age } } }',
      'account',
      '"call.age" cannot be seen by rule "a"',
    ],
    [
      'where with a comparison at the top',
      '{ type: disconnectCall, params: { where: { fact: call.age, operator: equal, value: 1 } } }',
      'account',
      '5:49 A single comparison cannot stand at the top',
    ],
    [
      'where with vendor facts without vendors',
      '{ type: disconnectCall, params: { where: { all: [{ fact: vendor.totalCalls, operator: equal, value: 1 }] } } }',
      'account',
      '"vendor.totalCalls" needs the vendors to be named',
    ],
  ])('for %s', (_, event, scope, message) => {
    const shared =
      'conditions:\n  long: { all: [{ fact: call.duration, operator: greaterThan, value: 3600 }] }\n';
    expect(problemsOf({ 'r.yaml': withEvent(event, scope), 's.yaml': shared })).toContainEqual(
      expect.stringContaining(message),
    );
  });

  const conditions = (...leaves: string[]) => `name: a
scope: customer
mode: monitor
conditions: { all: [${leaves.join(', ')}] }
`;
  const total = '{ fact: customer.totalCalls, operator: greaterThan, value: 1 }';
  const connected = '{ fact: customer.connectedCalls, operator: greaterThan, value: 1 }';
  const limit = '{ fact: customer.limit, params: { name: x, default: 1 }, operator: greaterThan, value: 1 }';

  it.each(['disconnectCall', 'disconnectAccount'])(
    '%s without "where" where several aggregates or none make the pool',
    (type) => {
      const several =
        '"where" is missing: the conditions hold several aggregates (customer.totalCalls, customer.connectedCalls)';
      const none = '"where" is missing: the conditions hold no aggregate';
      const event = `event: { type: ${type} }\n`;
      expect(problemsOf({ 'r.yaml': conditions(total, connected) + event })).toEqual([
        expect.stringContaining(`r.yaml:5:8 ${several}`),
      ]);
      expect(problemsOf({ 'r.yaml': conditions(limit) + event })).toEqual([
        expect.stringContaining(`r.yaml:5:8 ${none}`),
      ]);
      const states = total.replace('operator', 'params: { state: Idle }, operator');
      expect(problemsOf({ 'r.yaml': conditions(total, states) + event })).toEqual([
        expect.stringContaining('several aggregates'),
      ]);
      expect(problemsOf({ 'r.yaml': conditions(total, total, limit) + event })).toEqual([]);
      const right =
        '{ fact: customer.totalCalls, operator: greaterThan, value: { fact: customer.setupCalls } }';
      expect(problemsOf({ 'r.yaml': conditions(right) + event })).toEqual([
        expect.stringContaining('several aggregates (customer.totalCalls, customer.setupCalls)'),
      ]);
      const onlyRight = limit.replace(
        'greaterThan, value: 1',
        'lessThan, value: { fact: customer.totalCalls }',
      );
      expect(problemsOf({ 'r.yaml': conditions(onlyRight) + event })).toEqual([]);
      const where = `event: { type: ${type}, params: { where: { all: [{ fact: call.age, operator: greaterThan, value: 60 }] } } }\n`;
      expect(problemsOf({ 'r.yaml': conditions(total, connected) + where })).toEqual([]);
    },
  );

  it('never for the customer itself or an alert, whatever the aggregates', () => {
    for (const type of ['disconnectCustomer', 'alert']) {
      expect(problemsOf({ 'r.yaml': `${conditions(total, connected)}event: { type: ${type} }\n` })).toEqual(
        [],
      );
    }
  });

  it.each(['select: newest', 'keep: 3', 'where: { condition: x }', 'message: hi'])(
    'with the right place where a param stands beside the type: %s',
    (param) => {
      const key = param.slice(0, param.indexOf(':'));
      expect(problemsOf({ 'r.yaml': withEvent(`{ type: disconnectCall, ${param} }`) })).toEqual([
        `r.yaml:5:32 "${key}" belongs one level deeper: event: { type: …, params: { ${key}: … } }.`,
      ]);
    },
  );

  it('never for scope call with an aggregate, which is only warned of, since it ends every call', () => {
    const text = (event: string) =>
      withEvent(event, 'call').replace('call.duration', 'account.connectedCalls');
    expect(problemsOf({ 'r.yaml': text('{ type: disconnectCall }') })).toEqual([
      'r.yaml:2:8 warning: A rule of scope call ends every call that meets its conditions, not only the excess over "account.connectedCalls": to end the excess, use scope account with "keep".',
    ]);
    expect(problemsOf({ 'r.yaml': text('{ type: alert }') })).toEqual([]);
  });

  it('never for a "keep" that is another limit than the compared one, which is only warned of', () => {
    const text = (name: string, fallback: number) => `name: a
scope: account
mode: monitor
conditions: { all: [{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: max, default: 30 } } }] }
event: { type: disconnectCall, params: { keep: { fact: account.limit, params: { name: ${name}, default: ${fallback} } } } }
`;
    expect(problemsOf({ 'r.yaml': text('max', 30) })).toEqual([]);
    for (const other of [text('min', 30), text('max', 3)]) {
      expect(problemsOf({ 'r.yaml': other })).toEqual([
        expect.stringContaining(
          'r.yaml:5:48 warning: "keep" is not the limit that the conditions compare with',
        ),
      ]);
    }
  });

  it('for a rule of scope vendor that names no vendors', () => {
    expect(problemsOf({ 'r.yaml': withEvent('{ type: alert }', 'vendor') })).toEqual([
      expect.stringContaining('r.yaml:2:8 A rule of scope vendor names its vendors'),
      expect.stringContaining('"vendor.totalCalls" needs the vendors'),
    ]);
    expect(
      problemsOf({ 'r.yaml': `${withEvent('{ type: alert }', 'vendor')}only: { vendors: [3] }\n` }),
    ).toEqual([]);
  });
});

describe('shared conditions', () => {
  const use = (name: string, scope = 'account') =>
    `name: ${scope}\nscope: ${scope}\nmode: off\nconditions: { condition: ${name} }\nevent: { type: alert }\n`;

  it('are refused where they lead back to themselves, with the chain', () => {
    const shared = `conditions:
  a: { all: [{ condition: b }] }
  b: { not: { condition: c } }
  c: { any: [{ condition: a }] }
  self: { condition: self }
`;
    expect(problemsOf({ 'r.yaml': use('a'), 's.yaml': shared })).toEqual([
      's.yaml:4:27 This shared condition leads back to itself: a -> b -> c -> a.',
      's.yaml:5:22 This shared condition leads back to itself: self -> self.',
    ]);
  });

  it('are checked in the scope of each rule that uses them', () => {
    const shared =
      'conditions:\n  busy: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }\n';
    expect(
      problemsOf({ 'r.yaml': use('busy'), 's.yaml': shared, 't.yaml': use('busy', 'customer') }),
    ).toEqual([
      expect.stringContaining('s.yaml:2:25 "account.totalCalls" cannot be seen by rule "customer"'),
    ]);
  });

  it('are checked where no rule uses them, and only once where many do', () => {
    const shared =
      'conditions:\n  busy: { all: [{ fact: account.totalCall, operator: greaterThan, value: 1 }] }\n';
    const files = { 's.yaml': shared, 'r.yaml': use('busy'), 't.yaml': use('busy', 'customer') };
    expect(problemsOf({ 's.yaml': shared })).toEqual([
      expect.stringContaining('s.yaml:2:25 There is no fact'),
    ]);
    expect(problemsOf(files)).toHaveLength(1);
  });

  it('are refused where two have one name', () => {
    const shared =
      'conditions:\n  busy: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }\n';
    expect(problemsOf({ 'a.yaml': shared, 'b.yaml': shared })).toEqual([
      'b.yaml:2:3 The shared condition "busy" is given twice: it is already at a.yaml:2:3.',
    ]);
  });

  it('are refused where they multiply each other or lead on for ever', () => {
    const layers = ['  c0: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }'];
    for (let layer = 1; layer <= 12; layer += 1) {
      layers.push(`  c${layer}: { all: [{ condition: c${layer - 1} }, { condition: c${layer - 1} }] }`);
    }
    expect(problemsOf({ 'r.yaml': use('c12'), 's.yaml': `conditions:\n${layers.join('\n')}\n` })).toEqual([
      expect.stringContaining('this has 4096 comparisons: at most 1000'),
    ]);
    const chain = Array.from({ length: 3000 }, (_, index) => `  d${index}: { condition: d${index + 1} }`);
    const last = '  d3000: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }';
    for (const lines of [
      [...chain, last],
      [last, ...chain.toReversed()],
    ]) {
      const found = problemsOf({ 'r.yaml': use('d0'), 's.yaml': `conditions:\n${lines.join('\n')}\n` });
      expect(found).toContainEqual(expect.stringContaining('lead from one to the next more than 32 times'));
    }
  });
});

describe('several files', () => {
  it('are refused where two rules have one name, naming both places', () => {
    const list = `rules:\n${GOOD.replace(/^/gm, '    ').replace('    name', '  - name')}`.trimEnd();
    expect(problemsOf({ 'a.yaml': GOOD, 'b.yaml': list })).toEqual([
      'b.yaml:2:11 The rule name "account-concurrent-calls" is given twice: it is already at a.yaml:1:7.',
    ]);
  });

  it('are all checked, and every problem is reported, by file and line', () => {
    const found = problemsOf({
      'b.yaml': changed('mode: monitor', 'mode: x').replace('account.connectedCalls', 'account.nothing'),
      'a.yaml': 'a: [',
      'lists/l.txt': '',
      'limits.csv': 'scope,id\n',
    });
    expect(found.map((problem) => problem.split(' ')[0])).toEqual([
      'a.yaml:1:5',
      'b.yaml:3:7',
      'b.yaml:6:13',
      'limits.csv:1:1',
      'limits.csv:1:1',
      'lists/l.txt:1:1',
    ]);
  });

  it('may not mix one rule with a list of rules', () => {
    expect(problemsOf({ 'a.yaml': `${GOOD}rules: []\n` })).toEqual(
      expect.arrayContaining([
        'a.yaml:1:1 "name" belongs to a rule: a file holds either one rule, or a list of them under "rules:".',
        'a.yaml:12:8 "rules": expected a list of at least 1 entry, but found an empty list.',
      ]),
    );
  });

  it('warn of a file that holds nothing', () => {
    expect(problemsOf({ 'a.yaml': '# later\n' })).toEqual(['a.yaml:1:1 warning: This file holds no rule.']);
  });
});

describe('limits.csv', () => {
  it.each([
    [
      'scope,id,name,value\naccout,1,x,2',
      '2:1 "scope": expected one of account, customer, connection, vendor, cli, switch, but found the text "accout". Did you mean "account"?',
    ],
    ['scope,id,name,value\ncall,1,x,2', '2:1 "scope": expected one of account'],
    [
      'scope,id,name,value\naccount,1,x,-2',
      '2:13 "value": expected a plain number, at least 0, but found the text "-2".',
    ],
    ['scope,id,name,value\naccount,1,x,1e9', '2:13 "value": expected a plain number'],
    ['scope,id,name,value\naccount,1,x,', '2:13 "value": expected a plain number'],
    ['scope,id,name,value\naccount,,x,1', '2:9 "id" is missing.'],
    [
      'scope,id,name,value\naccount,010,x,1',
      '2:9 "id" of account: expected plain digits without a leading 0, but found the text "010".',
    ],
    ['scope,id,name,value\ncustomer,#10,x,1', '2:10 "id" of customer: expected plain digits'],
    ['scope,id,name,value\nconnection,10.0,x,1', '2:12 "id" of connection: expected plain digits'],
    ['scope,id,name,value\nvendor,acme,x,1', '2:8 "id" of vendor: expected plain digits'],
    [
      'scope,id,name,value\naccount,10\u200b,x,1',
      '2:9 "id" of account: expected plain digits without a leading 0, but found the text "10\u200b". It holds characters beyond ASCII, which may not be seen.',
    ],
    ['scope,id,name,value\ncli,+49 30 *,x,1', '2:5 Expected a whole telephone number'],
    [
      'scope,id,name,value\ncli,+49 30 1234567,x,1\ncli,0049301234567,x,2',
      '3:1 This limit is given twice: it is already on line 2.',
    ],
    ['scope,id,name,value\naccount,1,x', '2:1 Expected 4 fields (scope, id, name, value), but found 3.'],
    [
      'scope,id,name,value\naccount,1,x,1\n# again\naccount,1,x,2',
      '4:1 This limit is given twice: it is already on line 2.',
    ],
    ['scope,id,nam,value', '1:10 In the header: "nam" is not a known key. Did you mean "name"?'],
    ['scope,id,name,value,value', '1:21 The column "value" is given twice.'],
    ['scope,id,value', '1:1 The column "name" is missing: expected the header scope,id,name,value.'],
    ['scope,id,name,value\naccount,"1,x,1', '2:9 This quote is never closed'],
    ['scope,id,name,value\naccount,"1"x,x,1', '2:12 Expected a comma or the end of the line here.'],
  ])('is refused: %j', (text, message) => {
    expect(problemsOf({ 'limits.csv': text })).toContainEqual(
      expect.stringContaining(`limits.csv:${message}`),
    );
  });

  it.each(['', '# nothing yet\n', '\n'])('warns of a file without even a header: %j', (text) => {
    expect(problemsOf({ 'limits.csv': text })).toEqual([
      'limits.csv:1:1 warning: This file holds no limit, not even a header, so that only the "default" of each limit counts. Write scope,id,name,value and the limits, or delete the file.',
    ]);
    expect(problemsOf({ 'limits.csv': 'scope,id,name,value\n' })).toEqual([]);
  });

  it('is warned of where a limit is 0 and a rule ends calls above it, which many take for unlimited', () => {
    const rule = (event: string, operator = 'greaterThan') =>
      `name: cap
scope: account
mode: monitor
conditions:
  all: [{ fact: account.totalCalls, operator: ${operator}, value: { fact: account.limit, params: { name: maxCalls, default: 9 } } }]
event: ${event}
`;
    const limits = 'scope,id,name,value\naccount,1,maxCalls,2\naccount,2,maxCalls,0\n';
    const found = (text: string) => problemsOf({ 'r.yaml': text, 'limits.csv': limits });
    expect(found(rule('{ type: disconnectCall }'))).toEqual([
      'limits.csv:3:1 warning: This limit is 0, and rule "cap" ends calls above it: 0 is not "unlimited". Expected a number that account 2 stays below, or an exception ("except") in the rule.',
    ]);
    const step = 'cooldown: 1m\nescalate: [{ after: 1, within: 10m, event: { type: disconnectCall } }]\n';
    expect(found(rule('{ type: alert }') + step)).toHaveLength(1);
    expect(found(rule('{ type: alert }'))).toEqual([]);
    expect(found(rule('{ type: disconnectCall }', 'equal'))).toEqual([]);
  });

  it('is warned of where no rule asks for a limit, once for each name', () => {
    const reads = (fallback: string) =>
      withAccountLeaf(
        `{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: maxCalls${fallback} } } }`,
      );
    const limits =
      'scope,id,name,value\naccount,1,maxCals,2\naccount,2,maxCals,2\ncustomer,2,maxCalls,3\naccount,3,maxCalls,1\n';
    expect(problemsOf({ 'r.yaml': reads(', default: 3'), 'limits.csv': limits })).toEqual([
      'limits.csv:2:1 warning: No rule reads the limit "maxCals" of scope account. Did you mean "maxCalls"?',
      'limits.csv:4:1 warning: No rule reads the limit "maxCalls" of scope customer.',
    ]);
  });

  it('may hold comments, indented ones too', () => {
    const text = 'scope,id,name,value\n  # account,1,x,2\n# account,"1,x,2\n';
    expect(problemsOf({ 'limits.csv': text })).toEqual([]);
  });

  it('may be empty, bear quotes, spaces and Windows line endings', () => {
    expect(check({ 'limits.csv': '' }).ruleSet?.limits).toEqual([]);
    const text = '\uFEFFscope, id, name, value\r\naccount, 1, "a ""b"", c", 2\r\n';
    expect(check({ 'limits.csv': text }).ruleSet?.limits).toMatchObject([{ name: 'a "b", c', value: 2 }]);
  });
});

describe('lists', () => {
  const rule = (name: string, operator = 'startsWithAnyOf') =>
    withLeaf(`{ fact: call.cld, operator: ${operator}, value: ${name} }`);

  it('may be text, CSV, YAML or JSON', () => {
    const { ruleSet, problems } = check({
      'lists/a.txt': '1\r\n2 # two\n#3\n',
      'lists/b.csv': '1,"one, or so"\n"2",two\n',
      'lists/c.yaml': '- "1"\n- "2"\n',
      'lists/d.json': '["1", "2"]',
    });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect([...(ruleSet?.lists.values() ?? [])]).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  it.each([
    ['lists/risky.txt', '882\nabc\n', 'lists/risky.txt:2:1 "abc" is no number prefix'],
    ['lists/risky.txt', '# all gone\n', 'lists/risky.txt:1:1 The list "risky" is empty.'],
    ['lists/Risky.txt', '882\n', 'lists/Risky.txt:1:1 "Risky" is no name for a list'],
    ['lists/882.txt', '882\n', 'lists/882.txt:1:1 "882" is no name for a list'],
    [
      'lists/2024-irsf.txt',
      '882\n',
      '"2024-irsf" is no name for a list: expected a letter first, then lower-case letters, digits and hyphens.',
    ],
    ['lists/risky.xls', '882\n', 'lists/risky.xls:1:1 ".xls" is no format for a list'],
    [
      'lists/risky.yaml',
      '- 882\n',
      'lists/risky.yaml:1:3 Expected text in quotes, but found the number 882.',
    ],
    ['lists/risky.yaml', 'a: 1\n', 'lists/risky.yaml:1:1 Expected a list, but found a mapping.'],
  ])('are refused: %s with %j', (file, text, message) => {
    expect(problemsOf({ 'r.yaml': rule('risky'), [file]: text })).toContainEqual(
      expect.stringContaining(message),
    );
  });

  it('are refused where two have one name', () => {
    expect(problemsOf({ 'lists/a.csv': '1\n', 'lists/a.txt': '1\n' })).toEqual([
      'lists/a.txt:1:1 The list "a" is given twice: it is already in lists/a.csv.',
    ]);
  });

  it('of whole numbers may hold SIP user names, which are no prefixes', () => {
    expect(
      problemsOf({ 'r.yaml': rule('callers', 'inList'), 'lists/callers.txt': 'alice\n+4930123\n' }),
    ).toEqual([]);
  });
});

it('reports all that is wrong with a comparison, and a "where" beside a frame that is wrong', () => {
  const text = `name: a
scope: acount
mode: monitor
conditions: { all: [ { fact: account.totalCalls, params: { too: x }, operator: greaterThn, value: "x" } ] }
event: { type: disconnectCall, params: { where: { all: [ { fact: call.xx, operator: zz, value: 3 } ] } } }
`;
  const problems = problemsOf({ 'r.yaml': text });
  for (const expected of [
    '"scope": expected one of',
    '"too" is not a known key',
    'There is no operator "greaterThn"',
    '"account.totalCalls" is a number: expected one, but found the text "x".',
    'There is no fact "call.xx"',
    'There is no operator "zz"',
  ])
    expect(problems).toContainEqual(expect.stringContaining(expected));
  expect(problems).toHaveLength(6);
});

it('names lists and limits beside the very file of the rule', () => {
  const text = `name: a
scope: account
mode: monitor
conditions: { all: [ { fact: account.totalCalls, params: { to: risky }, operator: greaterThan, value: 1 }, { fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: max } } } ] }
event: { type: alert }
`;
  const problems = problemsOf({ '/etc/callwarden/rules/r.yaml': text });
  expect(problems).toContainEqual(
    expect.stringContaining('There is no list "risky" in /etc/callwarden/rules/lists/: there are no lists.'),
  );
  expect(problems).toContainEqual(
    expect.stringContaining('No row of /etc/callwarden/rules/limits.csv sets the limit "max"'),
  );
});

describe('a file that is something else than rules', () => {
  it('is told of in part, however many of its keys are unknown', () => {
    const keys = Array.from({ length: 30_000 }, (_, at) => `key${at}: 1\n`).join('');
    const problems = problemsOf({ 'rules/a.yaml': GOOD + keys });
    expect(problems).toHaveLength(101);
    expect(problems[0]).toContain('"key0" is not a known key');
    expect(problems[100]).toContain('29900 more keys of this mapping are not known.');
  });
});
