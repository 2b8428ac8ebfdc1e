import { identityKey } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { type KnownCustomers, knownCustomers, type LearnedCustomer } from '../domain/customer-tree.js';
import { CallwardenError } from '../domain/errors.js';
import type { SwitchPort } from '../domain/ports.js';
import type { Listing } from '../domain/snapshot.js';
import { learningNote } from './learning-note.js';
import { identitiesByOwner, type ListedOwner, ownersOf } from './listed-owners.js';
import { orderCustomers } from './order-customers.js';

/** A customer's listing is asked for at most this often. */
const SHORTEST_PAUSE_MS = 60_000;
/** Customers are moved below others now and then; what was learned is looked up anew after this. */
const LONGEST_TRUST_MS = 3_600_000;
/** What could not be looked up anew for so long is not known any more. */
const FORGOTTEN_AFTER_MS = 2 * LONGEST_TRUST_MS;

export interface CustomersAsked {
  /** Protected customers: asked for at first, and whoever is listed has to be placed with regard to them. */
  protected: readonly number[];
  /** Whoever rules, limits and the stated tree name; undefined where no rule counts subcustomers. */
  named: readonly number[] | undefined;
}

export interface LearnedCustomers {
  /** The same object as long as nothing in it changes. */
  customers: KnownCustomers;
  /** What it was made of, to be kept; the same object as long as nothing in it changes. */
  learned: readonly LearnedCustomer[];
  /** Told where the switch was asked and something was not answered. */
  note?: string;
  /** The listing of everything that was asked for last; undefined where nobody was asked. */
  newer?: Listing;
}

/**
 * Who is whose subcustomer, learned from the switch: in trusted mode a listing with a customer's rights shows its own calls
 * and those of all below it. Who is shown there is below; who is not is outside only where one call of theirs was listed
 * before and after it, since a call may begin or end meanwhile. All else is unknown, and said to be.
 */
export interface LearnedCustomerTree {
  /** Whether it knows what was learned before this process began. */
  readonly isRestored: boolean;
  restore(learned: readonly (LearnedCustomer & { learnedAt: number })[]): void;
  /**
   * Takes in a listing of everything, asks for the listings that are due and returns what is known then. Ends early with
   * `signal`; the next call goes on where it stopped.
   */
  refresh(calls: readonly ListedOwner[], now: number, options: RefreshOptions): Promise<LearnedCustomers>;
}

export interface RefreshOptions extends CustomersAsked {
  /** Of the pass that asks, since its answers measure the clock of the switch for that pass. */
  port: Port;
  signal: AbortSignal;
}

interface LearnOptions {
  root: number;
  /** The config's own tree, which wins over what is learned. */
  stated: CustomerTree;
  /** Requests in flight at once. */
  concurrency?: number;
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

/** Listings of customers that wait for a listing of everything to tell who was not in them. */
interface Pending {
  at: number;
  before: ReadonlyMap<string, number>;
  answers: CustomerAnswer[];
}

interface CustomerAnswer {
  customer: number;
  shown: ReadonlySet<number>;
  /** Identities of calls that did not say whose they are. */
  unowned: ReadonlySet<string>;
  /** False where a call may be in it that cannot be read at all. */
  complete: boolean;
}

type Port = Pick<SwitchPort, 'listAllCalls'>;
type Asking = Pick<RefreshOptions, 'port' | 'signal'>;

export function createLearnedCustomerTree(options: LearnOptions): LearnedCustomerTree {
  return new TreeLearner(options);
}

class TreeLearner implements LearnedCustomerTree {
  isRestored = false;
  private readonly asked = new Map<number, Asked>();
  private readonly members = new Set<number>();
  private pending: Pending | undefined;
  private lastAt = Number.NEGATIVE_INFINITY;
  /** Whether anything was learned or forgotten since `known` was reckoned: at most passes nothing was. */
  private isStale = true;
  private known: Pick<LearnedCustomers, 'customers' | 'learned'>;

  constructor(private readonly options: LearnOptions) {
    this.known = { customers: knownCustomers([], options), learned: [] };
  }

  restore(learned: readonly (LearnedCustomer & { learnedAt: number })[]): void {
    this.isRestored = true;
    const parents = new Map(learned.map(({ customer, parent }) => [customer, parent]));
    for (const { customer, answered, learnedAt } of learned) {
      // What was learned while the clock was ahead would otherwise be trusted until the clock comes to that instant again.
      this.lastAt = Math.max(this.lastAt, learnedAt);
      this.members.add(customer);
      if (answered) this.of(customer).answeredAt = learnedAt;
    }
    for (const { customer, placed, learnedAt } of learned) {
      const above = chainOf(customer, parents);
      for (const one of above) if (one !== this.options.root) this.of(one).below.add(customer);
      if (!placed) continue;
      for (const [one, { below, outside }] of this.asked) {
        if (one !== customer && !below.has(customer)) outside.set(customer, learnedAt);
      }
    }
    this.isStale = true;
    this.settleKnown();
  }

