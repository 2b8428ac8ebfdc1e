import type { FactParam } from '../domain/facts.js';
import type { AggregateScope } from '../domain/scope.js';

/** How the catalogue speaks of the calls of a scope. */
export interface ScopeWords {
  scope: AggregateScope;
  whose: string;
}

export const AGGREGATE_SCOPES: readonly ScopeWords[] = [
  { scope: 'account', whose: 'of the account' },
  { scope: 'customer', whose: 'of the customer itself, without its subcustomers' },
  { scope: 'connection', whose: 'over the connection' },
  { scope: 'vendor', whose: 'over all connections of the vendor' },
  { scope: 'cli', whose: 'of the caller number; callers that hide theirs in the same way share one' },
  { scope: 'switch', whose: 'on the switch' },
];

export const CALL_FILTERS: readonly FactParam[] = ['to', 'state', 'direction'];
export const RECURSIVE: readonly FactParam[] = ['recursive'];
export const WITH_DESCENDANTS =
  'With `recursive: true` the calls of all stated descendants count too; a lower bound where no tree is stated.';
export const ENTRIES = 'Counts entries as listed: an on-net call may show as two, which direction narrows.';
