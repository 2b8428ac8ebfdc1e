import { didYouMean } from '../documents/did-you-mean.js';
import { describeValue } from '../documents/found-values.js';
import { zodProblems } from '../documents/zod-problems.js';
import type { FactDefinition, FactParams, FactType } from '../domain/facts.js';
import type { FactCondition, FactReference } from '../domain/rule.js';
import type { CheckContext } from './check-context.js';
import { checkParams } from './check-params.js';
import { checkValue } from './check-values.js';
import { inside, type Place } from './findings.js';
import { type Standing, warnOfLowerBound } from './lower-bounds.js';
import { fits, OPERATORS, type OperatorDefinition } from './operators.js';
import { factReferenceSchema, leafSchema } from './rule-schema.js';

/** Checks one comparison whatever rule uses it; the rule's scope is checked where it is used. */
export function checkLeaf(
  leaf: Readonly<Record<string, unknown>>,
  place: Place,
  context: CheckContext,
  standing: Standing,
): FactCondition | undefined {
  const parsed = leafSchema.safeParse(leaf);
  if (!parsed.success) {
    // What `value` and `params` must be depends on fact and operator; that is said more precisely below.
    const isFrame = (path: readonly PropertyKey[]) =>
      path.length === 0 || path[0] === 'fact' || path[0] === 'operator';
    const issues = parsed.error.issues.filter(({ path }) => isFrame(path));
    context.findings.add(
      zodProblems({ issues }, place.document, { schema: leafSchema, at: place.path, explainKey }),
    );
  }
  const fact = checkFactName(leaf['fact'], inside(place, 'fact'), context);
  const operator = checkOperator(leaf['operator'], inside(place, 'operator'), fact, context);
  if (leaf['value'] === undefined) {
    context.findings.error(place, '"value" is missing: expected what the fact is compared with.');
  }
  if (fact === undefined) return undefined;
  const params = checkParams(leaf['params'], inside(place, 'params'), fact, context, standing);
  const valuePlace = inside(place, 'value');
  if (operator === undefined) refuseTextForNumber(leaf['value'], valuePlace, fact, context);
  if (operator === undefined || leaf['value'] === undefined) return undefined;
  const value = isMapping(leaf['value'])
    ? checkComparedFact(leaf['value'], valuePlace, fact, operator, context, standing)
    : (leaf['value'] as FactCondition['value']);
  if (value === undefined) return undefined;
  if (!isMapping(value)) checkValue(value, valuePlace, fact, operator, context);
  warnOfLowerBound(leaf, place, standing, context);
  const checked: FactCondition = { fact: fact.name, ...optional(params), operator: operator.name, value };
  context.comparisons.set(checked, place);
  return checked;
}

/** No operator for numbers compares with text; whatever else a value must be depends on the operator. */
function refuseTextForNumber(
  value: unknown,
  place: Place,
  { name, type }: FactDefinition,
  context: CheckContext,
): void {
  if (type !== 'number' || typeof value !== 'string') return;
  context.findings.error(place, `"${name}" is a number: expected one, but found ${describeValue(value)}.`);
}

