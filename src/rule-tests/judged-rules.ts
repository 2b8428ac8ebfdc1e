import type { Rule } from '../domain/rule.js';
import { type CaseFindings, type KnownRules, unknownRule } from './case-findings.js';

/** What a case says of who is judged. */
interface Judging {
  /** Undefined for all rules that are not off. */
  rules?: readonly string[] | undefined;
  switchName: string;
}

/** The rules that a case judges; of those that it names, also one that is off. */
export function judgedRules({ rules: named, switchName }: Judging, known: KnownRules): readonly Rule[] {
  return known.rules.filter((rule) =>
    named === undefined
      ? rule.mode !== 'off' && known.appliesTo(rule, switchName)
      : named.includes(rule.name),
  );
}

/** Refuses names of rules that are not there, or not judged on the switch of the case. */
export function checkNamedRules(
  { rules: named = [], switchName }: Judging,
  known: KnownRules,
  findings: CaseFindings,
): void {
  for (const [index, name] of named.entries()) {
    const rule = known.rules.find((one) => one.name === name);
    if (rule === undefined) findings.error(['rules', index], `"rules": ${unknownRule(name, known)}`);
    else if (!known.appliesTo(rule, switchName)) {
      const message = `"rules": ${name} is not judged on the switch "${switchName}"; name one of its own with "switch".`;
      findings.error(['rules', index], message);
    }
  }
}
