import { identityKey } from '../domain/call.js';
import type { CustomerTree } from '../domain/config.js';
import { type KnownCustomers, knownCustomers, type LearnedCustomer } from '../domain/customer-tree.js';
import { CallwardenError } from '../domain/errors.js';
import type { SwitchPort } from '../domain/ports.js';
import type { Listing } from '../domain/snapshot.js';
import { CustomerKnowledge, type CustomersAsked } from './customer-knowledge.js';
import { learningNote } from './learning-note.js';
import { identitiesByOwner, type ListedOwner, ownersOf } from './listed-owners.js';

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
  /** `lastPollAt`: when the switch was polled last, by the clock of then. */
  restore(learned: readonly (LearnedCustomer & { learnedAt: number })[], lastPollAt?: number): void;
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
  private readonly knowledge: CustomerKnowledge;
  private pending: Pending | undefined;
  private lastAt = Number.NEGATIVE_INFINITY;
  private known: Pick<LearnedCustomers, 'customers' | 'learned'>;

  constructor(private readonly options: LearnOptions) {
    this.knowledge = new CustomerKnowledge(options.root);
    this.known = { customers: knownCustomers([], options), learned: [] };
  }

  restore(
    learned: readonly (LearnedCustomer & { learnedAt: number })[],
    lastPollAt = Number.NEGATIVE_INFINITY,
  ): void {
    this.isRestored = true;
    this.lastAt = Math.max(this.lastAt, lastPollAt);
    // What was learned while the clock was ahead would otherwise be trusted until the clock comes to that instant again.
    for (const { learnedAt, answeredAt = learnedAt, placedAt = learnedAt } of learned)
      this.lastAt = Math.max(this.lastAt, learnedAt, answeredAt, placedAt);
    this.knowledge.restore(learned);
    this.settleKnown();
  }

  async refresh(
    calls: readonly ListedOwner[],
    now: number,
    options: RefreshOptions,
  ): Promise<LearnedCustomers> {
    const { knowledge } = this;
    if (now < this.lastAt) {
      this.pending = undefined;
      knowledge.beginAnew(now, this.lastAt);
    }
    this.lastAt = now;
    const before = ownersOf(calls, this.options.root);
    const listed = new Set(before.values());
    knowledge.see(listed);
    this.conclude(before);
    if (options.named === undefined) knowledge.keepOnly(new Set(options.protected));
    knowledge.forgetOld(listed, now, options.protected);
    const due = knowledge.due(listed, now, options);
    const told = due.length === 0 ? {} : await this.ask(due, { before, listed, now, options });
    this.settleKnown();
    return { ...this.known, ...told };
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
    const closing = waiting.length === 0 ? await this.close(options) : undefined;
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
    this.knowledge.tried(customer, now);
    try {
      const listing = await port.listAllCalls({ customer, recursive: true }, { signal });
      this.take(customer, listing, pending, now);
    } catch (error) {
      if (!(error instanceof CallwardenError)) throw error;
      // One without calls of its own that is no more: nobody is below it.
      if (isNeeded || error.code !== 'SWITCH_FAULT') return error;
      pending.answers.push({ customer, shown: new Set(), unowned: new Set(), complete: true });
      this.knowledge.answered(customer, [], now);
    }
    return undefined;
  }

  private take(customer: number, { calls, suspects }: Listing, { answers }: Pending, now: number): void {
    const { root } = this.options;
    const owners = [...calls, ...suspects].flatMap((call) => call.customer ?? []);
    const shown = new Set(owners);
    shown.delete(customer);
    shown.delete(root);
    this.knowledge.answered(customer, shown, now);
    const complete = suspects.every((suspect) => suspect.customer !== undefined);
    const unowned = new Set(calls.filter((call) => call.customer === undefined).map(identityKey));
    answers.push({ customer, shown, unowned, complete });
  }

  /** A listing of everything after the others; where it fails, that of the next pass serves. */
  private async close({ port, signal }: Asking): Promise<Listing | CallwardenError> {
    try {
      const listing = await port.listAllCalls({}, { signal });
      this.conclude(ownersOf(listing.calls, this.options.root));
      return listing;
    } catch (error) {
      if (error instanceof CallwardenError) return error;
      throw error;
    }
  }

  /** Whoever has a call both before and after a listing, and none in it, does not belong there. */
  private conclude(after: ReadonlyMap<string, number>): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    // Once for all answers: of as many customers as have calls there are as many answers, and many more calls.
    const stayed = identitiesByOwner([...after].filter(([key]) => pending.before.has(key)));
    for (const { customer, shown, unowned, complete } of pending.answers) {
      if (!complete) continue;
      for (const [other, identities] of stayed) {
        if (other === customer || shown.has(other)) continue;
        if (unowned.size === 0 || identities.some((one) => !unowned.has(one)))
          this.knowledge.lacks(customer, other, pending.at);
      }
    }
  }

  private settleKnown(): void {
    const { customers, learned: before } = this.known;
    const learned = this.knowledge.reckon();
    if (learned === before) return;
    // What was only confirmed is to be kept, and changes nobody's place.
    this.known = {
      customers: saysSame(learned, before) ? customers : knownCustomers(learned, this.options),
      learned,
    };
  }
}

function saysSame(one: readonly LearnedCustomer[], other: readonly LearnedCustomer[]): boolean {
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
