import type { FactCatalogue } from '../../domain/facts.js';
import type { SubjectFilter } from '../../domain/rule.js';
import type { Scope } from '../../domain/scope.js';
import { FILTER_KEYS } from '../expiring-entries.js';
import type { Literal } from './normal-form.js';
import { areCovered, prefixesOf } from './text-constraint.js';

/** Which keys filter the subjects of a scope; all others filter the calls that are counted and taken. */
const SUBJECT_KEYS: Readonly<Record<Scope, readonly FilterKey[]>> = {
  call: ['accounts', 'customers', 'connections', 'vendors', 'cli', 'cld'],
  account: ['accounts', 'customers'],
  customer: ['customers'],
  connection: ['connections', 'vendors'],
  vendor: ['vendors'],
  cli: ['cli'],
  switch: [],
};

export type FilterKey = (typeof FILTER_KEYS)[number];

/** Whether every entry is also one of the others, or begins like one of them. */
export function isSwallowed(
  key: FilterKey,
  entries: readonly (string | number)[],
  by: readonly (string | number)[],
): boolean {
  if (key !== 'cli' && key !== 'cld') return entries.every((entry) => by.includes(entry));
  return areCovered(
    prefixesOf(entries.map(String), 'number-plan'),
    prefixesOf(by.map(String), 'number-plan'),
  );
}

/** The key of `only` that lets in nobody, since `except` names all of it; `who` says what that leaves out. */
export function swallowedKey(
  scope: Scope,
  only: SubjectFilter,
  except: SubjectFilter,
): { key: FilterKey; who: 'subjects' | 'calls' | 'switches' } | undefined {
  for (const key of FILTER_KEYS) {
    const [inside, outside] = [only[key], except[key]];
    if (inside === undefined || outside === undefined || !isSwallowed(key, inside, outside)) continue;
    if (key === 'switches') return { key, who: 'switches' };
    return { key, who: SUBJECT_KEYS[scope].includes(key) ? 'subjects' : 'calls' };
  }
  return undefined;
}

const OWN_KEY: Readonly<Partial<Record<Scope, FilterKey>>> = {
  account: 'accounts',
  customer: 'customers',
  connection: 'connections',
  cli: 'cli',
};

/**
 * What of `only` or `except` is so of every call that a fact of this scope counts for a rule. Keys that filter subjects leave
 * their calls alone: a call to Germany is judged by all calls of its account. But for the key of the scope itself, by which all
 * calls of the subject are alike.
 */
export function filterOfCounted(filter: SubjectFilter, rule: Scope, fact: Scope): SubjectFilter {
  const kept = FILTER_KEYS.filter(
    (key) => !SUBJECT_KEYS[rule].includes(key) || (rule === fact && key === OWN_KEY[rule]),
  );
  return Object.fromEntries(
    kept.flatMap((key) => (filter[key] === undefined ? [] : [[key, filter[key]] as const])),
  );
}

const FACT_OF_KEY: Readonly<Partial<Record<FilterKey, string>>> = {
  accounts: 'call.account',
  customers: 'call.customer',
  connections: 'call.connection',
  cli: 'call.cli',
  cld: 'call.cld',
};

/** What `only` and `except` say of a call which a rule lets in by all of their keys. */
export function filterLiterals(
  only: SubjectFilter,
  except: SubjectFilter,
  catalogue: FactCatalogue,
): readonly Literal[] {
  const literals = (filter: SubjectFilter, word: 'only' | 'except') =>
    FILTER_KEYS.flatMap((key): Literal[] => {
      const [values, definition] = [filter[key], catalogue.get(FACT_OF_KEY[key] ?? '')];
      if (values === undefined || definition === undefined) return [];
      const isIn = word === 'only';
      const plain = { value: [...values], underNot: false, text: `${word}: ${key} [${values.join(', ')}]` };
      const fact = { key: JSON.stringify([definition.name, {}]), definition, params: {} };
      return key === 'cli' || key === 'cld'
        ? [{ ...plain, kind: 'literal', fact, operator: 'startsWithAnyOf', negated: !isIn }]
        : [{ ...plain, kind: 'literal', fact, operator: isIn ? 'in' : 'notIn', negated: false }];
    });
  return [...literals(only, 'only'), ...literals(except, 'except')];
}
