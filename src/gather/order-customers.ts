/** Who was seen below whom, pair by pair: what the listings with the rights of some customers showed. */
export interface SeenCustomers {
  /** Customers whose listings were asked for, with those seen in them. */
  readonly below: ReadonlyMap<number, ReadonlySet<number>>;
  /** Whether a listing of `above` proved that `customer` is not below it. */
  isOutside(above: number, customer: number): boolean;
}

export interface OrderedCustomers {
  /** By customer, the nearest one above it; `root` where no other is known. */
  parents: ReadonlyMap<number, number>;
  /** Customers of which the pairs contradict each other, so that the tree does not say of them what was seen. */
  contradictory: ReadonlySet<number>;
}

/**
 * Makes one tree of pairs. All that are above one customer stand on one line; of two of them the one with more below it is the
 * higher one. Where both were seen above the very same customers, either order says the same of all that have calls, and
 * the smaller ID goes first.
 */
export function orderCustomers(seen: SeenCustomers, root: number): OrderedCustomers {
  const { sound, contradictory } = withoutCircles(seen.below);
  const whole = closed(sound);
  const above = reversed(whole);
  const isHigher = (one: number, other: number) =>
    sizeOf(whole, one) > sizeOf(whole, other) || (sizeOf(whole, one) === sizeOf(whole, other) && one < other);
  for (const [customer, below] of whole) {
    for (const other of sharingBelow(customer, below, above)) {
      if (!isHigher(other, customer) || seen.isOutside(other, customer)) continue;
      if ([...below].some((one) => seen.isOutside(other, one))) continue;
      above.set(customer, (above.get(customer) ?? new Set()).add(other));
    }
  }
  const all = new Set([...seen.below.keys(), ...[...seen.below.values()].flatMap((below) => [...below])]);
  const parents = new Map(
    [...all].map((customer) => {
      const [first = root, ...others] = above.get(customer) ?? [];
      return [customer, others.reduce((low, next) => (isHigher(low, next) ? next : low), first)];
    }),
  );
  const unlike = [...all].filter((one) => !isLine(one, above.get(one) ?? new Set(), parents, root));
  return { parents, contradictory: new Set([...contradictory, ...unlike]) };
}

/** Two that were each seen below the other: neither is believed. */
function withoutCircles(below: SeenCustomers['below']) {
  const contradictory = new Set<number>();
  const sound = new Map(
    [...below].map(([customer, members]) => {
      const kept = [...members].filter((member) => below.get(member)?.has(customer) !== true);
      if (kept.length < members.size) contradictory.add(customer);
      return [customer, new Set(kept)] as const;
    }),
  );
  return { sound, contradictory };
}

/** With those that are below the ones seen below. */
function closed(below: SeenCustomers['below']): ReadonlyMap<number, ReadonlySet<number>> {
  return new Map(
    [...below].map(([customer, members]) => {
      const found = new Set(members);
      // A set that grows while it is walked is walked to its new end.
      for (const one of found) {
        for (const next of below.get(one) ?? []) if (next !== customer) found.add(next);
      }
      return [customer, found];
    }),
  );
}

function reversed(below: SeenCustomers['below']): Map<number, Set<number>> {
  const above = new Map<number, Set<number>>();
  for (const [customer, members] of below) {
    for (const one of members) above.set(one, (above.get(one) ?? new Set()).add(customer));
  }
  return above;
}

function sizeOf(below: SeenCustomers['below'], customer: number): number {
  return below.get(customer)?.size ?? 0;
}

/** The others that stand above one of those below this customer: on one line with it. */
function sharingBelow(
  customer: number,
  below: ReadonlySet<number>,
  above: ReadonlyMap<number, ReadonlySet<number>>,
): ReadonlySet<number> {
  const others = new Set([...below].flatMap((one) => [...(above.get(one) ?? [])]));
  others.delete(customer);
  return new Set([...others].filter((other) => !below.has(other)));
}

/** Whether the tree leads from a customer through just those that are above it, up to the root. */
function isLine(
  customer: number,
  above: ReadonlySet<number>,
  parents: ReadonlyMap<number, number>,
  root: number,
): boolean {
  const passed = new Set<number>();
  let parent = parents.get(customer);
  while (parent !== undefined && parent !== root) {
    if (!above.has(parent) || passed.has(parent)) return false;
    passed.add(parent);
    parent = parents.get(parent);
  }
  return passed.size === above.size;
}
