import type { ExpiringEntry, SubjectFilter } from '../domain/rule.js';
import { canonicalJson } from './canonical-json.js';
import { FILTER_KEYS } from './expiring-entries.js';
import { type Findings, inside, type Place } from './findings.js';
import type { WrittenExcept, WrittenFilter } from './rule-schema.js';
import { parseUntil } from './until.js';

/** The filter without the keys that are not there. */
export function plainFilter(filter: WrittenFilter | undefined): SubjectFilter {
  const entries = Object.entries(filter ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as SubjectFilter;
}

type WrittenEntry = NonNullable<WrittenExcept[(typeof FILTER_KEYS)[number]]>[number];

/** Sorts what holds for ever from what was written with an end or a reason. */
export function exceptFilter(
  written: WrittenExcept | undefined,
  place: Place,
  findings: Findings,
): SubjectFilter {
  const plain: [string, (string | number)[]][] = [];
  const expiring: ExpiringEntry[] = [];
  for (const key of FILTER_KEYS) {
    const always: (string | number)[] = [];
    const seen = new Set<string>();
    for (const [index, entry] of (written?.[key] ?? []).entries()) {
      const at = inside(place, key, index);
      const named = nameOf(entry);
      const text = canonicalJson(named);
      if (seen.has(text))
        findings.warning(at, `This names ${named} again: whichever entry holds longer decides.`);
      seen.add(text);
      const { until, because } = termOf(entry);
      if (until === undefined && because === undefined) always.push(named);
      else expiring.push({ key, entry: named, until: endOf(until), because, location: locationOf(at) });
    }
    if (always.length > 0) plain.push([key, always]);
  }
  const filter = Object.fromEntries(plain) as SubjectFilter;
  return expiring.length === 0 ? filter : { ...filter, expiring };
}

function nameOf(entry: WrittenEntry): string | number {
  if (typeof entry !== 'object') return entry;
  if ('id' in entry) return entry.id;
  return 'prefix' in entry ? entry.prefix : entry.name;
}

function termOf(entry: WrittenEntry): { until?: string | undefined; because?: string | undefined } {
  return typeof entry === 'object' ? entry : {};
}

function endOf(until: string | undefined): number | undefined {
  return until === undefined ? undefined : parseUntil(until);
}

function locationOf({ document, path }: Place): ExpiringEntry['location'] {
  return document.locate(path);
}
