import type { CustomerTree } from '../domain/config.js';
import type { LearnedCustomer } from '../domain/customer-tree.js';
import { orderCustomers } from './order-customers.js';

/** A customer's listing is asked for at most this often. */
const SHORTEST_PAUSE_MS = 60_000;
/** Customers are moved below others now and then; what was learned is looked up anew after this. */
const LONGEST_TRUST_MS = 3_600_000;
/** What could not be looked up anew for so long is not known any more. */
const FORGOTTEN_AFTER_MS = 2 * LONGEST_TRUST_MS;
/** So many listings may leave open where a customer stands, and it is kept which ones; of more, that they do. */
const MOST_UNTOLD = 20;

export interface CustomersAsked {
  /** Protected customers: asked for at first, and whoever is listed has to be placed with regard to them. */
  protected: readonly number[];
  /** Whoever rules, limits and the stated tree name; undefined where no rule counts subcustomers. */
  named: readonly number[] | undefined;
}

/** What is known of the customers below one that was asked for. */
interface Asked {
  triedAt: number;
  /** When its listing came last; undefined where that is too long ago, or never was. */
  answeredAt: number | undefined;
  below: Set<number>;
  /** Of those below: the last listing lacked them. One answer that lacks somebody moves nobody. */
  lacked: Set<number>;
  /** Who is not below it, and since when that is known. */
  outside: Map<number, number>;
}

/** What listings with customers' rights have shown of who is below whom, how sure that is, and when it has to be asked again. */
export class CustomerKnowledge {
  private readonly asked = new Map<number, Asked>();
  private readonly members = new Set<number>();
  /** As it was reckoned last; undefined where something was learned or forgotten since. At most passes nothing is. */
  private reckoned: readonly LearnedCustomer[] | undefined;

  /** `root`: under whose rights everything is listed; it is above everybody. */
  constructor(private readonly root: number) {}

  /** What was known before this process began. */
  restore(learned: readonly (LearnedCustomer & { learnedAt: number })[]): void {
    this.reckoned = undefined;
    const parents = new Map(learned.map(({ customer, parent }) => [customer, parent]));
    for (const { customer, answered, learnedAt, answeredAt = learnedAt } of learned) {
      this.members.add(customer);
      if (answered) this.of(customer).answeredAt = answeredAt;
    }
    for (const { customer, placed, learnedAt, placedAt = learnedAt, ...row } of learned) {
      const above = chainOf(customer, parents);
      for (const one of above) if (one !== this.root) this.of(one).below.add(customer);
      for (const one of row.lackedBy ?? [])
        if (this.asked.get(one)?.below.has(customer)) this.of(one).lacked.add(customer);
      const unplacedBy = placed ? [] : row.unplacedBy;
      if (unplacedBy === undefined) continue;
      for (const [one, { answeredAt, below, outside }] of this.asked) {
        // Nobody is placed with regard to one whose own listing has not come for too long.
        if (answeredAt === undefined || one === customer || below.has(customer)) continue;
        if (!unplacedBy.includes(one)) outside.set(customer, placedAt);
      }
    }
  }

  /** These customers are there: a listing shows calls of theirs. */
  see(customers: Iterable<number>): void {
    for (const customer of customers) {
      if (this.members.has(customer)) continue;
      this.members.add(customer);
      this.reckoned = undefined;
    }
  }

  /** A customer's listing is being asked for. */
  tried(customer: number, now: number): void {
    this.of(customer).triedAt = now;
  }

  /** A customer's listing came, and showed calls of these others. */
  answered(customer: number, shown: Iterable<number>, now: number): void {
    const asked = this.of(customer);
    this.reckoned = undefined;
    asked.answeredAt = now;
    for (const one of shown) {
      this.members.add(one);
      asked.below.add(one);
      asked.lacked.delete(one);
      asked.outside.delete(one);
    }
  }

  /** A customer's listing came without one who has calls. */
  lacks(customer: number, other: number, now: number): void {
    const { below, lacked, outside } = this.of(customer);
    this.reckoned = undefined;
    if (below.has(other) && !lacked.has(other)) {
      lacked.add(other);
      return;
    }
    below.delete(other);
    lacked.delete(other);
    outside.set(other, now);
  }

  /** The clock was set back, at `before` by its own time: everything is due, and as old as it was. */
  beginAnew(now: number, before: number): void {
    this.reckoned = undefined;
    const asOld = (at: number) => now - Math.max(LONGEST_TRUST_MS, before - at);
    for (const one of this.asked.values()) {
      one.triedAt = Number.NEGATIVE_INFINITY;
      if (one.answeredAt !== undefined) one.answeredAt = asOld(one.answeredAt);
      for (const [customer, at] of one.outside) one.outside.set(customer, asOld(at));
    }
  }

  /** Nobody else is asked for any more, so nobody could be placed with regard to them. */
  keepOnly(guarded: ReadonlySet<number>): void {
    for (const customer of this.asked.keys()) {
      if (guarded.has(customer)) continue;
      this.asked.delete(customer);
      this.reckoned = undefined;
    }
  }

