import { describe, expect, it } from 'vitest';
import type { Call } from '../src/domain/call.js';
import type { CustomerTree } from '../src/domain/config.js';
import { EVENTS, type EventRoom } from '../src/domain/quiet.js';
import type { Rule } from '../src/domain/rule.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { createQuietKeeper } from '../src/pass-quiet.js';
import type { CallEvents, EventCall } from '../src/pass-quiet-marks.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { at, NUMBERING } from './support/backtest.js';
import { aCall, aRule } from './support/calls.js';

const ANY = EVENTS.fresh | EVENTS.changed | EVENTS.over;
const AWAY = { goneCount: 0, gone: () => [], vendorsOf: () => [] };

const LONG: Rule['conditions'] = {
  all: [{ fact: 'call.duration', operator: 'greaterThan', value: 3600 }],
};

function aCallOf(account: number, changes: Partial<Call> = {}): EventCall {
  return { call: aCall({ id: `${account}`, account, ...changes }), vendors: [] };
}

function room(events: number, changes: Partial<EventRoom> = {}): EventRoom {
  return { events, of: ANY, calls: undefined, ...changes };
}

/** A keeper for some rules of scope account, which are named first and second. */
function aKeeper(changes: readonly Partial<Rule>[] = [{}], trees: CustomerTree[] = [new Map()]) {
  const names = ['first', 'second'];
  const rules = changes.map((one, index) =>
    aRule({ name: names[index] ?? '', hash: String(index), scope: 'account', ...one } as Parameters<
      typeof aRule
    >[0]),
  );
  const compiled = compileRules(
    { rules, conditions: new Map(), lists: new Map(), limits: [] } as unknown as Parameters<
      typeof compileRules
    >[0],
    { catalogue: FACT_CATALOGUE, numbering: NUMBERING, switchName: 'lab', now: at(0) },
  );
  let polls = 0;
  let tree = trees[0] ?? new Map();
  const keeper = createQuietKeeper({
    switchName: 'lab',
    numbering: NUMBERING,
    rules: compiled,
    tree: () => tree,
  });
  function begin(events: CallEvents): void {
    tree = trees[polls] ?? tree;
    keeper.begin(at(5 * polls), [events], { anew: false, doubtful: false });
    polls += 1;
  }
  return {
    /** Begins a poll at which these calls had an event; undefined stands for everybody. */
    poll(kind: number, ...calls: readonly EventCall[]) {
      begin({ kind, calls });
      return compiled.map((rule) => {
        const { due } = keeper.of(rule, AWAY);
        return due && [...due].sort();
      });
    },
    /** Begins a poll that lists these calls no more. */
    leave: (...calls: readonly EventCall[]) => begin({ kind: EVENTS.over, calls, gone: true }),
    rule(name: string) {
      const rule = compiled.find((one) => one.rule.name === name);
      if (rule === undefined) throw new Error(`There is no rule ${name}.`);
      return keeper.of(rule, AWAY);
    },
    /** Settles a subject for a rule that has judged nobody else, and goes on to the next poll. */
    settle(name: string, id: string, ...rooms: readonly EventRoom[]) {
      const quiet = this.rule(name);
      quiet.settle(id, { rooms, ms: Number.POSITIVE_INFINITY });
      quiet.finish();
    },
    finish(...named: readonly string[]) {
      for (const name of named) this.rule(name).finish();
    },
  };
}

