import { didYouMean } from '../documents/did-you-mean.js';
import type { Problem } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { Rule, RuleSet } from '../domain/rule.js';
import type { LimitPlace } from './read-limits.js';
import { referencesOf } from './references.js';

/** The names of the limits that rules ask for, by scope. */
export function limitsReadBy(
  rules: readonly Rule[],
  conditions: RuleSet['conditions'],
): ReadonlyMap<string, ReadonlySet<string>> {
  const namesByScope = new Map<string, Set<string>>();
  for (const { fact, params } of rules.flatMap((rule) => referencesOf(rule, conditions))) {
    if (params?.name === undefined) continue;
    const scope = fact.slice(0, fact.indexOf('.'));
    const names = namesByScope.get(scope) ?? new Set();
    namesByScope.set(scope, names.add(params.name));
  }
  return namesByScope;
}

/** Warns of limits that no rule asks for, once for each name: a misspelt row limits nobody, and a default takes its place. */
export function unreadLimits(
  { rules, conditions, limits }: RuleSet,
  places: readonly LimitPlace[],
): readonly Problem[] {
  const namesByScope = limitsReadBy(rules, conditions);
  const warned = new Set<string>();
  return limits.flatMap(({ scope, name }, index): Problem[] => {
    const names = namesByScope.get(scope) ?? new Set();
    const location = places[index]?.row;
    const key = JSON.stringify([scope, name]);
    if (names.has(name) || location === undefined || warned.has(key)) return [];
    warned.add(key);
    const message = `No rule reads the limit "${name}" of scope ${scope}.${didYouMean(name, names)}`;
    return [{ file: location.file, location, message, severity: 'warning' }];
  });
}

/** Warns of limits of one switch that hold on another one alone: there is nobody whom they could limit. */
export function limitsOfNobody(limits: readonly Limit[], places: readonly LimitPlace[]): readonly Problem[] {
  return limits.flatMap(({ scope, id, switch: switchName }, index): Problem[] => {
    const location = places[index]?.switch;
    if (scope !== 'switch' || switchName === undefined || switchName === id || location === undefined)
      return [];
    const message = `This row limits nobody: it is for switch "${id}", and holds on switch "${switchName}" only. Leave the column "switch" empty, or name the same switch in both.`;
    return [{ file: location.file, location, message, severity: 'warning' }];
  });
}
