import type { DocumentPath } from '../documents/located-document.js';
import type { CaseFindings } from './case-findings.js';
import type { ExpectationContext } from './expectation-context.js';
import type { ExpectedAction } from './test-case.js';

/** What happens at most once at a poll, as far as it is expected there: the line of each. */
export type ActedOn = Map<string, number>;

export interface OnceContext extends Pick<ExpectationContext, 'place' | 'judged'> {
  targetPath: DocumentPath;
  countPath: DocumentPath;
}

/** Refuses to expect at one poll what cannot happen twice there, by a count or by being listed again. */
export function checkOnce(
  expected: ExpectedAction,
  { place, targetPath, countPath, judged }: OnceContext,
  acted: ActedOn,
  findings: CaseFindings,
): void {
  const [only, ...others] = judged;
  const keys = onceKeys({ ...expected, rule: expected.rule ?? (others.length === 0 ? only : undefined) });
  const first = keys.map((key) => acted.get(key)).find((line) => line !== undefined);
  if (first !== undefined) {
    const message = `"${targetKey(targetPath)}": ${expected.target} is listed already, on line ${first}, and is acted on once a poll: list it once.`;
    findings.error(targetPath, message);
  } else if (keys.length > 0 && expected.count > 1) {
    findings.error(
      countPath,
      '"count": one target is acted on once a poll; name several by their beginning, e.g. a-*.',
    );
  }
  const { line } = place.at(targetPath);
  for (const key of keys) acted.set(key, acted.get(key) ?? line);
}

/**
 * One rule does one thing to one target. And what is disconnected is gone for the rules after it: only alerts, and what
 * safeguards stop, may come from several.
 */
function onceKeys({ rule, action, target, withheld }: ExpectedAction): readonly string[] {
  if (action === undefined || target === undefined || target.endsWith('*')) return [];
  const isStopped = withheld !== undefined;
  return [
    ...(action === 'alert' || isStopped ? [] : [JSON.stringify([action, target])]),
    ...(rule === undefined ? [] : [JSON.stringify([action, target, rule, isStopped])]),
  ];
}

function targetKey(path: DocumentPath): string {
  return String(path.findLast((step) => typeof step === 'string'));
}
