import { durationText } from '../../documents/duration.js';
import type { Location, Problem } from '../../domain/errors.js';
import type { FactCatalogue } from '../../domain/facts.js';
import type { FactCondition, Rule, RuleSet } from '../../domain/rule.js';
import { filterAt } from '../expiring-entries.js';
import { eventsOf, referencesOf } from '../references.js';
import { alwaysTrue, type IdleComparison } from './always-true.js';
import { Contradictions } from './contradictions.js';
import { filterLiterals, swallowedKey } from './filter-literals.js';
import { countsNothing, poolExcludes } from './idle-pool.js';
import { keepsAll } from './keeps-all.js';
import { impossibility, whyImpossible } from './never-matches.js';
import { type Literal, type NormalContext, normalForm } from './normal-form.js';
import { shadowedRules } from './shadowed.js';
import { thinSamples } from './thin-samples.js';
import { unusedNames } from './unused.js';

export interface LintOptions {
  catalogue: FactCatalogue;
  /** What expired exceptions are judged by, in milliseconds since the epoch; undefined leaves them alone. */
  now: number | undefined;
  /** Where each list and each shared condition stands; one that is not in here is not reported as unused. */
  listLocations?: ReadonlyMap<string, Location>;
  conditionLocations?: ReadonlyMap<string, Location>;
  /** Where a comparison stands; what is said of one is pinned to the rule where that is not known. */
  comparisonAt?: (comparison: FactCondition) => Location | undefined;
}

/**
 * Warns of what a checked rule set holds to no purpose: rules that can never match or never take anything, conditions that
 * are always true, lists and shared conditions that nothing uses, exceptions that have ended. Sound before complete: what it says of a rule is so on every
 * switch, and where that is not certain it keeps silent.
 */
export function lintRules(ruleSet: RuleSet, options: LintOptions): readonly Problem[] {
  const { conditions, lists } = ruleSet;
  const { catalogue, comparisonAt } = options;
  const context: NormalContext = { catalogue, conditions, lists, comparisonAt };
  const contradictions = new Contradictions(context);
  const judged = ruleSet.rules.filter(({ mode }) => mode !== 'off');
  const idle = new Map(
    judged.flatMap((rule) => {
      const reasons = whyIdle(rule, context, contradictions);
      return reasons.length === 0 ? [] : [[rule, reasons] as const];
    }),
  );
  const lively = judged.filter((rule) => !idle.has(rule));
  return [
    ...[...idle].flatMap(([, reasons]) => reasons.map(({ at, why }) => warning(at, why))),
    ...lively.flatMap((rule) => [
      ...alwaysTrueWarnings(rule, context, contradictions),
      ...idleUnderWarnings(rule, context),
      ...thinSampleWarnings(rule, context),
    ]),
    ...shadowedRules(lively, context, contradictions).map(shadowedWarning),
    ...unusedWarnings(ruleSet, options),
    ...(options.now === undefined ? [] : ruleSet.rules.flatMap((rule) => expired(rule, options.now ?? 0))),
  ];
}

function warning(location: Location, message: string): Problem {
  return { file: location.file, location, message, severity: 'warning' };
}

/**
 * Where to look first: at the last of these comparisons, as what it contradicts stands above it. At the rule where none of
 * them stands in its file, as a shared condition of another one is right for other rules.
 */
function placeOf(literals: readonly Pick<Literal, 'location'>[], rule: Rule): Location {
  const inFile = literals.flatMap(({ location }) =>
    location !== undefined && location.file === rule.location.file ? [location] : [],
  );
  return (
    inFile.reduce((last: Location | undefined, one) => (isAfter(one, last) ? one : last), undefined) ??
    rule.location
  );
}

function isAfter(one: Location, other: Location | undefined): boolean {
  return (
    other === undefined || one.line > other.line || (one.line === other.line && one.column > other.column)
  );
}

interface Idle {
  at: Location;
  why: string;
}

/** Why a rule can never match, or never take anything where it does. */
function whyIdle(rule: Rule, context: NormalContext, contradictions: Contradictions): readonly Idle[] {
  const { name, scope, only } = rule;
  const because = (why: string, literals: readonly Literal[] = []): Idle => ({
    at: placeOf(literals, rule),
    why,
  });
  const except = filterAt(rule.except, undefined);
  const swallowed = swallowedKey(scope, only, except);
  if (swallowed !== undefined) {
    const { key, who } = swallowed;
    const effect =
      who === 'calls'
        ? 'it counts and takes no call'
        : `it can never match, as no ${nounOf(who, rule)} is left`;
    const message = `Rule "${name}" lets nothing in: every entry of "${key}" under "only" is also under "except", so ${effect}. Take it out of one of them.`;
    return [because(message)];
  }
  const given: readonly Literal[] = scope === 'call' ? filterLiterals(only, except, context.catalogue) : [];
  const conditions = normalForm(rule.conditions, context);
  const never = impossibility([{ kind: 'all', children: [conditions, ...given] }], contradictions);
  if (never !== undefined) {
    const message = `Rule "${name}" can never match: ${whyImpossible(never)}. Mend the conditions, or set mode: off.`;
    return [because(message, never.literals)];
  }
  const none = countsNothing(rule, conditions, context, contradictions);
  if (none !== undefined) {
    const message = `Rule "${name}" can never match, as "${none.counted}" counts no call: ${whyImpossible(none.why)}. Mend "to", "only" or "except", or set mode: off.`;
    return [because(message, [none.by])];
  }
  return eventsOf(rule).flatMap((event) => {
    const { where, type } = event;
    const all = keepsAll(rule, event, conditions, context, contradictions);
    if (all !== undefined) {
      const message = `Rule "${name}" never takes a call: its conditions hold only while "${all.counted}" is not above what "keep" leaves (${all.kept}). Lower "keep", or mend the conditions.`;
      return [because(message)];
    }
    if (where === undefined) return [];
    const narrowing = normalForm(where, context);
    const impossible =
      impossibility([narrowing], contradictions) ??
      poolExcludes(rule, event, conditions, narrowing, context, contradictions);
    if (impossible === undefined) return [];
    const message = `Rule "${name}" can never take a call by ${type}: under "where", ${whyImpossible(impossible)}. Mend "where".`;
    return [because(message, impossible.literals)];
  });
}

