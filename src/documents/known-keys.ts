import { z } from 'zod';
import type { DocumentPath } from './located-document.js';

/** The keys that a schema allows in the mapping at a path; of a union, those of all its branches. */
export function knownKeysAt(schema: z.ZodType, path: DocumentPath): readonly string[] {
  let schemas: readonly z.core.$ZodType[] = unwrapped(schema);
  for (const step of path) schemas = schemas.flatMap((one) => childSchemas(one, step)).flatMap(unwrapped);
  return [...new Set(schemas.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

/** The schema without optional, default, lazy and the like; several where it is a union. */
function unwrapped(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrapped);
  if (schema instanceof z.ZodLazy) return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrapped(schema.unwrap());
  }
  return [schema];
}

function childSchemas(schema: z.core.$ZodType, step: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child: z.core.$ZodType | undefined = schema.shape[step];
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodArray) return [schema.element];
  return schema instanceof z.ZodRecord ? [schema.valueType] : [];
}
