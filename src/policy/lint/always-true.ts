import type { Condition } from '../../domain/rule.js';
import type { Contradictions } from './contradictions.js';
import { impossibility } from './never-matches.js';
import { type Literal, literalsIn, type NormalContext, normalForm } from './normal-form.js';

/** What conditions say that holds whatever is observed. */
export interface AlwaysTrue {
  /** Whether the conditions as a whole are never false. */
  whole: boolean;
  /** The comparisons that are never false, each text once. */
  literals: readonly Literal[];
}

/**
 * Finds what can never be false: then its contrary can never be true. A fact that is missing makes it neither, so that this
 * holds wherever the facts are known. As sound as the search for contradictions, and no more complete.
 */
export function alwaysTrue(
  conditions: Condition,
  context: NormalContext,
  contradictions: Contradictions,
): AlwaysTrue {
  const never = (condition: Condition) =>
    impossibility([normalForm({ not: condition }, context)], contradictions) !== undefined;
  const literals = literalsIn(normalForm(conditions, context)).filter((one) =>
    contradictions.isAlwaysTrue(one),
  );
  return {
    whole: never(conditions),
    literals: [...new Map(literals.map((one) => [one.text, one])).values()],
  };
}
