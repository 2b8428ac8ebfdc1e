import { didYouMean } from '../documents/did-you-mean.js';
import { quotedList } from '../documents/found-values.js';
import type { Location, Problem } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import { appliesTo } from './compile-rules.js';
import { filterEver } from './expiring-entries.js';
import { OPERATORS } from './operators.js';
import { comparisonsOf, referencesOf } from './references.js';
import { createRuleNumbers } from './rule-numbers.js';
import { LIST_NAME_PATTERN } from './schema-values.js';

/** A switch of the config, as far as rules depend on it. */
export interface KnownSwitch {
  name: string;
  /** Undefined where the config names no country: national numbers then stay as they are, and any prefix can match. */
  numbering: Numbering | undefined;
  /** How far apart its polls are at the most, in milliseconds, pauses left out; undefined where the schedule does not say. */
  pollEveryMs?: number;
  /** Whether the config states which customers are below which; undefined where nobody looked. */
  treeKnown?: boolean;
  /** How long the ledger keeps calls and polls, in milliseconds; undefined where that is not known. */
  ledgerKeptMs?: number;
}

/**
 * Refuses what can never match on the switches of the config: names of switches that it does not have, in rules and
 * limits, prefixes that no number in normal form begins with on a switch where the rule applies, and limits of which one
 * hides the other. Warns of limits that hold for one ID on several switches.
 */
export function checkForSwitches(
  ruleSet: RuleSet,
  limitLocations: readonly Location[],
  switches: readonly KnownSwitch[],
): readonly Problem[] {
  const names = switches.map(({ name }) => name);
  const unknown = (name: string, where: string, location: Location): Problem[] =>
    names.includes(name) ? [] : [unknownSwitch(name, where, names, location)];
  const inRules = ruleSet.rules.flatMap(({ only, except, location }) => [
    ...(only.switches ?? []).flatMap((name) => unknown(name, '"only"', location)),
    ...(filterEver(except).switches ?? []).flatMap((name) => unknown(name, '"except"', location)),
  ]);
  const inLimits = ruleSet.limits.flatMap((limit, index) => {
    const location = limitLocations[index];
    if (location === undefined) return [];
    const inColumn = limit.switch === undefined ? [] : unknown(limit.switch, 'this limit', location);
    return limit.scope === 'switch' ? [...inColumn, ...unknown(limit.id, 'this limit', location)] : inColumn;
  });
  const prefixes = switches.flatMap((one) =>
    ruleSet.rules
      .filter((rule) => appliesTo(rule, one.name))
      .flatMap((rule) => deadPrefixes(rule, ruleSet, one)),
  );
  const twice = switches.flatMap((one) => callersTwice(ruleSet.limits, limitLocations, one));
  return [
    ...inRules,
    ...inLimits,
    ...prefixes,
    ...twice,
    ...switchlessIds(ruleSet.limits, limitLocations, names),
  ];
}

const NUMBERED_BY_SWITCH: readonly string[] = ['account', 'customer', 'connection', 'vendor'];

/** IDs are those of one switch: on another one the same number is somebody else. Told once, at the first such row. */
function switchlessIds(
  limits: readonly Limit[],
  locations: readonly Location[],
  names: readonly string[],
): readonly Problem[] {
  if (names.length < 2) return [];
  const rows = limits.flatMap((limit, index) => {
    const location = locations[index];
    const isNumbered = NUMBERED_BY_SWITCH.includes(limit.scope) && limit.switch === undefined;
    return isNumbered && location !== undefined ? [{ ...limit, location }] : [];
  });
  const [first, ...others] = rows;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` Rows like it after this one: ${others.length}.`;
  const message = `This row names no switch, so it limits ${first.scope} ${first.id} of each (${names.join(', ')}), though IDs are those of one switch: on another one somebody else bears this ID. Fill in the column "switch".${more}`;
  const { location } = first;
  return [{ file: location.file, location, message, severity: 'warning' }];
}

/** Limits of one caller under two ways of writing the number, of which only one could count. */
function callersTwice(
  limits: readonly Limit[],
  locations: readonly Location[],
  { name: switchName, numbering }: KnownSwitch,
): readonly Problem[] {
  if (numbering === undefined) return [];
  const firstLines = new Map<string, number>();
  return limits.flatMap((limit, index): Problem[] => {
    const location = locations[index];
    const isHere = limit.switch === undefined || limit.switch === switchName;
    if (limit.scope !== 'cli' || !isHere || location === undefined) return [];
    const number = numbering.normaliseCaller(limit.id);
    const key = JSON.stringify([number, limit.name, limit.switch]);
    const first = firstLines.get(key);
    if (first === undefined) {
      firstLines.set(key, location.line);
      return [];
    }
    const message = `On switch "${switchName}" this is the number of line ${first}, so its limit is given twice.`;
    return [{ file: location.file, location, message, severity: 'error' }];
  });
}

function unknownSwitch(name: string, where: string, names: readonly string[], location: Location): Problem {
  const hint = didYouMean(name, names);
  const message = `The config has no switch "${name}", which ${where} names: expected ${quotedList(names)}.${hint}`;
  return { file: location.file, location, message, severity: 'error' };
}

function deadPrefixes(rule: Rule, ruleSet: RuleSet, { name, numbering }: KnownSwitch): readonly Problem[] {
  if (numbering === undefined) return [];
  const numbers = createRuleNumbers(numbering);
  const { dialled, callers } = prefixesOf(rule, ruleSet);
  const dead = [
    ...dialled.filter((written) => numbers.prefix(written).startsWith('0')),
    ...callers.filter((written) => numbers.callerPrefix(written).startsWith('0')),
  ];
  const { location } = rule;
  return [...new Set(dead)].map((written) => ({
    file: location.file,
    location,
    message: `On switch "${name}" no number begins with the prefix "${written}" of rule "${rule.name}": write it with "+" and the country code.`,
    severity: 'error',
  }));
}

/** The number prefixes that a rule compares with, as written, those of lists included. */
function prefixesOf(
  rule: Rule,
  ruleSet: RuleSet,
): { dialled: readonly string[]; callers: readonly string[] } {
  const { only } = rule;
  const except = filterEver(rule.except);
  const compared = (fact: string) =>
    comparisonsOf(rule, ruleSet.conditions).flatMap((one): readonly string[] => {
      const { value } = one;
      if (one.fact !== fact || OPERATORS.get(one.operator)?.operand !== 'prefixes') return [];
      return Array.isArray(value) ? value.map(String) : [String(value)];
    });
  const counted = referencesOf(rule, ruleSet.conditions).flatMap(({ params }) => params?.to ?? []);
  const resolved = (written: readonly string[]) =>
    written.flatMap((one) => (LIST_NAME_PATTERN.test(one) ? (ruleSet.lists.get(one) ?? []) : [one]));
  return {
    dialled: resolved([...(only.cld ?? []), ...(except.cld ?? []), ...counted, ...compared('call.cld')]),
    callers: resolved([...(only.cli ?? []), ...(except.cli ?? []), ...compared('call.cli')]),
  };
}
