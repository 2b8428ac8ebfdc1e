import type { Problem } from '../domain/errors.js';
import type { NumberPlan } from '../domain/numbering.js';
import { expandCalls, MAX_CALLS, type PlacedCall } from './case-calls.js';
import {
  type CaseFindings,
  type CasePlace,
  createFindings,
  type KnownRules,
  pollsText,
} from './case-findings.js';
import { limitsOf } from './case-limits.js';
import type { WrittenCase } from './case-schema.js';
import { treeOf } from './case-tree.js';
import { checkCalls } from './check-calls.js';
import { warnOfEmptiness } from './check-emptiness.js';
import { type CaseTimes, checkInstants } from './check-instants.js';
import { durationText } from './duration-text.js';
import { checkNamedRules, judgedRules } from './judged-rules.js';
import { readExpectations } from './read-expectations.js';
import { createSeenSubjects } from './seen-subjects.js';
import type { CasePoll, RuleTestCase } from './test-case.js';

/** 2026-01-05 is a Monday; ten in the morning is nobody's night and no weekend. */
const DEFAULT_START = Date.parse('2026-01-05T10:00:00Z');
const DEFAULT_EVERY_MS = 5_000;
/** The longest window, 24 h, with a margin for a change of clocks in minutesToday. */
const DEFAULT_HISTORY_MS = 25 * 3_600_000;
const DEFAULT_SWITCH = 'test';
const MAX_POLLS = 20_000;
/** Every poll goes through all calls, so it is their product that makes a case slow. */
const MAX_CALL_POLLS = 5_000_000;

/** Works out calls and polls, and checks what no schema can: names, instants, what belongs together. */
export function toTestCase(
  written: WrittenCase & { name: string },
  place: CasePlace,
  known: KnownRules,
): { testCase: RuleTestCase | undefined; problems: readonly Problem[] } {
  const findings = createFindings(place);
  const start = written.start ?? DEFAULT_START;
  const everyMs = written.every ?? DEFAULT_EVERY_MS;
  const switchName = written.switch ?? DEFAULT_SWITCH;
  const tooMany = (written.calls ?? []).reduce((sum, { repeat = 1 }) => sum + repeat, 0) > MAX_CALLS;
  if (tooMany) findings.error(['calls'], `"calls": expected at most ${MAX_CALLS} calls in one case.`);
  const placed = tooMany ? [] : expandCalls(written.calls ?? [], start);
  checkCalls(written.calls ?? [], placed, findings);
  const times = { start, everyMs };
  const polls = checkInstants(written, times, findings) ? pollsOf(written, placed, times, findings) : [];
  checkSize(placed.length, polls.length, findings);
  const judging = { rules: written.rules, switchName };
  checkNamedRules(judging, known, findings);
  const rules = judgedRules(judging, known);
  const judged = new Set([...rules.map(({ name }) => name), ...(written.rules ?? [])]);
  const calls = placed.map(({ call }) => call);
  const earliest = Math.min(start, ...calls.slice(0, 1).map(({ from }) => from));
  const historyMs =
    written.history ?? Math.max(Math.ceil(DEFAULT_HISTORY_MS / everyMs) * everyMs, start - earliest);
  const customerTree = treeOf(written.customerTree, findings);
  const limits = limitsOf(written.limits, place, findings);
  const numbers = numberPlanOf(written);
  const numbering = () => known.numberingOf(numbers);
  const seen = createSeenSubjects({ start, everyMs, polls, calls, historyMs, customerTree, numbering });
  const context = { start, everyMs, polls, calls, judged, known, place, switchName, seen };
  const expectations = readExpectations(written.expect ?? [], context, findings);
  const { problems } = findings;
  if (problems.some(({ severity }) => severity === 'error')) return { testCase: undefined, problems };
  warnOfEmptiness(written, rules, context, findings);
  const testCase: RuleTestCase = {
    name: written.name,
    description: written.description,
    location: place.at(written.name === undefined ? [] : ['name']),
    rules: written.rules,
    start,
    everyMs,
    polls,
    calls,
    expectations,
    strict: written.strict ?? false,
    historyMs,
    switchName,
    numbers,
    limits,
    protect: { numbers: [], accounts: [], customers: [], ...definedOf(written.protect) },
    customerTree,
  };
  return { testCase, problems };
}

function numberPlanOf({ numbers }: WrittenCase): NumberPlan {
  return {
    techPrefixes: numbers?.techPrefixes ?? [],
    ...(numbers?.country !== undefined && { country: numbers.country }),
    ...(numbers?.bare !== undefined && { bare: numbers.bare }),
  };
}

function definedOf(protect: WrittenCase['protect']) {
  const { numbers, accounts, customers } = protect ?? {};
  return { ...(numbers && { numbers }), ...(accounts && { accounts }), ...(customers && { customers }) };
}

function pollsOf(
  written: WrittenCase,
  placed: readonly PlacedCall[],
  { start, everyMs }: CaseTimes,
  findings: CaseFindings,
): readonly CasePoll[] {
  const untilMs = written.until ?? lastNamedMs(written, placed, start);
  const count = Math.floor(untilMs / everyMs) + 1;
  if (count > MAX_POLLS) {
    const key = written.until === undefined ? 'every' : 'until';
    const message = `"${key}": ${count} polls of ${durationText(everyMs)} are more than the ${MAX_POLLS} that one case may have; poll less often, or let it end earlier.`;
    findings.error([key], message);
    return [];
  }
  const failing = written.fail ?? [];
  const hit = new Set<number>();
  const polls = Array.from({ length: count }, (_, index): CasePoll => {
    const atMs = index * everyMs;
    const fails = failing.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs);
    for (const one of fails) hit.add(failing.indexOf(one));
    return { at: start + atMs, fails: fails.length > 0 };
  });
  for (const [index, { fromMs, toMs }] of failing.entries()) {
    if (hit.has(index)) continue;
    const place =
      fromMs === toMs
        ? `at ${durationText(fromMs)}`
        : `from ${durationText(fromMs)} to ${durationText(toMs)}`;
    findings.error(['fail', index], `"fail": no poll stands ${place}; ${pollsText(everyMs, count)}.`);
  }
  return polls;
}

function checkSize(calls: number, polls: number, findings: CaseFindings): void {
  if (calls * polls <= MAX_CALL_POLLS) return;
  const message = `"calls": ${calls} calls at ${polls} polls are too many for one case; expected at most ${MAX_CALL_POLLS} for the one times the other: fewer calls, a longer "every" or an earlier "until".`;
  findings.error(['calls'], message);
}

function lastNamedMs(written: WrittenCase, placed: readonly PlacedCall[], start: number): number {
  let last = 0;
  for (const { at } of written.expect ?? []) for (const atMs of [at].flat()) last = Math.max(last, atMs);
  for (const { toMs } of written.fail ?? []) last = Math.max(last, toMs);
  for (const { call } of placed) {
    for (const at of [call.from, call.answeredAt ?? call.from, call.to]) {
      if (Number.isFinite(at)) last = Math.max(last, at - start);
    }
  }
  return last;
}
