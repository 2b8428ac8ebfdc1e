import type { Location } from '../../domain/errors.js';
import type { FactCatalogue, FactDefinition, FactParams, FactValue } from '../../domain/facts.js';
import type { Condition, FactCondition, FactReference, RuleSet } from '../../domain/rule.js';
import { canonicalJson } from '../canonical-json.js';

/** A condition without `not` and without shared conditions: true exactly where the condition it came from is true. */
export type Normal = { kind: 'all' | 'any'; children: readonly Normal[] } | Literal;

/** What one comparison says of a fact whenever it is true. */
export interface Literal {
  kind: 'literal';
  fact: Side;
  operator: string;
  value: FactValue | readonly FactValue[] | Side;
  /** Only of startsWithAnyOf and inNetwork: every other operator has a counterpart. */
  negated: boolean;
  /** Stood under `not`: a lower bound is never enough for it then. */
  underNot: boolean;
  /** As a person reads it, e.g. `account.totalCalls greaterThan 30`. */
  text: string;
  /** Where it is written; undefined where that is not known, and for what is no comparison, such as an entry of `only`. */
  location?: Location | undefined;
}

/** One distinct fact with its params: the same key is the same observation. */
export interface Side {
  key: string;
  definition: FactDefinition;
  params: FactParams;
}

export interface NormalContext {
  catalogue: FactCatalogue;
  conditions: RuleSet['conditions'];
  lists: RuleSet['lists'];
  /** Where a comparison is written, so that what is said of it can be pinned there. */
  comparisonAt?: ((comparison: FactCondition) => Location | undefined) | undefined;
}

/** What is left of these where they are not true; the fact itself is known in both cases. */
const COUNTERPARTS: Readonly<Record<string, string>> = {
  greaterThan: 'lessThanInclusive',
  lessThanInclusive: 'greaterThan',
  lessThan: 'greaterThanInclusive',
  greaterThanInclusive: 'lessThan',
  equal: 'notEqual',
  notEqual: 'equal',
  in: 'notIn',
  notIn: 'in',
  inList: 'notInList',
  notInList: 'inList',
};

/** What a comparison says where it is not true. */
export function contraryOf(literal: Literal): Literal {
  const counterpart = COUNTERPARTS[literal.operator];
  return counterpart === undefined
    ? { ...literal, negated: !literal.negated }
    : { ...literal, operator: counterpart };
}

export function normalForm(condition: Condition, context: NormalContext, underNot = false): Normal {
  const several = (kind: 'all' | 'any', children: readonly Condition[]): Normal => ({
    kind: underNot === (kind === 'any') ? 'all' : 'any',
    children: children.map((child) => normalForm(child, context, underNot)),
  });
  if ('all' in condition) return several('all', condition.all);
  if ('any' in condition) return several('any', condition.any);
  if ('not' in condition) return normalForm(condition.not, context, !underNot);
  if (!('condition' in condition)) return literalOf(condition, context, underNot);
  const target = context.conditions.get(condition.condition);
  return target === undefined ? NOTHING_SAID : normalForm(target, context, underNot);
}

/** Says nothing, and so rules nothing out. */
const NOTHING_SAID: Normal = { kind: 'all', children: [] };

function literalOf(condition: FactCondition, context: NormalContext, underNot: boolean): Normal {
  const { operator, value } = condition;
  const fact = sideOf(condition, context.catalogue);
  const compared = typeof value === 'object' && 'fact' in value ? sideOf(value, context.catalogue) : value;
  if (fact === undefined || compared === undefined) return NOTHING_SAID;
  const counterpart = underNot ? COUNTERPARTS[operator] : operator;
  return {
    kind: 'literal',
    fact,
    operator: counterpart ?? operator,
    value: compared,
    negated: counterpart === undefined,
    underNot,
    text: `${underNot ? 'not ' : ''}${nameOf(fact)} ${operator} ${valueText(value, context)}`,
    location: context.comparisonAt?.(condition),
  };
}

/** Undefined where there is no such fact. */
export function sideOf({ fact, params }: FactReference, catalogue: FactCatalogue): Side | undefined {
  const definition = catalogue.get(fact);
  if (definition === undefined) return undefined;
  return { key: canonicalJson([fact, params ?? {}]), definition, params: params ?? {} };
}

/** `account.totalCalls(to high-risk, state Idle)` */
export function nameOf({ definition, params }: Side): string {
  const written = Object.entries(params).map(([key, value]) => `${key} ${String(value)}`);
  return written.length === 0 ? definition.name : `${definition.name}(${written.join(', ')})`;
}

const SHOWN_VALUES = 4;

function valueText(value: FactCondition['value'], { catalogue }: NormalContext): string {
  if (typeof value !== 'object') return String(value);
  if ('fact' in value) {
    const side = sideOf(value, catalogue);
    return side === undefined ? value.fact : nameOf(side);
  }
  const more = value.length > SHOWN_VALUES ? ', …' : '';
  return `[${value.slice(0, SHOWN_VALUES).join(', ')}${more}]`;
}

export function isSide(value: Literal['value']): value is Side {
  return typeof value === 'object' && 'key' in value;
}

/** The comparisons that all have to hold, and the alternatives beside them. */
export function conjunction(nodes: readonly Normal[]): {
  literals: readonly Literal[];
  alternatives: readonly (readonly Normal[])[];
} {
  const literals: Literal[] = [];
  const alternatives: (readonly Normal[])[] = [];
  const add = (node: Normal): void => {
    if (node.kind === 'literal') literals.push(node);
    else if (node.kind === 'any') alternatives.push(node.children);
    else for (const child of node.children) add(child);
  };
  for (const node of nodes) add(node);
  return { literals, alternatives };
}

/** Every comparison below. */
export function literalsIn(node: Normal): readonly Literal[] {
  return node.kind === 'literal' ? [node] : node.children.flatMap(literalsIn);
}
