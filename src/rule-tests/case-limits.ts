import { didYouMean } from '../documents/did-you-mean.js';
import type { Problem } from '../domain/errors.js';
import type { CaseFindings, CasePlace, KnownRules } from './case-findings.js';
import type { WrittenCase } from './case-schema.js';
import { judgedRules } from './judged-rules.js';
import type { CaseLimit, RuleTestCase } from './test-case.js';

const NUMBERED_SCOPES: readonly string[] = ['account', 'customer', 'connection', 'vendor'];

/** The limits of a case, held to what limits.csv holds its rows to. Undefined where the case has none of its own. */
export function limitsOf(
  written: WrittenCase['limits'],
  place: CasePlace,
  findings: CaseFindings,
): readonly CaseLimit[] | undefined {
  const firstLines = new Map<string, number>();
  return written?.map((limit, index) => {
    const { scope, id, name } = limit;
    if (NUMBERED_SCOPES.includes(scope) && !/^[1-9]\d*$/.test(id)) {
      const message = `"id" of ${scope}: expected plain digits without a leading 0, but found ${JSON.stringify(id)}.`;
      findings.error(['limits', index, 'id'], message);
    }
    const key = JSON.stringify([scope, id, name]);
    const first = firstLines.get(key);
    if (first !== undefined) {
      findings.error(['limits', index], `This limit is given twice: it is already on line ${first}.`);
    }
    firstLines.set(key, place.at(['limits', index]).line);
    return { ...limit, switch: undefined, location: place.at(['limits', index, 'name']) };
  });
}

/**
 * Warns of limits that no rule asks for, as of those in limits.csv. Cases of one file may share a limit, which then is worth
 * something where one of them judges a rule that asks for it.
 */
export function unreadCaseLimits(cases: readonly RuleTestCase[], known: KnownRules): readonly Problem[] {
  const read = new Set<string>();
  const unread = new Map<string, Problem>();
  for (const testCase of cases) {
    const namesByScope = known.limitsReadBy(judgedRules(testCase, known));
    for (const { scope, name, location } of testCase.limits ?? []) {
      const place = `${location.line}:${location.column}`;
      const names = namesByScope.get(scope) ?? new Set();
      if (names.has(name)) read.add(place);
      const message = `No rule that is judged here reads the limit "${name}" of scope ${scope}.${didYouMean(name, names)}`;
      unread.set(place, { file: location.file, location, message, severity: 'warning' });
    }
  }
  return [...unread].flatMap(([place, problem]) => (read.has(place) ? [] : [problem]));
}
