import { describe, expect, it } from 'vitest';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { checkRules } from '../../../src/policy/check-rules.js';

/** `file:line:column` of everything that is told of these files. */
function placesOf(files: Readonly<Record<string, string>>): string[] {
  const texts = Object.entries(files).map(([file, text]) => ({ kind: 'rules' as const, file, text }));
  const { ruleSet, problems } = checkRules(texts, FACT_CATALOGUE, (text) => `hash of ${text.length}`);
  expect(ruleSet).toBeDefined();
  return problems.map(({ file, location }) => `${file}:${location?.line}:${location?.column}`);
}

const HEAD = `name: a
scope: account
mode: monitor
event: { type: disconnectAccount }
conditions:
  all:
`;

describe('what is told of comparisons', () => {
  it.each([
    [
      'that contradict each other stands at the later one',
      `    - { fact: account.totalCalls, operator: lessThan, value: 10 }
    - { fact: account.connectedCalls, operator: greaterThan, value: 2 }
    - { fact: account.totalCalls, operator: greaterThan, value: 30 }
`,
      'a.yaml:9:7',
    ],
    [
      'in a branch that cannot be met stands in that branch',
      `    - { fact: account.totalCalls, operator: greaterThan, value: 30 }
    - any:
        - { fact: account.totalCalls, operator: lessThan, value: 10 }
`,
      'a.yaml:9:11',
    ],
    [
      'that are always true stands at the one',
      `    - { fact: account.totalCalls, operator: greaterThan, value: 30 }
    - fact: account.setupCalls
      operator: greaterThanInclusive
      value: 0
`,
      'a.yaml:8:7',
    ],
    [
      'without a "min" stands at the first one',
      `    - not: { fact: account.answerRatio, params: { within: 1h }, operator: greaterThan, value: 0.2 }
    - { fact: account.answerRatio, params: { within: 2h }, operator: lessThan, value: 0.2 }
`,
      'a.yaml:7:12',
    ],
    [
      'with an idle "under" stands at the one, once',
      `    - { fact: account.totalCalls, operator: greaterThan, value: 3 }
    - { fact: account.shortCalls, params: { within: 1m, under: 2m }, operator: greaterThan, value: 3 }
    - { fact: account.shortCalls, params: { within: 1m, under: 2m }, operator: lessThan, value: 30 }
`,
      // The second one leans on what was seen, which is another warning.
      'a.yaml:8:7',
    ],
    [
      'that count calls of which there are none stands at the one that counts',
      `    - { fact: account.totalCalls, params: { to: ["49"] }, operator: greaterThan, value: 3 }
only: { cld: ["33"] }
`,
      'a.yaml:7:7',
    ],
  ])('%s', (_, conditions, place) => {
    const places = placesOf({ 'a.yaml': HEAD + conditions });
    expect(places.filter((one) => one === place)).toEqual([place]);
    expect(places).not.toContain('a.yaml:1:1');
  });

  it('under "where" stands there', () => {
    const where =
      '{ all: [ { fact: call.state, operator: equal, value: Idle }, { fact: call.state, operator: equal, value: Connected } ] }';
    const text = `name: a
scope: account
mode: monitor
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 3 } ] }
event:
  type: disconnectCall
  params:
    where: ${where}
`;
    expect(placesOf({ 'a.yaml': text })).toEqual(['a.yaml:8:73']);
  });

  it('that are shared stands at the rule, where another file holds them', () => {
    const shared = `conditions:
  few: { all: [ { fact: account.totalCalls, operator: lessThan, value: 10 } ] }
`;
    const many = '    - { fact: account.totalCalls, operator: greaterThan, value: 30 }\n';
    const uses = `${HEAD}    - { condition: few }\n`;
    expect(placesOf({ 'a.yaml': uses + many, 'b.yaml': shared })).toEqual(['a.yaml:8:7']);
    expect(
      placesOf({
        'a.yaml': `${uses}    - { condition: many }\n`,
        'b.yaml': `${shared}  many: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 30 } ] }\n`,
      }),
    ).toEqual(['a.yaml:1:1']);
  });
});
