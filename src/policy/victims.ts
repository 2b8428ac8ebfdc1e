import type { EventType } from '../domain/rule.js';
import type { Scope } from '../domain/scope.js';

/** Scopes from which the account or customer to disconnect is found by the calls of the pool. */
const SCOPES_ABOVE_ACCOUNT: readonly Scope[] = ['customer', 'connection', 'vendor', 'cli', 'switch'];
const SCOPES_BESIDE_CUSTOMER: readonly Scope[] = ['connection', 'vendor', 'cli', 'switch'];

/**
 * Whether an event picks what it takes from a pool of the subject's calls, so that a rule has to make plain which calls
 * these are. An alert takes nothing; the account of an account rule, the customer of an account or customer rule and the
 * call, account and customer of a call rule are given by the subject.
 */
export function picksFromPool(scope: Scope, event: EventType): boolean {
  switch (event) {
    case 'alert':
      return false;
    case 'disconnectCall':
      return scope !== 'call';
    case 'disconnectAccount':
      return SCOPES_ABOVE_ACCOUNT.includes(scope);
    case 'disconnectCustomer':
      return SCOPES_BESIDE_CUSTOMER.includes(scope);
  }
}
