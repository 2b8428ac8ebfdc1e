import { Engine } from 'json-rules-engine';
import { describe, expect, it } from 'vitest';
import { aCall, calls } from '../support/calls.js';
import { compileOne, judge, problemsOf, summary } from './support.js';

/** What the engine itself makes of conditions: each trap is first shown to be there, then to be closed. */
async function engineSays(conditions: object, facts: Record<string, unknown> = { x: 1 }): Promise<boolean> {
  const engine = new Engine([], { allowUndefinedFacts: true });
  engine.addRule({ conditions: conditions as never, event: { type: 'violated' } });
  return (await engine.run(facts)).results.length === 1;
}

function callRule(conditions: object, event: object = { type: 'disconnectCall' }): string {
  return JSON.stringify({ name: 'a', scope: 'call', mode: 'enforce', conditions, event });
}

const refusal = (conditions: object, event?: object) => problemsOf({ 'a.json': callRule(conditions, event) });
const LONG = { fact: 'call.duration', operator: 'greaterThan', value: 3600 };

describe('traps of json-rules-engine', () => {
  it('empty all and any are true: refused', async () => {
    expect(await engineSays({ all: [] })).toBe(true);
    expect(await engineSays({ any: [] })).toBe(true);
    expect(refusal({ all: [] })).toEqual([expect.stringContaining('at least 1 entry')]);
    expect(refusal({ any: [] })).toEqual([expect.stringContaining('at least 1 entry')]);
  });

  it('a node with any and all drops all: refused', async () => {
    const both = {
      any: [{ fact: 'x', operator: 'equal', value: 1 }],
      all: [{ fact: 'x', operator: 'equal', value: 2 }],
    };
    expect(await engineSays(both)).toBe(true);
    expect(refusal({ any: [LONG], all: [LONG] })).toEqual([
      expect.stringContaining('exactly one of all, any, not and condition'),
    ]);
  });

  it('unknown keys are ignored: refused', async () => {
    expect(await engineSays({ all: [{ fact: 'x', operator: 'equal', value: 1, parms: {} }] })).toBe(true);
    expect(refusal({ all: [{ ...LONG, parms: {} }] })).toEqual([
      expect.stringContaining('Did you mean "params"?'),
    ]);
  });

  it('missing data with notEqual, notIn and not is true: indeterminate', async () => {
    for (const leaf of [
      { operator: 'notEqual', value: 2 },
      { operator: 'notIn', value: [2] },
    ]) {
      expect(await engineSays({ all: [{ fact: 'gone', ...leaf }] })).toBe(true);
      const verdicts = await judge(callRule({ all: [{ fact: 'call.account', ...leaf }] }), [
        aCall({ id: '1', account: undefined }),
      ]);
      expect(summary(verdicts)).toEqual(['call:1 indeterminate call.account']);
    }
    expect(await engineSays({ not: { fact: 'gone', operator: 'equal', value: 1 } })).toBe(true);
    const not = callRule({ not: { fact: 'call.account', operator: 'equal', value: 1 } });
    expect(summary(await judge(not, [aCall({ id: '1', account: undefined })]))).toEqual([
      'call:1 indeterminate call.account',
    ]);
  });

  it('values of other types compare all the same: refused', async () => {
    for (const [fact, value] of [
      ['9', '10'],
      [5, null],
      [5, false],
    ]) {
      expect(await engineSays({ all: [{ fact: 'x', operator: 'greaterThan', value }] }, { x: fact })).toBe(
        true,
      );
      expect(refusal({ all: [{ ...LONG, value }] })).toEqual([
        expect.stringContaining('expected a number without quotes'),
      ]);
    }
  });

  it('"in" matches parts of a text: refused', async () => {
    expect(await engineSays({ all: [{ fact: 'x', operator: 'in', value: 'DEAT' }] }, { x: 'EA' })).toBe(true);
    expect(refusal({ all: [{ fact: 'call.country', operator: 'in', value: 'DEAT' }] })).toEqual([
      expect.stringContaining('compares with a list'),
    ]);
  });

  it('"contains" on a text never matches: refused', async () => {
    expect(await engineSays({ all: [{ fact: 'x', operator: 'contains', value: 'a' }] }, { x: 'abc' })).toBe(
      false,
    );
    expect(refusal({ all: [{ fact: 'call.cld', operator: 'contains', value: '1' }] })).toEqual([
      expect.stringContaining('works on lists only'),
    ]);
  });

  it('unknown operators surface only when reached: the whole tree is walked', async () => {
    const hidden = {
      any: [
        { fact: 'x', operator: 'equal', value: 1, priority: 2 },
        { fact: 'x', operator: 'nonsense', value: 1 },
      ],
    };
    expect(await engineSays(hidden)).toBe(true);
    expect(refusal({ any: [LONG, { not: { all: [LONG, { ...LONG, operator: 'nonsense' }] } }] })).toEqual([
      expect.stringContaining('There is no operator "nonsense"'),
    ]);
  });

  it('unknown shared conditions surface only when reached, and cyclic ones overflow the stack: refused', () => {
    expect(refusal({ any: [LONG, { condition: 'gone' }] })).toEqual([
      expect.stringContaining('There is no shared condition "gone"'),
    ]);
    const shared = JSON.stringify({ conditions: { a: { all: [{ condition: 'a' }] } } });
    expect(problemsOf({ 'a.json': callRule({ condition: 'a' }), 's.json': shared })).toEqual([
      expect.stringContaining('leads back to itself: a -> a'),
    ]);
  });

  it('its own events and duplicate names are accepted: refused', () => {
    expect(refusal({ all: [LONG] }, { type: 'success' })).toEqual([
      expect.stringContaining('an event of json-rules-engine itself'),
    ]);
    expect(refusal({ all: [LONG] }, { type: 'error' })).toEqual([
      expect.stringContaining('an event of json-rules-engine itself'),
    ]);
    const twice = { 'a.json': callRule({ all: [LONG] }), 'b.json': callRule({ all: [LONG] }) };
    expect(problemsOf(twice)).toEqual([expect.stringContaining('The rule name "a" is given twice')]);
  });

  it('a priority leaves comparisons unevaluated: refused, and evidence always holds every comparison', async () => {
    expect(refusal({ any: [{ ...LONG, priority: 2 }] })).toEqual([
      expect.stringContaining('"priority" of a single condition'),
    ]);
    const rule = callRule({ any: [{ ...LONG, value: 1 }, LONG, { not: LONG }] });
    const [verdict] = await judge(rule, calls(1));
    expect(verdict).toMatchObject({
      evidence: {
        conditions: {
          any: [{ result: true, observed: 57 }, { result: false, observed: 57 }, { not: { observed: 57 } }],
        },
      },
    });
  });

  it('one engine per rule: a rule that throws hides no other', async () => {
    const first = compileOne(callRule({ all: [LONG] })).rule;
    const broken = {
      subjects: () => calls(1).map(({ id }) => ({ scope: 'call' as const, id })),
      callsOf: () => [],
      widen: () => undefined,
    };
    const facts = {
      ...broken,
      observe: () => {
        throw new Error('broken');
      },
    };
    await expect(first.judge(facts, { yieldNow: () => Promise.resolve() })).rejects.toThrow('broken');
    expect(summary(await judge(callRule({ all: [LONG] }), calls(1)))).toEqual(['call:1 clear']);
  });
});
