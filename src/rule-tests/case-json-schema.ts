import { z } from 'zod';
import { DURATION_PATTERN } from '../documents/duration.js';
import { WITHHOLD_REASONS } from '../domain/action.js';
import { DESCRIPTIONS } from './case-key-descriptions.js';
import {
  actionSchema,
  callSchema,
  caseFileSchema,
  caseSchema,
  expectationSchema,
  verdictSchema,
} from './case-schema.js';

/** The part of a JSON Schema that is touched by name here. */
export interface CaseJsonSchema {
  [keyword: string]: unknown;
  definitions?: Record<string, CaseJsonSchema>;
  properties?: Record<string, CaseJsonSchema>;
}

/** What becomes a definition of its own, so that the schema stays short. */
const DEFINITIONS: Readonly<Record<string, z.ZodType>> = {
  case: caseSchema,
  call: callSchema,
  expectation: expectationSchema,
  action: actionSchema,
  verdict: verdictSchema,
};

const DURATION = DURATION_PATTERN.source.slice(1, -1);
const SPAN = `^\\s*${DURATION}\\s*$`;
const INSTANT = `^-?\\s*${DURATION}\\s*$`;
const POLLS = `^\\s*${DURATION}\\s*(?:\\.\\.\\s*${DURATION}\\s*)?$`;

/** The form of texts that the checker reads into something else, of which a JSON Schema sees nothing. */
const PATTERNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  case: { every: SPAN, until: SPAN, history: SPAN, fail: POLLS },
  call: { from: INSTANT, to: INSTANT, step: SPAN, answered: SPAN },
  expectation: { at: INSTANT },
};

/**
 * The JSON Schema of a file of test cases, made from the schema that the checker itself uses. It is wider than the checker,
 * never narrower: what the checker accepts validates. Draft 7, as that of rule files.
 */
export function caseFileJsonSchema(): CaseJsonSchema {
  const schema = z.toJSONSchema(caseFileSchema, {
    target: 'draft-7',
    io: 'input',
    metadata: namedDefinitions(),
    override: ({ jsonSchema }) => {
      // A key of YAML may be a number, as those of customers are.
      if (jsonSchema.propertyNames !== undefined) delete jsonSchema.propertyNames;
      // Beyond any number that is meant, and in the way of reading.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  }) as CaseJsonSchema;
  const { definitions = {} } = schema;
  const withheld = definitions['action']?.properties?.['withheld'];
  if (withheld === undefined) throw new Error('The schema of an action has another form than expected.');
  withheld['anyOf'] = [{ const: true }, { enum: [...WITHHOLD_REASONS] }];
  for (const [name, definition] of Object.entries(definitions)) {
    delete definition['id'];
    complete(definition, name);
  }
  const { definitions: _, ...root } = schema;
  complete(root, 'case');
  return {
    $schema: schema['$schema'],
    title: 'Callwarden test cases',
    description: 'One case; or several under "cases:", whose other keys stand for all of them.',
    ...schema,
  };
}

function namedDefinitions() {
  const registry = z.registry<{ id: string }>();
  for (const [id, definition] of Object.entries(DEFINITIONS)) registry.add(definition, { id });
  return registry;
}

/** Gives keys their description and form; what stands in no definition of its own is told by its key. */
function complete(schema: CaseJsonSchema, name: string): void {
  for (const { properties = {} } of objectsIn(schema)) {
    for (const [key, property] of Object.entries(properties)) {
      const description = DESCRIPTIONS[name]?.[key] ?? DESCRIPTIONS['any']?.[key];
      if (description !== undefined) property['description'] = description;
      const pattern = PATTERNS[name]?.[key];
      if (pattern !== undefined)
        for (const one of objectsIn(property)) if (one['type'] === 'string') one['pattern'] = pattern;
    }
  }
}

function objectsIn(schema: unknown): CaseJsonSchema[] {
  if (Array.isArray(schema)) return schema.flatMap(objectsIn);
  if (typeof schema !== 'object' || schema === null) return [];
  return [schema as CaseJsonSchema, ...Object.values(schema).flatMap(objectsIn)];
}
