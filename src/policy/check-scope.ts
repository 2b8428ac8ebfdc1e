import { type Scope, VISIBLE_SCOPES } from '../domain/scope.js';
import type { CheckContext } from './check-context.js';
import { inside, type Place } from './findings.js';
import type { WrittenLeaf } from './shared-conditions.js';

/** Whose eyes look at the facts: a rule's, or those of its `where`, which looks at single calls. */
export interface Viewpoint {
  rule: string;
  scope: Scope;
  /** Whether the rule names vendors in `only`, without which nothing is known about vendors. */
  namesVendors: boolean;
  /** True for the conditions under `where`. */
  where: boolean;
}

/** Refuses facts that the viewpoint cannot see, on both sides of each comparison. */
export function checkScope(
  leaves: readonly WrittenLeaf[],
  viewpoint: Viewpoint,
  context: CheckContext,
): void {
  for (const { leaf, place } of leaves) {
    checkFactScope(leaf['fact'], inside(place, 'fact'), viewpoint, context);
    const { value } = leaf;
    if (typeof value === 'object' && value !== null && 'fact' in value) {
      checkFactScope(value.fact, inside(place, 'value', 'fact'), viewpoint, context);
    }
  }
}

export function checkFactScope(
  name: unknown,
  place: Place,
  viewpoint: Viewpoint,
  context: CheckContext,
): void {
  const fact = typeof name === 'string' ? context.catalogue.get(name) : undefined;
  if (fact === undefined) return;
  const visible = VISIBLE_SCOPES[viewpoint.scope];
  if (!visible.includes(fact.scope)) {
    const who = viewpoint.where ? `"where" of rule "${viewpoint.rule}"` : `rule "${viewpoint.rule}"`;
    const message = `"${fact.name}" cannot be seen by ${who}, which judges scope ${viewpoint.scope}: expected a fact of ${visible.join(', ')}.`;
    context.findings.error(place, message);
  } else if (fact.scope === 'vendor' && !viewpoint.namesVendors) {
    const message = `"${fact.name}" needs the vendors to be named in rule "${viewpoint.rule}": expected only: { vendors: [ … ] }, as calls carry no vendor and each is listed on its own.`;
    context.findings.error(place, message);
  }
}
