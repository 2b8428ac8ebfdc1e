import type { FactCatalogue, FactDefinition } from '../domain/facts.js';
import type { CheckContext } from './check-context.js';
import { inside, type Place } from './findings.js';
import { signedLeavesOf, type WrittenLeaf } from './shared-conditions.js';

/** Where a comparison stands. */
export interface Standing {
  /** Under an odd number of `not`: what makes it false makes the condition true. */
  negated: boolean;
  /** In a `where`, which narrows what is taken. */
  inWhere: boolean;
  /** Whether the rule, or the `where`, is only ever met where this comparison is; false for what rules share. */
  needed: boolean;
}

/** What is true of fewer calls than there were is only proven by a fact that sees them all, and polls do not. */
const PROVEN_FROM_BELOW: Readonly<Record<'fact' | 'value', readonly string[]>> = {
  fact: ['greaterThan', 'greaterThanInclusive'],
  value: ['lessThan', 'lessThanInclusive'],
};

const REFUTED_FROM_BELOW: typeof PROVEN_FROM_BELOW = {
  fact: PROVEN_FROM_BELOW.value,
  value: PROVEN_FROM_BELOW.fact,
};

/** Warns of a comparison that may hold only because calls were missed. */
export function warnOfLowerBound(
  leaf: WrittenLeaf['leaf'],
  place: Place,
  standing: Standing,
  { catalogue, findings }: CheckContext,
): void {
  for (const fact of unprovenFacts(leaf, standing, catalogue)) {
    findings.warning(inside(place, 'operator'), warning(leaf, fact, standing));
  }
}

/** The same for a shared condition where it is used under `not`; what is wrong with it anywhere is said where it stands. */
export function warnOfNegatedUse(
  name: string,
  place: Place,
  standing: Standing,
  context: CheckContext,
): void {
  const target = context.shared.get(name);
  if (target === undefined || !standing.negated) return;
  for (const { leaf, negated } of signedLeavesOf(target, context.shared)) {
    if (negated) continue;
    for (const fact of unprovenFacts(leaf, standing, context.catalogue)) {
      context.findings.warning(place, warning(leaf, fact, standing));
    }
  }
}

function warning({ operator }: WrittenLeaf['leaf'], fact: string, { negated }: Standing): string {
  const what = negated ? `"not" around "${String(operator)}"` : `"${String(operator)}"`;
  return `Calls that come and go between two polls are not seen, so "${fact}" may lie below the truth, and ${what} may hold wrongly. With "needs: complete" the rule at least rests while its window has gaps.`;
}

function unprovenFacts(
  { fact, operator, value }: WrittenLeaf['leaf'],
  { negated, inWhere }: Standing,
  catalogue: FactCatalogue,
): readonly string[] {
  const proven = negated ? REFUTED_FROM_BELOW : PROVEN_FROM_BELOW;
  const right = typeof value === 'object' && value !== null && 'fact' in value ? value.fact : undefined;
  return (['fact', 'value'] as const).flatMap((side) => {
    const name = side === 'fact' ? fact : right;
    const definition = typeof name === 'string' ? catalogue.get(name) : undefined;
    if (definition === undefined || !countsThePast(definition)) return [];
    // To spare who talks a lot is what `not` in `where` is for, and calls between two polls add hardly a minute.
    if (negated && inWhere && definition.unit === 'minutes') return [];
    return proven[side].includes(String(operator)) ? [] : [definition.name];
  });
}

/** Counts and sums over a window only ever lack something; ratios and averages may err either way. */
function countsThePast({ windowed, type, params }: FactDefinition): boolean {
  return windowed && type === 'number' && !params.includes('min');
}
