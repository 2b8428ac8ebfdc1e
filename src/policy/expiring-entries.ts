import type { SubjectFilter } from '../domain/rule.js';

export const FILTER_KEYS = [
  'switches',
  'accounts',
  'customers',
  'connections',
  'vendors',
  'cli',
  'cld',
] as const satisfies (keyof SubjectFilter)[];

/** The filter as it stands at an instant; without one, only with the entries that never end. */
export function filterAt(filter: SubjectFilter, now: number | undefined): SubjectFilter {
  const { expiring = [] } = filter;
  const holding = expiring.filter(({ until }) => until === undefined || (now !== undefined && until > now));
  const keys = FILTER_KEYS.flatMap((key) => {
    const added = holding.filter((one) => one.key === key).map(({ entry }) => entry);
    const all = [...(filter[key] ?? []), ...added];
    return all.length === 0 ? [] : [[key, all] as const];
  });
  return Object.fromEntries(keys) as SubjectFilter;
}

/** The filter with every entry, those that have ended included: what could ever be compared. */
export function filterEver(filter: SubjectFilter): SubjectFilter {
  return filterAt(filter, Number.NEGATIVE_INFINITY);
}

/** When the next of its entries ends; undefined where none will. */
export function nextEnd({ expiring = [] }: SubjectFilter, now: number): number | undefined {
  const ends = expiring.flatMap(({ until }) => (until !== undefined && until > now ? [until] : []));
  return ends.length === 0 ? undefined : Math.min(...ends);
}
