import type { Problem } from '../domain/errors.js';
import type { Rule } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';
import type { CaseDecision } from './case-decider.js';
import { durationText } from './duration-text.js';
import type { CaseCall, RuleTestCase } from './test-case.js';
import { namedRules } from './untested-rules.js';

/** Rules that a case names and that cannot do anything in it, whatever their conditions say. */
export interface IdleRules {
  /** Takes in what one poll came to. */
  note(decision: CaseDecision, at: number): void;
  /** Warns of rules that judge nobody as no call says whose it is, and of those whose `for` is longer than the case. */
  problems(): readonly Problem[];
  /** Those that were outside of their schedule at every poll. */
  resting(): readonly Rule[];
}

interface Watched {
  rule: Rule;
  wasActive: boolean;
  judgedAnybody: boolean;
}

export function createIdleRules(testCase: RuleTestCase): IdleRules {
  const named = new Set(namedRules(testCase));
  const withVerdicts = new Set(
    [...testCase.expectations.values()].flatMap(({ violated, clear }) =>
      [...violated, ...clear].map(({ rule }) => rule),
    ),
  );
  const watched = new Map<string, Watched>();
  let span: { first: number; last: number } | undefined;

  function whyIdle({ rule, wasActive, judgedAnybody }: Watched): string | undefined {
    const key = wasActive && !judgedAnybody ? missingKey(rule.scope, testCase.calls) : undefined;
    if (key !== undefined) {
      return `which judges nobody in it, as "${key}" is not given for any call: it would pass whatever the rule says. Give it for the calls`;
    }
    const spanMs = span === undefined ? 0 : span.last - span.first;
    if (spanMs >= rule.forMs || withVerdicts.has(rule.name)) return undefined;
    return `which cannot act in it: "for" is ${durationText(rule.forMs)} and counts from the first poll on, the last one is ${durationText(spanMs)} later. It would pass whatever the conditions of the rule say: let it go on ("until"), or expect who is "violated" or "clear"`;
  }

  return {
    note({ rules }, at) {
      span = { first: span?.first ?? at, last: at };
      for (const { rule, active, verdicts, held } of rules.filter((one) => named.has(one.rule.name))) {
        const before = watched.get(rule.name);
        watched.set(rule.name, {
          rule,
          wasActive: active || before?.wasActive === true,
          judgedAnybody: verdicts.length + held.length > 0 || before?.judgedAnybody === true,
        });
      }
    },
    problems: () =>
      [...watched.values()].flatMap((one) => {
        const why = whyIdle(one);
        return why === undefined ? [] : [testsNothing(testCase, one.rule.name, why)];
      }),
    resting: () =>
      [...watched.values()]
        .filter(({ rule, wasActive }) => rule.schedule.length > 0 && !wasActive)
        .map(({ rule }) => rule),
  };
}

/** A warning for a rule of which a case that passes says nothing. */
export function testsNothing(testCase: RuleTestCase, rule: string, why: string): Problem {
  const { name, location } = testCase;
  const message = `The case "${name}" tests nothing of the rule "${rule}", ${why}.`;
  return { file: location.file, location, message, severity: 'warning' };
}

/** What would say of a call who is judged, where none of them has it; that there is none is warned of by itself. */
function missingKey(scope: Scope, calls: readonly CaseCall[]): string | undefined {
  switch (scope) {
    case 'account':
    case 'customer':
    case 'connection':
    case 'cli':
      return calls.length > 0 && calls.every((call) => call[scope] === undefined) ? scope : undefined;
    // A switch and a vendor are judged without a call.
    case 'call':
    case 'vendor':
    case 'switch':
      return undefined;
  }
}
