import type { SubjectFilter } from '../domain/rule.js';
import type { WrittenFilter } from './rule-schema.js';

/** The filter without the keys that are not there. */
export function plainFilter(filter: WrittenFilter | undefined): SubjectFilter {
  const entries = Object.entries(filter ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as SubjectFilter;
}
