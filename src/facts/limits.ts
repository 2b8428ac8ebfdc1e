import type { FactParams, Limit, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { Subject } from '../domain/scope.js';

/** Looks limits up: a row for this switch beats a row for all switches, and any row the default. */
export function createLimitLookup(
  limits: readonly Limit[],
  switchName: string,
  numbering: Numbering,
): (subject: Subject, params: FactParams) => Observed {
  const general = new Map<string, number>();
  const own = new Map<string, number>();
  for (const limit of limits) {
    const id = limit.scope === 'cli' ? numbering.normaliseCaller(limit.id) : limit.id;
    if (limit.switch === undefined) general.set(limitKey(limit.scope, id, limit.name), limit.value);
    else if (limit.switch === switchName) own.set(limitKey(limit.scope, id, limit.name), limit.value);
  }
  return ({ scope, id }, params) => {
    const key = limitKey(scope, id, params.name ?? '');
    const value = own.get(key) ?? general.get(key) ?? params.default;
    return value === undefined
      ? { known: false, reason: 'no-limit' }
      : { known: true, value, atLeast: false };
  };
}

function limitKey(scope: string, id: string, name: string): string {
  return JSON.stringify([scope, id, name]);
}
