import { asStated, type KnownCustomers, type LearnedCustomer } from './domain/customer-tree.js';
import type { Listing, Snapshot } from './domain/snapshot.js';
import type { CustomersAsked } from './gather/customer-knowledge.js';
import type { PassContext } from './pass-enforcement.js';
import { createProtection, type Protection } from './plan/protection.js';

/** Of a pass's deadline, the share that may go on asking who is whose subcustomer; the next pass goes on. */
const SHARE_OF_DEADLINE = 0.25;

/** What a pass goes by, and what of it is to be kept. */
export interface CustomersOfPass {
  customers: KnownCustomers;
  /** Undefined where nobody was asked. */
  learned: readonly LearnedCustomer[] | undefined;
  /** A listing of everything that was made for it, after the snapshot. */
  newer?: Listing;
}

/** All that it takes to ask, for a pass and for whoever looks at what a pass would do. */
export interface AskingCustomers
  extends Pick<
    PassContext,
    'port' | 'learnedTree' | 'customerTree' | 'rules' | 'limits' | 'protect' | 'deadlineMs' | 'note'
  > {
  memory: Pick<PassContext['memory'], 'learnedCustomers' | 'lastPollAt'>;
}

/**
 * The stated customers, and in trusted mode with them what the switch says, where a rule counts subcustomers or some customers
 * are protected. What was learned before this process began is read first.
 */
export async function knowCustomers(
  context: AskingCustomers,
  snapshot: Pick<Snapshot, 'calls' | 'observedAt'>,
  signal: AbortSignal,
): Promise<CustomersOfPass> {
  const { port, learnedTree, customerTree, deadlineMs, memory, note } = context;
  const asked = customersAsked(context);
  if (learnedTree === undefined || asked === undefined)
    return { customers: asStated(customerTree), learned: undefined };
  if (!learnedTree.isRestored)
    learnedTree.restore(await memory.learnedCustomers(), await memory.lastPollAt());
  const slowest = AbortSignal.timeout(Math.ceil(deadlineMs * SHARE_OF_DEADLINE));
  const known = await learnedTree.refresh(snapshot.calls, snapshot.observedAt, {
    ...asked,
    port,
    signal: AbortSignal.any([signal, slowest]),
  });
  if (known.note !== undefined) note(known.note);
  return known;
}

/** Who has to be asked about; undefined where nothing depends on it. */
export function customersAsked({
  rules,
  limits,
  protect,
  customerTree,
}: Pick<PassContext, 'rules' | 'limits' | 'protect' | 'customerTree'>): CustomersAsked | undefined {
  const counting = rules.filter(({ usesTree }) => usesTree);
  if (counting.length === 0)
    return protect.customers.length === 0 ? undefined : { protected: protect.customers, named: undefined };
  const limited = limits.flatMap(({ scope, id }) =>
    scope === 'customer' && Number.isSafeInteger(Number(id)) ? [Number(id)] : [],
  );
  const stated = [...customerTree].flat();
  const named = [...counting.flatMap(({ customers }) => customers), ...limited, ...stated];
  return { protected: protect.customers, named: [...new Set(named)] };
}

export function protectionBy(
  { protect, matchProtectedNumber }: Pick<PassContext, 'protect' | 'matchProtectedNumber'>,
  customers: KnownCustomers,
): Protection {
  return createProtection(protect, customers, matchProtectedNumber);
}
