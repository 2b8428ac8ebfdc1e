import { z } from 'zod';
import type { FactCatalogue } from '../domain/facts.js';
import { HAND_RULE } from '../domain/rule.js';
import { inKeys, isOneOf, type JsonSchema, tieToFacts, when } from './json-schema-facts.js';
import { tieToScopes } from './json-schema-scopes.js';
import {
  exceptSchema,
  factReferenceSchema,
  filterSchema,
  leafSchema,
  paramsSchema,
  ruleFileSchema,
  ruleSchema,
  scheduleEntrySchema,
} from './rule-schema.js';

/** What becomes a definition of its own, so that the schema stays short and conditions can hold conditions. */
const DEFINITIONS: Readonly<Record<string, z.ZodType>> = {
  rule: ruleSchema,
  conditions: ruleSchema.shape.conditions,
  event: ruleSchema.shape.event,
  comparison: leafSchema,
  params: paramsSchema,
  factReference: factReferenceSchema,
  only: filterSchema,
  except: exceptSchema,
};

/** Of keys that the checker's own schema does not describe. */
const KEY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  all: 'Every one of these conditions holds.',
  any: 'At least one of these conditions holds.',
  not: 'This condition does not hold. A missing fact makes it unknown, not true.',
  condition: 'The name of a shared condition, which stands under "conditions:" of any file.',
  fact: 'What is looked at, as scope.name. A rule uses facts of its own scope and of wider ones.',
  params: 'Narrows the fact, or gives it its window.',
  operator: 'How the fact is compared with the value.',
  value:
    'A value, several of them, or another fact: { fact: account.limit, params: { name: maxConcurrentCalls } }.',
  name: 'Unique among all rules; the audit log keeps it. Lower-case letters, digits and hyphens.',
  description: 'What the rule is for, in a sentence.',
  conditions: 'When the rule is violated.',
  event: 'What is done about it.',
  type: 'alert records only; the others disconnect.',
  only: 'Whom the rule is about: every key narrows. A key of a narrower scope filters calls instead.',
  except: 'Whom the rule leaves alone; an entry may be a mapping with "until" and "because".',
  switches: 'Switches by their name in the config.',
  accounts: 'I_ACCOUNT.',
  customers: 'I_CUSTOMER.',
  connections: 'I_CONNECTION.',
  vendors: 'I_VENDOR.',
  cli: 'Prefixes of the caller number, in quotes, e.g. "+49800".',
  cld: 'Prefixes of the dialled number, in quotes, e.g. "+49800".',
  id: 'Its number on the switch.',
  prefix: 'In quotes, e.g. "+49800".',
  rules: 'Several rules in one file.',
  within: 'How far back, e.g. 10m; at most 24h.',
};

/** Where the same key means something else. */
const OF_KEYS_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  event: { params: 'Which calls it takes, or what an alert says.' },
  except: { name: 'The name of a switch in the config.' },
};

/** What stands for a key that is not there; editors offer it. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  priority: 1,
  select: 'newest',
  keep: 0,
};

const CONDITIONS = 'All, any or none of several conditions, or a shared one by its name.';
const SHARED_CONDITIONS = 'Conditions by name, which rules of any file use by { condition: name }.';

const OF_DEFINITIONS: Readonly<Record<string, string>> = {
  rule: 'One policy: what it judges, when it is violated and what is done about it.',
  conditions: CONDITIONS,
  comparison: 'One comparison of a fact with a value.',
};

/** The params of an event that mean something to its type; the checker refuses the others. */
const PARAMS_OF_EVENTS: readonly { types: readonly string[]; params: readonly string[] }[] = [
  { types: ['alert'], params: ['message'] },
  { types: ['disconnectCall'], params: ['select', 'keep', 'where'] },
  { types: ['disconnectAccount', 'disconnectCustomer'], params: ['where'] },
];

/** What chooses among several calls, of which a rule of scope call never judges more than one. */
const PICKING_PARAMS: readonly string[] = ['select', 'keep'];

