/** The top of every customer tree; sees everything. */
export const ROOT_CUSTOMER = 1;

/** Who is who on a simulated switch: customers, the accounts they own, vendors and their connections. */
export class Carrier {
  readonly #parents = new Map<number, number>();
  readonly #owners = new Map<number, number>();
  readonly #vendors = new Map<number, number>();

  /** Adds a customer below another one; a customer that is there already must have the same parent. */
  addCustomer(customer: number, parent: number): void {
    if (customer === ROOT_CUSTOMER) throw new Error('Customer 1 is the root and has no parent.');
    if (!this.hasCustomer(parent))
      throw new Error(`Customer ${parent} is to be a parent but does not exist.`);
    const known = this.#parents.get(customer);
    if (known !== undefined && known !== parent) {
      throw new Error(`Customer ${customer} belongs to customer ${known} already, not to ${parent}.`);
    }
    this.#parents.set(customer, parent);
  }

  /** Adds an account; one that is there already must have the same owner. */
  addAccount(account: number, owner: number): void {
    if (!this.hasCustomer(owner))
      throw new Error(`Customer ${owner} is to own account ${account} but does not exist.`);
    const known = this.#owners.get(account);
    if (known !== undefined && known !== owner) {
      throw new Error(`Account ${account} belongs to customer ${known} already, not to ${owner}.`);
    }
    this.#owners.set(account, owner);
  }

  addConnection(connection: number, vendor: number): void {
    this.#vendors.set(connection, vendor);
  }

  hasCustomer(customer: number): boolean {
    return customer === ROOT_CUSTOMER || this.#parents.has(customer);
  }

  /** The customer whose account this is; undefined for an unknown account. */
  ownerOf(account: number): number | undefined {
    return this.#owners.get(account);
  }

  /** The vendor of a connection; undefined for an unknown connection. */
  vendorOf(connection: number): number | undefined {
    return this.#vendors.get(connection);
  }

  /** Whether a customer is this ancestor or anywhere below it. */
  isUnder(customer: number, ancestor: number): boolean {
    let current: number | undefined = customer;
    while (current !== undefined && current !== ancestor) current = this.#parents.get(current);
    return current === ancestor;
  }

  /** Child and parent, for a config's `customerTree`. */
  get customerTree(): ReadonlyMap<number, number> {
    return this.#parents;
  }
}

/** The tree: [customer, parent]. 2 and 3 are resellers, the others buy from them. */
const CUSTOMERS: readonly (readonly [number, number])[] = [
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 3],
  [7, 3],
];

/** Offices of the business customers, beside those of the small world. */
export const OFFICE_ACCOUNTS: readonly number[] = Array.from({ length: 24 }, (_, index) => 100 + index);

/** Subscribers who ring the operator's own services. */
export const SUBSCRIBER_ACCOUNTS: readonly number[] = Array.from({ length: 60 }, (_, index) => 300 + index);

/** Households. */
export const RESIDENTIAL_ACCOUNTS: readonly number[] = Array.from({ length: 40 }, (_, index) => 200 + index);

/** [account, customer] */
const ACCOUNTS: readonly (readonly [number, number])[] = [
  [10, 4],
  [11, 4],
  [12, 5],
  [20, 3],
  [30, 6],
  [40, 1],
  [41, 1],
  [50, 7],
  [51, 7],
  [21, 3],
  [31, 6],
  [42, 1],
  [52, 7],
  [53, 7],
  [54, 7],
  [130, 4],
  [140, 1],
  [141, 3],
  [142, 1],
  ...OFFICE_ACCOUNTS.map((account) => [account, 4 + (account % 4)] as const),
  ...RESIDENTIAL_ACCOUNTS.map((account) => [account, 2] as const),
  ...SUBSCRIBER_ACCOUNTS.map((account) => [account, 2] as const),
];

/** [connection, vendor] */
const CONNECTIONS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 3],
];

/** The carrier that all traffic and scenarios of the simulator belong to. */
export function createCarrier(): Carrier {
  const carrier = new Carrier();
  for (const [customer, parent] of CUSTOMERS) carrier.addCustomer(customer, parent);
  for (const [account, owner] of ACCOUNTS) carrier.addAccount(account, owner);
  for (const [connection, vendor] of CONNECTIONS) carrier.addConnection(connection, vendor);
  return carrier;
}
