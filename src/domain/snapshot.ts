import { type Call, isLive, type ListedCall, type SuspectCall } from './call.js';
import { countConversations } from './conversations.js';

/** Narrows a listing; the parameters of listAllCalls and listActiveCalls. */
export interface ListFilter {
  /** Include the calls of subcustomers; the switch's own default is true. */
  recursive?: boolean;
  account?: number;
  vendor?: number;
  /** Takes precedence over vendor. */
  connection?: number;
  /** In trusted mode alone: lists with this customer's rights instead, so its own calls and those of its subcustomers. */
  customer?: number;
  order?: ListOrder;
}

export const LIST_ORDERS = ['oldest_first', 'oldest_last', 'longest_first', 'longest_last'] as const;
export type ListOrder = (typeof LIST_ORDERS)[number];

/** The answer to one listAllCalls or listActiveCalls, complete and well-formed; anything less is an error instead. */
export interface Listing {
  calls: readonly ListedCall[];
  suspects: readonly SuspectCall[];
  /** How often each field could not be coerced to its documented type, e.g. { DURATION: 2 }. */
  unreadableFields: Readonly<Record<string, number>>;
  timing: AnswerTiming;
}

/** When an answer was asked for and came; milliseconds since the epoch. */
export interface AnswerTiming {
  requestedAt: number;
  receivedAt: number;
  /** The HTTP Date header, which is the switch's clock with a resolution of one second. */
  serverDate: number | undefined;
}

/** getAccountCallStats: light, but limited to accounts of the root customer, so absent is not zero. */
export interface AccountCallStats {
  accounts: ReadonlyMap<number, { total: number; connected: number }>;
  /** Set where an entry breaks total >= connected or cannot be read: the stats prove nothing then. */
  suspect: string | undefined;
  timing: AnswerTiming;
}

/** What the snapshot can speak of: outside of it the absence of a call means nothing. */
export interface Coverage {
  states: 'all' | 'active';
  filter: ListFilter;
  /** Under whose rights it was listed: a login or a customer in trusted mode. Never a password. */
  login: string;
}

/** What a switch reported at one instant. */
export interface Snapshot {
  switch: string;
  /** When the listing was asked for, in milliseconds of our clock: no call is known to be newer than this. */
  observedAt: number;
  /** When the answer was complete. */
  receivedAt: number;
  coverage: Coverage;
  calls: readonly Call[];
  /** Where a replay keeps its listing: the same calls without putting all of them together for the sake of a few. */
  kept?: KeptListing;
  suspects: readonly SuspectCall[];
  unreadableFields: Readonly<Record<string, number>>;
  /** By vendor: the identity keys of the calls which the switch lists for it; only vendors that rules name. */
  vendors: ReadonlyMap<number, ReadonlySet<string>>;
  stats: AccountCallStats | undefined;
  /** Switch clock minus ours in milliseconds; by the fastest of its answers; undefined where none bore a Date. */
  clockOffsetMs: number | undefined;
  /** Why nothing may be cut on this snapshot; undefined where it is sound. */
  doubt: SnapshotDoubt | undefined;
  /**
   * Accounts of which the stats count more connected calls than the listing and the time between the two account for. That is
   * too little to doubt the listing, and too much to take a call of theirs for ended because it is not listed.
   */
  lackingCallsOf?: ReadonlySet<number>;
  /** What went wrong beside the listing and costs nothing but detail, e.g. stats that were refused. */
  notes: readonly string[];
}

/** What can be told of a listing without looking at every call of it. */
export interface KeptListing {
  /** All that is listed under an ID, in the order of the listing; empty where nothing is. */
  withId(id: string): readonly Call[];
  /** See countLive. */
  liveCount(): number;
}

/** How many live calls are listed, at least. Both entries of an on-net call are one, as one is cut with the other. */
export function countLive(listing: { calls: readonly Call[]; kept?: KeptListing }): number {
  if (listing.kept !== undefined) return listing.kept.liveCount();
  return countConversations(listing.calls.filter(({ state }) => isLive(state))).fewest;
}

/** Closed list of reasons that make a whole snapshot suspect. */
export interface SnapshotDoubt {
  reason: 'suspect-share' | 'list-contradicts-stats';
  detail: string;
}
