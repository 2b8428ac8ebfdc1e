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

  it.each(['only', 'except'])('a rule with a switch that there is none of under "%s" is refused', (key) => {
    const files = { 'r.yaml': rule(LONG, `${key}: { switches: [berlin, bostn] }\n`) };
    expect(problemsOf(files, SWITCHES)).toEqual([
      `r.yaml:1:1 The config has no switch "bostn", which "${key}" names: expected "berlin", "boston" or "plain". Did you mean "boston"?`,
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
      expect.stringContaining('limits.csv:3:1 The config has no switch "berln", which this limit names'),
      expect.stringContaining('limits.csv:5:1 The config has no switch "bostn", which this limit names'),
    ]);
  });

  const list = { 'lists/known.txt': '+49\n030\n' };
  it.each([
    ['a filter of CLDs', rule(LONG, 'except: { cld: ["030"] }\n')],
    ['a filter of CLIs', rule(LONG, 'only: { cli: ["030"] }\n')],
    ['a comparison', rule('{ not: { fact: call.cld, operator: startsWithAnyOf, value: ["030"] } }')],
    ['a comparison with a list', rule('{ fact: call.cli, operator: startsWithAnyOf, value: known }')],
    ['a param', rule('{ fact: account.totalCalls, params: { to: known }, operator: greaterThan, value: 1 }')],
  ])('a prefix that no number there begins with is refused in %s', (_, text) => {
    expect(problemsOf({ 'r.yaml': text, ...list }, SWITCHES)).toEqual([
      'r.yaml:1:1 On switch "boston" no number begins with the prefix "030" of rule "a": write it with "+" and the country code.',
    ]);
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