/**
 * The JSON Schema of a rule file, made from the schema that the checker itself uses and the catalogue of facts. It is
 * wider than the checker, never narrower: what the checker accepts validates. Draft 7 is the newest draft that both of
 * the language services behind the usual editors (JSON's in VS Code, and the YAML extension's) know whole.
 */
export function ruleFileJsonSchema(catalogue: FactCatalogue): JsonSchema {
  const schema = z.toJSONSchema(ruleFileSchema, {
    target: 'draft-7',
    io: 'input',
    metadata: namedDefinitions(),
    override: ({ zodSchema, jsonSchema }) => {
      const { description, pattern, patternErrorMessage } = z.globalRegistry.get(zodSchema) ?? {};
      if (description !== undefined) jsonSchema.description ??= description;
      if (typeof pattern === 'string') Object.assign(jsonSchema, { pattern, patternErrorMessage });
      if (zodSchema === scheduleEntrySchema) jsonSchema['dependencies'] = { from: ['to'], to: ['from'] };
      // Larger than any number that is meant, and in the way of reading.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }) as JsonSchema;
  const { definitions = {} } = schema;
  tieToFacts(definitions, catalogue);
  tieEvent(definitions);
  const { rule } = definitions;
  if (rule?.properties?.['name'] !== undefined) rule.properties['name']['not'] = { const: HAND_RULE };
  describe(schema);
  tieToScopes(schema, definitions, catalogue);
  return {
    $schema: schema['$schema'],
    title: 'Callwarden rule file',
    description: 'One rule; or several under "rules:", with shared conditions under "conditions:".',
    ...schema,
  };
}

function namedDefinitions() {
  const registry = z.registry<{ id: string }>();
  for (const [id, definition] of Object.entries(DEFINITIONS)) registry.add(definition, { id });
  return registry;
}

function tieEvent({ event, rule }: Record<string, JsonSchema>): void {
  const steps = rule?.properties?.['escalate']?.['items'];
  if (event === undefined || rule === undefined || !isObject(steps) || steps.properties === undefined) {
    throw new Error('The schema of an event or of "escalate" has another form than expected.');
  }
  steps.properties['event'] = { $ref: '#/definitions/event' };
  const picksNone = inKeys({ params: { propertyNames: { not: { enum: PICKING_PARAMS } } } });
  rule.allOf = [
    when(
      { properties: { scope: isOneOf(['call']) }, required: ['scope'] },
      inKeys({ event: picksNone, escalate: { items: inKeys({ event: picksNone }) } }),
    ),
  ];
  event.allOf = PARAMS_OF_EVENTS.map(({ types, params }) =>
    when(
      { properties: { type: isOneOf(types) }, required: ['type'] },
      inKeys({ params: { propertyNames: { enum: params } } }),
    ),
  );
}

/** Gives every key its description and default, and drops what the definitions are called inside. */
function describe(schema: JsonSchema): void {
  for (const [name, definition] of Object.entries(schema.definitions ?? {})) {
    delete definition['id'];
    const description = OF_DEFINITIONS[name];
    if (description !== undefined) definition['description'] ??= description;
    describeKeys(definition, { ...KEY_DESCRIPTIONS, ...OF_KEYS_IN[name] });
  }
  const { definitions: _, ...root } = schema;
  describeKeys(root, { ...KEY_DESCRIPTIONS, conditions: SHARED_CONDITIONS });
}

function describeKeys(schema: JsonSchema, descriptions: Readonly<Record<string, string>>): void {
  for (const { properties = {} } of objectsIn(schema)) {
    for (const [key, property] of Object.entries(properties)) {
      const description = descriptions[key];
      if (description !== undefined) property['description'] ??= description;
      if (Object.hasOwn(DEFAULTS, key)) property['default'] = DEFAULTS[key];
    }
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** This schema and every schema within it, but for what only tests something and what follows from that: it is not shown. */
function objectsIn(schema: unknown): JsonSchema[] {
  if (Array.isArray(schema)) return schema.flatMap(objectsIn);
  if (!isObject(schema)) return [];
  const { if: _test, then: _outcome, ...rest } = schema;
  return [schema, ...Object.values(rest).flatMap(objectsIn)];
}
