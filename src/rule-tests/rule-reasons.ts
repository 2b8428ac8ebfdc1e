import { evidenceText } from '../documents/evidence-text.js';
import type { CaseDecider, CaseDecision, JudgedRule, SubjectExplanation } from './case-decider.js';
import type { CaseNames } from './case-names.js';
import { type ExpectedOfRule, violationText } from './violation-text.js';

/** What somebody asks of a rule at a poll. */
export interface AskedRule extends ExpectedOfRule {
  rule: string;
  /** `account:10`; undefined for whomever the rule speaks of. */
  subject: string | undefined;
}

/** What a rule said of a subject at a poll; without a subject, what it said at all. */
export type RuleReasons = (asked: AskedRule, decision: CaseDecision) => Promise<string>;

/** Calls shown by name of many. */
const SHOWN_CALLS = 3;

export function createRuleReasons(
  names: CaseNames,
  decider: CaseDecider,
  instant: (at: number) => string,
): RuleReasons {
  async function ofRule({ rule, subject, ...expected }: AskedRule, decision: CaseDecision) {
    const judged = decision.rules.find((one) => one.rule.name === rule);
    if (judged === undefined) return 'the rule was not judged';
    if (judged.broken !== undefined) return `the rule could not be judged: ${String(judged.broken)}`;
    if (!judged.active) return inactiveText(rule);
    return subject === undefined ? ofAll(judged, expected) : ofSubject(judged, subject, expected);
  }

  function inactiveText(rule: string): string {
    const excepted = decider.exceptedHere(rule);
    return excepted.length === 0
      ? 'the rule is outside of its schedule'
      : `the rule is not judged on this switch: ${excepted.join('; ')}`;
  }

  async function ofAll(judged: JudgedRule, expected: ExpectedOfRule): Promise<string> {
    const { verdicts, held } = judged;
    const told = held[0]?.verdict ?? verdicts.find(({ result }) => result === 'violated');
    // Of those who are clear, one alone is an explanation; of many, nobody knows who was meant.
    const subject = told?.subject ?? (verdicts.length === 1 ? verdicts[0]?.subject : undefined);
    if (subject !== undefined) return ofSubject(judged, names.subject(subject), expected);
    const counts = new Map<string, number>();
    for (const { result } of verdicts) counts.set(result, (counts.get(result) ?? 0) + 1);
    if (counts.size === 0) return 'the rule found nobody to judge';
    return `the rule judged ${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}`;
  }

  async function ofSubject(
    { rule, verdicts, held }: JudgedRule,
    subject: string,
    expected: ExpectedOfRule,
  ): Promise<string> {
    const back = held.find(({ verdict }) => names.subject(verdict.subject) === subject);
    if (back !== undefined) {
      const met = evidenceText(back.verdict.evidence.conditions);
      const what =
        back.reason === 'for' ? 'has not held long enough ("for")' : 'is cooling down ("cooldown")';
      return `${subject} violates the rule (${met}), but ${what}: it may act from ${instant(back.until)} on`;
    }
    const verdict = verdicts.find((one) => names.subject(one.subject) === subject);
    if (verdict?.result === 'violated') return violationText(subject, verdict, expected);
    if (verdict?.result === 'indeterminate') {
      const missing = evidenceText(verdict.evidence.conditions, ['missing']);
      return `${subject} cannot be judged: ${missing === '' ? `${verdict.missing.join(', ')} is missing` : missing}`;
    }
    const explained = await decider.explain(rule.name, verdict?.subject ?? names.subjectOf(subject));
    return verdict === undefined ? absentText(subject, explained) : clearText(subject, explained);
  }

  function absentText(
    subject: string,
    { leftOut = [], taken = [] }: Partial<SubjectExplanation> = {},
  ): string {
    if (leftOut.length > 0) return `${subject} was not judged: ${leftOut.join('; ')}`;
    if (taken.length > 0) return `${subject} was not judged: ${takenText(taken)}`;
    return `${subject} was not judged: it has no call here`;
  }

  function clearText(subject: string, { conditions, taken = [] }: Partial<SubjectExplanation> = {}): string {
    const observed = conditions === undefined ? '' : evidenceText(conditions, [false, 'missing']);
    const unmet = observed === '' ? '' : `, this does not hold: ${observed}`;
    return `${subject} is clear${unmet}${taken.length === 0 ? '' : `; ${takenText(taken)}`}`;
  }

  /** `watch, which is planned before, takes a-31 of it`, and the same of the other rules. */
  function takenText(taken: SubjectExplanation['taken']): string {
    const callsBy = new Map<string, string[]>();
    for (const { id, by } of taken) callsBy.set(by, [...(callsBy.get(by) ?? []), callName(id)]);
    return [...callsBy]
      .map(([by, calls]) => {
        const more = calls.length > SHOWN_CALLS ? ` and ${calls.length - SHOWN_CALLS} more` : '';
        const shown = calls.slice(0, SHOWN_CALLS).join(', ');
        return `${by}, which is planned before, takes ${shown}${more} at this poll`;
      })
      .join('; ');
  }

  const callName = (id: string) => names.subject({ scope: 'call', id }).slice('call:'.length);

  return ofRule;
}
