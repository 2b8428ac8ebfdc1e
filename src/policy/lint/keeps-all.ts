import type { Rule, RuleEvent } from '../../domain/rule.js';
import type { Contradictions } from './contradictions.js';
import { impossibility } from './never-matches.js';
import {
  isSide,
  type Literal,
  literalsIn,
  type Normal,
  type NormalContext,
  nameOf,
  type Side,
  sideOf,
} from './normal-form.js';

/** Facts that are the size of the pool they make; of others the pool may be larger than the value. */
const POOL_SIZES: readonly string[] = ['totalCalls', 'connectedCalls', 'setupCalls'];

/** What the conditions hold below or at, and what is kept. */
export interface KeepsAll {
  counted: string;
  kept: string;
}

/**
 * Whether the event never takes anything, since its conditions hold only where there are no more calls in the pool than it
 * leaves. Only where one aggregate makes the pool: with several it is not plain which of them decide.
 */
export function keepsAll(
  { scope }: Rule,
  { type, keep }: RuleEvent,
  conditions: Normal,
  context: NormalContext,
  contradictions: Contradictions,
): KeepsAll | undefined {
  if (type !== 'disconnectCall' || scope === 'call') return undefined;
  const [counted, ...others] = aggregatesIn(conditions);
  const value = typeof keep === 'number' ? keep : sideOf(keep, context.catalogue);
  if (counted === undefined || others.length > 0 || value === undefined || !isPoolSize(counted))
    return undefined;
  const isLeft: Literal = {
    kind: 'literal',
    fact: counted,
    operator: 'greaterThan',
    value,
    negated: false,
    underNot: false,
    text: '',
  };
  if (impossibility([{ kind: 'all', children: [conditions, isLeft] }], contradictions) === undefined)
    return undefined;
  return { counted: nameOf(counted), kept: typeof value === 'number' ? String(value) : nameOf(value) };
}

function aggregatesIn(conditions: Normal): readonly Side[] {
  const sides = literalsIn(conditions)
    .flatMap(({ fact, value }) => (isSide(value) ? [fact, value] : [fact]))
    .filter(({ definition }) => definition.aggregate);
  return [...new Map(sides.map((side) => [side.key, side])).values()];
}

function isPoolSize({ definition: { name, windowed } }: Side): boolean {
  return !windowed && POOL_SIZES.includes(name.slice(name.indexOf('.') + 1));
}
