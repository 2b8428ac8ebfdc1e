import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/domain/call.js';
import { asStated } from '../../src/domain/customer-tree.js';
import { createPlan, type Plan, type PlanContext } from '../../src/plan/plan-actions.js';
import { createProtection } from '../../src/plan/protection.js';
import { aCall, aRule, aSnapshot, aSuspect, calls, NOW, onNetPair, violated } from '../support/calls.js';

const NO_TREE = new Map<number, number>();
const everyCall = () => true;

/** A plan whose verdicts ask for the event of their rule, as those of a rule without escalation do. */
function planOn(listed: readonly Call[], changes: Partial<PlanContext> = {}) {
  const plan = createPlan({
    snapshot: aSnapshot(listed),
    caps: { sharePerPass: 0.25 },
    tree: NO_TREE,
    protection: createProtection({ accounts: [7], customers: [5] }, asStated(NO_TREE), (raw) =>
      raw === '112' ? raw : undefined,
    ),
    recentlyDisconnected: [],
    ...changes,
  });
  return {
    ...plan,
    add: (...[rule, verdicts, admits]: AddedRule) =>
      plan.add(
        rule,
        verdicts.map((one) => (one.result === 'violated' ? { ...one, event: rule.event } : one)),
        admits,
        ({ scope, id }) => (scope === 'call' ? listed.find((call) => call.id === id) : undefined),
      ),
  };
}

type AddedRule = [...Parameters<Plan['add']>] extends [...infer Given, unknown] ? Given : never;

const targets = (plan: ReturnType<typeof planOn>) => plan.actions.map(({ target }) => target);
const reasons = (plan: ReturnType<typeof planOn>) => plan.actions.map(({ withhold }) => withhold);