/** Worse than a rule that never matches: this one matches everybody. */
function alwaysTrueWarnings(
  rule: Rule,
  context: NormalContext,
  contradictions: Contradictions,
): readonly Problem[] {
  const { whole, comparisons } = alwaysTrue(rule, context, contradictions);
  const { name, scope, location } = rule;
  if (whole) {
    const [first] = comparisons;
    const why = first === undefined ? '' : ` ("${first.literal.text}" holds whatever is observed)`;
    const message = `Rule "${name}" is always true: every ${scope} that it judges violates it, wherever the facts are known${why}. Mend the conditions, or set mode: off.`;
    return [warning(location, message)];
  }
  return comparisons.flatMap(({ literal, effect }) => {
    const advice = adviceFor(effect, scope);
    if (advice === undefined) return [];
    const message = `"${literal.text}" in rule "${name}" is always true where its facts are known, ${advice}`;
    return [warning(placeOf([literal], rule), message)];
  });
}

/** Undefined where there is nothing to say: to ask for an owner is all that such a comparison is for. */
function adviceFor(effect: IdleComparison['effect'], scope: Rule['scope']): string | undefined {
  switch (effect) {
    case 'nothing':
      return 'so it narrows nothing. Mend it, or take it out.';
    case 'asks-if-known':
      return `so all that it does is to leave alone every ${scope} of which they are not. Mend it, unless that is what it is for.`;
    case 'decides':
      return 'so that the alternatives beside it only matter where they are not. Mend it.';
    case 'asks-for-owner':
      return undefined;
  }
}

/** Calls that begin and end in the window are shorter than it anyway. */
function idleUnderWarnings(rule: Rule, { conditions, comparisonAt }: NormalContext): readonly Problem[] {
  const found = new Map<string, Problem>();
  for (const { fact, params: { under, within } = {}, comparison } of referencesOf(rule, conditions)) {
    if (!fact.endsWith('.shortCalls') || under === undefined || within === undefined || under < within)
      continue;
    const [written, window] = [under, within].map((seconds) => durationText(seconds * 1_000));
    const message = `"under: ${written}" of ${fact} in rule "${rule.name}" is not less than "within: ${window}", so every answered call that began and ended in the window is short. Lower "under", or widen "within".`;
    const location = comparison && comparisonAt?.(comparison);
    if (!found.has(message)) found.set(message, warning(placeOf([{ location }], rule), message));
  }
  return [...found.values()];
}

function thinSampleWarnings(rule: Rule, context: NormalContext): readonly Problem[] {
  const { name, scope } = rule;
  return thinSamples(rule, normalForm(rule.conditions, context)).map(({ fact, literal }) =>
    warning(
      placeOf([literal], rule),
      `"${fact}" in rule "${name}" names no "min", so it is known from a single call on, and one call decides what becomes of the ${scope}: add one to "params", e.g. min: 20 (min: 1 where that is meant).`,
    ),
  );
}

function nounOf(who: 'subjects' | 'switches', { scope }: Rule): string {
  return who === 'switches' ? 'switch' : scope;
}

function shadowedWarning({ rule, by }: { rule: Rule; by: Rule }): Problem {
  const { file, line } = by.location;
  const first = by.priority > rule.priority ? 'has a higher priority' : 'comes first by its name';
  return warning(
    rule.location,
    `Rule "${rule.name}" finds nothing left to take: whenever it is violated, so is "${by.name}" (${file}:${line}), which ${first} and takes every call that this one could, unless the share cap withholds it. Remove one of the two, narrow "${by.name}", or give "${rule.name}" the higher priority.`,
  );
}

function unusedWarnings(ruleSet: RuleSet, options: LintOptions): readonly Problem[] {
  const unused = unusedNames(ruleSet);
  const at = (
    names: readonly string[],
    locations: LintOptions['listLocations'],
    message: (name: string) => string,
  ) =>
    names.flatMap((name) => {
      const location = locations?.get(name);
      return location === undefined ? [] : [warning(location, message(name))];
    });
  return [
    ...at(
      unused.lists,
      options.listLocations,
      (name) => `No rule uses the list "${name}": remove the file, or name the list in a rule.`,
    ),
    ...at(
      unused.conditions,
      options.conditionLocations,
      (name) =>
        `No rule uses the shared condition "${name}": remove it, or use it by { condition: ${name} }.`,
    ),
  ];
}

function expired({ name, except }: Rule, now: number): readonly Problem[] {
  return (except.expiring ?? []).flatMap(({ key, entry, until, because, location }) => {
    if (until === undefined || until > now) return [];
    const why = because === undefined ? '' : ` (${because})`;
    return [
      warning(
        location,
        `The exception of ${entry} under "${key}"${why} ended at ${isoText(until)}, so rule "${name}" applies to it again: remove the entry, or set a later "until".`,
      ),
    ];
  });
}

function isoText(at: number): string {
  return new Date(at).toISOString().replace(/\.000Z$/, 'Z');
}