describe('who has to be judged again', () => {
  it('is a subject that has had more events than its verdict outlasts, for every rule by its own rooms', () => {
    const keeper = aKeeper([{}, {}]);
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(1));
    keeper.settle('second', '1', room(2));
    const due = Array.from({ length: 4 }, () => {
      const found = keeper.poll(EVENTS.over, aCallOf(1));
      keeper.finish('first', 'second');
      return found;
    });
    expect(due).toEqual([
      [[], []],
      [['1'], []],
      [['1'], ['1']],
      [['1'], ['1']],
    ]);
  });

  it('is whoever has an event of which a rule that did not judge at the last poll knows nothing', () => {
    const keeper = aKeeper([{}, {}]);
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(9));
    keeper.settle('second', '1', room(9));
    expect(keeper.poll(EVENTS.changed, aCallOf(1))).toEqual([[], []]);
    // Only the first one is judged.
    keeper.finish('first');
    expect(keeper.poll(EVENTS.changed, aCallOf(1))).toEqual([[], undefined]);
    // The account is not on the listing that the second one judges now.
    keeper.finish('first', 'second');
    expect(keeper.poll(EVENTS.changed, aCallOf(1))).toEqual([[], ['1']]);
  });

  it('is none whose verdict outlasts its events from when it was judged, whatever was known before', () => {
    const keeper = aKeeper();
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(2));
    expect(keeper.poll(EVENTS.over, aCallOf(1), aCallOf(1))).toEqual([[]]);
    // Not judged now, the rule forgets what it knew.
    expect(keeper.poll(EVENTS.over)).toEqual([undefined]);
    keeper.settle('first', '1', room(1));
    expect(keeper.poll(EVENTS.over, aCallOf(1))).toEqual([[]]);
    keeper.settle('first', '1', room(1, { of: EVENTS.over }));
    expect(keeper.poll(EVENTS.fresh, aCallOf(1))).toEqual([[]]);
  });

  it('is a subject that comes for the first time while all that are known are quiet', () => {
    const keeper = aKeeper();
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(9));
    expect(keeper.poll(EVENTS.fresh, aCallOf(1))).toEqual([[]]);
    keeper.finish('first');
    expect(keeper.poll(EVENTS.fresh, aCallOf(2))).toEqual([['2']]);
  });

  it('is a subject that was not there when it was due, once it has an event again', () => {
    const keeper = aKeeper();
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(0));
    expect(keeper.poll(EVENTS.over, aCallOf(1))).toEqual([['1']]);
    keeper.rule('first').absent(['1']);
    keeper.finish('first');
    expect(keeper.poll(EVENTS.over)).toEqual([[]]);
    keeper.finish('first');
    expect(keeper.poll(EVENTS.fresh, aCallOf(1))).toEqual([['1']]);
  });

  it('is a subject of a call that lacks what the rule asks for, and of no other rule', () => {
    const keeper = aKeeper([{}, { only: { customers: [2] } }]);
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(9));
    keeper.settle('second', '1', room(9));
    expect(keeper.poll(EVENTS.fresh, aCallOf(1))).toEqual([[], []]);
    keeper.finish('first', 'second');
    expect(keeper.poll(EVENTS.fresh, aCallOf(1, { customer: undefined }))).toEqual([[], ['1']]);
  });

  it('is a subject of a call whose state is none that is known', () => {
    const keeper = aKeeper();
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(9));
    expect(keeper.poll(EVENTS.changed, aCallOf(1, { state: 'Odd' }))).toEqual([['1']]);
  });

  it('is a call whose time has come, also where another one of its ID has gone', () => {
    const keeper = aKeeper([{ scope: 'call', conditions: LONG }]);
    const twins = [aCallOf(1), aCallOf(1, { callId: 'twin@192.0.2.7' })];
    keeper.poll(EVENTS.fresh, ...twins);
    keeper.poll(EVENTS.over);
    keeper.leave(...twins.slice(1));
    const quiet = keeper.rule('first');
    quiet.settle('1', { rooms: [], ms: 20_000 });
    quiet.finish();
    const due = Array.from({ length: 5 }, () => {
      const found = keeper.poll(EVENTS.over);
      keeper.finish('first');
      return found;
    });
    expect(due.at(0)).toEqual([[]]);
    expect(due.at(-1)).toEqual([['1']]);
  });

  it('is none whose calls the rule does not see', () => {
    const keeper = aKeeper([{}, { only: { cld: ['49'] } }]);
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(0));
    keeper.settle('second', '1', room(0));
    expect(keeper.poll(EVENTS.fresh, aCallOf(1, { cldNumber: '3712' }))).toEqual([['1'], []]);
    keeper.finish('first', 'second');
    expect(keeper.poll(EVENTS.fresh, aCallOf(1, { cldNumber: '4930' }))).toEqual([['1'], ['1']]);
  });

  it('is a subject of a call that was there before anybody waited for calls of its sort', () => {
    const keeper = aKeeper();
    const one = aCallOf(1, { cldNumber: '8821' });
    keeper.poll(EVENTS.fresh, one);
    keeper.settle('first', '1', room(9));
    expect(keeper.poll(EVENTS.changed, one)).toEqual([[]]);
    keeper.settle('first', '1', room(0, { of: EVENTS.over, calls: ['882'] }));
    expect(keeper.poll(EVENTS.over, one)).toEqual([['1']]);
  });

  it('is a subject of a call of a sort that was told apart before this rule waited for it', () => {
    const keeper = aKeeper([{}, { scope: 'customer' }]);
    const one = aCallOf(1, { cldNumber: '8821', customer: 2 });
    keeper.poll(EVENTS.fresh);
    keeper.settle('first', '1', room(9, { calls: ['882'] }));
    keeper.settle('second', '2', room(9));
    expect(keeper.poll(EVENTS.changed, one)).toEqual([[], []]);
    keeper.finish('first');
    keeper.settle('second', '2', room(0, { calls: ['882'] }));
    expect(keeper.poll(EVENTS.changed, one)).toEqual([[], ['2']]);
  });

  it('is a customer that has come to be known as the parent of one whose call was there before', () => {
    const keeper = aKeeper([{ scope: 'customer' }], [new Map(), new Map(), new Map([[3, 4]])]);
    const one = aCallOf(1, { customer: 3 });
    keeper.poll(EVENTS.fresh);
    for (const id of ['3', '4']) keeper.settle('first', id, room(1));
    expect(keeper.poll(EVENTS.fresh, one)).toEqual([[]]);
    for (const id of ['3', '4']) keeper.settle('first', id, room(0));
    expect(keeper.poll(EVENTS.changed, one)).toEqual([['3', '4']]);
  });
});
