import { didYouMean } from '../documents/did-you-mean.js';
import type { Problem } from '../domain/errors.js';
import type { CaseFindings, CasePlace, KnownRules } from './case-findings.js';
import type { WrittenCase } from './case-schema.js';
import { judgedRules } from './judged-rules.js';
import { createSeenSubjects, type SeenSubjects } from './seen-subjects.js';
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
 * Warns of limits that no rule asks for, as of those in limits.csv, and of limits of whom no poll sees a call, so that nobody
 * asks. Cases of one file may share a limit, which then is worth something where it is read in one of them.
 */
export function unreadCaseLimits(cases: readonly RuleTestCase[], known: KnownRules): readonly Problem[] {
  const read = new Set<string>();
  const unread = new Map<string, Problem>();
  for (const testCase of cases) {
    const namesByScope = known.limitsReadBy(judgedRules(testCase, known));
    const seen = createSeenSubjects({ ...testCase, numbering: () => known.numberingOf(testCase.numbers) });
    for (const limit of testCase.limits ?? []) {
      const { location } = limit;
      const place = `${location.line}:${location.column}`;
      const names = namesByScope.get(limit.scope) ?? new Set();
      const message = whyUnread(limit, names, testCase, seen);
      if (message === undefined) read.add(place);
      else unread.set(place, { file: location.file, location, message, severity: 'warning' });
    }
  }
  return [...unread].flatMap(([place, problem]) => (read.has(place) ? [] : [problem]));
}

function whyUnread(
  { scope, id, name }: CaseLimit,
  names: ReadonlySet<string>,
  { switchName }: RuleTestCase,
  seen: SeenSubjects,
): string | undefined {
  if (!names.has(name))
    return `No rule that is judged here reads the limit "${name}" of scope ${scope}.${didYouMean(name, names)}`;
  if (scope === 'switch' && id !== switchName)
    return `This case plays on the switch "${switchName}", so the limit "${name}" of switch:${id} is never read. Name it under "switch".`;
  // A vendor is judged without any call too.
  const ids = scope === 'vendor' ? undefined : seen.ids(scope);
  if (ids === undefined || ids.has(seen.idOf(scope, id))) return undefined;
  return `No poll of this case sees a call of ${scope}:${id}, so its limit "${name}" is never read.`;
}
