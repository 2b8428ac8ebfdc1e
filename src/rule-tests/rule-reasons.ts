import { evidenceText } from '../documents/evidence-text.js';
import type { CaseDecider, CaseDecision, JudgedRule } from './case-decider.js';
import type { CaseNames } from './case-names.js';

/** What a rule said of a subject at a poll; without a subject, what it said at all. */
export type RuleReasons = (
  rule: string,
  subject: string | undefined,
  decision: CaseDecision,
) => Promise<string>;

export function createRuleReasons(
  names: CaseNames,
  decider: CaseDecider,
  instant: (at: number) => string,
): RuleReasons {
  async function ofRule(name: string, subject: string | undefined, decision: CaseDecision) {
    const judged = decision.rules.find(({ rule }) => rule.name === name);
    if (judged === undefined) return 'the rule was not judged';
    if (judged.broken !== undefined) return `the rule could not be judged: ${String(judged.broken)}`;
    if (!judged.active) return 'the rule is outside of its schedule';
    return subject === undefined ? ofAll(judged) : ofSubject(judged, subject);
  }

  async function ofAll(judged: JudgedRule): Promise<string> {
    const { verdicts, held } = judged;
    const told = held[0]?.verdict ?? verdicts.find(({ result }) => result === 'violated');
    // Of those who are clear, one alone is an explanation; of many, nobody knows who was meant.
    const subject = told?.subject ?? (verdicts.length === 1 ? verdicts[0]?.subject : undefined);
    if (subject !== undefined) return ofSubject(judged, names.subject(subject));
    const counts = new Map<string, number>();
    for (const { result } of verdicts) counts.set(result, (counts.get(result) ?? 0) + 1);
    if (counts.size === 0) return 'the rule found nobody to judge';
    return `the rule judged ${[...counts].map(([result, count]) => `${count} ${result}`).join(', ')}`;
  }

  async function ofSubject({ rule, verdicts, held }: JudgedRule, subject: string): Promise<string> {
    const back = held.find(({ verdict }) => names.subject(verdict.subject) === subject);
    if (back !== undefined) {
      const met = evidenceText(back.verdict.evidence.conditions);
      const what =
        back.reason === 'for' ? 'has not held long enough ("for")' : 'is cooling down ("cooldown")';
      return `${subject} violates the rule (${met}), but ${what}: it may act from ${instant(back.until)} on`;
    }
    const verdict = verdicts.find((one) => names.subject(one.subject) === subject);
    if (verdict === undefined)
      return `${subject} was not judged: it has no call here, or "only" or "except" leave it out`;
    if (verdict.result === 'violated') {
      const met = evidenceText(verdict.evidence.conditions);
      const pool = `${verdict.pool.length} calls may be taken, ${verdict.keep} of them stay`;
      return `${subject} violates the rule (${met}); ${pool}`;
    }
    if (verdict.result === 'indeterminate') {
      const missing = evidenceText(verdict.evidence.conditions, ['missing']);
      return `${subject} cannot be judged: ${missing === '' ? `${verdict.missing.join(', ')} is missing` : missing}`;
    }
    const conditions = await decider.explain(rule.name, verdict.subject);
    const observed = conditions === undefined ? '' : evidenceText(conditions, [false, 'missing']);
    return observed === '' ? `${subject} is clear` : `${subject} is clear, this does not hold: ${observed}`;
  }

  return ofRule;
}