  async refresh(
    calls: readonly ListedOwner[],
    now: number,
    options: RefreshOptions,
  ): Promise<LearnedCustomers> {
    if (now < this.lastAt) this.beginAnew(now);
    this.lastAt = now;
    const before = ownersOf(calls, this.options.root);
    const listed = new Set(before.values());
    for (const customer of listed) this.note(customer);
    this.conclude(before, now);
    if (options.named === undefined) this.keepOnly(new Set(options.protected));
    this.forgetOld(listed, now, options.protected);
    const due = this.due(listed, now, options);
    const told = due.length === 0 ? {} : await this.ask(due, { before, listed, now, options });
    this.settleKnown();
    return { ...this.known, ...told };
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
      this.isStale = true;
    }
    return found;
  }

  private note(customer: number): void {
    if (this.members.has(customer)) return;
    this.members.add(customer);
    this.isStale = true;
  }

  /** The clock was set back: everything is due. */
  private beginAnew(now: number): void {
    this.pending = undefined;
    for (const one of this.asked.values()) {
      one.triedAt = Number.NEGATIVE_INFINITY;
      if (one.answeredAt !== undefined) one.answeredAt = now - LONGEST_TRUST_MS;
      for (const customer of one.outside.keys()) one.outside.set(customer, now - LONGEST_TRUST_MS);
    }
  }

  /** Nobody else is asked for any more, so nobody could be placed with regard to them. */
  private keepOnly(guarded: ReadonlySet<number>): void {
    for (const customer of this.asked.keys()) {
      if (guarded.has(customer)) continue;
      this.asked.delete(customer);
      this.isStale = true;
    }
  }

  private forgetOld(listed: ReadonlySet<number>, now: number, guarded: readonly number[]): void {
    for (const one of this.asked.values()) {
      if (one.answeredAt === undefined || now - one.answeredAt <= FORGOTTEN_AFTER_MS) continue;
      one.answeredAt = undefined;
      this.isStale = true;
    }
    // Who had no call for long may have been moved below a protected customer unseen.
    for (const customer of guarded) {
      const { outside } = this.of(customer);
      for (const [other, at] of outside) {
        if (!listed.has(other) || now - at <= FORGOTTEN_AFTER_MS) continue;
        outside.delete(other);
        this.isStale = true;
      }
    }
  }

