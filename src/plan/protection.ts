import type { WithholdReason } from '../domain/action.js';
import type { Call } from '../domain/call.js';
import type { Protect } from '../domain/config.js';
import { type KnownCustomers, protectedRelation } from '../domain/customer-tree.js';

/** Says which calls are never cut, whatever a rule says. */
export interface Protection {
  /** Why this call is not to be cut; undefined where nothing protects it. */
  reasonFor(call: ProtectedFields): ProtectionReason | undefined;
  /** All that keeps it from being cut, the reason above first. */
  reasonsFor(call: ProtectedFields): readonly ProtectionReason[];
}

export type ProtectionReason = Extract<
  WithholdReason,
  'protected-number' | 'protected-account' | 'protected-customer' | 'number-unknown' | 'owner-unknown'
>;

type ProtectedFields = Pick<Call, 'cli' | 'cld' | 'cldNumber' | 'account' | 'customer'>;

/**
 * `matchNumber` knows the built-in emergency numbers and the configured ones in every way of writing them. CLI counts
 * as well as CLD, for the emergency centre that calls back. A call whose CLD is not known yet or cannot be read may be an
 * emergency call, so it is not cut either; nor, where accounts or customers are protected, one that does not tell whose it is. A
 * protected customer protects its descendants, as far as they are stated or the switch has told of them; where it could tell
 * and has not yet, a call may be of one, and is not cut.
 */
export function createProtection(
  protect: Pick<Protect, 'accounts' | 'customers'>,
  customers: KnownCustomers,
  matchNumber: (raw: string) => string | undefined,
): Protection {
  const accounts = new Set(protect.accounts);

  function* reasons({
    cli,
    cld,
    cldNumber,
    account,
    customer,
  }: ProtectedFields): Generator<ProtectionReason, undefined> {
    const matches = (raw: string | undefined) => raw !== undefined && matchNumber(raw) !== undefined;
    if (matches(cld) || matches(cli)) yield 'protected-number';
    if (account !== undefined && accounts.has(account)) yield 'protected-account';
    const relation = relationToProtected(protect.customers, customers, customer);
    if (relation === 'inside') yield 'protected-customer';
    if (cldNumber === undefined) yield 'number-unknown';
    const accountMatters = accounts.size > 0 && account === undefined;
    if (accountMatters || relation === 'unknown') yield 'owner-unknown';
  }

  return {
    reasonFor: (call) => reasons(call).next().value,
    reasonsFor: (call) => [...reasons(call)],
  };
}

function relationToProtected(
  targets: readonly number[],
  customers: KnownCustomers,
  customer: number | undefined,
): 'inside' | 'outside' | 'unknown' {
  if (targets.length === 0) return 'outside';
  if (customer === undefined) return 'unknown';
  const relations = targets.map((target) => protectedRelation(customers, target, customer));
  if (relations.includes('inside')) return 'inside';
  return relations.includes('unknown') ? 'unknown' : 'outside';
}
