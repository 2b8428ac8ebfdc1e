import type { JsonSchema } from '../../src/policy/json-schema-facts.js';

/** Keywords that say something to a person or an editor, and nothing of what is valid. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  'title',
  'description',
  'default',
  'definitions',
  'enumDescriptions',
  'patternErrorMessage',
  'then',
]);

type Check = (expected: never, value: unknown, schema: JsonSchema, root: JsonSchema) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isObject,
};

/** What each keyword of draft 7 asks for, of those that the schemas of rule files and of test cases use. */
const CHECKS: Readonly<Record<string, Check>> = {
  type: (type: string | readonly string[], value) =>
    [type].flat().some((one) => TYPES[one]?.(value) === true),
  enum: (allowed: readonly unknown[], value) => allowed.includes(value),
  const: (allowed: unknown, value) => value === allowed,
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minLength: (least: number, value) => typeof value !== 'string' || value.length >= least,
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  exclusiveMinimum: (bound: number, value) => typeof value !== 'number' || value > bound,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  items: (item: JsonSchema, value, _, root) =>
    !Array.isArray(value) || value.every((one) => isValid(one, item, root)),
  required: (keys: readonly string[], value) =>
    !isObject(value) || keys.every((key) => Object.hasOwn(value, key)),
  dependencies: (needed: Record<string, readonly string[]>, value) =>
    !isObject(value) ||
    Object.entries(needed).every(
      ([key, others]) => !Object.hasOwn(value, key) || others.every((one) => Object.hasOwn(value, one)),
    ),
  properties: (properties: Record<string, JsonSchema>, value, _, root) =>
    !isObject(value) ||
    Object.entries(properties).every(
      ([key, property]) => !Object.hasOwn(value, key) || isValid(value[key], property, root),
    ),
  additionalProperties: (others: JsonSchema | false, value, { properties = {} }, root) =>
    !isObject(value) ||
    Object.keys(value).every(
      (key) => Object.hasOwn(properties, key) || (others !== false && isValid(value[key], others, root)),
    ),
  patternProperties: (patterns: Record<string, JsonSchema>, value, _, root) =>
    !isObject(value) ||
    Object.entries(patterns).every(([pattern, property]) =>
      Object.keys(value).every(
        (key) => !new RegExp(pattern, 'u').test(key) || isValid(value[key], property, root),
      ),
    ),
  propertyNames: (names: JsonSchema, value, _, root) =>
    !isObject(value) || Object.keys(value).every((key) => isValid(key, names, root)),
  anyOf: (schemas: readonly JsonSchema[], value, _, root) => schemas.some((one) => isValid(value, one, root)),
  allOf: (schemas: readonly JsonSchema[], value, _, root) =>
    schemas.every((one) => isValid(value, one, root)),
  not: (schema: JsonSchema, value, _, root) => !isValid(value, schema, root),
  if: (test: JsonSchema, value, schema, root) =>
    !isValid(value, test, root) || isValid(value, schema['then'] as JsonSchema, root),
};

/** Whether a value is valid by a JSON Schema; throws on a keyword that it does not know. */
export function isValid(value: unknown, schema: JsonSchema, root: JsonSchema = schema): boolean {
  const { $ref } = schema;
  // In draft 7 nothing beside a reference counts.
  if (typeof $ref === 'string') return isValid(value, pointedAt($ref, root), root);
  return Object.entries(schema).every(([keyword, expected]) => {
    if (ANNOTATIONS.has(keyword)) return true;
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`The keyword "${keyword}" is not known here.`);
    return check(expected as never, value, schema, root);
  });
}

function pointedAt(reference: string, root: JsonSchema): JsonSchema {
  let found: unknown = root;
  for (const step of reference.replace('#/', '').split('/'))
    found = isObject(found) ? found[step] : undefined;
  if (!isObject(found)) throw new Error(`${reference} leads nowhere.`);
  return found;
}
