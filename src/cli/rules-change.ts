import { relative } from 'node:path';
import type { RuleSet } from '../domain/rule.js';
import type { RuleFileText } from '../domain/rule-files.js';

/** Files and rules that were in force, and those that follow them. */
export interface RulesVersion {
  ruleSet: RuleSet;
  files: readonly RuleFileText[];
}

/** What a reload brought, by name; a rule counts as changed where a list or limit that it uses did. */
export interface RulesChange {
  added: readonly string[];
  changed: readonly string[];
  removed: readonly string[];
  /** Relative to the rules directory. */
  files: readonly string[];
}

export function changeBetween(before: RulesVersion, after: RulesVersion, directory: string): RulesChange {
  const rules = difference(hashesByName(before.ruleSet), hashesByName(after.ruleSet));
  const files = difference(textsByFile(before.files), textsByFile(after.files));
  const modes = new Map(before.ruleSet.rules.map(({ name, mode }) => [name, mode]));
  // The mode of a rule may count while its file waits.
  const ofModes = after.ruleSet.rules
    .filter(({ name, mode }) => modes.has(name) && modes.get(name) !== mode)
    .map(({ location }) => location.file);
  return {
    ...rules,
    files: [...new Set([...files.added, ...files.changed, ...files.removed, ...ofModes])]
      .sort()
      .map((file) => relative(directory, file)),
  };
}

/** `added night-calls; changed three-calls; removed old-cap`, or that no rule did. */
export function changeText({ added, changed, removed }: RulesChange): string {
  const parts = Object.entries({ added, changed, removed }).flatMap(([word, names]) =>
    names.length === 0 ? [] : [`${word} ${names.join(', ')}`],
  );
  return parts.length === 0 ? 'no rule changed' : parts.join('; ');
}

function hashesByName({ rules }: RuleSet): ReadonlyMap<string, string> {
  return new Map(rules.map(({ name, hash }) => [name, hash]));
}

function textsByFile(files: readonly RuleFileText[]): ReadonlyMap<string, string> {
  return new Map(files.map(({ file, text }) => [file, text]));
}

function difference(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Pick<RulesChange, 'added' | 'changed' | 'removed'> {
  const names = [...after.keys()].sort();
  return {
    added: names.filter((name) => !before.has(name)),
    changed: names.filter((name) => before.has(name) && before.get(name) !== after.get(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
  };
}
