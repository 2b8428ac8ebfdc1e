import type { Call } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import type { SwitchPort } from '../domain/ports.js';

/** New customers are looked up at most this often, since each look lists once per customer. */
const SHORTEST_PAUSE_MS = 60_000;
/** Customers are moved below others now and then; what was learned is looked up anew after this. */
const LONGEST_TRUST_MS = 3_600_000;

/**
 * Who is whose subcustomer, learned from the switch: in trusted mode a listing with a customer's rights shows its own calls
 * and those of all below it. Only customers with live calls can be learned of, and only they matter to what is counted.
 */
export interface LearnedCustomerTree {
  /**
   * The stated tree with what is known beside it; where customers are listed that nothing is known of, asks the switch, at
   * most once a minute. The same object as long as nothing in it changes. `note` tells what could not be asked.
   */
  refresh(
    calls: readonly Call[],
    now: number,
    signal: AbortSignal,
  ): Promise<{ tree: CustomerTree; note?: string }>;
}

/** `stated` is the config's own tree, which wins over what is learned. */
export function createLearnedCustomerTree(
  port: Pick<SwitchPort, 'listAllCalls'>,
  root: number,
  stated: CustomerTree,
): LearnedCustomerTree {
  let tree: CustomerTree = stated;
  /** By customer, those above it; the trusted customer is above everybody. */
  let above = new Map<number, ReadonlySet<number>>();
  let learnedAt = Number.NEGATIVE_INFINITY;

  function isDue(customers: ReadonlySet<number>, now: number): boolean {
    if (now < learnedAt) return true;
    if (now - learnedAt < SHORTEST_PAUSE_MS) return false;
    return now - learnedAt >= LONGEST_TRUST_MS || [...customers].some((one) => !above.has(one));
  }

  return {
    async refresh(calls, now, signal) {
      const customers = customersOf(calls, root);
      if (!isDue(customers, now)) return { tree };
      learnedAt = now;
      try {
        // Those who were above are asked too: a customer that was moved away from them must not be counted there for ever.
        const formerly = [...customers].flatMap((customer) => [...(above.get(customer) ?? [])]);
        const asked = new Set([...customers, ...formerly.filter((one) => one !== root)]);
        above = withLearned(above, await learn(port, root, customers, asked, signal));
        const next = new Map([...treeOf(above, root), ...stated]);
        if (!isSame(tree, next)) tree = next;
        return { tree };
      } catch (error) {
        if (!(error instanceof CallwardenError)) throw error;
        return {
          tree,
          note: `the customers' listings failed, so new subcustomers are not known: ${error.code}: ${error.message}`,
        };
      }
    },
  };
}

function customersOf(calls: readonly Call[], root: number): ReadonlySet<number> {
  return new Set(
    calls.flatMap(({ customer }) => (customer === undefined || customer === root ? [] : [customer])),
  );
}

/** Whoever is above a customer is not below anybody who is not: so who was learned of corrects who was not asked. */
function withLearned(
  known: ReadonlyMap<number, ReadonlySet<number>>,
  learned: ReadonlyMap<number, ReadonlySet<number>>,
): Map<number, ReadonlySet<number>> {
  const merged = new Map([...known, ...learned]);
  for (const ancestors of learned.values()) {
    for (const one of ancestors) {
      const old = learned.has(one) ? undefined : merged.get(one);
      if (old !== undefined) merged.set(one, new Set([...old].filter((other) => ancestors.has(other))));
    }
  }
  return merged;
}

/** Of the customers with calls, those above them; nobody without a call shows in another's listing. */
async function learn(
  port: Pick<SwitchPort, 'listAllCalls'>,
  root: number,
  customers: ReadonlySet<number>,
  asked: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const listed = await Promise.all(
    [...asked].map(async (customer) => {
      return { customer, below: await customersBelow(port, customer, customers, signal) };
    }),
  );
  return new Map(
    [...customers].map((customer) => {
      const parents = listed.filter((one) => one.customer !== customer && one.below.has(customer));
      return [customer, new Set([root, ...parents.map((one) => one.customer)])];
    }),
  );
}

/** Those with calls in a customer's own listing; nobody where it was only asked as a former parent and is no more. */
async function customersBelow(
  port: Pick<SwitchPort, 'listAllCalls'>,
  customer: number,
  listed: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<ReadonlySet<number | undefined>> {
  try {
    const { calls } = await port.listAllCalls({ customer, recursive: true }, { signal });
    return new Set(calls.map((call) => call.customer));
  } catch (error) {
    const isGone = error instanceof CallwardenError && error.code === 'SWITCH_FAULT' && !listed.has(customer);
    if (isGone) return new Set();
    throw error;
  }
}

/** The nearest of those above a customer is the one that has the most above itself. */
function treeOf(above: ReadonlyMap<number, ReadonlySet<number>>, root: number): CustomerTree {
  const depth = (customer: number) => above.get(customer)?.size ?? 0;
  return new Map(
    [...above].map(([customer, ancestors]) => {
      const nearest = [...ancestors].reduce((best, next) => (depth(next) > depth(best) ? next : best), root);
      return [customer, nearest];
    }),
  );
}

function isSame(one: CustomerTree, other: CustomerTree): boolean {
  return one.size === other.size && [...one].every(([child, parent]) => other.get(child) === parent);
}
