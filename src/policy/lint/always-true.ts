import type { Condition, Rule } from '../../domain/rule.js';
import type { Contradictions } from './contradictions.js';
import { isGrowing } from './implies.js';
import { impossibility } from './never-matches.js';
import { isSide, type Literal, type Normal, type NormalContext, normalForm } from './normal-form.js';
import { isOwnerId } from './number-range.js';

/** What conditions say that holds whatever is observed. */
export interface AlwaysTrue {
  /** Whether the conditions as a whole are never false. */
  whole: boolean;
  /** The comparisons that are never false, each text once for each effect. */
  comparisons: readonly IdleComparison[];
}

/** A comparison that is never false. */
export interface IdleComparison {
  literal: Literal;
  /**
   * What it does all the same. nothing: its fact is never missing; asks-if-known: where its fact is missing, the rule is
   * undecided; decides: it is one of several alternatives, so that the others only matter where its fact is missing;
   * asks-for-owner: it is what one writes to ask whether a call has an account, a customer or a connection.
   */
  effect: 'nothing' | 'asks-if-known' | 'decides' | 'asks-for-owner';
}

/**
 * Finds what can never be false: then its contrary can never be true. A fact that is missing makes it neither, so that this
 * holds wherever the facts are known. As sound as the search for contradictions, and no more complete.
 */
export function alwaysTrue(
  { conditions, scope }: Pick<Rule, 'conditions' | 'scope'>,
  context: NormalContext,
  contradictions: Contradictions,
): AlwaysTrue {
  const never = (condition: Condition) =>
    impossibility([normalForm({ not: condition }, context)], contradictions) !== undefined;
  const comparisons = placedLiterals(normalForm(conditions, context))
    .filter(({ literal }) => contradictions.isAlwaysTrue(literal))
    .map(({ literal, isAlternative }): IdleComparison => {
      return { literal, effect: effectOf(literal, isAlternative, scope) };
    });
  return {
    whole: never(conditions),
    comparisons: comparisons.filter(
      (one, index) => comparisons.findIndex((first) => isSame(one, first)) === index,
    ),
  };
}

function isSame(one: IdleComparison, other: IdleComparison): boolean {
  return one.effect === other.effect && one.literal.text === other.literal.text;
}

/** Every comparison, and whether it is one of several of which one is enough. */
function placedLiterals(
  node: Normal,
  isAlternative = false,
): readonly { literal: Literal; isAlternative: boolean }[] {
  if (node.kind === 'literal') return [{ literal: node, isAlternative }];
  const areAlternatives = node.kind === 'any' && node.children.length > 1;
  return node.children.flatMap((child) => placedLiterals(child, areAlternatives));
}

function effectOf(literal: Literal, isAlternative: boolean, scope: Rule['scope']): IdleComparison['effect'] {
  if (isOwnerId(literal.fact.definition)) return 'asks-for-owner';
  if (isAlternative) return 'decides';
  return isAlwaysKnown(literal, scope) ? 'nothing' : 'asks-if-known';
}

/** Counts of the subject's own live calls are known of every subject, be it as lower bounds, which are enough here. */
function isAlwaysKnown({ fact, operator, value, underNot }: Literal, scope: Rule['scope']): boolean {
  const isEnough = operator === 'greaterThan' || operator === 'greaterThanInclusive';
  return fact.definition.scope === scope && isGrowing(fact) && isEnough && !underNot && !isSide(value);
}
