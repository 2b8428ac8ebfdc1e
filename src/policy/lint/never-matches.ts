import type { Contradictions } from './contradictions.js';
import { conjunction, type Literal, type Normal } from './normal-form.js';

/** Why a condition can never be true. */
export interface Impossible {
  /** Comparisons that contradict one another. */
  literals: readonly Literal[];
  /** They stand in a branch of an `any`, and every other branch is as impossible. */
  ofBranch: boolean;
}

/**
 * Why these can never be true together, and with the comparisons already `given`; undefined where they may be. Sound and
 * not complete: alternatives are tried one `any` at a time, so that the time it takes grows with the rule only.
 */
export function impossibility(
  nodes: readonly Normal[],
  contradictions: Contradictions,
  given: readonly Literal[] = [],
): Impossible | undefined {
  const { literals, alternatives } = conjunction(nodes);
  const all = [...given, ...literals];
  const found = contradictions.among(literals, given);
  if (found !== undefined) return { literals: found, ofBranch: false };
  for (const branches of alternatives) {
    const reasons = branches.map((branch) => impossibility([branch], contradictions, all));
    const [first] = reasons;
    if (first !== undefined && reasons.every((reason) => reason !== undefined)) {
      return { ...first, ofBranch: branches.length > 1 || first.ofBranch };
    }
  }
  return undefined;
}

/** `account.totalCalls greaterThan 30` and `account.totalCalls lessThan 10` can never both be true. */
export function whyImpossible({ literals, ofBranch }: Impossible): string {
  const texts = literals.map(({ text }) => `"${text}"`);
  const last = texts.at(-1) ?? '';
  const listed = texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
  const what = texts.length < 2 ? 'can never be true' : 'can never be true together';
  return ofBranch ? `no branch of an "any" can be met; in the first, ${listed} ${what}` : `${listed} ${what}`;
}