function optional(params: FactParams | undefined): { params?: FactParams } {
  return params === undefined ? {} : { params };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function explainKey(key: string): string | undefined {
  switch (key) {
    case 'priority':
      return '"priority" of a single condition is not allowed: all conditions are evaluated, so that evidence is complete.';
    case 'path':
      return '"path" is not allowed: facts are plain values, there is nothing inside them.';
    default:
      return undefined;
  }
}

function checkFactName(name: unknown, place: Place, context: CheckContext): FactDefinition | undefined {
  if (typeof name !== 'string') return undefined;
  const fact = context.catalogue.get(name);
  if (fact === undefined) {
    const hint = didYouMean(name, context.catalogue.keys());
    const message = `There is no fact "${name}".${hint || ' "callwarden rules facts" lists them all.'}`;
    context.findings.error(place, message);
  }
  return fact;
}

function checkOperator(
  name: unknown,
  place: Place,
  fact: FactDefinition | undefined,
  context: CheckContext,
): OperatorDefinition | undefined {
  if (typeof name !== 'string') return undefined;
  const operator = OPERATORS.get(name);
  const fitting = [...OPERATORS.values()].filter((one) => fact === undefined || fits(one, fact));
  const names = fitting.map((one) => one.name);
  if (operator === undefined) {
    const hint = didYouMean(name, OPERATORS.keys()) || ` Expected one of ${names.join(', ')}.`;
    context.findings.error(place, explainOperator(name) ?? `There is no operator "${name}".${hint}`);
    return undefined;
  }
  if (fact === undefined || fits(operator, fact)) return operator;
  const message = `"${name}" does not fit "${fact.name}", which is ${TYPE_WORDS[fact.type](fact)}: expected one of ${names.join(', ')}.`;
  context.findings.error(place, message);
  return undefined;
}

const TYPE_WORDS: Readonly<Record<FactType, (fact: FactDefinition) => string>> = {
  number: () => 'a number',
  string: ({ format }) => `text (${format})`,
  boolean: () => 'true or false',
};

function explainOperator(name: string): string | undefined {
  if (name === 'contains' || name === 'doesNotContain') {
    return `"${name}" works on lists only, and no fact is one: use "startsWithAnyOf", "in" or "inList".`;
  }
  if (!name.includes(':')) return undefined;
  return `Operator decorators such as "${name}" are not allowed, as they are true on missing data: use "not" around the condition.`;
}

function checkComparedFact(
  value: Readonly<Record<string, unknown>>,
  place: Place,
  fact: FactDefinition,
  operator: OperatorDefinition,
  context: CheckContext,
  standing: Standing,
): FactReference | undefined {
  if (!operator.takesReference) {
    context.findings.error(
      place,
      `"${operator.name}" cannot compare with another fact: write the value itself.`,
    );
    return undefined;
  }
  return checkReference(value, place, fact, context, standing);
}

/** What a reference stands beside: a fact, or `keep`, which is a number of calls. */
export type Counterpart = Pick<FactDefinition, 'name' | 'type' | 'format' | 'unit' | 'params'>;

/** Checks `{fact, params}` in place of a value; it must be of the kind of the fact it is compared with. */
export function checkReference(
  value: Readonly<Record<string, unknown>>,
  place: Place,
  comparedWith: Counterpart,
  context: CheckContext,
  standing: Standing | 'keep',
): FactReference | undefined {
  const parsed = factReferenceSchema.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.filter(({ path }) => path[0] !== 'params');
    const at = { schema: factReferenceSchema, at: place.path, explainKey };
    context.findings.add(zodProblems({ issues }, place.document, at));
  }
  const fact = checkFactName(value['fact'], inside(place, 'fact'), context);
  if (fact === undefined) return undefined;
  const params = checkParams(value['params'], inside(place, 'params'), fact, context, standing);
  if (fact.type !== comparedWith.type) {
    const message = `"${fact.name}" is a ${fact.type}, but "${comparedWith.name}" is a ${comparedWith.type}: expected a fact of the same type.`;
    context.findings.error(inside(place, 'fact'), message);
    return undefined;
  }
  if (!isOfOneKind(fact, comparedWith)) {
    const message = `"${fact.name}" is ${kindOf(fact)}, but "${comparedWith.name}" is ${kindOf(comparedWith)}: expected a fact of the same kind.`;
    context.findings.error(inside(place, 'fact'), message);
    return undefined;
  }
  return { fact: fact.name, ...optional(params) };
}

/** Seconds are no calls, an account is no duration, and an address is no telephone number. */
function isOfOneKind(one: Counterpart, other: Counterpart): boolean {
  if (one.type === 'string') return one.format === other.format;
  // A limit is in whatever unit the rule asks for.
  return isLimit(one) || isLimit(other) || one.unit === other.unit;
}

function isLimit({ params }: Counterpart): boolean {
  return params.includes('name');
}

function kindOf({ type, format, unit }: Counterpart): string {
  if (type === 'string') return `text (${format})`;
  return unit === undefined ? 'an ID' : `a number of ${unit}`;
}
