import { z } from 'zod';
import { didYouMean } from '../documents/did-you-mean.js';
import { describeValue } from '../documents/found-values.js';
import { unknownKey, zodProblems } from '../documents/zod-problems.js';
import type { Condition } from '../domain/rule.js';
import type { CheckContext, WrittenCondition } from './check-context.js';
import { checkLeaf } from './check-leaf.js';
import { inside, type Place } from './findings.js';
import { type Standing, warnOfNegatedUse } from './lower-bounds.js';
import { leafSchema, nodeSchemas } from './rule-schema.js';

const NODE_KEYS = ['all', 'any', 'not', 'condition'] as const;
const KNOWN_KEYS: readonly string[] = [...NODE_KEYS, ...Object.keys(leafSchema.shape)];
const SHALLOW_NODES = nodeSchemas(z.unknown());

/** Whose conditions these are. */
export type ConditionUse = 'rule' | 'where' | 'shared';

/**
 * Checks a condition tree node by node, to its last leaf: the engine itself notices an unknown operator only when it
 * gets there, ignores unknown keys, and takes empty lists for true. Undefined where anything in it is wrong.
 */
export function checkCondition(
  { value, place }: WrittenCondition,
  context: CheckContext,
  use: ConditionUse,
): Condition | undefined {
  const standing: Standing = { negated: false, inWhere: use === 'where', needed: use !== 'shared' };
  if (isMapping(value) && 'fact' in value && !NODE_KEYS.some((key) => key in value)) {
    const message = 'A single comparison cannot stand at the top: wrap it in "all", as in "all: [ … ]".';
    context.findings.error(place, message);
    checkLeaf(value, place, context, standing);
    return undefined;
  }
  return checkNode(value, place, context, standing);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkNode(
  value: unknown,
  place: Place,
  context: CheckContext,
  standing: Standing,
): Condition | undefined {
  const { findings } = context;
  if (!isMapping(value)) {
    findings.error(
      place,
      `Expected a condition (all, any, not, condition, or a comparison of a fact), but found ${describeValue(value)}.`,
    );
    return undefined;
  }
  const kinds = NODE_KEYS.filter((key) => key in value);
  const [kind] = kinds;
  if (kind === undefined) {
    if ('fact' in value || 'operator' in value) return checkLeaf(value, place, context, standing);
    const keys = Object.keys(value);
    for (const key of keys) findings.error(inside(place, key), unknownKey(key, KNOWN_KEYS), 'key');
    if (keys.length === 0)
      findings.error(place, 'This condition is empty: expected all, any, not, condition or a fact.');
    return undefined;
  }
  if (kinds.length > 1) {
    const message = `A condition has exactly one of all, any, not and condition, but this has ${kinds.join(' and ')}: the engine would drop all but one.`;
    findings.error(place, message);
    for (const each of kinds) checkChildren(each, value[each], inside(place, each), context, standing);
    return undefined;
  }
  const schema = SHALLOW_NODES[kind];
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    findings.add(zodProblems(parsed.error, place.document, { schema, at: place.path, explainKey }));
  }
  return checkChildren(kind, value[kind], inside(place, kind), context, standing);
}

function explainKey(key: string): string | undefined {
  if (key === 'priority') {
    return '"priority" of a single condition is not allowed: all conditions are evaluated, so that evidence is complete.';
  }
  if (key === 'name')
    return '"name" of a single condition is not allowed: give it a name under "conditions:" and use "condition".';
  return undefined;
}

function checkChildren(
  kind: (typeof NODE_KEYS)[number],
  value: unknown,
  place: Place,
  context: CheckContext,
  standing: Standing,
): Condition | undefined {
  if (kind === 'condition') return checkUse(value, place, context, standing);
  if (kind === 'not') {
    const child = checkNode(value, place, context, { ...standing, negated: !standing.negated });
    return child === undefined ? undefined : { not: child };
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  // Under `not` it is the other way round: all that an `any` holds has to be false, and of an `all` one is enough.
  const isChoice = kind === (standing.negated ? 'all' : 'any');
  const below = isChoice && value.length > 1 ? { ...standing, needed: false } : standing;
  const children = value.flatMap(
    (child, index) => checkNode(child, inside(place, index), context, below) ?? [],
  );
  if (children.length < value.length) return undefined;
  return kind === 'all' ? { all: children } : { any: children };
}

function checkUse(
  name: unknown,
  place: Place,
  context: CheckContext,
  standing: Standing,
): Condition | undefined {
  if (typeof name !== 'string') return undefined;
  if (context.shared.has(name)) {
    warnOfNegatedUse(name, place, standing, context);
    return { condition: name };
  }
  const hint = didYouMean(name, context.shared.keys());
  context.findings.error(
    place,
    `There is no shared condition "${name}" under "conditions:" of any file.${hint}`,
  );
  return undefined;
}
