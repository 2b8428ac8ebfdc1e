import { CALL_STATES } from '../domain/call.js';
import type { FactCatalogue, FactDefinition, FactFormat, FactParam } from '../domain/facts.js';
import { canonicalJson } from './canonical-json.js';
import { countedStates } from './counted-states.js';
import { fits, OPERATORS, type OperatorDefinition } from './operators.js';
import { LIST_NAME_PATTERN } from './schema-values.js';

/** The part of a JSON Schema that is touched by name here. */
export interface JsonSchema {
  [keyword: string]: unknown;
  definitions?: Record<string, JsonSchema>;
  properties?: Record<string, JsonSchema>;
  allOf?: readonly JsonSchema[];
  required?: readonly string[];
}

const OPERATOR_DESCRIPTIONS: Readonly<Record<string, string>> = {
  equal: 'The fact is this value.',
  notEqual: 'The fact is another value.',
  lessThan: 'The fact is less.',
  lessThanInclusive: 'The fact is less or equal.',
  greaterThan: 'The fact is more.',
  greaterThanInclusive: 'The fact is more or equal.',
  in: 'The fact is one of these values.',
  notIn: 'The fact is none of these values.',
  startsWithAnyOf:
    'The fact begins with one of these prefixes: ["+882"], or the name of a list in rules/lists/.',
  inList: 'The fact is in the list of this name in rules/lists/.',
  notInList: 'The fact is not in the list of this name in rules/lists/.',
  inNetwork: 'The address is in this network, or in one of several: "192.0.2.0/24".',
};

/** Puts the catalogue into the schema: what each fact may be compared with and narrowed by. */
export function tieToFacts(definitions: Record<string, JsonSchema>, catalogue: FactCatalogue): void {
  const { comparison, factReference, params } = definitions;
  if (
    comparison?.properties === undefined ||
    factReference?.properties === undefined ||
    params === undefined
  ) {
    throw new Error('The schema of a comparison, a fact reference or params has another form than expected.');
  }
  const facts = [...catalogue.values()];
  const operators = [...OPERATORS.keys()];
  definitions['paramsOfFact'] = { allOf: groups(facts, paramsKey).map(paramsRule) };
  const ofFact = { $ref: '#/definitions/paramsOfFact' };
  for (const { properties } of [comparison, factReference]) {
    if (properties === undefined) continue;
    // Which of them there are depends on the scope that looks at them.
    properties['fact'] = { type: 'string' };
    // Which of them there are depends on the fact; offering them all would be no help.
    properties['params'] = { type: 'object' };
  }
  comparison.properties['operator'] = {
    type: 'string',
    enum: operators,
    enumDescriptions: operators.map((name) => OPERATOR_DESCRIPTIONS[name] ?? ''),
  };
  const kinds = groups(facts, ({ type, format }) => `${type} ${format}`);
  comparison.allOf = [ofFact, ...kinds.map((group) => valueRule(group))];
  factReference.allOf = [ofFact];
}

type Group = readonly [FactDefinition, ...FactDefinition[]];

function groups(facts: readonly FactDefinition[], keyOf: (fact: FactDefinition) => string): readonly Group[] {
  const found = new Map<string, [FactDefinition, ...FactDefinition[]]>();
  for (const fact of facts) {
    const group = found.get(keyOf(fact));
    if (group === undefined) found.set(keyOf(fact), [fact]);
    else group.push(fact);
  }
  return [...found.values()];
}

function whenFactIs(group: Group, schema: JsonSchema): JsonSchema {
  return when({ properties: { fact: isOneOf(group.map(({ name }) => name)) }, required: ['fact'] }, schema);
}

/**
 * Tests for one of these words. No `enum`: the language server shows what a test allows among the values to choose from, and
 * takes the hovered one from the last it met.
 */
export function isOneOf(words: readonly string[]): JsonSchema {
  return { pattern: `^(?:${words.map((word) => word.replaceAll('.', '\\.')).join('|')})$` };
}

/** What more is asked of the values of keys that are described elsewhere: under `properties` they would be offered twice. */
export function inKeys(keys: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    patternProperties: Object.fromEntries(Object.entries(keys).map(([key, schema]) => [`^${key}$`, schema])),
  };
}

export function when(test: JsonSchema, schema: JsonSchema): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's.
  return { if: test, then: schema };
}

function paramsKey(fact: FactDefinition): string {
  const { params, required } = fact;
  const states = params.includes('state') ? countedStates(fact) : [];
  return canonicalJson([[...params].sort(), [...required].sort(), states]);
}

function paramsRule(group: Group): JsonSchema {
  const [fact] = group;
  const { params, required } = fact;
  if (params.length === 0)
    return whenFactIs(group, { propertyNames: { enum: ['fact', 'operator', 'value'] } });
  const needed: readonly FactParam[] = params.includes('name')
    ? [...new Set([...required, 'name' as const])]
    : required;
  const known = params.map((param) => [param, paramSchema(param, fact)] as const);
  return whenFactIs(group, {
    properties: {
      params: {
        type: 'object',
        properties: Object.fromEntries(known),
        additionalProperties: false,
        ...(needed.length === 0 ? {} : { required: needed }),
      },
    },
    ...(needed.length === 0 ? {} : { required: ['params'] }),
  });
}

function paramSchema(param: FactParam, fact: FactDefinition): JsonSchema {
  const known = { $ref: `#/definitions/params/properties/${param}` };
  if (param !== 'state') return known;
  const counted = { enum: countedStates(fact) };
  return { allOf: [known, { anyOf: [counted, { type: 'array', items: counted }] }] };
}

function valueRule(group: Group): JsonSchema {
  const [fact] = group;
  const fitting = [...OPERATORS.values()].filter((operator) => fits(operator, fact));
  return whenFactIs(group, {
    properties: { operator: { enum: fitting.map(({ name }) => name) } },
    allOf: fitting.map((operator) =>
      when(
        { properties: { operator: isOneOf([operator.name]) }, required: ['operator'] },
        { properties: { value: operandOf(operator, fact) } },
      ),
    ),
  });
}

function operandOf({ operand, takesReference }: OperatorDefinition, fact: FactDefinition): JsonSchema {
  const one = scalarOf(fact);
  const listName = { type: 'string', pattern: LIST_NAME_PATTERN.source };
  const texts = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 };
  switch (operand) {
    case 'one':
      return takesReference ? { anyOf: [one, { $ref: '#/definitions/factReference' }] } : one;
    case 'several':
      return { type: 'array', items: one, minItems: 1 };
    case 'prefixes':
      return { anyOf: [listName, texts] };
    case 'list':
      return listName;
    case 'networks':
      return { anyOf: [{ type: 'string', minLength: 1 }, texts] };
  }
}

function scalarOf({ type, format }: FactDefinition): JsonSchema {
  return type === 'string' ? { type, ...textOf(format) } : { type };
}

function textOf(format: FactFormat): JsonSchema {
  if (format === 'state') return { enum: CALL_STATES };
  return format === 'country' ? { pattern: '^[A-Z]{2}$' } : { minLength: 1 };
}
