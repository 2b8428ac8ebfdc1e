import type { FactParam } from '../domain/facts.js';
import type { AggregateScope } from '../domain/scope.js';

/** How the catalogue speaks of the calls of a scope. */
export interface ScopeWords {
  scope: AggregateScope;
  /** Behind "calls", and short: texts go on with "that started". */
  whose: string;
  /** Whose calls these are exactly, as a sentence of its own, beginning with a space; empty where that is plain. */
  aside: string;
}

export const AGGREGATE_SCOPES: readonly ScopeWords[] = [
  { scope: 'account', whose: 'of the account', aside: '' },
  {
    scope: 'customer',
    whose: 'of the customer',
    aside:
      " The customer's own calls count, not those of its subcustomers; with `recursive: true` theirs count too, at every " +
      'depth. A rule that asks for them is refused on a switch of which no customer tree is known.',
  },
  { scope: 'connection', whose: 'over the connection', aside: '' },
  { scope: 'vendor', whose: 'of the vendor', aside: ' Calls over all connections of the vendor count.' },
  {
    scope: 'cli',
    whose: 'from the caller number',
    aside: ' Callers who hide their numbers in the same way count as one.',
  },
  { scope: 'switch', whose: 'on the switch', aside: '' },
];

export const CALL_FILTERS: readonly FactParam[] = ['to', 'state', 'direction'];
export const RECURSIVE: readonly FactParam[] = ['recursive'];
export const ENTRIES = 'Counts entries as listed: an on-net call may show as two, which direction narrows.';
