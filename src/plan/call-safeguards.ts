import type { ActionCall, WithholdReason } from '../domain/action.js';
import { type Call, isOnNet, type SuspectCall, sameCall } from '../domain/call.js';
import { agree, Conversations, countConversations, groupById } from '../domain/conversations.js';
import type { Snapshot, SnapshotDoubt } from '../domain/snapshot.js';
import { findPerhapsOne, mayBeOnNet, type PerhapsOneCall } from './perhaps-one-call.js';
import type { Protection, ProtectionReason } from './protection.js';

/** A listing as the safeguards look at it. */
export type JudgedListing = Pick<Snapshot, 'calls' | 'kept' | 'suspects' | 'doubt'>;

/** A listing by ID: a switch may list a call twice (both legs of an on-net call), or two calls under one ID. */
export interface ListingIndex {
  /** All that is listed under an ID; empty where nothing is. */
  entriesOf(id: string): readonly Call[];
  /** What is listed under other IDs and ends with this one: see Conversations. */
  othersOf(id: string): readonly Call[];
  /** All that may be one call with what is listed under an ID, that among it: what protects any of it protects all. */
  perhapsOneWith(id: string): readonly Call[];
  /** All entries, those together that may be one call, in the order of the listing. */
  allEntries(): readonly (readonly Call[])[];
  /** Whether an entry that could not be read may be of this call: it bears its ID, or may be the other entry of an on-net call. */
  isSuspect(call: Call): boolean;
  doubt: SnapshotDoubt | undefined;
}

const NONE: readonly Call[] = [];

const indexes = new WeakMap<JudgedListing, ListingIndex>();

/** Made once per listing: planning looks at the same one for every target. */
export function indexListing(listing: JudgedListing): ListingIndex {
  let index = indexes.get(listing);
  if (index === undefined) {
    index = makeIndex(listing);
    indexes.set(listing, index);
  }
  return index;
}

function makeIndex(listing: JudgedListing): ListingIndex {
  let entries: ReadonlyMap<string, readonly Call[]> | undefined;
  const byId = () => {
    entries ??= groupById(listing.calls);
    return entries;
  };
  let conversations: Conversations<Call> | undefined;
  let perhapsOne: PerhapsOneCall | undefined;
  const perhaps = () => {
    perhapsOne ??= findPerhapsOne(listing.calls);
    return perhapsOne;
  };
  const suspectIds = new Set(listing.suspects.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const entriesOf = (id: string) => listing.kept?.withId(id) ?? byId().get(id) ?? [];
  return {
    entriesOf,
    othersOf(id) {
      if (!entriesOf(id).some(isOnNet)) return NONE;
      conversations ??= new Conversations(byId());
      return conversations.othersOf(id);
    },
    perhapsOneWith(id) {
      const own = entriesOf(id);
      return own.some(mayBeOnNet) ? (perhaps().groupOf(id) ?? own) : own;
    },
    allEntries: () => perhaps().groups,
    isSuspect: (call) => suspectIds.has(call.id) || listing.suspects.some((one) => mayBeItsOther(one, call)),
    doubt: listing.doubt,
  };
}

/** Without a CALL_ID the entry must agree with the call in what else it shows: else one would spare every on-net call. */
function mayBeItsOther(suspect: SuspectCall, call: Call): boolean {
  if (!mayBeOnNet(call) || (suspect.callId ?? call.callId) !== call.callId) return false;
  if (suspect.callId !== undefined) return true;
  return agree(suspect.cli, call.cli) && agree(suspect.cld, call.cld);
}

/** These IDs, and those under which the same calls are listed as well. */
export function endingWith(ids: Iterable<string>, listing: ListingIndex): ReadonlySet<string> {
  const ending = new Set<string>();
  const known = new Set<readonly Call[]>();
  for (const id of new Set(ids)) {
    ending.add(id);
    const others = listing.othersOf(id);
    if (known.has(others)) continue;
    known.add(others);
    for (const other of others) ending.add(other.id);
  }
  return ending;
}

/** How many calls it is to take all that is listed under these IDs, at most: what the caps count of a whole, or of a rule. */
export function weightOf(ids: ReadonlySet<string>, listing: ListingIndex): number {
  return countConversations([...ids].flatMap((id) => listing.entriesOf(id))).most;
}

/**
 * Why a single call must not be cut on this listing; undefined where nothing stops it. Whatever the switch lists under
 * its ID counts, since the API ends calls by ID alone, and what else may end with that.
 */
export function withholdCall(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): WithholdReason | undefined {
  for (const reason of safeguardsOf(call, listing, protection)) return reason;
  return undefined;
}

/** All that stops it, each once. */
export function withholdReasons(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): readonly WithholdReason[] {
  return [...new Set(safeguardsOf(call, listing, protection))];
}

function* safeguardsOf(
  call: Call,
  listing: ListingIndex,
  protection: Protection,
): Generator<WithholdReason, void> {
  const listed = listing.entriesOf(call.id);
  const entries = listed.length === 0 ? [call] : listed;
  const group = listing.perhapsOneWith(call.id);
  const others = group.length > entries.length ? judgedGroup(group, listing, protection) : undefined;
  if (listing.doubt !== undefined) yield 'suspect-snapshot';
  const isSuspect = listing.isSuspect(call) || others?.isSuspect === true;
  if (isSuspect || !entries.every((entry) => sameCall(entry, call))) yield 'ambiguous-id';
  for (const entry of entries) yield* protection.reasonsFor(entry);
  if (others !== undefined) yield* others.reasons;
}

/** What stops all of a group, which is the same for each of its calls, and there may be thousands of them. */
interface JudgedGroup {
  protection: Protection;
  isSuspect: boolean;
  reasons: readonly ProtectionReason[];
}

const judgedGroups = new WeakMap<readonly Call[], JudgedGroup>();

function judgedGroup(group: readonly Call[], listing: ListingIndex, protection: Protection): JudgedGroup {
  let judged = judgedGroups.get(group);
  if (judged?.protection !== protection) {
    judged = {
      protection,
      isSuspect: group.some((entry) => listing.isSuspect(entry)),
      reasons: [...new Set(group.flatMap((entry) => protection.reasonsFor(entry)))],
    };
    judgedGroups.set(group, judged);
  }
  return judged;
}

/** What the audit log keeps of a call, and what tells whether a later listing still shows it as it was judged. */
export function actionCall(call: Call): ActionCall {
  const { id, callId, setupTimeText, state, direction, account, customer, cli, cld } = call;
  return { id, callId, setupTimeText, state, direction, account, customer, cli, cld };
}