describe('a plan', () => {
  it('takes exactly the excess of the pool', () => {
    const listed = calls(31);
    const plan = planOn(listed);
    plan.add(aRule(), [violated(listed, { keep: 30 })], everyCall);
    expect(plan.actions).toMatchObject([
      { action: 'disconnectCall', target: '31', weight: 1, withhold: undefined, account: 10, customer: 2 },
    ]);
    expect(plan.actions[0]?.evidence).toMatchObject({
      call: { id: '31', callId: 'sip-31@192.0.2.7' },
      pool: { size: 31, keep: 30 },
    });
  });

  it('ignores clear and indeterminate verdicts', () => {
    const plan = planOn(calls(3));
    const subject = { scope: 'account', id: '10' } as const;
    plan.add(
      aRule(),
      [
        { result: 'clear', subject },
        {
          result: 'indeterminate',
          subject,
          missing: ['call.cld'],
          evidence: { conditions: { result: 'missing' } },
        },
      ],
      everyCall,
    );
    expect(plan.actions).toEqual([]);
  });

  it('counts what an earlier rule takes as gone for later rules, so that no call is taken twice', () => {
    const listed = calls(3);
    const plan = planOn(listed);
    plan.add(aRule({ name: 'first' }), [violated(listed, { keep: 2 })], everyCall);
    expect(listed.filter((call) => plan.present(call, 'enforce')).map(({ id }) => id)).toEqual(['1', '2']);
    plan.add(aRule({ name: 'second' }), [violated(listed, { keep: 1 })], everyCall);
    expect(targets(plan)).toEqual(['3', '2']);
  });

  it('keeps what a monitoring rule would take present for enforcing rules, but not for other monitoring ones', () => {
    const listed = calls(2);
    const plan = planOn(listed);
    plan.add(aRule({ name: 'watching', mode: 'monitor' }), [violated(listed, { keep: 1 })], everyCall);
    const newest = listed[1]!;
    expect(plan.present(newest, 'enforce')).toBe(true);
    expect(plan.present(newest, 'monitor')).toBe(false);
  });

  it('leaves a call alone whose disconnect was sent a moment ago', () => {
    const listed = calls(2);
    const plan = planOn(listed, { recentlyDisconnected: [listed[1]!] });
    plan.add(aRule(), [violated(listed, { keep: 0 })], everyCall);
    expect(targets(plan)).toEqual(['1']);
  });

  it('withholds a protected victim without taking another call in its place', () => {
    const listed = [...calls(30), aCall({ id: '99', setupAt: Date.UTC(2026, 0, 5, 10), cld: '112' })];
    const plan = planOn(listed);
    plan.add(aRule(), [violated(listed, { keep: 30 })], everyCall);
    expect(targets(plan)).toEqual(['99']);
    expect(reasons(plan)).toEqual(['protected-number']);
  });

  it('withholds a call whose number is not known, whose account or customer is protected, or whose ID is ambiguous', () => {
    const listed = [
      aCall({ id: '1', cld: undefined }),
      aCall({ id: '2', account: 7 }),
      aCall({ id: '3', customer: 5 }),
      aCall({ id: '4', cli: '112' }),
      aCall({ id: '5' }),
      aCall({ id: '5', callId: 'another@192.0.2.1' }),
    ];
    const plan = planOn(listed);
    plan.add(aRule({ event: { select: 'oldest' } }), [violated(listed)], everyCall);
    expect(plan.actions.map(({ target, withhold }) => [target, withhold])).toEqual([
      ['1', 'number-unknown'],
      ['2', 'protected-account'],
      ['3', 'protected-customer'],
      ['4', 'protected-number'],
      ['5', 'ambiguous-id'],
    ]);
  });

  it('spares an on-net call of which only the other leg is protected', () => {
    const inward = aCall({ id: '1' });
    const plan = planOn([inward, { ...inward, account: 7 }]);
    plan.add(aRule(), [violated([inward])], everyCall);
    expect(reasons(plan)).toEqual(['protected-account']);
  });

  it('spares one that is listed under a second ID for an account that is protected', () => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 7 });
    const plan = planOn([out, into]);
    plan.add(aRule(), [violated([out])], everyCall);
    expect(reasons(plan)).toEqual(['protected-account']);
  });

  it('takes an on-net call for gone under its second ID as well, within a rule and for later ones', () => {
    const pairs = calls(4).map((call) => onNetPair(call, { id: `9${call.id}`, account: 50 }));
    const [outs, ins] = [pairs.map(([out]) => out), pairs.map(([, into]) => into)];
    const plan = planOn(pairs.flat());
    plan.add(aRule(), [violated(outs, { keep: 2 }), violated(ins, { keep: 2 })], everyCall);
    expect(targets(plan)).toEqual(['4', '3']);
    const twoRules = planOn(pairs.flat());
    twoRules.add(aRule(), [violated(outs, { keep: 2 })], everyCall);
    expect(ins.map((call) => twoRules.present(call, 'enforce'))).toEqual([true, true, false, false]);
  });

  it('leaves it alone under its second ID a moment after its disconnect was sent, also where that alone is listed', () => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 50 });
    for (const listed of [[out, into], [into]]) {
      const plan = planOn(listed, { recentlyDisconnected: [out] });
      expect(plan.present(into, 'enforce')).toBe(false);
    }
  });

  it('withholds an on-net call where an entry that cannot be read may be its other one', () => {
    const [out] = onNetPair(aCall({ id: '1' }), { id: '2' });
    const snapshotWith = (callId: string | undefined) =>
      aSnapshot([out], { suspects: [aSuspect({ id: '2', callId })] });
    const reasonsWith = (callId: string | undefined) => {
      const plan = planOn([out], { snapshot: snapshotWith(callId) });
      plan.add(aRule(), [violated([out])], everyCall);
      return reasons(plan);
    };
    expect(reasonsWith(out.callId)).toEqual(['ambiguous-id']);
    expect(reasonsWith(undefined)).toEqual(['ambiguous-id']);
    expect(reasonsWith('another@192.0.2.1')).toEqual([undefined]);
  });

  it('withholds a call so, too, that shows no SETUP_TIME, or no DIRECTION and no other numbers', () => {
    const [out] = onNetPair(aCall({ id: '1' }), { id: '2' });
    const reasonsOf = (call: Call, suspect: Parameters<typeof aSuspect>[0]) => {
      const plan = planOn([call], { snapshot: aSnapshot([call], { suspects: [aSuspect(suspect)] }) });
      plan.add(aRule(), [violated([call])], everyCall);
      return reasons(plan);
    };
    const untimed = { ...out, setupTimeText: undefined, setupAt: undefined };
    expect(reasonsOf(untimed, { callId: out.callId })).toEqual(['ambiguous-id']);
    const aimless = { ...out, direction: undefined };
    expect(reasonsOf(aimless, { callId: out.callId })).toEqual(['ambiguous-id']);
    expect(reasonsOf(aimless, { cli: out.cli })).toEqual(['ambiguous-id']);
    expect(reasonsOf(aimless, { cli: '33' })).toEqual([undefined]);
    expect(reasonsOf({ ...out, direction: 'vendor' }, { callId: out.callId })).toEqual([undefined]);
  });

  it.each([
    ['the caller', 0],
    ['the one who is protected', 1],
    ['another one who is rung', 2],
  ])(
    'spares a call that rings several accounts at once by the ID of %s, of which one is protected',
    (_, cut) => {
      const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 7 });
      const listed = [out, into, { ...into, id: '3', account: 20 }];
      const plan = planOn(listed);
      plan.add(aRule(), [violated([listed[cut]!])], everyCall);
      expect(reasons(plan)).toEqual(['protected-account']);
    },
  );

  it.each([
    ['SETUP_TIME', { setupTimeText: undefined, setupAt: undefined }],
    ['CLI', { cli: undefined, cliNumber: undefined }],
    ['CLD', { cld: undefined, cldNumber: undefined }],
    ['DIRECTION', { direction: undefined }],
  ])('spares it by what its other entry shows also where one of the two shows no %s', (_, nil) => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 7 });
    for (const [one, other] of [
      [out, { ...into, ...nil }],
      [{ ...out, ...nil }, into],
    ] as const) {
      const plan = planOn([one, other]);
      plan.add(aRule(), [violated([one])], everyCall);
      expect(reasons(plan)).not.toContain(undefined);
    }
    const elsewhere = planOn([out, { ...into, ...nil, callId: 'another' }]);
    elsewhere.add(aRule(), [violated([out])], everyCall);
    expect(reasons(elsewhere)).toEqual([undefined]);
  });

  it('spares it where a protected call, or an entry that cannot be read, bears the ID of its other entry', () => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 20 });
    const plan = planOn([out, into, aCall({ id: '2', account: 7 })]);
    plan.add(aRule(), [violated([out])], everyCall);
    expect(reasons(plan)).toEqual(['protected-account']);
    const suspects = [aSuspect({ id: '2', callId: 'another' })];
    const unread = planOn([out, into], { snapshot: aSnapshot([out, into], { suspects }) });
    unread.add(aRule(), [violated([out])], everyCall);
    expect(reasons(unread)).toEqual(['ambiguous-id']);
  });

  it('does not spare a call to a vendor for what an on-net one with its CALL_ID shows', () => {
    const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 7 });
    const plan = planOn([{ ...out, direction: 'vendor' }, into]);
    plan.add(aRule(), [violated([out])], everyCall);
    expect(reasons(plan)).toEqual([undefined]);
  });

  it('takes calls of one direction for as many, though they share everything else', () => {
    const listed = calls(20, { callId: 'one', direction: 'onnet_out', setupAt: NOW - 60_000 });
    const plan = planOn(listed, { caps: { sharePerPass: 1 } });
    plan.add(aRule(), [violated(listed, { keep: 5 })], everyCall);
    expect(plan.actions).toHaveLength(15);
    expect(listed.filter((call) => plan.present(call, 'enforce'))).toHaveLength(5);
  });

  it('leaves those present of which one was disconnected a moment ago, listed or not', () => {
    const [gone, ...others] = calls(5, { callId: 'one', direction: 'onnet_out', setupAt: NOW - 60_000 });
    const into = { ...gone!, id: '9', direction: 'onnet_in' };
    for (const listed of [
      [gone!, ...others, into],
      [...others, into],
    ]) {
      const plan = planOn(listed, { recentlyDisconnected: [gone!] });
      expect(listed.filter((call) => plan.present(call, 'enforce'))).toEqual(others);
    }
  });

  it('weighs a whole by calls: both entries of one as one, two of one direction as two', () => {
    const weights = (...listed: Call[]) => {
      const plan = planOn(listed);
      plan.add(aRule({ event: { type: 'disconnectAccount' } }), [violated(listed)], everyCall);
      return plan.actions.map(({ weight, takes }) => [weight, takes.length]);
    };
    const pairs = calls(12).flatMap((call) => onNetPair(call, { id: `9${call.id}` }));
    expect(weights(...pairs)).toEqual([[12, 24]]);
    expect(weights(...calls(12, { callId: 'one', direction: 'onnet_out', setupAt: 0 }))).toEqual([[12, 12]]);
  });

  it('takes a whole of which one call was cut a moment ago that shares all with the others', () => {
    const listed = calls(4, { callId: 'one', direction: 'onnet_out', setupAt: 0 });
    const plan = planOn(listed, { recentlyDisconnected: [listed[0]!] });
    plan.add(aRule({ event: { type: 'disconnectAccount' } }), [violated(listed)], everyCall);
    expect(plan.actions).toMatchObject([{ weight: 3, takes: [{ id: '2' }, { id: '3' }, { id: '4' }] }]);
  });

  it('judges the share of wholes by calls of which it lists two entries, too', () => {
    const pairs = calls(10).map((call) => onNetPair(call, { id: `9${call.id}`, account: 20 }));
    const listed = [...pairs.flat(), ...calls(40, { account: 30 }, 200)];
    const plan = planOn(listed);
    const rule = aRule({ event: { type: 'disconnectAccount' } });
    plan.add(
      rule,
      [
        violated(pairs.map(([out]) => out)),
        violated(
          pairs.map(([, into]) => into),
          { subject: { scope: 'account', id: '20' } },
        ),
      ],
      everyCall,
    );
    expect(reasons(plan)).not.toContain('cap-share');
  });

  it('withholds everything on a doubtful snapshot, but still raises alerts', () => {
    const listed = calls(2);
    const snapshot = aSnapshot(listed, { doubt: { reason: 'suspect-share', detail: '9 of 11' } });
    const plan = planOn(listed, { snapshot });
    plan.add(aRule(), [violated(listed, { keep: 1 })], everyCall);
    plan.add(aRule({ event: { type: 'alert' } }), [violated([])], everyCall);
    plan.add(aRule({ event: { type: 'disconnectAccount' } }), [violated(listed)], everyCall);
    expect(reasons(plan)).toEqual(['suspect-snapshot', undefined, 'suspect-snapshot']);
  });

  it('withholds a rule whole that would take 20 calls and more than its share, and lets other rules go on', () => {
    const listed = calls(60);
    const plan = planOn(listed);
    plan.add(aRule({ name: 'wild' }), [violated(listed, { keep: 40 })], everyCall);
    plan.add(aRule({ name: 'tame' }), [violated(listed, { keep: 59 })], everyCall);
    expect(reasons(plan)).toEqual([...Array(20).fill('cap-share'), undefined]);
    expect(targets(plan).at(-1)).toBe('60');
  });

  it('takes the share of calls, of which the switch lists on-net ones twice', () => {
    const listed = calls(60);
    const otherLegs = listed.map((call) => ({ ...call, direction: 'onnet_in', account: 50 }));
    const plan = planOn([...listed, ...otherLegs]);
    plan.add(aRule(), [violated(listed, { keep: 40 })], everyCall);
    expect(new Set(reasons(plan))).toEqual(new Set(['cap-share']));
    const pairs = listed.map((call) => onNetPair(call, { id: `9${call.id}`, account: 50 }));
    const underTwo = planOn(pairs.flat());
    underTwo.add(
      aRule(),
      [
        violated(
          pairs.map(([out]) => out),
          { keep: 40 },
        ),
      ],
      everyCall,
    );
    expect(new Set(reasons(underTwo))).toEqual(new Set(['cap-share']));
  });

  it('does not judge the share of 19 calls, nor of exactly the share', () => {
    const few = calls(20);
    const small = planOn(few);
    small.add(aRule(), [violated(few, { keep: 1 })], everyCall);
    expect(reasons(small)).not.toContain('cap-share');
    const many = calls(80);
    const exact = planOn(many);
    exact.add(aRule(), [violated(many, { keep: 60 })], everyCall);
    expect(reasons(exact)).not.toContain('cap-share');
  });

  it('takes an account with all its calls, once, and no call of it again', () => {
    const listed = [...calls(3), ...calls(80, { account: 11 }, 100)];
    const plan = planOn(listed);
    const rule = aRule({ scope: 'call', event: { type: 'disconnectAccount' } });
    plan.add(
      rule,
      listed.slice(0, 3).map((call) => violated([call], { subject: { scope: 'call', id: call.id } })),
      everyCall,
    );
    plan.add(aRule({ name: 'later' }), [violated(listed.slice(0, 3))], everyCall);
    expect(plan.actions).toHaveLength(1);
    expect(plan.actions[0]).toMatchObject({
      action: 'disconnectAccount',
      target: '10',
      weight: 3,
      withhold: undefined,
    });
    expect(plan.actions[0]?.takes.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('weighs a customer action with every call that nobody has stated to be outside', () => {
    const listed = [
      ...calls(2, { customer: 3 }),
      ...calls(4, { customer: 9 }, 10),
      ...calls(5, { customer: 2 }, 20),
    ];
    const rule = aRule({ scope: 'customer', event: { type: 'disconnectCustomer' } });
    const verdict = violated([], { subject: { scope: 'customer', id: '3' } });
    const unknown = planOn(listed);
    unknown.add(rule, [verdict], everyCall);
    expect(unknown.actions[0]?.weight).toBe(11);
    const stated = planOn(listed, {
      tree: new Map([
        [9, 3],
        [3, 1],
        [2, 1],
      ]),
    });
    stated.add(rule, [verdict], everyCall);
    expect(stated.actions[0]?.weight).toBe(6);
    expect(stated.actions[0]?.takes).toHaveLength(6);
  });

  it('finds the customer of an account by its calls, also where the conditions counted none', () => {
    const plan = planOn(calls(2), { tree: new Map([[2, 1]]) });
    plan.add(aRule({ event: { type: 'disconnectCustomer' } }), [violated([])], everyCall);
    expect(plan.actions).toMatchObject([
      { action: 'disconnectCustomer', target: '2', account: 10, weight: 2 },
    ]);
  });

  it('withholds an account action for a call that names no account', () => {
    const nameless = aCall({ id: '1', account: undefined });
    const plan = planOn([nameless]);
    plan.add(
      aRule({ scope: 'call', event: { type: 'disconnectAccount' } }),
      [violated([nameless], { subject: { scope: 'call', id: '1' } })],
      everyCall,
    );
    expect(reasons(plan)).toEqual(['target-unknown']);
  });

  it('with a protected call inside leaves that call present for later rules', () => {
    const listed = [...calls(2), aCall({ id: '9', cld: '112' })];
    const plan = planOn(listed);
    plan.add(aRule({ event: { type: 'disconnectAccount' } }), [violated(listed)], everyCall);
    expect(listed.map((call) => plan.present(call, 'enforce'))).toEqual([false, false, true]);
  });

  it('withholds a call whose ID a suspect entry bears too', () => {
    const listed = calls(2);
    const plan = planOn(listed, {
      snapshot: aSnapshot(listed, { suspects: [aSuspect({ id: '2', cld: '112' })] }),
    });
    plan.add(aRule(), [violated(listed, { keep: 1 })], everyCall);
    expect(reasons(plan)).toEqual(['ambiguous-id']);
  });

  it('takes a call for recently disconnected although its SETUP_TIME cannot be read any more', () => {
    const listed = calls(2);
    const nameless = { ...listed[1]!, setupTimeText: undefined };
    const plan = planOn([listed[0]!, nameless], { recentlyDisconnected: [listed[1]!] });
    expect(plan.present(nameless, 'enforce')).toBe(false);
  });

  it('judges the share by distinct calls, not by calls that two actions of the rule would both take', () => {
    const listed = [
      ...[10, 11, 12].flatMap((account, index) => calls(5, { account }, 1 + index * 10)),
      ...calls(25, { account: undefined, state: 'Idle' }, 100),
      ...calls(20, { account: 99 }, 200),
    ];
    const plan = planOn(listed);
    const rule = aRule({ event: { type: 'disconnectAccount' } });
    const verdicts = ['10', '11', '12'].map((id) => violated([], { subject: { scope: 'account', id } }));
    plan.add(rule, verdicts, everyCall);
    expect(plan.actions.map(({ weight, withhold }) => [weight, withhold])).toEqual(
      Array(3).fill([5, undefined]),
    );
  });

  it('names the call in an alert about a call', () => {
    const plan = planOn(calls(2));
    const verdict = violated([], { subject: { scope: 'call', id: '2' } });
    plan.add(aRule({ scope: 'call', event: { type: 'alert' } }), [verdict], everyCall);
    expect(plan.actions).toMatchObject([{ target: '2', weight: 0, call: { callId: 'sip-2@192.0.2.7' } }]);
    expect(calls(2).every((call) => plan.present(call, 'enforce'))).toBe(true);
  });

  it('does not take an account into the plan for suspect calls alone', () => {
    const plan = planOn([], { snapshot: aSnapshot([], { suspects: [aSuspect({ account: 10 })] }) });
    plan.add(aRule({ event: { type: 'disconnectAccount' } }), [violated([])], everyCall);
    expect(plan.actions.every(({ takes }) => takes.length === 0)).toBe(true);
  });

  it('never names a call twice and never one that is protected without withholding it, whatever the rules', () => {
    const account = fc.integer({ min: 6, max: 12 });
    const listing = fc.array(
      fc.record({ account, customer: fc.integer({ min: 2, max: 6 }), emergency: fc.boolean() }),
      { maxLength: 40 },
    );
    const rules = fc.array(
      fc.record({
        account,
        keep: fc.integer({ min: 0, max: 5 }),
        type: fc.constantFrom('disconnectCall' as const, 'disconnectAccount' as const),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(listing, rules, (rows, ruleRows) => {
        const listed = rows.map(({ emergency, ...row }, index) =>
          aCall({ ...row, id: String(index + 1), ...(emergency && { cld: '112' }) }),
        );
        const plan = planOn(listed, { caps: { sharePerPass: 1 } });
        for (const [index, row] of ruleRows.entries()) {
          const pool = listed.filter((call) => call.account === row.account && plan.present(call, 'enforce'));
          const subject = { scope: 'account' as const, id: String(row.account) };
          const rule = aRule({ name: `rule-${index}`, event: { type: row.type } });
          if (pool.length > row.keep)
            plan.add(rule, [violated(pool, { keep: row.keep, subject })], everyCall);
        }
        const acting = plan.actions.filter(({ withhold }) => withhold === undefined);
        const taken = acting.flatMap((action) => (action.call === undefined ? action.takes : [action.call]));
        expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
        for (const call of taken) {
          expect(call.cld).not.toBe('112');
          expect(call.account).not.toBe(7);
          expect(call.customer).not.toBe(5);
        }
      }),
    );
  });
});
