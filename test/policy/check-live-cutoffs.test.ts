import { describe, expect, it } from 'vitest';
import { problemsOf } from './support.js';

const LAB = { name: 'lab', numbering: undefined, pollEveryMs: 5_000 };

/** A rule that alerts, with this comparison on line 5. */
function rule(comparison: string, scope = 'account', event = '{ type: alert }', more = ''): string {
  return `name: a
scope: ${scope}
mode: monitor
conditions: { all: [
      ${comparison}
  ] }
event: ${event}
${more}`;
}

const told = (text: string, others: Readonly<Record<string, string>> = {}) =>
  problemsOf({ 'r.yaml': text, ...others }, [LAB]);
const length = (fact: string, operator: string, value: string) =>
  `{ fact: ${fact}, operator: ${operator}, value: ${value} }`;

describe('a comparison with the length of live calls', () => {
  it.each([
    ['call', 'call.duration'],
    ['call', 'call.age'],
    ['account', 'account.longestDuration'],
    ['account', 'account.averageDuration'],
    ['switch', 'switch.averageDuration'],
  ])('of scope %s is warned of where %s has to be less than two polls', (scope, fact) => {
    expect(told(rule(length(fact, 'lessThan', '9.9'), scope))).toEqual([
      `r.yaml:5:${`      { fact: ${fact}, operator: `.length + 1} warning: "${fact}" is compared by "lessThan" with 9.9 seconds, less than two polls, which are up to 5s apart (switch "lab"): calls may come and go, or pass this cutoff, between two polls, so that chance decides whether one is seen below it: expected at least 10.`,
    ]);
    expect(told(rule(length(fact, 'lessThanInclusive', '4'), scope))).toHaveLength(1);
    for (const operator of ['lessThan', 'lessThanInclusive'])
      expect(told(rule(length(fact, operator, '10'), scope))).toEqual([]);
    for (const operator of ['greaterThan', 'greaterThanInclusive'])
      expect(told(rule(length(fact, operator, '4'), scope))).toEqual([]);
  });

  it('is warned of where "not" makes it one, and not where "not" takes it back', () => {
    const not = (operator: string) => rule(`{ not: ${length('call.age', operator, '4')} }`, 'call');
    expect(told(not('greaterThan'))).toEqual([
      expect.stringContaining('"call.age" is compared by "not" around "greaterThan" with 4 seconds'),
    ]);
    expect(told(not('lessThan'))).toEqual([]);
    expect(told(rule(`{ not: { not: ${length('call.age', 'lessThan', '4')} } }`, 'call'))).toHaveLength(1);
  });

  it('is warned of in shared conditions, as they are used', () => {
    const shared = { 's.yaml': `conditions:\n  old: { all: [${length('call.age', 'greaterThan', '4')}] }\n` };
    expect(told(rule('{ condition: old }', 'call'), shared)).toEqual([]);
    expect(told(rule('{ not: { condition: old } }', 'call'), shared)).toEqual([
      expect.stringContaining('s.yaml:2:'),
    ]);
  });

  it('is warned of by the default of a limit and by its rows, on either side', () => {
    const limit = (value: number) => `fact: account.limit, params: { name: brief, default: ${value} }`;
    const rows = (value: number) => ({ 'limits.csv': `scope,id,name,value\naccount,10,brief,${value}\n` });
    const left = (value: number) =>
      rule(length('account.longestDuration', 'lessThan', `{ ${limit(value)} }`));
    expect(told(left(4))).toEqual([expect.stringContaining('with 4 seconds')]);
    expect(told(left(20), rows(7))).toEqual([expect.stringContaining('with 7 seconds')]);
    expect(told(left(20), rows(10))).toEqual([]);
    const turned = (operator: string) =>
      rule(`{ ${limit(6)}, operator: ${operator}, value: { fact: account.longestDuration } }`);
    expect(told(turned('greaterThan'))).toEqual([expect.stringContaining('with 6 seconds')]);
    expect(told(turned('lessThan'))).toEqual([]);
  });

  it.each([
    ['what is not answered', 'call', length('call.duration', 'lessThan', '1')],
    ['what is not answered', 'call', length('call.duration', 'lessThanInclusive', '0')],
    ['subjects without an answered call', 'account', length('account.longestDuration', 'lessThan', '1')],
    ['a delay, which stays as it is', 'call', length('call.delay', 'lessThan', '3')],
    ['another fact', 'call', length('call.duration', 'lessThan', '{ fact: call.delay }')],
  ])('may ask for %s', (_, scope, comparison) => {
    expect(told(rule(comparison, scope))).toEqual([]);
  });

  it('may narrow what is taken under "where"', () => {
    const where = `{ type: disconnectCall, params: { where: { all: [${length('call.age', 'lessThan', '4')}] } } }`;
    expect(
      told(rule('{ fact: account.totalCalls, operator: greaterThan, value: 3 }', 'account', where)),
    ).toEqual([]);
  });

  it('is left alone where the rule applies to no switch', () => {
    const text = rule(
      length('call.age', 'lessThan', '4'),
      'call',
      '{ type: alert }',
      'except: { switches: [lab] }\n',
    );
    expect(told(text)).toEqual([]);
  });
});
