import { describe, expect, it } from 'vitest';
import { createNumbering } from '../../src/facts/numbering.js';
import { check, problemsOf } from './support.js';

const SWITCHES = [
  { name: 'berlin', numbering: createNumbering({ country: 'DE', techPrefixes: [] }) },
  { name: 'boston', numbering: createNumbering({ country: 'US', techPrefixes: [] }) },
  { name: 'plain', numbering: undefined },
];

function rule(leaf: string, more = ''): string {
  return `name: a
scope: call
mode: monitor
conditions: { all: [${leaf}] }
event: { type: alert }
${more}`;
}

const LONG = '{ fact: call.age, operator: greaterThan, value: 1 }';

describe('against the switches of the config', () => {
  it('a limit of an account that names no switch is warned of once, as the ID is of one switch', () => {
    const reads = (scope: string) =>
      `{ fact: ${scope}.totalCalls, operator: greaterThan, value: { fact: ${scope}.limit, params: { name: max, default: 9 } } }`;
    const text = rule([...['account', 'connection', 'cli', 'switch'].map(reads)].join(', '));
    const found = (limits: string, switches = SWITCHES) =>
      problemsOf({ 'r.yaml': text, 'limits.csv': limits }, switches).filter((one) =>
        one.includes('limits.csv'),
      );
    const rows = 'cli,4420,max,3,\nswitch,berlin,max,3,\naccount,1,max,3,boston\n';
    const header = 'scope,id,name,value,switch\n';
    expect(found(`${header}${rows}account,2,max,3,\nconnection,5,max,4,\n`)).toEqual([
      'limits.csv:5:1 warning: This row names no switch, so it limits account 2 of each (berlin, boston, plain), though IDs are those of one switch: on another one somebody else bears this ID. Fill in the column "switch". Rows like it after this one: 1.',
    ]);
    expect(found(`${header}${rows}`)).toEqual([]);
    expect(found('scope,id,name,value\naccount,2,max,3\n', SWITCHES.slice(0, 1))).toEqual([]);
  });

  it.each([
    ['only', 'only: { switches: [berlin, bostn] }', '6:28'],
    ['except', 'except: { switches: [berlin, bostn] }', '6:30'],
    ['except', 'except:\n  switches:\n    - berlin\n    - because: tests\n      name: bostn', '10:13'],
  ])('a switch that there is none of under "%s" is refused where it is written', (key, filter, place) => {
    const files = { 'r.yaml': rule(LONG, `${filter}\n`) };
    expect(problemsOf(files, SWITCHES)).toEqual([
      `r.yaml:${place} The config has no switch "bostn", which "${key}" names: expected "berlin", "boston" or "plain". Did you mean "boston"?`,
    ]);
    expect(check(files, SWITCHES).ruleSet).toBeUndefined();
    expect(problemsOf(files)).toEqual([]);
  });

  it('so is a limit for such a switch, by column or as its subject', () => {
    const reads = (scope: string) =>
      `{ fact: ${scope}.totalCalls, operator: greaterThan, value: { fact: ${scope}.limit, params: { name: max } } }`;
    const limits = `scope,id,name,value,switch
account,1,max,2,berlin
account,1,max,3,berln
switch,boston,max,4,
switch,bostn,max,5,
`;
    expect(
      problemsOf(
        { 'r.yaml': rule(`${reads('account')}, ${reads('switch')}`), 'limits.csv': limits },
        SWITCHES,
      ),
    ).toEqual([
      expect.stringContaining('limits.csv:3:17 The config has no switch "berln", which this limit names'),
      expect.stringContaining('limits.csv:5:8 The config has no switch "bostn", which this limit names'),
    ]);
  });

  it('a limit of one switch on another one is warned of, as it limits nobody', () => {
    const reads =
      '{ fact: switch.totalCalls, operator: greaterThan, value: { fact: switch.limit, params: { name: max, default: 9 } } }';
    const limits = 'scope,id,name,value,switch\nswitch,berlin,max,7,boston\nswitch,berlin,max,7,berlin\n';
    const files = { 'r.yaml': rule(reads), 'limits.csv': `${limits}switch,boston,max,7,\n` };
    const message =
      'limits.csv:2:21 warning: This row limits nobody: it is for switch "berlin", and holds on switch "boston" only. Leave the column "switch" empty, or name the same switch in both.';
    expect(problemsOf(files, SWITCHES)).toEqual([message]);
    expect(problemsOf(files)).toEqual([message]);
  });

  const dead = (place: string, whose: string) =>
    `${place} On switch "boston" no number begins with the prefix "030"${whose}: write it with "+" and the country code.`;
  const counted =
    '{ fact: account.totalCalls, params: { to: ["+49", "030"] }, operator: greaterThan, value: 1 }';
  it.each([
    ['a filter of CLDs', rule(LONG, 'except: { cld: ["030"] }\n'), '6:17'],
    ['an entry with a reason', rule(LONG, 'except: { cld: [{ prefix: "030", because: x }] }\n'), '6:27'],
    ['a filter of CLIs', rule(LONG, 'only: { cli: ["+49", "030"] }\n'), '6:22'],
    ['a comparison', rule('{ not: { fact: call.cld, operator: startsWithAnyOf, value: ["030"] } }'), '4:81'],
    ['a param', rule(counted), '4:71'],
    [
      'a param of the fact that is compared with',
      rule(
        '{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.setupCalls, params: { to: ["030"] } } }',
      ),
      '4:122',
    ],
  ])('a prefix that no number there begins with is refused in %s', (_, text, place) => {
    expect(problemsOf({ 'r.yaml': text }, SWITCHES)).toEqual([dead(`r.yaml:${place}`, ' of rule "a"')]);
  });

  it('so is one in "where" and in a shared condition, each in its own line', () => {
    const text = `name: a
scope: account
mode: monitor
conditions: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 1 }] }
event:
  type: disconnectCall
  params:
    where:
      all:
        - condition: near
        - { fact: call.cld, operator: startsWithAnyOf, value: ["030"] }
`;
    const shared = `conditions:
  near:
    all:
      - { fact: call.cli, operator: startsWithAnyOf, value: ["030"] }
`;
    expect(problemsOf({ 'r.yaml': text, 's.yaml': shared }, SWITCHES)).toEqual([
      dead('r.yaml:11:64', ' of rule "a"'),
      dead('s.yaml:4:62', ' of rule "a"'),
    ]);
  });

  it.each([
    ['a comparison', rule('{ fact: call.cli, operator: startsWithAnyOf, value: known }'), '4:73'],
    [
      'a param',
      rule('{ fact: account.totalCalls, params: { to: known }, operator: greaterThan, value: 1 }'),
      '4:63',
    ],
  ])('of a list it is refused in its line, with the place of %s that takes it', (_, text, place) => {
    const list = { 'lists/known.txt': `+49\n030\n${'031\n'.repeat(20)}` };
    const found = problemsOf({ 'r.yaml': text, ...list }, SWITCHES);
    expect(found[0]).toBe(
      dead('lists/known.txt:2:1', `, which rule "a" takes from this list (r.yaml:${place})`),
    );
    expect(found).toHaveLength(11);
    expect(found.at(-1)).toBe('lists/known.txt:12:1 … and 11 more entries of this list like those above.');
  });

  it('two limits of one caller in two forms are refused', () => {
    const reads =
      '{ fact: cli.totalCalls, operator: greaterThan, value: { fact: cli.limit, params: { name: max } } }';
    const limits =
      'scope,id,name,value,switch\ncli,+49 30 1234567,max,2,\ncli,030 1234567,max,3,\ncli,030 1234567,max,4,berlin\n';
    expect(problemsOf({ 'r.yaml': rule(reads), 'limits.csv': limits }, SWITCHES)).toEqual([
      'limits.csv:3:1 On switch "berlin" this is the number of line 2, so its limit is given twice.',
    ]);
  });

  it('but not where the rule does not apply, or the switch leaves national numbers as they are', () => {
    const text = rule(LONG, 'except: { cld: ["030"], switches: [boston] }\n');
    expect(problemsOf({ 'r.yaml': text }, SWITCHES)).toEqual([]);
  });
});
