import type { CustomerTree } from './config.js';

/**
 * Whether a customer is the target or one of its descendants. `unknown` where the stated tree does not lead both to one
 * common ancestor: the target may then stand above the customer, so whatever weighs or takes has to count it as inside.
 */
export function relationTo(
  tree: CustomerTree,
  target: number,
  customer: number | undefined,
): 'inside' | 'outside' | 'unknown' {
  if (customer === undefined) return 'unknown';
  const ancestry = chainUp(tree, customer);
  if (ancestry.includes(target)) return 'inside';
  return ancestry.at(-1) === chainUp(tree, target).at(-1) ? 'outside' : 'unknown';
}

/** Who is whose subcustomer, as far as it is known, and where it is not. */
export interface KnownCustomers {
  /** What counts and explanations go by: what is learned, and the stated tree, which wins. */
  readonly tree: CustomerTree;
  /** What the switch told alone: it protects even where the stated tree contradicts it. */
  readonly learned: CustomerTree;
  /** Whether it is known below which of the customers that were asked about it stands, and below which not. */
  isPlaced(customer: number): boolean;
  /** Whether the stated tree leads from it up to the top, so that the config says where it stands. */
  isStated(customer: number): boolean;
  /** Whether it is known who of the placed ones stands below it. */
  isAnswered(customer: number): boolean;
}

/** What the switch told of one customer. */
export interface LearnedCustomer {
  customer: number;
  /** The nearest known customer above it. */
  parent: number;
  /** See KnownCustomers. */
  placed: boolean;
  answered: boolean;
  /** When its own listing came last; milliseconds since the epoch, absent where none is known. */
  answeredAt?: number;
  /** Of the listings that say below whom it does not stand, when the oldest one came; absent where there is none. */
  placedAt?: number;
  /** Those above it whose last listing lacked it: a second one will move it. Absent where there are none. */
  lackedBy?: readonly number[];
  /** Where it is not placed: the few customers whose listings do not tell of it; absent where they are many, or contradict each other. */
  unplacedBy?: readonly number[];
}

/** The stated tree as the whole truth: under a login nobody can be asked. */
export function asStated(tree: CustomerTree): KnownCustomers {
  return { tree, learned: NOTHING, isPlaced: always, isStated: always, isAnswered: always };
}

const NOTHING: CustomerTree = new Map();
const always = () => true;

/** What is known in trusted mode: `root` stands above everybody. With nothing learned, next to nobody is placed. */
export function knownCustomers(
  learned: readonly LearnedCustomer[],
  { root, stated }: { root: number; stated: CustomerTree },
): KnownCustomers {
  const byCustomer = new Map(learned.map((one) => [one.customer, one]));
  const parents = new Map(learned.map(({ customer, parent }) => [customer, parent]));
  const isStated = (customer: number) => chainUp(stated, customer).at(-1) === root;
  return {
    tree: new Map([...parents, ...stated]),
    learned: parents,
    isStated,
    isPlaced: (customer) => byCustomer.get(customer)?.placed === true || isStated(customer),
    isAnswered: (customer) => customer === root || byCustomer.get(customer)?.answered === true,
  };
}

/**
 * Whether a customer is this one or one of its descendants, for what must never be cut: anything that speaks for it counts,
 * and `unknown` is whatever was not told.
 */
export function protectedRelation(
  { tree, learned, isPlaced, isStated, isAnswered }: KnownCustomers,
  target: number,
  customer: number,
): 'inside' | 'outside' | 'unknown' {
  if (chainUp(tree, customer).includes(target) || chainUp(learned, customer).includes(target))
    return 'inside';
  return isStated(customer) || (isPlaced(customer) && isAnswered(target)) ? 'outside' : 'unknown';
}

/** The customer and its known ancestors, the highest one last. */
function chainUp(tree: CustomerTree, customer: number): number[] {
  const chain = [customer];
  for (let parent = tree.get(customer); parent !== undefined; parent = tree.get(parent)) {
    // The config refuses cycles; a tree from elsewhere must not hang a pass.
    if (chain.includes(parent)) break;
    chain.push(parent);
  }
  return chain;
}
