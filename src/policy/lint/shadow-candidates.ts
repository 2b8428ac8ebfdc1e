import type { Contradictions } from './contradictions.js';
import { isFixed, isGrowing } from './implies.js';
import { type Literal, literalsIn, type Normal } from './normal-form.js';

/** Conditions by what has to stand in every other one that implies them, so that few are left to compare with it. */
export interface Candidates {
  /** `at` is what is found by it. */
  add(conditions: Normal, at: number): void;
  /** Ascending; every one that these conditions may imply is among them. */
  of(conditions: Normal): readonly number[];
}

/** What says nothing is implied by everything. */
const ANYTHING = '';

export function createCandidates(contradictions: Contradictions): Candidates {
  const found = new Map<string, number[]>();

  /** What the comparison asks for by one text alone, written so that two ways of writing a number look the same. */
  function textOf(literal: Literal, only: boolean): string | undefined {
    const constraint = contradictions.constraintOf(literal);
    if (constraint?.kind !== 'values' || !constraint.allows) return undefined;
    const [first, second] = constraint.values.all;
    if (first === undefined || (only && second !== undefined)) return undefined;
    return first.written.replace(/\D/g, '') || first.written;
  }

  /** One of these stands in whatever implies the condition. */
  function needed(condition: Normal): readonly string[] {
    if (condition.kind === 'literal') {
      const text = isFixed(condition.fact) ? textOf(condition, true) : undefined;
      return [text === undefined ? factKey(condition) : valueKey(condition, text)];
    }
    const children = condition.children.map(needed);
    if (condition.kind === 'any') return children.flat();
    // All of them have to be implied, so that the rarest is enough: a value rather than a fact.
    const rarest = children.toSorted((one, other) => commonness(one) - commonness(other))[0];
    return rarest ?? [ANYTHING];
  }

  function offered(literal: Literal): readonly string[] {
    const text = textOf(literal, false);
    return text === undefined ? [factKey(literal)] : [factKey(literal), valueKey(literal, text)];
  }

  return {
    add(conditions, at) {
      for (const key of new Set(needed(conditions))) {
        const known = found.get(key);
        if (known === undefined) found.set(key, [at]);
        else known.push(at);
      }
    },
    of(conditions) {
      const keys = new Set([ANYTHING, ...literalsIn(conditions).flatMap(offered)]);
      return [...new Set([...keys].flatMap((key) => found.get(key) ?? []))].sort((one, other) => one - other);
    },
  };
}

/** Counts of one scope may imply one another, whatever they count. */
function factKey({ fact }: Literal): string {
  return !isFixed(fact) && isGrowing(fact) ? `count ${fact.definition.scope}` : `fact ${fact.key}`;
}

function valueKey({ fact }: Literal, text: string): string {
  return `value ${fact.key} ${text}`;
}

function commonness(keys: readonly string[]): number {
  return keys.filter((key) => !key.startsWith('value ')).length * 1_000 + keys.length;
}
