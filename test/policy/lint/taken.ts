import fc from 'fast-check';
import type { Call } from '../../../src/domain/call.js';
import { asStated } from '../../../src/domain/customer-tree.js';
import type { Rule } from '../../../src/domain/rule.js';
import { FACT_CATALOGUE } from '../../../src/facts/catalogue.js';
import { createPlan } from '../../../src/plan/plan-actions.js';
import { createProtection } from '../../../src/plan/protection.js';
import { compileRules } from '../../../src/policy/compile-rules.js';
import { aCall, aSnapshot, NOW } from '../../support/calls.js';
import { factsFor, NUMBERING, yieldNow } from '../support.js';
import { aRuleSet } from './support.js';

/** What a listing shows of a call, but for its ID. */
export const listedCall = fc.record({
  account: fc.constantFrom(7, 10, undefined),
  customer: fc.constantFrom(2, 3),
  cld: fc.constantFrom('493012', '49800', '331234', undefined),
  state: fc.constantFrom('Connected', 'Connected', 'Idle', 'Strange'),
  duration: fc.constantFrom(0, 1, 2, 3, 9),
  setupAt: fc.constantFrom(NOW - 9_000, NOW - 5_000, undefined),
});

const PROTECTION = createProtection({ accounts: [], customers: [] }, asStated(new Map()), (raw) =>
  raw === '49800' ? raw : undefined,
);

/** What the last rule really takes, each rule judged on what those before it left. */
export async function takenByLast(rules: readonly Rule[], listed: readonly Call[]): Promise<number> {
  const snapshot = aSnapshot(listed);
  const plan = createPlan({
    snapshot,
    caps: { sharePerPass: 1 },
    tree: new Map(),
    protection: PROTECTION,
    recentlyDisconnected: [],
  });
  const compiled = compileRules(aRuleSet({ rules }), {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName: 'lab',
    now: NOW,
  });
  for (const one of compiled) {
    const admits = (call: Call) => plan.present(call, 'enforce') && one.admits(call, () => []);
    const facts = factsFor({ ...one, admits }, snapshot);
    const verdicts = await one.judge(facts, { yieldNow });
    plan.add(
      one.rule,
      verdicts,
      (call) => one.admitsTaken(call, () => []),
      (subject) => facts.callsOf(subject)[0],
    );
  }
  const last = compiled.at(-1)?.rule.name;
  return plan.actions.filter(
    ({ rule, withhold, weight }) => rule === last && withhold === undefined && weight > 0,
  ).length;
}

/** These listed calls, each with an ID. */
export function callsOf(
  listed: readonly (typeof listedCall extends fc.Arbitrary<infer One> ? One : never)[],
): Call[] {
  return listed.map(({ cld, ...call }, index) =>
    aCall({ ...call, id: String(index + 1), cld, cldNumber: cld }),
  );
}
