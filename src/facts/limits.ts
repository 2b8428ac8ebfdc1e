import type { FactParams, Limit, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { Subject } from '../domain/scope.js';

type LimitLookup = (subject: Subject, params: FactParams) => Observed;

/** The last one that was made of a set of limits, as every rule of every pass asks for it anew. */
const lookups = new WeakMap<
  readonly Limit[],
  { switchName: string; numbering: Numbering; lookup: LimitLookup }
>();

/** Looks limits up: a row for this switch beats a row for all switches, and any row the default. */
export function createLimitLookup(
  limits: readonly Limit[],
  switchName: string,
  numbering: Numbering,
): LimitLookup {
  const last = lookups.get(limits);
  if (last?.switchName === switchName && last.numbering === numbering) return last.lookup;
  const lookup = readLimits(limits, switchName, numbering);
  lookups.set(limits, { switchName, numbering, lookup });
  return lookup;
}

function readLimits(limits: readonly Limit[], switchName: string, numbering: Numbering): LimitLookup {
  const general = new Map<string, number>();
  const own = new Map<string, number>();
  const isEmpty = limits.length === 0;
  for (const limit of limits) {
    const id = limit.scope === 'cli' ? numbering.normaliseCaller(limit.id) : limit.id;
    if (limit.switch === undefined) general.set(limitKey(limit.scope, id, limit.name), limit.value);
    else if (limit.switch === switchName) own.set(limitKey(limit.scope, id, limit.name), limit.value);
  }
  return ({ scope, id }, params) => {
    const key = isEmpty ? '' : limitKey(scope, id, params.name ?? '');
    const value = own.get(key) ?? general.get(key) ?? params.default;
    return value === undefined
      ? { known: false, reason: 'no-limit' }
      : { known: true, value, atLeast: false };
  };
}

function limitKey(scope: string, id: string, name: string): string {
  return `${scope} ${id.length} ${id} ${name}`;
}
