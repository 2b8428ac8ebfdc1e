import type { PlannedAction } from '../domain/action.js';
import { asStated } from '../domain/customer-tree.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import type { Snapshot } from '../domain/snapshot.js';
import { createGate } from '../enforce/gate.js';
import { FACT_CATALOGUE } from '../facts/catalogue.js';
import { createNumbering } from '../facts/numbering.js';
import { createProtectedNumbers } from '../facts/protected-numbers.js';
import { carryOut } from '../pass-carried-out.js';
import { factsFor } from '../pass-decide.js';
import { listedCallsOf } from '../pass-explain-calls.js';
import { createLeavingOut } from '../pass-explain-left-out.js';
import { createReplay, type ReplayOptions } from '../pass-replay.js';
import { createProtection } from '../plan/protection.js';
import {
  appliesTo,
  type CompiledRule,
  compileRules,
  rulesOverTime,
  vendorsAskedBy,
} from '../policy/compile-rules.js';
import { limitsReadBy } from '../policy/unread-limits.js';
import type { CaseDecider } from '../rule-tests/case-decider.js';
import type { KnownRules } from '../rule-tests/case-findings.js';
import { createWorld } from '../rule-tests/case-world.js';
import type { RunOptions, StagedCase } from '../rule-tests/run-case.js';
import type { RuleTestCase } from '../rule-tests/test-case.js';
import { leftOutText } from './explanation-left-out.js';

/** What cases may name: these rules, and what they ask for. */
export function knownRules({ rules, conditions }: RuleSet): KnownRules {
  return {
    rules,
    appliesTo,
    limitsReadBy: (asking) => limitsReadBy(asking, conditions),
    numberingOf: createNumbering,
  };
}

/** Whatever a case takes, no cap stops it: a case shows a handful of calls, of which an attack is most. */
const NO_CAPS = { sharePerPass: 1 };

/** A case as it stands, and as it would be without the schedule of a rule. */
export function stageCase(testCase: RuleTestCase, ruleSet: RuleSet): RunOptions {
  return {
    ...stageOnce(testCase, ruleSet),
    withoutSchedule(name) {
      const rules = ruleSet.rules.map((rule) => (rule.name === name ? { ...rule, schedule: [] } : rule));
      return stageOnce(testCase, { ...ruleSet, rules });
    },
  };
}

