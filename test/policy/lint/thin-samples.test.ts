import { describe, expect, it } from 'vitest';
import type { Condition, Rule } from '../../../src/domain/rule.js';
import { aRule } from '../../support/calls.js';
import { all, any, leaf, messages, total } from './support.js';

const ratio = (params: { min?: number } = {}) =>
  leaf('account.answerRatio', 'lessThan', 0.1, { within: 600, ...params });
const started = (operator: string) => leaf('account.callsStarted', operator, 20, { within: 600 });

/** A rule that ends the account of whoever meets the conditions. */
function warned(conditions: Condition, changes: Parameters<typeof aRule>[0] = {}): string[] {
  const rule: Rule = aRule({ name: 'r', conditions, event: { type: 'disconnectAccount' }, ...changes });
  return messages({ rules: [rule] });
}

describe('a ratio or an average without "min"', () => {
  it('is warned of where a rule disconnects by it, as one call decides then', () => {
    expect(warned(all(ratio()))).toEqual([
      '"account.answerRatio" in rule "r" names no "min", so it is known from a single call on, and one call decides what becomes of the account: add one to "params", e.g. min: 20 (min: 1 where that is meant).',
    ]);
    for (const fact of ['account.averageEndedDuration', 'account.averageDuration']) {
      const params = fact === 'account.averageDuration' ? undefined : { within: 600 };
      expect(warned(all(leaf(fact, 'greaterThan', 300, params)))).toEqual([
        expect.stringContaining(`"${fact}" in rule "r"`),
      ]);
    }
    expect(warned({ not: all(ratio()) })).toHaveLength(1);
    expect(warned(any(ratio(), total('greaterThan', 30)))).toHaveLength(1);
  });

  it('is warned of where only a later step disconnects', () => {
    const event = aRule().event;
    const escalate = [{ after: 2, withinMs: 600_000, event }];
    expect(warned(all(ratio()), { event: { type: 'alert' }, escalate })).toHaveLength(1);
    expect(warned(all(ratio()), { event: { type: 'alert' } })).toEqual([]);
  });

  it('may be where "min" is stated, be it 1, and where the rule asks for a number of calls as well', () => {
    expect(warned(all(ratio({ min: 20 })))).toEqual([]);
    expect(warned(all(ratio({ min: 1 })))).toEqual([]);
    expect(warned(all(ratio(), started('greaterThan')))).toEqual([]);
    expect(warned(all(ratio(), { not: started('lessThan') }))).toEqual([]);
    expect(warned(all(ratio(), started('lessThan')))).toHaveLength(1);
    expect(warned(all(ratio(), leaf('account.longestDuration', 'greaterThan', 60)))).toHaveLength(1);
  });
});