  /**
   * Whose listings to ask for, those first that decide what must not be cut, then whoever has waited longest: where the switch
   * is too slow for all of them, none may be left out for ever.
   */
  private due(listed: ReadonlySet<number>, now: number, options: CustomersAsked): readonly number[] {
    const { root } = this.options;
    const guarded = new Set(options.protected);
    // Those who were above are asked too: a customer that was moved away from them must not be counted there for ever.
    const above = [...this.asked].flatMap(([one, { below }]) =>
      [...below].some((customer) => listed.has(customer)) ? [one] : [],
    );
    const wanted = new Set([
      ...guarded,
      ...(options.named === undefined ? [] : [...options.named, ...listed, ...above]),
    ]);
    wanted.delete(root);
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

  private async ask(
    due: readonly number[],
    {
      before,
      listed,
      now,
      options,
    }: { before: Pending['before']; listed: ReadonlySet<number>; now: number; options: RefreshOptions },
  ): Promise<Pick<LearnedCustomers, 'note' | 'newer'>> {
    const pending: Pending = { at: now, before, answers: [] };
    this.pending = pending;
    this.isStale = true;
    const failures = new Map<number, CallwardenError>();
    const waiting = [...due];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (options.signal.aborted) {
          waiting.push(next);
          return;
        }
        const isNeeded = listed.has(next) || options.protected.includes(next);
        const failure = await this.askFor(next, { pending, now, isNeeded, ...options });
        if (failure !== undefined) failures.set(next, failure);
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, this.options.concurrency ?? 4) }, work));
    const closing = waiting.length === 0 ? await this.close(options, now) : undefined;
    const isError = closing instanceof CallwardenError;
    const note = learningNote(failures, waiting.length, isError ? closing : undefined);
    return {
      ...(note === undefined ? {} : { note }),
      ...(closing === undefined || isError ? {} : { newer: closing }),
    };
  }

  private async askFor(
    customer: number,
    { pending, now, isNeeded, port, signal }: { pending: Pending; now: number; isNeeded: boolean } & Asking,
  ): Promise<CallwardenError | undefined> {
    const asked = this.of(customer);
    asked.triedAt = now;
    try {
      const listing = await port.listAllCalls({ customer, recursive: true }, { signal });
      this.take(customer, listing, pending, now);
    } catch (error) {
      if (!(error instanceof CallwardenError)) throw error;
      // One without calls of its own that is no more: nobody is below it.
      if (isNeeded || error.code !== 'SWITCH_FAULT') return error;
      pending.answers.push({ customer, shown: new Set(), unowned: new Set(), complete: true });
      asked.answeredAt = now;
    }
    return undefined;
  }

  private take(customer: number, { calls, suspects }: Listing, { answers }: Pending, now: number): void {
    const { root } = this.options;
    const owners = [...calls, ...suspects].flatMap((call) => call.customer ?? []);
    const shown = new Set(owners);
    shown.delete(customer);
    shown.delete(root);
    const asked = this.of(customer);
    asked.answeredAt = now;
    for (const one of shown) {
      this.note(one);
      asked.below.add(one);
      asked.lacked.delete(one);
      asked.outside.delete(one);
    }
    const complete = suspects.every((suspect) => suspect.customer !== undefined);
    const unowned = new Set(calls.filter((call) => call.customer === undefined).map(identityKey));
    answers.push({ customer, shown, unowned, complete });
  }

  /** A listing of everything after the others; where it fails, that of the next pass serves. */
  private async close({ port, signal }: Asking, now: number): Promise<Listing | CallwardenError> {
    try {
      const listing = await port.listAllCalls({}, { signal });
      this.conclude(ownersOf(listing.calls, this.options.root), now);
      return listing;
    } catch (error) {
      if (error instanceof CallwardenError) return error;
      throw error;
    }
  }

  /** Whoever has a call both before and after a listing, and none in it, does not belong there. */
  private conclude(after: ReadonlyMap<string, number>, now: number): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    this.isStale = true;
    // Once for all answers: of as many customers as have calls there are as many answers, and many more calls.
    const stayed = identitiesByOwner([...after].filter(([key]) => pending.before.has(key)));
    for (const { customer, shown, unowned, complete } of pending.answers) {
      if (!complete) continue;
      for (const [other, identities] of stayed) {
        if (other === customer || shown.has(other)) continue;
        if (unowned.size === 0 || identities.some((one) => !unowned.has(one)))
          this.lacks(customer, other, now);
      }
    }
  }

  private lacks(customer: number, other: number, now: number): void {
    const { below, lacked, outside } = this.of(customer);
    if (below.has(other) && !lacked.has(other)) {
      lacked.add(other);
      return;
    }
    below.delete(other);
    lacked.delete(other);
    outside.set(other, now);
  }

  private settleKnown(): void {
    if (!this.isStale) return;
    this.isStale = false;
    const learned = this.reckon();
    if (isSame(learned, this.known.learned)) return;
    this.known = { customers: knownCustomers(learned, this.options), learned };
  }

  private reckon(): readonly LearnedCustomer[] {
    const { parents, contradictory } = orderCustomers(
      {
        below: new Map([...this.asked].map(([customer, { below }]) => [customer, below])),
        isOutside: (above, customer) => this.asked.get(above)?.outside.has(customer) === true,
      },
      this.options.root,
    );
    const answered = [...this.asked].filter(([, { answeredAt }]) => answeredAt !== undefined);
    const isPlaced = (customer: number) =>
      !contradictory.has(customer) &&
      answered.every(
        ([above, { below, outside }]) => above === customer || below.has(customer) || outside.has(customer),
      );
    return [...new Set([...this.members, ...this.asked.keys()])]
      .sort((one, other) => one - other)
      .map((customer) => ({
        customer,
        parent: parents.get(customer) ?? this.options.root,
        placed: isPlaced(customer),
        answered: this.asked.get(customer)?.answeredAt !== undefined && !contradictory.has(customer),
      }));
  }
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

function isSame(one: readonly LearnedCustomer[], other: readonly LearnedCustomer[]): boolean {
  return (
    one.length === other.length &&
    one.every((row, index) => {
      const same = other[index];
      return (
        same !== undefined &&
        row.customer === same.customer &&
        row.parent === same.parent &&
        row.placed === same.placed &&
        row.answered === same.answered
      );
    })
  );
}