/** The world of a case, and what decides its polls: the very code that decides a pass, on rules that all enforce. */
function stageOnce(testCase: RuleTestCase, ruleSet: RuleSet): StagedCase {
  const numbering = createNumbering(testCase.numbers);
  const judged: RuleSet = {
    ...ruleSet,
    rules: ruleSet.rules.flatMap((rule) => asJudged(rule, testCase.rules)),
    limits: testCase.limits ?? ruleSet.limits,
  };
  const compile = (rules: RuleSet, now: number) =>
    compileRules(rules, { catalogue: FACT_CATALOGUE, numbering, switchName: testCase.switchName, now });
  const rulesAt = rulesOverTime((now) => compile(judged, now));
  let compiled = rulesAt(testCase.start);
  const protectedNumbers = createProtectedNumbers(testCase.protect.numbers, numbering);
  const emergencyNumbers = createProtectedNumbers([], numbering);
  const world = createWorld(testCase, {
    numbering,
    vendors: vendorsAskedBy(compiled),
  });
  const options: ReplayOptions = {
    switchName: testCase.switchName,
    numbering,
    rules: compiled,
    rulesAt,
    limits: judged.limits.filter(
      (limit) => limit.switch === undefined || limit.switch === testCase.switchName,
    ),
    caps: NO_CAPS,
    customerTree: testCase.customerTree,
    protection: createProtection(testCase.protect, asStated(testCase.customerTree), (raw) =>
      protectedNumbers.match(raw),
    ),
    intervalMs: testCase.everyMs,
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
    past: world.past,
  };
  const replay = createReplay(options);
  let last: { snapshot: Snapshot; actions: readonly PlannedAction[] } | undefined;

  const decider: CaseDecider = {
    missed: (poll) => replay.missed(poll),
    done: (actions, at) => replay.done(actions, at),
    async poll(snapshot) {
      compiled = rulesAt(snapshot.observedAt);
      const { actions, rules } = await replay.poll(snapshot);
      const carried = carriedOut(actions, snapshot, { ...options, rules: compiled });
      last = { snapshot, actions: carried };
      return { actions: carried, rules };
    },
    async explain(name, subject) {
      const rule = compiled.find((one) => one.rule.name === name);
      if (rule === undefined || last === undefined) return undefined;
      const input = {
        ...options,
        rules: compiled,
        snapshot: last.snapshot,
        history: replay.history,
        holding: replay.holding,
      };
      const takers = takersBefore(name, last.actions, compiled);
      const facts = factsFor(
        { ...input, recentlyDisconnected: [], acted: [] },
        rule,
        ({ id }) => !takers.has(id),
      );
      const calls = listedCallsOf(subject, input);
      const taken = calls.flatMap(({ id }) => {
        const by = takers.get(id);
        return by === undefined ? [] : [{ id, by }];
      });
      const leavingOut = createLeavingOut(rule.rule, input);
      const ofSubject = leavingOut.ofSubject(subject, facts);
      const leftOut = ofSubject.length > 0 ? ofSubject : calls.flatMap(leavingOut.ofCall);
      return {
        conditions: (await rule.explain(facts, subject, 0))?.evidence?.conditions,
        leftOut: [...new Set(leftOut.map(leftOutText))],
        taken,
      };
    },
    exceptedHere(name) {
      const rule = compiled.find((one) => one.rule.name === name);
      if (rule === undefined || last === undefined) return [];
      const { snapshot } = last;
      return createLeavingOut(rule.rule, { snapshot, numbering })
        .ofSwitch(testCase.switchName)
        .map(leftOutText);
    },
    isProtectedUnnamed: (number) => {
      const isNamed = testCase.protect.numbers.some(
        (one) => numbering.normalise(one) === numbering.normalise(number),
      );
      return !isNamed && emergencyNumbers.match(number) !== undefined;
    },
  };
  return { world, decider };
}

/** The calls that are gone for a rule as those planned before it take them, each with the rule that does. */
function takersBefore(
  name: string,
  actions: readonly PlannedAction[],
  planned: readonly CompiledRule[],
): ReadonlyMap<string, string> {
  const names = planned.map(({ rule }) => rule.name);
  const before = new Set(names.slice(0, names.indexOf(name)));
  const takers = new Map<string, string>();
  for (const action of actions) {
    if (!before.has(action.rule) || action.action === 'alert' || action.withhold !== undefined) continue;
    for (const { id } of action.call === undefined ? action.takes : [action.call])
      takers.set(id, action.rule);
  }
  return takers;
}

/** Enforcing, whatever its mode; a rule that is off only where the case names it. */
function asJudged(rule: Rule, named: RuleTestCase['rules']): Rule[] {
  const wanted = named === undefined ? rule.mode !== 'off' : named.includes(rule.name);
  return wanted ? [{ ...rule, mode: 'enforce' }] : [];
}

/** The plan as enforcement carries it out, without a cap: what is withheld says why. */
function carriedOut(
  actions: readonly PlannedAction[],
  snapshot: Snapshot,
  options: ReplayOptions,
): readonly PlannedAction[] {
  const gate = createGate({
    configMode: 'enforce',
    dryRun: false,
    caps: { perPass: Number.POSITIVE_INFINITY, perHour: Number.POSITIVE_INFINITY },
    takenLastHour: 0,
    paused: () => false,
    halted: () => undefined,
  });
  // What was cut is gone from the world of a case at once.
  return carryOut(actions, { ...options, snapshot, recentlyDisconnected: [], gate }).map(
    ({ action, decision }) => ({
      ...action,
      withhold: decision.kind === 'withheld' ? decision.reason : undefined,
    }),
  );
}
