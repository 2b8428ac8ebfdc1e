import type { Rule, RuleEvent } from '../../domain/rule.js';
import { filterAt } from '../expiring-entries.js';
import { picksFromPool } from '../victims.js';
import type { Contradictions } from './contradictions.js';
import { filterLiterals, filterOfCounted } from './filter-literals.js';
import { type Impossible, impossibility } from './never-matches.js';
import {
  conjunction,
  isSide,
  type Literal,
  literalsIn,
  type Normal,
  type NormalContext,
  nameOf,
  type Side,
} from './normal-form.js';

/** Facts of live calls, which make the pool of what they count, and the states of these. */
const LIVE_STATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['totalCalls', ['Idle', 'WaitAuth', 'WaitRoute', 'ARComplete', 'Connected']],
  ['setupCalls', ['Idle', 'WaitAuth', 'WaitRoute', 'ARComplete']],
  ['connectedCalls', ['Connected']],
  ['longestDuration', ['Connected']],
  ['averageDuration', ['Connected']],
]);

/** True of no number below 1 where the value is one of these. */
const AT_LEAST_ONE: Readonly<Record<string, (value: number) => boolean>> = {
  greaterThan: (value) => value >= 0,
  greaterThanInclusive: (value) => value > 0,
  equal: (value) => value > 0,
};

/**
 * A comparison that has to hold, and asks for more than none of calls of which there are none: `to`, `only` and `except`
 * leave no number between them.
 */
export function countsNothing(
  rule: Rule,
  conditions: Normal,
  context: NormalContext,
  contradictions: Contradictions,
): { counted: string; why: Impossible; by: Literal } | undefined {
  for (const by of conjunction([conditions]).literals) {
    const { fact, operator, value } = by;
    if (!fact.definition.aggregate || fact.definition.type !== 'number' || typeof value !== 'number')
      continue;
    if (AT_LEAST_ONE[operator]?.(value) !== true) continue;
    const why = impossibility(countedLiterals(fact, rule, context), contradictions);
    if (why !== undefined) return { counted: nameOf(fact), why, by };
  }
  return undefined;
}

/** Why `where` lets in none of the calls that the conditions count; undefined where it may. */
export function poolExcludes(
  rule: Rule,
  { type }: RuleEvent,
  conditions: Normal,
  where: Normal,
  context: NormalContext,
  contradictions: Contradictions,
): Impossible | undefined {
  if (rule.scope === 'call' || !picksFromPool(rule.scope, type)) return undefined;
  const aggregates = literalsIn(conditions)
    .flatMap(({ fact, value }) => (isSide(value) ? [fact, value] : [fact]))
    .filter(({ definition }) => definition.aggregate);
  // Without one that surely decides, all calls of the subject are the pool; of ended calls none is counted.
  const decides = conjunction([conditions]).literals.some(({ fact }) => fact.definition.aggregate);
  if (!decides || !aggregates.every(({ definition }) => LIVE_STATES.has(shortName(definition.name))))
    return undefined;
  let first: Impossible | undefined;
  for (const side of aggregates) {
    const counted = countedLiterals(side, rule, context);
    const why = impossibility([{ kind: 'all', children: [where, ...counted] }], contradictions);
    if (why === undefined) return undefined;
    first ??= why;
  }
  return first;
}

/** What is so of every call that the fact counts. */
function countedLiterals(side: Side, rule: Rule, { catalogue, lists }: NormalContext): readonly Literal[] {
  const { definition, params } = side;
  const literal = (name: string, operator: string, value: Literal['value'], text: string): Literal[] => {
    const fact = catalogue.get(name);
    if (fact === undefined) return [];
    const plain = { negated: false, underNot: false, text };
    return [
      {
        kind: 'literal',
        fact: { key: JSON.stringify([name, {}]), definition: fact, params: {} },
        operator,
        value,
        ...plain,
      },
    ];
  };
  const listed = (words: unknown): readonly string[] =>
    (Array.isArray(words) ? words : [words]).filter((word): word is string => typeof word === 'string');
  const { to, state, direction, recursive } = params;
  const prefixes = listed(to).flatMap((one) => lists.get(one) ?? [one]);
  // With `state`, a fact that looks back counts calls that were ever in it.
  const states = definition.windowed
    ? undefined
    : state === undefined
      ? LIVE_STATES.get(shortName(definition.name))
      : listed(state);
  const only = filterOfCounted(rule.only, rule.scope, definition.scope);
  const without = filterOfCounted(filterAt(rule.except, undefined), rule.scope, definition.scope);
  return [
    ...(to === undefined ? [] : literal('call.cld', 'startsWithAnyOf', prefixes, `to ${shown(listed(to))}`)),
    ...(states === undefined
      ? []
      : literal('call.state', 'in', states, `${definition.name} of ${shown(states)} calls`)),
    ...(direction === undefined
      ? []
      : literal('call.direction', 'in', listed(direction), `direction ${shown(listed(direction))}`)),
    // Calls of subcustomers are filtered otherwise.
    ...(recursive === true ? [] : filterLiterals(only, without, catalogue)),
  ];
}

function shown(words: readonly string[]): string {
  return `[${words.slice(0, 4).join(', ')}${words.length > 4 ? ', …' : ''}]`;
}

function shortName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}
