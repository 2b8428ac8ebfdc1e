import { VISIBLE_SCOPES } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { CaseDecider, CaseDecision, JudgedRule } from './case-decider.js';
import type { CaseNames, SeenAction } from './case-names.js';
import { meets } from './compare.js';
import { durationText } from './duration-text.js';
import { createRuleReasons } from './rule-reasons.js';
import type { CaseCall, ExpectedAction, ExpectedVerdict, RuleTestCase } from './test-case.js';
import { whoTakes } from './who-takes.js';
import { withheldText } from './withheld-text.js';

/** What is known of one poll when somebody asks why something did not happen there. */
export interface PollContext {
  at: number;
  decision: CaseDecision;
  seen: readonly SeenAction[];
  snapshot: Snapshot;
}

/** Says why what a case expects did not come, as far as the decision tells; undefined where it does not. */
export interface Reasons {
  missing(expected: ExpectedAction, context: PollContext): Promise<string | undefined>;
  verdict(expected: ExpectedVerdict, context: PollContext): Promise<string | undefined>;
  /** Carried out at this poll: a later question may be about it. */
  done(actions: readonly SeenAction[], at: number): void;
}

interface Done {
  action: SeenAction;
  at: number;
}

export function createReasons(testCase: RuleTestCase, names: CaseNames, decider: CaseDecider): Reasons {
  const lastDone = new Map<string, Done>();
  const instant = (at: number) => durationText(at - testCase.start);

  const ofRule = createRuleReasons(names, decider, instant);

  return {
    verdict: ({ rule, subject }, { decision }) => ofRule({ rule, subject }, decision),
    async missing(expected, context) {
      const withheld = context.seen.find((one) => one.withheld !== undefined && isAbout(one, expected));
      if (withheld !== undefined) return `withheld: ${withheldText(withheld, names)}`;
      if (expected.withheld !== undefined && context.seen.some((one) => isAbout(one, expected))) {
        return 'it was not withheld';
      }
      const call = callOf(expected, names);
      const gone =
        call === undefined
          ? undefined
          : whyNotListed(call, context, lastDone.get(`call ${call.name}`), instant);
      if (gone !== undefined) return gone;
      const { rules } = context.decision;
      const wanted = expected.rule ?? (rules.length === 1 ? rules[0]?.rule.name : undefined);
      const taken = call === undefined ? undefined : whoTakes(call, wanted, context.decision, names);
      if (taken !== undefined) return taken;
      if (wanted === undefined) return undefined;
      const judged = rules.find(({ rule }) => rule.name === wanted);
      const subject = judged === undefined ? undefined : subjectOf(expected, judged, call, testCase);
      const reason = await ofRule({ rule: wanted, subject, call, action: expected.action }, context.decision);
      const before = lastDone.get(`${wanted} alert ${expected.target}`);
      if (before === undefined || !isRepeated(expected, subject, judged, names)) return reason;
      return `${reason}; the same was recorded at ${instant(before.at)}, and is not repeated yet`;
    },
    done(actions, at) {
      for (const action of actions) {
        lastDone.set(`${action.rule} ${action.action} ${action.target}`, { action, at });
        if (action.action === 'disconnectCall') lastDone.set(`call ${action.target}`, { action, at });
      }
    },
  };
}

/** Whether an action is the expected one, but for what safeguards made of it. */
function isAbout(seen: SeenAction, expected: ExpectedAction): boolean {
  return meets(seen, { ...expected, withheld: seen.withheld });
}

function callOf({ action, target }: ExpectedAction, names: CaseNames): CaseCall | undefined {
  const mayBeCall = action === undefined || action === 'disconnectCall';
  return mayBeCall && target !== undefined ? names.call(target) : undefined;
}

function whyNotListed(
  { name, id, from, to }: CaseCall,
  { at, snapshot }: PollContext,
  cut: Done | undefined,
  instant: (at: number) => string,
): string | undefined {
  if (snapshot.calls.some((call) => call.id === id)) return undefined;
  if (cut !== undefined) return `${name} was cut at ${instant(cut.at)} already, by ${cut.action.rule}`;
  if (at < from) return `${name} is not set up before ${instant(from)}`;
  if (at >= to) return `${name} ended at ${instant(to)}`;
  return `${name} is gone: its account or customer was disconnected before`;
}

/** Whether a rule asks for the alert that is expected, of which only a repetition is left out. */
function isRepeated(
  { action, target }: ExpectedAction,
  subject: string | undefined,
  judged: JudgedRule | undefined,
  names: CaseNames,
): boolean {
  if ((action ?? 'alert') !== 'alert' || target === undefined) return false;
  return (judged?.verdicts ?? []).some(
    (one) =>
      one.result === 'violated' && one.event.type === 'alert' && names.subject(one.subject) === subject,
  );
}

/** Whom the rule judges where it acts on this target. */
function subjectOf(
  { subject, action, target }: ExpectedAction,
  { rule }: JudgedRule,
  call: CaseCall | undefined,
  { switchName }: RuleTestCase,
): string | undefined {
  if (subject !== undefined) return subject;
  if (target === undefined || target.endsWith('*')) return undefined;
  if (action === 'alert' || (action === undefined && call === undefined)) return `${rule.scope}:${target}`;
  if (action === 'disconnectAccount' && rule.scope === 'account') return `account:${target}`;
  if (action === 'disconnectCustomer' && rule.scope === 'customer') return `customer:${target}`;
  if (call === undefined || !VISIBLE_SCOPES.call.includes(rule.scope)) return undefined;
  const ids: Partial<Record<typeof rule.scope, string | number | undefined>> = {
    call: call.name,
    account: call.account,
    customer: call.customer,
    connection: call.connection,
    vendor: call.vendors.find((vendor) => rule.only.vendors?.includes(vendor)) ?? call.vendors[0],
    switch: switchName,
  };
  const id = ids[rule.scope];
  return id === undefined ? undefined : `${rule.scope}:${id}`;
}
