import { parseDocument } from '../documents/located-document.js';
import { zodProblems } from '../documents/zod-problems.js';
import type { Location, Problem } from '../domain/errors.js';
import type { FactCatalogue } from '../domain/facts.js';
import type { FactCondition, RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';
import { checkCondition } from './check-condition.js';
import type { CheckContext, WrittenCondition } from './check-context.js';
import { checkRule, checkRuleSize, type UnhashedRule } from './check-rule.js';
import { checkLimitsForSwitches, type KnownSwitch } from './check-switches.js';
import { Findings, inside, type Place } from './findings.js';
import { hashedRuleSet } from './hash-rules.js';
import { lintRules } from './lint/lint-rules.js';
import { type ReadLimits, readLimits } from './read-limits.js';
import { readLists } from './read-lists.js';
import { collectionSchema } from './rule-schema.js';
import { checkChains } from './shared-conditions.js';
import { limitsOfNobody, unreadLimits } from './unread-limits.js';
import { zeroLimits } from './zero-limits.js';

export interface CheckedRules {
  /** Undefined where there is any error. */
  ruleSet: RuleSet | undefined;
  /** Everything found in all files, warnings included, by file and line. */
  problems: readonly Problem[];
}

interface WrittenRule {
  value: unknown;
  place: Place;
}

/**
 * Checks all files of a rules directory as one and never throws. Whatever it accepts compiles and judges: nothing is
 * left to be found out while calls are at stake. `hash` is SHA-256 of a text in hex, handed in as this stage is pure.
 * `switches` are those of the config; without them nothing that depends on switches is checked. `now`, in milliseconds since
 * the epoch, is what exceptions that have ended are warned of by, and a `for` that is longer than its schedule is ever open.
 */
export function checkRules(
  files: readonly RuleFileText[],
  catalogue: FactCatalogue,
  hash: (text: string) => string,
  switches?: readonly KnownSwitch[],
  now?: number,
): CheckedRules {
  const findings = new Findings();
  const { lists, problems: listProblems } = readLists(files.filter(({ kind }) => kind === 'list'));
  const {
    limits,
    places,
    problems: limitProblems,
  } = readAllLimits(files.filter(({ kind }) => kind === 'limits'));
  findings.add([...listProblems, ...limitProblems]);
  const { rules: written, shared } = readFiles(
    files.filter(({ kind }) => kind === 'rules'),
    findings,
  );
  const context: CheckContext = {
    ...{ catalogue, lists, limits, shared, switches, now, findings },
    comparisons: new Map(),
  };

  checkChains(context);
  const acyclic = !findings.hasErrors;
  const conditions = new Map(
    [...shared].map(([name, condition]) => [name, checkCondition(condition, context, 'shared')] as const),
  );
  const rules: UnhashedRule[] = [];
  for (const { value, place } of written) {
    const rule = checkRule(value, place, context);
    if (rule !== undefined) rules.push(rule);
    if (acyclic) checkRuleSize(value, place, context);
  }
  checkNames(written, findings);
  if (findings.hasErrors) return { ruleSet: undefined, problems: findings.sorted };

  const checked = [...conditions].flatMap(([name, one]) => (one === undefined ? [] : [[name, one] as const]));
  const entries = [...lists].map(([name, list]) => [name, list.map(({ value }) => value)] as const);
  const parts = { rules, conditions: new Map(checked), lists: new Map(entries), limits };
  const ruleSet = hashedRuleSet(parts, hash);
  findings.add(unreadLimits(ruleSet, places));
  findings.add(limitsOfNobody(limits, places));
  findings.add(zeroLimits(ruleSet, places));
  if (switches !== undefined) findings.add(checkLimitsForSwitches(limits, places, switches));
  if (!findings.hasErrors) findings.add(lint(ruleSet, context, now));
  return { ruleSet: findings.hasErrors ? undefined : ruleSet, problems: findings.sorted };
}

/** What is allowed, but to no purpose. */
function lint(
  ruleSet: RuleSet,
  { catalogue, lists, shared, comparisons }: CheckContext,
  now: number | undefined,
) {
  const listLocations = new Map(
    [...lists].flatMap(([name, [first]]) =>
      first === undefined ? [] : [[name, { file: first.location.file, line: 1, column: 1 }] as const],
    ),
  );
  const conditionLocations = new Map(
    [...shared].map(([name, { place }]) => [name, locationOf(place, 'key')] as const),
  );
  const comparisonAt = (comparison: FactCondition) => {
    const place = comparisons.get(comparison);
    return place === undefined ? undefined : locationOf(place, 'value');
  };
  return lintRules(ruleSet, { catalogue, now, listLocations, conditionLocations, comparisonAt });
}

function readAllLimits(files: readonly RuleFileText[]): ReadLimits {
  const read = files.map(readLimits);
  return {
    limits: read.flatMap(({ limits }) => limits),
    places: read.flatMap(({ places }) => places),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readFiles(
  files: readonly RuleFileText[],
  findings: Findings,
): { rules: readonly WrittenRule[]; shared: Map<string, WrittenCondition> } {
  const rules: WrittenRule[] = [];
  const shared = new Map<string, WrittenCondition>();
  for (const { file, text } of files) {
    const parsed = parseDocument(text, file);
    if (!parsed.ok) {
      findings.add(parsed.problems);
      continue;
    }
    const root: Place = { document: parsed.document, path: [] };
    const value = withoutSchema(parsed.document.value, root, findings);
    if (value === null) findings.warning(root, 'This file holds no rule.');
    else if (isCollection(value)) readCollection(value, root, rules, shared, findings);
    else rules.push({ value, place: root });
  }
  return { rules, shared };
}

/** Editors write at the top of a JSON file which schema it follows; nothing here depends on it. */
function withoutSchema(value: unknown, root: Place, findings: Findings): unknown {
  if (typeof value !== 'object' || value === null || !('$schema' in value)) return value;
  const { $schema, ...rest } = value;
  if (typeof $schema !== 'string') {
    findings.error(inside(root, '$schema'), '"$schema": expected text, the place of a JSON Schema.');
  }
  return rest;
}

/** A file with `rules:`, or with shared conditions alone; a single rule has `conditions` too, but more beside them. */
function isCollection(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return 'rules' in value || (Object.keys(value).length === 1 && 'conditions' in value);
}

function readCollection(
  value: Record<string, unknown>,
  root: Place,
  rules: WrittenRule[],
  shared: Map<string, WrittenCondition>,
  findings: Findings,
): void {
  const parsed = collectionSchema.safeParse(value);
  if (!parsed.success) {
    findings.add(
      zodProblems(parsed.error, root.document, { schema: collectionSchema, explainKey: explainStray }),
    );
  }
  if (Array.isArray(value['rules'])) {
    for (const [index, rule] of value['rules'].entries()) {
      rules.push({ value: rule, place: inside(root, 'rules', index) });
    }
  }
  const { conditions } = value;
  if (typeof conditions !== 'object' || conditions === null || Array.isArray(conditions)) return;
  for (const [name, condition] of Object.entries(conditions)) {
    const place = inside(root, 'conditions', name);
    const first = shared.get(name);
    if (first === undefined) shared.set(name, { value: condition, place });
    else findings.error(place, twice(`shared condition "${name}"`, locationOf(first.place, 'key')), 'key');
  }
}

function explainStray(key: string): string | undefined {
  if (key !== 'name' && key !== 'scope' && key !== 'mode' && key !== 'event') return undefined;
  return `"${key}" belongs to a rule: a file holds either one rule, or a list of them under "rules:".`;
}

function locationOf({ document, path }: Place, part: 'key' | 'value'): Location {
  return document.locate(path, part);
}

function twice(what: string, first: Location): string {
  return `The ${what} is given twice: it is already at ${first.file}:${first.line}:${first.column}.`;
}

/** The engine accepts duplicate names; the audit log could then not say which rule acted. */
function checkNames(rules: readonly WrittenRule[], findings: Findings): void {
  const first = new Map<string, Location>();
  for (const { value, place } of rules) {
    const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
    if (typeof name !== 'string') continue;
    const namePlace = inside(place, 'name');
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, locationOf(namePlace, 'value'));
    else findings.error(namePlace, twice(`rule name "${name}"`, earlier));
  }
}
