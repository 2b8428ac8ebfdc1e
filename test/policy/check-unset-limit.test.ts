import { describe, expect, it } from 'vitest';
import { aCall } from '../support/calls.js';
import { check, judge, problemsOf, summary } from './support.js';

const UNSET =
  '{ fact: account.totalCalls, operator: greaterThan, value: { fact: account.limit, params: { name: special } } }';
const OTHER = '{ fact: account.connectedCalls, operator: greaterThan, value: 1 }';
const NO_ROW = 'No row of limits.csv sets the limit "special" for scope account, and there is no "default": ';
const NEVER_VIOLATED = 'this comparison is never known, so that the rule can never be violated.';
const NEVER_MET = 'this comparison is never known, and what needs it is never met.';

/** An account rule with these conditions and further keys. */
function rule(conditions: string, event = '{ type: alert }', more = ''): string {
  return `name: a
scope: account
mode: monitor
conditions: ${conditions}
event: ${event}
${more}`;
}

function warnings(text: string, others: Readonly<Record<string, string>> = {}): string[] {
  return check({ 'r.yaml': text, ...others }).problems.map(({ message }) => message.replace(NO_ROW, ''));
}

/** Three connected calls of account 10. */
const CALLS = ['a', 'b', 'c'].map((id) => aCall({ id, account: 10, state: 'Connected' }));

describe('a limit that no row sets, and that has no default,', () => {
  it('is said to keep the rule from being violated only where the rule needs it', async () => {
    const needed = [
      `{ all: [ ${OTHER}, ${UNSET} ] }`,
      `{ any: [ ${UNSET} ] }`,
      `{ not: { any: [ ${OTHER}, ${UNSET} ] } }`,
      `{ all: [ ${OTHER}, { not: { not: { all: [ ${UNSET} ] } } } ] }`,
    ];
    for (const conditions of needed) {
      expect(warnings(rule(conditions))).toEqual([NEVER_VIOLATED]);
      expect(summary(await judge(rule(conditions), CALLS))).not.toContain('account:10 violated');
    }
    const besides = [
      `{ any: [ ${UNSET}, ${OTHER} ] }`,
      `{ not: { all: [ ${UNSET}, { not: ${OTHER} } ] } }`,
      `{ all: [ ${OTHER}, { any: [ { all: [ ${UNSET} ] }, ${OTHER} ] } ] }`,
    ];
    for (const conditions of besides) {
      expect(warnings(rule(conditions))).toEqual([NEVER_MET]);
      expect(summary(await judge(rule(conditions), CALLS))).toEqual(['account:10 violated']);
    }
  });

  it('says nothing of a whole rule in a condition that rules share', () => {
    const shared = { 'shared.yaml': `conditions: { special: { all: [ ${UNSET} ] } }` };
    const text = rule(`{ any: [ { condition: special }, ${OTHER} ] }`);
    expect(warnings(text, shared)).toEqual([NEVER_MET]);
  });

  it('is said under "where" to leave no call only where "where" needs it', async () => {
    const cut = (where: string) =>
      rule(`{ all: [ ${OTHER} ] }`, `{ type: disconnectCall, params: { where: ${where} } }`);
    const needed = cut(`{ all: [ ${UNSET} ] }`);
    expect(warnings(needed)).toEqual([
      'this comparison is never known, so that no call meets "where", and this event takes none.',
    ]);
    expect(await judge(needed, CALLS)).toMatchObject([{ result: 'violated', pool: [] }]);
    const beside = cut(`{ any: [ ${UNSET}, { fact: call.state, operator: equal, value: Connected } ] }`);
    expect(warnings(beside)).toEqual([NEVER_MET]);
    expect(await judge(beside, CALLS)).toMatchObject([{ result: 'violated', pool: CALLS }]);
  });

  it('leaves a rule undecided under "keep"', async () => {
    const text = rule(
      `{ all: [ ${OTHER} ] }`,
      '{ type: disconnectCall, params: { keep: { fact: account.limit, params: { name: special } } } }',
    );
    expect(warnings(text)).toContain(
      'how many calls stay is never known, so that whoever meets the conditions is indeterminate, and this event takes no call.',
    );
    expect(summary(await judge(text, CALLS))).toEqual(['account:10 indeterminate account.limit']);
  });

  it('is pinned to its name, with a hint at the name that is meant', () => {
    const files = {
      'r.yaml': rule(`{ all: [ ${UNSET} ] }`),
      'limits.csv': 'scope,id,name,value\naccount,1,specials,3\n',
    };
    expect(problemsOf(files)).toContain(
      `r.yaml:4:119 warning: ${NO_ROW}${NEVER_VIOLATED} Did you mean "specials"?`,
    );
  });
});