  /** What could not be looked up anew for too long is not known any more. */
  forgetOld(listed: ReadonlySet<number>, now: number, guarded: readonly number[]): void {
    for (const one of this.asked.values()) {
      if (one.answeredAt === undefined || now - one.answeredAt <= FORGOTTEN_AFTER_MS) continue;
      one.answeredAt = undefined;
      this.reckoned = undefined;
    }
    // Who had no call for long may have been moved below a protected customer unseen.
    for (const customer of guarded) {
      const { outside } = this.of(customer);
      for (const [other, at] of outside) {
        if (!listed.has(other) || now - at <= FORGOTTEN_AFTER_MS) continue;
        outside.delete(other);
        this.reckoned = undefined;
      }
    }
  }

  /**
   * Whose listings to ask for, those first that decide what must not be cut, then whoever has waited longest: where the switch
   * is too slow for all of them, none may be left out for ever.
   */
  due(listed: ReadonlySet<number>, now: number, options: CustomersAsked): readonly number[] {
    const guarded = new Set(options.protected);
    // Those who were above are asked too: a customer that was moved away from them must not be counted there for ever.
    const above = [...this.asked].flatMap(([one, { below }]) =>
      [...below].some((customer) => listed.has(customer)) ? [one] : [],
    );
    const wanted = new Set([
      ...guarded,
      ...(options.named === undefined ? [] : [...options.named, ...listed, ...above]),
    ]);
    wanted.delete(this.root);
    const all = [...listed];
    const due = [...wanted].filter((customer) => {
      const { triedAt, answeredAt, below, lacked, outside } = this.of(customer);
      if (now - triedAt < SHORTEST_PAUSE_MS) return false;
      if (answeredAt === undefined || now - answeredAt >= LONGEST_TRUST_MS) return true;
      return all.some((other) => {
        if (other === customer) return false;
        if (below.has(other)) return lacked.has(other);
        const at = outside.get(other);
        return at === undefined || (guarded.has(customer) && now - at >= LONGEST_TRUST_MS);
      });
    });
    const rank = (customer: number) => (guarded.has(customer) ? 0 : 1);
    // Whoever was never asked was asked longest ago.
    const triedAt = (customer: number) => Math.max(0, this.of(customer).triedAt);
    return due.sort((one, other) => rank(one) - rank(other) || triedAt(one) - triedAt(other));
  }

  /** All customers that are known, in order of their IDs; the same object while nothing was learned or forgotten. */
  reckon(): readonly LearnedCustomer[] {
    this.reckoned ??= this.reckonAnew();
    return this.reckoned;
  }

  private reckonAnew(): readonly LearnedCustomer[] {
    const { parents, contradictory } = orderCustomers(
      {
        below: new Map([...this.asked].map(([customer, { below }]) => [customer, below])),
        isOutside: (above, customer) => this.asked.get(above)?.outside.has(customer) === true,
      },
      this.root,
    );
    const answered = [...this.asked].filter(([, { answeredAt }]) => answeredAt !== undefined);
    const unplacedBy = (customer: number) =>
      answered.flatMap(([above, { below, outside }]) =>
        above === customer || below.has(customer) || outside.has(customer) ? [] : [above],
      );
    const lackedBy = new Map<number, number[]>();
    for (const [above, { lacked }] of this.asked)
      for (const customer of lacked) lackedBy.set(customer, [...(lackedBy.get(customer) ?? []), above]);
    return [...new Set([...this.members, ...this.asked.keys()])]
      .sort((one, other) => one - other)
      .map((customer) => {
        const answeredAt = this.asked.get(customer)?.answeredAt;
        const placedAt = oldestAt(answered, customer);
        const untold = unplacedBy(customer);
        const isFew = untold.length > 0 && untold.length <= MOST_UNTOLD && !contradictory.has(customer);
        const lacking = lackedBy.get(customer);
        return {
          customer,
          parent: parents.get(customer) ?? this.root,
          placed: untold.length === 0 && !contradictory.has(customer),
          answered: answeredAt !== undefined && !contradictory.has(customer),
          ...(answeredAt === undefined ? {} : { answeredAt }),
          ...(placedAt === undefined ? {} : { placedAt }),
          ...(lacking === undefined ? {} : { lackedBy: ascending(lacking) }),
          ...(isFew ? { unplacedBy: ascending(untold) } : {}),
        };
      });
  }

  private of(customer: number): Asked {
    let found = this.asked.get(customer);
    if (found === undefined) {
      found = {
        triedAt: Number.NEGATIVE_INFINITY,
        answeredAt: undefined,
        below: new Set(),
        lacked: new Set(),
        outside: new Map(),
      };
      this.asked.set(customer, found);
      this.reckoned = undefined;
    }
    return found;
  }
}

function ascending(customers: readonly number[]): readonly number[] {
  return customers.toSorted((one, other) => one - other);
}

/** When the oldest of the listings came that a customer was found to be missing from; undefined where there is none. */
function oldestAt(asked: readonly (readonly [number, Asked])[], customer: number): number | undefined {
  let oldest = Number.POSITIVE_INFINITY;
  for (const [, { outside }] of asked) oldest = Math.min(oldest, outside.get(customer) ?? oldest);
  return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
}

/** Those above a customer, nearest first. */
function chainOf(customer: number, parents: CustomerTree): readonly number[] {
  const chain: number[] = [];
  for (let parent = parents.get(customer); parent !== undefined; parent = parents.get(parent)) {
    if (parent === customer || chain.includes(parent)) break;
    chain.push(parent);
  }
  return chain;
}
