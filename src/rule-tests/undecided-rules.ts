import { evidenceText } from '../documents/evidence-text.js';
import type { Problem } from '../domain/errors.js';
import type { IndeterminateVerdict } from '../domain/verdict.js';
import type { CaseDecision, JudgedRule } from './case-decider.js';
import { namesOf } from './case-names.js';
import { testsNothing } from './idle-rules.js';
import type { RuleTestCase } from './test-case.js';
import { namedRules } from './untested-rules.js';

/** Rules that judged somebody in a case and never came to a verdict, as what they ask for was missing every time. */
export interface UndecidedRules {
  /** Takes in what one poll came to. */
  note(decision: CaseDecision): void;
  /**
   * A warning for every rule that the case names and that decided nothing; where it names none, only if all together
   * decided nothing.
   */
  problems(): readonly Problem[];
}

export function createUndecidedRules(testCase: RuleTestCase): UndecidedRules {
  const decided = new Set<string>();
  const open = new Map<string, IndeterminateVerdict>();
  const named = new Set(namedRules(testCase));

  function why({ subject, evidence, missing }: IndeterminateVerdict): string {
    const facts = evidenceText(evidence.conditions, ['missing']);
    return `${namesOf(testCase).subject(subject)}: ${facts === '' ? `${missing.join(', ')} is missing` : facts}`;
  }

  return {
    note({ rules }) {
      for (const judged of rules) {
        const { name } = judged.rule;
        if (decidesSomething(judged)) decided.add(name);
        const first = judged.verdicts.find((one) => one.result === 'indeterminate');
        if (first !== undefined && !open.has(name)) open.set(name, first);
      }
    },
    problems() {
      const undecided = [...open].filter(([name]) => !decided.has(name));
      const told = named.size === 0 && decided.size > 0 ? [] : undecided;
      return told
        .filter(([name]) => named.size === 0 || named.has(name))
        .map(([name, first]) =>
          testsNothing(
            testCase,
            name,
            `which never comes to a verdict in it (${why(first)}): it would pass whatever the rule says. Give the case what the rule asks for`,
          ),
        );
    },
  };
}

function decidesSomething({ verdicts, held }: JudgedRule): boolean {
  return held.length > 0 || verdicts.some(({ result }) => result !== 'indeterminate');
}
